"""The clock of autotune: looks on while a trial is trained, and ends it when the time is over."""

from __future__ import annotations

import time
from typing import Any

from firth.progress import Progress

#: a trial is judged after this share of it, and so many seconds
SEEN, SECONDS = 0.02, 1.0
#: by how much the estimate of its end may be wrong
MARGIN = 1.1


class Watch(Progress):
    """What the trials tell their progress to; tells the whole search's to `outer`.

    Training is ended as Ctrl-C ends it, which every training answers in order; `gave_up` says
    that it was this clock, and why.
    """

    def __init__(self, outer: Progress, seconds: float | None) -> None:
        self.outer, self.seconds = outer, seconds
        self.began = time.monotonic()
        self.gave_up = ""
        #: seconds that the training would have taken; 0 if it was not given up for that
        self.estimate = 0.0
        self._trial, self._best = 0, None
        self._total: float | None = None
        self._started = self.began
        self._share = self._farthest = 0.0

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def left(self) -> float:
        return float("inf") if self.seconds is None else self.seconds - self.elapsed()

    def share(self) -> float:
        """Of the time that is gone."""
        return min(1.0, self.elapsed() / self.seconds) if self.seconds else 0.0

    def begin(self, trial: int, best: Any) -> None:
        """A trial begins; best: the best one before it."""
        self._trial, self._best = trial, None if best is None else best.score
        self.gave_up, self.estimate, self._share, self._total = "", 0.0, 0.0, None
        self.tell()

    def farthest(self) -> str:
        """How much of a trial was done at most, for people."""
        return f", {self._farthest:.0%} of one done at most" if self._farthest else ""

    def start(self, task: str, total: float | None, unit: str) -> None:
        self._total = total if task.startswith("training") else None
        self._started = time.monotonic()

    def advance(self, done: float, **figures: float) -> None:
        if self._total:
            self._share = min(1.0, done / self._total)
            self._farthest = max(self._farthest, self._share)
        self.tell()
        if self.left() <= 0:
            self.gave_up = f"time over after {self._share:.0%}"
            raise KeyboardInterrupt
        took = time.monotonic() - self._started
        if self._total and self._share >= SEEN and took >= SECONDS:
            still = took / self._share * (1 - self._share)
            if still > self.left() * MARGIN:
                self.estimate = took + still
                self.gave_up = f"too slow: {self.estimate:.0f} s"
                raise KeyboardInterrupt

    def tell(self) -> None:
        figures = {"trial": float(self._trial)}
        if self._best is not None:
            figures["best"] = self._best
        done = min(self.elapsed(), self.seconds) if self.seconds else self._trial - 1
        self.outer.advance(done, **figures)
