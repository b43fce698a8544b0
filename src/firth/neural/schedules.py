"""How the learning rate falls. p in [0, 1]: the part of the training that is over.

    constant   1
    linear     1 - p
    cosine     (1 + cos(pi p)) / 2                             Loshchilov & Hutter 2017, no restarts
    halve      1 until p = 4/13, then halved at each further 1/13         Zaremba et al. 2014, small
    plateau    halved whenever a measurement on held-out text is no better than the best

p is the larger of steps done / steps in all and time gone / time given, so that a training with a
time budget goes through the whole schedule.
"""

from __future__ import annotations

import math


def factor(schedule: str, p: float, halvings: int = 0) -> float:
    """The learning rate as a part of its highest value.

    halvings: measurements that were no better (plateau).
    """
    p = min(max(p, 0.0), 1.0)
    if schedule == "linear":
        return 1 - p
    if schedule == "cosine":
        return (1 + math.cos(math.pi * p)) / 2
    if schedule == "halve":
        return float(0.5 ** max(0, math.floor(13 * p) - 3))
    if schedule == "plateau":
        return float(0.5**halvings)
    return 1.0


def warm(step: int, warmup: int) -> float:
    """The part of the rate that step `step` (from 0) takes: it rises over `warmup` steps."""
    return min(1.0, (step + 1) / warmup) if warmup else 1.0
