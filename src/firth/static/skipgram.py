"""Skip-gram: a word predicts the words around it.

    sum over positions i, over j with 0 < |j - i| <= b_i of  J(w_{word i}, word j)
    b_i ~ U{1…window}                       Mikolov 2013a (arXiv 1301.3781), 3.2; JADS, EMB

W float32[V, d]  input rows, the vectors that are kept        J, U  the objective (kernels/)

Two kernels with one meaning, chosen by `exact`:

* `exact_block`, the definition: pair after pair, each at the newest values. As word2vec.c, the
  context word's input row predicts the centre word.
* `fast_block`: chunks of consecutive kept tokens, packed across line ends. The rows of a chunk
  are gathered, the objective treats all its pairs at once, the rows are written back once. Here
  the centre word's input row predicts the context words (as fastText): over a line the pairs
  are the same set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firth.compiled import kernel
from firth.kernels.linear import add_row, clear_row, copy_row, prefetch_row, zero_rows
from firth.kernels.objectives import chunk, pair
from firth.kernels.windows import (
    chunk_end,
    empty_pairs,
    rate_at,
    reach,
    small_table,
    subsample,
    window_pairs,
)
from firth.static.window_model import WindowModel


@dataclass(frozen=True)
class SkipGram(WindowModel):
    """Skip-gram word vectors; `fit` trains them. Every setting is explained by `firth train
    skipgram --help`."""

    @property
    def kind(self) -> str:
        return "skipgram"

    @property
    def block(self):
        return exact_block if self.exact else fast_block


@kernel
def fast_block(objective, W, block, plan, rates, rng):
    """Trains on one block of the stream.

    rates (first, last): the learning rate falls from one to the other.
    Returns (sum of -J over the measured pairs, measured pairs, all pairs).
    """
    word, first, last = subsample(block, plan.keep, rng)
    stretch = (0, word.shape[0], 0)
    loss, n_measured, n_pairs, _ = train(
        objective, W, word, plan.frozen, word, first, last, stretch, plan, rates, rng
    )
    return loss, n_measured, n_pairs


@kernel
def train(objective, W, row, frozen, word, first, last, stretch, plan, rates, rng):
    """Trains on a stretch of the kept tokens of a block.

    row int64[kept]: the row of W that stands for each token.  frozen bool[rows of W].
    word, first, last int64[kept]: see `subsample`.
    stretch: the first token, the one after the last, and the chunks of the block done before.
    Returns as `fast_block`, and the chunks done after.
    """
    window, shrink = plan.window, plan.shrink
    start, stop, n_chunks = stretch
    n_kept = word.shape[0]
    T, C = plan.length, plan.length + 2 * window
    H, E = zero_rows(T, W.shape[1]), zero_rows(T, W.shape[1])
    pairs = empty_pairs(T, C, 2 * window)
    U, last_row = objective.U, objective.U.shape[0] - 1
    loss, n_measured, n_pairs = 0.0, 0, 0
    keys, times = small_table(T)
    while start < stop:
        m = min(chunk_end(word, start, T, plan.most, keys, times), stop) - start
        # what the next chunk will ask for comes while this one is worked on
        for i in range(start + m + window, min(start + m + window + T, stop)):
            prefetch_row(W, row[i])
            prefetch_row(U, min(word[i], last_row))
        for t in range(m):
            copy_row(H, t, W, row[start + t])
        _, n_words, n = window_pairs(word, first, last, start, m, window, shrink, pairs, rng)
        n_pairs += n
        measured = n_chunks % plan.measure == 0
        n_chunks += 1
        rate = rate_at(rates, start / n_kept)
        loss += chunk(objective, H, m, pairs, n_words, E, rate, measured, rng)
        if measured:
            n_measured += n
        for t in range(m):
            if not frozen[row[start + t]]:
                add_row(W, row[start + t], np.float32(1), E, t)
        start += m
    return loss, n_measured, n_pairs, n_chunks


@kernel
def exact_block(objective, W, block, plan, rates, rng):
    """The definition, with the arguments and results of `fast_block`; every pair is measured."""
    window, shrink, frozen = plan.window, plan.shrink, plan.frozen
    word, first, last = subsample(block, plan.keep, rng)
    n_kept = word.shape[0]
    E = zero_rows(1, W.shape[1])
    loss, n_pairs = 0.0, 0
    for i in range(n_kept):
        rate = rate_at(rates, i / n_kept)
        b = reach(window, shrink, rng)
        for j in range(max(first[i], i - b), min(last[i], i + b + 1)):
            if j != i:
                clear_row(E, 0)
                loss += pair(objective, W, word[j], E, 0, word[i], rate, rng)
                n_pairs += 1
                if not frozen[word[j]]:
                    add_row(W, word[j], np.float32(1), E, 0)
    return loss, n_pairs, n_pairs
