"""What `get_meter` gives."""

from __future__ import annotations

import numpy as np


class _Meter:
    """Scores and curves of the predictions for a file; labels are given by their names.

    Raises:
        ValueError: the model has no such label.
    """

    def __init__(self, fasttext_model, meter):
        self.f = fasttext_model
        self.m = meter

    def _number(self, label):
        if not label:
            return None
        number = self.f.get_label_id(label)
        if number < 0:
            raise ValueError(f"The model has no label {label!r}.")
        return number

    def score_vs_true(self, label):
        """(scores, whether the label is there) of each prediction of it; -1: not predicted."""
        score, true = self.m.scores(self._number(label))
        return score.astype(np.float64), true.astype(np.float64)

    def precision_recall_curve(self, label=None):
        """(precision, recall) at each score, of all labels or of one."""
        return self.m.curve(self._number(label))

    def precision_at_recall(self, recall, label=None):
        """The best precision at which the recall is at least so high."""
        return self.m.precision_at_recall(recall, self._number(label))

    def recall_at_precision(self, precision, label=None):
        """The best recall at which the precision is at least so high."""
        return self.m.recall_at_precision(precision, self._number(label))
