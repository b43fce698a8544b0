"""fastText's `.bin` and `.ftz`, byte for byte: what stands in them, and nothing of what it means.

    offset 0   int32 magic, int32 version; 12 int32 (`HEADER`); float64 t
           64  int32 entries, words, labels; int64 tokens; int64 pruned n-grams (-1: never pruned)
               each entry: its bytes, a zero, int64 count, int8 kind (0 word, 1 label)
               each pruned n-gram: int32 bucket, int32 row
               uint8 whether the input is quantised; the input matrix
               uint8 whether the output is quantised; the output matrix
    dense      int64 rows, int64 columns, float32[rows, columns]
    quantised  uint8 norms apart, int64 rows, int64 columns, int32 size, uint8 codes[size], PQ;
               with norms: uint8 codes[rows], PQ
    PQ         int32 dim, parts, dsub, last dsub; float32 centroids[256 dim]

All little-endian. The very first versions had no magic, no version, no pruned n-grams and no
bytes for quantised matrices. Source: fasttext.cc, args.cc, dictionary.cc, densematrix.cc,
quantmatrix.cc and productquantizer.cc of fastText 0.9.2.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from firth.errors import FormatError
from firth.vectors.formats.source import compression, opened
from firth.vectors.quantized import ProductQuantized, Rows, blocks

MAGIC, VERSION = 793712314, 12
HEADER = (
    *("dim", "window", "epochs", "min_count", "negatives", "word_ngrams", "loss", "model"),
    *("buckets", "min_n", "max_n", "rate_updates"),
)
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3
#: a name longer than this is taken for damage
LONGEST = 1 << 20


@dataclass
class FastTextFile:
    """What a file holds.

    header: the numbers of `HEADER`.  t: the threshold of subsampling.
    words, labels: their bytes.  counts: int64[words + labels].  tokens: of the text.
    pruned: int32[n, 2], (bucket, row) in the order of the file; None: never pruned.
    inputs: words, then n-grams; outputs: float32 or ProductQuantized, mapped where it can be.
    version: 12, 11, or 0 for the headerless files.
    """

    header: dict[str, int]
    t: float
    words: list[bytes]
    labels: list[bytes]
    counts: np.ndarray
    tokens: int
    pruned: np.ndarray | None
    inputs: np.ndarray | Rows
    outputs: np.ndarray | Rows
    version: int = VERSION


def read(path: Path) -> FastTextFile:
    """The file at `path`; a plain one is mapped, a packed one held in memory.

    Raises:
        FormatError: what was found at which offset, and what was expected.
    """
    with _bytes_of(path) as data:
        return _Reader(path, data).whole()


def _bytes_of(path: Path) -> Any:
    """The bytes as a context: a map that outlives it while arrays look into it, or bytes."""
    import contextlib

    @contextlib.contextmanager
    def whole() -> Iterator[Any]:
        if path.is_file() and not compression(path) and path.stat().st_size:
            with path.open("rb") as file:
                yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            with opened(path) as stream:
                yield stream.read()

    return whole()


class _Reader:
    """Goes through the bytes, and says where they end too soon or make no sense."""

    def __init__(self, path: Path, data: Any) -> None:
        self.path, self.data, self.at = path, data, 0

    def whole(self) -> FastTextFile:
        version, header, t = self.head()
        size, words, labels, tokens = self.numbers("<3iq")
        pruned_size = self.numbers("<q")[0] if version else -1
        if min(size, words, labels) < 0 or size != words + labels:
            self.fail(
                f"{size} entries, {words} words and {labels} labels",
                "a dictionary whose parts add up (floret's files do not, and are not read)",
                28 if version else 20,
            )
        if pruned_size < -1 or pruned_size > 1 << 31:
            self.fail(f"{pruned_size} pruned n-grams", "-1 or a number of them", 8)
        names, counts = self.entries(size, words)
        pruned = None
        if pruned_size >= 0:
            pruned = self.array("<i4", 2 * pruned_size).reshape(-1, 2)
        supervised = header["model"] == SUPERVISED
        quantised = bool(version) and self.flag()
        if pruned is not None and not quantised:
            self.fail(
                "a pruned dictionary with a matrix that is not quantised",
                "a quantised one (early quantised files had this fault)",
                1,
            )
        dim = header["dim"]
        ngrams = header["buckets"] if pruned is None else len(pruned)
        inputs = self.matrix(quantised, dim, words + ngrams, "input")
        # the byte alone decides nothing: the original asks for both
        quantised = bool(version) and self.flag() and quantised
        outputs = self.matrix(quantised, dim, labels if supervised else words, "output")
        if self.at != len(self.data):
            self.fail(f"{len(self.data) - self.at} bytes more", "the end of the file")
        return FastTextFile(
            header, t, names[:words], names[words:], counts, tokens, pruned, inputs, outputs,
            version,
        )  # fmt: skip

    def head(self) -> tuple[int, dict[str, int], float]:
        if not len(self.data):
            self.fail("an empty file", "fastText's .bin or .ftz")
        magic, version = self.numbers("<2i")
        if magic != MAGIC:
            # the first versions began with dim and window
            if not (0 < magic <= 100_000 and 0 <= version <= 10_000):
                self.fail(f"{magic}", f"fastText's magic number {MAGIC}", 8)
            self.at, version = 0, 0
        elif version > VERSION or version < 1:
            self.fail(f"version {version}", f"at most {VERSION}", 4)
        header = dict(zip(HEADER, self.numbers("<12i"), strict=True))
        (t,) = struct.unpack_from("<d", self.data, self.skip(8))
        sound = header["dim"] > 0 and header["model"] in (1, 2, 3) and header["loss"] in range(1, 5)
        if not sound or min(header["buckets"], header["min_n"], header["max_n"]) < 0:
            self.at = 56 if version else 48
            kind = "a header of fastText" if version else f"fastText's magic number {MAGIC}"
            self.fail(f"a header that cannot be ({header})", kind, self.at)
        if version == 11 and header["model"] == SUPERVISED:
            header["max_n"] = 0
        return version, header, t

    def entries(self, size: int, words: int) -> tuple[list[bytes], np.ndarray]:
        """The names, and int64[size]: their counts."""
        names: list[bytes] = []
        counts = []
        data, at, unpack = self.data, self.at, struct.Struct("<qb").unpack_from
        for entry in range(size):
            end = data.find(b"\0", at, at + LONGEST)
            if end < 0 or end + 10 > len(data):
                self.at = at
                if end < 0 and len(data) - at > LONGEST:
                    self.fail("a word of over a megabyte", "a word and a zero")
                raise self.truncated(10)
            count, kind = unpack(data, end + 1)
            if kind not in (0, 1) or (kind == 0) != (entry < words) or count < 0:
                self.at = at
                self.fail(
                    f"entry {entry + 1} of kind {kind} with count {count}",
                    "words (0), then labels (1)",
                )
            names.append(bytes(data[at:end]))
            counts.append(count)
            at = end + 10
        self.at = at
        return names, np.array(counts, np.int64)

    def matrix(
        self, quantised: bool, dim: int, expected: int, what: str
    ) -> np.ndarray | ProductQuantized:
        norms = self.flag() if quantised else False
        rows, columns = self.numbers("<2q")
        if columns != dim or rows != expected:
            self.fail(f"an {what} matrix of {rows} x {columns}", f"{expected} x {dim}", 16)
        if not quantised:
            return self.array("<f4", rows * columns).reshape(rows, columns)
        (size,) = self.numbers("<i")
        start = self.at
        if rows and size % rows:
            self.fail(f"{size} codes for {rows} rows", "as many for each", 4)
        codes = self.array("u1", size)
        centroids, parts, dsub = self.quantizer(dim)
        if parts * rows != size:
            self.at = start
            self.fail(f"{size} codes", f"{parts} for each of {rows} rows", 4)
        norm_codes = norm_centroids = None
        if norms:
            norm_codes = self.array("u1", rows)
            norm_centroids = self.quantizer(1)[0]
        return ProductQuantized(
            codes.reshape(rows, parts), centroids, dim, dsub, norm_codes, norm_centroids
        )

    def quantizer(self, dim: int) -> tuple[np.ndarray, int, int]:
        """(centroids, parts, dsub)"""
        found, parts, dsub, last = self.numbers("<4i")
        right = found == dim and dsub > 0 and parts == -(-dim // dsub)
        if not right or last != (dim % dsub or dsub):
            self.fail(
                f"a quantiser of {found} numbers in {parts} parts of {dsub}, the last of {last}",
                f"parts that make {dim} numbers",
                16,
            )
        return self.array("<f4", 256 * dim), parts, dsub

    def flag(self) -> bool:
        (byte,) = self.numbers("<B")
        if byte > 1:
            self.fail(f"the byte {byte}", "0 or 1", 1)
        return bool(byte)

    def numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack_from(layout, self.data, self.skip(struct.calcsize(layout)))

    def array(self, dtype: str, count: int) -> np.ndarray:
        """`count` numbers that look into the file (also at odd addresses)."""
        if count == 0:
            return np.empty(0, dtype)
        start = self.skip(np.dtype(dtype).itemsize * count)
        return np.frombuffer(self.data, dtype, count, start)

    def skip(self, count: int) -> int:
        """Goes on by `count` bytes; where they begin."""
        if count < 0 or self.at + count > len(self.data):
            raise self.truncated(count)
        self.at += count
        return self.at - count

    def truncated(self, count: int) -> FormatError:
        return FormatError(
            self.path,
            f"the end of the file at offset {len(self.data)}",
            f"{self.at + count - len(self.data)} bytes more (it is truncated or damaged)",
            "Copy or download it again.",
        )

    def fail(self, found: str, expected: str, back: int = 0) -> None:
        raise FormatError(self.path, f"{found} at offset {self.at - back}", expected)


def write(contents: FastTextFile, file: BinaryIO) -> None:
    """The bytes of `contents`, in the present version."""
    header = [contents.header[name] for name in HEADER]
    file.write(struct.pack("<2i12id", MAGIC, VERSION, *header, contents.t))
    words, labels = len(contents.words), len(contents.labels)
    pruned = contents.pruned
    file.write(
        struct.pack(
            "<3i2q", words + labels, words, labels, contents.tokens,
            -1 if pruned is None else len(pruned),
        )
    )  # fmt: skip
    pack = struct.Struct("<qb").pack
    for entry, name in enumerate((*contents.words, *contents.labels)):
        file.write(name + b"\0" + pack(int(contents.counts[entry]), entry >= words))
    if pruned is not None:
        file.write(np.ascontiguousarray(pruned, "<i4").tobytes())
    for matrix in (contents.inputs, contents.outputs):
        _write_matrix(matrix, file)


def _write_matrix(matrix: np.ndarray | Rows, file: BinaryIO) -> None:
    rows, columns = matrix.shape
    if not isinstance(matrix, ProductQuantized):
        file.write(struct.pack("<B2q", 0, rows, columns))
        for _, some in blocks(matrix):
            file.write(np.ascontiguousarray(some, "<f4").tobytes())
        return
    norms = matrix.norm_codes is not None
    file.write(struct.pack("<2B2qi", 1, norms, rows, columns, matrix.codes.size))
    file.write(np.ascontiguousarray(matrix.codes).tobytes())
    _write_quantizer(columns, matrix.dsub, matrix.centroids, file)
    if matrix.norm_codes is not None and matrix.norm_centroids is not None:
        file.write(np.ascontiguousarray(matrix.norm_codes).tobytes())
        _write_quantizer(1, 1, matrix.norm_centroids, file)


def _write_quantizer(dim: int, dsub: int, centroids: np.ndarray, file: BinaryIO) -> None:
    file.write(struct.pack("<4i", dim, -(-dim // dsub), dsub, dim % dsub or dsub))
    file.write(np.ascontiguousarray(centroids, "<f4").tobytes())
