"""The reader of every text format: a line is a name and D numbers.

Bytes throughout. The last D tokens of a line are the numbers and all before them is the name,
which may hold blanks; trailing blanks and CRLF are taken; a first line of two whole numbers is
a header `rows D`, without one D is what most of the first lines have. A header with too few or
too many lines is a warning, one that cannot be meant is an error.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from firth.errors import FormatError
from firth.vectors.formats.names import check_finite, decode_names, make_vectors
from firth.vectors.formats.source import compression, opened
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors

#: small enough to stay in the cache between reading and parsing
CHUNK = 1 << 21
#: a line longer than this is no vector
LONGEST = 1 << 26
#: files beyond this are worth loading (and once compiling) the kernel for
KERNEL_FROM = 1 << 25
#: lines looked at to learn or to check D
SAMPLE = 200


def read_rows(path: Path, reading: Reading) -> Vectors:
    """The vectors of a text file of any of these dialects.

    Raises:
        FormatError: with the line number.
    """
    size = path.stat().st_size if path.is_file() else 0
    packed = bool(size) and bool(compression(path))
    compiled = size * (4 if packed else 1) >= KERNEL_FROM
    with opened(path) as file:
        pieces = _pieces(path, file)
        head = next(pieces, b"")
        announced, dim, skip = _shape(path, head)
        known = not packed and reading.limit is None
        table = _Table(path, dim, size if known else 0, compiled)
        if announced is not None and known:
            table.expect(announced)
        if skip:
            head = head[head.index(b"\n") + 1 :] if b"\n" in head else b""
            table.lines = 1
        done = table.take(head, reading.limit)
        for piece in pieces:
            if done:
                break
            done = table.take(piece, reading.limit)
    if announced is not None and not done:
        _check_count(path, announced, table)
    return table.vectors(reading)


def _pieces(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines; only the last may lack its line end."""
    carry = b""
    while chunk := file.read(CHUNK):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield carry + chunk[:cut]
            carry = chunk[cut:]
        else:
            carry += chunk
            if len(carry) > LONGEST:
                raise FormatError(
                    path, f"a line of more than {LONGEST >> 20} MB", "lines of a word and numbers"
                )
    if carry:
        yield carry


def is_header(line: bytes) -> bool:
    """Two whole numbers split by a blank (by a tab they are a projector's row)."""
    tokens = line.split()
    digits = len(tokens) == 2 and all(token.isdigit() for token in tokens)
    return digits and b"\t" not in line


def _shape(path: Path, head: bytes) -> tuple[int | None, int, bool]:
    """(rows announced or None, D, whether the first line is a header)."""
    lines = head[: 1 << 22].split(b"\n", SAMPLE + 1)[: SAMPLE + 1]
    if len(lines) > 1 and len(head) > 1 << 22:
        lines.pop()  # it may be cut
    if not any(line.strip() for line in lines):
        raise FormatError(path, "an empty file", "lines of a word and its numbers")
    header = is_header(lines[0])
    body = [line.split() for line in lines[header:] if line.strip()]
    if not header:
        dim = Counter(len(tokens) for tokens in body).most_common(1)[0][0] - 1
        if dim < 1:
            raise FormatError(
                path, f"{lines[0][:40]!r} on line 1", "a word and its numbers, split by blanks"
            )
        return None, dim, False
    announced, dim = (int(number) for number in lines[0].split())
    if dim < 1:
        raise FormatError(path, f"{dim} dimensions in the header on line 1", "at least 1")
    if body and all(len(tokens) < dim for tokens in body):
        raise FormatError(
            path,
            f"{len(body[0]) - 1} numbers on line 2",
            f"{dim}, as the header on line 1 says",
        )
    if body and all(len(tokens) > dim + 1 and _is_number(tokens[-dim - 1]) for tokens in body):
        raise FormatError(
            path,
            f"{len(body[0]) - 1} numbers on line 2",
            f"{dim}, as the header on line 1 says",
        )
    return announced, dim, True


def _is_number(token: bytes) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return b"_" not in token


def _check_count(path: Path, announced: int, table: _Table) -> None:
    rows = table.rows
    if announced > 10 * max(rows, 1):
        raise FormatError(
            path,
            f"a header on line 1 that announces {announced} vectors, and {rows} after it",
            "a header that is at least nearly right",
            "Delete the first line if the rest is good.",
        )
    if announced > rows and not table.ended:
        raise FormatError(
            path,
            f"{rows} of {announced} vectors and no line end after the last (line {table.lines})",
            "a whole file",
            "The file is truncated; copy or download it again.",
        )
    # GloVe forgets to count its <unk>
    glove = announced + 1 == rows and table.last_name() == b"<unk>"
    if announced != rows and not glove:
        warnings.warn(
            f"{path}: the header announces {announced} vectors, the file holds {rows}; "
            f"all {rows} are read.",
            stacklevel=3,
        )


class _Table:
    """Rows as they come in: a matrix that grows in place, and the names, ended by newlines."""

    def __init__(self, path: Path, dim: int, size: int, compiled: bool) -> None:
        self.path, self.dim, self.size, self.compiled = path, dim, size, compiled
        self.matrix = np.empty((0, dim), np.float32)
        self.rows = 0
        self.lines = 0
        self.seen = 0
        self.names: list[bytes] = []
        self.numbers: list[np.ndarray] = []  # line number of each row
        self.ended = True

    def expect(self, rows: int) -> None:
        """Makes room at once if the file is large enough for `rows` (two bytes a number)."""
        if rows * (2 * self.dim + 1) <= self.size:
            # numpy asks for large pages here, which `resize` does not
            self.matrix = np.empty((rows, self.dim), np.float32)

    def take(self, piece: bytes, limit: int | None) -> bool:
        """Parses whole lines; True if `limit` is reached."""
        if not piece:
            return False
        if limit is not None:
            piece = _first_lines(piece, limit - self.rows)
        self.ended = piece.endswith(b"\n")
        data = np.frombuffer(piece if self.ended else piece + b"\n", np.uint8)
        ends = np.flatnonzero(data == ord("\n"))
        room = len(ends)
        self._reserve(room, len(piece))
        values = self.matrix[self.rows : self.rows + room]
        if self.compiled:
            names, lines = _parse_compiled(self, piece, data, ends, values)
        else:
            names, lines = _parse_plain(self, piece, values)
        check_finite(self.path, values[: len(lines)], lambda row: f"line {lines[row]}")
        self.names.append(names)
        self.numbers.append(lines)
        self.rows += len(lines)
        self.lines += room
        self.seen += len(piece)
        return limit is not None and self.rows >= limit

    def _reserve(self, room: int, length: int) -> None:
        if self.rows + room <= len(self.matrix):
            return
        rest = max(0, self.size - self.seen - length)
        wanted = self.rows + room + int(1.02 * rest * room / length)
        if not self.size:
            wanted = max(wanted, int(1.5 * len(self.matrix)))
        # realloc moves pages, not bytes
        self.matrix.resize((wanted, self.dim), refcheck=False)

    def last_name(self) -> bytes:
        names = b"".join(self.names[-1:])
        return names[:-1].rpartition(b"\n")[2]

    def vectors(self, reading: Reading) -> Vectors:
        if self.rows < len(self.matrix):
            self.matrix.resize((self.rows, self.dim), refcheck=False)
        names = decode_names(
            self.path,
            b"".join(self.names),
            reading.errors,
            lambda row: f"line {np.concatenate(self.numbers)[row]}",
        )
        return make_vectors(self.path, names, self.matrix)

    def wrong(self, line: int, text: bytes) -> FormatError:
        """What is wrong with a line that is not a name and D numbers."""
        tokens = text.split()
        tail = tokens[-self.dim :]
        bad = next((token for token in reversed(tail) if not _is_number(token)), None)
        if len(tokens) <= self.dim:
            what = f"{max(0, len(tokens) - 1)} numbers on line {line}"
            if bad is None:
                what = f"{len(tokens)} numbers and no word on line {line}"
        elif bad is None:
            what = f"no word before the numbers on line {line}"
        else:
            what = f"{bad[:40].decode('utf-8', 'replace')!r} on line {line}"
        return FormatError(self.path, what, f"a word and {self.dim} numbers")


def _first_lines(piece: bytes, count: int) -> bytes:
    """As much of `piece` as holds `count` lines that are not blank."""
    at = 0
    while count > 0:
        end = piece.find(b"\n", at)
        if end < 0:
            return piece
        if piece[at:end].strip(b" \t\r"):
            count -= 1
        at = end + 1
    return piece[:at]


def _parse_plain(table: _Table, piece: bytes, values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Names (each with a newline) and line numbers; `values` float32[n, D] is filled."""
    dim, row = table.dim, 0
    names: list[bytes] = []
    numbers: list[int] = []
    for line, text in enumerate(piece.split(b"\n"), start=table.lines + 1):
        stripped = text.rstrip(b" \t\r")
        if not stripped:
            continue
        name, *tokens = stripped.split(b" ")
        try:
            if len(tokens) != dim or b"\t" in stripped:
                name, tokens = split_right(stripped, dim)
            with np.errstate(over="ignore"):  # infinity is refused by the caller
                values[row] = np.array([float(token) for token in tokens])
        except ValueError:
            raise table.wrong(line, stripped) from None
        if b"_" in stripped[len(name) :]:  # float() takes 1_000
            raise table.wrong(line, stripped)
        names.append(name)
        numbers.append(line)
        row += 1
    names.append(b"")
    return b"\n".join(names), np.array(numbers, np.int64)


def split_right(line: bytes, dim: int) -> tuple[bytes, list[bytes]]:
    """The name and the last `dim` tokens of `line`, which ends in no blank.

    Raises:
        ValueError: there are not as many, or no separator before them.
    """
    tokens: list[bytes] = []
    stop = len(line)
    for _ in range(dim):
        while stop and line[stop - 1] in b" \t":
            stop -= 1
        start = stop
        while start and line[start - 1] not in b" \t":
            start -= 1
        if start == 0:
            raise ValueError
        tokens.append(line[start:stop])
        stop = start
    # exactly one separator belongs to the format, the rest to the name
    return line[: stop - 1], tokens[::-1]


def _parse_compiled(
    table: _Table, piece: bytes, data: np.ndarray, ends: np.ndarray, values: np.ndarray
) -> tuple[bytes, np.ndarray]:
    """As `_parse_plain`, by the kernel; tokens it is not sure of go through float()."""
    from firth.kernels.floats import POWERS, parse_rows

    names = np.empty(len(data), np.uint8)
    lines = np.empty(len(values), np.int64)
    odd = np.empty((1 << 12, 4), np.int64)
    rows, length, odds, bad = parse_rows(data, ends, POWERS, values, names, lines, odd)
    if bad >= 0 or odds > len(odd):
        return _parse_plain(table, piece, values)  # rare: it finds the words for the message
    for row, column, start, stop in odd[:odds]:
        token = piece[start:stop]
        if not _is_number(token):
            return _parse_plain(table, piece, values)
        values[row, column] = float(token)
    return names[:length].tobytes(), lines[:rows] + table.lines + 1
