"""The labels of texts as they are met: what a cell holds, and the tape they are noted on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from firth.errors import CorpusError
from firth.text.table import Table


class Tape:
    """The labels of one pass over the examples.

    numbers: of each label, in the order of the text.  ends: where those of each example end.
    """

    def __init__(self) -> None:
        self._table = Table(1 << 6)
        self._numbers: list[np.ndarray] = []
        self._ends: list[np.ndarray] = []
        self._size = 0

    def add_spans(
        self, text: np.ndarray, starts: np.ndarray, stops: np.ndarray, ends: np.ndarray
    ) -> None:
        """Labels text[starts[l]:stops[l]]; ends: of lines, counted from the first of these."""
        self._numbers.append(self._table.add(text, starts, stops))
        self._ends.append(ends.astype(np.int64) + self._size)
        self._size += len(starts)

    def add(self, labels: list[list[str]]) -> None:
        """Of one example after another."""
        flat = [label for some in labels for label in some]
        raw = [label.encode("utf-8", "surrogatepass") for label in flat]
        stops = np.cumsum([len(one) for one in raw], dtype=np.int32)
        starts = np.append(0, stops[:-1]).astype(np.int32) if raw else stops
        ends = np.cumsum([len(some) for some in labels], dtype=np.int64)
        self.add_spans(np.frombuffer(b"".join(raw), np.uint8), starts, stops, ends)

    @property
    def names(self) -> list[str]:
        """The labels by number."""
        return [self._table.name(number) for number in range(self._table.types)]

    @property
    def counts(self) -> np.ndarray:
        """int64[labels]"""
        return self._table.counts

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """(numbers int32, ends int64[examples])."""
        numbers = np.concatenate([np.empty(0, np.int32), *self._numbers])
        return numbers, np.concatenate([np.empty(0, np.int64), *self._ends])


def labels_of(cell: Any, separator: str | None, where: str) -> list[str]:
    """The labels that a cell or the first part of a pair holds.

    Raises:
        CorpusError: it can be none.
    """
    if cell is None or type(cell).__name__ == "NAType" or (cell != cell) is True:
        return []
    if isinstance(cell, str):
        cells = cell.split(separator) if separator else [cell]
    elif hasattr(cell, "tolist") and not isinstance(cell, list):
        inner = cell.tolist()
        cells = inner if isinstance(inner, list) else [inner]
    elif isinstance(cell, list | tuple | set | frozenset):
        cells = sorted(cell, key=str) if isinstance(cell, set | frozenset) else list(cell)
    else:
        cells = [cell]
    found = []
    for one in cells:
        if isinstance(one, bool):
            one = json.dumps(one)
        if isinstance(one, float) and one.is_integer():
            one = int(one)  # a column with an empty cell makes numbers of this kind
        if not isinstance(one, str | int | float):
            raise CorpusError(
                f"{where}: {one!r} ({type(one).__name__}) is no label; wanted a text, a number, or "
                "a list of them."
            )
        name = str(one).strip()
        if name:
            found.append(name)
    return found
