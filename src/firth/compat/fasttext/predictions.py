"""Predictions with the numbers that fastText prints beside them.

    reported = exp(log(p + 1e-5)) = p + 1e-5;  of a tree: product over the path of (p_i + 1e-5)

so that a certain label has 1.00001, and one deep in a tree a little more (its src/loss.cc).
"""

from __future__ import annotations

import numpy as np

from firth.compat.fasttext.tokens import readable
from firth.kernels.scores import OFFSET
from firth.static.classify import Classifier
from firth.vectors.fitted import Fitted


class Reporter:
    """Predicts the labels of texts.

    Raises:
        SettingError: the model is no classifier.
    """

    def __init__(self, fitted: Fitted, threads: int = 0) -> None:
        self.classifier = Classifier(fitted, threads=threads)
        self._names: dict[str, list[str]] = {}

    def names(self, prefix: str, on_unicode_error: str) -> list[str]:
        """The labels with their prefix, made at the first call."""
        if on_unicode_error not in self._names:
            self._names[on_unicode_error] = [
                readable(prefix + name, on_unicode_error) for name in self.classifier.labels
            ]
        return self._names[on_unicode_error]

    def top(self, texts: list[str], k: int, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """(labels int32[n, k], -1: none; scores float32[n, k]), the most probable first.

        Raises:
            SettingError: k is neither -1 (all) nor at least 1.
        """
        if threshold > 1:
            return np.empty((len(texts), 0), np.int32), np.empty((len(texts), 0), np.float32)
        threshold = max(0.0, threshold)
        labels, scores, _ = self.classifier.scored(texts, k, threshold, added=OFFSET)
        return labels, scores
