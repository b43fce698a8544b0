"""What long work tells whoever watches: a task begins, advances, ends. Silent by default."""

from __future__ import annotations


class Progress:
    """Base class and the silent one; the command line draws a bar from the same three calls."""

    def start(self, task: str, total: float | None, unit: str) -> None:
        """`task` begins; `total` units are to be done (None: not known)."""

    def advance(self, done: float, **figures: float) -> None:
        """`done` units are done in all; `figures` are what is known so far (loss, rate…).

        speed: units a second, where `done` of `total` counts something else.
        """

    def finish(self) -> None:
        """The task is over."""

    def say(self, text: str) -> None:
        """A sentence worth reading (a warning, what is being waited for)."""


SILENT = Progress()
