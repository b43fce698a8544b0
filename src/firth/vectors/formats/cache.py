"""A memory-mapped copy of a slow file, in firth's cache folder.

The key is the file's path, size and time of change and how it was read: a changed file is read
anew. The eight copies used last stay.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from firth.compiled import cache_root
from firth.errors import FormatError, StorageError
from firth.vectors.fitted import Fitted
from firth.vectors.formats.table import Format, Reading
from firth.vectors.vectors import Vectors

KEPT = 8


def cached(path: Path, row: Format, reading: Reading) -> Vectors:
    """The vectors of `path` from the copy, which is made if there is none."""
    folder = _folder(path, row, reading)
    if folder.exists():
        try:
            vectors = Fitted.load(folder).must_have_vectors(folder)
            os.utime(folder)
            return vectors
        except FormatError:
            shutil.rmtree(folder, ignore_errors=True)
    vectors = row.read(path, reading)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        Fitted("vectors", vectors, corpus={"source": str(path)}).save(folder, overwrite=True)
        _forget(folder)
    except (StorageError, OSError):
        return vectors  # a cache that cannot be written costs time, not the answer
    return Fitted.load(folder).must_have_vectors(folder)


def _folder(path: Path, row: Format, reading: Reading) -> Path:
    state = path.stat() if path.exists() else None
    what = (
        str(path.resolve()),
        None if state is None else (state.st_size, state.st_mtime_ns),
        row.name,
        reading,
    )
    digest = hashlib.blake2b(repr(what).encode(), digest_size=12).hexdigest()
    return cache_root() / "vectors" / f"{digest}.firth"


def _forget(newest: Path) -> None:
    copies = sorted(newest.parent.glob("*.firth"), key=lambda folder: folder.stat().st_mtime)
    for old in copies[:-KEPT]:
        if old != newest:
            shutil.rmtree(old, ignore_errors=True)
