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
from typing import Any

import numpy as np

from firth.vectors.rows import DENSE, dense, products, scores, span, unit

#: added to the denominator of 3CosMul, as in the paper (gensim: 1e-6; hyperwords: 0.01)
EPSILON = 0.001
#: scores held at once: 16 MB of float32
SCORES = 1 << 22
QUERIES = 256

Bounds = Callable[[slice, slice], tuple[np.ndarray, np.ndarray]]
Exact = Callable[[int, np.ndarray], np.ndarray]
Found = list[tuple[np.ndarray, np.ndarray]]


def inverse(norms: np.ndarray) -> np.ndarray:
    """1 / norms, and 0 where the norm is 0 (so that a zero row scores 0)."""
    norms = np.asarray(norms, np.float32)
    return np.divide(np.float32(1), norms, out=np.zeros_like(norms), where=norms > 0)


def nearest_rows(
    matrix: Any,
    norms: np.ndarray,
    queries: Any,
    n: int,
    excluded: Sequence[np.ndarray],
) -> Found:
    """For each of `queries` [Q, d] the n rows of `matrix` [V, d] with the largest cosine.

    excluded: per query the rows that may not be answered.
    Returns per query (rows int64[<= n], cosines float64[<= n]), best first, ties by row.
    """
    q64 = unit(queries)
    slack = _slack(matrix.shape[1])
    scale = inverse(norms)

    def bounds(some: slice, block: slice) -> tuple[np.ndarray, np.ndarray]:
        q32 = dense(q64[some]).astype(np.float32)
        found = scores(q32, span(matrix, block.start, block.stop))
        found *= scale[block]
        return found - slack, found + slack

    def exact(query: int, rows: np.ndarray) -> np.ndarray:
        return products(unit(matrix[rows]), dense(q64[[query]])[0])

    return _top(matrix.shape, q64.shape[0], n, excluded, bounds, exact)


def analogy_rows(
    matrix: Any,
    norms: np.ndarray,
    terms: tuple[Any, Any, Any],
    n: int,
    excluded: Sequence[np.ndarray],
    method: str,
) -> Found:
    """For each (a, b, c) of `terms`, three of [Q, d], the n best x in "a is to b as c is to x".

    method: "add" or "mul", see above; excluded, result: as in `nearest_rows`.
    """
    a, b, c = (unit(rows) for rows in terms)
    if method == "add":
        return nearest_rows(matrix, norms, b - a + c, n, excluded)
    slack = _slack(matrix.shape[1])
    scale = inverse(norms)

    def bounds(some: slice, block: slice) -> tuple[np.ndarray, np.ndarray]:
        part = span(matrix, block.start, block.stop)
        half = scale[block] * np.float32(0.5)
        sa, sb, sc = (
            scores(dense(rows[some]).astype(np.float32), part) * half + np.float32(0.5)
            for rows in (a, b, c)
        )
        low = np.maximum(sb - slack, 0) * np.maximum(sc - slack, 0) / (sa + slack + EPSILON)
        high = (sb + slack) * (sc + slack) / (np.maximum(sa - slack, 0) + EPSILON)
        # the last operations round too
        return low * np.float32(1 - 1e-6), high * np.float32(1 + 1e-6)

    def exact(query: int, rows: np.ndarray) -> np.ndarray:
        found = unit(matrix[rows])
        sa, sb, sc = ((1 + products(found, dense(term[[query]])[0])) / 2 for term in (a, b, c))
        return sb * sc / (sa + EPSILON)

    return _top(matrix.shape, a.shape[0], n, excluded, bounds, exact)


def _slack(dim: int) -> np.float32:
    return np.float32((dim + 8) * 2.0**-24)


def _top(
    shape: tuple[int, int],
    queries: int,
    n: int,
    excluded: Sequence[np.ndarray],
    bounds: Bounds,
    exact: Exact,
) -> Found:
    found: Found = []
    # sparse rows are as long as there are words: fewer of them are made dense at a time
    at_once = max(1, min(QUERIES, DENSE // max(1, shape[1])))
    for first in range(0, queries, at_once):
        some = slice(first, min(first + at_once, queries))
        candidates = _candidates(shape[0], some, n, excluded, bounds)
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
