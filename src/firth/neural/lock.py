"""One training at a time writes a folder.

The system lets go of the lock when its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from firth.errors import SettingError
from firth.files import storage_error

NAME = "lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """`folder`, made if it is not there, belongs to this training while this lasts.

    Raises:
        SettingError: another one writes it.
        StorageError: it cannot be made.
    """
    file = folder / NAME
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise storage_error(error, folder) from None
    if not _take(handle):
        owner = os.read(handle, 40).decode("ascii", "replace").strip()
        os.close(handle)
        raise SettingError(
            f"{folder} is being written by another training (process {owner or 'unknown'}); wait "
            "for it, stop it, or choose another output."
        )
    os.truncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        # the file stays: another training may have opened it already
        os.close(handle)


def _take(handle: int) -> bool:
    """Whether the lock is ours now."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # a byte far behind the number, which others are to read
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
