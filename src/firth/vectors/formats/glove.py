"""GloVe text: no header, `word SP v1 SP … vD`, six decimals, no blank at the end.

Read with a header too (`-write-header 1`), and with the row `<unk>` that GloVe always appends.
"""

from __future__ import annotations

from pathlib import Path

from firth.vectors.formats.rows import read_rows
from firth.vectors.formats.table import Reading
from firth.vectors.formats.word2vec_text import write_rows
from firth.vectors.vectors import Vectors


def read(path: Path, reading: Reading) -> Vectors:
    return read_rows(path, reading)


def write(vectors: Vectors, path: Path) -> None:
    write_rows(vectors, path, "GloVe text", " %f", header=False)
