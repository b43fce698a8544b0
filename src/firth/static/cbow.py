"""CBOW: the words around a position, averaged, predict the word in it.

    h_i = 1/n sum_{0 < |j - i| <= b_i} w_{word j};   sum over positions i of  J(h_i, word i)
    b_i ~ U{1…window}                       Mikolov 2013a (arXiv 1301.3781), 3.1; EMB, FA, JADS

W float32[V, d]  input rows, the vectors that are kept        J, U  the objective (kernels/)

The error dJ/dh reaches each of the n context rows whole (`cbow_update="mikolov"`, word2vec.c
and gensim) or divided by n (`"exact"`, the gradient; arXiv 2012.15332).

Two kernels with one meaning, chosen by `exact`: `exact_block` is the definition, position after
position. `fast_block` takes chunks of consecutive kept tokens; windows slide, so means are
differences of running sums, and errors go back as a difference array:

    P[c] = sum of rows before c:     n h_i = P[last] - P[first] - w_{word i}
    D[first] += e_i, D[last] -= e_i: the running sum of D at c is the error of row c, with e_c
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firth.compiled import kernel
from firth.kernels.linear import add_row, clear_row, copy_row, mix_rows, prefetch_row, zero_rows
from firth.kernels.objectives import chunk, pair
from firth.kernels.windows import (
    add_pair,
    chunk_end,
    empty_pairs,
    rate_at,
    reach,
    small_table,
    subsample,
)
from firth.settings import setting
from firth.static.window_model import WindowModel


@dataclass(frozen=True)
class CBOW(WindowModel):
    """Continuous bag of words; `fit` trains it. Every setting is explained by `firth train cbow
    --help`."""

    rate: float = setting(0.05, "first learning rate; falls linearly to rate / 10000", low=0)
    cbow_update: str = setting(
        "mikolov",
        "the error reaches each context word whole (mikolov) or divided by their number (exact)",
        choices=("mikolov", "exact"),
    )

    @property
    def kind(self) -> str:
        return "cbow"

    @property
    def pairs_per_token(self) -> float:
        return 1

    @property
    def divided(self) -> bool:
        return self.cbow_update == "exact"

    @property
    def block(self):
        return exact_block if self.exact else fast_block


@kernel
def fast_block(objective, W, block, plan, rates, rng):
    """Trains on one block of the stream; arguments and results as in skipgram.fast_block."""
    word, first, last = subsample(block, plan.keep, rng)
    stretch, size = (0, word.shape[0], 0), np.ones(word.shape[0], np.int64)
    loss, n_measured, n_pairs, _ = train(
        objective, W, word, size, plan.frozen, word, first, last, stretch, plan, rates, rng
    )
    return loss, n_measured, n_pairs


@kernel
def train(objective, W, row, size, frozen, word, first, last, stretch, plan, rates, rng):
    """Trains on a stretch of the kept tokens of a block; see skipgram.train.

    size int64[kept]: how many rows row[i] is the sum of (a word's n-grams; 1 without): the mean
    is over all of them, and each of them moves.
    """
    window, shrink = plan.window, plan.shrink
    start, stop, n_chunks = stretch
    n_kept, d = word.shape[0], W.shape[1]
    T, C = plan.length, plan.length + 2 * window
    H, E = zero_rows(T, d), zero_rows(T, d)
    P, D = zero_rows(C + 1, d), zero_rows(C + 1, d)
    before = np.zeros(C + 1, np.int64)  # sum of the sizes before a place
    left, right = np.empty(T, np.int64), np.empty(T, np.int64)
    pairs = empty_pairs(T, T, 1)
    n_targets, words, place, n_hidden, hidden, target = pairs
    U, last_row = objective.U, objective.U.shape[0] - 1
    one = np.float32(1)
    loss, n_measured, n_pairs = 0.0, 0, 0
    keys, times = small_table(T)
    while start < stop:
        m = min(chunk_end(word, start, T, plan.most, keys, times), stop) - start
        begin, end = max(0, start - window), min(n_kept, start + m + window)
        for c in range(end - begin):
            # asked for now, needed after the noise is done with
            prefetch_row(U, min(word[begin + c], last_row))
            copy_row(P, c + 1, P, c)
            add_row(P, c + 1, one, W, row[begin + c])
            before[c + 1] = before[c] + size[begin + c]
            clear_row(D, c)
        clear_row(D, end - begin)
        n = 0
        for t in range(m):
            i = start + t
            b = reach(window, shrink, rng)
            left[t] = max(first[i], i - b) - begin
            right[t] = min(last[i], i + b + 1) - begin
            target[t] = word[i]
            n_targets[t] = 0
            n_hidden[t] = 0
            if right[t] - left[t] > 1:
                x = one / np.float32(before[right[t]] - before[left[t]] - size[i])
                mix_rows(H, t, x, P, right[t], -x, P, left[t], -x, W, row[i])
                add_pair(n_targets, words, place, n_hidden, hidden, target, t, t)
                n += 1
            else:
                clear_row(H, t)
        measured = n_chunks % plan.measure == 0
        n_chunks += 1
        rate = rate_at(rates, start / n_kept)
        loss += chunk(objective, H, m, pairs, m, E, rate, measured, rng)
        n_pairs += n
        if measured:
            n_measured += n
        for t in range(m):
            i = start + t
            if right[t] - left[t] > 1:
                x = one
                if plan.divided:
                    x /= np.float32(before[right[t]] - before[left[t]] - size[i])
                add_row(D, left[t], x, E, t)
                add_row(D, right[t], -x, E, t)
                # the running sum will hand e_t to position t itself: take it back first
                if not frozen[row[i]]:
                    add_row(W, row[i], -x * np.float32(size[i]), E, t)
        for c in range(end - begin):
            if not frozen[row[begin + c]]:
                add_row(W, row[begin + c], np.float32(size[begin + c]), D, c)
            add_row(D, c + 1, one, D, c)
            prefetch_row(W, row[min(end + c, stop - 1)])  # of the next chunk
        start += m
    return loss, n_measured, n_pairs, n_chunks


@kernel
def context_mean(H, h, W, word, left, right, i):
    """H[h] = mean of the rows of W for the words at places left … right - 1 without i."""
    share = np.float32(1) / np.float32(right - left - 1)
    clear_row(H, h)
    for j in range(left, right):
        if j != i:
            add_row(H, h, share, W, word[j])


@kernel
def exact_block(objective, W, block, plan, rates, rng):
    """The definition, with the arguments and results of `fast_block`; every pair is measured."""
    window, shrink, frozen = plan.window, plan.shrink, plan.frozen
    word, first, last = subsample(block, plan.keep, rng)
    n_kept, d = word.shape[0], W.shape[1]
    H, E = zero_rows(1, d), zero_rows(1, d)
    loss, n_pairs = 0.0, 0
    for i in range(n_kept):
        rate = rate_at(rates, i / n_kept)
        b = reach(window, shrink, rng)
        left, right = max(first[i], i - b), min(last[i], i + b + 1)
        n = right - left - 1
        if n == 0:
            continue
        share = np.float32(1) / np.float32(n)
        clear_row(E, 0)
        context_mean(H, 0, W, word, left, right, i)
        loss += pair(objective, H, 0, E, 0, word[i], rate, rng)
        n_pairs += 1
        for j in range(left, right):
            if j != i and not frozen[word[j]]:
                add_row(W, word[j], share if plan.divided else np.float32(1), E, 0)
    return loss, n_pairs, n_pairs
