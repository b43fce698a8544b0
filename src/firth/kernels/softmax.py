"""The full softmax: the definition of word2vec, for small vocabularies.

    J(h, o) = u_o . h - log Z(h),   Z(h) = sum_w exp(u_w . h)           Mikolov 2013b, eq. 2
    dJ/dh = u_o - sum_w p_w u_w;   dJ/du_w = ([w = o] - p_w) h;   p_w = exp(u_w . h) / Z(h)

h float32[d]      hidden row: what predicts         U float32[V, d]  output rows, one a word

Every pair costs V products, so a vocabulary beyond some ten thousand words is slow.
`pair` is the equations; `chunk` does T hidden rows in three matrix products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.linear import add_row, dot
from firth.kernels.windows import Pairs

f4 = np.float32


class Softmax(NamedTuple):
    """What the objective needs beside the hidden rows."""

    U: np.ndarray  # float32[V, d]
    learns: bool = True  # whether U moves; else only what the hidden rows are made of


@kernel
def normalise(scores):
    """scores float32[V] become probabilities in place; returns log Z in float64."""
    top = np.float64(scores.max())
    total = 0.0
    for w in range(scores.shape[0]):
        p = np.exp(scores[w] - f4(top))
        scores[w] = p
        total += p
    scale = f4(1.0 / total)
    for w in range(scores.shape[0]):
        scores[w] *= scale
    return top + np.log(total)


@kernel
def pair(objective, H, h, E, e, o, rate, rng):
    """One pair: U moves (if it learns), E[e] += rate dJ/dh; returns -J."""
    U = objective.U
    V = U.shape[0]
    p = np.empty(V, np.float32)
    for w in range(V):
        p[w] = dot(H, h, U, w)
    score = p[o]
    log_z = normalise(p)
    for w in range(V):
        g = rate * ((f4(1) if w == o else f4(0)) - p[w])
        add_row(E, e, g, U, w)
        if objective.learns:
            add_row(U, w, g, H, h)
    return log_z - score


@kernel
def chunk(objective, H, m: int, pairs: Pairs, n_words: int, E, rate, measure: bool, rng):
    """All pairs of a chunk; H float32[T, d], of which m rows are used.

    U moves, E float32[T, d] is set to rate dJ/dH. Returns the sum of -J over the pairs, or 0 if
    it is not to be measured.
    """
    n_targets = pairs.n_targets
    words = pairs.words
    U = objective.U
    P = np.empty((H.shape[0], U.shape[0]), np.float32)
    np.dot(H, U.T, P)
    loss = 0.0
    for t in range(m):
        n = n_targets[t]
        for j in range(n):
            loss -= P[t, words[t, j]]
        loss += n * normalise(P[t])
        P[t] *= -rate * f4(n)
        for j in range(n):
            P[t, words[t, j]] += rate
    P[m:] = 0
    np.dot(P, U, E)
    if objective.learns:
        G = np.empty_like(U)
        np.dot(P.T, H, G)
        U += G
    return loss if measure else 0.0
