"""An array that grows by pieces, in memory until a budget is spent, then in a file."""

from __future__ import annotations

import contextlib
from typing import IO, Any

import numpy as np

from firth.files import storage_error
from firth.text import temporary

REMEDY = "Set TMPDIR to a folder on a larger disk, or give more memory."


class Budget:
    """Bytes that several arrays may hold together in memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, size: int) -> bool:
        """Whether there was room for `size` more; then it is taken."""
        if size > self.left:
            return False
        self.left -= size
        return True


class Growing:
    """Items of one type, appended and in the end had as one array.

    expected: items to make room for at once; what is not written to takes no memory.
    The file has no name: it is gone when nobody uses it any more, even after a kill.
    """

    def __init__(self, dtype: Any, budget: Budget, expected: int = 0) -> None:
        self._array = np.empty(expected, dtype)
        self._budget = budget
        self._file: IO[bytes] | None = None
        self._items = 0

    def __len__(self) -> int:
        return self._items

    def append(self, piece: np.ndarray) -> None:
        """Adds a copy of `piece`.

        Raises:
            StorageError: the disk is full.
        """
        first, self._items = self._items, self._items + len(piece)
        if self._file is None:
            if self._budget.take(len(piece) * self._array.itemsize):
                if self._items > len(self._array):
                    grown = np.empty(self._items + self._items // 2, self._array.dtype)
                    grown[:first] = self._array[:first]
                    self._array = grown
                self._array[first : self._items] = piece
                return
            self._budget.left += first * self._array.itemsize
        try:
            if self._file is None:
                self._file = temporary.nameless()
                self._file.write(self._array[:first].data)
                self._array = self._array[:0].copy()
            self._file.write(np.ascontiguousarray(piece, self._array.dtype).data)
        except OSError as error:
            raise self._error(error) from None

    def finish(self) -> np.ndarray:
        """Everything appended, in memory or mapped to be read only."""
        if self._file is None:
            return self._array[: self._items]
        try:
            self._file.flush()
        except OSError as error:
            raise self._error(error) from None
        mapped = np.memmap(self._file, self._array.dtype, "r", shape=(self._items,))
        self._file.close()
        return mapped

    def close(self) -> None:
        """Lets go of the file; what `finish` gave stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk is full at the end too
                self._file.close()

    def _error(self, error: OSError) -> Exception:
        self.close()
        return storage_error(error, temporary.folder() + "/firth-counts", REMEDY)
