"""Objectives of a classifier: a hidden row h predicts the labels of its text.

    softmax        J = u_y . h - log sum_l exp(u_l . h)                     Joulin et al. 2016, 2
    hierarchical   J = sum_k log s((2 b_k - 1) u_k . h), k on y's path through the Huffman tree
    negative       J = log s(u_y . h) + sum_n log s(-u_n . h), n drawn with P ~ count^noise_power,
                   drawn again while it is y
    one-vs-all     J = sum_l log s(+-u_l . h), + for each label of the text
    dJ/dh and dJ/du: (target - probability) times u, times h;  s(x) = 1 / (1 + e^-x)

b_k 0 or 1     the turn at inner node k: 1 at the second child, and 1 is what is learnt (fastText's
               files; word2vec.c learns 1 - b_k)
U float32[L, d]  output rows, one a label (inner nodes: the first L - 1 rows)

`step` moves U, adds rate dJ/dh to E[0], and returns -J. It is the plain rule, label after label at
the newest values where labels are drawn one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from firth.compiled import kernel
from firth.kernels.functions import log_sigmoid, sigmoid
from firth.kernels.linear import add_row, add_rows, dot, dot_rows
from firth.kernels.noise import draw
from firth.kernels.rng import below

f4 = np.float32


class SoftmaxLabels(NamedTuple):
    """One of the labels is right, and all are scored."""

    U: np.ndarray  # float32[L, d]
    every: np.ndarray  # int32[1, L]: 0, 1, 2, …


class TreeLabels(NamedTuple):
    """Hierarchical softmax; the tree is huffman.py's."""

    U: np.ndarray  # float32[L, d]
    points: np.ndarray  # int32[1, P]
    codes: np.ndarray  # uint8[P]
    offsets: np.ndarray  # int64[L + 1]


class SampledLabels(NamedTuple):
    """Negative sampling."""

    U: np.ndarray  # float32[L, d]
    threshold: np.ndarray  # float32[L]  the noise distribution (noise.py)
    alias: np.ndarray  # int32[L]
    negatives: int


class OneVsAll(NamedTuple):
    """Each label is a question of its own."""

    U: np.ndarray  # float32[L, d]
    every: np.ndarray  # int32[1, L]
    weight_other: np.ndarray  # float32[L]  weight of a text that does not bear the label


@kernel
def softmax_step(objective, H, E, gold, rate, weight, Z, rng):
    """`gold` int32[1 or more]: of these labels one is drawn."""
    U, every = objective
    L = U.shape[0]
    y = drawn(gold, rng)
    dot_rows(Z, 0, H, 0, U, every, 0, L)
    score = Z[0, y]
    log_z = softmax(Z, L)
    g = rate * weight[y]
    for j in range(L):
        Z[0, j] *= -g
    Z[0, y] += g
    add_rows(E, 0, Z, 0, U, every, 0, L)
    for j in range(L):
        add_row(U, j, Z[0, j], H, 0)
    return log_z - score


@kernel
def tree_step(objective, H, E, gold, rate, weight, Z, rng):
    U, points, codes, offsets = objective
    y = drawn(gold, rng)
    start = offsets[y]
    n = offsets[y + 1] - start
    g = rate * weight[y]
    loss = 0.0
    for k in range(n):
        node = np.int64(points[0, start + k])
        score = dot(H, 0, U, node)
        loss -= log_sigmoid(score if codes[start + k] == 1 else -score)
        x = g * (f4(codes[start + k]) - sigmoid(score))
        add_row(E, 0, x, U, node)
        add_row(U, node, x, H, 0)
    return loss


@kernel
def sampled_step(objective, H, E, gold, rate, weight, Z, rng):
    U, threshold, alias, negatives = objective
    y = drawn(gold, rng)
    g = rate * weight[y]
    loss = 0.0
    for k in range(negatives + 1):
        label = y
        while k > 0 and label == y:
            label = draw(threshold, alias, rng)
        score = dot(H, 0, U, label)
        loss -= log_sigmoid(score if k == 0 else -score)
        x = g * ((f4(1) if k == 0 else f4(0)) - sigmoid(score))
        add_row(E, 0, x, U, label)
        add_row(U, label, x, H, 0)
    return loss


@kernel
def one_vs_all_step(objective, H, E, gold, rate, weight, Z, rng):
    """All labels of the text count at once; none is drawn."""
    U, every, weight_other = objective
    L = U.shape[0]
    dot_rows(Z, 0, H, 0, U, every, 0, L)
    loss = 0.0
    for j in range(L):
        mine = False
        for label in gold:
            mine = mine or label == j
        score = Z[0, j]
        loss -= log_sigmoid(score if mine else -score)
        if mine:
            Z[0, j] = rate * weight[j] * (f4(1) - sigmoid(score))
        else:
            Z[0, j] = -rate * weight_other[j] * sigmoid(score)
    add_rows(E, 0, Z, 0, U, every, 0, L)
    for j in range(L):
        add_row(U, j, Z[0, j], H, 0)
    return loss


@kernel
def softmax(Z, L):
    """Z[0, :L] become probabilities; returns log sum_l exp(score_l) in float64."""
    top = Z[0, 0]
    for j in range(1, L):
        top = max(top, Z[0, j])
    total = 0.0
    for j in range(L):
        Z[0, j] = np.exp(Z[0, j] - top)
        total += Z[0, j]
    share = f4(1 / total)
    for j in range(L):
        Z[0, j] *= share
    return np.float64(top) + np.log(total)


@kernel
def drawn(gold, rng):
    """One of the labels, uniformly; nothing is drawn where there is one."""
    if gold.shape[0] == 1:
        return np.int64(gold[0])
    return np.int64(gold[below(rng, gold.shape[0])])


STEPS = {
    SoftmaxLabels: softmax_step,
    TreeLabels: tree_step,
    SampledLabels: sampled_step,
    OneVsAll: one_vs_all_step,
}


def step(objective, H, E, gold, rate, weight, Z, rng) -> float:
    """The step of whichever objective is given; its type chooses, when the caller is compiled.

    H float32[1, d] the hidden row; E float32[1, d]; gold int32[n]: the labels of the text.
    weight float32[L]: of a text with the label, on the rate.  Z float32[1, L or more]: room.
    """
    return STEPS[type(objective)](objective, H, E, gold, rate, weight, Z, rng)


@overload(step, jit_options={"nogil": True, "error_model": "numpy"})
def _step(objective, H, E, gold, rate, weight, Z, rng):
    if not isinstance(objective, types.BaseNamedTuple):
        return None
    function = STEPS[objective.instance_class]
    return lambda objective, H, E, gold, rate, weight, Z, rng: function(
        objective, H, E, gold, rate, weight, Z, rng
    )
