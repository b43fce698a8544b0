"""Pairs of neighbours counted and joined, over ids.

A candidate is a word u, the connector words behind it (mostly none), and the next word v that is
no connector, in the same line. Connectors and v are one integer, the tail: v itself if nothing
stands between; else a number from `types` upwards that stands for (gap, v), where a gap is a node
in a tree of connector words: node 0 is the empty one.

    keys   int64[2^k]  a << 32 | b, or -1 where the table is empty
    values int32[2^k]  open addressing, searched from a hash of the key onwards
"""

from __future__ import annotations

import math

import numpy as np

from firth.compiled import kernel

#: what a table gives for a key it does not hold
NONE = -1
#: roles of a word in `roles`
BEGINS, ENDS, CONNECTS = 1, 2, 4


@kernel(inline="always")
def _key(a, b):
    return np.int64(a) << 32 | np.int64(b)


@kernel(inline="always")
def _place(keys, key):
    """Where `key` is in the table, or the empty place where it belongs."""
    last = keys.shape[0] - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64(h >> np.uint64(32)) & last
    while keys[place] != key and keys[place] != NONE:
        place = (place + 1) & last
    return place


@kernel(inline="always")
def _find(keys, values, a, b):
    key = _key(a, b)
    place = _place(keys, key)
    return np.int64(values[place]) if keys[place] == key else NONE


@kernel
def enter(keys, values, some, numbers):
    """Enters `numbers` int32[n] under the keys `some` int64[n], which are new and distinct."""
    for i in range(some.shape[0]):
        place = _place(keys, some[i])
        keys[place] = some[i]
        values[place] = numbers[i]


@kernel
def neighbours(ids, ends, after, heads, tails):
    """All candidates without connectors: fills heads, tails int32[tokens]; how many there are.

    ends: int64[lines] in `ids`.  after: the word behind the last line if pairs are counted across
    line ends, else -1 (and -2: across line ends, and nothing follows).
    """
    found = 0
    start = 0
    if after != -1:
        for i in range(ids.shape[0] - 1):
            heads[i] = ids[i]
            tails[i] = ids[i + 1]
        found = max(ids.shape[0] - 1, 0)
        if after >= 0 and ids.shape[0] > 0:
            heads[found] = ids[found]
            tails[found] = after
            found += 1
        return found
    for line in range(ends.shape[0]):
        for i in range(start, ends[line] - 1):
            heads[found] = ids[i]
            tails[found] = ids[i + 1]
            found += 1
        start = ends[line]
    return found


@kernel
def over_connectors(
    ids, ends, roles, types, gap_keys, gap_values, gaps, gap_parents, gap_words,
    tail_keys, tail_values, tails_known, tail_gaps, tail_words, heads, tails,
):  # fmt: skip
    """As `neighbours`, over connectors; new gaps and tails get the next numbers.

    gap_parents, gap_words: int32[gaps], how a gap is spelled, from its last word back.
    tail_gaps, tail_words: int32[tails_known], what a tail of number types + i is.
    All must have room for one more per token. Returns (candidates, gaps, tails_known).
    """
    found = 0
    start = 0
    for line in range(ends.shape[0]):
        head = np.int64(-1)
        gap = np.int64(0)
        for i in range(start, ends[line]):
            word = np.int64(ids[i])
            if roles[word] & CONNECTS:
                if head >= 0:
                    key = _key(gap, word)
                    place = _place(gap_keys, key)
                    if gap_keys[place] == NONE:
                        gap_keys[place] = key
                        gap_values[place] = gaps
                        gap_parents[gaps] = gap
                        gap_words[gaps] = word
                        gaps += 1
                    gap = np.int64(gap_values[place])
                continue
            if head >= 0:
                tail = word
                if gap > 0:
                    key = _key(gap, word)
                    place = _place(tail_keys, key)
                    if tail_keys[place] == NONE:
                        tail_keys[place] = key
                        tail_values[place] = types + tails_known
                        tail_gaps[tails_known] = gap
                        tail_words[tails_known] = word
                        tails_known += 1
                    tail = np.int64(tail_values[place])
                heads[found] = head
                tails[found] = tail
                found += 1
            head = word
            gap = np.int64(0)
        start = ends[line]
    return found, gaps, tails_known


@kernel
def scatter(heads, tails, low, high, wanted, fill, successors):
    """Puts each tail among the successors of its head, for the heads from `low` to `high`.

    wanted: bool[types], words worth counting, or bool[0]: all.
    fill: int64[high - low], where the next successor of a head goes.
    """
    few = wanted.shape[0] > 0
    for i in range(heads.shape[0]):
        head = np.int64(heads[i])
        if low <= head < high:
            if few and not wanted[head]:
                continue
            tail = np.int64(tails[i])
            if few and tail < wanted.shape[0] and not wanted[tail]:
                continue
            at = fill[head - low]
            successors[at] = tail
            fill[head - low] = at + 1


@kernel
def count_successors(low, begins, fill, successors, seen, least, heads, tails, counts, best):
    """Counts the successors of each head; the pairs seen `least` times or more are written out.

    begins, fill: int64[heads], where the successors of head low + i begin and end; they are
    overwritten.  seen: int32[tails], zeros.  best: int64[3] gets (count, head, tail) of the most
    frequent pair. Returns (pairs written, distinct pairs).
    """
    found = 0
    distinct = 0
    for i in range(begins.shape[0]):
        some = begins[i]
        for j in range(begins[i], fill[i]):
            tail = np.int64(successors[j])
            if seen[tail] == 0:
                successors[some] = tail
                some += 1
            seen[tail] += 1
        distinct += some - begins[i]
        for j in range(begins[i], some):
            tail = np.int64(successors[j])
            count = np.int64(seen[tail])
            seen[tail] = 0
            if count > best[0]:
                best[0] = count
                best[1] = low + i
                best[2] = tail
            if count >= least:
                heads[found] = low + i
                tails[found] = tail
                counts[found] = count
                found += 1
    return found, distinct


# the bits of scores are compared with those of the originals: nothing is reordered
@kernel(fastmath=False)
def score_pairs(n_a, n_b, n_ab, least, factor, scores):
    """(n_ab - least) / (n_a n_b) factor, into scores float64[pairs]; counts are int64[pairs]."""
    for i in range(n_ab.shape[0]):
        scores[i] = (n_ab[i] - least) / (float(n_a[i]) * float(n_b[i])) * factor


@kernel(fastmath=False)
def score_npmi(n_a, n_b, n_ab, total, scores):
    """ln(p_ab / (p_a p_b)) / -ln p_ab with p = n / total, into scores float64[pairs]."""
    for i in range(n_ab.shape[0]):
        p_a = n_a[i] / total
        p_b = n_b[i] / total
        p_ab = n_ab[i] / total
        scores[i] = math.log(p_ab / (p_a * p_b)) / -math.log(p_ab)


@kernel
def join_pairs(ids, ends, roles, keys, values):
    """Joins pairs in place, from left to right; how many tokens are left.

    roles: uint8[types], whether a word begins or ends any phrase.  keys, values: (u, v) -> the
    joined word. ids int32[tokens], ends int64[lines]. A word just joined begins no other pair.
    """
    out = 0
    start = 0
    for line in range(ends.shape[0]):
        stop = ends[line]
        i = start
        while i < stop:
            word = np.int64(ids[i])
            i += 1
            if i < stop and roles[word] & BEGINS and roles[ids[i]] & ENDS:
                joined = _find(keys, values, word, ids[i])
                if joined >= 0:
                    word = joined
                    i += 1
            ids[out] = word
            out += 1
        ends[line] = out
        start = stop
    return out


@kernel
def join_over(
    ids, ends, roles, keys, values, gap_keys, gap_values, tail_keys, tail_values
):  # fmt: skip
    """As `join_pairs`, over connectors: (gap, connector) -> gap, (gap, v) -> tail.

    What was passed over without a phrase stays as it was.
    """
    out = 0
    start = 0
    for line in range(ends.shape[0]):
        stop = ends[line]
        head = -1  # the place of the word that may begin a phrase
        gap = 0
        for i in range(start, stop):
            word = np.int64(ids[i])
            if roles[word] & CONNECTS:
                if head < 0:
                    ids[out] = word
                    out += 1
                elif gap >= 0:
                    gap = _find(gap_keys, gap_values, gap, word)
                continue
            if head >= 0:
                joined = NONE
                if gap >= 0 and roles[ids[head]] & BEGINS and roles[word] & ENDS:
                    tail = word
                    if gap > 0:
                        tail = _find(tail_keys, tail_values, gap, word)
                    if tail >= 0:
                        joined = _find(keys, values, ids[head], tail)
                if joined >= 0:
                    ids[out] = joined
                    out += 1
                    head = -1
                    gap = 0
                    continue
                for k in range(head, i):
                    ids[out] = ids[k]
                    out += 1
            head = i
            gap = 0
        if head >= 0:
            for k in range(head, stop):
                ids[out] = ids[k]
                out += 1
        ends[line] = out
        start = stop
    return out


@kernel
def tally(ids, counts):
    """counts[word] += 1 for each token; counts: int64[types]."""
    for i in range(ids.shape[0]):
        counts[ids[i]] += 1
