"""A text as pieces of whole lines in the numbers of one table, gone through as often as one likes.

`encode` numbers words as each thread meets them and forgets the pieces one by one; what works on
pairs of neighbours (phrases) needs common numbers and whole lines, before any word is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from firth.text.counting import CHUNK, Counted, Piece
from firth.text.spill import Place, Spill
from firth.text.table import Table

#: tokens of a piece, if lines are not longer
SIZE = 1 << 18


class Lines(NamedTuple):
    """ids int32[tokens], ends int64[lines]: the last line ends where the ids do."""

    ids: np.ndarray
    ends: np.ndarray


class Kept(NamedTuple):
    """Lines put aside."""

    ids: np.ndarray | Place
    ends: np.ndarray | Place


def whole_lines(counted: Counted, spill: Spill) -> Iterator[Lines]:
    """The text of `counted`, whose pieces are used up: the arrays may be written to."""
    counted.pieces.reverse()
    ids: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    held = 0
    while counted.pieces:
        piece = counted.pieces.pop()
        own = counted.maps[piece.worker]
        words, stops = spill.take(piece.ids), spill.take(piece.ends)
        ids.append(words if own is None else own[words])
        ends.append(stops + np.int64(held))
        held += len(words)
        if held >= SIZE and len(stops):
            cut = int(ends[-1][-1])
            joined = np.concatenate(ids)
            # a copy, so that the rest does not hold the whole piece
            yield Lines(joined[:cut], np.concatenate(ends))
            ids, ends, held = [joined[cut:].copy()], [], held - cut
    if held or any(len(some) for some in ends):
        # the last line of a text is ended, whether its file ends so or not
        yield Lines(np.concatenate(ids), np.concatenate(ends))


def put(lines: Lines, spill: Spill) -> Kept:
    return Kept(spill.put(lines.ids), spill.put(lines.ends.astype(np.int32)))


def read(kept: Kept, spill: Spill) -> Lines:
    """Lines that were put aside: the ids are not to be written to, the ends may be."""
    return Lines(spill.read(kept.ids), spill.read(kept.ends).astype(np.int64))


def as_counted(counted: Counted, kept: Iterable[Kept]) -> Counted:
    """`counted` with its text replaced; its table counts what is there now."""
    pieces = [Piece(0, one.ids, one.ends) for one in kept]
    tokens = int(counted.table.counts.sum())
    return Counted(counted.table, {0: None}, pieces, tokens, counted.lines)


def numbers_of(table: Table, names: list[bytes]) -> np.ndarray:
    """int32[n]: the numbers of `names` in `table`; new ones enter it, with a count of 0."""
    numbers = np.empty(len(names), np.int32)
    for first in range(0, len(names), CHUNK):
        some = names[first : first + CHUNK]
        stops = np.cumsum([len(name) for name in some])
        numbers[first : first + len(some)] = table.add(
            np.frombuffer(b"".join(some), np.uint8),
            np.append(0, stops[:-1]).astype(np.int32),
            stops.astype(np.int32),
            np.zeros(len(some), np.int64),
        )
    return numbers
