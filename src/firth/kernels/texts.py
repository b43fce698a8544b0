"""From the bytes of texts to their labels in one call, so that a single line costs little more.

Each token is looked up by its bytes (lookup.py) and is a type of its own; from there on a text is
a list of rows as in training (features.py), and its labels are found (scores.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.features import Types, WordNgrams
from firth.kernels.lookup import WordTable, look_up
from firth.kernels.scores import mean_lines, score_lines


class Reading(NamedTuple):
    """What the bytes of a token stand for in a model."""

    table: WordTable
    cut: tuple[int, int, int]  # (min_n, max_n, buckets) of character n-grams; max_n 0: none
    bare: int  # the row of </s>, which has no n-grams, or -1
    end: int  # the hash of </s>, int32
    runs: WordNgrams


@kernel
def types_of_tokens(reading, text, starts, stops):
    """`Types` of the tokens text[starts[i]:stops[i]], one each, and of </s>."""
    table, cut, bare, end, runs = reading
    n, max_n = starts.shape[0], cut[1]
    hashes, rows = np.empty(n + 1, np.int32), np.empty(n + 1, np.int32)
    offsets = np.zeros(n + 2 if max_n else 0, np.int64)
    ngrams = np.empty((text.shape[0] + 2 * n) * max_n, np.int32)
    look_up(table, text, starts, stops, cut, runs.kept, bare, hashes[:n], rows[:n], offsets, ngrams)
    hashes[n], rows[n] = end, bare
    if max_n:
        offsets[n + 1] = offsets[n]
    return Types(hashes, rows, offsets, ngrams)


@kernel
def score_texts(
    reading, inputs, output, text, starts, stops, ends, k, threshold, labels, p, size
):  # fmt: skip
    """The best labels of texts; text i ends before token ends[i].

    labels int32[texts, k], p float32[texts, k], size int32[texts]: see `scores.score_lines`.
    """
    types = types_of_tokens(reading, text, starts, stops)
    ids, order = np.arange(starts.shape[0]), np.arange(ends.shape[0])
    score_lines(
        inputs, output, ids, ends, order, (0, ends.shape[0]), types, reading.runs,
        k, threshold, labels, p, size,
    )  # fmt: skip


@kernel
def mean_texts(reading, inputs, text, starts, stops, ends, H):
    """H[i], float32[texts, padded(dim)]: the hidden row of text i."""
    types = types_of_tokens(reading, text, starts, stops)
    ids, order = np.arange(starts.shape[0]), np.arange(ends.shape[0])
    mean_lines(inputs, ids, ends, order, (0, ends.shape[0]), types, reading.runs, H)
