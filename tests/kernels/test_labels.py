"""The objectives of the classifier: against float64 twins, central differences, brute force."""

import itertools

import numpy as np
import pytest

from firth.compiled import kernel
from firth.kernels import labels, noise, rng
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded_zeros
from firth.kernels.noise import alias_table

L, DIM, RATE, NEGATIVES = 9, 7, np.float32(1e-2), 4
COUNTS = np.array([40, 25, 12, 12, 9, 7, 3, 1, 1])
WEIGHT = np.linspace(0.5, 2, L).astype(np.float32)
OTHER = np.linspace(1.5, 0.7, L).astype(np.float32)
NAMES = ("softmax", "tree", "sampled", "one-vs-all")
GOLD = np.array([2], np.int32)
#: float32 against float64, after a division by the rate
CLOSE = {"rtol": 2e-4, "atol": 2e-5}


def matrix(rows, seed):
    M = padded_zeros(rows, DIM)
    M[:, :DIM] = np.random.default_rng(seed).normal(size=(rows, DIM)) * 0.7
    return M


def objective(name):
    U = matrix(L, 2)
    every = np.arange(L, dtype=np.int32)[None]
    if name == "softmax":
        return labels.SoftmaxLabels(U, every)
    if name == "one-vs-all":
        return labels.OneVsAll(U, every, OTHER)
    if name == "tree":
        points, codes, offsets = huffman(COUNTS)
        return labels.TreeLabels(U, points[None], codes, offsets)
    return labels.SampledLabels(U, *alias_table(COUNTS**0.5), NEGATIVES)


@kernel
def run(objective, H, E, gold, rate, weight, Z, state):
    return labels.step(objective, H, E, gold, rate, weight, Z, state)


@kernel
def draws(threshold, alias, state, n):
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = noise.draw(threshold, alias, state)
    return out


def log_s(x):
    return -np.logaddexp(0, -x)


def written(name, objective, h, U, gold, drawn):
    """-J of the head of the file in float64, and the weight of each output row's part of it."""
    y = gold[0]
    if name == "softmax":
        scores = U @ h
        return np.log(np.exp(scores).sum()) - scores[y]
    if name == "tree":
        path = slice(objective.offsets[y], objective.offsets[y + 1])
        turn = objective.codes[path].astype(float)
        return -log_s((2 * turn - 1) * (U[objective.points[0, path]] @ h)).sum()
    if name == "sampled":
        return -log_s(U[y] @ h) - log_s(-(U[drawn] @ h)).sum()
    sign = np.where(np.isin(np.arange(L), gold), 1.0, -1.0)
    return -log_s(sign * (U @ h)).sum()


def weighted(name, objective, h, U, gold, drawn):
    """What is descended: the loss with its weights."""
    if name != "one-vs-all":
        return WEIGHT[gold[0]] * written(name, objective, h, U, gold, drawn)
    mine = np.isin(np.arange(L), gold)
    sign = np.where(mine, 1.0, -1.0)
    return -(np.where(mine, WEIGHT, OTHER) * log_s(sign * (U @ h))).sum()


def drawn_labels(objective, y, state):
    """What negative sampling draws: again while it is the true one."""
    found = []
    while len(found) < objective.negatives:
        (label,) = draws(objective.threshold, objective.alias, state, 1)
        if label != y:
            found.append(label)
    return np.array(found)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_the_step_descends_the_written_loss(name, seed):
    found = objective(name)
    gold = np.array([seed * 2, 5], np.int32) if name == "one-vs-all" else GOLD
    H, E = matrix(1, seed + 10), matrix(1, 99)
    E[:] = 0
    U, h = found.U[:, :DIM].astype(float), H[0, :DIM].astype(float)
    drawn = np.zeros(0, np.int64)
    if name == "sampled":
        # a label drawn twice moves twice: choose a seed that draws different ones
        seed = next(
            s
            for s in range(seed * 100, 10_000)
            if len(set(drawn_labels(found, 2, rng.seeded(s, 0, 0)))) == NEGATIVES
        )
        drawn = drawn_labels(found, 2, rng.seeded(seed, 0, 0))
    before = found.U.copy()
    Z = np.empty((1, L), np.float32)
    loss = run(found, H, E, gold, RATE, WEIGHT, Z, rng.seeded(seed, 0, 0))
    assert loss == pytest.approx(written(name, found, h, U, gold, drawn), rel=1e-5)

    def at(h, U):
        return weighted(name, found, h, U, gold, drawn)

    step = 1e-5
    for k in range(DIM):
        e = np.zeros(DIM)
        e[k] = step
        slope = (at(h + e, U) - at(h - e, U)) / (2 * step)
        assert E[0, k] / RATE == pytest.approx(-slope, rel=2e-4, abs=2e-5)
    moved = (found.U - before)[:, :DIM] / RATE
    for row, k in itertools.product(range(L), range(0, DIM, 3)):
        e = np.zeros((L, DIM))
        e[row, k] = step
        slope = (at(h, U + e) - at(h, U - e)) / (2 * step)
        np.testing.assert_allclose(moved[row, k], -slope, **CLOSE)
    assert not found.U[:, DIM:].any()
    assert not E[0, DIM:].any()


def test_the_paths_of_the_tree_share_out_all_probability():
    found = objective("tree")
    h = matrix(1, 4)
    total = 0.0
    for y in range(L):
        some = objective("tree")
        E, Z = padded_zeros(1, DIM), np.empty((1, L), np.float32)
        gold = np.array([y], np.int32)
        total += np.exp(-run(some, h, E, gold, np.float32(0), WEIGHT, Z, rng.seeded(1, 0, 0)))
        assert (some.U == found.U).all()  # the rate was 0
    assert total == pytest.approx(1, abs=1e-6)


def test_a_code_of_one_is_what_is_learnt():
    """fastText's files: the second child is the positive one (word2vec.c: the first)."""
    found = objective("tree")
    E, Z = padded_zeros(1, DIM), np.empty((1, L), np.float32)
    H = matrix(1, 4)
    y = int(np.argmax(found.codes[found.offsets[:-1]]))  # its path begins with a second child
    node = found.points[0, found.offsets[y]]
    before = found.U[node] @ H[0]
    run(found, H, E, np.array([y], np.int32), np.float32(0.1), WEIGHT, Z, rng.seeded(1, 0, 0))
    assert found.U[node] @ H[0] > before


def test_the_true_label_is_never_noise():
    some = labels.SampledLabels(matrix(2, 2), *alias_table(np.array([1e6, 1.0])), 3)
    H, Z = matrix(1, 4), np.empty((1, 2), np.float32)
    U = some.U.copy()
    E = padded_zeros(1, DIM)
    gold = np.array([0], np.int32)
    run(some, H, E, gold, np.float32(1e-3), np.ones(2, np.float32), Z, rng.seeded(1, 0, 0))
    towards = (some.U - U) @ H[0]
    assert towards[0] > 0  # though it is nearly all of the noise
    assert towards[1] < 0


def test_one_of_several_labels_is_drawn():
    @kernel
    def many(gold, n, state):
        out = np.empty(n, np.int64)
        for i in range(n):
            out[i] = labels.drawn(gold, state)
        return out

    found = many(np.array([3, 5, 8], np.int32), 3000, rng.seeded(1, 2, 3))
    assert set(found.tolist()) == {3, 5, 8}
    assert np.bincount(found)[[3, 5, 8]] == pytest.approx(1000, abs=120)
