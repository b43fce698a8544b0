"""fastText's `.bin` and `.ftz`, byte for byte: what stands in them, and nothing of what it means.

    offset 0   int32 magic, int32 version; 12 int32 (`HEADER`); float64 t
           64  int32 entries, words, labels; int64 tokens; int64 pruned n-grams (-1: never pruned)
               each entry: its bytes, a zero, int64 count, int8 kind (0 word, 1 label)
               each pruned n-gram: int32 bucket, int32 row
               uint8 whether the input is quantised; the input matrix
               uint8 whether the output is quantised, if the input is; the output matrix
    dense      int64 rows, int64 columns, float32[rows, columns]
    quantised  uint8 norms apart, int64 rows, int64 columns, int32 size, uint8 codes[size], PQ;
               with norms: uint8 codes[rows], PQ
    PQ         int32 dim, parts, dsub, last dsub; float32 centroids[256 dim]

All little-endian. The very first versions had no magic, no version, no pruned n-grams and no
bytes for quantised matrices. Source: fasttext.cc, args.cc, dictionary.cc, densematrix.cc,
quantmatrix.cc and productquantizer.cc of fastText 0.9.2. Read by `fasttext_reader`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from firth.vectors.quantized import ProductQuantized, Rows, blocks

MAGIC, VERSION = 793712314, 12
HEADER = (
    *("dim", "window", "epochs", "min_count", "negatives", "word_ngrams", "loss", "model"),
    *("buckets", "min_n", "max_n", "rate_updates"),
)
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3


@dataclass
class FastTextFile:
    """What a file holds.

    header: the numbers of `HEADER`.  t: the threshold of subsampling.
    names: those of words, then of labels, as bytes, a line feed after each.
    words: how many of them are words.  counts: int64[words + labels].
    tokens: of the text.
    pruned: int32[n, 2], (bucket, row) in the order of the file; None: never pruned.
    inputs: words, then n-grams; outputs: float32 or ProductQuantized, mapped where it can be.
    quantise_output: the byte before the output; says nothing where the input is not quantised.
    version: 12, 11, or 0 for the headerless files.
    """

    header: dict[str, int]
    t: float
    names: bytes
    words: int
    counts: np.ndarray
    tokens: int
    pruned: np.ndarray | None
    inputs: np.ndarray | Rows
    outputs: np.ndarray | Rows
    quantise_output: bool = False
    version: int = VERSION


def write(contents: FastTextFile, file: BinaryIO) -> None:
    """The bytes of `contents`, in the present version."""
    header = [contents.header[name] for name in HEADER]
    file.write(struct.pack("<2i12id", MAGIC, VERSION, *header, contents.t))
    entries, words, pruned = len(contents.counts), contents.words, contents.pruned
    sizes = (entries, words, entries - words, contents.tokens)
    file.write(struct.pack("<3i2q", *sizes, -1 if pruned is None else len(pruned)))
    pack = struct.Struct("<xqb").pack
    names, counts = contents.names.split(b"\n"), contents.counts.tolist()
    for first in range(0, entries, 1 << 16):  # so many at once
        file.write(
            b"".join(
                names[entry] + pack(counts[entry], entry >= words)
                for entry in range(first, min(first + (1 << 16), entries))
            )
        )
    if pruned is not None:
        file.write(np.ascontiguousarray(pruned, "<i4").tobytes())
    quantised = isinstance(contents.inputs, ProductQuantized)
    file.write(struct.pack("<B", quantised))
    _write_matrix(contents.inputs, quantised, file)
    file.write(struct.pack("<B", contents.quantise_output))
    # as the original: both, or the input alone
    _write_matrix(contents.outputs, quantised and contents.quantise_output, file)


def _write_matrix(matrix: np.ndarray | Rows, quantised: bool, file: BinaryIO) -> None:
    rows, columns = matrix.shape
    if not (quantised and isinstance(matrix, ProductQuantized)):
        file.write(struct.pack("<2q", rows, columns))
        for _, some in blocks(matrix):
            file.write(np.ascontiguousarray(some, "<f4").tobytes())
        return
    norms = matrix.norm_codes is not None
    file.write(struct.pack("<B2qi", norms, rows, columns, matrix.codes.size))
    file.write(np.ascontiguousarray(matrix.codes).tobytes())
    _write_quantizer(columns, matrix.dsub, matrix.centroids, file)
    if matrix.norm_codes is not None and matrix.norm_centroids is not None:
        file.write(np.ascontiguousarray(matrix.norm_codes).tobytes())
        _write_quantizer(1, 1, matrix.norm_centroids, file)


def _write_quantizer(dim: int, dsub: int, centroids: np.ndarray, file: BinaryIO) -> None:
    file.write(struct.pack("<4i", dim, -(-dim // dsub), dsub, dim % dsub or dsub))
    file.write(np.ascontiguousarray(centroids, "<f4").tobytes())
