"""From the tokens of a line to input rows: words, character n-grams, word n-grams.

    words           the row of each token that is a word
    n-grams         the rows of its character n-grams, and for each run of words
                    h_i = int32(hash_i) as uint64;  h <- h * 116049371 + int32(hash_j), j = i + 1, …
                    row h % buckets after each step, up to word_ngrams words         (FORMATS 3.4)

Hashes are taken of every token, also of one that is no word, and of </s>, which closes each line
and is a word like others. Words and n-grams have a matrix each. (uint64 is known here and in
rng.py only; every row given out is int64.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.hashing import NO_ROW, row_of

STEP = np.uint64(116049371)
#: places of a list of rows that are read beyond its end, to ask for the rows there (gather.py)
AHEAD = 24


class Types(NamedTuple):
    """What the different tokens of a text stand for; the last one is </s>."""

    hash: np.ndarray  # int32[T + 1]
    row: np.ndarray  # int32[T + 1]  the row of the word, -1: it is none
    offsets: np.ndarray  # int64[T + 2], or empty: no character n-grams
    #: int32: those of type t are ngrams[offsets[t]:offsets[t + 1]] (hashing.row_of)
    ngrams: np.ndarray


class WordNgrams(NamedTuple):
    """How runs of words become rows of n-grams."""

    longest: int  # words of the longest run; 1: none
    buckets: int
    kept: np.ndarray  # int32[buckets]: the row of each bucket (hashing.row_of); empty: itself
    #: int32: the rows of line i are listed[listed_ends[i - 1]:listed_ends[i]]; empty: worked out
    listed: np.ndarray
    listed_ends: np.ndarray  # int64[lines], or empty


class Rows(NamedTuple):
    """Lists of rows of some lines, one after another, with AHEAD places more than are used.

    fresh: buckets whose rows are not held, as they are what they started as (filling.py).
    """

    words: np.ndarray  # int32
    ngrams: np.ndarray  # int32
    fresh: np.ndarray  # int32
    ends: np.ndarray  # int64[3, lines]: where those of each line end, in the order above


#: lines whose rows are listed together, at most
LINES = 64


@kernel
def room(tokens, ngrams):
    """`Rows` for that many of each."""
    return Rows(
        np.zeros(tokens + AHEAD, np.int32),
        np.zeros(ngrams + AHEAD, np.int32),
        np.zeros(ngrams + AHEAD, np.int32),
        np.zeros((3, LINES), np.int64),
    )


@kernel
def most_ngrams(ids, start, stop, types, runs):
    """How many n-grams the line of tokens start … stop - 1 can have, at most."""
    total = (stop - start) * (runs.longest - 1)
    if types.offsets.shape[0]:
        for i in range(start, stop):
            total += types.offsets[ids[i] + 1] - types.offsets[ids[i]]
    return total


@kernel
def rows_of_line(
    ids, line, start, stop, types, runs, words, ngrams, fresh, n_words, n_ngrams, n_fresh
):
    """Writes the rows of a line to words, ngrams, fresh, int32 all, from the places n_… on.

    ids int32: the types of its tokens from start to stop, </s> not among them.
    Returns the new (n_words, n_ngrams, n_fresh).
    """
    hashes, own, offsets, parts = types
    longest, buckets, kept, listed, listed_ends = runs
    eos = own.shape[0] - 1
    for i in range(start, stop):
        row = own[ids[i]]
        if row >= 0:
            words[n_words] = row
            n_words += 1
    if own[eos] >= 0:
        words[n_words] = own[eos]
        n_words += 1
    if offsets.shape[0]:
        for i in range(start, stop):
            for j in range(offsets[ids[i]], offsets[ids[i] + 1]):
                if parts[j] >= 0:
                    ngrams[n_ngrams] = parts[j]
                    n_ngrams += 1
                else:
                    fresh[n_fresh] = -1 - parts[j]
                    n_fresh += 1
    if longest < 2 or buckets == 0:
        return n_words, n_ngrams, n_fresh
    if listed_ends.shape[0]:
        for j in range(listed_ends[line - 1] if line > 0 else 0, listed_ends[line]):
            ngrams[n_ngrams] = listed[j]
            n_ngrams += 1
        return n_words, n_ngrams, n_fresh
    for i in range(start, stop):
        h = np.uint64(np.int64(hashes[ids[i]]))
        for j in range(i + 1, min(i + longest, stop + 1)):
            other = hashes[ids[j]] if j < stop else hashes[eos]
            h = h * STEP + np.uint64(np.int64(other))
            row = row_of(np.int64(h % np.uint64(buckets)), kept)
            if row >= 0:
                ngrams[n_ngrams] = row
                n_ngrams += 1
            elif row != NO_ROW:
                fresh[n_fresh] = -1 - row
                n_fresh += 1
    return n_words, n_ngrams, n_fresh


@kernel
def rows_of_lines(ids, ends, order, first, last, types, runs, rows):
    """The rows of lines order[first], order[first + 1], … as many as fit into `rows`.

    ends int64: where the tokens of each line end.  Returns (lines, rows): `rows` may be a larger
    one, where not even the first line fitted.
    """
    lines = n_words = n_ngrams = n_fresh = 0
    while first + lines < last and lines < LINES:
        line = order[first + lines]
        start = ends[line - 1] if line > 0 else 0
        stop = ends[line]
        more_words = n_words + stop - start + 1 + AHEAD
        # n-grams and fresh ones are counted as if each were all
        most = most_ngrams(ids, start, stop, types, runs) + AHEAD
        more_ngrams = max(n_ngrams, n_fresh) + most
        if more_words > rows.words.shape[0] or more_ngrams > rows.ngrams.shape[0]:
            if lines:
                break
            rows = room(2 * more_words, 2 * more_ngrams)
        n_words, n_ngrams, n_fresh = rows_of_line(
            ids, line, start, stop, types, runs, rows.words, rows.ngrams, rows.fresh,
            n_words, n_ngrams, n_fresh,
        )  # fmt: skip
        rows.ends[0, lines] = n_words
        rows.ends[1, lines] = n_ngrams
        rows.ends[2, lines] = n_fresh
        lines += 1
    # what is asked for beyond the end must be a row, whichever it is
    for i in range(AHEAD):
        rows.words[n_words + i] = 0
        rows.ngrams[n_ngrams + i] = 0
    return lines, rows


@kernel
def list_runs(ids, ends, types, runs, listed, listed_ends):
    """Fills listed int32 and listed_ends int64[lines] with the buckets of the runs of all lines."""
    hashes, buckets, longest = types.hash, np.uint64(runs.buckets), runs.longest
    eos = hashes.shape[0] - 1
    n = start = 0
    for line in range(ends.shape[0]):
        stop = ends[line]
        for i in range(start, stop):
            h = np.uint64(np.int64(hashes[ids[i]]))
            for j in range(i + 1, min(i + longest, stop + 1)):
                other = hashes[ids[j]] if j < stop else hashes[eos]
                h = h * STEP + np.uint64(np.int64(other))
                listed[n] = np.int64(h % buckets)
                n += 1
        listed_ends[line] = n
        start = stop


@kernel
def mark_runs(ids, ends, types, runs, mark):
    """Sets mark uint8[buckets] for each bucket that a line has a run of words in."""
    hashes, buckets, longest = types.hash, np.uint64(runs.buckets), runs.longest
    eos = hashes.shape[0] - 1
    start = 0
    for line in range(ends.shape[0]):
        stop = ends[line]
        for i in range(start, stop):
            h = np.uint64(np.int64(hashes[ids[i]]))
            for j in range(i + 1, min(i + longest, stop + 1)):
                other = hashes[ids[j]] if j < stop else hashes[eos]
                h = h * STEP + np.uint64(np.int64(other))
                mark[np.int64(h % buckets)] = 1
        start = stop
