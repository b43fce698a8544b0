"""GloVe's `vectors.bin` and `gradsq.bin`: float64, no header and no words.

    2 V rows of D + 1 numbers, little-endian: V rows of words, bias last, then V of contexts

`gradsq.bin` has the sums of squares of AdaGrad in the same places; they begin at 1. What the rows
belong to, vocab.txt tells, and D follows from the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files import whole_file
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats.source import compressing, compression, opened

#: rows at a time
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class GloVeParameters:
    """What GloVe learns, or the sums of squares of it.

    word, context float64[V, D]; word_bias, context_bias float64[V].
    """

    word: np.ndarray
    word_bias: np.ndarray
    context: np.ndarray
    context_bias: np.ndarray

    @property
    def dim(self) -> int:
        return int(self.word.shape[1])

    def __len__(self) -> int:
        return len(self.word)

    def rows(self, context: bool) -> Iterator[np.ndarray]:
        """Blocks float64[n, D + 1] of all words or all contexts, bias last."""
        vectors = self.context if context else self.word
        biases = self.context_bias if context else self.word_bias
        for start in range(0, len(vectors), BLOCK):
            part = slice(start, start + BLOCK)
            yield np.column_stack([vectors[part], biases[part]]).astype(np.float64, copy=False)


def read(path: str | Path, vocabulary: Vocabulary, squares: bool = False) -> GloVeParameters:
    """The numbers of `path`; a file that is not compressed is mapped, not copied.

    vocabulary: of vocab.txt.  squares: they are those of gradsq.bin, so above zero.

    Raises:
        FormatError: a size that does not fit the vocabulary; a number that is not finite (or a
            sum of squares that is not above zero), with the word.
    """
    path = Path(path)
    words = len(vocabulary)
    numbers = _numbers(path)
    dim = len(numbers) // (2 * words) - 1 if words else 0
    if dim < 1 or len(numbers) != 2 * words * (dim + 1):
        raise FormatError(
            path,
            f"{len(numbers):,} numbers",
            f"2 x {words:,} x (D + 1) for the {words:,} words of the vocabulary",
            "Give the vocab.txt of the same training, or copy the file again.",
        )
    table = numbers.reshape(2 * words, dim + 1)
    for start in range(0, len(table), BLOCK):
        good = np.isfinite(table[start : start + BLOCK])
        if squares:
            good &= table[start : start + BLOCK] > 0
        if not good.all():
            row, column = divmod(int(np.argmin(good)), dim + 1)
            row += start
            what = "context" if row >= words else "word"
            raise FormatError(
                path,
                f"{table[row, column]} in the {what} row of '{vocabulary[row % words]}' "
                f"(offset {8 * (row * (dim + 1) + column)})",
                "finite numbers above zero" if squares else "finite numbers",
                "The training overflowed or the file is damaged; take an earlier state.",
            )
    word, context = table[:words], table[words:]
    return GloVeParameters(word[:, :dim], word[:, dim], context[:, :dim], context[:, dim])


def _numbers(path: Path) -> np.ndarray:
    """float64[n]: all of a file."""
    with opened(path) as file:
        if not compression(path):
            size = path.stat().st_size
            # an empty file cannot be mapped
            data = np.memmap(path, np.uint8, "r") if size else np.empty(0, np.uint8)
        else:
            data = np.frombuffer(file.read(), np.uint8)
    if len(data) % 8:
        raise FormatError(
            path,
            f"{len(data) % 8} bytes at offset {len(data) - len(data) % 8}, where the file ends",
            "a number of 8",
            "The file is truncated; copy it again.",
        )
    return data.view("<f8")


def write(parameters: GloVeParameters, path: str | Path, overwrite: bool = True) -> None:
    """Writes `path`, byte for byte as GloVe does.

    Raises:
        ModelExistsError, StorageError
    """
    path = Path(path)
    with whole_file(path, overwrite) as temporary, compressing(temporary, path.name) as file:
        for context in (False, True):
            for block in parameters.rows(context):
                file.write(block.astype("<f8", copy=False).tobytes())
