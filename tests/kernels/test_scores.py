"""The best labels: against sorting all of them, the tree against going through every path."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.kernels import heap, scores
from firth.kernels.codes import Input
from firth.kernels.features import Types, WordNgrams
from firth.kernels.filling import Start, fill_start
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded_zeros

DIM = 5


def output(L, how, original=False, seed=1):
    U = padded_zeros(L, DIM)
    U[:, :DIM] = np.random.default_rng(seed).normal(size=(L, DIM)) * 2
    counts = np.sort(np.random.default_rng(seed).integers(1, 99, L))[::-1]
    children = scores.children_of(counts) if how == scores.TREE else np.empty((0, 2), np.int32)
    every = np.arange(L, dtype=np.int32)[None]
    return scores.Output(U, every, how, original, children), counts


def best(some, h, k, threshold):
    labels, p = np.full((1, k), 99, np.int32), np.full((1, k), 9, np.float32)
    H = padded_zeros(1, DIM)
    H[0, :DIM] = h
    work = scores.best_of_tree if some.how == scores.TREE else scores.best_of_all
    n = work(some, H, 0, scores.room_for(len(some.U)), k, threshold, labels, p, 0)
    assert (labels[0, n:] == -1).all()
    assert (p[0, n:] == 0).all()
    return labels[0, :n], p[0, :n]


def every_probability(some, counts, h):
    """float64[L]: by the equations, path by path."""
    x = some.U[:, :DIM].astype(float) @ h
    if some.how == scores.SOFTMAX:
        return np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    if some.how == scores.ONE_BY_ONE:
        return 1 / (1 + np.exp(-x))
    points, codes, offsets = huffman(counts)
    p = []
    for y in range(len(counts)):
        path = slice(offsets[y], offsets[y + 1])
        turn = 1 / (1 + np.exp(-x[points[path]]))
        p.append(np.where(codes[path] == 1, turn, 1 - turn).prod())
    return np.array(p)


@pytest.mark.parametrize("how", [scores.SOFTMAX, scores.ONE_BY_ONE, scores.TREE])
@pytest.mark.parametrize("L", [2, 3, 40])
@pytest.mark.parametrize("original", [False, True])
def test_the_best_of_all(how, L, original):
    some, counts = output(L, how, original)
    rng = np.random.default_rng(3)
    for threshold in (0.0, 0.1, 0.5):
        h = rng.normal(size=DIM)
        p = every_probability(some, counts, h)
        if how != scores.ONE_BY_ONE:
            assert p.sum() == pytest.approx(1)
        # a table of 512 steps, where the original has one
        rough = 0.008 if original and how == scores.ONE_BY_ONE else 2e-6
        for k in (1, 3, L):
            labels, found = best(some, h, min(k, L), threshold)
            np.testing.assert_allclose(found, p[labels], atol=rough)
            assert (np.diff(found) <= 0).all()
            # as fastText, the tree leaves out what has next to no probability
            least = max(threshold, 2e-5 if how == scores.TREE else 0)
            there = np.sort(p[p >= least + rough])[::-1][:k]
            assert len(labels) >= len(there)
            np.testing.assert_allclose(found[: len(there)], there, atol=rough)
            assert len(set(labels.tolist())) == len(labels)


def test_of_equals_the_most_frequent_is_the_best():
    some, _ = output(6, scores.SOFTMAX)
    assert best(some, np.zeros(DIM), 1, 0.0)[0].tolist() == [0]
    some, _ = output(6, scores.SOFTMAX, original=True)
    assert best(some, np.zeros(DIM), 1, 0.0)[0].tolist() == [5]  # its heap keeps the last


def test_the_steps_of_the_original():
    for x in (-9.0, -8.0, -1.03, 0.0, 0.02, 0.04, 7.99, 8.0, 9.0):
        table = 0 if x < -8 else 1 if x > 8 else None
        if table is None:
            place = int((x + 8) * 512 / 8 / 2)
            table = 1 / (1 + math.exp(-(place * 2 * 8 / 512 - 8)))
        assert scores.in_steps(np.float32(x)) == pytest.approx(table, rel=1e-6)


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 70))
@settings(max_examples=80, deadline=None)
def test_a_heap_keeps_the_greatest(numbers, k):
    keys, p = np.empty(k + 1, np.float32), np.empty(k + 1, np.float32)
    items = np.empty(k + 1, np.int64)
    n = 0
    for i, number in enumerate(numbers):
        n = heap.offer(keys, items, p, n, k, np.float32(number), i, np.float32(number) / 10)
        assert all(keys[(j - 1) // 2] <= keys[j] for j in range(1, n))
    heap.fall(keys, items, p, n)
    assert keys[:n].tolist() == heapq.nlargest(k, numbers)
    assert [numbers[i] for i in items[:n]] == keys[:n].tolist()
    assert len(set(items[:n].tolist())) == n
    np.testing.assert_allclose(p[:n] * 10, keys[:n], rtol=1e-6)


def test_lines_together_are_lines_alone():
    rng = np.random.default_rng(2)
    V, B = 30, 50
    W, Z = padded_zeros(V, DIM), padded_zeros(B, DIM)
    start = Start(DIM, 3.0, 1)
    fill_start(W, np.arange(V), start)
    fill_start(Z, np.arange(B), Start(DIM, 3.0, 2))
    inputs = Input(W, Z, start)
    hashes = rng.integers(-(2**31), 2**31, V + 1).astype(np.int32)
    rows = np.append(np.arange(V), -1).astype(np.int32)
    rows[::3] = -1
    none = np.empty(0, np.int32)
    types = Types(hashes, rows, np.empty(0, np.int64), none)
    runs = WordNgrams(2, B, none, none, np.empty(0, np.int64))
    ends = np.cumsum(rng.integers(0, 9, 100))
    ids = rng.integers(0, V, ends[-1]).astype(np.int32)
    some, _ = output(7, scores.SOFTMAX)

    def predicted(order, k=2):
        n = len(order)
        labels, p = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
        size = np.empty(n, np.int32)
        with np.errstate(over="ignore"):
            scores.score_lines(
                inputs, some, ids, ends, np.asarray(order), (0, n), types, runs, k, 0.0,
                labels, p, size,
            )  # fmt: skip
        return labels, p, size

    together = predicted(range(100))
    for line in range(0, 100, 7):
        alone = predicted([line])
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_array_equal(one[line], other[0])
    lengths = np.diff(ends, prepend=0)
    assert (together[2] >= lengths - 1).all()
    H = padded_zeros(100, DIM)
    with np.errstate(over="ignore"):
        scores.mean_lines(inputs, ids, ends, np.arange(100), (0, 100), types, runs, H)
    p = np.exp(H @ some.U.T)
    there = together[2] > 0
    assert 0 < there.sum() < 100
    np.testing.assert_array_equal(p.argmax(axis=1)[there], together[0][there, 0])
    assert (together[0][~there] == -1).all()


def test_random_rows_are_spread_evenly_and_none_is_zero():
    W = padded_zeros(5000, 20)
    fill_start(W, np.arange(5000), Start(20, 0.05, 7))
    inside = W[:, :20]
    assert not W[:, 20:].any()
    assert np.abs(inside).max() <= 0.05
    assert np.abs(inside).max(axis=1).min() > 0
    assert inside.mean() == pytest.approx(0, abs=3e-4)
    assert inside.std() == pytest.approx(0.05 / 3**0.5, rel=0.01)
    assert len(np.unique(inside)) > 95_000
    # neighbours have nothing to do with each other, nor have seeds
    flat = inside.ravel()
    assert abs(np.corrcoef(flat[:-1], flat[1:])[0, 1]) < 0.01
    other = padded_zeros(5000, 20)
    fill_start(other, np.arange(5000), Start(20, 0.05, 8))
    assert abs(np.corrcoef(flat, other[:, :20].ravel())[0, 1]) < 0.01


@pytest.mark.parametrize("how", [scores.SOFTMAX, scores.ONE_BY_ONE, scores.TREE])
def test_what_is_added_is_added_to_each_probability_on_the_way(how):
    some, counts = output(9, how)
    h = np.random.default_rng(3).normal(size=DIM)
    labels, p = best(some, h, 9, 0.0)
    again, more = best(some._replace(added=0.01), h, 9, 0.0)
    if how != scores.TREE:
        assert again.tolist() == labels.tolist()
        np.testing.assert_allclose(more, p + 0.01, rtol=1e-6)
        return
    points, codes, offsets = huffman(counts)
    x = some.U[:, :DIM].astype(float) @ h
    for label, found in zip(again, more, strict=True):
        path = slice(offsets[label], offsets[label + 1])
        turn = 1 / (1 + np.exp(-x[points[path]]))
        wanted = (np.where(codes[path] == 1, turn, 1 - turn) + 0.01).prod()
        assert found == pytest.approx(wanted, rel=1e-5)


def test_a_tree_of_one_label():
    some, _ = output(1, scores.TREE)
    assert best(some, np.ones(DIM), 1, 0.0)[1].tolist() == [1.0]
