"""safetensors files: written row by row, read by memory map.

    u64 little-endian n | n bytes of JSON {name: {dtype, shape, data_offsets}} | data

The package `safetensors` copies each tensor on its way out and in; these two functions copy
nothing, and start the data on a multiple of 64 bytes. Its files and ours are the same format.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
    "BF16": "<u2",
}
NAMES = {np.dtype(code).str: name for name, code in DTYPES.items() if name != "BF16"}
ALIGN = 64
#: the limit of the package too
LONGEST_HEADER = 100_000_000
#: bytes written at once
CHUNK = 1 << 24


def write_tensors(
    path: str | Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes `tensors`; a mapped matrix is streamed, never held whole.

    Raises:
        OSError: as the system gives it.
    """
    # wide items first, so that each tensor stays aligned
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = dict(metadata)
    end = 0
    for name in order:
        tensor = tensors[name]
        start, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": NAMES[tensor.dtype.newbyteorder("<").str],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGN)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            _write_array(file, tensors[name])


def _write_array(file: Any, array: np.ndarray) -> None:
    little = array.dtype.newbyteorder("<")
    if array.ndim == 0 or not array.nbytes:
        file.write(array.astype(little).tobytes())
        return
    rows = max(1, CHUNK // max(1, array.nbytes // len(array)))
    for start in range(0, len(array), rows):
        part = np.ascontiguousarray(array[start : start + rows], dtype=little)
        file.write(part.reshape(-1).view(np.uint8).data)


def map_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Every tensor of the file, read-only and mapped: nothing is read until it is used.

    BF16 becomes float32 (a copy).

    Raises:
        FormatError: missing, truncated, damaged or foreign; the message has offsets and sizes.
    """
    return open_tensors(path)[0]


def open_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """`map_tensors`, and the file's `__metadata__`."""
    path = Path(path)
    if not path.is_file():
        raise FormatError(path, "no such file", "a safetensors file")
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        header, data = _header(path, file, size)
        mapped: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise FormatError(path, "a damaged header (__metadata__)", "an object of texts")
    tensors, spans = {}, []
    for name, entry in header.items():
        dtype, shape, start, end = _entry(path, name, entry)
        if end > size - data:
            raise FormatError(
                path,
                f"tensor '{name}' ending at byte {data + end} of a file of {size} bytes",
                f"a file of at least {data + end} bytes",
                "The file is truncated; copy or download it again.",
            )
        spans.append((start, end))
        array = np.frombuffer(mapped, DTYPES[dtype], math.prod(shape), data + start)
        if dtype == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array.reshape(shape)
    at = 0
    for start, end in sorted(spans):
        if start != at:
            raise FormatError(
                path, f"tensor data from byte {data + start}", f"it at byte {data + at}"
            )
        at = end
    if data + at != size:
        raise FormatError(path, f"{size} bytes", f"{data + at} bytes, as the header says")
    return tensors, metadata


def _header(path: Path, file: Any, size: int) -> tuple[dict[str, Any], int]:
    """The JSON header and the offset of the data."""
    if size < 8:
        raise FormatError(path, f"{size} bytes", "a safetensors file: at least 8 bytes of header")
    length = int.from_bytes(file.read(8), "little")
    if length > min(size - 8, LONGEST_HEADER) or length < 2:
        raise FormatError(
            path,
            f"a header of {length} bytes announced at offset 0 in a file of {size} bytes",
            "a safetensors file, whose header fits in it",
        )
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise FormatError(
            path, f"a damaged header in bytes 8 to {8 + length} ({error})", "JSON"
        ) from None
    if not isinstance(header, dict):
        raise FormatError(path, f"a header that is a {type(header).__name__}", "a JSON object")
    return header, 8 + length


def _entry(path: Path, name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, start, end]
        sound = all(type(number) is int and number >= 0 for number in numbers)
    except (KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise FormatError(
            path, f"a damaged entry for tensor '{name}'", "its dtype, shape and data_offsets"
        )
    if dtype not in DTYPES:
        raise FormatError(path, f"tensor '{name}' of type {dtype!r}", f"one of {', '.join(DTYPES)}")
    wanted = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if end - start != wanted:
        raise FormatError(
            path,
            f"tensor '{name}' of shape {shape} in {end - start} bytes (offsets {start} to {end})",
            f"{wanted} bytes",
        )
    return dtype, tuple(shape), start, end
