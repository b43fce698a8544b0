"""The order of a vocabulary: falling count, equal counts by name (in the order of code points)."""

from __future__ import annotations

import numpy as np


def by_count_and_name(
    names: np.ndarray, starts: np.ndarray, counts: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """int64[rows]: `rows` in the order of a vocabulary.

    names: uint8[]; name i is names[starts[i] : starts[i + 1] - 1], and no two are equal.

    UTF-8 sorts by bytes as its code points do. Seven bytes of the names are compared at a time,
    and only the names that are still alike go on to the next seven.
    """
    order = rows[np.argsort(-counts[rows], kind="stable")]
    group = np.concatenate([[0], np.cumsum(np.diff(counts[order]) != 0)]).astype(np.int32)[
        : len(order)
    ]
    alike = _doubles(group)
    depth = 0
    while len(alike):
        mine = order[alike]
        key = _piece(names, starts, mine, depth)
        sorting = np.lexsort((key, group[alike]))
        order[alike] = mine[sorting]
        key, old = key[sorting], group[alike]
        fresh = (np.diff(key) != 0) | (np.diff(old) != 0)
        group = np.concatenate([[0], np.cumsum(fresh)]).astype(np.int32)
        still = _doubles(group)
        alike, new = alike[still], group[still]
        # `group` is asked by place
        group = np.zeros(len(order), np.int32)
        group[alike] = new
        depth += 7
    return order


def _doubles(group: np.ndarray) -> np.ndarray:
    """The places whose group (rising numbers) has more than one member."""
    if len(group) < 2:
        return np.empty(0, np.int64)
    same = np.diff(group) == 0
    return np.flatnonzero(np.append(same, False) | np.append(False, same))


def _piece(names: np.ndarray, starts: np.ndarray, rows: np.ndarray, depth: int) -> np.ndarray:
    """uint64[rows]: seven bytes from `depth` on, then how many there were (a name that ends)."""
    begin = starts[rows] + depth
    left = np.clip(starts[rows + 1] - 1 - begin, 0, 7)
    key = np.zeros(len(rows), np.uint64)
    last = len(names) - 1
    for k in range(7):
        byte = names[np.minimum(begin + k, last)].astype(np.uint64)
        byte[left <= k] = 0
        key = key << np.uint64(8) | byte
    return key << np.uint64(8) | left.astype(np.uint64)
