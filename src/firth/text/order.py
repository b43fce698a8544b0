"""The order of a vocabulary: falling count, equal counts by name (in the order of code points)."""

from __future__ import annotations

import numpy as np

#: names looked at together: bounds the memory
CHUNK = 1 << 18


def by_count_and_name(
    names: np.ndarray, starts: np.ndarray, counts: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """int64[rows]: `rows` in the order of a vocabulary.

    names: uint8[]; name i is names[starts[i] : starts[i + 1] - 1], and no two are equal.

    UTF-8 sorts by bytes as its code points do. Seven bytes of the names are compared at a time,
    and only the names that are still alike go on to the next seven.
    """
    key = counts[rows]
    order = rows[np.argsort(np.negative(key, out=key), kind="stable")]
    group = _groups(np.diff(counts[order]) != 0)[: len(order)]
    del key
    alike = _doubles(group)
    depth = 0
    while len(alike):
        mine = order[alike]
        key = _piece(names, starts, mine, depth)
        sorting = np.lexsort((key, group[alike]))
        order[alike] = mine[sorting]
        key, old = key[sorting], group[alike]
        fresh = (np.diff(key) != 0) | (np.diff(old) != 0)
        group[alike] = _groups(fresh)
        alike = alike[_doubles(group[alike])]
        depth += 7
    return order


def _groups(fresh: np.ndarray) -> np.ndarray:
    """int32[n + 1]: rising numbers, another one from where `fresh` is true."""
    numbers = np.zeros(len(fresh) + 1, np.int32)
    np.cumsum(fresh, out=numbers[1:], dtype=np.int32)
    return numbers


def _doubles(group: np.ndarray) -> np.ndarray:
    """The places whose group (rising numbers) has more than one member."""
    if len(group) < 2:
        return np.empty(0, np.int64)
    same = np.diff(group) == 0
    return np.flatnonzero(np.append(same, False) | np.append(False, same))


def _piece(names: np.ndarray, starts: np.ndarray, rows: np.ndarray, depth: int) -> np.ndarray:
    """uint64[rows]: seven bytes from `depth` on, then how many there were (a name that ends)."""
    key = np.zeros(len(rows), np.uint64)
    last = len(names) - 1
    for first in range(0, len(rows), CHUNK):
        some, part = rows[first : first + CHUNK], key[first : first + CHUNK]
        begin = starts[some] + depth
        left = np.clip(starts[some + 1] - 1 - begin, 0, 7)
        for k in range(7):
            byte = names[np.minimum(begin + k, last)]
            byte[left <= k] = 0
            part <<= np.uint64(8)
            part |= byte
        part <<= np.uint64(8)
        part |= left.astype(np.uint64)
    return key
