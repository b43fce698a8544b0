"""Bytes of a file, whether it is plain, .gz, .bz2, .xz or a .zip of one file; told by content."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from firth.errors import FormatError

GZ, BZ2, XZ, ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04"
DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
COMPRESSED = (".gz", ".bz2", ".xz", ".zip")


def compression(path: Path) -> str:
    """ "gz", "bz2", "xz", "zip" or ""."""
    with open(path, "rb") as file:
        head = file.read(6)
    for kind, magic in (("gz", GZ), ("bz2", BZ2), ("xz", XZ), ("zip", ZIP)):
        if head.startswith(magic):
            return kind
    return ""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The decompressed bytes of `path`.

    Raises:
        FormatError: missing, a folder, damaged compression, a zip of several files.
    """
    if path.is_dir():
        raise FormatError(path, "a folder", "a file")
    try:
        kind = compression(path)
    except FileNotFoundError:
        raise FormatError(path, "nothing there", "a file", "Check the name.") from None
    except OSError as error:
        raise FormatError(path, f"a file that cannot be read ({error.strerror})", "one") from None
    position = 0
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(open(path, "rb"))
        # ignored below: these read as BinaryIO does, but are not typed so
        try:
            if kind == "gz":
                yield stack.enter_context(gzip.GzipFile(fileobj=raw))  # type: ignore[misc]
            elif kind == "bz2":
                yield stack.enter_context(bz2.BZ2File(raw))  # type: ignore[misc]
            elif kind == "xz":
                yield stack.enter_context(lzma.LZMAFile(raw))  # type: ignore[misc]
            elif kind == "zip":
                yield stack.enter_context(_member(path, raw))
            else:
                yield raw
        except DAMAGE as error:
            position = raw.tell() if not raw.closed else 0
            raise FormatError(
                path,
                f"damaged or truncated .{kind or 'zip'} data near byte {position} ({error})",
                "a whole file",
                "Copy or download it again.",
            ) from None
        except OSError as error:
            if kind != "bz2" or error.errno is not None:
                raise
            raise FormatError(path, f"damaged .bz2 data ({error})", "a whole file") from None


@contextlib.contextmanager
def _member(path: Path, raw: BinaryIO) -> Iterator[BinaryIO]:
    archive = zipfile.ZipFile(raw)
    members = [name for name in archive.namelist() if not name.endswith("/")]
    if len(members) != 1:
        raise FormatError(
            path,
            f"a zip of {len(members)} files ({', '.join(members[:5])})",
            "a zip of one file",
            "Unpack it and name the file wanted.",
        )
    with archive.open(members[0]) as file:
        yield file  # type: ignore[misc]  # reads as BinaryIO does


@contextlib.contextmanager
def compressing(path: Path, name: str) -> Iterator[BinaryIO]:
    """`path` opened for writing, compressed as the suffix of `name` says."""
    with open(path, "wb") as raw:
        packed: Any = raw
        if name.endswith(".gz"):
            # no name and no time inside: the same vectors give the same bytes
            packed = gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0)
        elif name.endswith(".bz2"):
            packed = bz2.BZ2File(raw, "wb")
        elif name.endswith(".xz"):
            packed = lzma.LZMAFile(raw, "wb")  # noqa: SIM115  (closed below)
        if packed is raw:
            yield raw
        else:
            with io.BufferedWriter(packed, 1 << 20) as file:
                yield file
