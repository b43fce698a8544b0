"""fastText's vectors of known words: the mean of the word's row and its n-grams' rows.

rows of "<word>": every run of min_n to max_n characters, but no single < or >
row of a run = hash mod buckets;  hash: FNV-1a of its bytes, each sign-extended
"""

from __future__ import annotations

import numpy as np

WORDS = 4096


def with_ngrams(
    words: np.ndarray, ngrams: np.ndarray, names: list[bytes], low: int, high: int
) -> np.ndarray:
    """float32[V, d] of `words` [V, d] and `ngrams` [buckets, d], names in UTF-8."""
    words = np.asarray(words, np.float32)
    if high < 1 or not len(ngrams):
        return words
    result = words.copy()
    for start in range(0, len(names), WORDS):
        some = names[start : start + WORDS]
        owners, buckets = ngram_rows(some, low, high, len(ngrams))
        block = result[start : start + WORDS]
        np.add.at(block, owners, ngrams[buckets])
        block /= 1 + np.bincount(owners, minlength=len(some)).astype(np.float32)[:, None]
    return result


def ngram_rows(
    names: list[bytes], low: int, high: int, buckets: int
) -> tuple[np.ndarray, np.ndarray]:
    """(index of the word, bucket) of each n-gram of `names`; "</s>" has none."""
    marked = [b"" if name == b"</s>" else b"<" + name + b">" for name in names]
    data = np.frombuffer(b"".join(marked), np.uint8)
    ends = np.cumsum([len(name) for name in marked])
    starts = np.flatnonzero((data & 0xC0) != 0x80)  # characters begin here
    word = np.searchsorted(ends, starts, side="right")
    stops = np.append(starts[1:], len(data))
    first = np.ones(len(starts), bool)
    first[1:] = word[1:] != word[:-1]
    last = np.append(first[1:], True)
    signed = data.astype(np.int8).astype(np.int32).view(np.uint32)
    hashes = np.full(len(starts), 2166136261, np.uint32)
    owners, rows = [], []
    live = np.arange(len(starts))  # n-grams, by their first character
    for n in range(1, high + 1):
        at = live + n - 1  # the character each takes in now
        inside = at < len(starts)
        live, at = live[inside], at[inside]
        inside = word[at] == word[live]
        live, at = live[inside], at[inside]
        width = stops[at] - starts[at]
        for byte in range(int(width.max(initial=0))):
            more = width > byte
            part = live[more]
            hashes[part] = (hashes[part] ^ signed[starts[at[more]] + byte]) * np.uint32(16777619)
        keep = live if n > 1 else live[~(first[live] | last[live])]
        if n >= low:
            owners.append(word[keep])
            rows.append(hashes[keep].astype(np.int64) % buckets)
    return np.concatenate(owners), np.concatenate(rows)
