"""How often each word is followed by each other word, in memory that does not grow with the text.

The successors of a word are brought together (a counting sort by the first word) and counted in
an array with a place for every word: no table of all pairs is ever made. Words are taken in
ranges, so that the successors held at once are bounded; threads take ranges. The result is that
of one range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.progress import Progress
from firth.text.hashing import PairTable
from firth.text.phrase_kernels import (
    CONNECTS,
    count_successors,
    neighbours,
    over_connectors,
    scatter,
)
from firth.text.pieces import Lines
from firth.text.spill import Spill

#: tokens whose successors a thread holds at once: 4 bytes each
HELD = 1 << 25


@dataclass
class Tails:
    """What tails from `types` upwards stand for: connector words, then a word.

    tail types + i is the connectors of gap gaps[i], then words[i]; a gap is its last connector
    and the gap before that; gap 0 is empty.
    """

    types: int
    gaps: np.ndarray
    words: np.ndarray
    gap_parents: np.ndarray
    gap_words: np.ndarray

    def spelled(self, tail: int) -> list[int]:
        """The words of a tail."""
        if tail < self.types:
            return [tail]
        words, gap = [int(self.words[tail - self.types])], int(self.gaps[tail - self.types])
        while gap:
            words.append(int(self.gap_words[gap]))
            gap = int(self.gap_parents[gap])
        return words[::-1]

    def last(self, tails: np.ndarray) -> np.ndarray:
        """int64[n]: the word each tail ends with."""
        last = tails.astype(np.int64)
        long = last >= self.types
        last[long] = self.words[last[long] - self.types]
        return last


@dataclass
class Pairs:
    """Candidates that are frequent enough: heads, tails int32[n], counts int64[n].

    distinct: all there are.  best: (count, head, tail) of the most frequent; (0, 0, 0) if none.
    """

    heads: np.ndarray
    tails: np.ndarray
    counts: np.ndarray
    distinct: int
    best: tuple[int, int, int]
    spelling: Tails


def count_pairs(
    text: Callable[[], Iterator[Lines]],
    counts: np.ndarray,
    connectors: np.ndarray,
    *,
    least: int,
    every_pair: bool,
    across_lines: bool,
    threads: int,
    spill: Spill,
    progress: Progress,
) -> Pairs:
    """Counts the pairs of `text`; those seen `least` times are given back.

    counts: int64[types] of the words.  connectors: int[n], the words that may stand inside.
    every_pair: `distinct` counts all pairs; else those only whose words reach `least` themselves.
    spill: where candidates over connectors are put.
    """
    types = len(counts)
    spelling = Tails(types, *(np.empty(0, np.int32) for _ in range(4)))
    held: list[tuple[Any, Any]] | None = None
    if len(connectors):
        spelling, held = _over(text(), types, connectors, spill)
        counts = counts.copy()
        counts[connectors] = 0
    wanted = np.empty(0, bool) if every_pair else counts >= least
    edges = _ranges(counts, threads)
    tokens = int(counts.sum())
    progress.start("counting pairs", tokens / 1e6, "M words")
    done = 0

    def candidates() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if held is None:
            return _neighbours(text(), across_lines)
        return ((spill.read(heads), spill.read(tails)) for heads, tails in held)

    def work(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]:
        low, high = int(edges[number]), int(edges[number + 1])
        begins = np.append(0, np.cumsum(counts[low:high]))
        fill, successors = begins[:-1].copy(), np.empty(int(begins[-1]), np.int32)
        for heads, tails in candidates():
            scatter(heads, tails, low, high, wanted, fill, successors)
        seen = np.zeros(types + len(spelling.words), np.int32)
        most = int((fill - begins[:-1]).sum()) // least
        first, second = np.empty(most, np.int32), np.empty(most, np.int32)
        times, best = np.empty(most, np.int64), np.zeros(3, np.int64)
        found, distinct = count_successors(
            low, begins[:-1], fill, successors, seen, least, first, second, times, best
        )
        return first[:found].copy(), second[:found].copy(), times[:found].copy(), distinct, best

    parts = []
    try:
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(work, range(len(edges) - 1)):
                parts.append(part)
                done += int(counts[edges[len(parts) - 1] : edges[len(parts)]].sum())
                progress.advance(done / 1e6)
    finally:
        progress.finish()
        for heads, tails in held or ():
            spill.drop(heads)
            spill.drop(tails)
    # the first of equal ones, in the order of the words
    best = max((tuple(part[4].tolist()) for part in parts), key=lambda one: one[0])
    heads, tails, times = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return Pairs(heads, tails, times, sum(part[3] for part in parts), best, spelling)


def _ranges(counts: np.ndarray, threads: int) -> np.ndarray:
    """int64[ranges + 1]: ranges of words with about as many tokens each, HELD at most."""
    ends = np.cumsum(counts)
    parts = max(threads, -(-int(ends[-1]) // HELD))
    cuts = np.searchsorted(ends, ends[-1] * np.arange(1, parts) / parts, "right")
    return np.unique(np.concatenate([[0], cuts, [len(counts)]]))


def _neighbours(
    text: Iterator[Lines], across_lines: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(heads, tails) of each piece of text; to be used before the next is asked for."""
    room = np.empty((2, 0), np.int32)
    lines = next(text, None)
    while lines is not None:
        following = next(text, None)
        # a piece without words has nothing to lend
        while across_lines and following is not None and not len(following.ids):
            following = next(text, None)
        if room.shape[1] < len(lines.ids):
            room = np.empty((2, len(lines.ids)), np.int32)
        after = -1
        if across_lines:
            after = -2 if following is None else int(following.ids[0])
        found = neighbours(lines.ids, lines.ends, after, *room)
        yield room[0, :found], room[1, :found]
        lines = following


def _over(
    text: Iterator[Lines], types: int, connectors: np.ndarray, spill: Spill
) -> tuple[Tails, list[tuple[Any, Any]]]:
    """All candidates, over connectors, as (heads, tails) of each piece, put aside."""
    roles = np.zeros(types, np.uint8)
    roles[connectors] = CONNECTS
    gap_table, tail_table = PairTable(), PairTable()
    gaps, known = 1, 0
    trees = [np.zeros(1, np.int32) for _ in range(2)]
    ends = [np.zeros(0, np.int32) for _ in range(2)]
    held = []
    for lines in text:
        size = len(lines.ids)
        gap_table.make_room(gaps + size)
        tail_table.make_room(known + size)
        trees = [_longer(array, gaps, size) for array in trees]
        ends = [_longer(array, known, size) for array in ends]
        heads, tails = np.empty(size, np.int32), np.empty(size, np.int32)
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            found, gaps, known = over_connectors(
                lines.ids, lines.ends, roles, types, gap_table.keys, gap_table.values, gaps,
                *trees, tail_table.keys, tail_table.values, known, *ends, heads, tails,
            )  # fmt: skip
        held.append((spill.put(heads[:found].copy()), spill.put(tails[:found].copy())))
    spelling = Tails(types, *(array[:known] for array in ends), *(array[:gaps] for array in trees))
    return spelling, held


def _longer(array: np.ndarray, used: int, more: int) -> np.ndarray:
    """`array` with room for `more` behind what is used."""
    if used + more <= len(array):
        return array
    larger = np.zeros(max(used + more, 2 * used), array.dtype)
    larger[:used] = array[:used]
    return larger
