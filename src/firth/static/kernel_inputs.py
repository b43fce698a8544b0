"""A model's rows and words as the kernels of prediction take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from firth.kernels.codes import Coded
from firth.kernels.filling import Start
from firth.kernels.hashing import hash_all
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.lookup import WordTable, enter_words
from firth.text.vocabulary import Vocabulary
from firth.vectors.quantized import ProductQuantized
from firth.vectors.trained_rows import TrainedRows

#: matrices up to so many bytes are copied, their rows padded: faster, and one kernel less
COPIED = 256_000_000


def start_of(matrix: Any) -> Start:
    """How the rows began that are not held."""
    dim = int(matrix.shape[1])
    if isinstance(matrix, TrainedRows):
        return Start(dim, matrix.reach, matrix.seed)
    return Start(dim, 0.0, 0)


def rows_for_kernel(matrix: Any) -> Any:
    """Rows as a kernel takes them: a padded copy, a mapped matrix as it is, or codes."""
    if isinstance(matrix, ProductQuantized):
        empty, one = np.empty(0, np.uint8), np.ones(1, np.float32)
        return Coded(
            np.ascontiguousarray(matrix.codes),
            np.array(matrix.centroids, np.float32),
            empty if matrix.norm_codes is None else np.ascontiguousarray(matrix.norm_codes),
            one if matrix.norm_centroids is None else np.array(matrix.norm_centroids, np.float32),
            matrix.dsub,
        )
    if isinstance(matrix, TrainedRows):
        matrix = matrix.rows
    rows, dim = matrix.shape
    if isinstance(matrix, np.ndarray) and _is_padded(matrix):
        # as training leaves it: the same memory with its padding
        return np.lib.stride_tricks.as_strided(matrix, (rows, padded(dim)))
    if isinstance(matrix, np.ndarray) and 4 * rows * padded(dim) > COPIED:
        return matrix
    copy = padded_zeros(rows, dim)
    for first in range(0, rows, 1 << 16):
        copy[first : first + (1 << 16), :dim] = matrix[first : first + (1 << 16)]
    return copy


def _is_padded(matrix: np.ndarray) -> bool:
    """Whether it is a view of rows with their padding, all aligned, which may be written."""
    base, width = matrix.base, padded(matrix.shape[1])
    return (
        isinstance(base, np.ndarray)
        and matrix.strides == (4 * width, 4)
        and matrix.flags.writeable
        and matrix.ctypes.data % 64 == 0
        and width > matrix.shape[1]
    )


def table_of(vocabulary: Vocabulary) -> WordTable:
    """The words in a hash table by their bytes."""
    text, starts, stops = vocabulary.encoded()
    hashes = np.empty(len(vocabulary), np.int32)
    hash_all(text, starts, stops, hashes)
    bits = max(4, (2 * len(vocabulary)).bit_length())
    slots = np.full(1 << bits, -1, np.int32)
    enter_words(slots, 32 - bits, hashes)
    return WordTable(slots, 32 - bits, hashes, text, starts, stops)
