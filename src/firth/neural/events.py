"""Figures as TensorBoard reads them, written without it.

    file     records of  u64 length | u32 check of the length | data | u32 check of the data
    data     protocol buffer Event: 1 double wall_time, 2 int64 step, 3 string file_version,
             5 Summary of 1 Value... of 1 string tag, 2 float simple_value
    check    ((c >> 15 | c << 17) + 0xa282ead8) mod 2^32,  c the CRC-32C (Castagnoli)

From tensorflow/core: lib/io/record_writer.h, util/event.proto, framework/summary.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

#: TensorBoard looks for "tfevents" in the names of files
NAME = "events.out.tfevents.firth"
VERSION = "brain.Event:2"


def _table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CASTAGNOLI = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C of a few hundred bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CASTAGNOLI[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _check(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _check(length) + data + _check(data)


def _number(value: int) -> bytes:
    """A whole number of at least 0 in groups of seven bits, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes, text or another message."""
    return _number(number << 3 | 2) + _number(len(data)) + data


def first(seconds: float) -> bytes:
    """The record that begins a file. seconds: since 1970."""
    return record(b"\x09" + struct.pack("<d", seconds) + _field(3, VERSION.encode()))


def scalars(seconds: float, step: int, figures: Mapping[str, float]) -> bytes:
    """The record of figures after `step` steps."""
    values = b"".join(
        _field(1, _field(1, name.encode()) + b"\x15" + struct.pack("<f", value))
        for name, value in figures.items()
    )
    head = b"\x09" + struct.pack("<d", seconds) + b"\x10" + _number(step)
    return record(head + _field(5, values))
