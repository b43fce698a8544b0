"""Arrays that are kept in memory while they are few, and in a file beyond that."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from firth.files import storage_error
from firth.text import temporary

_REMEDY = "Set TMPDIR to a folder on a larger disk, or give more memory."


class Place(NamedTuple):
    """Where in the file an array lies: offset in bytes, items."""

    offset: int
    items: int


class Spill:
    """int32 arrays put aside by several threads.

    budget: bytes kept in memory before the rest goes to a file without a name.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._held = 0
        self._file: IO[bytes] | None = None
        self._end = 0
        self._lock = threading.Lock()

    def put(self, array: np.ndarray) -> np.ndarray | Place:
        """`array` itself or where it is now.

        Raises:
            StorageError: the disk is full.
        """
        with self._lock:
            if self._held + array.nbytes <= self._budget:
                self._held += array.nbytes
                return array
            try:
                if self._file is None:
                    self._file = temporary.nameless()
                # reading may have moved it
                self._file.seek(self._end)
                self._file.write(array.data)
            except OSError as error:
                raise storage_error(error, temporary.folder() + "/firth-ids", _REMEDY) from None
            place = Place(self._end, len(array))
            self._end += array.nbytes
            return place

    def take(self, kept: np.ndarray | Place) -> np.ndarray:
        """What was put aside, for the last time."""
        self.drop(kept)
        return self.read(kept)

    def drop(self, kept: np.ndarray | Place) -> None:
        """It will not be asked for again: it counts as held no longer."""
        if not isinstance(kept, Place):
            with self._lock:
                self._held -= kept.nbytes

    def read(self, kept: np.ndarray | Place) -> np.ndarray:
        """What was put aside, which stays there."""
        if not isinstance(kept, Place):
            return kept
        with self._lock:
            assert self._file is not None
            self._file.seek(kept.offset)
            return np.frombuffer(self._file.read(4 * kept.items), np.int32).copy()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class Tape:
    """An array written piece by piece: to memory, or to a file that is mapped at the end.

    most: items it may come to have.  path: a .npy file to write; None for one without a name.
    """

    def __init__(self, dtype: Any, most: int, *, in_memory: bool, path: Path | None = None) -> None:
        self._dtype = np.dtype(dtype)
        # what is not written to takes no memory
        self._array = np.empty(most if in_memory and path is None else 0, dtype)
        self._file: IO[bytes] | None = None
        self._path, self._items = path, 0
        if not in_memory or path is not None:
            try:
                self._file = temporary.nameless() if path is None else path.open("wb+")
                if path is not None:
                    self._file.write(_header(self._dtype, 0))
            except OSError as error:
                raise self._error(error) from None

    def append(self, piece: np.ndarray) -> None:
        """
        Raises:
            StorageError: the disk is full.
        """
        self._items += len(piece)
        if self._file is None:
            self._array[self._items - len(piece) : self._items] = piece
            return
        try:
            self._file.write(piece.data)
        except OSError as error:
            raise self._error(error) from None

    def finish(self) -> np.ndarray:
        """The whole array, in memory or mapped from the file, to be read only."""
        if self._file is None:
            return self._array[: self._items]
        try:
            if self._path is not None:
                self._file.seek(0)
                self._file.write(_header(self._dtype, self._items))
            self._file.flush()
        except OSError as error:
            raise self._error(error) from None
        if not self._items:
            return np.empty(0, self._dtype)
        start = 0 if self._path is None else len(_header(self._dtype, 0))
        return np.memmap(self._file, self._dtype, "r", start, (self._items,))

    def close(self) -> None:
        """Lets go of the file; what `finish` gave stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk is full at the end too
                self._file.close()

    def _error(self, error: OSError) -> Exception:
        return storage_error(error, self._path or temporary.folder() + "/firth-ids", _REMEDY)


def _header(dtype: np.dtype, items: int) -> bytes:
    """The head of a .npy file, always 128 bytes long, so that it can be written last."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': ({items},), }}"
    return b"\x93NUMPY\x01\x00\x76\x00" + text.ljust(117).encode() + b"\n"
