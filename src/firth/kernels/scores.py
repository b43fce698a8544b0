"""The best labels of texts, and their probabilities.

    softmax      p_l = exp(u_l . h) / sum_m exp(u_m . h)
    one by one   p_l = s(u_l . h)                     (one-vs-all, negative sampling)
    tree         p_l = product over the path of l of s(+-u_k . h)

The tree is searched from its root, depth first; a branch is left as soon as its probability cannot
reach the k-th best or the threshold any more. As in fastText, each probability on the way has
1e-5 added for that comparison, and the threshold too.

Files of fastText (`original`) answer to the letter: scores are compared as logarithms in float32,
equals are ordered by its heap, and single logistic functions are read from a table of 512 steps.
For models of ours the best of equals is the first of them, the most frequent label.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.codes import mean_row
from firth.kernels.features import room, rows_of_lines
from firth.kernels.functions import sigmoid
from firth.kernels.heap import fall, offer
from firth.kernels.labels import softmax
from firth.kernels.linear import dot, dot_rows, zero_rows

f4 = np.float32
SOFTMAX, ONE_BY_ONE, TREE = range(3)
#: what fastText adds to a probability before it takes the logarithm
OFFSET = 1e-5
TOGETHER = 4096


class Output(NamedTuple):
    """How a hidden row becomes probabilities."""

    U: np.ndarray  # float32[L, padded(dim)]
    every: np.ndarray  # int32[1, L]: 0, 1, 2, …
    how: int  # SOFTMAX, …
    original: bool  # as fastText, to the letter
    children: np.ndarray  # int32[L - 1, 2] of each inner node; -1 - l is leaf l; empty: no tree
    added: float = 0.0  # to each probability on the way, when it is handed over


@kernel
def in_steps(x):
    """s(x) as fastText's table has it: 512 steps from -8 to 8, beyond them 0 and 1."""
    if x < -8:
        return f4(0)
    if x > 8:
        return f4(1)
    step = int((x + f4(8)) * f4(512) / f4(8) / f4(2))
    return f4(1 / (1 + math.exp(8 - step / 32)))


@kernel
def key_of(probability):
    """What fastText compares: the logarithm, in float32."""
    return f4(math.log(np.float64(probability) + OFFSET))


@kernel
def best_of_all(output, H, h, room, k, threshold, labels, p, row):
    """The k best of all labels into labels[row], p[row]; returns how many reach the threshold."""
    U, every, how, original, _, added = output
    Z, keys, items, chosen, _, _, _ = room
    L = U.shape[0]
    dot_rows(Z, 0, H, h, U, every, 0, L)
    if how == SOFTMAX:
        softmax(Z, L)
    elif original:
        for j in range(L):
            Z[0, j] = in_steps(Z[0, j])
    else:
        for j in range(L):
            Z[0, j] = sigmoid(Z[0, j])
    n = 0
    for i in range(L):
        # of equals the heap keeps the later one
        j = i if original else L - 1 - i
        x = Z[0, j]
        if x >= threshold:
            n = offer(keys, items, chosen, n, k, key_of(x) if original else x, j, x)
    fall(keys, items, chosen, n)
    hand_over(items, chosen, n, labels, p, row, added)
    return n


@kernel
def best_of_tree(output, H, h, room, k, threshold, labels, p, row):
    """As `best_of_all`, for hierarchical softmax."""
    U, _, _, original, children, added = output
    _, keys, items, chosen, nodes, logs, products = room
    n = 0
    least = f4(math.log(threshold + OFFSET))
    nodes[0] = children.shape[0] - 1
    logs[0] = 0
    products[0] = 1.0
    left = 1
    while left:
        left -= 1
        node, log, product = nodes[left], logs[left], products[left]
        key = log if original else f4(product)
        if log < least or (n == k and key < keys[0]):
            continue
        if node < 0:
            n = offer(keys, items, chosen, n, k, key, -1 - node, f4(product))
            continue
        power = math.exp(-np.float64(dot(H, h, U, node)))
        x = 1 / (1 + power)
        if original:  # which rounds to float32 on the way
            x = np.float64(f4(1 / np.float64(f4(1) + f4(power))))
        # the first child is done first: it goes on top
        for side in (1, 0):
            turn = x if side == 1 else 1 - x
            nodes[left] = children[node, side]
            logs[left] = log + key_of(turn)
            products[left] = product * (turn + added)
            left += 1
    fall(keys, items, chosen, n)
    hand_over(items, chosen, n, labels, p, row, 0)
    return n


@kernel
def hand_over(items, chosen, n, labels, p, row, added):
    for i in range(n):
        labels[row, i] = items[i]
        p[row, i] = chosen[i] + f4(added)
    for i in range(n, labels.shape[1]):
        labels[row, i] = -1
        p[row, i] = 0


@kernel
def room_for(L):
    """(scores, keys, labels, probabilities of a heap, branches of a tree that are left to do)."""
    return (
        np.empty((1, L), np.float32),
        np.empty(L + 1, np.float32),
        np.empty(L + 1, np.int64),
        np.empty(L + 1, np.float32),
        np.empty(L + 1, np.int64),
        np.empty(L + 1, np.float32),
        np.empty(L + 1, np.float64),
    )


@kernel
def room_of_lines(ids, ends, types, runs):
    """Room for the rows of some lines; small where all of them are few."""
    ngrams = TOGETHER if types.offsets.shape[0] else ids.shape[0] * (runs.longest - 1)
    return room(min(TOGETHER, ids.shape[0] + ends.shape[0]), min(TOGETHER, ngrams))


@kernel
def score_lines(inputs, output, ids, ends, order, span, types, runs, k, threshold, labels, p, size):
    """The best labels of lines order[first:last], span = (first, last).

    labels int32[lines, k], p float32[lines, k]: row i is of line order[i]; -1 and 0 where there is
    none.  size int32[lines]: input rows of each line; a line without any has no label.
    """
    U = output.U
    first, last = span
    H = zero_rows(1, U.shape[1])
    own = room_for(U.shape[0])
    rows = room_of_lines(ids, ends, types, runs)
    at = first
    while at < last:
        lines, rows = rows_of_lines(ids, ends, order, at, last, types, runs, rows)
        for i in range(lines):
            n = mean_row(H, 0, inputs, rows, i)
            size[at + i] = n
            if n == 0:
                hand_over(own[2], own[3], 0, labels, p, at + i, 0)
            elif output.how == TREE:
                best_of_tree(output, H, 0, own, k, threshold, labels, p, at + i)
            else:
                best_of_all(output, H, 0, own, k, threshold, labels, p, at + i)
        at += lines


@kernel
def mean_lines(inputs, ids, ends, order, span, types, runs, H):
    """H[i], float32[lines, padded(dim)]: the hidden row of line order[i]."""
    first, last = span
    rows = room_of_lines(ids, ends, types, runs)
    at = first
    while at < last:
        lines, rows = rows_of_lines(ids, ends, order, at, last, types, runs, rows)
        for i in range(lines):
            mean_row(H, at + i, inputs, rows, i)
        at += lines


def children_of(counts: np.ndarray) -> np.ndarray:
    """int32[L - 1, 2]: the children of each inner node of the Huffman tree over falling counts."""
    from firth.kernels.huffman import huffman

    points, codes, offsets = huffman(np.asarray(counts, np.int64))
    children = np.zeros((len(counts) - 1, 2), np.int32)
    if len(counts) == 1:  # the root is the leaf: fastText writes such models too
        return children
    last = offsets[1:] - 1
    # each step of a path leads to the next, the last to the leaf
    inner = np.ones(len(points), bool)
    inner[last] = False
    at = np.flatnonzero(inner)
    children[points[at], codes[at]] = points[at + 1]
    children[points[last], codes[last]] = -1 - np.arange(len(counts))
    return children
