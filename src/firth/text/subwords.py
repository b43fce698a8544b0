"""How a word is cut into character n-grams, and which row each of them has.

n-grams of "<word>": every run of min_n to max_n characters, but no single < or >
row of one = hash mod buckets;  hash: FNV-1a of its bytes, each sign-extended (fastText)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firth.text.vocabulary import Vocabulary

#: the line end of fastText, a word without n-grams
LINE_END = "</s>"
#: words cut at once
WORDS = 4096


@dataclass(frozen=True)
class Subwords:
    """Which n-grams a word has, and their rows in the matrix of n-grams.

    min_n, max_n: characters of an n-gram; max_n 0: none.  buckets: rows of the matrix.
    ngrams: n-grams with a row each, instead of hashing; others have no row.
    pruned: (buckets int32[n], rising; their rows int32[n]): others have no row (fastText's cutoff).
    """

    min_n: int
    max_n: int
    buckets: int
    ngrams: Vocabulary | None = None
    pruned: tuple[np.ndarray, np.ndarray] | None = None

    def strings(self, word: str) -> list[str]:
        """The n-grams of a word, by where they begin, then by length."""
        if word == LINE_END or self.max_n < 1:
            return []
        marked = f"<{word}>"
        size = len(marked)
        return [
            marked[start : start + n]
            for start in range(size)
            for n in range(max(1, self.min_n), min(self.max_n, size - start) + 1)
            if n > 1 or 0 < start < size - 1
        ]

    def rows(self, words: Sequence[str | bytes]) -> tuple[np.ndarray, np.ndarray]:
        """(offsets int64[words + 1], rows int64): those of each word, in the order of `strings`."""
        parts = [self._some(words[first : first + WORDS]) for first in range(0, len(words), WORDS)]
        sizes = np.concatenate([np.zeros(1, np.int64), *(part[0] for part in parts)])
        rows = [part[1] for part in parts]
        return np.cumsum(sizes), np.concatenate(rows) if rows else np.zeros(0, np.int64)

    def _some(self, words: Sequence[str | bytes]) -> tuple[np.ndarray, np.ndarray]:
        """(n-grams of each word, their rows)."""
        if self.max_n < 1 or (self.ngrams is None and self.buckets < 1):
            return np.zeros(len(words), np.int64), np.zeros(0, np.int64)
        if self.ngrams is not None:
            texts = [word.decode() if isinstance(word, bytes) else word for word in words]
            lists = [self.ngrams.ids(self.strings(text)) for text in texts]
            kept = [some[some >= 0] for some in lists]
            sizes = np.array([len(some) for some in kept], np.int64)
            return sizes, np.concatenate([np.zeros(0, np.int64), *kept]).astype(np.int64)
        owners, hashes = _hashes(encoded(words), self.min_n, self.max_n)
        rows = hashes.astype(np.int64) % self.buckets
        if self.pruned is not None:
            buckets, places = self.pruned
            at = np.searchsorted(buckets, rows)
            there = np.append(buckets, -1)[at] == rows
            owners, rows = owners[there], places[at[there]].astype(np.int64)
        return np.bincount(owners, minlength=len(words)), rows


def fnv1a(words: Sequence[str | bytes]) -> np.ndarray:
    """uint32[n]: fastText's hash of whole words."""
    names = encoded(words)
    sizes = np.array([len(name) for name in names], np.int64)
    starts = np.cumsum(sizes) - sizes
    data = np.frombuffer(b"".join(names), np.uint8)
    signed = data.astype(np.int8).astype(np.int32).view(np.uint32)
    hashes = np.full(len(names), 2166136261, np.uint32)
    for byte in range(int(sizes.max(initial=0))):
        longer = np.flatnonzero(sizes > byte)
        hashes[longer] = (hashes[longer] ^ signed[starts[longer] + byte]) * np.uint32(16777619)
    return hashes


def encoded(words: Sequence[str | bytes]) -> list[bytes]:
    """`words` in UTF-8; a lone surrogate keeps its own bytes."""
    return [
        word if isinstance(word, bytes) else word.encode("utf-8", "surrogatepass") for word in words
    ]


def _hashes(names: list[bytes], low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """(index of the word int64, hash uint32) of each n-gram, in the order of `strings`."""
    marked = [b"" if name == LINE_END.encode() else b"<" + name + b">" for name in names]
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
    begins: list[np.ndarray] = []
    found: list[np.ndarray] = []
    live = np.arange(len(starts))  # n-grams, by their first character
    for n in range(1, high + 1):
        at = live + n - 1  # the character each takes in now
        inside = at < len(starts)
        live, at = live[inside], at[inside]
        if not len(live):
            break
        inside = word[at] == word[live]
        live, at = live[inside], at[inside]
        width = stops[at] - starts[at]
        for byte in range(int(width.max(initial=0))):
            more = width > byte
            part = live[more]
            hashes[part] = (hashes[part] ^ signed[starts[at[more]] + byte]) * np.uint32(16777619)
        keep = live if n > 1 else live[~(first[live] | last[live])]
        if n >= low:
            begins.append(keep)
            found.append(hashes[keep])
    begin = np.concatenate(begins) if begins else np.zeros(0, np.int64)
    order = np.argsort(begin, kind="stable")
    return word[begin[order]], np.concatenate([np.zeros(0, np.uint32), *found])[order]
