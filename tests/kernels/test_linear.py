"""The row steps against NumPy, for every width and number of rows."""

import numpy as np
import pytest

from firth.compiled import kernel
from firth.kernels import linear
from firth.kernels.linear import padded, padded_zeros


@kernel
def dots(Z, A, a, B, rows, n):
    linear.dot_rows(Z, 0, A, a, B, rows, 0, n)


@kernel
def adds(E, e, Z, B, rows, n):
    linear.add_rows(E, e, Z, 0, B, rows, 0, n)


@kernel
def block_dots(Z, A, rows_a, n_a, B, rows_b, n_b):
    linear.dot_block(Z, A, rows_a, 0, n_a, B, rows_b, 0, n_b)


@kernel
def block_adds(E, rows_e, n_e, Z, B, rows_b, n_b):
    linear.add_block(E, rows_e, 0, n_e, Z, B, rows_b, 0, n_b)


@kernel
def others(A, B):
    linear.copy_row(A, 0, B, 1)
    linear.clear_row(A, 1)
    linear.mix_rows(A, 2, np.float32(2), B, 0, np.float32(-1), B, 1, np.float32(0.5), B, 2)
    linear.prefetch_row(A, 3)
    linear.add_row(A, 3, np.float32(3), B, 3)
    return linear.dot(A, 3, B, 2)


def matrix(rows, dim, seed):
    M = padded_zeros(rows, dim)
    M[:, :dim] = np.random.default_rng(seed).normal(size=(rows, dim))
    return M


@pytest.mark.parametrize("dim", [1, 15, 16, 17, 100, 128])
def test_padding_is_zero_and_aligned(dim):
    M = matrix(5, dim, 0)
    assert M.shape == (5, padded(dim))
    assert M.shape[1] % 16 == 0
    assert M.ctypes.data % 64 == 0
    assert not M[:, dim:].any()


@pytest.mark.parametrize("dim", [3, 16, 50, 300])
@pytest.mark.parametrize("n", range(12))
def test_dot_rows_and_add_rows(dim, n):
    A, B = matrix(4, dim, 1), matrix(30, dim, 2)
    rows = np.random.default_rng(n).permutation(30)[:12].astype(np.int64)[None]
    Z = np.full((1, 12), 7, np.float32)
    dots(Z, A, 2, B, rows, n)
    np.testing.assert_allclose(Z[0, :n], B[rows[0, :n]] @ A[2], rtol=1e-4, atol=1e-4)
    assert (Z[0, n:] == 7).all()
    expected = A.copy()
    expected[1] += Z[0, :n] @ B[rows[0, :n]]
    adds(A, 1, Z, B, rows, n)
    np.testing.assert_allclose(A, expected, rtol=1e-4, atol=1e-3)
    assert not A[:, dim:].any()


@pytest.mark.parametrize("n_a", range(10))
@pytest.mark.parametrize("n_b", range(10))
def test_blocks(n_a, n_b):
    A, B = matrix(12, 33, 1), matrix(12, 33, 2)
    rng = np.random.default_rng(10 * n_a + n_b)
    rows_a, rows_b = (rng.permutation(12).astype(np.int64)[None] for _ in range(2))
    Z = np.full((12, 12), 7, np.float32)
    block_dots(Z, A, rows_a, n_a, B, rows_b, n_b)
    expected = A[rows_a[0, :n_a]] @ B[rows_b[0, :n_b]].T
    np.testing.assert_allclose(Z[:n_a, :n_b], expected, rtol=1e-4, atol=1e-4)
    assert (Z[n_a:] == 7).all()
    assert (Z[:, n_b:] == 7).all()
    E = A.copy()
    E[rows_a[0, :n_a]] += Z[:n_a, :n_b] @ B[rows_b[0, :n_b]]
    block_adds(A, rows_a, n_a, Z, B, rows_b, n_b)
    np.testing.assert_allclose(A, E, rtol=1e-4, atol=1e-3)


def test_single_rows():
    A, B = matrix(4, 20, 1), matrix(4, 20, 2)
    before = A.copy()
    product = others(A, B)
    np.testing.assert_array_equal(A[0], B[1])
    assert not A[1].any()
    np.testing.assert_allclose(A[2], 2 * B[0] - B[1] + B[2] / 2, atol=1e-5)
    np.testing.assert_allclose(A[3], before[3] + 3 * B[3], atol=1e-5)
    assert product == pytest.approx(A[3] @ B[2], rel=1e-4)
