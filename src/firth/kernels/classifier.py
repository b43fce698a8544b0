"""One block of labelled texts: hidden rows, the objective, and what each input row gains.

    h = 1/n sum_{i=1..n} w_i      w_i: the input rows of the text (features.py)   Joulin et al. 2016
    w_i += rate / n dJ/dh         the gradient itself, so each of the n rows gets its n-th part

Texts are taken in a given order. The rows of some are listed together, so that what the next ones
need is asked for while one is worked on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.features import AHEAD, room, rows_of_lines
from firth.kernels.gather import gather_rows
from firth.kernels.labels import step
from firth.kernels.linear import clear_row, zero_rows
from firth.kernels.subwords import spread_row
from firth.kernels.windows import rate_at

#: rows listed together, about
TOGETHER = 4096


class Examples(NamedTuple):
    """Texts and labels as integers."""

    ids: np.ndarray  # int32[N]  types of the tokens (features.Types)
    ends: np.ndarray  # int64[S]  where the tokens of each text end
    labels: np.ndarray  # int32[M]
    label_ends: np.ndarray  # int64[S]


@kernel
def train_block(objective, inputs, examples, order, span, types, runs, weight, rates, rng):
    """Trains on texts order[first:last], span = (first, last); all of them have a label.

    inputs: codes.Input, two matrices that hold every row that the texts touch.

    weight float32[L]: of each label, on the rate.  rates: at the begin and the end of the block.
    Returns (sum of -J, texts that have features, input rows visited).
    """
    W, N, _ = inputs
    ids, ends, labels, label_ends = examples
    first, last = span
    H, E = zero_rows(1, W.shape[1]), zero_rows(1, W.shape[1])
    Z = np.empty((1, objective.U.shape[0]), np.float32)
    rows = room(TOGETHER, TOGETHER)
    one = np.float32(1)
    loss, n_texts, n_rows = 0.0, 0, 0
    at = first
    while at < last:
        lines, rows = rows_of_lines(ids, ends, order, at, last, types, runs, rows)
        word_rows, ngram_rows, _, bounds = rows
        words = ngrams = 0
        for i in range(lines):
            n_words, n_ngrams = bounds[0, i] - words, bounds[1, i] - ngrams
            n = n_words + n_ngrams
            if n:
                line = order[at + i]
                start = label_ends[line - 1] if line > 0 else 0
                gold = labels[start : label_ends[line]]
                rate = rate_at(rates, (at + i - first) / (last - first))
                clear_row(H, 0)
                clear_row(E, 0)
                gather_rows(H, 0, W, word_rows, words, n_words, AHEAD)
                gather_rows(H, 0, N, ngram_rows, ngrams, n_ngrams, AHEAD)
                share = one / np.float32(n)
                for k in range(H.shape[1]):
                    H[0, k] *= share
                loss += step(objective, H, E, gold, rate, weight, Z, rng)
                spread_row(W, word_rows, words, n_words, share, E, 0)
                spread_row(N, ngram_rows, ngrams, n_ngrams, share, E, 0)
                n_texts += 1
                n_rows += n
            words, ngrams = bounds[0, i], bounds[1, i]
        at += lines
    return loss, n_texts, n_rows
