"""How much of a training is over: of its steps, or of its time."""

from __future__ import annotations

import math
import time

#: part of a time budget kept for the last measurement, until it is known what one takes
RESERVE = 0.05


class Budget:
    """steps: of the whole training, or infinity.  minutes: it may take, or None.

    measuring: seconds that a measurement takes, once that is known.
    """

    def __init__(self, steps: float, minutes: float | None) -> None:
        self.steps, self.minutes = steps, minutes
        self.began = time.monotonic()
        self.measuring: float | None = None
        self.reached = 0.0

    def seconds(self) -> float:
        """Since training began, its earlier runs included."""
        return time.monotonic() - self.began

    def part(self, step: int) -> float:
        """The larger of steps done / steps in all and time gone / time given; 1 and more: over."""
        done = step / self.steps if self.steps else math.inf
        if self.minutes is not None:
            given = 60 * self.minutes
            last = RESERVE * given if self.measuring is None else 1.1 * self.measuring
            done = max(done, self.seconds() / max(given - last, 1e-9))
        self.reached = max(self.reached, done)  # it must not fall when measuring proves quick
        return self.reached
