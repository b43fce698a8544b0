"""Hierarchical softmax: a word is the sequence of turns to its leaf in the Huffman tree.

    J(h, o) = sum_{k on the path of o} log s((1 - 2 b_k) u_k . h)       Mikolov 2013b, eq. 3
    dJ/dh = sum_k (1 - b_k - s(u_k . h)) u_k;   dJ/du_k = (1 - b_k - s(u_k . h)) h

b_k 0 or 1        the turn at inner node k          U float32[V - 1, d]  one row an inner node

`pair` is the equations. `chunk` takes each target's path once for all the hidden rows that
predict it; U moves target by target, the hidden rows keep the values the chunk began with.

Departs from word2vec.c: pairs with |u . h| >= 6 are not skipped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.functions import log_sigmoid, sigmoid
from firth.kernels.linear import add_block, add_row, dot, dot_block, prefetch_row
from firth.kernels.windows import Pairs

f4 = np.float32


class HierarchicalSoftmax(NamedTuple):
    """What the objective needs beside the hidden rows; the tree is huffman.py's."""

    U: np.ndarray  # float32[V - 1, d]
    points: np.ndarray  # int32[P]
    codes: np.ndarray  # uint8[P]
    offsets: np.ndarray  # int64[V + 1]
    deepest: int  # the longest path
    learns: bool = True  # whether U moves; else only what the hidden rows are made of


@kernel
def pair(objective, H, h, E, e, o, rate, rng):
    """One pair: U moves (if it learns), E[e] += rate dJ/dh; returns -J."""
    U = objective.U
    loss = 0.0
    for k in range(objective.offsets[o], objective.offsets[o + 1]):
        node = np.int64(objective.points[k])
        label = f4(1) - f4(objective.codes[k])
        score = dot(H, h, U, node)
        loss -= log_sigmoid(score if label == 1 else -score)
        g = rate * (label - sigmoid(score))
        add_row(E, e, g, U, node)
        if objective.learns:
            add_row(U, node, g, H, h)
    return loss


@kernel
def chunk(objective, H, m: int, pairs: Pairs, n_words: int, E, rate, measure: bool, rng):
    """All pairs of a chunk; H float32[T, d], of which m rows are used.

    U moves, E float32[T, d] is set to rate dJ/dH. Returns the sum of -J over the pairs, or 0 if
    it is not to be measured.
    """
    n_targets, words, place, n_hidden, hidden, target = pairs
    points, codes, offsets = objective.points, objective.codes, objective.offsets
    U, deepest, most = objective.U, objective.deepest, hidden.shape[1]
    E[:] = 0
    nodes = np.empty((1, deepest), np.int64)
    label = np.empty(deepest, np.float32)
    by_node = np.zeros((deepest, most), np.float32)
    flat = by_node.ravel()
    by_hidden = np.empty((most, deepest), np.float32)
    loss = 0.0
    for c in range(n_words):
        if c + 1 < n_words:
            after = target[c + 1]
            for k in range(offsets[after], offsets[after + 1]):
                prefetch_row(U, np.int64(points[k]))
        n = n_hidden[c]
        if n == 0:
            continue
        start = offsets[target[c]]
        length = offsets[target[c] + 1] - start
        for k in range(length):
            nodes[0, k] = points[start + k]
            label[k] = f4(1) - f4(codes[start + k])
        dot_block(by_node, U, nodes, 0, length, H, hidden, c, n)
        if measure:
            for k in range(length):
                for i in range(n):
                    score = by_node[k, i]
                    loss -= log_sigmoid(score if label[k] == 1 else -score)
        for i in range(length * most):  # one long loop: short ones are not vectorised
            flat[i] = sigmoid(flat[i])
        for k in range(length):
            for i in range(n):
                g = rate * (label[k] - by_node[k, i])
                by_node[k, i] = g
                by_hidden[i, k] = g
        add_block(E, hidden, c, n, by_hidden, U, nodes, 0, length)
        if objective.learns:
            add_block(U, nodes, 0, length, by_node, H, hidden, c, n)
    return loss
