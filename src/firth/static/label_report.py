"""How well labels were predicted: precision, recall, F1, accuracy, calibration.

    precision  right predictions / predictions         recall  right predictions / true labels
    F1         2 P R / (P + R), 0 where both are 0
    expected calibration error   sum over bins of n_b / n |accuracy_b - mean probability_b|
                                                                                Guo et al. 2017

As fastText's `test`: over all texts together (micro); a text counts if it has a label that the
model knows and a feature; labels that the model does not know are not counted as true ones.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

#: bins of probability for the calibration
BINS = 10


@dataclasses.dataclass(frozen=True)
class Report:
    """What `evaluate` found out.

    examples: texts that count.  accuracy: the share whose most probable label is one of its own.
    precision, recall, f1: of at most k labels a text, those of at least `threshold`, over all.
    macro_f1: mean F1 of the labels that occur.
    labels: of each label that occurs or was predicted {precision, recall, f1, support}.
    calibration: {expected_error, bins: [{from, to, examples, probability, accuracy}]}, of the most
    probable label of each text.
    left_out: {without_label, unknown_label, without_feature}: texts that do not count.
    """

    examples: int
    k: int
    threshold: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    macro_f1: float
    labels: dict[str, dict[str, Any]]
    calibration: dict[str, Any]
    left_out: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def report(
    names: list[str],
    gold: np.ndarray,
    gold_ends: np.ndarray,
    predicted: np.ndarray,
    p: np.ndarray,
    first: tuple[np.ndarray, np.ndarray],
    *,
    k: int,
    threshold: float,
    left_out: dict[str, int],
) -> Report:
    """Counts; all arrays are about the texts that count.

    names: of the labels.  gold int32, gold_ends int64[n]: the true labels of each text, each once.
    predicted int32[n, k], p float32[n, k]: -1 and 0 where there is none.
    first: the most probable label and its probability, int32[n] and float32[n], whatever the
    threshold.
    """
    n, L = len(gold_ends), len(names)
    sizes = np.diff(gold_ends, prepend=0)
    pairs = np.repeat(np.arange(n), sizes) * L + gold  # (text, true label)
    rows, columns = np.nonzero(predicted >= 0)
    labels = predicted[rows, columns]
    right = np.isin(rows * L + labels, pairs)
    support, given, hits = (
        np.bincount(some, minlength=L).tolist() for some in (gold, labels, labels[right])
    )
    by_label = {
        name: {**scores(hits[i], given[i], support[i]), "support": support[i]}
        for i, name in enumerate(names)
        if support[i] or given[i]
    }
    occurring = [entry["f1"] for entry in by_label.values() if entry["support"]]
    best, probability = first
    is_right = np.isin(np.arange(n) * L + best, pairs)
    return Report(
        examples=n,
        k=k,
        threshold=threshold,
        accuracy=_mean(is_right),
        **scores(int(right.sum()), len(labels), len(gold)),
        macro_f1=_mean(np.array(occurring)),
        labels=by_label,
        calibration=calibration(probability, is_right),
        left_out=left_out,
    )


def scores(right: int, predicted: int, true: int) -> dict[str, float]:
    """{precision, recall, f1}; 0 where nothing was predicted, or there was nothing to find."""
    return {
        "precision": right / predicted if predicted else 0.0,
        "recall": right / true if true else 0.0,
        "f1": 2 * right / (predicted + true) if predicted + true else 0.0,
    }


def calibration(probability: np.ndarray, is_right: np.ndarray) -> dict[str, Any]:
    """How the probability of the best label compares with how often it is right."""
    places = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    bins: list[dict[str, Any]] = []
    error = 0.0
    for b in range(BINS):
        mine = places == b
        there = int(mine.sum())
        mean, share = _mean(probability[mine]), _mean(is_right[mine])
        error += there * abs(share - mean) / len(probability) if there else 0.0
        bins.append(
            {
                "from": b / BINS,
                "to": (b + 1) / BINS,
                "examples": there,
                "probability": mean if there else None,
                "accuracy": share if there else None,
            }
        )
    return {"expected_error": float(error), "bins": bins}


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values, dtype=np.float64)) if len(values) else 0.0
