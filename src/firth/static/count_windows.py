"""Counting a text of any length in bounded memory.

The stream is cut into segments that fit. A segment is counted row by row (kernels/cooccurrence).
If there is one, its rows are the result; else each gives a sorted run on disk, and the runs are
added up row by row. Rows go to threads in blocks and come back in order. As sums are of whole
numbers, the result is the same to the bit whatever the memory and the threads.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from firth.errors import SettingError, StorageError, VocabularyError
from firth.kernels.cooccurrence import (
    Rows,
    count_rows,
    divide,
    mark,
    merge_rows,
    positions_of,
    weights,
)
from firth.kernels.sparse_row import line_of
from firth.progress import Progress
from firth.settings import byte_count
from firth.static.cooccurrence import Cooccurrence
from firth.static.growing import Budget, Growing
from firth.static.machine import available_cores, available_memory, free_disk, size
from firth.text import temporary
from firth.text.corpus import Corpus
from firth.text.stream import Encoded, Stream, encode
from firth.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.static.window_counts import WindowCounts

#: entries a block of rows may have, about: some milliseconds of work
BLOCK = 1 << 16
#: bytes an entry takes: its column and its sum or value
ENTRY = 12
#: tokens below which cutting a text any finer would only cost
FEWEST = 1 << 14
#: bytes of pairs below which nobody need be told how many there are
WORTH_SAYING = 10_000_000
#: what to hold in memory where nothing tells what is free
UNKNOWN = 2_000_000_000


def count(
    settings: WindowCounts, corpus: Any, progress: Progress, *, keep: Vocabulary | None = None
) -> Cooccurrence:
    """See `WindowCounts.count`.  keep: words that stay, however rare they are here."""
    if isinstance(corpus, Cooccurrence):
        return _counted_alike(settings, corpus)
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    threads = settings.threads or available_cores()
    memory = memory_of(settings)
    encoded = encode(
        corpus,
        min_count=settings.min_count,
        max_size=settings.max_size,
        threads=threads,
        memory=memory // 2,
        keep=keep,
        progress=progress,
    )
    words = len(encoded.vocabulary)
    if words < 2:
        raise VocabularyError(
            f"The vocabulary holds one word, '{encoded.vocabulary[0]}', so no word has another "
            "beside it; lower --min-count, or check the tokenizer."
        )
    work = plan(settings, encoded, memory, threads)
    try:
        offsets, columns, values = work.go(progress)
    finally:
        progress.finish()
    if not len(columns):
        raise VocabularyError(
            f"No two of the {words:,} words stand in one line, so there is nothing to count; give "
            "a text with a sentence or paragraph a line, or lower --min-count."
        )
    return Cooccurrence(
        vocabulary=encoded.vocabulary,
        offsets=offsets,
        columns=columns,
        values=values,
        settings={name: getattr(settings, name) for name in SHAPE},
        corpus={
            **corpus.summary(),
            "lines": encoded.lines,
            "tokens": encoded.tokens,
            "types": encoded.types,
            "kept_tokens": len(encoded.stream.ids),
        },
        phrases=corpus.phrases,
    )


#: the settings that decide what is counted
SHAPE = ("window", "direction", "weighting", "min_count", "max_size")


def _counted_alike(settings: WindowCounts, counts: Cooccurrence) -> Cooccurrence:
    """`counts`, unless the settings say, against their defaults, that they should be others."""
    for field in dataclasses.fields(settings):
        wanted, found = getattr(settings, field.name), counts.settings.get(field.name)
        if field.name in SHAPE and found is not None and wanted not in (found, field.default):
            raise SettingError(
                f"{field.name}={wanted} was asked for, but these counts were made with "
                f"{field.name}={found}; leave it out, or count the text again."
            )
    return counts


def memory_of(settings: WindowCounts) -> int:
    """Bytes to work in.

    Raises:
        SettingError: more was asked for than there is.
    """
    free = available_memory()
    if settings.memory is None:
        return UNKNOWN if free is None else free // 2
    wanted = byte_count(settings.memory)
    if free is not None and wanted > free:
        raise SettingError(
            f"memory={settings.memory} is {size(wanted)}, but only {size(free)} are free; give less"
            " and the rest goes to disk."
        )
    return wanted


class Segment(NamedTuple):
    """A piece of the text as the kernels take it."""

    stream: np.ndarray
    positions: np.ndarray
    starts: np.ndarray


@dataclasses.dataclass
class Work:
    """One counting.

    tokens: of a segment, at most.  spare: bytes of memory that the result may take.
    """

    stream: Stream
    words: int
    window: int
    weight: np.ndarray
    unit: float
    left: bool
    right: bool
    threads: int
    tokens: int
    spare: int

    def __post_init__(self) -> None:
        self._rooms = threading.local()

    def go(self, progress: Progress) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(offsets, columns, values)."""
        total = len(self.stream.ids)
        edges = np.append(np.arange(0, total, self.tokens), total)
        several = len(edges) > 2
        progress.start("counting co-occurrence", total, "words")
        # runs are kept on disk: what is in memory is the segment
        runs = Growing(np.int32, Budget(0)), Growing(np.int64, Budget(0))
        offsets = []
        with ThreadPoolExecutor(self.threads) as pool:
            for begin, end in zip(edges[:-1], edges[1:], strict=True):
                segment = self._segment(int(begin), int(end))
                if begin == 0:
                    pairs = self._must_fit(segment, len(edges) - 1, progress)
                    result = self._room_for(pairs)
                starts = segment.starts

                def shown(last: int, starts=starts, begin=begin) -> None:
                    progress.advance(int(begin) + int(starts[last]))

                blocks = self._rows_of(segment, pool, final=not several)
                if not several:
                    written = self._write_run(blocks, result, shown)
                    return written, result[0].finish(), result[1].finish()
                offsets.append(self._write_run(blocks, runs, shown))
                del segment, starts, blocks, shown
            progress.finish()
            progress.start("adding up the parts", self.words, "rows")
            columns, sums = (np.asarray(run.finish()) for run in runs)
            merged = self._rows_of_runs(np.array(offsets), columns, sums, pool)
            written = self._write_run(merged, result, progress.advance)
            return written, result[0].finish(), result[1].finish()

    def _room_for(self, pairs: int) -> tuple[Growing, Growing]:
        """Columns and values; in memory if they fit."""
        budget = Budget(self.spare)
        most = min(pairs + pairs // 8, self.spare // ENTRY)
        return Growing(np.int32, budget, most), Growing(np.float64, budget, most)

    def _segment(self, begin: int, end: int) -> Segment:
        """Tokens begin <= t < end as the words to count around, with what they can see."""
        ids, ends = self.stream.ids, self.stream.ends
        low, high = max(0, begin - self.window), min(len(ids), end + self.window)
        first, last = np.searchsorted(ends, low, "right"), np.searchsorted(ends, high, "left")
        lines = np.array(ends[first : last + 1], np.int64) - low
        lines[-1] = high - low
        marked = np.empty((high - low + len(lines) + 2 * self.window, 1), np.int32)
        part = ids[low:high]
        # of a map a copy, as compiled code would be made again for what cannot be written
        mark(
            np.array(part) if isinstance(part, np.memmap) else part,
            lines,
            0,
            self.words,
            self.window,
            marked,
        )
        at = [
            self.window + t - low + int(np.searchsorted(lines, t - low, "right"))
            for t in (begin, end)
        ]
        starts = np.empty(self.words + 2, np.int64)
        positions = np.empty(end - begin, np.int32)
        positions_of(marked, *at, starts, positions)
        return Segment(marked, positions, starts)

    def _rows_of(
        self, segment: Segment, pool: ThreadPoolExecutor, final: bool
    ) -> Iterator[tuple[int, Rows]]:
        starts = segment.starts
        seen = self.window * (self.left + self.right) * np.diff(starts[: self.words + 1])

        def work(first: int, last: int, line: Any, room: Rows) -> int:
            return count_rows(
                *segment, first, last, self.weight, self.left, self.right, line, room
            )  # fmt: skip

        return self._in_order(np.minimum(seen, self.words), work, pool, final)

    def _rows_of_runs(
        self, offsets: np.ndarray, columns: np.ndarray, sums: np.ndarray, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[int, Rows]]:
        def work(first: int, last: int, line: Any, room: Rows) -> int:
            return merge_rows(offsets, columns, sums, first, last, line, room)

        held = np.diff(offsets, axis=1).sum(axis=0)
        return self._in_order(np.minimum(held, self.words), work, pool, final=True)

    def _in_order(
        self,
        most: np.ndarray,
        work: Callable[[int, int, Any, Rows], int],
        pool: ThreadPoolExecutor,
        final: bool,
    ) -> Iterator[tuple[int, Rows]]:
        """(first row behind the block, its rows) for all rows, worked on by the threads.

        most int64[V]: entries that a row can have.
        final: the rows hold values, float64 in place of their sums.
        """
        edges = _cut(most)
        free: deque[Rows] = deque()  # rooms are used again: fresh memory costs a page fault a page

        def block(first: int, last: int, room: Rows) -> int:
            if not hasattr(self._rooms, "line"):
                self._rooms.line = line_of(self.words + 1)
            n = work(first, last, self._rooms.line, room)
            if final:
                divide(room.sums[:n], self.unit, room.sums[:n].view(np.float64))
            return n

        waiting: deque[tuple[int, int, Rows, Future[int]]] = deque()

        def oldest() -> tuple[int, Rows]:
            first, last, room, future = waiting.popleft()
            n = future.result()
            free.append(room)
            sums = room.sums[:n].view(np.float64) if final else room.sums[:n]
            return last, Rows(room.ends[: last - first], room.columns[:n], sums)

        rows_at_once = int(np.diff(edges).max(initial=0))
        entries = int(np.add.reduceat(most, edges[:-1]).max(initial=0))
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            while len(waiting) >= 2 * self.threads:
                yield oldest()
            room = free.popleft() if free else None
            if room is None:
                room = Rows(
                    np.empty(rows_at_once, np.int64),
                    np.empty(entries, np.int32),
                    np.empty(entries, np.int64),
                )
            waiting.append((first, last, room, pool.submit(block, first, last, room)))
        while waiting:
            yield oldest()

    def _write_run(
        self,
        blocks: Iterable[tuple[int, Rows]],
        out: tuple[Growing, Growing],
        shown: Callable[[int], None],
    ) -> np.ndarray:
        """Appends the rows; their offsets int64[V + 1]."""
        offsets = np.empty(self.words + 1, np.int64)
        offsets[0] = len(out[0])
        first = 0
        for last, rows in blocks:
            offsets[first + 1 : last + 1] = rows.ends + len(out[0])
            out[0].append(rows.columns)
            out[1].append(rows.sums)
            first = last
            shown(last)
        return offsets

    def _must_fit(self, segment: Segment, segments: int, progress: Progress) -> int:
        """Says how many pairs are to come, by counting some rows; refuses if there is no room.

        Raises:
            StorageError: too little disk.
        """
        pairs = self._pairs_of(segment) * segments
        needed = 0
        if segments > 1:
            needed += pairs * ENTRY
        in_memory = pairs * ENTRY <= self.spare
        if not in_memory:
            needed += pairs * ENTRY
        where = "in memory" if in_memory else "on disk"
        about = f"About {pairs:,.0f} pairs" if segments == 1 else f"At most some {pairs:,.0f} pairs"
        parts = "" if segments == 1 else f", counted in {segments} parts"
        if pairs * ENTRY >= WORTH_SAYING or needed:
            progress.say(f"{about}: {size(pairs * ENTRY)} {where}{parts}.")
        folder = temporary.folder()
        free = free_disk(folder)
        if needed > free:
            raise StorageError(
                f"Counting needs about {size(needed)} in {folder}, where only {size(free)} are "
                "free; give more --memory, raise --min-count, or set TMPDIR to a larger disk."
            )
        return pairs

    def _pairs_of(self, segment: Segment) -> int:
        """The entries of a segment, estimated from some rows of each order of frequency."""
        starts, line = segment.starts, line_of(self.words + 1)
        most = np.minimum(
            self.window * (self.left + self.right) * np.diff(starts[: self.words + 1]), self.words
        )
        first, pairs = 16, float(most[:16].sum())
        while first < self.words:
            last = min(2 * first, self.words)
            some = np.linspace(first, last - 1, min(8, last - first)).astype(np.int64)
            seen = 0
            for i in some:
                room = Rows(
                    np.empty(1, np.int64), np.empty(most[i], np.int32), np.empty(most[i], np.int64)
                )
                seen += count_rows(
                    *segment, i, i + 1, self.weight, self.left, self.right, line, room
                )  # fmt: skip
            pairs += seen * (last - first) / len(some)
            first = last
        return int(pairs)


def plan(settings: WindowCounts, encoded: Encoded, memory: int, threads: int) -> Work:
    """How to share `memory` out.

    Raises:
        SettingError: it is less than can do.
    """
    stream, words = encoded.stream, len(encoded.vocabulary)
    if not isinstance(stream.ids, np.memmap):
        memory -= stream.ids.nbytes
    # each thread: a line, and two blocks of rows on their way
    each = 8 * (words + 1024) + words // 8 + 2 * ENTRY * max(2 * BLOCK, words)
    fixed = 8 * 4 * words
    token = 4 * 4  # the ids, the marked stream and its marks, the positions
    total = len(stream.ids)
    least = fixed + each + token * min(FEWEST, total)
    if memory < least:
        raise SettingError(
            f"memory={settings.memory} leaves {size(max(0, memory))} to count in, but {words:,} "
            f"words take {size(least)}; give more, or fewer words by --max-size or --min-count."
        )
    threads = max(1, min(threads, (memory - fixed - token * min(FEWEST, total)) // each))
    left = memory - fixed - threads * each
    tokens = max(1, min(total, left // token))
    assert encoded.vocabulary.counts is not None
    most = int(encoded.vocabulary.counts.max())
    weight, unit = weights(settings.window, settings.weighting == "harmonic", most)
    return Work(
        stream=stream,
        words=words,
        window=settings.window,
        weight=weight,
        unit=unit,
        left=settings.direction in ("both", "left"),
        right=settings.direction in ("both", "right"),
        threads=int(threads),
        tokens=int(tokens),
        spare=int(left - token * tokens),
    )


def _cut(most: np.ndarray) -> np.ndarray:
    """int64[blocks + 1]: rows in blocks of about BLOCK entries at most, each of a row or more."""
    before = np.append(0, np.cumsum(most))
    edges = [0]
    while edges[-1] < len(most):
        last = int(np.searchsorted(before, before[edges[-1]] + BLOCK, "right")) - 1
        edges.append(max(edges[-1] + 1, last))
    return np.array(edges, np.int64)
