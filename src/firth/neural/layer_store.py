"""`LayerStore`: the representations of a text's words, on disk, read by memory map.

    OUT.npy          float16[N, J, width]   J representations of each of N words, word after word
    OUT.offsets.npy  int64[S + 1]           sentence i has the words offsets[i] .. offsets[i + 1]

Word by word, so that a sentence is one stretch of the file and a text is written as it is read.
A biLM runs once over a text, and any number of mixes read from here (Peters et al. 2018, 3.2: it
is frozen).  Both files are plain .npy, for `numpy.load(..., mmap_mode="r")` too.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from firth.errors import FormatError, SettingError, StorageError
from firth.files import must_not_exist, whole_file

#: bytes of the header of OUT.npy, written again when the number of words is known
HEADER = 128
DTYPES = ("float16", "float32")


def offsets_of(path: str | Path) -> Path:
    """The file of offsets beside `path`."""
    return Path(path).with_suffix(".offsets.npy")


class LayerStore:
    """
    words: [N, J, width], mapped or not.  offsets int64[S + 1], rising from 0 to N.

    Raises:
        FormatError: they do not fit together.
    """

    def __init__(self, words: np.ndarray, offsets: np.ndarray, path: Path | None = None) -> None:
        where = path or Path("a LayerStore")
        if words.ndim != 3 or words.dtype.name not in DTYPES:
            found = f"{words.dtype}{list(words.shape)}"
            raise FormatError(where, found, "float16 or float32 [words, layers, width]")
        sound = offsets.ndim == 1 and offsets.dtype == np.int64 and len(offsets) > 0
        if not sound or offsets[0] != 0 or np.any(np.diff(offsets) < 0):
            raise FormatError(
                offsets_of(where), f"{offsets.dtype}{list(offsets.shape)}", "int64, rising from 0"
            )
        if offsets[-1] != len(words):
            raise FormatError(
                where,
                f"{len(words)} words, but offsets up to {offsets[-1]}",
                f"the {offsets_of(where).name} that was written with it",
            )
        self.words, self.offsets, self.path = words, offsets, path

    @staticmethod
    def open(path: str | Path) -> LayerStore:
        """
        Raises:
            FormatError: a file is missing, damaged, or of another store.
        """
        path = Path(path)
        return LayerStore(_mapped(path), np.array(_mapped(offsets_of(path))), path)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        """[J, n_i, width] of sentence i: a view, nothing is copied."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"sentence {i} of {len(self)}")
        i %= len(self)
        return self.words[self.offsets[i] : self.offsets[i + 1]].transpose(1, 0, 2)

    @property
    def layers(self) -> int:
        """J."""
        return self.words.shape[1]

    @property
    def width(self) -> int:
        return self.words.shape[2]

    @property
    def lengths(self) -> np.ndarray:
        """int64[S]: words of each sentence."""
        return np.diff(self.offsets)

    def batch(
        self, numbers: Sequence[int] | np.ndarray, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Tensor[J, B, T, width] of the sentences `numbers`, 0 where they are padded.

        T: words of the longest of them.
        """
        numbers = np.asarray(numbers, np.int64)
        starts, lengths = self.offsets[numbers], self.lengths[numbers]
        longest = int(lengths.max(initial=0))
        out = torch.zeros(len(numbers), longest, self.layers, self.width, dtype=dtype)
        for row, (start, n) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            # the copy reads the map; torch would warn that it cannot be written to
            out[row, :n] = torch.from_numpy(np.array(self.words[start : start + n]))
        return out.permute(2, 0, 1, 3)


class LayerWriter:
    """Sentences, one after another, into the files of a store."""

    def __init__(self, file: io.BufferedWriter, layers: int, width: int, dtype: np.dtype) -> None:
        self._file, self._shape, self._dtype = file, (layers, width), dtype
        self._counts: list[np.ndarray] = []
        self.words = 0
        file.write(_header(0, self._shape, dtype))

    def add(
        self, words: np.ndarray, lengths: Sequence[int] | np.ndarray, *, goes_on: bool = False
    ) -> None:
        """words: [n, J, width] of sentences with `lengths` words each.

        goes_on: the first of them are of the sentence that was added last.

        Raises:
            SettingError: a number that the type does not hold.
        """
        lengths = np.array(lengths, np.int64)
        if words.shape != (int(lengths.sum()), *self._shape):
            raise ValueError(f"{words.shape} for {lengths.sum()} words of {self._shape}")
        with np.errstate(over="ignore"):
            kept = np.ascontiguousarray(words, self._dtype)
        if not np.isfinite(kept).all():
            largest = float(np.abs(words).max(initial=0))
            raise SettingError(
                f"A representation of {largest:.3g} does not fit into {self._dtype.name}; "
                "take dtype float32, or look whether the model diverged."
            )
        self._file.write(kept.reshape(-1).view(np.uint8).data)
        if goes_on:
            self._counts[-1][-1] += lengths[0]
            lengths = lengths[1:]
        if len(lengths):
            self._counts.append(lengths)
        self.words += len(words)

    @property
    def offsets(self) -> np.ndarray:
        """int64[S + 1] of what was added."""
        counts = np.concatenate([np.zeros(1, np.int64), *self._counts])
        return np.cumsum(counts, dtype=np.int64)

    def finish(self) -> None:
        self._file.seek(0)
        self._file.write(_header(self.words, self._shape, self._dtype))
        self._file.flush()


@contextlib.contextmanager
def store_written(
    path: str | Path, layers: int, width: int, *, dtype: str = "float16", overwrite: bool = True
) -> Iterator[LayerWriter]:
    """A writer of OUT.npy and its offsets; both are there when the block ends, or neither is.

    Raises:
        SettingError: another ending, or another type.
        ModelExistsError, StorageError: as `whole_file`.
    """
    path = Path(path)
    must_be_storable(path, dtype)
    must_not_exist(path, overwrite)
    with whole_file(path) as words, whole_file(offsets_of(path), overwrite) as offsets:
        with words.open("wb") as file:
            writer = LayerWriter(file, layers, width, np.dtype(dtype).newbyteorder("<"))
            yield writer
            writer.finish()
        with offsets.open("wb") as file:
            np.save(file, writer.offsets)


def must_be_storable(path: str | Path, dtype: str) -> None:
    """
    Raises:
        SettingError: another ending, or another type.
    """
    if Path(path).suffix != ".npy":
        raise SettingError(f"{path}: representations are written as .npy; give it that ending.")
    if dtype not in DTYPES:
        raise SettingError(f"dtype={dtype!r} is not one of {', '.join(DTYPES)}.")


def bytes_of(words: int, layers: int, width: int, dtype: str = "float16") -> int:
    """How large OUT.npy becomes."""
    return HEADER + words * layers * width * np.dtype(dtype).itemsize


def must_fit(path: str | Path, size: int) -> None:
    """
    Raises:
        StorageError: the disk of `path` has less room than `size` bytes.
    """
    folder = Path(path).absolute().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # said when it is written
        return
    if free < size:
        raise StorageError(
            f"{path} needs {size / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB are free; take "
            "fewer layers (the top one or the average), less text, or another disk."
        )


def _header(words: int, shape: tuple[int, int], dtype: np.dtype) -> bytes:
    """The header of .npy 1.0, always `HEADER` bytes."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': ({words}, {shape[0]}, "
    text += f"{shape[1]}), }}"
    room = HEADER - 10
    return b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + text.ljust(room - 1).encode() + b"\n"


def _mapped(path: Path) -> Any:
    try:
        # numpy.load would open several arrays in one (.npz) too
        return np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise FormatError(path, "no such file", "a file of representations (.npy)") from None
    except (ValueError, EOFError, OSError) as error:
        found = f"no .npy, or a damaged file ({error})"
        raise FormatError(path, found, "a .npy file, whole") from None
