"""One bar and one clock over many trainings."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from firth.progress import Progress

#: what a training counts to
WHOLE = 1000


class Watch(Progress):
    """Each training tells it how far it is; what else they say is not passed on.

    costs: of the trainings that are left, in any unit.  trainings: all of them.
    """

    def __init__(self, costs: Sequence[float], trainings: int, progress: Progress) -> None:
        self._costs, self._trainings, self._progress = list(costs), trainings, progress
        self._at, self._since = 0, time.monotonic()
        if costs:
            progress.start("comparing", sum(costs), "words")

    def advance(self, done: float, **figures: float) -> None:
        part = min(done, WHOLE) / WHOLE
        shown = {name: figures[name] for name in ("loss", "speed") if name in figures}
        self._progress.advance(self._spent + part * self._costs[self._at], **shown)

    @property
    def _spent(self) -> float:
        return sum(self._costs[: self._at])

    def done(self, told: str) -> None:
        """A training is over. told: what it gave, half a sentence."""
        self._at += 1
        left = sum(self._costs) - self._spent
        seconds = (time.monotonic() - self._since) * left / self._spent
        finished = self._trainings - len(self._costs) + self._at
        goes_on = f"; about {duration(seconds)} to go" if self._at < len(self._costs) else ""
        self._progress.say(f"{told}. {finished} of {self._trainings} trainings{goes_on}.")
        self._progress.advance(self._spent)


def duration(seconds: float) -> str:
    """40 s, 12 minutes, 2.5 hours."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    if seconds < 7200:
        return f"{math.ceil(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
