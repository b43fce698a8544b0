"""Random numbers, the noise distribution, the logistic function, the Huffman tree."""

import heapq
import itertools

import numpy as np
import pytest

from firth.compiled import kernel
from firth.kernels import functions, noise, rng
from firth.kernels.huffman import huffman


@kernel
def sigmoids(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = functions.sigmoid(x[i])
    return out


@kernel
def draws(threshold, alias, n, state):
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = noise.draw(threshold, alias, state)
    return out


@kernel
def uniforms(n, state):
    out = np.empty(n, np.float32)
    for i in range(n):
        out[i] = rng.uniform(state)
    return out


@kernel
def integers(n, below, state):
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = rng.below(state, below)
    return out


def test_sigmoid_is_the_logistic_function():
    x = np.linspace(-30, 30, 100_001).astype(np.float32)
    exact = 1 / (1 + np.exp(-x.astype(np.float64)))
    assert np.abs(sigmoids(x) - exact).max() < 3e-7
    assert (np.diff(sigmoids(x)) >= -3e-7).all()  # monotone to rounding


def test_log_sigmoid_neither_overflows_nor_hides_nan():
    for x in (-1e4, -50.0, -1.0, 0.0, 1.0, 50.0, 1e4):
        assert functions.log_sigmoid(x) == pytest.approx(-np.logaddexp(0, -x), rel=1e-12)
    assert np.isnan(functions.log_sigmoid(np.nan))


def test_random_numbers_are_uniform_and_states_differ():
    u = uniforms(200_000, rng.seeded(1, 0, 0))
    assert u.min() >= 0
    assert u.max() < 1
    assert u.mean() == pytest.approx(0.5, abs=0.005)
    assert u.var() == pytest.approx(1 / 12, abs=0.002)
    counts = np.bincount(integers(100_000, 7, rng.seeded(2, 0, 0)), minlength=7)
    assert ((counts - 100_000 / 7) ** 2 / (100_000 / 7)).sum() < 25  # chi-square, 6 degrees
    states = {
        int(rng.seeded(*key)[0]) for key in itertools.product(range(4), range(20), range(200))
    }
    assert len(states) == 4 * 20 * 200


@pytest.mark.parametrize("power", [0.0, 0.5, 0.75, 1.0])
def test_alias_table_holds_the_distribution(power):
    counts = np.array([1000, 300, 300, 20, 5, 1, 1])
    weights = counts**power
    threshold, alias = noise.alias_table(weights.astype(np.float64))
    held = threshold.astype(np.float64) / 7
    np.add.at(held, alias, (1 - threshold.astype(np.float64)) / 7)
    np.testing.assert_allclose(held, weights / weights.sum(), atol=1e-7)
    drawn = np.bincount(draws(threshold, alias, 200_000, rng.seeded(3, 0, 0)), minlength=7)
    np.testing.assert_allclose(drawn / 200_000, weights / weights.sum(), atol=0.005)


def codes_of(counts):
    points, codes, offsets = huffman(np.array(counts, np.int64))
    spans = list(zip(offsets[:-1], offsets[1:], strict=True))
    return [tuple(codes[a:b]) for a, b in spans], [list(points[a:b]) for a, b in spans]


def test_worked_example_of_the_notes():
    """HCT: counts 2, 5, 7, 13 have weighted path length 48, a balanced tree 54."""
    counts = [13, 7, 5, 2]
    codes, points = codes_of(counts)
    assert [len(code) for code in codes] == [1, 2, 3, 3]
    assert sum(n * len(code) for n, code in zip(counts, codes, strict=True)) == 48
    assert sum(n * 2 for n in counts) == 54
    assert len({node for path in points for node in path}) == 3
    assert all(path[0] == 2 for path in points)  # every path begins at the root, the last node


@pytest.mark.parametrize("seed", range(30))
def test_huffman_is_optimal_and_prefix_free(seed):
    random = np.random.default_rng(seed)
    V = int(random.integers(2, 40))
    counts = np.sort(random.integers(1, 50, V))[::-1]
    codes, points = codes_of(counts)
    heap = list(map(int, counts))
    heapq.heapify(heap)
    best = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        best += merged
        heapq.heappush(heap, merged)
    assert sum(int(n) * len(code) for n, code in zip(counts, codes, strict=True)) == best
    assert sum(2.0 ** -len(code) for code in codes) == 1  # complete
    assert len(set(codes)) == V
    for a, b in itertools.permutations(codes, 2):
        assert b[: len(a)] != a
    # the turn at each inner node leads where the next one of the path is
    child = {}
    for w, (code, path) in enumerate(zip(codes, points, strict=True)):
        for node, bit, then in zip(path, code, [*path[1:], f"leaf {w}"], strict=True):
            assert child.setdefault((node, bit), then) == then
