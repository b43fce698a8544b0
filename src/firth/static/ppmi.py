"""PPMI: how much more often two words stand together than by chance.

    PMI(i, j)  = log ( P(i, j) / (P(i) P_a(j)) )              Church & Hanks 1990; FA
    P(i, j)    = X_ij / X..      P(i) = X_i. / X..
    P_a(j)     = X_.j^a / sum_k X_.k^a, over contexts that were seen; a: smoothing
    PPMI(i, j) = max(0, PMI(i, j) - log k)        k: the shift, as of k noise words
                                                         Levy, Goldberg & Dagan 2015, 2.1, 3.2

A word's vector is its row: as many numbers as there are words, nearly all of them zero. Skip-gram
with k noise words and this smoothing factorises PMI - log k (Levy & Goldberg 2014).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.errors import VocabularyError
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.static.window_counts import WindowCounts

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted


@dataclass(frozen=True)
class PPMI(WindowCounts):
    """Positive pointwise mutual information; `fit` computes it. Every setting is explained by
    `firth train ppmi --help`."""

    window: int = setting(5, "words to each side that count as near, at most", low=1, high=1000)
    weighting: str = setting(
        "flat",
        "what a word at distance d counts: 1/d (harmonic) or 1 (flat)",
        choices=("harmonic", "flat"),
    )
    smoothing: float = setting(
        0.75, "exponent of the context counts; 1: none, as defined", low=0, high=1
    )
    shift: float = setting(1.0, "k of log k, taken off: as of k noise words", low=1)

    @property
    def kind(self) -> str:
        return "ppmi"

    def fit(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]] | Cooccurrence,
        *,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Counts `corpus` (or takes the counts given); the vectors are the sparse rows.

        Raises:
            CorpusError, VocabularyError: nothing to learn from, or nothing above the shift.
            SettingError: settings that do not fit the given counts.
        """
        from firth.vectors.fitted import Fitted
        from firth.vectors.vectors import Vectors

        counts = self.count(corpus, progress=progress)
        matrix = ppmi(counts, self.smoothing, self.shift)
        return Fitted(
            kind=self.kind,
            vectors=Vectors(counts.vocabulary, matrix),
            settings=self.to_json(),
            corpus={**counts.corpus, "pairs": len(counts), "positive": int(matrix.nnz)},
            phrases=counts.phrases,
        )


def ppmi(counts: Cooccurrence, smoothing: float, shift: float) -> Any:
    """PPMI as a csr_array float32[V, V].

    Raises:
        VocabularyError: no entry is above zero.
    """
    from scipy.sparse import csr_array

    from firth.kernels.pointwise import positive_pmi

    offsets = np.asarray(counts.offsets)
    columns, values = np.asarray(counts.columns), np.asarray(counts.values)
    words = len(counts.vocabulary)
    row, column = _sums(offsets, values), np.bincount(columns, values, words)
    # a word that has no neighbours has no entries either
    log_row = np.log(row, out=np.zeros(words), where=row > 0)
    seen = column > 0
    log_column = smoothing * np.log(column, out=np.zeros(words), where=seen)
    log_column -= np.log((column[seen] ** smoothing).sum())
    ends = np.empty(words + 1, np.int64)
    kept, out = np.empty(len(columns), np.int32), np.empty(len(columns), np.float32)
    n = positive_pmi(
        offsets, columns, values, log_row, log_column, float(np.log(shift)), ends, kept, out
    )
    if n == 0:
        raise VocabularyError(
            f"None of the {len(columns):,} pairs stands together more often than by chance"
            + (f" times {shift:g}; lower --shift." if shift > 1 else "; give more text.")
        )
    index = np.int32 if n < 2**31 else np.int64
    matrix = csr_array((words, words), dtype=np.float32)
    # copies, so that what was thrown away does not stay in memory
    matrix.data, matrix.indices = out[:n].copy(), kept[:n].astype(index)
    matrix.indptr = ends.astype(index)
    return matrix


def _sums(offsets: np.ndarray, values: np.ndarray) -> np.ndarray:
    """float64[V]: the sum of each row."""
    rows = np.flatnonzero(np.diff(offsets))
    sums = np.zeros(len(offsets) - 1)
    sums[rows] = np.add.reduceat(values, offsets[rows])
    return sums
