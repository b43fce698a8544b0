"""Ctrl-C while training: it waits for a good moment, and what was reached is handed over."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while training.

    fitted: the model that was reached (a `Fitted`), None before there is one.
    history: what the training has noted so far.
    """

    def __init__(self, fitted: Any = None, history: list[dict[str, Any]] | None = None) -> None:
        super().__init__("training was interrupted")
        self.fitted = fitted
        self.history = [] if history is None else history


@contextlib.contextmanager
def ctrl_c_waits() -> Iterator[Callable[[], bool]]:
    """Ctrl-C is only noted while this lasts: what is given says whether it came.

    An interrupt between two statements would leave work done that nobody has noted, and a resumed
    training would do it again. A second Ctrl-C interrupts at once.
    """
    came = False

    def note(number: int, frame: Any) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:  # somebody else answers Ctrl-C, or it never comes here
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
