"""From a block of the stream to pairs: subsampling, then windows.

A chunk is a run of consecutive kept tokens, packed across line ends; each token carries the
bounds of its line, so that no pair crosses one. The pairs of a chunk are kept twice, by hidden
row and by target, so that both sides can be summed row by row:

    n_targets[t]       targets of hidden row t               words[t, j]  the j-th one (row of U)
    n_hidden[c]        hidden rows that predict target c     hidden[c, i] the i-th one
    target[c]          its word                              place[t, j]  flat place in hidden

A hidden row is what predicts: skip-gram's input row, CBOW's mean. A target is one occurrence of
a word to be predicted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.rng import below, uniform


class Block(NamedTuple):
    """A piece of the stream."""

    ids: np.ndarray  # int32[n]
    ends: np.ndarray  # int64[lines], exclusive, within the block; the last is n
    line: int  # the number of its first line in the stream


class Plan(NamedTuple):
    """What is the same for every block of a training."""

    keep: np.ndarray  # float32[V]  the probability of each word to stay (`subsample`)
    frozen: np.ndarray  # bool[V]  rows of W that stay as they are
    window: int
    shrink: bool  # draw each window's reach
    length: int  # tokens a chunk, at most
    most: int  # times one word may stand in a chunk (`chunk_end`)
    divided: bool  # CBOW: the error is divided among the context words
    measure: int  # the loss is taken on every so many-th chunk


class Pairs(NamedTuple):
    """The pairs of one chunk; see the head of the file."""

    n_targets: np.ndarray  # int64[T]
    words: np.ndarray  # int32[T, most]
    place: np.ndarray  # int32[T, most]
    n_hidden: np.ndarray  # int64[C]
    hidden: np.ndarray  # int32[C, most]
    target: np.ndarray  # int64[C]


@kernel
def empty_pairs(chunk, targets, most):
    """Room for `chunk` hidden rows, `targets` targets and at most `most` pairs of each."""
    return Pairs(
        np.zeros(chunk, np.int64),
        np.zeros((chunk, most), np.int32),
        np.zeros((chunk, most), np.int32),
        np.zeros(targets, np.int64),
        np.zeros((targets, most), np.int32),
        np.zeros(targets, np.int64),
    )


@kernel(inline="always")
def add_pair(n_targets, words, place, n_hidden, hidden, target, t, c):
    """Hidden row `t` predicts target `c`; the arrays are those of `Pairs`.

    (Taken apart by the caller: to reach into a tuple inside a loop counts references each time.)
    """
    j, i = n_targets[t], n_hidden[c]
    words[t, j] = target[c]
    place[t, j] = c * hidden.shape[1] + i
    hidden[c, i] = t
    n_targets[t] = j + 1
    n_hidden[c] = i + 1


@kernel
def subsample(block, keep, rng):
    """The tokens of a block that stay, and the bounds of the line of each.

    keep float32[V]: the probability of each word to stay (1 or more: always), Mikolov 2013b in
    the form of word2vec.c: (sqrt(f / t) + 1) t / f.
    Returns (word int64[m], first int64[m], last int64[m]): `last` is exclusive, all count
    kept tokens.
    """
    ids, ends, _ = block
    word = np.empty(ids.shape[0], np.int64)
    first = np.empty(ids.shape[0], np.int64)
    last = np.empty(ids.shape[0], np.int64)
    m = start = i = 0
    for line in range(ends.shape[0]):
        while i < ends[line]:
            w = ids[i]
            if keep[w] >= 1 or uniform(rng) < keep[w]:
                word[m] = w
                first[m] = start
                m += 1
            i += 1
        last[start:m] = m
        start = m
    return word[:m], first[:m], last[:m]


@kernel
def chunk_end(word, start, length, most, keys, times):
    """Where the chunk that begins at kept token `start` ends: after `length` tokens, or before
    one word would stand in it more than `most` times (texts have bursts: "0 0 0 0 …").

    keys, times int64[2^k], 2^k at least twice `length`: a small hash table, emptied here.
    """
    mask = keys.shape[0] - 1
    keys[:] = -1
    stop = min(start + length, word.shape[0])
    for i in range(start, stop):
        place = (word[i] * 40503) & mask
        while keys[place] != -1 and keys[place] != word[i]:
            place = (place + 1) & mask
        if keys[place] == -1:
            keys[place] = word[i]
            times[place] = 0
        times[place] += 1
        if times[place] > most:
            return max(i, start + 1)
    return stop


@kernel
def small_table(length):
    """(keys, times) for `chunk_end`."""
    size = 16
    while size < 2 * length:
        size *= 2
    return np.empty(size, np.int64), np.empty(size, np.int64)


@kernel(inline="always")
def rate_at(rates, part):
    """The learning rate in a block of which `part` is done: it falls from the first to the last."""
    return np.float32(rates[0] + (rates[1] - rates[0]) * part)


@kernel(inline="always")
def reach(window, shrink, rng):
    """How far the window of one token reaches: U{1…window} if it shrinks (word2vec.c)."""
    return 1 + below(rng, window) if shrink else window


@kernel
def window_pairs(word, first, last, start, m, window, shrink, pairs, rng):
    """The pairs of kept tokens start … start + m - 1, each with the words of its window.

    Token start + t is hidden row t; target c is the token at the returned place + c.
    Returns (place of the first target, targets, pairs).
    """
    n_targets, words, place, n_hidden, hidden, target = pairs
    begin, end = max(0, start - window), min(word.shape[0], start + m + window)
    for c in range(end - begin):
        target[c] = word[begin + c]
        n_hidden[c] = 0
    n = 0
    for t in range(m):
        i = start + t
        n_targets[t] = 0
        b = reach(window, shrink, rng)
        for j in range(max(first[i], i - b), min(last[i], i + b + 1)):
            if j != i:
                add_pair(n_targets, words, place, n_hidden, hidden, target, t, j - begin)
        n += n_targets[t]
    return begin, end - begin, n
