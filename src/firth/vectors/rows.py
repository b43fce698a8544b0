"""What is asked of a matrix of rows, dense, sparse or quantised, by the questions of `Vectors`.

A matrix is float32[V, d], a scipy csr_array of that shape (PPMI: as many columns as words,
nearly all of them zero), or `Rows` (quantised: worked out when asked for). Nothing here makes the
latter two dense, but for a few rows at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firth.vectors.quantized import Rows, blocks

#: numbers a dense block may have: 64 MB of float64
DENSE = 1 << 23


def is_sparse(matrix: Any) -> bool:
    return not isinstance(matrix, np.ndarray | Rows)


def checked(matrix: Any) -> Any:
    """`matrix` as float32[V, d], dense, csr_array or Rows; what it is already stays as it is."""
    if isinstance(matrix, Rows):
        return matrix
    if isinstance(matrix, np.ndarray):
        return matrix if matrix.dtype == np.float32 else matrix.astype(np.float32)
    if hasattr(matrix, "tocsr"):
        from scipy.sparse import csr_array

        return csr_array(matrix).astype(np.float32, copy=False)
    return np.asarray(matrix, np.float32)


def span(matrix: Any, start: int, stop: int) -> Any:
    """Rows start to stop, sharing the memory."""
    if isinstance(matrix, Rows):
        return matrix.span(start, min(stop, len(matrix)))
    if not is_sparse(matrix):
        return matrix[start:stop]
    if start == 0 and stop >= matrix.shape[0]:
        return matrix
    from scipy.sparse import csr_array

    offsets = matrix.indptr
    first, last = int(offsets[start]), int(offsets[min(stop, matrix.shape[0])])
    return csr_array(
        (matrix.data[first:last], matrix.indices[first:last], offsets[start : stop + 1] - first),
        shape=(len(offsets[start : stop + 1]) - 1, matrix.shape[1]),
    )


def dense(rows: Any) -> np.ndarray:
    """One row or some rows as an array."""
    if isinstance(rows, np.ndarray | Rows):
        return np.asarray(rows)
    return rows.toarray()


def norms_of(matrix: Any) -> np.ndarray:
    """The length of each row, float32[V], summed in float64 block by block."""
    norms = np.empty(matrix.shape[0], np.float32)
    for start in range(0, len(norms), 65536):
        norms[start : start + 65536] = np.sqrt(_squares(span(matrix, start, start + 65536)))
    return norms


def unit(rows: Any) -> Any:
    """`rows` [..., d] as float64 of length 1, sparse if they are; rows of zeros stay zeros."""
    if is_sparse(rows):
        norms = np.sqrt(_squares(rows))
        norms = np.repeat(np.where(norms > 0, norms, 1), np.diff(rows.indptr))
        data = rows.data.astype(np.float64) / norms
        return type(rows)((data, rows.indices, rows.indptr), shape=rows.shape)
    rows = np.asarray(rows, np.float64)
    norms = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def products(a: Any, b: Any) -> np.ndarray:
    """float64[n]: row by row a . b; b may be one vector float64[d]."""
    if is_sparse(a):
        return (
            a @ b if isinstance(b, np.ndarray) and b.ndim == 1 else np.asarray((a * b).sum(axis=1))
        )
    return (a * b).sum(axis=-1)


def scores(directions: np.ndarray, block: Any) -> np.ndarray:
    """float32[Q, rows]: directions float32[Q, d] with each row of `block`."""
    if isinstance(block, Rows):
        found = np.empty((len(directions), len(block)), np.float32)
        for first, rows in blocks(block):
            np.matmul(directions, rows.T, out=found[:, first : first + len(rows)])
        return found
    if is_sparse(block):
        return np.ascontiguousarray((block @ directions.T).T)
    return directions @ block.T


def _squares(rows: Any) -> np.ndarray:
    """float64[n]: the sum of squares of each row."""
    if is_sparse(rows):
        squares = np.append(np.square(rows.data, dtype=np.float64), 0)
        sums = np.add.reduceat(squares, rows.indptr[:-1]) if rows.shape[0] else np.empty(0)
        return np.where(np.diff(rows.indptr) > 0, sums, 0)
    wide = np.asarray(rows, np.float64)
    return np.einsum("ij,ij->i", wide, wide)
