"""Sums of scattered rows: padded, of any width, at any address, quantised."""

import numpy as np
import pytest

from firth.compiled import kernel
from firth.kernels.codes import Coded, mean_row
from firth.kernels.features import AHEAD
from firth.kernels.gather import gather_rows
from firth.kernels.linear import padded, padded_zeros
from firth.vectors.quantized import ProductQuantized

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


@pytest.mark.parametrize(("dim", "dsub"), [(12, 2), (13, 2), (10, 4), (7, 8), (9, 3), (5, 1)])
@pytest.mark.parametrize("norms", [False, True])
def test_means_of_codes_are_means_of_what_they_stand_for(dim, dsub, norms):
    words, coded_words = coded(dim, dsub, norms)
    ngrams, coded_ngrams = coded(dim, dsub, norms, seed=3)
    one, other = listed(6), listed(9, seed=5)
    wanted = np.concatenate([words.take(one[3:9]), ngrams.take(other[3:12])]).mean(axis=0)
    H = np.full((2, padded(dim)), 7, np.float32)
    mean_row(H, 1, (coded_words, coded_ngrams), one, 3, 6, other, 3, 9)
    np.testing.assert_allclose(H[1, :dim], wanted, rtol=1e-5, atol=1e-6)
    assert not H[1, dim:].any()
    assert (H[0] == 7).all()
    mean_row(H, 1, (coded_words, coded_ngrams), one, 3, 0, other, 3, 0)
    assert not H[1].any()
