"""firth's own model folder (see `fitted`): opened by memory map, holds any name."""

from __future__ import annotations

from pathlib import Path

from firth.vectors.fitted import Fitted
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors


def read(path: Path, reading: Reading) -> Vectors:
    return Fitted.load(path).must_have_vectors(path).head(reading.limit)


def write(vectors: Vectors, path: Path) -> None:
    # the caller has seen to it that nothing is lost
    Fitted("vectors", vectors).save(path, overwrite=True)
