"""Words and their counts in a hash table of bytes, for texts of tens of millions of types.

    names   uint8[]      the words in the order they were first seen, each ended by a line feed
    starts  int64[t+1]   word t is names[starts[t] : starts[t + 1] - 1]
    counts  int64[t]
    slots   uint64[2^k]  upper half: a tag, 32 bits of the word's hash; lower half: t + 1, or 0

A word is looked for from slot tag >> (32 - k) onwards. As the place is the top of the tag, a table
grows without the words being hashed again. About 26 bytes a word and the word itself; while
growing a third more.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel

#: the table grows when it is fuller than that
FULL = 0.6
#: tokens looked up together
AHEAD = 64

LOWER = np.uint64(0xFFFFFFFF)


@kernel(inline="always")
def _tag(text, start, stop):
    """The upper 32 bits of a hash of text[start:stop], eight bytes at a time."""
    h = np.uint64(0x9E3779B97F4A7C15)
    i = start
    while i < stop:
        piece = np.uint64(0)
        last = min(i + 8, stop)
        while i < last:
            piece = piece << np.uint64(8) | np.uint64(text[i])
            i += 1
        h = (h ^ piece) * np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(32)
    # words of zeros of different length
    h = (h ^ np.uint64(stop - start)) * np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0x9E3779B97F4A7C15)
    return h >> np.uint64(32)


@kernel(inline="always")
def _shift(places):
    """32 - k of a table of 2^k places."""
    bits = 32
    while places > 1:
        bits -= 1
        places >>= 1
    return np.uint64(bits)


@kernel(inline="always")
def _place(tag, shift):
    """Where a word with this tag is looked for first."""
    return np.int64(tag >> shift)


@kernel
def intern(text, starts, stops, weights, first, slots, names, name_starts, counts, types, ids):
    """Counts each token text[starts[i]:stops[i]], first <= i, entering it if it is new.

    weights: int64[tokens], or int64[0]: what to add for each token, else 1.
    ids: int32[tokens] receives the number of each token.
    Returns (tokens done, types): fewer than there are if something must grow first.
    """
    places = slots.shape[0]
    shift = _shift(places)
    room = min(int(places * FULL), counts.shape[0], name_starts.shape[0] - 1)
    tags = np.empty(AHEAD, np.uint64)
    near = np.empty(AHEAD, np.int64)
    seen = np.empty(AHEAD, np.int64)
    begun = first
    while begun < starts.shape[0]:
        ahead = min(AHEAD, starts.shape[0] - begun)
        # Rare words lie scattered in memory. These loops ask for all that the next tokens will
        # need before any of it is waited for; what they find only serves to bring it near.
        for k in range(ahead):
            tags[k] = _tag(text, starts[begun + k], stops[begun + k])
        for k in range(ahead):
            near[k] = np.int64(slots[_place(tags[k], shift)] & LOWER) - 1
        for k in range(ahead):
            likely = max(near[k], 0)
            near[k] = name_starts[likely]
            seen[k] = counts[likely]
        for k in range(ahead):
            near[k] = names[near[k]]
        for k in range(ahead):
            i = begun + k
            start = starts[i]
            stop = stops[i]
            tag = tags[k]
            place = _place(tag, shift)
            while True:
                slot = slots[place]
                if slot == 0:
                    end = name_starts[types]
                    length = stop - start
                    if types >= room or end + length + 1 > names.shape[0]:
                        return i, types
                    for at in range(length):
                        names[end + at] = text[start + at]
                    names[end + length] = 10
                    name_starts[types + 1] = end + length + 1
                    counts[types] = 0
                    found = types
                    types += 1
                    slots[place] = tag << np.uint64(32) | np.uint64(types)
                    break
                if slot >> np.uint64(32) == tag:
                    found = np.int64(slot & LOWER) - 1
                    begin = name_starts[found]
                    length = stop - start
                    if name_starts[found + 1] - begin - 1 == length:
                        at = 0
                        while at < length and names[begin + at] == text[start + at]:
                            at += 1
                        if at == length:
                            break
                place += 1
                if place == places:
                    place = 0
            counts[found] += weights[i] if weights.shape[0] else 1
            ids[i] = found
        begun += ahead
    return starts.shape[0], types


@kernel
def _move(slots, larger):
    """Enters the words of `slots` in `larger`, an empty table twice its size or more."""
    places = larger.shape[0]
    shift = _shift(places)
    for slot in slots:
        if slot != 0:
            place = _place(slot >> np.uint64(32), shift)
            while larger[place] != 0:
                place += 1
                if place == places:
                    place = 0
            larger[place] = slot


@kernel
def gather(names, starts, rows, out):
    """Copies the words of `rows`, each with its line feed, one after another to `out`."""
    at = 0
    for row in rows:
        for k in range(starts[row], starts[row + 1]):
            out[at] = names[k]
            at += 1


class Table:
    """Words in the order they were first seen, and how often."""

    def __init__(self, places: int = 1 << 12) -> None:
        self.types = 0
        self._slots = np.zeros(places, np.uint64)
        self._names = np.empty(places * 8, np.uint8)
        self._starts = np.zeros(int(places * FULL) + 1, np.int64)
        self._counts = np.zeros(int(places * FULL), np.int64)

    def add(
        self,
        text: np.ndarray,
        starts: np.ndarray,
        stops: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """int32[tokens]: the number of each token text[starts[i]:stops[i]], which is counted."""
        assert len(self._slots), "nothing can be added to a closed table"
        ids = np.empty(len(starts), np.int32)
        given = np.empty(0, np.int64) if weights is None else weights
        done = 0
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            while True:
                done, self.types = intern(
                    text, starts, stops, given, done,
                    self._slots, self._names, self._starts, self._counts, self.types, ids,
                )  # fmt: skip
                if done == len(starts):
                    return ids
                self._grow(int(stops[done] - starts[done]))

    @property
    def names(self) -> np.ndarray:
        """uint8[]: all words, each ended by a line feed."""
        return self._names[: self.starts[-1]]

    @property
    def starts(self) -> np.ndarray:
        """int64[types + 1]: where each begins in `names`."""
        return self._starts[: self.types + 1]

    @property
    def counts(self) -> np.ndarray:
        """int64[types]"""
        return self._counts[: self.types]

    def name(self, i: int) -> str:
        raw = self._names[self._starts[i] : self._starts[i + 1] - 1]
        return raw.tobytes().decode("utf-8", "replace")

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The words of `rows` as (uint8[] each ended by a line feed, int64[rows + 1] starts)."""
        sizes = self.starts[1:][rows] - self.starts[:-1][rows]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        out = np.empty(starts[-1], np.uint8)
        gather(self._names, self._starts, rows, out)
        return out, starts

    def close(self) -> None:
        """Nothing will be added any more: memory that is not needed for that is given back."""
        self._slots = np.empty(0, np.uint64)
        _resize(self._names, int(self._starts[self.types]))
        _resize(self._starts, self.types + 1)
        _resize(self._counts, self.types)

    def _grow(self, length: int) -> None:
        """Makes room for a word of `length` bytes, of whatever is short."""
        used = int(self._starts[self.types])
        if used + length + 1 > len(self._names):
            _resize(self._names, max(used + length + 1, len(self._names) * 3 // 2))
        places = len(self._slots)
        if self.types >= int(places * FULL):
            larger = np.zeros(places * 2, np.uint64)
            _move(self._slots, larger)
            self._slots = larger
        if self.types >= len(self._counts):
            size = min(len(self._counts) * 3 // 2 + 1, int(len(self._slots) * FULL))
            _resize(self._counts, size)
            _resize(self._starts, size + 1)


def _resize(array: np.ndarray, size: int) -> None:
    """In place, so that the system can move large arrays without a second copy."""
    array.resize(size, refcheck=False)
