"""Sums of scattered rows: padded, of any width, at any address, quantised."""

import numpy as np
import pytest

from firth.compiled import kernel
from firth.errors import FormatError
from firth.kernels.codes import Coded, Input, mean_row
from firth.kernels.features import AHEAD, Rows
from firth.kernels.filling import Start, fill_start
from firth.kernels.gather import gather_rows
from firth.kernels.linear import padded, padded_zeros
from firth.vectors.quantized import ProductQuantized
from firth.vectors.quantized_tensors import matrix_of, tensors_of
from firth.vectors.trained_rows import TrainedRows, start_rows

ROWS = 40


@kernel
def gathered(E, W, rows, first, n):
    gather_rows(E, 0, W, rows, first, n, AHEAD)


def listed(n, seed=1):
    rows = np.zeros(n + 3 + AHEAD, np.int32)
    rows[3 : 3 + n] = np.random.default_rng(seed).integers(0, ROWS, n)
    return rows


@pytest.mark.parametrize("dim", [1, 7, 16, 100, 112])
@pytest.mark.parametrize("n", [0, 1, 5, 8, 23])
def test_sums_of_rows(dim, n):
    plain = np.random.default_rng(dim).normal(size=(ROWS, dim)).astype(np.float32)
    whole = padded_zeros(ROWS, dim)
    whole[:, :dim] = plain
    # as it lies in a file after a name of odd length
    raw = np.frombuffer(b"abc" + plain.tobytes(), np.uint8)[3:]
    mapped = raw.view(np.float32).reshape(ROWS, dim)
    assert not mapped.flags.aligned
    rows = listed(n)
    wanted = plain[rows[3 : 3 + n]].sum(axis=0, dtype=np.float64) + 1
    for W in (whole, plain, mapped, whole[:, :dim]):
        E = padded_zeros(1, dim)
        E[0, :dim] = 1
        gathered(E, W, rows, 3, n)
        np.testing.assert_allclose(E[0, :dim], wanted, rtol=1e-5, atol=1e-5)
        assert not E[0, dim:].any()


def coded(dim, dsub, norms, seed=2):
    rng = np.random.default_rng(seed)
    parts = -(-dim // dsub)
    codes = rng.integers(0, 256, (ROWS, parts)).astype(np.uint8)
    centroids = rng.normal(size=256 * dim).astype(np.float32)
    if not norms:
        empty = np.empty(0, np.uint8), np.ones(1, np.float32)
        return ProductQuantized(codes, centroids, dim, dsub), Coded(codes, centroids, *empty, dsub)
    norm_codes = rng.integers(0, 256, ROWS).astype(np.uint8)
    table = rng.random(256).astype(np.float32)
    rows = ProductQuantized(codes, centroids, dim, dsub, norm_codes, table)
    return rows, Coded(codes, centroids, norm_codes, table, dsub)


def rows_of(*parts):
    """features.Rows of one line."""
    listed = [np.concatenate([part, np.zeros(AHEAD)]).astype(np.int32) for part in parts]
    ends = np.array([[len(part)] for part in parts])
    return Rows(*listed, ends)


@pytest.mark.parametrize(("dim", "dsub"), [(12, 2), (13, 2), (10, 4), (7, 8), (9, 3), (5, 1)])
@pytest.mark.parametrize("norms", [False, True])
def test_means_of_codes_are_means_of_what_they_stand_for(dim, dsub, norms):
    words, coded_words = coded(dim, dsub, norms)
    ngrams, coded_ngrams = coded(dim, dsub, norms, seed=3)
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, ROWS, 6), rng.integers(0, ROWS, 9)
    wanted = np.concatenate([words.take(one), ngrams.take(other)]).mean(axis=0)
    H = np.full((2, padded(dim)), 7, np.float32)
    inputs = Input(coded_words, coded_ngrams, Start(dim, 0.0, 0))
    assert mean_row(H, 1, inputs, rows_of(one, other, []), 0) == 15
    np.testing.assert_allclose(H[1, :dim], wanted, rtol=1e-5, atol=1e-6)
    assert not H[1, dim:].any()
    assert (H[0] == 7).all()
    assert mean_row(H, 1, inputs, rows_of([], [], []), 0) == 0
    assert not H[1].any()


@pytest.mark.parametrize("seed", [0, 1, 7 + (1 << 33)])
def test_rows_that_are_not_held_are_made_again(seed):
    dim, numbers = 13, np.array([0, 1, 5, 99, 2**28, 2**33 + 1])
    start = Start(dim, 0.02, seed)
    whole = padded_zeros(len(numbers), dim)
    with np.errstate(over="ignore"):
        fill_start(whole, numbers, start)
    # the same bits without a compiler
    np.testing.assert_array_equal(start_rows(numbers, dim, 0.02, seed), whole[:, :dim])
    held, buckets = whole[[1, 3], :dim] + 1, np.array([1, 99])
    rows = TrainedRows(held, buckets, 2**28 + 1, 0.02, seed)
    wanted = whole[:5, :dim] + np.array([0, 1, 0, 1, 0], np.float32)[:, None]
    np.testing.assert_array_equal(rows.take(numbers[:5]), wanted)
    np.testing.assert_array_equal(rows.span(1, 100)[[0, 4, 98]], wanted[1:4])
    # in the kernel: two that are held, three that are not
    line = rows_of([], [0, 1], [0, 5, 2**28])
    H, empty = padded_zeros(1, dim), padded_zeros(0, dim)
    padded_held = padded_zeros(2, dim)
    padded_held[:, :dim] = held
    with np.errstate(over="ignore"):
        assert mean_row(H, 0, Input(empty, padded_held, start), line, 0) == 5
    np.testing.assert_allclose(H[0, :dim], wanted.mean(axis=0), rtol=1e-5)


def test_held_rows_are_saved_and_opened_again(tmp_path):
    rows = TrainedRows(np.ones((2, 3), np.float32), np.array([4, 9]), 50, 0.1, 3)
    tensors = tensors_of(rows, "ngrams")
    again = matrix_of(tensors, "ngrams")
    np.testing.assert_array_equal(np.asarray(rows), np.asarray(again))
    assert again.shape == (50, 3)
    span = tensors_of(rows.span(4, 9), "ngrams")  # a part of it is worked out
    np.testing.assert_array_equal(span["ngrams"], np.asarray(rows)[4:9])
    for name, wrong in (("held", np.ones((3, 3), np.float32)), ("start", np.ones(3, np.int64))):
        with pytest.raises(FormatError):
            matrix_of(tensors | {f"ngrams.{name}": wrong}, "ngrams")
