"""Exact nearest rows by cosine: blocked products in float32, the last word in float64.

    cos(q, x) = q . x / (|q| |x|)                          a row of zeros has similarity 0 to all
    add:  cos(b - a + c, x), unit a, b, c                  Mikolov, Yih & Zweig 2013
    mul:  s(b, x) s(c, x) / (s(a, x) + 0.001)              Levy & Goldberg 2014; s = (1 + cos) / 2

A float32 product of d terms is off by at most `(d + 8) 2^-24` for unit vectors. So each block
gives a lower and an upper bound of every score; a row can be among the n best only if its upper
bound reaches the n-th lower bound. Those few rows are scored again in float64 and sorted by
(falling score, row): the answer is that of brute force, whatever the batch or the block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

#: added to the denominator of 3CosMul, as in the paper (gensim: 1e-6; hyperwords: 0.01)
EPSILON = 0.001
#: scores held at once: 16 MB of float32
SCORES = 1 << 22
QUERIES = 256

Bounds = Callable[[slice, slice], tuple[np.ndarray, np.ndarray]]
Exact = Callable[[int, np.ndarray], np.ndarray]
Found = list[tuple[np.ndarray, np.ndarray]]


def row_norms(matrix: np.ndarray) -> np.ndarray:
    """The length of each row, float32[V], summed in float64 block by block."""
    norms = np.empty(len(matrix), np.float32)
    for start in range(0, len(matrix), 65536):
        block = np.asarray(matrix[start : start + 65536], np.float64)
        norms[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", block, block))
    return norms


def unit(rows: np.ndarray) -> np.ndarray:
    """`rows` [..., d] as float64 of length 1; rows of zeros stay zeros."""
    rows = np.asarray(rows, np.float64)
    norms = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def inverse(norms: np.ndarray) -> np.ndarray:
    """1 / norms, and 0 where the norm is 0 (so that a zero row scores 0)."""
    norms = np.asarray(norms, np.float32)
    return np.divide(np.float32(1), norms, out=np.zeros_like(norms), where=norms > 0)


def nearest_rows(
    matrix: np.ndarray,
    norms: np.ndarray,
    queries: np.ndarray,
    n: int,
    excluded: Sequence[np.ndarray],
) -> Found:
    """For each of `queries` [Q, d] the n rows of `matrix` [V, d] with the largest cosine.

    excluded: per query the rows that may not be answered.
    Returns per query (rows int64[<= n], cosines float64[<= n]), best first, ties by row.
    """
    q64 = unit(queries)
    q32 = q64.astype(np.float32)
    slack = _slack(matrix.shape[1])
    scale = inverse(norms)

    def bounds(some: slice, block: slice) -> tuple[np.ndarray, np.ndarray]:
        scores = q32[some] @ matrix[block].T
        scores *= scale[block]
        return scores - slack, scores + slack

    def exact(query: int, rows: np.ndarray) -> np.ndarray:
        return (unit(matrix[rows]) * q64[query]).sum(axis=1)

    return _top(len(matrix), len(q64), n, excluded, bounds, exact)


def analogy_rows(
    matrix: np.ndarray,
    norms: np.ndarray,
    terms: np.ndarray,
    n: int,
    excluded: Sequence[np.ndarray],
    method: str,
) -> Found:
    """For each (a, b, c) of `terms` [Q, 3, d] the n best x in "a is to b as c is to x".

    method: "add" or "mul", see above; excluded, result: as in `nearest_rows`.
    """
    a, b, c = (unit(terms[:, column]) for column in range(3))
    if method == "add":
        return nearest_rows(matrix, norms, b - a + c, n, excluded)
    slack = _slack(matrix.shape[1])
    scale = inverse(norms)
    a32, b32, c32 = (rows.astype(np.float32) for rows in (a, b, c))

    def bounds(some: slice, block: slice) -> tuple[np.ndarray, np.ndarray]:
        columns = matrix[block].T
        half = scale[block] * np.float32(0.5)
        sa, sb, sc = (rows[some] @ columns * half + np.float32(0.5) for rows in (a32, b32, c32))
        low = np.maximum(sb - slack, 0) * np.maximum(sc - slack, 0) / (sa + slack + EPSILON)
        high = (sb + slack) * (sc + slack) / (np.maximum(sa - slack, 0) + EPSILON)
        # the last operations round too
        return low * np.float32(1 - 1e-6), high * np.float32(1 + 1e-6)

    def exact(query: int, rows: np.ndarray) -> np.ndarray:
        found = unit(matrix[rows])
        sa, sb, sc = ((1 + (found * term[query]).sum(axis=1)) / 2 for term in (a, b, c))
        return sb * sc / (sa + EPSILON)

    return _top(len(matrix), len(terms), n, excluded, bounds, exact)


def _slack(dim: int) -> np.float32:
    return np.float32((dim + 8) * 2.0**-24)


def _top(
    rows: int,
    queries: int,
    n: int,
    excluded: Sequence[np.ndarray],
    bounds: Bounds,
    exact: Exact,
) -> Found:
    found: Found = []
    for first in range(0, queries, QUERIES):
        some = slice(first, min(first + QUERIES, queries))
        candidates = _candidates(rows, some, n, excluded, bounds)
        for query, ids in enumerate(candidates, start=first):
            found.append(_best(ids, n, partial(exact, query)))
    return found


def _candidates(
    rows: int, some: slice, n: int, excluded: Sequence[np.ndarray], bounds: Bounds
) -> list[np.ndarray]:
    """Per query of `some` every row that may be among its n best."""
    count = some.stop - some.start
    step = max(n, SCORES // count)
    floor = np.full(count, -np.inf, np.float32)
    kept: list[list[np.ndarray]] = [[] for _ in range(count)]
    for start in range(0, rows, step):
        block = slice(start, min(start + step, rows))
        low, high = bounds(some, block)
        for query in range(count):
            out = np.asarray(excluded[some.start + query], np.int64) - start
            out = out[(out >= 0) & (out < block.stop - start)]
            low[query, out] = -np.inf
            high[query, out] = -np.inf
        if low.shape[1] >= n:
            at = low.shape[1] - n
            np.maximum(floor, np.partition(low, at, axis=1)[:, at], out=floor)
        for query in range(count):
            near = (high[query] >= floor[query]) & (high[query] > -np.inf)
            kept[query].append(np.flatnonzero(near) + start)
    return [np.concatenate(parts) if parts else np.empty(0, np.int64) for parts in kept]


def _best(
    ids: np.ndarray, n: int, exact: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    scores = [exact(ids[start : start + 65536]) for start in range(0, len(ids), 65536)]
    exact_scores = np.concatenate(scores) if scores else np.empty(0)
    order = np.lexsort((ids, -exact_scores))[:n]
    return ids[order], exact_scores[order]
