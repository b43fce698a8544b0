"""One pass over a text: its words in tables, one for each thread, and each token as a number.

Every thread numbers words as it meets them. When all is read the tables are joined, case is
folded (each word once, not each token), and a map for each thread leads from its numbers to
the common ones.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.progress import Progress
from firth.text.corpus import Corpus
from firth.text.spill import Place, Spill
from firth.text.table import Table
from firth.text.tokens import Splitter

#: words folded and joined at once
CHUNK = 1 << 16


@dataclass
class Piece:
    """A block that was read: whose numbers, and where they and the line ends are (int32 both)."""

    worker: int
    ids: np.ndarray | Place
    ends: np.ndarray | Place


class Worker:
    """What a thread needs of its own."""

    def __init__(self, number: int, corpus: Corpus, spill: Spill) -> None:
        self.number, self._spill = number, spill
        self.tables: dict[bool, Table] = {}  # by whether case is to be folded
        self._corpus = corpus
        self._splitters: dict[bool, Splitter] = {}
        self.tokens = self.lines = 0

    def read(self, block: bytes, given: bool) -> Piece:
        if given not in self._splitters:
            self._splitters[given] = Splitter(None if given else self._corpus.tokenizer)
        starts, stops, ends = self._splitters[given](block)
        fold = self._corpus.folds(given)
        ids = self.table(fold).add(np.frombuffer(block, np.uint8), starts, stops)
        self.tokens += len(ids)
        self.lines += len(ends)
        number = 2 * self.number + fold
        return Piece(number, self._spill.put(ids), self._spill.put(ends.copy()))

    def table(self, fold: bool) -> Table:
        if fold not in self.tables:
            self.tables[fold] = Table()
        return self.tables[fold]


@dataclass
class Counted:
    """A text that was read: its words in `table`, its tokens as pieces with a map for each."""

    table: Table
    maps: dict[int, np.ndarray | None]
    pieces: list[Piece]
    tokens: int
    lines: int


def count(corpus: Corpus, threads: int, spill: Spill, progress: Progress) -> Counted:
    """Reads all of `corpus`.

    Raises:
        CorpusError, EncodingError: as the corpus gives them.
    """
    workers = [Worker(i, corpus, spill) for i in range(threads)]
    pieces = []
    size = corpus.size
    progress.start("reading", size / 1e6 if size else None, "MB")
    try:
        for piece in _read(corpus, workers):
            pieces.append(piece)
            progress.advance(corpus.done / 1e6)
    finally:
        progress.finish()
    tokens, lines = sum(w.tokens for w in workers), sum(w.lines for w in workers)
    table, maps = join({2 * w.number + f: t for w in workers for f, t in w.tables.items()})
    return Counted(table, maps, pieces, tokens, lines)


def _read(corpus: Corpus, workers: list[Worker]) -> Iterator[Piece]:
    """The pieces in the order of the text, whichever worker reads which."""
    if len(workers) == 1:
        for block, given in corpus.blocks():
            yield workers[0].read(block, given)
        return
    idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def work(block: bytes, given: bool) -> Piece:
        worker = idle.get()
        try:
            return worker.read(block, given)
        finally:
            idle.put(worker)

    waiting: deque[Future[Piece]] = deque()
    with ThreadPoolExecutor(len(workers)) as pool:
        try:
            for block, given in corpus.blocks():
                waiting.append(pool.submit(work, block, given))
                # so many blocks are held in memory at once
                while len(waiting) > 2 * len(workers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def join(tables: dict[int, Table]) -> tuple[Table, dict[int, np.ndarray | None]]:
    """One table of all, and for each a map int32[types] to it (None: the numbers stay).

    A table with an odd key is folded.
    """
    if not tables:
        return Table(), {}
    if len(tables) == 1 and not next(iter(tables)) % 2:
        return next(iter(tables.values())), dict.fromkeys(tables)
    for table in tables.values():
        table.close()
    joined = Table()
    maps: dict[int, Any] = {}
    for number in sorted(tables):
        maps[number] = add_table(joined, tables.pop(number), fold=number % 2 == 1)
    return joined, maps


def add_table(target: Table, table: Table, fold: bool) -> np.ndarray:
    """Adds the words of `table` and their counts to `target`: int32[types], their numbers there."""
    numbers = np.empty(table.types, np.int32)
    for first in range(0, table.types, CHUNK):
        last = min(first + CHUNK, table.types)
        edges = table.starts[first : last + 1]
        text = table.names[edges[0] : edges[-1]].tobytes()
        starts = (edges[:-1] - edges[0]).astype(np.int32)
        stops = (edges[1:] - edges[0] - 1).astype(np.int32)
        if fold:
            text, starts, stops = fold_words(text, starts, stops)
        numbers[first:last] = target.add(
            np.frombuffer(text, np.uint8), starts, stops, np.array(table.counts[first:last])
        )
    return numbers


def fold_words(
    text: bytes, starts: np.ndarray, stops: np.ndarray
) -> tuple[bytes, np.ndarray, np.ndarray]:
    """str.casefold() of words that are each ended by a line feed."""
    if text.isascii():
        return text.lower(), starts, stops
    if text.count(b"\n") == len(starts):
        folded = text.decode("utf-8").casefold().encode("utf-8")
        ends = np.flatnonzero(np.frombuffer(folded, np.uint8) == 10).astype(np.int32)
    else:  # given tokens may hold line feeds
        words = [
            text[start:stop].decode("utf-8").casefold().encode("utf-8")
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
        ]
        folded = b"".join(word + b"\n" for word in words)
        ends = (np.cumsum([len(word) + 1 for word in words]) - 1).astype(np.int32)
    return folded, np.concatenate([[0], ends[:-1] + 1]).astype(np.int32), ends
