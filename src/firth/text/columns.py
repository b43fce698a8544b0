"""Columns of tables as lines of text: CSV, TSV, JSONL and Parquet files; tables in memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from firth.errors import CorpusError, MissingExtraError, did_you_mean
from firth.text.sources import FileSource, whole_lines

_KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_PACKED = (".gz", ".bz2", ".xz", ".zst")


def kind_of(path: Path) -> str | None:
    """csv, tsv, jsonl or parquet by the name of the file; None: not a table."""
    ends = [end.lower() for end in path.suffixes]
    if ends and ends[-1] in _PACKED:
        ends.pop()
    return _KINDS.get(ends[-1]) if ends else None


class Cells:
    """The cells of one column of a file; may be gone through again.

    column: a name, or a number from 0; in CSV and TSV a number means that there are no headings.
    also: a second column; the items are then (cell, its cell as it is: text, number, list, None).

    CSV is read as RFC 4180 says. In TSV a quotation mark is a character like any other.

    Raises:
        CorpusError: no column was said, or there is none like it (those there are are named).
    """

    def __init__(
        self,
        path: Path,
        kind: str | None,
        column: str | int | None,
        encoding: str,
        errors: str,
        also: str | int | None = None,
    ) -> None:
        if kind is None:
            raise CorpusError(
                f"column={column!r} was given, but {path} is not a table by its name; wanted "
                f"{', '.join(_KINDS)}, packed or not. Leave column out to read it as plain text."
            )
        self._path, self._kind, self._column = path, kind, column
        self._encoding, self._errors, self._also = encoding, errors, also

    def __iter__(self) -> Iterator[Any]:
        reader = {
            "csv": self._separated,
            "tsv": self._separated,
            "jsonl": self._json,
            "parquet": self._parquet,
        }
        return reader[self._kind]()

    def _lines(self) -> Iterator[str]:
        """The lines of the file with their ends."""
        source = FileSource(self._path, self._encoding, self._errors)
        for block in whole_lines(source.blocks()):
            for line in block.decode("utf-8").split("\n")[:-1]:
                yield line + "\n"

    def _separated(self) -> Iterator[Any]:
        # the module's limit for a cell is 131,072 characters, for the whole process
        csv.field_size_limit(max(csv.field_size_limit(), (1 << 31) - 1))
        if self._kind == "csv":
            rows = csv.reader(self._lines(), strict=True)
        else:
            rows = csv.reader(self._lines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        at, also = self._column, self._also
        try:
            if not isinstance(at, int) or isinstance(also, str):
                headings = next(rows, [])
                at = self._place(headings)
                also = None if also is None else place(headings, also, str(self._path))
            wanted = {at: self._column} if also is None else {at: self._column, also: self._also}
            low, high = min(wanted), max(wanted)
            for row in rows:
                if not row:
                    continue
                if high >= len(row) or low < 0:
                    bad = high if low >= 0 else low
                    raise CorpusError(
                        f"{self._path}, line {rows.line_num}: {len(row)} columns, so there is no "
                        f"column {wanted[bad]!r}; wanted one number {bad} (from 0) in each row."
                    )
                yield row[at] if also is None else (row[at], row[also])
        except csv.Error as error:
            raise CorpusError(
                f"{self._path}, line {rows.line_num}: {error}; wanted CSV in which a cell with "
                "quotation marks is quoted whole and its marks are doubled."
            ) from None

    def _json(self) -> Iterator[Any]:
        number = 0
        for line in self._lines():
            number += 1
            if not line.strip():
                continue
            where = f"{self._path}, line {number}"
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{where}: {error}; wanted one JSON object a line.") from None
            if not isinstance(entry, dict):
                raise CorpusError(
                    f"{where}: found {type(entry).__name__}; wanted a JSON object, {{...}}."
                )
            for column in [self._column] + [self._also] * (self._also is not None):
                if column not in entry:
                    raise _no_column(where, column, list(entry))
            text = _text(entry[self._column], where, self._column)
            yield text if self._also is None else (text, entry[self._also])

    def _parquet(self) -> Iterator[Any]:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise MissingExtraError("Reading Parquet files", "pyarrow", "tables") from None
        try:
            with pyarrow.parquet.ParquetFile(self._path) as file:
                names = file.schema_arrow.names
                name = names[self._place(names)]
                other = name
                if self._also is not None:
                    other = names[place(names, self._also, str(self._path))]
                row = 0
                for batch in file.iter_batches(batch_size=4096, columns=list({name, other})):
                    cells = batch.column(name).to_pylist()
                    others = cells if other == name else batch.column(other).to_pylist()
                    for cell, also in zip(cells, others, strict=True):
                        row += 1
                        text = _text(cell, f"{self._path}, row {row}", name)
                        yield text if self._also is None else (text, also)
        except (pyarrow.ArrowException, OSError) as error:
            raise CorpusError(f"{self._path} is not a sound Parquet file: {error}") from None

    def _place(self, names: list[str]) -> int:
        return place(names, self._column, str(self._path))


def place(names: list[str], column: str | int | None, where: str) -> int:
    """The number of `column` among `names`.

    Raises:
        CorpusError: it was not said, or it is not there.
    """
    if isinstance(column, int) and 0 <= column < len(names):
        return column
    if column not in names:
        raise _no_column(where, column, names)
    return names.index(str(column))


def _no_column(where: str, column: str | int | None, names: list[str]) -> CorpusError:
    there = ", ".join(repr(name) for name in names[:20])
    if column is None:
        return CorpusError(
            f"{where} is a table; say which column is the text: column=... (--column). It has: "
            f"{there}."
        )
    near = did_you_mean(str(column), names)
    return CorpusError(f"{where} has no column {column!r}.{near} It has: {there}.")


def _text(cell: Any, where: str, column: Any) -> Any:
    """A cell as text, a list of tokens, or None for nothing.

    Raises:
        CorpusError: it holds something else, a number say.
    """
    if isinstance(cell, str):
        return cell
    missing = type(cell).__name__ == "NAType" or (isinstance(cell, float) and cell != cell)
    if cell is None or missing:
        return None
    if isinstance(cell, list | tuple) or type(cell).__name__ == "ndarray":
        return list(cell)
    raise CorpusError(
        f"{where}: column {column!r} holds {cell!r} ({type(cell).__name__}); wanted text."
    )


def is_table(source: Any) -> bool:
    """Whether `source` is a table in memory: what has columns, and no text without one."""
    # asked of the type: a lazy table of polars would begin to work
    return hasattr(type(source), "columns") or hasattr(type(source), "column_names")


def cells(
    source: Any, column: str | int | None, any_cell: bool = False
) -> tuple[Iterable[Any], str]:
    """The cells of a column of a table in memory, and a name for messages.

    any_cell: as they are, whatever they hold; else they must be text.

    source: a pandas or polars table, an Arrow table, a dict of columns, or an iterable of rows
    (dictionaries, or sequences with a number for the column).

    Raises:
        CorpusError: no such column.
    """
    kind = type(source).__name__
    where = f"the {kind} given"
    if hasattr(source, "collect") and hasattr(source, "lazy"):
        source = source.collect()  # a lazy table of polars
    if is_table(source):
        labels = list(source.column_names if hasattr(source, "column_names") else source.columns)
    elif isinstance(source, dict):
        labels = list(source)
    else:
        rows = _Rows(source, column, where, any_cell)
        # what can be gone through only once stays so
        return (iter(rows) if iter(source) is source else rows), where
    label = labels[place([str(label) for label in labels], column, where)]
    return _Column(source[label], str(label), where, any_cell), f"column {str(label)!r} of {where}"


class _Column:
    def __init__(self, column: Any, name: str, where: str, any_cell: bool) -> None:
        self._column, self._name, self._where = column, name, where
        self._any = any_cell

    def __iter__(self) -> Iterator[Any]:
        column = self._column
        pieces = column.iterchunks() if hasattr(column, "iterchunks") else [column]
        row = 0
        for piece in pieces:
            for cell in piece.to_pylist() if hasattr(piece, "to_pylist") else piece:
                row += 1
                if hasattr(cell, "to_list"):  # polars gives lists as its own type
                    cell = cell.to_list()
                where = f"{self._where}, row {row}"
                yield cell if self._any else _text(cell, where, self._name)


class _Rows:
    """The entry `column` of each row."""

    def __init__(
        self, rows: Iterable[Any], column: str | int | None, where: str, any_cell: bool
    ) -> None:
        self._rows, self._column, self._where = rows, column, where
        self._any = any_cell

    def __iter__(self) -> Iterator[Any]:
        for number, row in enumerate(self._rows):
            where = f"{self._where}, row {number + 1}"
            try:
                cell = row[self._column]
            except (KeyError, IndexError, TypeError):
                names = list(row) if isinstance(row, dict) else []
                raise _no_column(where, self._column, names) from None
            yield cell if self._any else _text(cell, where, self._column)
