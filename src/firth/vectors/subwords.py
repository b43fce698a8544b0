"""Vectors of words made of n-grams: of words never seen, and of known ones that are put together.

known     (z_word + sum of its n-grams' rows) / (1 + n)
unseen    (sum of its n-grams' rows) / n               Bojanowski et al. 2017, 3.2
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firth.text.subwords import LINE_END, Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.quantized import Rows

#: words put together at once
WORDS = 2048
#: numbers from which all of them are worked out by a kernel
LARGE = 10_000_000


class SubwordRows:
    """The rows of n-grams, and how words are cut into them.

    subwords: the rule.  matrix: float32[buckets, d], or Rows (runs of words, in a classifier,
    have their rows among them).
    """

    def __init__(self, subwords: Subwords, matrix: np.ndarray | Rows) -> None:
        self.subwords = subwords
        self.matrix = matrix

    def of(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(float32[n, d], bool[n]): the vectors of words never seen, and whether there is one.

        A word without an n-gram that has a row gets zeros.
        """
        sums, sizes = self.sums(words)
        sums /= np.maximum(sizes, 1)[:, None].astype(np.float32)
        return sums, sizes > 0

    def sums(self, words: Sequence[str | bytes]) -> tuple[np.ndarray, np.ndarray]:
        """(float32[n, d], int64[n]): the sum of the rows of each word's n-grams, their number."""
        sums = np.zeros((len(words), self.matrix.shape[1]), np.float32)
        sizes = np.zeros(len(words), np.int64)
        for first in range(0, len(words), WORDS):
            some = words[first : first + WORDS]
            offsets, rows = self.subwords.rows(some)
            sizes[first : first + len(some)] = np.diff(offsets)
            full = np.flatnonzero(np.diff(offsets))
            if len(full):
                parts = np.add.reduceat(self.matrix[rows], offsets[full], axis=0)
                sums[first + full] = parts
        return sums, sizes


class ComposedRows(Rows):
    """The vectors of known words, worked out when asked for; all of them are kept once asked for.

    words: float32[V, d] or Rows, their own rows.  vocabulary: their names.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: np.ndarray | Rows, subwords: SubwordRows
    ) -> None:
        self.vocabulary, self.words, self.subwords = vocabulary, words, subwords
        self.shape = (len(vocabulary), int(words.shape[1]))
        self._whole: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        return self.words.nbytes + self.subwords.matrix.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        if self._whole is not None:
            return self._whole[rows]
        sums, sizes = self.subwords.sums([self.vocabulary[int(row)] for row in rows])
        sums += self.words[rows]
        sums /= (1 + sizes)[:, None].astype(np.float32)
        return sums

    def whole(self) -> np.ndarray:
        """float32[V, d], worked out at the first call."""
        if self._whole is None:
            whole = np.empty(self.shape, np.float32)
            if self._is_large():
                self._compose(whole)
            else:
                for first in range(0, len(whole), WORDS):
                    some = np.arange(first, min(first + WORDS, len(whole)))
                    whole[some] = self.take(some)
            self._whole = whole
        return self._whole

    def _is_large(self) -> bool:
        """Whether a kernel is worth the time that numba takes to be there."""
        rule, matrices = self.subwords.subwords, (self.words, self.subwords.matrix)
        hashed = rule.ngrams is None and rule.pruned is None and rule.max_n > 0
        dense = all(isinstance(matrix, np.ndarray) for matrix in matrices)
        return hashed and dense and self.shape[0] * self.shape[1] >= LARGE

    def _compose(self, whole: np.ndarray) -> None:
        from firth.kernels.composing import NOT_PRUNED, compose

        rule, names = self.subwords.subwords, self.vocabulary.encoded()
        cut = rule.min_n, rule.max_n, rule.buckets, NOT_PRUNED
        for first in range(0, len(whole), WORDS):  # between kernels Ctrl-C is heard
            compose(
                self.words, self.subwords.matrix, *names, *cut, first, whole[first : first + WORDS]
            )
        end = self.vocabulary.get(LINE_END)
        if end >= 0:  # it has no n-grams
            whole[end] = self.words[end]

    def block(self, first: int, last: int) -> np.ndarray:
        return self.whole()[first:last]

    def span(self, first: int, last: int) -> Rows:
        # who asks for spans goes through all of them
        return _Span(self, first, last)


class _Span(Rows):
    """Some of the rows of another one."""

    def __init__(self, rows: ComposedRows, first: int, last: int) -> None:
        self.rows, self.first = rows, first
        self.shape = (last - first, rows.shape[1])

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.rows.take(rows + self.first)

    def block(self, first: int, last: int) -> np.ndarray:
        return self.rows.block(self.first + first, self.first + min(last, self.shape[0]))

    def span(self, first: int, last: int) -> Rows:
        return _Span(self.rows, self.first + first, self.first + last)
