"""Counting which words stand near which, one word (row) at a time, exactly.

    X[i, j] = sum over positions p of word i, over positions q of word j in the window of p, of
              weight(|p - q|)          weight(d) = 1/d or 1       Pennington et al. 2014, 3; 4.2

A counting sort gives the positions of each word; a row is then summed in one dense line of
integers and written out in the order of its columns. That needs no table of pairs and no
sorting, whole rows go to any thread, and one random read an occurrence is left, asked for ahead.

Weights are whole numbers of a unit (`weights`), so sums are exact: the same for any number of
threads, any cut of the text, any order. GloVe's program adds float64 in the order of the text:
the same but for the last bits.

stream int32[n, 1]  words, with the mark V after each line and `window` marks at both ends
line                the present row (sparse_row)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.linear import prefetch_row
from firth.kernels.sparse_row import emit, touch

#: occurrences by which reading runs ahead
AHEAD = 16


class Rows(NamedTuple):
    """Room for rows: ends int64[rows], columns int32[entries], sums int64[entries].

    Row r is columns[ends[r - 1] : ends[r]].
    """

    ends: np.ndarray
    columns: np.ndarray
    sums: np.ndarray


def weights(window: int, harmonic: bool, occurrences: int) -> tuple[np.ndarray, float]:
    """int64[window + 1]: the weight of each distance in whole units, and how many make 1.

    1/d in units of 1/lcm(1…window) is exact. Where a sum of that over `occurrences` positions
    could pass 2^62 (windows above 20 or so) the unit is a power of two and 1/d is rounded to it,
    some nine digits.
    """
    if not harmonic:
        return np.array([0] + [1] * window, np.int64), 1.0
    distances = range(1, window + 1)
    most = 2 * math.ceil(sum(1 / d for d in distances)) * max(1, occurrences)
    unit = math.lcm(*distances)
    if unit * most >= 2**62:
        unit = 2 ** int(math.log2(2**62 / most))
    return np.array([0] + [round(unit / d) for d in distances], np.int64), float(unit)


@kernel
def mark(ids, ends, start, mark, window, stream):
    """Fills `stream` with ids[start:] up to the last end, and marks; returns its length.

    ends int64[lines]: where lines end, after `start`.
    """
    n = window
    stream[:window, 0] = mark
    for line in range(ends.shape[0]):
        stop = ends[line]
        for i in range(start, stop):
            stream[n, 0] = ids[i]
            n += 1
        stream[n, 0] = mark
        n += 1
        start = stop
    stream[n : n + window, 0] = mark
    return n + window


@kernel
def positions_of(stream, first, last, starts, positions):
    """The counting sort: `positions` first <= p < last by word, in the order of the text.

    Fills starts int64[V + 2]: word i has positions[starts[i]:starts[i + 1]]. V is the mark.
    """
    mark = starts.shape[0] - 2
    starts[:] = 0
    for p in range(first, last):
        starts[np.int64(stream[p, 0]) + 1] += 1
    starts[mark + 1] = 0
    for i in range(mark):
        starts[i + 1] += starts[i]
    # each start moves to its end while the word is filled in
    for p in range(first, last):
        i = np.int64(stream[p, 0])
        if i != mark:
            positions[starts[i]] = p
            starts[i] += 1
    for i in range(mark, 0, -1):
        starts[i] = starts[i - 1]
    starts[0] = 0


@kernel
def count_rows(stream, positions, starts, first, last, weight, left, right, line, out):
    """The rows of words first <= i < last.

    weight int64[window + 1]: of each distance.  left, right: which sides count.
    Fills `out` (ends int64[last - first], columns int32, sums int64); returns how many entries.
    """
    window = weight.shape[0] - 1
    mark = starts.shape[0] - 2
    size = starts[mark]
    n = 0
    for i in range(first, last):
        for k in range(starts[i], starts[i + 1]):
            ahead = np.int64(positions[min(k + AHEAD, size - 1)])
            prefetch_row(stream, ahead - window)
            prefetch_row(stream, ahead + window)
            p = np.int64(positions[k])
            if left:
                for d in range(1, window + 1):
                    j = np.int64(stream[p - d, 0])
                    if j == mark:
                        break
                    line.sums[j] += weight[d]
                    touch(line, j)
            if right:
                for d in range(1, window + 1):
                    j = np.int64(stream[p + d, 0])
                    if j == mark:
                        break
                    line.sums[j] += weight[d]
                    touch(line, j)
        n = emit(line, out.columns, out.sums, n)
        out.ends[i - first] = n
    return n


@kernel(fastmath=False)  # rounded once, as division is
def divide(sums, unit, values):
    """values float64[n] = sums int64[n] / unit; they may be the same memory."""
    for k in range(sums.shape[0]):
        values[k] = sums[k] / unit


@kernel
def merge_rows(offsets, columns, sums, first, last, line, out):
    """The rows first <= i < last of several counts of the same words, added up.

    offsets int64[counts, V + 1]: row i of a count is columns[offsets[i] : offsets[i + 1]].
    Fills `out` as `count_rows`; returns how many entries.
    """
    n = 0
    for i in range(first, last):
        for run in range(offsets.shape[0]):
            for k in range(offsets[run, i], offsets[run, i + 1]):
                j = np.int64(columns[k])
                line.sums[j] += sums[k]
                touch(line, j)
        n = emit(line, out.columns, out.sums, n)
        out.ends[i - first] = n
    return n
