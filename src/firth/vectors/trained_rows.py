"""Rows of a large matrix of which training touched only some: those are held, no others.

    row b   as it was trained, if a text of training has an n-gram of bucket b
            else as it started: number c = b * dim + j of the matrix is a hash of c and the seed,
            uniform in +-reach (kernels/filling.py makes the same numbers)

Five thousand questions touch thirty thousand of two million rows: 14 MB instead of 800.
"""

from __future__ import annotations

import numpy as np

from firth.vectors.quantized import Rows, must_fit

LOWER = 0xFFFFFFFF
u4 = np.uint32


class TrainedRows(Rows):
    """float32[size, d]: rows `buckets` are held, the others are as they started.

    rows: float32[m, d].  buckets: int32 or int64[m], rising.  reach, seed: of the start.
    first: which row of the whole matrix is row 0 here (a span has its own).

    Raises:
        FormatError: not as many rows as buckets.
    """

    def __init__(
        self,
        rows: np.ndarray,
        buckets: np.ndarray,
        size: int,
        reach: float,
        seed: int,
        first: int = 0,
    ) -> None:
        must_fit("rows", rows.shape, (len(buckets), rows.shape[1]))
        self.rows, self.buckets = rows, buckets
        self.reach, self.seed, self.first = float(reach), int(seed), int(first)
        self.shape = (int(size), rows.shape[1])

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + self.buckets.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self.shape[1]), np.float32)
        wanted = rows + self.first
        at = np.searchsorted(self.buckets, wanted)
        there = np.zeros(len(rows), bool)
        inside = at < len(self.buckets)
        there[inside] = self.buckets[at[inside]] == wanted[inside]
        found[there] = self.rows[at[there]]
        found[~there] = start_rows(wanted[~there], self.shape[1], self.reach, self.seed)
        return found

    def span(self, first: int, last: int) -> TrainedRows:
        ends = np.searchsorted(self.buckets, [first + self.first, last + self.first])
        held = slice(int(ends[0]), int(ends[1]))
        return TrainedRows(
            self.rows[held],
            self.buckets[held],
            last - first,
            self.reach,
            self.seed,
            self.first + first,
        )


def start_rows(numbers: np.ndarray, dim: int, reach: float, seed: int) -> np.ndarray:
    """float32[n, dim]: rows `numbers` int64[n] of a matrix as it starts."""
    place = np.asarray(numbers, np.int64) * dim
    key = _mixed(u4(seed & LOWER) ^ _mixed(np.array([seed >> 32], u4)))
    high = _mixed(key + (place >> 32).astype(u4))
    first = (place & LOWER).astype(u4) + high
    x = _mixed(first[:, None] + np.arange(dim, dtype=u4)[None])
    # in this order no step can be fused with another one, and every machine rounds alike
    whole = (x >> u4(8)).astype(np.int32) - (1 << 23)
    return whole.astype(np.float32) * np.float32(reach / 2**23)


def _mixed(x: np.ndarray) -> np.ndarray:
    """32 bits of a hash of each number (lowbias32, Wellons 2018)."""
    x = x ^ (x >> u4(16))
    x = x * u4(0x7FEB352D)
    x = x ^ (x >> u4(15))
    x = x * u4(0x846CA68B)
    return x ^ (x >> u4(16))
