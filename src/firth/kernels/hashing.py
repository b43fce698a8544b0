"""fastText's hash of words and of their character n-grams, over UTF-8 bytes.

    FNV-1a, 32 bits:  h <- (h ^ byte) * 16777619,  h_0 = 2166136261;  bytes above 127 sign-extended
    n-grams of "<word>": every run of min_n to max_n characters, but no single < or >

In int64, masked to 32 bits: compiled and uncompiled are the same.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel

BASIS, PRIME, LOWER = 2166136261, 16777619, 0xFFFFFFFF
#: what `kept` says of a bucket without a row: it was pruned; it is as it started, and not held
PRUNED, AT_START = -1, -2
#: what `row_of` gives for a bucket that was pruned
NO_ROW = -(1 << 31)


@kernel(inline="always")
def step(h, byte):
    """h after one more byte (int64, 0 to 255)."""
    if byte > 127:
        byte |= 0xFFFFFF00
    return ((h ^ byte) * PRIME) & LOWER


@kernel
def hash_of(text, start, stop):
    """The hash of text[start:stop], int64 of 32 bits."""
    h = BASIS
    for i in range(start, stop):
        h = step(h, int(text[i]))
    return h


@kernel(inline="always")
def byte_at(text, start, length, i):
    """Byte i of "<word>"; the word begins at 0, < is byte -1, > is byte `length`."""
    if i < 0:
        return 60
    if i == length:
        return 62
    return int(text[start + i])


@kernel(inline="always")
def row_of(bucket, kept):
    """The row of a bucket, int64: NO_ROW, or -1 - bucket if it is not held but as it started."""
    if kept.shape[0] == 0:
        return np.int64(bucket)
    row = np.int64(kept[bucket])
    if row == AT_START:
        return np.int64(-1 - bucket)
    return np.int64(NO_ROW) if row == PRUNED else row


@kernel
def ngram_rows(text, start, stop, min_n, max_n, buckets, kept, rows, n):
    """Writes hash % buckets of each n-gram of the word text[start:stop] to rows int32 from place n.

    By where they begin, then by length; `rows` needs room for (stop - start + 2) * max_n more.
    kept int32[buckets]: the row of each bucket, see `row_of`; empty: the bucket itself.
    Returns the new n.
    """
    length = stop - start
    for i in range(-1, length + 1):
        if (byte_at(text, start, length, i) & 0xC0) == 0x80:
            continue
        h = BASIS
        j = i
        size = 1
        while j <= length and size <= max_n:
            h = step(h, byte_at(text, start, length, j))
            j += 1
            while j < length and (byte_at(text, start, length, j) & 0xC0) == 0x80:
                h = step(h, byte_at(text, start, length, j))
                j += 1
            if size >= min_n and not (size == 1 and (i == -1 or j > length)):
                row = row_of(h % buckets, kept)
                if row != NO_ROW:
                    rows[n] = row
                    n += 1
            size += 1
    return n


@kernel
def hash_all(text, starts, stops, hashes):
    """hashes int32[n]: those of text[starts[i]:stops[i]], their bits as a signed number."""
    for i in range(starts.shape[0]):
        h = hash_of(text, starts[i], stops[i])
        hashes[i] = h - (1 << 32) if h >= 1 << 31 else h


@kernel
def ngrams_all(text, starts, stops, min_n, max_n, buckets, kept, rows, offsets, first):
    """The rows of the n-grams of words first, first + 1, ... while they have room.

    offsets int64[words + 1]: where those of each begin in `rows` int32; offsets[first] is given.
    Returns the first word that is not done.
    """
    n = offsets[first]
    for i in range(first, starts.shape[0]):
        if n + (stops[i] - starts[i] + 2) * max_n > rows.shape[0]:
            return i
        n = ngram_rows(text, starts[i], stops[i], min_n, max_n, buckets, kept, rows, n)
        offsets[i + 1] = n
    return starts.shape[0]
