"""Vectors of words from their own rows and those of their n-grams, at one go.

    out[w] = (W[w] + sum_j Z[g_j]) / (1 + n)        g_1 ... g_n: the n-grams of word w

The rows of n-grams lie scattered over a large matrix, often one mapped from a file: those of some
words are listed first, so that each row is asked for before it is needed.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel
from firth.kernels.gather import gather_rows
from firth.kernels.hashing import ngram_rows

#: words whose rows are listed together, and places between asking for a row and adding it
GROUP, AHEAD = 64, 16
NOT_PRUNED = np.empty(0, np.int32)
f4 = np.float32


@kernel
def compose(W, Z, text, starts, stops, min_n, max_n, buckets, not_pruned, first, out):
    """out float32[n, d]: the vectors of words first to first + n - 1.

    text uint8[], starts, stops int64[V]: the names.  Z float32[buckets, d].
    not_pruned: NOT_PRUNED.
    """
    words = out.shape[0]
    most = 0
    for w in range(0, words, GROUP):
        room = 0
        for i in range(first + w, first + min(w + GROUP, words)):
            room += (stops[i] - starts[i] + 2) * max_n
        most = max(most, room)
    rows = np.zeros(most + AHEAD, np.int32)
    ends = np.zeros(GROUP + 1, np.int64)
    for w in range(0, words, GROUP):
        size = min(GROUP, words - w)
        for i in range(size):
            word = first + w + i
            ends[i + 1] = ngram_rows(
                text, starts[word], stops[word], min_n, max_n, buckets, not_pruned, rows, ends[i]
            )
        for i in range(size):
            n = ends[i + 1] - ends[i]
            for k in range(out.shape[1]):
                out[w + i, k] = W[first + w + i, k]
            gather_rows(out, w + i, Z, rows, ends[i], n, AHEAD)
            share = f4(1) / f4(1 + n)
            for k in range(out.shape[1]):
                out[w + i, k] *= share
