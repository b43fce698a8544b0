"""The largest singular values of a sparse matrix, and their vectors.

    A ~ U diag(s) V^T         A [m, n] sparse;  U [m, k], V [n, k] orthonormal;  s falling

Block Lanczos on A A^T with full reorthogonalisation (Golub & Underwood 1977), started at random as
in randomised block Krylov methods (Musco & Musco 2015): K = [Q, (A A^T) Q, (A A^T)^2 Q, …], kept
orthonormal; T = K^T A A^T K falls out of the orthogonalisation, and the roots of its largest
eigenvalues are the singular values. Blocks of BLOCK columns keep the dense side of the products in
cache. Products run in our threads; the same bits for any number of them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.kernels.linear import padded_zeros
from firth.kernels.sparse_product import multiply
from firth.progress import SILENT, Progress
from firth.static.blocks import one_blas_thread

#: columns of a block
BLOCK = 64
#: relative change of every singular value, from one block to the next, that counts as none
TOLERANCE = 2e-5
#: matrices with at most so many numbers are done by LAPACK
SMALL = 1_000_000


def truncated_svd(
    matrix: Any,
    dim: int,
    seed: int = 1,
    *,
    threads: int = 1,
    progress: Progress = SILENT,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(U float32[m, dim], s float64[dim], V float32[n, dim]) of a scipy sparse [m, n].

    Each column has the sign that makes the largest number of U positive. Where the matrix has
    fewer than `dim` singular values above zero, the other columns are zeros.

    Raises:
        SettingError: dim is more than the matrix has rows or columns.
    """
    m, n = matrix.shape
    if dim > min(m, n):
        raise SettingError(
            f"dim={dim} is more than a matrix of {m:,} x {n:,} has; give at most {min(m, n):,}."
        )
    if m * n <= SMALL:
        U, s, Vt = np.linalg.svd(matrix.toarray().astype(np.float64), full_matrices=False)
        U, s, V = U[:, :dim], s[:dim], Vt[:dim].T
        nothing = s <= (s[0] if len(s) else 0) * 1e-12
        s = np.where(nothing, 0, s)
        return _signed(np.where(nothing, 0, U), s, np.where(nothing, 0, V))
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        A = _Product(matrix.tocsr(), pool, threads)
        At = _Product(matrix.T.tocsr(), pool, threads)
        return _signed(*_lanczos(A, At, (m, n), dim, seed, progress))


def _lanczos(
    A: _Product,
    At: _Product,
    shape: tuple[int, int],
    dim: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    m, n = shape
    width = min(BLOCK, dim + 10, m, n)
    start = np.random.default_rng(seed).standard_normal((n, width), np.float32)
    Q, _ = np.linalg.qr(A(start))
    most = min(m, n)
    K = np.empty((m, 0), np.float32)
    T = np.zeros((0, 0))
    old: np.ndarray | None = None
    progress.start("singular values", None, "columns")
    while True:
        K = np.concatenate([K, Q], axis=1)
        W = A(At(Q))
        H = K.T @ W
        size = K.shape[1]
        grown = np.zeros((size, size))
        grown[: len(T), : len(T)] = T
        grown[:, size - Q.shape[1] :] = H
        grown[size - Q.shape[1] :, :] = H.T
        T = grown
        values, vectors = np.linalg.eigh(T)
        s = np.sqrt(np.maximum(values[::-1][:dim], 0))
        progress.advance(size)
        # the last of the values are the slowest: below a thousandth of the first they do not count
        if (
            old is not None
            and len(old) == dim
            and np.all(np.abs(s - old) <= TOLERANCE * np.maximum(s, 1e-3 * s[0]))
        ):
            break
        old = s
        for _ in range(2):  # once is not enough in float32
            W -= K @ (K.T @ W)
        left = np.linalg.norm(W)
        if size >= most or left <= 1e-6 * max(float(s[0]) ** 2, 1e-30):
            break  # nothing outside of K is left
        Q, R = np.linalg.qr(W)
        strong = np.abs(np.diag(R)) > 1e-6 * float(s[0]) ** 2
        Q = np.ascontiguousarray(Q[:, strong][:, : most - size])
        if not Q.shape[1]:
            break
    progress.finish()
    U = K @ vectors[:, ::-1][:, :dim].astype(np.float32)
    del K
    # one step more, and U, s and V fit each other exactly
    Z = At(U)[:, : U.shape[1]].astype(np.float64)
    V, s, Rt = np.linalg.svd(Z, full_matrices=False)
    U = U @ Rt.T.astype(np.float32)
    nothing = s <= 1e-6 * s[0]
    U, s, V = np.where(nothing, 0, U), np.where(nothing, 0, s), np.where(nothing, 0, V)
    missing = dim - len(s)
    return (
        np.pad(U, ((0, 0), (0, missing))),
        np.pad(s, (0, missing)),
        np.pad(V, ((0, 0), (0, missing))),
    )


def _signed(U: np.ndarray, s: np.ndarray, V: np.ndarray) -> Any:
    signs = np.where(U[np.abs(U).argmax(axis=0), np.arange(U.shape[1])] < 0, -1, 1)
    return (U * signs).astype(np.float32), s.astype(np.float64), (V * signs).astype(np.float32)


class _Product:
    """x -> A x for dense x float32[n, any], in blocks of rows on the threads."""

    def __init__(self, matrix: Any, pool: ThreadPoolExecutor, threads: int) -> None:
        self._offsets = np.array(matrix.indptr, np.int64)
        self._columns = np.array(matrix.indices, np.int32)
        self._values = np.array(matrix.data, np.float32)
        self._pool = pool
        blocks = max(1, min(len(self._offsets) - 1, 64 * threads))
        marks = np.linspace(0, self._offsets[-1], blocks + 1)
        edges = np.searchsorted(self._offsets, marks)
        edges[0], edges[-1] = 0, len(self._offsets) - 1
        self._edges = np.unique(edges)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        dense = padded_zeros(*x.shape)
        dense[:, : x.shape[1]] = x
        out = padded_zeros(len(self._offsets) - 1, x.shape[1])

        def work(first: int, last: int) -> None:
            multiply(self._offsets, self._columns, self._values, first, last, dense, out)

        edges = self._edges.tolist()
        for done in [
            self._pool.submit(work, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)
        ]:
            done.result()
        return np.ascontiguousarray(out[:, : x.shape[1]])
