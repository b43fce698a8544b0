"""Co-occurrence probabilities and their ratios: the table of ice and steam.

    P(k | w) = X[w, k] / X[w]         X[w] = sum_j X[w, j]
    ratio    = P(k | w) / P(k | v)    v: the last of the words asked for

Pennington et al. 2014, "GloVe", 3 and table 1. A ratio far above 1 says that k goes with w and
not with v, one far below 1 the opposite, and one near 1 that k tells nothing about the two.

X[w] sums over the words of the vocabulary: a neighbour that was left out counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firth.static.cooccurrence import Cooccurrence


@dataclass(frozen=True)
class ProbabilityTable:
    """P(k | w) for n words w and m probes k, and what it was made from.

    counts float64[n, m]: X[w, k].  totals float64[n]: X[w].  probabilities float64[n, m], NaN for
    a word that has no neighbours at all.  ratios float64[n - 1, m]: the row of each word but the
    last over that of the last; NaN where the last was never seen with the probe.
    """

    words: list[str]
    probes: list[str]
    counts: np.ndarray
    totals: np.ndarray
    probabilities: np.ndarray
    ratios: np.ndarray


def probability_table(
    cooccurrence: Cooccurrence, words: Sequence[str], probes: Sequence[str]
) -> ProbabilityTable:
    """P(k | w) of each of `words` and `probes`.

    Raises:
        UnknownWordError: one that is not in the vocabulary; the nearest names are offered.
    """
    words, probes = list(words), list(probes)
    wanted = np.array([cooccurrence.vocabulary.id(probe) for probe in probes], np.int64)
    counts, totals = np.zeros((len(words), len(probes))), np.zeros(len(words))
    for row, word in enumerate(words):
        columns, values = cooccurrence.row(word)
        totals[row] = values.sum()
        if len(columns):
            # columns ascend in a row
            places = np.minimum(np.searchsorted(columns, wanted), len(columns) - 1)
            counts[row] = np.where(columns[places] == wanted, values[places], 0.0)
    probabilities = _over(counts, totals[:, None])
    return ProbabilityTable(
        words, probes, counts, totals, probabilities, _over(probabilities[:-1], probabilities[-1:])
    )


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where there is nothing to divide by."""
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
