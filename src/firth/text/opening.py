"""Bytes of files: plain or compressed (told by their first bytes, not by their names)."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from firth.errors import CorpusError, MissingExtraError

#: bytes asked for at once
CHUNK = 1 << 18

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


class Chunks:
    """The bytes of a file, unpacked, in pieces; may be gone through again.

    done: bytes of the file (as it lies on the disk) read so far by the present pass.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path, self.name = path, name or str(path)
        self.done = 0

    def __iter__(self) -> Iterator[bytes]:
        """
        Raises:
            CorpusError: it cannot be read, or what is packed in it is damaged or cut off.
            MissingExtraError: Zstandard without its package.
        """
        self.done = 0
        try:
            with open(self.path, "rb") as file:
                magic = file.read(6)
                file.seek(0)
                for chunk in _unpack(file, magic):
                    self.done = file.tell()
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
            raise self._damaged(error) from None
        except OSError as error:
            if error.errno is None:  # bz2 has no error of its own
                raise self._damaged(error) from None
            raise CorpusError(f"{self.name} cannot be read: {error.strerror}.") from None

    def _damaged(self, error: Exception) -> CorpusError:
        return CorpusError(
            f"{self.name} is a compressed file that is damaged or cut off ({error}); copy or "
            "compress it again."
        )


def _unpack(file: IO[bytes], magic: bytes) -> Iterator[bytes]:
    if magic.startswith(ZSTD):
        yield from _unpack_zstd(file)
        return
    stream: Any = file
    if magic.startswith(GZIP):
        stream = gzip.GzipFile(fileobj=file)
    elif magic.startswith(BZIP2) and magic[3:4].isdigit():
        stream = bz2.BZ2File(file)
    elif magic.startswith(XZ):
        stream = lzma.LZMAFile(file)  # noqa: SIM115  (the caller closes the file)
    while chunk := stream.read(CHUNK):
        yield chunk


def _unpack_zstd(file: IO[bytes]) -> Iterator[bytes]:
    """All frames of a Zstandard file, by Python's own module (3.14) or the package zstandard."""
    make, failed = _zstd()
    frame = make()
    fresh = True
    try:
        while packed := file.read(CHUNK):
            while packed:
                fresh = False
                if chunk := frame.decompress(packed):
                    yield chunk
                packed = b""
                if frame.eof:
                    packed, frame, fresh = frame.unused_data, make(), True
    except failed as error:
        raise zlib.error(str(error)) from None
    if not fresh:
        raise EOFError("the last frame has no end")


def _zstd() -> tuple[Any, Any]:
    """(what makes a decompressor of one frame, its error)."""
    try:
        from compression import zstd

        return zstd.ZstdDecompressor, zstd.ZstdError
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError("Reading .zst files", "zstandard", "zstd") from None
    return lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
