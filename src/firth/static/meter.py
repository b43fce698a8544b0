"""What predictions are worth: precision, recall, F1 and their curves, as fastText's meter.

    P = hits / labels predicted     R = hits / labels there are     F1 = 2 P R / (P + R)

Counted over all texts (micro), or over one label. A text counts if it has a label that the model
knows and something to predict from; labels it does not know are not counted (src/meter.cc).

curve    predictions in falling order of probability: P and R of the first n of them, where equal
         probabilities are taken together, up to the first that has all labels; last (1, 0)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from firth.static.classify import Classifier

#: the score of a label that is there and was not predicted
MISSED = -1.0


@dataclass
class Meter:
    """Counts of predictions.

    labels int32[m], score float32[m], true bool[m]: each predicted label; its probability, with
    1e-5 and at most 1; whether the text has it.
    gold int64[L]: how often each label is there.  missed: of each label, how often it was there
    and not predicted; None: those have no place in `scores`.
    """

    examples: int
    labels: np.ndarray
    score: np.ndarray
    true: np.ndarray
    gold: np.ndarray
    missed: np.ndarray | None

    def precision(self, label: int | None = None) -> float:
        """nan if nothing was predicted."""
        hits, predicted, _ = self._counts(label)
        return hits / predicted if predicted else float("nan")

    def recall(self, label: int | None = None) -> float:
        """nan if there is no label."""
        hits, _, gold = self._counts(label)
        return hits / gold if gold else float("nan")

    def f1(self, label: int | None = None) -> float:
        """nan if there is neither; of all labels also if there is no hit, as in fastText."""
        hits, predicted, gold = self._counts(label)
        if predicted + gold == 0 or (label is None and not hits):
            return float("nan")
        return 2 * hits / (predicted + gold)

    def _counts(self, label: int | None) -> tuple[int, int, int]:
        mine = self.true if label is None else self.true[self.labels == label]
        gold = self.gold.sum() if label is None else self.gold[label]
        return int(mine.sum()), len(mine), int(gold)

    def scores(self, label: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(scores float32[m], true float32[m]), rising by score, then by truth; -1: missed."""
        mine = slice(None) if label is None else self.labels == label
        score, true = self.score[mine], self.true[mine].astype(np.float32)
        if self.missed is not None:
            missed = int(self.missed.sum() if label is None else self.missed[label])
            score = np.concatenate([np.full(missed, MISSED, np.float32), score])
            true = np.concatenate([np.ones(missed, np.float32), true])
        order = np.lexsort([true, score])
        return score[order], true[order]

    def curve(self, label: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(precision, recall), float64: one point for each different score, the highest first."""
        score, true = self.scores(label)
        reached = score >= 0
        score, true = score[reached][::-1], true[reached][::-1]
        if not len(score):
            return np.empty(0), np.empty(0)
        hits = np.cumsum(true, dtype=np.float64)
        last = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)
        hits, predicted = hits[last], last + 1.0
        gold = float(self.gold.sum() if label is None else self.gold[label])
        full = int(np.searchsorted(hits, gold)) + 1
        hits, predicted = hits[:full], predicted[:full]
        with np.errstate(invalid="ignore", divide="ignore"):  # a label that never is there: nan
            recall = hits / gold if gold else np.full(len(hits), np.nan)
        return np.append(hits / predicted, 1.0), np.append(recall, 0.0)

    def precision_at_recall(self, recall: float, label: int | None = None) -> float:
        """The best precision at which the recall is at least so high; 0 if there is none."""
        precisions, recalls = self.curve(label)
        return float(precisions[recalls >= recall].max(initial=0))

    def recall_at_precision(self, precision: float, label: int | None = None) -> float:
        """The best recall at which the precision is at least so high; 0 if there is none."""
        precisions, recalls = self.curve(label)
        return float(np.nan_to_num(recalls[precisions >= precision]).max(initial=0))


def measure(
    classifier: Classifier,
    labelled: Iterable[tuple[list[str], Any]],
    k: int = 1,
    threshold: float = 0.0,
    *,
    missed: bool = False,
) -> Meter:
    """Predicts the labels of each text, and counts.

    k: labels predicted a text; -1: all.  threshold: the least probability.
    missed: labels that were not predicted have their place in the curves too.

    Raises:
        SettingError: k or threshold out of range.
    """
    place = {name: i for i, name in enumerate(classifier.labels)}
    texts, gold = [], []
    for names, text in labelled:
        known = [place[name] for name in names if name in place]
        if known:
            texts.append(text)
            gold.append(known)
    labels, p, sizes = classifier.scored(texts, k, threshold)
    used = sizes > 0
    gold = [some for some, use in zip(gold, used, strict=True) if use]
    return count(labels[used], p[used], gold, len(place), missed=missed)


def count(
    labels: np.ndarray, p: np.ndarray, gold: list[list[int]], L: int, *, missed: bool = False
) -> Meter:
    """labels int32[n, k] (-1: none), p float32[n, k], the labels of each text; L: labels in all."""
    flat = np.array([label for some in gold for label in some], np.int64)
    of_text = np.repeat(np.arange(len(gold)), [len(some) for some in gold])
    row, column = np.nonzero(labels >= 0)
    mine = labels[row, column].astype(np.int64)
    true = np.isin(row * L + mine, of_text * L + flat)
    score = np.minimum(p[row, column] + np.float32(1e-5), np.float32(1))
    unseen = None
    if missed:
        there = np.isin(of_text * L + flat, row * L + mine)
        unseen = np.bincount(flat[~there], minlength=L)
    counts = np.bincount(flat, minlength=L)
    return Meter(len(gold), mine, score, true, counts, unseen)
