"""TensorFlow embedding projector: X_tensor.tsv (numbers, tabs, no header) and X_metadata.tsv.

Metadata of one column has no header, of several has one. A backslash, tab or line end in a
label is written as \\\\, \\t, \\n, \\r. Either file, or X alone, names the pair.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files import whole_file
from firth.vectors.formats.names import known_counts, make_vectors
from firth.vectors.formats.shortest import shortest
from firth.vectors.formats.source import opened
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors

ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
PLAIN = {escaped: raw for raw, escaped in ESCAPES.items()}
BLOCK = 4096


def pair(path: Path) -> tuple[Path, Path]:
    """(tensor file, metadata file) that `path` stands for."""
    stem = re.sub(r"(_tensor|_metadata)?(\.tsv)?$", "", path.name, count=1)
    return path.with_name(f"{stem}_tensor.tsv"), path.with_name(f"{stem}_metadata.tsv")


def read(path: Path, reading: Reading) -> Vectors:
    """Both files of the pair.

    Raises:
        FormatError: a file is missing, a row of another length (with its line), labels that
            do not fit.
    """
    tensor, metadata = pair(path)
    if path.is_file() and path not in (tensor, metadata):
        tensor, metadata = path, path.with_name("metadata.tsv")  # the projector's own names
    for file in (tensor, metadata):
        if not file.exists():
            raise FormatError(file, "nothing there", "one of the projector's two files")
    labels, counts = _labels(metadata, reading)
    rows: list[np.ndarray] = []
    with opened(tensor) as stream:
        for number, line in enumerate(stream, start=1):
            if reading.limit is not None and len(rows) >= reading.limit:
                break
            rows.append(_row(tensor, number, line, len(rows[0]) if rows else 0))
    if reading.limit is None and len(rows) != len(labels):
        raise FormatError(metadata, f"{len(labels)} labels for {len(rows)} vectors", "one each")
    labels = labels[: len(rows)]
    matrix = np.array(rows, np.float32).reshape(len(labels), -1)
    return make_vectors(path, labels, matrix, None if counts is None else counts[: len(rows)])


def _row(path: Path, number: int, line: bytes, dim: int) -> np.ndarray:
    tokens = line.strip(b"\r\n").split(b"\t")
    try:
        row = np.array([float(token) for token in tokens]).astype(np.float32)
    except ValueError:
        raise FormatError(
            path, f"{line[:40]!r} on line {number}", "numbers split by tabs"
        ) from None
    if (dim and len(row) != dim) or not np.isfinite(row).all():
        raise FormatError(
            path, f"{len(row)} numbers on line {number}", f"{dim or len(row)} finite ones"
        )
    return row


def _labels(path: Path, reading: Reading) -> tuple[list[str], np.ndarray | None]:
    try:
        lines = path.read_bytes().decode("utf-8", reading.errors).split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(
            path, f"bytes that are not UTF-8 at offset {error.start}", "UTF-8"
        ) from None
    if lines and not lines[-1]:
        lines.pop()
    rows = [line.removesuffix("\r").split("\t") for line in lines]
    if not rows or len(rows[0]) == 1:
        return [_plain(row[0]) for row in rows], None
    head, body = rows[0], rows[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(head):
            raise FormatError(path, f"{len(row)} columns on line {number}", f"{len(head)}")
    counts = None
    if "count" in head and all(row[head.index("count")].isdigit() for row in body):
        counts = np.array([int(row[head.index("count")]) for row in body], np.int64)
    column = head.index("word") if "word" in head else 0
    return [_plain(row[column]) for row in body], counts


def _plain(label: str) -> str:
    return re.sub(r"\\[\\tnr]", lambda match: PLAIN[match[0]], label)


def _escaped(label: str) -> str:
    return re.sub(r"[\\\t\n\r]", lambda match: ESCAPES[match[0]], label)


def write(vectors: Vectors, path: Path) -> None:
    """Writes the pair; counts, if known, become a second column.

    Raises:
        FormatError: an empty name (the projector passes over empty lines), a lone surrogate.
    """
    tensor, metadata = pair(path)
    counts = known_counts(vectors)
    lines = [_escaped(name) for name in vectors.names]
    if "" in lines:
        raise FormatError(metadata, "an empty name", "names that are not empty")
    if counts is not None:
        lines = [f"{label}\t{count}" for label, count in zip(lines, counts, strict=True)]
        lines.insert(0, "word\tcount")
    try:
        text = "".join(f"{line}\n" for line in lines).encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(
            metadata, f"a name with {error.object[error.start]!r}", "no lone surrogates"
        ) from None
    with whole_file(tensor) as first, whole_file(metadata) as second:
        with open(first, "wb") as file:
            for start in range(0, len(vectors), BLOCK):
                for row in shortest(vectors.matrix[start : start + BLOCK]):
                    file.write(row.replace(" ", "\t").encode() + os.linesep[-1:].encode())
        second.write_bytes(text)
