"""Sampled softmax: the softmax over the true word and K drawn ones.

    J(h, o) = q_o - log(exp q_o + sum_{k in sample, k != o} exp q_k)    Jean 2015, eq. 8; EMB
    q_w = u_w . h - log(K P(w)):  the score less the log of how often w is expected in the sample
    P(w) ~ count(w)^noise_power

h float32[d]      hidden row: what predicts         U float32[V, d]  output rows, one a word

Unlike negative sampling this tends to the full softmax as K grows. A sampled word equal to the
true one is left out (an accidental hit). `pair` draws a sample for each pair; `chunk` draws one
for all the pairs of a chunk.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.linear import add_row, copy_row, dot, dot_rows, zero_rows
from firth.kernels.noise import draw
from firth.kernels.windows import Pairs

f4 = np.float32


class SampledSoftmax(NamedTuple):
    """What the objective needs beside the hidden rows."""

    U: np.ndarray  # float32[V, d]
    threshold: np.ndarray  # float32[V]  the noise distribution (noise.py)
    alias: np.ndarray  # int32[V]
    log_expected: np.ndarray  # float32[V]  log(K P(w))
    samples: int  # K
    learns: bool = True  # whether U moves; else only what the hidden rows are made of


@kernel
def pair(objective, H, h, E, e, o, rate, rng):
    """One pair: U moves (if it learns), E[e] += rate dJ/dh; returns -J."""
    U, K = objective.U, objective.samples
    words = np.empty(K + 1, np.int64)
    q = np.empty(K + 1, np.float32)
    words[0] = o
    n = 1
    for _ in range(K):
        w = draw(objective.threshold, objective.alias, rng)
        if w != o:
            words[n] = w
            n += 1
    for i in range(n):
        q[i] = dot(H, h, U, words[i]) - objective.log_expected[words[i]]
    top = q[:n].max()
    total = 0.0
    for i in range(n):
        total += np.exp(q[i] - top)
    loss = top + np.log(total) - q[0]
    for i in range(n):
        p = np.exp(q[i] - top) / f4(total)
        q[i] = rate * ((f4(1) if i == 0 else f4(0)) - p)
    for i in range(n):
        add_row(E, e, q[i], U, words[i])
    if objective.learns:
        for i in range(n):
            add_row(U, words[i], q[i], H, h)
    return loss


@kernel
def chunk(objective, H, m: int, pairs: Pairs, n_words: int, E, rate, measure: bool, rng):
    """All pairs of a chunk; H float32[T, d], of which m rows are used.

    U moves, E float32[T, d] is set to rate dJ/dH. Returns the sum of -J over the pairs, or 0 if
    it is not to be measured.
    """
    n_targets = pairs.n_targets
    words = pairs.words
    threshold, alias, log_expected = objective.threshold, objective.alias, objective.log_expected
    U, K = objective.U, objective.samples
    T, most = words.shape
    sample = np.empty(K, np.int64)
    N = zero_rows(K, U.shape[1])
    for k in range(K):
        sample[k] = draw(threshold, alias, rng)
        copy_row(N, k, U, sample[k])
    S = np.empty((T, K), np.float32)
    np.dot(H, N.T, S)
    Z = np.zeros((T, most), np.float32)
    weight = np.empty(K, np.float32)
    loss = 0.0
    for t in range(m):
        n = n_targets[t]
        dot_rows(Z, t, H, t, U, words, t, n)
        top = f4(-np.inf)
        for k in range(K):
            S[t, k] -= log_expected[sample[k]]
            top = max(top, S[t, k])
        for j in range(n):
            Z[t, j] -= log_expected[words[t, j]]
            top = max(top, Z[t, j])
        for k in range(K):
            S[t, k] = np.exp(S[t, k] - top)
            weight[k] = 0
        for j in range(n):
            o = words[t, j]
            true = np.exp(Z[t, j] - top)
            total = true
            for k in range(K):
                if sample[k] != o:
                    total += S[t, k]
            loss += np.log(total) - (Z[t, j] - top)
            for k in range(K):
                if sample[k] != o:
                    weight[k] += f4(1) / total
            Z[t, j] = rate * (f4(1) - true / total)
        for k in range(K):
            S[t, k] *= -rate * weight[k]
    S[m:] = 0
    G = zero_rows(K, U.shape[1])
    np.dot(S, N, E)
    np.dot(S.T, H, G)
    for t in range(m):
        for j in range(n_targets[t]):
            add_row(E, t, Z[t, j], U, words[t, j])
    if objective.learns:
        for t in range(m):
            for j in range(n_targets[t]):
                add_row(U, words[t, j], Z[t, j], H, t)
        for k in range(K):
            add_row(U, sample[k], f4(1), G, k)
    return loss if measure else 0.0
