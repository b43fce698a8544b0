"""word2vec text: `rows D` on the first line, then `word SP v1 SP … vD`.

Two writers live on: word2vec.c gives six decimals, each followed by a blank, so that a line ends
in one; gensim gives the shortest digits that read back as the same float32, and no blank at the
end. Ours is gensim's by default, because nothing is lost in it.
"""

from __future__ import annotations

from pathlib import Path

from firth.errors import SettingError
from firth.vectors.formats.names import BLANKS, encoded
from firth.vectors.formats.rows import read_rows
from firth.vectors.formats.shortest import shortest
from firth.vectors.formats.source import compressing
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors

BLOCK = 1024


def read(path: Path, reading: Reading) -> Vectors:
    return read_rows(path, reading)


def write(vectors: Vectors, path: Path, dialect: str = "gensim") -> None:
    """Writes `path`; dialect: "gensim" (lossless) or "word2vec" (six decimals).

    The rows keep their order: gensim's own writer sorts by falling count, as ours are anyway.

    Raises:
        FormatError: a name with a blank in it.
    """
    if dialect not in ("gensim", "word2vec"):
        raise SettingError(f"dialect={dialect!r} is not one of gensim, word2vec.")
    template = "%f " if dialect == "word2vec" else None
    write_rows(vectors, path, "word2vec text", template, header=True)


def write_rows(vectors: Vectors, path: Path, kind: str, template: str | None, header: bool) -> None:
    """One line a row: the name, a blank, the numbers.

    template: printf form of one number with its blank: after it, to end a line in a blank, or
        before it; None: shortest digits.
    """
    with compressing(path, path.name) as file:
        if header:
            file.write(f"{len(vectors)} {vectors.dim}\n".encode())
        line = None if template is None else (template * vectors.dim).removeprefix(" ")
        names = encoded(path, vectors.names, BLANKS, kind)
        for start in range(0, len(vectors), BLOCK):
            rows = vectors.matrix[start : start + BLOCK]
            texts = shortest(rows) if line is None else (line % tuple(row) for row in rows.tolist())
            file.writelines(
                b"%b %b\n" % (name, text.encode()) for text, name in zip(texts, names, strict=False)
            )
