import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.kernels.kmeans import TOGETHER, assign, begin, move


def brute(x, c):
    """(code, squared distance) by all distances, in float64."""
    squares = ((x.T[:, None].astype(np.float64) - c[None]) ** 2).sum(axis=2)
    return squares.argmin(axis=1), squares.min(axis=1)


def world(d, n, seed=0):
    random = np.random.default_rng(seed)
    x = random.standard_normal((d, n)).astype(np.float32)
    return x, random.standard_normal((256, d)).astype(np.float32)


@pytest.mark.parametrize("d", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, TOGETHER - 1, TOGETHER, 3 * TOGETHER + 5])
def test_the_nearest_of_all_centroids(d, n):
    x, c = world(d, n)
    codes, distances = np.empty(n, np.uint8), np.empty(n, np.float32)
    assign(x, c, codes, distances)
    wanted, squares = brute(x, c)
    # near ties may go either way in float32: the distance is right in any case
    assert (codes != wanted).mean() < 0.01
    np.testing.assert_allclose(distances, squares, rtol=1e-4, atol=1e-6)
    chosen = ((x.T - c[codes]) ** 2).sum(axis=1)
    np.testing.assert_allclose(distances, chosen, rtol=1e-4, atol=1e-6)


def test_of_equal_centroids_the_first():
    x, c = world(2, 500)
    c[128:] = c[:128]
    codes = np.empty(500, np.uint8)
    assign(x, c, codes, np.empty(500, np.float32))
    assert codes.max() < 128


def plain_begin(x, uniform):
    """k-means++ with the same draws, in float64."""
    points = x.T.astype(np.float64)
    chosen = [int(uniform[0] * len(points))]
    for one in uniform[1:]:
        near = ((points[:, None] - points[chosen]) ** 2).sum(axis=2).min(axis=1)
        chosen.append(int(np.searchsorted(np.cumsum(near), one * near.sum(), side="right")))
    return points[chosen]


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("n", [300, 4 * TOGETHER + 1])
def test_the_first_centroids_are_those_of_k_means_plus_plus(d, n):
    x, c = world(d, n)
    uniform, distances = np.random.default_rng(5).random(256), np.empty(n, np.float32)
    begin(x, c, uniform, distances)
    wanted = plain_begin(x, uniform)
    # a sum in float32 may draw the neighbour once, and what follows then differs
    same = (np.abs(c - wanted).max(axis=1) < 1e-6).cumprod()
    assert same.sum() > 100
    np.testing.assert_allclose(distances, brute(x, c)[1], rtol=1e-4, atol=1e-6)


def test_equal_points_are_chosen_once():
    x = np.zeros((2, 5000), np.float32)
    x[:, ::10] = np.random.default_rng(0).standard_normal((2, 500))
    c, distances = np.empty((256, 2), np.float32), np.empty(5000, np.float32)
    begin(x, c, np.random.default_rng(1).random(256), distances)
    assert len(np.unique(c, axis=0)) == 256
    # control: points drawn without looking are mostly the same
    blind = x[:, np.random.default_rng(1).choice(5000, 256, replace=False)].T
    assert len(np.unique(blind, axis=0)) < 60
    x[:] = 1  # no other points are left
    begin(x, c, np.random.default_rng(1).random(256), distances)
    assert (c == 1).all() and not distances.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(257, 600), st.integers(0, 2**32 - 1))
def test_a_step_never_makes_it_worse(d, n, seed):
    random = np.random.default_rng(seed)
    x = random.integers(-9, 9, (d, n)).astype(np.float32)  # many equal points: empty centroids
    c = x[:, random.choice(n, 256, replace=False)].T.copy()
    codes, distances = np.empty(n, np.uint8), np.empty(n, np.float32)
    before = np.inf
    for _ in range(5):
        assign(x, c, codes, distances)
        now = distances.sum(dtype=np.float64)
        assert now <= before * (1 + 1e-6)
        before = now
        move(x, c, codes, distances)


def test_a_centroid_is_the_mean_of_its_points_and_an_empty_one_the_farthest_point():
    x, c = world(3, 900)
    codes = (np.arange(900) % 255).astype(np.uint8)  # none has 255
    distances = np.arange(900, dtype=np.float32)
    move(x, c, codes, distances)
    for code in np.unique(codes):
        np.testing.assert_allclose(c[code], x[:, codes == code].mean(axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(c[255], x[:, 899])
    assert distances[899] == 0


UNCOMPILED = """
import sys, numpy as np
from firth.kernels.kmeans import assign, begin, move
random = np.random.default_rng(0)
out = []
for d in (1, 2, 3):
    x = random.standard_normal((d, 300)).astype(np.float32)
    c = np.empty((256, d), np.float32)
    codes, distances = np.empty(300, np.uint8), np.empty(300, np.float32)
    begin(x, c, random.random(256), distances)
    for _ in range(2):
        assign(x, c, codes, distances)
        move(x, c, codes, distances)
    out.append(np.concatenate([c.reshape(-1), codes, distances]))
np.save(sys.argv[1], np.concatenate(out))
"""


def test_uncompiled_it_is_the_same(tmp_path):
    found = []
    for disable in ("0", "1"):
        path = tmp_path / f"{disable}.npy"
        subprocess.run(
            [sys.executable, "-c", UNCOMPILED, str(path)],
            check=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": disable},
        )
        found.append(np.load(path))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-6)
