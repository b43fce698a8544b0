"""Which rows the documents of a text have: one each, by number; or those of their ids.

An id is a name of a document: one that no other has, one of several, or a label that many share
(MISSION: class labels). All documents of one id share its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firth.errors import CorpusError, SettingError
from firth.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.text.labelled import Tape
    from firth.vectors.documents import DocumentVectors


@dataclass
class DocumentIds:
    """offsets int64[lines + 1], rows int32: line i has the rows rows[offsets[i]:offsets[i + 1]].

    names: the ids by row; None: line i has the row i.  size: rows in all.
    """

    offsets: np.ndarray
    rows: np.ndarray
    names: Vocabulary | None
    size: int

    @property
    def most(self) -> int:
        """Ids of one line, at most; at least 1."""
        return max(1, int(np.diff(self.offsets).max(initial=1)))


def numbered(lines: int) -> DocumentIds:
    """Each line has a row of its own."""
    return DocumentIds(np.arange(lines + 1), np.arange(lines, dtype=np.int32), None, lines)


def named(tape: Tape, lines: int, unique: bool) -> DocumentIds:
    """The ids that were noted while the text was read.

    unique: an id may not come twice.

    Raises:
        CorpusError: no document has an id; or one comes twice and was not to.
    """
    rows, ends = tape.finish()
    names = tape.names
    if len(ends) != lines:  # one note a line is what reading means
        raise AssertionError(f"{len(ends)} notes of ids for {lines} lines")
    if not len(rows):
        raise CorpusError(
            f"None of the {lines:,} documents has an id; check the column of ids or their prefix, "
            "or leave ids out: documents are numbered then."
        )
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    if unique:
        _must_be_unique(rows, offsets, names)
    line = np.repeat(np.arange(lines), np.diff(offsets))
    # an id that stands twice with one document counts once; ids keep their order
    keys = line * max(1, len(names)) + rows
    _, first = np.unique(keys, return_index=True)
    first.sort()
    sizes = np.bincount(line[first], minlength=lines)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = rows[first].astype(np.int32)
    counts = np.bincount(rows, minlength=len(names))
    return DocumentIds(offsets, rows, Vocabulary(names, counts), len(names))


def _must_be_unique(rows: np.ndarray, offsets: np.ndarray, names: list[str]) -> None:
    """
    Raises:
        CorpusError: an id comes twice; it and its documents are named.
    """
    order = np.argsort(rows, kind="stable")
    again = np.flatnonzero(np.diff(rows[order]) == 0)
    if not len(again):
        return
    at = again[np.argmin(order[again + 1])]
    first, second = np.searchsorted(offsets, [order[at], order[at + 1]], "right").tolist()
    where = f"document {first:,} and again document {second:,}"
    if first == second:
        where = f"document {first:,} twice"
    raise CorpusError(
        f"The id '{names[rows[order[at]]]}' names {where}; unique_ids wants each id once. Leave "
        "unique_ids out if documents may share a row."
    )


def after(older: DocumentVectors, ids: DocumentIds) -> tuple[DocumentIds, np.ndarray]:
    """The ids of a text that a model with `older` documents goes on with: these keep their rows.

    Numbered lines are new documents, with the numbers that follow. Ids that the model has mean
    the documents it has. Returns also the rows, in `ids`, of those that are new.

    Raises:
        SettingError: a number that would follow is the id of another document.
    """
    before = len(older)
    if ids.names is None:
        size = before + ids.size
        names = None
        if older.names is not None:
            more = [str(row) for row in range(before, size)]
            taken = next((name for name in more if name in older.names), None)
            if taken is not None:
                raise SettingError(
                    f"The new documents have no ids, and '{taken}', the number of one of them, is "
                    "the id of another in the model to continue; give ids."
                )
            names = Vocabulary([*older.ids, *more])
        found = DocumentIds(ids.offsets, ids.rows + np.int32(before), names, size)
        return found, np.arange(ids.size)
    numbers = np.array([older._find(name) for name in ids.names], np.int64)
    new = np.flatnonzero(numbers < 0)
    numbers[new] = before + np.arange(len(new))
    names = Vocabulary([*older.ids, *(ids.names[int(i)] for i in new)])
    rows = numbers[ids.rows].astype(np.int32)
    return DocumentIds(ids.offsets, rows, names, before + len(new)), new
