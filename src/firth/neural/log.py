"""What is measured, written as training goes: lines of JSON, and events for TensorBoard."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from firth.errors import StorageError
from firth.files import storage_error, whole_file
from firth.neural import events

NAME = "log.jsonl"


class Log:
    """log.jsonl in `folder`; in `kept`, which is made if it is not there, the same and events.
    Nothing where it is None."""

    def __init__(self, folder: Path | None, kept: Path | None = None) -> None:
        self.lines = [place / NAME for place in (folder, kept) if place is not None]
        self.events = None if kept is None else kept / events.NAME
        if kept is not None:
            try:
                kept.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_error(error, kept) from None

    def begin(self, history: list[dict[str, Any]]) -> None:
        """Starts with what is known; what lies behind the checkpoint that is resumed is dropped.

        Raises:
            StorageError: it cannot be written.
        """
        for file in self.lines:
            with whole_file(file) as temporary:
                temporary.write_text("".join(_line(entry) for entry in history), "utf-8")
        if self.events is not None:
            with whole_file(self.events) as temporary:
                known = b"".join(_event(entry) for entry in history)
                temporary.write_bytes(events.first(time.time()) + known)

    def add(self, entry: dict[str, Any]) -> None:
        """
        Raises:
            StorageError: it cannot be written.
        """
        for file in self.lines:
            _append(file, _line(entry).encode())
        if self.events is not None:
            _append(self.events, _event(entry))


def _append(file: Path, data: bytes) -> None:
    try:
        with open(file, "ab") as stream:
            stream.write(data)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise storage_error(error, file) from None


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"


def _event(entry: dict[str, Any]) -> bytes:
    figures = {
        name: float(value)
        for name, value in entry.items()
        if name != "step" and isinstance(value, int | float)
    }
    return events.scalars(time.time(), entry["step"], figures)
