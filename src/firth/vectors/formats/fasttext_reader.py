"""The bytes of a fastText `.bin` or `.ftz` (layout: `fasttext_file`), checked at every step.

A plain file is mapped: its matrices stay where they are, also at odd addresses. The dictionary is
gone through by whole arrays, so that two million words take a second and not ten.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from firth.errors import FormatError
from firth.vectors.formats.fasttext_file import HEADER, MAGIC, SUPERVISED, VERSION, FastTextFile
from firth.vectors.formats.source import compression, opened
from firth.vectors.quantized import CENTROIDS, ProductQuantized

#: what follows the name of an entry: a zero, the count, the kind
AFTER = 10
#: bytes in which entries are looked for at once; no name is longer
BLOCK = 1 << 22
AGAIN = "Copy or download it again."


def read(path: Path) -> FastTextFile:
    """The file at `path`; a plain one is mapped, a packed one held in memory.

    Raises:
        FormatError: what was found at which offset, and what was expected.
    """
    return Reader(path, _bytes_of(path)).whole()


def _bytes_of(path: Path) -> Any:
    """A map, which lives as long as arrays look into it; or bytes."""
    if path.is_file() and not compression(path) and path.stat().st_size:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with opened(path) as stream:
        return stream.read()


class Reader:
    """Goes through the bytes, and says where they end too soon or make no sense."""

    def __init__(self, path: Path | str, data: Any) -> None:
        self.path, self.data, self.at = path, data, 0

    def whole(self) -> FastTextFile:
        version, header, t = self.head()
        start = self.at
        size, words, labels, tokens = self.numbers("<3iq")
        pruned_size = self.numbers("<q")[0] if version else -1
        if min(size, words, labels) < 0 or size != words + labels:
            self.fail_as_floret(start)
            self.at = start
            self.fail(
                f"{size} entries, {words} words and {labels} labels",
                "a dictionary whose parts add up (those of floret's files do not)",
            )
        if pruned_size < -1 or pruned_size > header["buckets"]:
            self.at -= 8
            self.fail(f"{pruned_size} pruned n-grams", f"-1, or a number up to {header['buckets']}")
        names, counts = self.entries(size, words)
        pruned = None if pruned_size < 0 else self.pruned(pruned_size, header["buckets"])
        quantised = bool(version) and self.flag()
        if pruned is not None and not quantised:
            self.at -= 1
            self.fail(
                "a pruned dictionary with a matrix that is not quantised",
                "a quantised one (early quantised files had this fault)",
            )
        dim = header["dim"]
        ngrams = header["buckets"] if pruned is None else len(pruned)
        inputs = self.matrix(quantised, dim, words + ngrams, "input")
        # the byte alone decides nothing: the original asks for both
        quantise_output = bool(version) and self.flag()
        rows = labels if header["model"] == SUPERVISED else words
        outputs = self.matrix(quantised and quantise_output, dim, rows, "output")
        if self.at != len(self.data):
            self.fail(f"{len(self.data) - self.at} bytes more", "the end of the file")
        return FastTextFile(
            header, t, names, words, counts, tokens, pruned, inputs, outputs, quantise_output,
            version,
        )  # fmt: skip

    def head(self) -> tuple[int, dict[str, int], float]:
        if not len(self.data):
            self.fail("an empty file", "fastText's .bin or .ftz")
        magic, version = self.numbers("<2i")
        self.at = 0
        if magic != MAGIC:
            # the first versions began with dim and window
            if not (0 < magic <= 100_000 and 0 <= version <= 10_000):
                self.fail(f"{magic}", f"fastText's magic number {MAGIC}")
            version = 0
        else:
            self.at = 4
            if version > VERSION or version < 1:
                self.fail(f"version {version}", f"at most {VERSION}")
            self.at = 8
        start = self.at
        header = dict(zip(HEADER, self.numbers("<12i"), strict=True))
        (t,) = struct.unpack_from("<d", self.data, self.skip(8))
        sound = header["dim"] > 0 and header["model"] in (1, 2, 3) and header["loss"] in range(1, 5)
        if not sound or min(header["buckets"], header["min_n"], header["max_n"]) < 0:
            self.at = start
            kind = "a header of fastText" if version else f"fastText's magic number {MAGIC}"
            self.fail(f"a header that cannot be ({header})", kind)
        if version == 11 and header["model"] == SUPERVISED:
            header["max_n"] = 0
        return version, header, t

    def fail_as_floret(self, start: int) -> None:
        """
        Raises:
            FormatError: the dictionary begins 8 bytes further on, as in files of floret.
        """
        if start + 20 > len(self.data):
            return
        size, words, labels = struct.unpack_from("<3i", self.data, start + 8)
        if 0 < size == words + labels and min(words, labels) >= 0:
            self.at = start
            self.fail(
                "what floret writes, which bears the same number and version as fastText",
                "a dictionary here",
                "Hashed as floret does it, words have other rows: use floret itself.",
            )

    def entries(self, size: int, words: int) -> tuple[bytes, np.ndarray]:
        """The names, a line feed after each, and int64[size]: their counts."""
        data, start = np.frombuffer(self.data, np.uint8), self.at
        room = (AFTER + 1) * size <= len(data) - start
        ends = name_ends(data, start, size if room else 0)
        starts = np.append(start, ends + AFTER)
        if len(ends) < size or starts[-1] > len(data):
            self.at = int(starts[-1])
            if room and len(data) - self.at > BLOCK:
                self.fail(f"a word of over {BLOCK:,} bytes", "a word and a zero")
            self.at = len(data)
            what = f"{size} words and labels (it is truncated or damaged)"
            self.fail("the end of the file", what, AGAIN)
        kinds = data[ends + AFTER - 1]
        # int64 at every byte of the file
        at_each = np.ndarray(max(len(data) - 7, 0), "<i8", self.data, strides=(1,))
        counts = at_each[ends + 1]
        wrong = np.flatnonzero((kinds != (np.arange(size) >= words)) | (counts < 0))
        if len(wrong):
            entry = int(wrong[0])
            self.at = int(starts[entry])
            self.fail(
                f"entry {entry + 1} of kind {kinds[entry]} with count {counts[entry]}",
                "words (0), then labels (1)",
            )
        self.at = int(starts[-1])
        names = _names_of(data[start : self.at], ends - start)
        if b"\0" in names or names.count(b"\n") != size:
            self.fail_at_name(names, starts, ends)
        return names, counts.astype(np.int64)

    def fail_at_name(self, names: bytes, starts: np.ndarray, ends: np.ndarray) -> NoReturn:
        """Raises FormatError for the first name with a zero or a line feed in it."""
        stops = np.cumsum(ends - starts[:-1] + 1)
        bad = np.frombuffer(names, np.uint8)[:, None] == np.array([0, 10], np.uint8)
        bad[stops - 1] = False
        entry = int(np.searchsorted(stops, np.flatnonzero(bad.any(axis=1))[0], side="right"))
        self.at = int(starts[entry])
        self.fail(
            f"entry {entry + 1} with the name {bytes(self.data[self.at : ends[entry]])[:40]!r}",
            "a name without a zero byte or a line end, and not empty",
        )

    def pruned(self, size: int, buckets: int) -> np.ndarray:
        """int32[size, 2]: buckets, each once, and their rows, each once."""
        start = self.at
        pairs = self.array("<i4", 2 * size).reshape(-1, 2)
        for column, limit, what in ((0, buckets, "a bucket"), (1, size, "a row")):
            seen = np.sort(pairs[:, column])
            if size and (seen[0] < 0 or seen[-1] >= limit or (seen[1:] == seen[:-1]).any()):
                self.at = start
                self.fail(
                    f"pruned n-grams with {what} out of range, or twice",
                    f"each once, from 0 to {limit - 1}",
                )
        return pairs

    def matrix(
        self, quantised: bool, dim: int, expected: int, what: str
    ) -> np.ndarray | ProductQuantized:
        norms = self.flag() if quantised else False
        rows, columns = self.numbers("<2q")
        if columns != dim or rows != expected:
            self.at -= 16
            self.fail(f"an {what} matrix of {rows} x {columns}", f"{expected} x {dim}")
        if not quantised:
            return self.array("<f4", rows * columns).reshape(rows, columns)
        start = self.at
        (size,) = self.numbers("<i")
        if size < 0:
            self.at = start
            self.fail(f"{size} codes for {rows} rows", "some for each")
        codes = self.array("u1", size)
        centroids, parts, dsub = self.quantizer(dim)
        if parts * rows != size:
            self.at = start
            self.fail(f"{size} codes", f"{parts} for each of {rows} rows")
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
            self.at -= 16
            self.fail(
                f"a quantiser of {found} numbers in {parts} parts of {dsub}, the last of {last}",
                f"parts that make {dim} numbers",
            )
        return self.array("<f4", CENTROIDS * dim), parts, dsub

    def flag(self) -> bool:
        (byte,) = self.numbers("<B")
        if byte > 1:
            self.at -= 1
            self.fail(f"the byte {byte}", "0 or 1")
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
        if self.at + count > len(self.data):
            more = self.at + count - len(self.data)
            self.at = len(self.data)
            self.fail(
                "the end of the file", f"{more} bytes more (it is truncated or damaged)", AGAIN
            )
        self.at += count
        return self.at - count

    def fail(self, found: str, expected: str, remedy: str = "") -> NoReturn:
        """Raises FormatError for what is found at the present place."""
        raise FormatError(self.path, f"{found} at offset {self.at}", expected, remedy)


def name_ends(data: np.ndarray, at: int, size: int) -> np.ndarray:
    """int64[n]: where the zeros are that end the names of `size` entries from byte `at` on.

    n is below `size` if the bytes end before, or a block of them holds none. A name that is empty
    is taken for one that begins with a zero.
    """
    found = [np.empty(0, np.int64)]
    while size > 0 and at < len(data):
        block = data[at : at + BLOCK]
        # two or three an entry, of its ten zeros or so: those after another byte
        zeros = np.flatnonzero((block[1:] == 0) & (block[:-1] != 0)) + 1
        following = np.searchsorted(zeros, zeros + AFTER + 1).tolist()
        picked: list[int] = []
        place, stop = 0, len(following)
        for _ in range(size):
            if place >= stop:
                break
            picked.append(place)
            place = following[place]
        if not picked:
            break
        found.append(at + zeros[picked])
        size -= len(picked)
        at = int(found[-1][-1]) + AFTER
    return np.concatenate(found)


def _names_of(entries: np.ndarray, ends: np.ndarray) -> bytes:
    """The names alone, a line feed after each.  ends: where each is over."""
    text = entries.copy()
    text[ends] = 10
    kept = np.ones(len(text), bool)
    for after in range(1, AFTER):
        kept[ends + after] = False
    return text[kept].tobytes()
