"""fastText `.bin`, unquantised: the vector of each word, its n-grams summed in. Read only.

Layout: 4 bytes magic, version, 12 int32, one float64; then the dictionary; then the input
matrix (words, then n-gram buckets) and the output matrix. Vectors for unseen words are not
offered: `Vectors` holds rows.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from firth.errors import FormatError
from firth.vectors.formats.names import check_finite, decode_names, make_vectors
from firth.vectors.formats.ngrams import with_ngrams
from firth.vectors.formats.source import opened
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors

MAGIC, VERSION = 793712314, 12
SUPERVISED = 3


def read(path: Path, reading: Reading) -> Vectors:
    """The vectors of the words (not of labels), in the order of the dictionary.

    Raises:
        FormatError: with the byte offset; also for quantised (.ftz) and newer files.
    """
    with opened(path) as file:
        stream = _Stream(path, file)
        magic, version = stream.numbers("<2i")
        if magic != MAGIC:
            raise FormatError(path, f"{magic} at offset 0", f"fastText's magic number {MAGIC}")
        if version > VERSION:
            raise FormatError(path, f"version {version}", f"at most {VERSION}")
        header = stream.numbers("<12i")
        dim, model, low, high = header[0], header[7], header[9], header[10]
        if version == 11 and model == SUPERVISED:
            high = 0
        stream.numbers("<d")
        names, counts = _dictionary(stream)
        if stream.numbers("<?")[0]:
            raise FormatError(
                path,
                f"a quantised matrix at offset {stream.at - 1}",
                "an unquantised .bin",
                "Quantised models (.ftz) are not read yet.",
            )
        rows, columns = stream.numbers("<2q")
        if columns != dim or not len(names) <= rows < 1 << 40:
            raise FormatError(
                path,
                f"an input matrix of {rows} x {columns} at offset {stream.at - 16}",
                f"at least {len(names)} x {dim}",
            )
        matrix = stream.matrix(rows, columns)
    texts = decode_names(
        path,
        b"".join(name + b"\n" for name in names),
        reading.errors,
        lambda row: f"word {row + 1}",
    )
    check_finite(path, matrix, lambda row: f"row {row + 1} of the input matrix")
    limit = reading.limit or len(names)
    vectors = with_ngrams(matrix[: len(names)], matrix[len(names) :], names, low, high)[:limit]
    return make_vectors(path, texts[:limit], vectors, counts[:limit])


def _dictionary(stream: _Stream) -> tuple[list[bytes], np.ndarray]:
    """Words (labels are passed over) and their counts."""
    size, words, labels, _, pruned = stream.numbers("<3i2q")
    if min(size, words, labels) < 0 or size != words + labels:
        raise FormatError(
            stream.path,
            f"{size} entries, {words} words and {labels} labels at offset {stream.at - 28}",
            "a dictionary whose parts add up (floret's files do not, and are not read)",
        )
    if pruned >= 0:
        raise FormatError(stream.path, "a pruned dictionary", "an unquantised .bin")
    names: list[bytes] = []
    counts: list[int] = []
    for entry in range(size):
        name = stream.text()
        count, kind = stream.numbers("<qb")
        if kind not in (0, 1) or (kind == 0) != (entry < words) or b"\n" in name:
            raise FormatError(
                stream.path, f"entry {entry + 1} of kind {kind} before offset {stream.at}", "0 or 1"
            )
        if kind == 0:
            names.append(name)
            counts.append(count)
    return names, np.array(counts, np.int64)


class _Stream:
    """Reads numbers, and says where the file ended too soon."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file, self.at = path, file, 0

    def take(self, count: int) -> bytes:
        parts, left = [], count
        while left:
            part = self.file.read(min(left, 1 << 24))
            if not part:
                raise FormatError(
                    self.path,
                    f"the end of the file at offset {self.at + count - left}",
                    f"{left} bytes more",
                    "The file is truncated; copy or download it again.",
                )
            parts.append(part)
            left -= len(part)
        self.at += count
        return b"".join(parts)

    def numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def text(self) -> bytes:
        """Bytes up to a zero."""
        found = bytearray()
        while (byte := self.take(1)) != b"\0":
            found += byte
            if len(found) > 1 << 20:
                raise FormatError(
                    self.path, f"a word of over a megabyte before offset {self.at}", "a word"
                )
        return bytes(found)

    def matrix(self, rows: int, columns: int) -> np.ndarray:
        data = self.take(4 * rows * columns)
        return np.frombuffer(data, "<f4").reshape(rows, columns)
