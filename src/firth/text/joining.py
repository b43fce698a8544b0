"""Phrases joined in a text of ids: each becomes one word, pass after pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from firth.text.counting import Counted
from firth.text.hashing import PairTable
from firth.text.phrase_kernels import BEGINS, CONNECTS, ENDS, join_over, join_pairs, tally
from firth.text.phrase_model import PhraseModel
from firth.text.pieces import Kept, Lines, as_counted, numbers_of, put, whole_lines
from firth.text.spill import Spill
from firth.text.table import Table


@dataclass
class Joins:
    """One pass over ids: which words follow each other to become which.

    roles: uint8[types], see `phrase_kernels`.  pairs: (head, tail) -> joined word; gaps, tails: as
    in `phrase_kernels`, or None if no connector stands in any phrase.
    """

    roles: np.ndarray
    pairs: PairTable
    gaps: PairTable | None
    tails: PairTable | None

    def __call__(self, lines: Lines) -> Lines:
        """`lines` with phrases joined; both arrays are written to."""
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            if self.gaps is None or self.tails is None:
                left = join_pairs(
                    lines.ids, lines.ends, self.roles, self.pairs.keys, self.pairs.values
                )
            else:
                left = join_over(
                    lines.ids, lines.ends, self.roles, self.pairs.keys, self.pairs.values,
                    self.gaps.keys, self.gaps.values, self.tails.keys, self.tails.values,
                )  # fmt: skip
        return Lines(lines.ids[:left], lines.ends)


def joins_of(
    phrases: Iterable[tuple[int, ...]], joined: np.ndarray, connectors: np.ndarray, types: int
) -> Joins:
    """The pass that joins each of `phrases` (the numbers of its words) to a word of `joined`."""
    roles = np.zeros(types, np.uint8)
    gap_of: dict[tuple[int, int], int] = {}
    tail_of: dict[tuple[int, int], int] = {}
    heads, tails = [], []
    for phrase in phrases:
        gap, tail = 0, phrase[-1]
        for word in phrase[1:-1]:
            gap = gap_of.setdefault((gap, word), len(gap_of) + 1)
        if gap:
            tail = tail_of.setdefault((gap, tail), types + len(tail_of))
        heads.append(phrase[0])
        tails.append(tail)
        roles[phrase[0]] |= BEGINS
        roles[phrase[-1]] |= ENDS
    # all of them: words around a connector are no pair, whether it stands in a phrase or not
    roles[connectors] = CONNECTS
    pairs = PairTable.of(np.array(heads, np.int64), np.array(tails, np.int64), joined)
    if not len(connectors):
        return Joins(roles, pairs, None, None)
    return Joins(roles, pairs, _table(gap_of), _table(tail_of))


def _table(entries: dict[tuple[int, int], int]) -> PairTable:
    keys = np.array(list(entries), np.int64).reshape(-1, 2)
    return PairTable.of(keys[:, 0], keys[:, 1], np.array(list(entries.values()), np.int32))


def joins_in(table: Table, model: PhraseModel) -> list[Joins]:
    """The passes of `model` in the numbers of `table`, which its words and phrases enter."""
    delimiter = _bytes(model.delimiter)
    numbered = []
    for one in model.passes:
        words = [[_bytes(word) for word in phrase] for phrase in one.phrases]
        flat = numbers_of(table, [word for phrase in words for word in phrase]).tolist()
        joined = numbers_of(table, [delimiter.join(phrase) for phrase in words])
        numbers = iter(flat)
        numbered.append(([tuple(next(numbers) for _ in phrase) for phrase in words], joined))
    connectors = numbers_of(table, [_bytes(word) for word in model.connector_words])
    return [joins_of(some, joined, connectors, table.types) for some, joined in numbered]


def join_text(
    text: Iterable[Lines], passes: list[Joins], table: Table, spill: Spill, threads: int
) -> list[Kept]:
    """`text` with phrases joined, put aside; `table` counts what is there then.

    The arrays of `text` are written to.
    """

    def work(lines: Lines) -> Lines:
        for joins in passes:
            lines = joins(lines)
        # a copy, so that what was joined takes no memory
        return Lines(lines.ids.copy(), lines.ends)

    kept = []
    table.counts[:] = 0
    for lines in _in_order(work, text, threads):
        tally(lines.ids, table.counts)
        kept.append(put(lines, spill))
    return kept


def joined(counted: Counted, model: PhraseModel, spill: Spill, threads: int) -> Counted:
    """`counted` as if its text had had the phrases of `model` as words."""
    passes = joins_in(counted.table, model)
    text = whole_lines(counted, spill)
    return as_counted(counted, join_text(text, passes, counted.table, spill, threads))


def _in_order(
    work: Callable[[Lines], Lines], text: Iterable[Lines], threads: int
) -> Iterator[Lines]:
    """`work` on each piece, by several threads; the results in order, few of them waiting."""
    if threads == 1:
        yield from map(work, text)
        return
    waiting: deque[Future[Lines]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for lines in text:
            waiting.append(pool.submit(work, lines))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
