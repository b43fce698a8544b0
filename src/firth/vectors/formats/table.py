"""What a format is: one row of the table in `formats/__init__.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firth.vectors.vectors import Vectors


@dataclass(frozen=True)
class Reading:
    """How to read: the first `limit` rows (None: all); `errors`: "strict" or "replace"."""

    limit: int | None = None
    errors: str = "strict"


@dataclass(frozen=True)
class Format:
    """A row of the table.

    suffixes: names that are written in this format if none is given.
    folder: it is a folder (or a pair of files), written under its own care.
    outputs: the paths that writing to a path makes.
    """

    name: str
    meaning: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Reading], Vectors]
    write: Callable[[Vectors, Path], None] | None
    folder: bool = False
    outputs: Callable[[Path], tuple[Path, ...]] = lambda path: (path,)
