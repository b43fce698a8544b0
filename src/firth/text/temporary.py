"""Files that live as long as what uses them: texts that come only once, ids beyond the memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO


def folder() -> str:
    """Where large temporary files go: $TMPDIR; else /var/tmp, which is on a disk; else the usual.

    On many systems /tmp is held in memory, which is what these files are to save.
    """
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


def nameless() -> IO[bytes]:
    """A file without a name: gone when it is closed, even by a kill."""
    return tempfile.TemporaryFile(prefix="firth-", dir=folder())


def named(suffix: str = "") -> Path:
    """A new empty file; whoever asks for it removes it."""
    handle, name = tempfile.mkstemp(prefix="firth-", suffix=suffix, dir=folder())
    os.close(handle)
    return Path(name)
