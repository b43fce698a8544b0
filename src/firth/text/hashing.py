"""`PairTable`: integers under pairs of integers, for kernels."""

from __future__ import annotations

import numpy as np

from firth.text.phrase_kernels import NONE, enter


class PairTable:
    """keys int64[2^k], values int32[2^k]: see `phrase_kernels`; at most half full.

    Kernels enter pairs by themselves: whoever calls one says how many there may come.
    """

    def __init__(self, room: int = 0) -> None:
        self.keys = np.full(_size(room), NONE, np.int64)
        self.values = np.zeros(len(self.keys), np.int32)

    @staticmethod
    def of(first: np.ndarray, second: np.ndarray, values: np.ndarray) -> PairTable:
        """int[n] each: (first[i], second[i]) -> values[i]; where a pair is double, the first."""
        keys = first.astype(np.int64) << 32 | second.astype(np.int64)
        keys, places = np.unique(keys, return_index=True)
        table = PairTable(len(keys))
        table._enter(keys, values[places].astype(np.int32))
        return table

    def make_room(self, size: int) -> None:
        """For `size` pairs in all."""
        if 2 * size <= len(self.keys):
            return
        used = self.keys != NONE
        keys, values = self.keys[used], self.values[used]
        larger = PairTable(size)
        self.keys, self.values = larger.keys, larger.values
        self._enter(keys, values)

    def _enter(self, keys: np.ndarray, values: np.ndarray) -> None:
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            enter(self.keys, self.values, keys, values)


def _size(room: int) -> int:
    return 1 << max(4, (2 * room).bit_length())
