"""GloVe's co-occurrence counts: `cooccurrence.bin`, in order, and `.shuf.bin`, in none.

    CREC   int32 w1, int32 w2, float64 value: 16 bytes, little-endian
    w      number of a word, from 1: its line in vocab.txt
    value  how much of w2 was counted near w1, above zero; a pair has one record

Files are read and written in blocks and can be larger than memory. Reading goes over the file
twice: first it counts and checks, then each record goes to its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.files import whole_file
from firth.vectors.formats.source import compressing, compression, opened

RECORD = np.dtype([("w1", "<i4"), ("w2", "<i4"), ("value", "<f8")])
SIZE = RECORD.itemsize
#: records at a time
BLOCK = 1 << 20


def read(
    path: str | Path, words: int, folder: str | Path | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(offsets int64[V + 1], columns int32[n], values float64[n]), sorted by row and column.

    words: V, the lines of vocab.txt.
    folder: where to make files that columns and values are mapped from; None: in memory, 12
        bytes a record.

    Raises:
        FormatError: with the byte offset: a truncated file, a number that is no word's, a value
            that cannot be; two records of one pair, which are not added up, because GloVe
            writes one: they tell of a file that was written twice.
    """
    path = Path(path)
    counts = np.zeros(words, np.int64)
    sorted_, last = True, -1
    for rows, columns, _ in _blocks(path, words):
        counts += np.bincount(rows, minlength=words)
        keys = rows.astype(np.int64) * words + columns
        sorted_ = sorted_ and last < keys[0] and bool((keys[1:] > keys[:-1]).all())
        last = keys[-1]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    total = int(offsets[-1])
    if not total:
        raise FormatError(path, "an empty file", f"records of {SIZE} bytes")
    to_columns = _array(folder, "columns.npy", total, np.int32)
    to_values = _array(folder, "values.npy", total, np.float64)
    place = _copy if sorted_ else _scatter
    place(path, offsets, to_columns, to_values)
    return offsets, to_columns, to_values


def _blocks(path: Path, words: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(rows from 0, columns from 0, values) of BLOCK records, checked."""
    offset = 0
    if not path.is_dir() and path.exists() and not compression(path):
        # before hours of work, not after
        _must_be_whole(path, path.stat().st_size)
    with opened(path) as file:
        while data := file.read(BLOCK * SIZE):
            while len(data) % SIZE and (more := file.read(SIZE - len(data) % SIZE)):
                data += more
            _must_be_whole(path, offset + len(data))
            records = np.frombuffer(data, RECORD)
            rows, columns, values = records["w1"], records["w2"], records["value"]
            for name, column in (("first", rows), ("second", columns)):
                if column.min() < 1 or column.max() > words:
                    bad = int(np.argmax((column < 1) | (column > words)))
                    raise FormatError(
                        path,
                        f"{column[bad]} as the {name} word at offset {offset + bad * SIZE}",
                        f"a number from 1 to {words}, the words of the vocabulary",
                        "Give the vocabulary that the counts were made with.",
                    )
            if not (values.min() > 0 and values.max() < np.inf):  # nan is not above 0
                bad = int(np.argmin((values > 0) & (values < np.inf)))
                raise FormatError(
                    path,
                    f"the value {values[bad]} at offset {offset + bad * SIZE}",
                    "a finite one above zero",
                    "The file is damaged, or it is none of GloVe's counts.",
                )
            yield rows - 1, columns - 1, values
            offset += len(data)


def _must_be_whole(path: Path, size: int) -> None:
    if size % SIZE:
        raise FormatError(
            path,
            f"{size % SIZE} bytes at offset {size - size % SIZE}, where the file ends",
            f"a record of {SIZE}",
            "The file is truncated; copy it or make it again.",
        )


def _array(folder: str | Path | None, name: str, size: int, dtype: Any) -> np.ndarray:
    if folder is None:
        return np.empty(size, dtype)
    return np.lib.format.open_memmap(Path(folder) / name, "w+", dtype, (size,))


def _copy(path: Path, offsets: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Records that are in order already."""
    at = 0
    for _, some, numbers in _blocks(path, len(offsets) - 1):
        if at + len(some) > len(columns):
            raise _changed(path)
        columns[at : at + len(some)], values[at : at + len(some)] = some, numbers
        at += len(some)
    if at != len(columns):
        raise _changed(path)


def _scatter(path: Path, offsets: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Records in any order: a counting sort by row, then each row by column."""
    from firth.kernels.records import scatter, sort_rows

    places = offsets[:-1].copy()
    for rows, some, numbers in _blocks(path, len(offsets) - 1):
        if scatter(rows, some, numbers, places, offsets[1:], columns, values) != len(rows):
            raise _changed(path)
    if (places != offsets[1:]).any():
        raise _changed(path)
    double = sort_rows(offsets, columns, values)
    if double >= 0:
        row = int(np.searchsorted(offsets, double, side="right"))
        raise FormatError(
            path,
            f"two records of the words {row} and {columns[double] + 1}",
            "one record for a pair, as GloVe writes",
            "The file was written twice over; make it again.",
        )


def _changed(path: Path) -> FormatError:
    return FormatError(
        path,
        "other records than a moment ago",
        "a file that stays as it is",
        "Something is writing it; wait for that to end.",
    )


def write(
    path: str | Path,
    offsets: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    overwrite: bool = True,
) -> None:
    """Writes the entries of a sparse matrix (as `read` gives it) in their order.

    Raises:
        ModelExistsError, StorageError
    """
    path = Path(path)
    with whole_file(path, overwrite) as temporary, compressing(temporary, path.name) as file:
        for start in range(0, len(columns), BLOCK):
            records = np.empty(min(BLOCK, len(columns) - start), RECORD)
            stop = start + len(records)
            # the rows that have entries here, as many times as they have
            first = int(np.searchsorted(offsets, start, side="right")) - 1
            after = int(np.searchsorted(offsets, stop, side="left"))
            edges = np.clip(offsets[first : after + 1], start, stop)
            records["w1"] = np.repeat(np.arange(first + 1, after + 1), np.diff(edges))
            records["w2"] = columns[start:stop] + 1
            records["value"] = values[start:stop]
            file.write(records.data)
