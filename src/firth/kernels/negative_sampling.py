"""Negative sampling: the true word against a few drawn ones.

    J(h, o) = log s(u_o . h) + sum_{n ~ P} log s(-u_n . h)              Mikolov 2013b, eq. 4
    P(w) ~ count(w)^noise_power;   s(x) = 1 / (1 + e^-x)
    dJ/dh = (1 - s(u_o . h)) u_o - sum_n s(u_n . h) u_n,   dJ/du likewise with h

h float32[d]      hidden row: what predicts         U float32[V, d]  output rows, one a word

Two kernels with one meaning. `pair` is the equations, one pair after another. `chunk` shares K
noise words among the T hidden rows of a chunk: each counts pairs x negatives / K, so that the
expected gradient is the same, and the products become three small matrix products.

Departs from word2vec.c: scores beyond +-6 still learn by the true sigmoid; in `chunk` a noise
word equal to a target is not dropped, and gradients are taken at the values the chunk began with.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.functions import log_sigmoid, sigmoid
from firth.kernels.linear import add_row, add_rows, copy_row, dot, dot_rows, prefetch_row, zero_rows
from firth.kernels.noise import draw
from firth.kernels.windows import Pairs

f4 = np.float32


class NegativeSampling(NamedTuple):
    """What the objective needs beside the hidden rows."""

    U: np.ndarray  # float32[V, d]
    threshold: np.ndarray  # float32[V]  the noise distribution (noise.py)
    alias: np.ndarray  # int32[V]
    negatives: int  # noise words a pair
    shared: int  # noise words a chunk
    learns: bool = True  # whether U moves; else only what the hidden rows are made of


@kernel
def pair(objective, H, h, E, e, o, rate, rng):
    """One pair: U moves (if it learns), E[e] += rate dJ/dh; returns -J."""
    U = objective.U
    loss = 0.0
    for k in range(objective.negatives + 1):
        if k == 0:
            w, label = np.int64(o), f4(1)
        else:
            w, label = draw(objective.threshold, objective.alias, rng), f4(0)
            if w == o:  # dropped, as in word2vec.c
                continue
        score = dot(H, h, U, w)
        loss -= log_sigmoid(score if k == 0 else -score)
        g = rate * (label - sigmoid(score))
        add_row(E, e, g, U, w)
        if objective.learns:
            add_row(U, w, g, H, h)
    return loss


@kernel
def chunk(objective, H, m: int, pairs: Pairs, n_words: int, E, rate, measure: bool, rng):
    """All pairs of a chunk; H float32[T, d], of which m rows are used.

    U moves, E float32[T, d] is set to rate dJ/dH. Returns the sum of -J over the pairs,
    expected over the noise, or 0 if it is not to be measured.
    """
    n_targets, words, place, n_hidden, hidden, target = pairs
    threshold, alias = objective.threshold, objective.alias
    U, K = objective.U, objective.shared
    T, most = words.shape
    noise = np.empty(K, np.int64)
    N = zero_rows(K, U.shape[1])
    for k in range(K):
        noise[k] = draw(threshold, alias, rng)
        prefetch_row(U, noise[k])
    for k in range(K):
        copy_row(N, k, U, noise[k])
    loss = 0.0

    # the noise: scores S, then S becomes the weights -rate w s(S)
    S = np.empty((T, K), np.float32)
    np.dot(H, N.T, S)
    for t in range(m):
        w = f4(n_targets[t] * objective.negatives) / f4(K)
        if measure:
            for k in range(K):
                loss -= w * log_sigmoid(-S[t, k])
    flat = S.ravel()
    for i in range(m * K):  # one long loop: short ones are not vectorised
        flat[i] = sigmoid(flat[i])
    for t in range(m):
        w = -rate * f4(n_targets[t] * objective.negatives) / f4(K)
        for k in range(K):
            S[t, k] *= w
    S[m:] = 0
    np.dot(S, N, E)

    # the true words: scores Z, then Z becomes the weights rate (1 - s(Z))
    Z = np.zeros((T, most), np.float32)
    for t in range(m):
        dot_rows(Z, t, H, t, U, words, t, n_targets[t])
    if measure:
        for t in range(m):
            for j in range(n_targets[t]):
                loss -= log_sigmoid(Z[t, j])
    flat = Z.ravel()
    for i in range(m * most):
        flat[i] = rate * (f4(1) - sigmoid(flat[i]))
    by_target = np.empty(hidden.shape, np.float32)
    flat = by_target.ravel()
    for t in range(m):
        n = n_targets[t]
        add_rows(E, t, Z, t, U, words, t, n)
        for j in range(n):
            flat[place[t, j]] = Z[t, j]
    if objective.learns:
        G = zero_rows(K, U.shape[1])
        np.dot(S.T, H, G)
        for c in range(n_words):
            add_rows(U, target[c], by_target, c, H, hidden, c, n_hidden[c])
        for k in range(K):
            add_row(U, noise[k], f4(1), G, k)
    return loss
