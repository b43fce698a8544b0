"""Hidden rows from dense or product-quantised input rows.

    E[e] += sum_j x_{list[first + j]}                        j < n
    dense       x_r a row of a matrix                        (gather.py)
    quantised   x_r = |x|_r * (C_0[c_r0], C_1[c_r1], …)      Jégou, Douze & Schmid 2011

C_m float32[256, dsub]  centroids of part m, the last part may be shorter; laid out one after
another, as fastText lays them out. |x|_r is 1, or one of 256 norms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from firth.compiled import kernel
from firth.kernels.features import AHEAD
from firth.kernels.filling import Start, add_start
from firth.kernels.gather import gather_rows
from firth.kernels.linear import clear_row

f4 = np.float32


class Coded(NamedTuple):
    """Product-quantised rows."""

    codes: np.ndarray  # uint8[n, parts]
    centroids: np.ndarray  # float32[256 * d]
    norm_codes: np.ndarray  # uint8[n], or empty: norms are in the centroids
    norms: np.ndarray  # float32[256]
    dsub: int


class Input(NamedTuple):
    """What a hidden row is made of: W and Z are matrices or `Coded`."""

    W: Any  # float32[V, padded(dim)]  words
    Z: Any  # float32[buckets or fewer, padded(dim)]  n-grams
    start: Start  # how rows of Z began that are not held


@kernel
def add_coded(E, e, coded, list_, first, n):
    """See the head of the file."""
    codes, centroids, norm_codes, norms, dsub = coded
    parts = codes.shape[1]
    d = centroids.shape[0] // 256
    last = d - (parts - 1) * dsub
    if dsub == 2 and last == 2:
        # part by part: its 256 centroids stay near, and so do the codes of all rows
        for m in range(parts):
            a = b = f4(0)
            table = m * 512
            for j in range(n):
                row = np.int64(list_[first + j])
                place = table + 2 * np.int64(codes[row, m])
                if norm_codes.shape[0]:
                    x = norms[norm_codes[row]]
                    a += x * centroids[place]
                    b += x * centroids[place + 1]
                else:
                    a += centroids[place]
                    b += centroids[place + 1]
            E[e, 2 * m] += a
            E[e, 2 * m + 1] += b
        return
    for j in range(n):
        row = np.int64(list_[first + j])
        x = norms[norm_codes[row]] if norm_codes.shape[0] else f4(1)
        for m in range(parts - 1):
            place = (m * 256 + np.int64(codes[row, m])) * dsub
            for k in range(dsub):
                E[e, m * dsub + k] += x * centroids[place + k]
        m = parts - 1
        place = m * 256 * dsub + np.int64(codes[row, m]) * last
        for k in range(last):
            E[e, m * dsub + k] += x * centroids[place + k]


def add_input(E, e, matrix, list_, first, n) -> None:
    """The sum of whichever rows are given: a matrix or `Coded`.

    list_ int32, readable AHEAD places beyond the last one that is summed.
    """
    if isinstance(matrix, Coded):
        add_coded(E, e, matrix, list_, first, n)
    else:
        gather_rows(E, e, matrix, list_, first, n, AHEAD)


@overload(add_input, jit_options={"nogil": True, "error_model": "numpy"})
def _add_input(E, e, matrix, list_, first, n):
    if isinstance(matrix, types.BaseNamedTuple):
        return lambda E, e, matrix, list_, first, n: add_coded(E, e, matrix, list_, first, n)
    return lambda E, e, matrix, list_, first, n: gather_rows(E, e, matrix, list_, first, n, AHEAD)


@kernel
def mean_row(H, h, inputs, rows, i):
    """H[h] = mean of the rows of the i-th line of `rows` (features.Rows), zero if there is none.

    H is padded, its padding stays zero. Returns how many rows there are.
    """
    W, Z, start = inputs
    words, ngrams, fresh, ends = rows
    clear_row(H, h)
    n = 0
    for part in range(3):
        first = ends[part, i - 1] if i else np.int64(0)
        some = ends[part, i] - first
        n += some
        if part == 0:
            add_input(H, h, W, words, first, some)
        elif part == 1:
            add_input(H, h, Z, ngrams, first, some)
        else:
            for j in range(first, first + some):
                add_start(H, h, fresh[j], start)
    if n:
        share = f4(1) / f4(n)
        for k in range(H.shape[1]):
            H[h, k] *= share
    return n
