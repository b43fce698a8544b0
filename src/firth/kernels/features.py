"""From the tokens of a line to input rows: words, character n-grams, word n-grams.

    words           the row of each token that is a word
    n-grams         the rows of its character n-grams, and for each run of words
                    h_i = int32(hash_i) as uint64;  h <- h * 116049371 + int32(hash_j), j = i + 1, …
                    row h % buckets after each step, up to word_ngrams words         (FORMATS 3.4)

Hashes are taken of every token, also of one that is no word, and of </s>, which closes each line
and is a word like others. Words and n-grams have a matrix each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel

STEP = np.uint64(116049371)
#: places of a list of rows that are read beyond its end, to ask for the rows there (gather.py)
AHEAD = 24


class Types(NamedTuple):
    """What the different tokens of a text stand for; the last one is </s>."""

    hash: np.ndarray  # int32[T + 1]
    row: np.ndarray  # int32[T + 1]  the row of the word, -1: it is none
    offsets: np.ndarray  # int64[T + 2], or empty: no character n-grams
    ngrams: np.ndarray  # int32: those of type t are ngrams[offsets[t]:offsets[t + 1]]


class WordNgrams(NamedTuple):
    """How runs of words become rows of n-grams."""

    longest: int  # words of the longest run; 1: none
    buckets: int
    kept: np.ndarray  # int32[buckets]: the row of each bucket, -1: none; empty: the bucket itself


class Rows(NamedTuple):
    """Lists of rows of some lines, one after another, with AHEAD places more than are used."""

    words: np.ndarray  # int32
    ngrams: np.ndarray  # int32
    word_ends: np.ndarray  # int64[lines]
    ngram_ends: np.ndarray  # int64[lines]


#: lines whose rows are listed together, at most
LINES = 64


@kernel
def room(tokens, ngrams):
    """`Rows` for that many of each."""
    return Rows(
        np.zeros(tokens + AHEAD, np.int32),
        np.zeros(ngrams + AHEAD, np.int32),
        np.zeros(LINES, np.int64),
        np.zeros(LINES, np.int64),
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
def rows_of_line(ids, start, stop, types, runs, words, n_words, ngrams, n_ngrams):
    """Writes the rows of a line to words and ngrams, int32 both, from places n_words, n_ngrams on.

    ids int32: the types of its tokens from start to stop, </s> not among them.
    Returns the new (n_words, n_ngrams).
    """
    hashes, own, offsets, parts = types
    longest, buckets, kept = runs
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
                ngrams[n_ngrams] = parts[j]
                n_ngrams += 1
    if longest < 2 or buckets == 0:
        return n_words, n_ngrams
    for i in range(start, stop):
        h = np.uint64(np.int64(hashes[ids[i]]))
        for j in range(i + 1, min(i + longest, stop + 1)):
            other = hashes[ids[j]] if j < stop else hashes[eos]
            h = h * STEP + np.uint64(np.int64(other))
            row = np.int64(h % np.uint64(buckets))
            if kept.shape[0]:
                row = np.int64(kept[row])
            if row >= 0:
                ngrams[n_ngrams] = row
                n_ngrams += 1
    return n_words, n_ngrams


@kernel
def rows_of_lines(ids, ends, order, first, last, types, runs, rows):
    """The rows of lines order[first], order[first + 1], … as many as fit into `rows`.

    ends int64: where the tokens of each line end.  Returns (lines, rows): `rows` may be a larger
    one, where not even the first line fitted.
    """
    lines = n_words = n_ngrams = 0
    while first + lines < last and lines < LINES:
        line = order[first + lines]
        start = ends[line - 1] if line > 0 else 0
        stop = ends[line]
        more_words = n_words + stop - start + 1 + AHEAD
        more_ngrams = n_ngrams + most_ngrams(ids, start, stop, types, runs) + AHEAD
        if more_words > rows.words.shape[0] or more_ngrams > rows.ngrams.shape[0]:
            if lines:
                break
            rows = room(2 * more_words, 2 * more_ngrams)
        n_words, n_ngrams = rows_of_line(
            ids, start, stop, types, runs, rows.words, n_words, rows.ngrams, n_ngrams
        )
        rows.word_ends[lines] = n_words
        rows.ngram_ends[lines] = n_ngrams
        lines += 1
    # what is asked for beyond the end must be a row, whichever it is
    for i in range(AHEAD):
        rows.words[n_words + i] = 0
        rows.ngrams[n_ngrams + i] = 0
    return lines, rows
