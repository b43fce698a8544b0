"""word2vec binary: `rows D\\n`, then per row the name, a blank and D little-endian float32.

word2vec.c ends a row with a newline, gensim with nothing; both are read, both can be written.
A name with a blank in it cannot be told from its numbers by rule: where the plain reading does
not come out (numbers beyond 1e6, names that are not UTF-8, bytes left over), the file is read
again with the blank that gives sane numbers. gensim reads such files wrongly without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError, SettingError
from firth.vectors.formats.names import BLANKS, decode_names, encoded, make_vectors
from firth.vectors.formats.source import compressing, compression, opened
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors

CHUNK = 1 << 24
#: no number of a trained vector is beyond this
SANE = 1e6
LONGEST_NAME = 1000
BLOCK = 4096


def read(path: Path, reading: Reading) -> Vectors:
    """The vectors of either dialect.

    Raises:
        FormatError: with the byte offset.
    """
    try:
        return _read(path, reading, careful=False)
    except _Doubtful as doubt:
        try:
            return _read(path, reading, careful=True)
        except _Doubtful as again:
            raise (again.error or doubt.error) from None


class _Doubtful(Exception):
    """The bytes do not come out as rows; `error` says where."""

    def __init__(self, error: FormatError) -> None:
        self.error = error


def _read(path: Path, reading: Reading, careful: bool) -> Vectors:
    with opened(path) as file:
        buffer = _Buffer(file)
        rows, dim = _header(path, buffer)
        size = path.stat().st_size
        if not compression(path) and rows * (dim * 4 + 2) > size:
            raise FormatError(
                path,
                f"a header of {rows} vectors of {dim} numbers in a file of {size} bytes",
                f"at least {rows * (dim * 4 + 2)} bytes",
                "The file is truncated, or it is no word2vec binary.",
            )
        wanted = rows if reading.limit is None else min(rows, reading.limit)
        names = bytearray()
        offsets: list[int] = []
        blocks: list[np.ndarray] = []
        while len(offsets) < wanted:
            block = np.empty((min(BLOCK, wanted - len(offsets)), dim), np.float32)
            for row in range(len(block)):
                offsets.append(buffer.offset)
                name, block[row] = _row(path, buffer, dim, len(offsets), rows, careful)
                names += name + b"\n"
            blocks.append(block)
        rest = buffer.rest() if wanted == rows else b""
    matrix = np.concatenate(blocks) if blocks else np.empty((0, dim), np.float32)
    if rest.strip(b"\n"):
        raise _Doubtful(
            FormatError(
                path,
                f"bytes after the last of {rows} vectors, at offset {buffer.offset - len(rest)}",
                "the end of the file",
            )
        )
    sane = np.asarray(np.abs(matrix).max(axis=1, initial=0) < SANE)  # nan is not below
    if not careful and not sane.all():
        raise _Doubtful(_insane(path, offsets, sane))
    if not np.isfinite(matrix).all():
        raise _insane(path, offsets, np.asarray(np.isfinite(matrix).all(axis=1)))
    try:
        texts = decode_names(
            path, bytes(names), reading.errors, lambda row: f"offset {offsets[row]}"
        )
    except FormatError as error:
        raise (error if careful else _Doubtful(error)) from None
    return make_vectors(path, texts, matrix)


def _insane(path: Path, offsets: list[int], sane: np.ndarray) -> FormatError:
    row = int(np.argmin(sane))
    return FormatError(
        path,
        f"numbers not finite or beyond {SANE:g} in row {row + 1}, at offset {offsets[row]}",
        "those of a word vector",
        "The file is damaged, or its header is wrong.",
    )


def _header(path: Path, buffer: _Buffer) -> tuple[int, int]:
    buffer.need(256)
    line = bytes(buffer.data[:256]).partition(b"\n")[0]
    tokens = line.split()
    if len(tokens) != 2 or not all(token.isdigit() for token in tokens) or int(tokens[1]) < 1:
        raise FormatError(path, f"{line[:40]!r} at offset 0", "a header of rows and dimensions")
    buffer.skip(len(line) + 1)
    return int(tokens[0]), int(tokens[1])


def _row(
    path: Path, buffer: _Buffer, dim: int, number: int, rows: int, careful: bool
) -> tuple[bytes, np.ndarray]:
    """The name and numbers of the next row."""
    buffer.need(4 * dim + 64)
    while buffer.at < len(buffer.data) and buffer.data[buffer.at] == 10:
        buffer.skip(1)
    start = buffer.at
    blank = buffer.data.find(b" ", start)
    if blank < 0:
        buffer.need(4 * dim + LONGEST_NAME)
        start = buffer.at
        blank = buffer.data.find(b" ", start)
    first: tuple[bytes, np.ndarray, int] | None = None
    while 0 <= blank - start <= LONGEST_NAME:
        buffer.need(blank - start + 1 + 4 * dim + LONGEST_NAME)
        blank -= start - buffer.at
        start = buffer.at
        end = blank + 1 + 4 * dim
        if end > len(buffer.data):
            break
        values = np.frombuffer(buffer.data, "<f4", dim, blank + 1)
        found = (bytes(buffer.data[start:blank]), values, end - start)
        if not careful or (_looks_right(*found[:2]) and _follows(buffer, end, number == rows)):
            first = found
            break
        first = first or found
        blank = buffer.data.find(b" ", blank + 1)
    if first is None:
        left = len(buffer.data) - start
        raise _Doubtful(
            FormatError(
                path,
                f"{left} bytes at offset {buffer.offset} where row {number} of {rows} begins",
                f"a word, a blank and {4 * dim} bytes",
                "The file is truncated or damaged.",
            )
        )
    buffer.skip(first[2])
    return first[0], first[1]


def _looks_right(name: bytes, values: np.ndarray) -> bool:
    return bool((np.abs(values) < SANE).all()) and _is_name(name)


def _follows(buffer: _Buffer, end: int, last: bool) -> bool:
    """Whether what comes after a row is the end, or the name of another row."""
    rest = bytes(buffer.data[end : end + LONGEST_NAME]).lstrip(b"\n")
    name, blank, _ = rest.partition(b" ")
    if last:
        return not rest
    return bool(name and blank) and _is_name(name)


def _is_name(name: bytes) -> bool:
    try:
        return name.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


class _Buffer:
    """A window on the bytes of a file."""

    def __init__(self, file: Any) -> None:
        self.file, self.data, self.at, self.offset = file, b"", 0, 0

    def need(self, count: int) -> None:
        """Makes `count` bytes available at `at`, or all there are."""
        while len(self.data) - self.at < count:
            more = self.file.read(CHUNK)
            if not more:
                return
            self.data = self.data[self.at :] + more
            self.at = 0

    def skip(self, count: int) -> None:
        self.at += count
        self.offset += count

    def rest(self) -> bytes:
        """A few of the bytes that are left."""
        self.need(1 << 16)
        rest = self.data[self.at : self.at + (1 << 16)]
        self.skip(len(rest))
        return rest


def write(vectors: Vectors, path: Path, dialect: str = "gensim") -> None:
    """Writes `path`; dialect: "gensim" (nothing after a row) or "word2vec" (a newline).

    Raises:
        FormatError: a name with a blank in it.
    """
    if dialect not in ("gensim", "word2vec"):
        raise SettingError(f"dialect={dialect!r} is not one of gensim, word2vec.")
    end = b"\n" if dialect == "word2vec" else b""
    with compressing(path, path.name) as file:
        file.write(f"{len(vectors)} {vectors.dim}\n".encode())
        names = encoded(path, vectors.names, BLANKS, "word2vec binary")
        for name, row in zip(names, vectors.matrix, strict=True):
            file.write(b"%b %b%b" % (name, row.astype("<f4").tobytes(), end))
