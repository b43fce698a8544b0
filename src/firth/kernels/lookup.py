"""Words looked up by their bytes: tokens of a text become rows, hashes and n-grams.

A table of 2^k places, at most half full: place hash * 2654435769 mod 2^32 / 2^(32-k) and on. The
hash is fastText's (hashing.py), which is needed anyway.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.hashing import LOWER, hash_of, ngram_rows


class WordTable(NamedTuple):
    """Words by their bytes."""

    slots: np.ndarray  # int32[2^k]: the word, or -1
    shift: int  # 32 - k
    hash: np.ndarray  # int32[V]
    text: np.ndarray  # uint8[]: word w is text[starts[w]:stops[w]]
    starts: np.ndarray  # int64[V]
    stops: np.ndarray  # int64[V]


@kernel(inline="always")
def place_of(h, shift):
    return ((h * 2654435769) & LOWER) >> shift


@kernel
def enter_words(slots, shift, hashes):
    """Fills slots, all -1, with the words of `hashes` int32[V]."""
    mask = slots.shape[0] - 1
    for w in range(hashes.shape[0]):
        place = place_of(int(hashes[w]) & LOWER, shift)
        while slots[place] >= 0:
            place = (place + 1) & mask
        slots[place] = w


@kernel
def find_word(table, text, start, stop, h):
    """The word text[start:stop] with the hash h (int64 of 32 bits), or -1."""
    slots, shift, hashes, names, starts, stops = table
    mask = slots.shape[0] - 1
    signed = h - (1 << 32) if h >= 1 << 31 else h
    place = place_of(h, shift)
    while slots[place] >= 0:
        word = np.int64(slots[place])
        if hashes[word] == signed and stops[word] - starts[word] == stop - start:
            begin = starts[word]
            i = 0
            while start + i < stop and names[begin + i] == text[start + i]:
                i += 1
            if start + i == stop:
                return word
        place = (place + 1) & mask
    return np.int64(-1)


@kernel
def look_up(table, text, starts, stops, cut, kept, bare, hashes, rows, offsets, ngrams):
    """What each token text[starts[i]:stops[i]] stands for: the arrays of features.Types.

    cut: (min_n, max_n, buckets), max_n 0: no n-grams.  kept: see hashing.ngram_rows.
    bare: the word that has no n-grams (</s>), or -1.
    Fills hashes, rows int32[tokens]; offsets int64[tokens + 1] and ngrams int32, with room, if
    max_n is above 0.
    """
    min_n, max_n, buckets = cut
    n = 0
    for i in range(starts.shape[0]):
        start, stop = np.int64(starts[i]), np.int64(stops[i])
        h = hash_of(text, start, stop)
        word = find_word(table, text, start, stop, h)
        hashes[i] = h - (1 << 32) if h >= 1 << 31 else h
        rows[i] = word
        if max_n > 0:
            if word < 0 or word != bare:
                n = ngram_rows(text, start, stop, min_n, max_n, buckets, kept, ngrams, n)
            offsets[i + 1] = n
