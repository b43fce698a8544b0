"""fastText `.vec`: `rows D`, then `word SP v1 SP … vD SP`, five significant digits."""

from __future__ import annotations

from pathlib import Path

from firth.vectors.formats.rows import read_rows
from firth.vectors.formats.table import Reading
from firth.vectors.formats.word2vec_text import write_rows
from firth.vectors.vectors import Vectors


def read(path: Path, reading: Reading) -> Vectors:
    return read_rows(path, reading)


def write(vectors: Vectors, path: Path) -> None:
    write_rows(vectors, path, "fastText .vec", "%.5g ", header=True)
