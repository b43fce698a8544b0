"""Documents in chunks: a piece of this one, a piece of that one, so that no row moves too far.

All gradients of a chunk are taken at the values it began with. Were a chunk one stretch of text,
as a model of words takes it, every token of it would move the row of the same document, hundreds
of steps summed into one. So a chunk is put together from pieces of several documents, and no row of
a document takes part with more than `piece` tokens of it.

The pieces of a block come in an order in which each document is spread evenly over the block:
piece p of n stands at time (p + 1/2) / n. No document is longer away than it must be, and no
long one is left for the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.kernels.rng import uniform


class Paragraphs(NamedTuple):
    """What the kernels of documents are given beside the objective and the text."""

    Q: np.ndarray  # float32[documents, padded(dim)]  rows of documents
    offsets: np.ndarray  # int64[lines + 1]  the rows of line i: rows[offsets[i]:offsets[i + 1]]
    rows: np.ndarray  # int32[...]
    W: np.ndarray  # float32[V or more, padded(dim)]  input rows of words, where there are any
    words: bool  # PV-DBOW: whether words learn too, as skip-gram
    concatenated: bool  # PV-DM: the rows side by side
    summed: bool  # PV-DM: the sum of the rows, not their mean
    whole: bool  # PV-DM: every row gets the whole error of the hidden row
    length: int  # tokens a chunk, at most
    piece: int  # tokens of a chunk that one row of a document takes part with, at most
    most: int  # times one word may stand in a chunk
    parts: int  # pieces a chunk, at most
    hidden: int  # rows of documents a chunk, at most; no line has more
    sets: int  # PV-DM: sets of noise words a chunk


class Chunk(NamedTuple):
    """Room for what one chunk is made of."""

    line: np.ndarray  # int64[parts]  the line (of the block) that each part is from
    start: np.ndarray  # int64[parts]  its tokens
    stop: np.ndarray  # int64[parts]
    row: np.ndarray  # int64[hidden]  the rows of documents that take part
    taken: np.ndarray  # int64[hidden]  with how many tokens
    row_keys: np.ndarray  # int64[2^k]  a hash table: row of Q -> place in `row`
    row_values: np.ndarray
    word_keys: np.ndarray  # int64[2^k]  the same: word -> times
    word_values: np.ndarray


@kernel
def kept(block, keep, rng):
    """The tokens of a block that stay (see `windows.subsample`), by line.

    Returns (word int64[m], bounds int64[lines + 1]): line l is word[bounds[l]:bounds[l + 1]].
    """
    ids, ends, _ = block
    word = np.empty(ids.shape[0], np.int64)
    bounds = np.zeros(ends.shape[0] + 1, np.int64)
    m = i = 0
    for line in range(ends.shape[0]):
        while i < ends[line]:
            w = ids[i]
            if keep[w] >= 1 or uniform(rng) < keep[w]:
                word[m] = w
                m += 1
            i += 1
        bounds[line + 1] = m
    return word[:m], bounds


@kernel
def line_bounds(bounds, m):
    """(first, last) int64[m]: the bounds of the line of each token, as `windows.subsample`."""
    first, last = np.empty(m, np.int64), np.empty(m, np.int64)
    for line in range(bounds.shape[0] - 1):
        first[bounds[line] : bounds[line + 1]] = bounds[line]
        last[bounds[line] : bounds[line + 1]] = bounds[line + 1]
    return first, last


@kernel
def pieces(bounds, wanted, length):
    """Lines cut into pieces of at most `length` tokens, in the order of their times.

    wanted bool[lines]: lines that are to be cut; others have no pieces.
    Returns (line, start, stop), each int64[pieces].
    """
    lines = bounds.shape[0] - 1
    n = 0
    for line in range(lines):
        if wanted[line]:
            n += (bounds[line + 1] - bounds[line] + length - 1) // length
    # a counting sort by time, in n steps of it
    before = np.zeros(n + 1, np.int64)
    for line in range(lines):
        if wanted[line]:
            many = (bounds[line + 1] - bounds[line] + length - 1) // length
            for p in range(many):
                before[(2 * p + 1) * n // (2 * many) + 1] += 1
    for t in range(n):
        before[t + 1] += before[t]
    found = np.empty((3, n), np.int64)
    for line in range(lines):
        if wanted[line]:
            size = bounds[line + 1] - bounds[line]
            many = (size + length - 1) // length
            for p in range(many):
                t = (2 * p + 1) * n // (2 * many)
                at = before[t]
                before[t] = at + 1
                found[0, at] = line
                found[1, at] = bounds[line] + size * p // many
                found[2, at] = bounds[line] + size * (p + 1) // many
    return found[0], found[1], found[2]


@kernel
def table_size(entries):
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@kernel
def empty_chunk(given):
    """Room for a chunk."""
    rows, words = table_size(given.hidden), table_size(given.length + 1)
    return Chunk(
        np.empty(given.parts, np.int64),
        np.empty(given.parts, np.int64),
        np.empty(given.parts, np.int64),
        np.empty(given.hidden, np.int64),
        np.empty(given.hidden, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty(words, np.int64),
        np.empty(words, np.int64),
    )


@kernel(inline="always")
def slot(keys, key):
    """Where `key` stands in the hash table, or the free place where it belongs."""
    mask = keys.shape[0] - 1
    place = (key * 40503) & mask
    while keys[place] != -1 and keys[place] != key:
        place = (place + 1) & mask
    return place


@kernel
def next_chunk(given, lines, starts, stops, first_line, p, at, word, chunk):
    """Fills `chunk` with what comes from token `at` of piece `p` on (at = -1: its first).

    first_line: number of the block's first line.  A chunk takes at least one token.
    Returns (parts, rows, tokens, p, at): what it holds, and where the next one goes on.
    """
    offsets, rows = given.offsets, given.rows
    line, start, stop, row, taken, row_keys, row_values, word_keys, word_values = chunk
    row_keys[:] = -1
    word_keys[:] = -1
    n_parts = n_rows = n_tokens = 0
    while p < lines.shape[0] and n_parts < line.shape[0] and n_tokens < given.length:
        own = first_line + lines[p]
        begin = starts[p] if at < 0 else at
        room = given.length - n_tokens
        fresh = 0
        for j in range(offsets[own], offsets[own + 1]):
            place = slot(row_keys, np.int64(rows[j]))
            if row_keys[place] == -1:
                fresh += 1
            else:
                room = min(room, given.piece - taken[row_values[place]])
        room = min(room, given.piece)
        if room <= 0 or n_rows + fresh > row.shape[0]:
            break
        end = begin
        while end < min(stops[p], begin + room):
            place = slot(word_keys, word[end])
            if word_keys[place] == -1:
                word_keys[place] = word[end]
                word_values[place] = 0
            if word_values[place] >= given.most and n_tokens + end > begin:
                break
            word_values[place] += 1
            end += 1
        if end == begin:
            break
        for j in range(offsets[own], offsets[own + 1]):
            place = slot(row_keys, np.int64(rows[j]))
            if row_keys[place] == -1:
                row_keys[place] = rows[j]
                row_values[place] = n_rows
                row[n_rows] = rows[j]
                taken[n_rows] = 0
                n_rows += 1
            taken[row_values[place]] += end - begin
        line[n_parts], start[n_parts], stop[n_parts] = lines[p], begin, end
        n_parts += 1
        n_tokens += end - begin
        if end < stops[p]:
            at = end
            break
        p, at = p + 1, -1
    return n_parts, n_rows, n_tokens, p, at
