"""How much of a training is over: of its steps, or of its time."""

from __future__ import annotations

import math
import time

from firth.neural.training import EPOCHS, Training

#: part of a time budget kept for the last measurement, until it is known what one takes; and the
#: seconds this is at most
RESERVE = (0.05, 120.0)
#: seconds of training before its length is estimated
WATCHED = 10.0


class Budget:
    """steps: of the whole training, or infinity.

    measuring: seconds that a measurement takes, once that is known.
    """

    def __init__(self, settings: Training, per_epoch: int) -> None:
        """per_epoch: steps."""
        epochs, self.minutes = settings.epochs, settings.minutes
        if epochs is None and self.minutes is None:
            epochs = EPOCHS
        self.steps = math.inf if epochs is None else epochs * per_epoch
        self.began = time.monotonic()
        self.measuring: float | None = None
        self.reached = 0.0
        self.since: tuple[float, float] | None = None
        self.estimated = False

    def seconds(self) -> float:
        """Since training began, its earlier runs included."""
        return time.monotonic() - self.began

    def part(self, step: int) -> float:
        """The larger of steps done / steps in all and time gone / time given; 1 and more: over."""
        done = step / self.steps
        if self.minutes is not None:
            given = 60 * self.minutes
            unknown = min(RESERVE[0] * given, RESERVE[1])
            last = unknown if self.measuring is None else 1.1 * self.measuring
            done = max(done, self.seconds() / max(given - last, 1e-9))
        self.reached = max(self.reached, done)  # it must not fall when measuring proves quick
        return self.reached

    def estimate(self) -> str:
        """Once, after some seconds: how long it will take; else nothing."""
        now = time.monotonic()
        if self.since is None:
            self.since = (now, self.reached)
        spent, gone = now - self.since[0], self.reached - self.since[1]
        if self.estimated or spent < WATCHED or not gone:
            return ""
        self.estimated = True
        left = spent * (1 - self.reached) / gone
        if left < 60:
            return ""
        hours = f"{left / 3600:.1f} hours" if left >= 7200 else f"{math.ceil(left / 60)} minutes"
        return f"About {hours} to go, if it is not stopped early."
