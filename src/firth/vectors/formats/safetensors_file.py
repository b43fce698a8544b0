"""One safetensors file: "embeddings" float32[V, d], "names" uint8 (UTF-8, end to end),
"name_ends" int64[V] (where each name ends in it), and "counts" int64[V] if known.

Tensors can hold any name and are read by any safetensors library; metadata would have to be
parsed as JSON before the first word is known. A foreign file with a matrix and no names is read
if a text file of the same name with one name a line (`X.tsv` or `X.txt`) lies beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats.names import check_finite, known_counts, make_vectors
from firth.vectors.formats.table import Reading
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors

MATRICES = ("embeddings", "embedding.weight", "vectors")


def read(path: Path, reading: Reading) -> Vectors:
    """Opened by memory map.

    Raises:
        FormatError: no matrix, no names, or they do not fit.
    """
    tensors = map_tensors(path)
    matrix = matrix_of(path, tensors)
    if "names" in tensors and "name_ends" in tensors:
        return _own(path, tensors, matrix).head(reading.limit)
    names = _beside(path, reading)
    if len(names) != len(matrix):
        raise FormatError(path, f"{len(names)} names beside {len(matrix)} rows", "one for each row")
    check_finite(path, matrix, lambda row: f"row {row + 1}")
    return make_vectors(path, names, matrix).head(reading.limit)


def matrix_of(path: Path, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """The tensor that holds the vectors, as float32[V, d].

    Raises:
        FormatError: there is none.
    """
    for name in MATRICES:
        if name in tensors and tensors[name].ndim == 2:
            return np.asarray(tensors[name], np.float32)
    raise FormatError(
        path,
        f"tensors {', '.join(sorted(tensors)) or '(none)'}",
        f"a matrix under one of {', '.join(MATRICES)}",
    )


def _own(path: Path, tensors: dict[str, np.ndarray], matrix: np.ndarray) -> Vectors:
    blob, ends = tensors["names"].tobytes(), tensors["name_ends"]
    starts = np.concatenate([[0], ends]).astype(np.int64)
    if len(ends) != len(matrix) or starts[-1] != len(blob) or (np.diff(starts) < 0).any():
        raise FormatError(
            path,
            f"{len(ends)} names in {len(blob)} bytes, the last ending at {starts[-1]}",
            f"{len(matrix)} names that fill them",
        )
    try:
        names = [
            blob[start:end].decode() for start, end in zip(starts[:-1], starts[1:], strict=True)
        ]
    except UnicodeDecodeError as error:
        raise FormatError(path, f"a name that is not UTF-8 ({error})", "UTF-8") from None
    if len(set(names)) != len(names):
        raise FormatError(path, "two rows of one name", "a name for each row")
    counts = tensors.get("counts")
    return Vectors(Vocabulary(names, counts=counts), matrix)


def _beside(path: Path, reading: Reading) -> list[str]:
    for suffix in (".tsv", ".txt"):
        file = path.with_suffix(suffix)
        if file.is_file():
            lines = file.read_text("utf-8", reading.errors).split("\n")
            return [line.partition("\t")[0] for line in lines[: -1 if lines[-1] == "" else None]]
    raise FormatError(
        path,
        "a matrix without names",
        f"tensors 'names' and 'name_ends', or {path.stem}.tsv beside it with a name a line",
    )


def write(vectors: Vectors, path: Path) -> None:
    """Writes `path`; holds any name but lone surrogates."""
    try:
        names = [name.encode("utf-8") for name in vectors.names]
    except UnicodeEncodeError as error:
        raise FormatError(
            path, f"the name {error.object!r}, which UTF-8 cannot hold", "no lone surrogates"
        ) from None
    ends = np.cumsum([len(name) for name in names], dtype=np.int64)
    tensors = {
        "embeddings": np.asarray(vectors.matrix),
        "names": np.frombuffer(b"".join(names), np.uint8),
        "name_ends": ends,
    }
    counts = known_counts(vectors)
    if counts is not None:
        tensors["counts"] = counts
    write_tensors(path, tensors, {"format": "firth vectors"})
