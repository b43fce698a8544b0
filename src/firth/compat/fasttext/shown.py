"""Progress on the standard error, as much of it as `verbose` asks for.

0  nothing        1  what was read, and the last line        2  a line that moves on, and notes
"""

from __future__ import annotations

import sys
import time

from firth.progress import Progress
from firth.vectors.fitted import Fitted

#: seconds between two moves of the line
EVERY = 0.2


class Shown(Progress):
    """Writes "Progress:  42.0% words/sec: 1234567 lr: 0.058 avg.loss: 0.71 ETA: 0h 0m 3s"."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose
        self._total: float | None = None
        self._unit, self._line = "", ""
        self._began = self._moved = 0.0

    def start(self, task: str, total: float | None, unit: str) -> None:
        shown = task.startswith(("training", "autotune"))
        self._total, self._unit = (total, unit) if shown else (None, "")
        self._began, self._moved, self._line = time.monotonic(), 0.0, ""

    def advance(self, done: float, **figures: float) -> None:
        if not self._total or self._verbose < 1 or not done:
            return
        now = time.monotonic()
        seconds = now - self._began
        speed = done / seconds if seconds > 0 else 0.0
        share = min(1.0, done / self._total)
        parts = [f"Progress: {100 * share:5.1f}%"]
        if "trial" in figures:
            best = f"{figures['best']:9.6f}" if "best" in figures else "  unknown"
            parts.append(f"Trials: {figures['trial']:4.0f} Best score: {best}")
        else:
            parts.append(f"{self._unit}/sec: {speed:7.0f}")
        if "rate" in figures:
            parts.append(f"lr: {figures['rate']:9.6f}")
        if "loss" in figures:
            parts.append(f"avg.loss: {figures['loss']:9.6f}")
        left = int(seconds * (1 - share) / share) if share else 0
        parts.append(f"ETA: {left // 3600:3d}h{left // 60 % 60:2d}m{left % 60:2d}s")
        self._line = " ".join(parts)
        if self._verbose > 1 and now - self._moved >= EVERY:
            self._moved = now
            sys.stderr.write("\r" + self._line)
            sys.stderr.flush()

    def finish(self) -> None:
        if self._line:
            sys.stderr.write("\r" + self._line + "\n")
            sys.stderr.flush()
        self._line, self._total = "", None

    def say(self, text: str) -> None:
        if self._verbose > 1:
            sys.stderr.write(text + "\n")

    def counted(self, fitted: Fitted) -> None:
        """What has been read."""
        tokens = int(fitted.corpus.get("tokens", 0))
        labels = 0 if fitted.labels is None else len(fitted.labels)
        sys.stderr.write(
            f"Read {tokens // 1_000_000}M words\n"
            f"Number of words:  {len(fitted.vocabulary)}\nNumber of labels: {labels}\n"
        )
