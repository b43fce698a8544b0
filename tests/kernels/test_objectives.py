"""Each objective: its kernels against central differences of the written loss, and against a
plain float64 twin."""

import numpy as np
import pytest

from firth.compiled import kernel
from firth.kernels import (
    hierarchical_softmax,
    negative_sampling,
    noise,
    rng,
    sampled_softmax,
    softmax,
    windows,
)
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded_zeros

V, DIM, RATE = 12, 10, 1e-2
COUNTS = np.array([90, 60, 40, 30, 20, 15, 12, 9, 6, 4, 2, 1])
POWER, NEGATIVES, SHARED, SAMPLES = 0.75, 5, 8, 6


def matrix(rows, seed, scale=0.5):
    M = padded_zeros(rows, DIM)
    M[:, :DIM] = np.random.default_rng(seed).normal(size=(rows, DIM)) * scale
    return M


def tables():
    return noise.alias_table(COUNTS.astype(np.float64) ** POWER)


def objective(name):
    if name == "hierarchical-softmax":
        points, codes, offsets = huffman(COUNTS)
        return hierarchical_softmax.HierarchicalSoftmax(
            matrix(V - 1, 2), points, codes, offsets, int(np.diff(offsets).max())
        )
    if name == "softmax":
        return softmax.Softmax(matrix(V, 2))
    if name == "sampled-softmax":
        weights = COUNTS**POWER
        expected = np.log(SAMPLES * weights / weights.sum()).astype(np.float32)
        return sampled_softmax.SampledSoftmax(matrix(V, 2), *tables(), expected, SAMPLES)
    return negative_sampling.NegativeSampling(matrix(V, 2), *tables(), NEGATIVES, SHARED)


MODULES = {
    "negative-sampling": negative_sampling,
    "hierarchical-softmax": hierarchical_softmax,
    "softmax": softmax,
    "sampled-softmax": sampled_softmax,
}


@kernel
def drawn(threshold, alias, n, state):
    out = np.empty(n, np.int64)
    for i in range(n):
        out[i] = noise.draw(threshold, alias, state)
    return out


def log_s(x):
    return -np.logaddexp(0, -x)


def written_loss(name, objective, h, U, o, words):
    """-J(h, o) of the head of each file, in float64; `words` are the drawn ones."""
    if name == "hierarchical-softmax":
        path = slice(objective.offsets[o], objective.offsets[o + 1])
        sign = 1 - 2 * objective.codes[path].astype(float)
        return -log_s(sign * (U[objective.points[path]] @ h)).sum()
    if name == "softmax":
        scores = U @ h
        return np.log(np.exp(scores).sum()) - scores[o]
    words = words[words != o]
    if name == "sampled-softmax":
        q = U @ h - objective.log_expected.astype(float)
        return np.log(np.exp(q[o]) + np.exp(q[words]).sum()) - q[o]
    return -log_s(U[o] @ h) - log_s(-(U[words] @ h)).sum()


def draws_of_pair(name, objective, state):
    n = {"negative-sampling": NEGATIVES, "sampled-softmax": SAMPLES}.get(name, 0)
    return drawn(objective.threshold, objective.alias, n, state) if n else np.zeros(0, np.int64)


def central_differences(loss, x, step=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (loss(up) - loss(down)) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("seed", range(4))
def test_pair_is_the_gradient_of_the_written_loss(name, seed):
    parts = objective(name)
    H, E = matrix(3, 7 + seed, scale=1.0), padded_zeros(1, DIM)
    o = [0, 3, 11, 6][seed]
    words = draws_of_pair(name, parts, rng.seeded(seed, 0, 0))
    h = H[1].astype(np.float64)
    # a word drawn twice takes two steps, the second from where the first left it: at a small
    # rate that is beyond the digits compared here
    U = parts.U.astype(np.float64)
    rate = 1e-4
    got = MODULES[name].pair(parts, H, 1, E, 0, o, np.float32(rate), rng.seeded(seed, 0, 0))
    assert got == pytest.approx(written_loss(name, parts, h, U, o, words), rel=2e-4)
    by_h = central_differences(lambda x: written_loss(name, parts, x, U, o, words), h)
    by_u = central_differences(lambda x: written_loss(name, parts, h, x, o, words), U)
    np.testing.assert_allclose(E[0] / -rate, by_h, rtol=2e-3, atol=2e-4)
    # float32 rows of size 1 keep a step of 1e-4 to some 6e-4 of its size
    np.testing.assert_allclose((parts.U - U) / -rate, by_u, rtol=5e-3, atol=1e-3)
    assert np.abs(by_u).max() > 0.1


def made_pairs(window=2):
    """The pairs of two lines, as window_pairs gives them."""
    word = np.array([0, 3, 5, 0, 7, 2, 2, 9], np.int64)
    first = np.array([0, 0, 0, 0, 0, 5, 5, 5], np.int64)
    last = np.array([5, 5, 5, 5, 5, 8, 8, 8], np.int64)
    T = len(word) + 3  # more room than tokens: the last chunk of a block
    pairs = windows.empty_pairs(T, T + 2 * window, 2 * window)
    begin, targets, n = windows.window_pairs(
        word, first, last, 0, len(word), window, False, pairs, rng.seeded(1, 0, 0)
    )
    assert begin == 0
    listed = [
        (t, int(c))
        for t in range(len(word))
        for c in range(len(word))
        if t != c and abs(t - c) <= window and first[t] <= c < last[t]
    ]
    assert n == len(listed)
    return word, T, pairs, targets, listed


@pytest.mark.parametrize("name", MODULES)
def test_chunk_is_the_float64_twin(name):
    word, T, pairs, targets, listed = made_pairs()
    m = len(word)
    parts = objective(name)
    H, E = padded_zeros(T, DIM), padded_zeros(T, DIM)
    H[:m, :DIM] = np.random.default_rng(5).normal(size=(m, DIM))
    E[:] = 99  # must be overwritten
    U = parts.U.astype(np.float64)
    A = H.astype(np.float64)
    expected_e, expected_u, loss = twin(name, parts, A, U, word, targets, listed)
    got = MODULES[name].chunk(
        parts, H, m, pairs, targets, E, np.float32(RATE), True, rng.seeded(9, 0, 0)
    )
    assert got == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(E[:m], expected_e[:m], rtol=1e-3, atol=2e-6)
    np.testing.assert_allclose(parts.U, expected_u, rtol=1e-4, atol=2e-6)


def twin(name, parts, A, U, word, targets, listed):
    """(E, U, loss) of a chunk, pair by pair in float64."""
    E, old, loss = np.zeros_like(A), U.copy(), 0.0
    U = U.copy()
    s = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731  (one line, as in the paper)
    if name == "hierarchical-softmax":
        for c in range(targets):  # U moves target by target
            hidden = [t for t, target in listed if target == c]
            path = slice(parts.offsets[word[c]], parts.offsets[word[c] + 1])
            step = np.zeros_like(U)
            for t in hidden:
                for node, bit in zip(parts.points[path], parts.codes[path], strict=True):
                    score = U[node] @ A[t]
                    loss -= log_s(score if bit == 0 else -score)
                    g = RATE * (1 - bit - s(score))
                    E[t] += g * U[node]
                    step[node] += g * A[t]
            U += step
        return E, U, loss
    if name == "softmax":
        for t, c in listed:
            p = np.exp(old @ A[t])
            p /= p.sum()
            loss -= np.log(p[word[c]])
            g = -RATE * p
            g[word[c]] += RATE
            E[t] += g @ old
            U += np.outer(g, A[t])
        return E, U, loss
    K = SHARED if name == "negative-sampling" else SAMPLES
    words = drawn(parts.threshold, parts.alias, K, rng.seeded(9, 0, 0))
    for t, c in listed:
        o = word[c]
        if name == "negative-sampling":
            loss -= log_s(old[o] @ A[t])
            g = RATE * (1 - s(old[o] @ A[t]))
            E[t] += g * old[o]
            U[o] += g * A[t]
            for w in words:
                loss -= NEGATIVES / K * log_s(-(old[w] @ A[t]))
                g = -RATE * NEGATIVES / K * s(old[w] @ A[t])
                E[t] += g * old[w]
                U[w] += g * A[t]
            continue
        kept = [o, *words[words != o]]
        q = old[kept] @ A[t] - parts.log_expected[kept].astype(float)
        p = np.exp(q) / np.exp(q).sum()
        loss -= np.log(p[0])
        for i, w in enumerate(kept):
            g = RATE * ((i == 0) - p[i])
            E[t] += g * old[w]
            U[w] += g * A[t]
    return E, U, loss


@pytest.mark.parametrize("name", MODULES)
def test_rate_zero_measures_and_moves_nothing(name):
    word, T, pairs, targets, _ = made_pairs()
    parts = objective(name)
    H, E = padded_zeros(T, DIM), padded_zeros(T, DIM)
    H[: len(word), :DIM] = 1
    before = parts.U.copy()
    state = rng.seeded(9, 0, 0)
    zero = np.float32(0)
    loss = MODULES[name].chunk(parts, H, len(word), pairs, targets, E, zero, True, state)
    assert loss > 0
    np.testing.assert_array_equal(parts.U, before)
    assert not E[: len(word)].any()


def test_sampled_softmax_tends_to_the_full_one():
    """Drawing very many words, its gradient is the full softmax's; with few it is not."""
    H, o = matrix(1, 3, scale=1.0), 3
    full, E = softmax.Softmax(matrix(V, 2)), padded_zeros(1, DIM)
    softmax.pair(full, H, 0, E, 0, o, np.float32(1), rng.seeded(0, 0, 0))
    errors = {}
    for samples in (2, 20_000):
        weights = COUNTS**POWER
        expected = np.log(samples * weights / weights.sum()).astype(np.float32)
        parts = sampled_softmax.SampledSoftmax(matrix(V, 2), *tables(), expected, samples)
        e = padded_zeros(1, DIM)
        sampled_softmax.pair(parts, H, 0, e, 0, o, np.float32(1e-6), rng.seeded(1, 0, 0))
        errors[samples] = np.abs(e * 1e6 - E).max()
    assert errors[2] > 0.1
    assert errors[20_000] < 0.06


def test_negative_sampling_touches_six_rows():
    """HCT: one pair with 5 negatives moves 6 of 10,000 output rows: 0.06 % of the weights."""
    threshold, alias = noise.alias_table(np.ones(10_000))
    U = padded_zeros(10_000, 300)
    parts = negative_sampling.NegativeSampling(U, threshold, alias, 5, 32)
    H, E = padded_zeros(1, 300), padded_zeros(1, 300)
    H[:] = 0.1
    negative_sampling.pair(parts, H, 0, E, 0, 42, np.float32(0.025), rng.seeded(4, 0, 0))
    moved = int(U.any(axis=1).sum())
    assert moved == 6
    assert moved / 10_000 == 0.0006
