"""Which settings autotune tries next: fastText's random steps from the best so far.

    log2 x' = log2 x + N(0, sigma(t)^2)      epochs, rate, dim, buckets
    x' = x + N(0, sigma(t)^2)                word_ngrams, log2 dsub, the choice of min_n
    sigma(t) = a - (a - b) min(1/2, max(0, t - 1/4)) / (1/2)

t: the share of the time that is gone; sigma falls from a to b between a quarter and three quarters
of it. Numbers are cut to whole ones and to their range. (src/autotune.cc of fastText 0.9.2; the
random numbers are not those of its generator.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from firth.errors import SettingError, did_you_mean
from firth.static.classifier import FastTextClassifier


class Step(NamedTuple):
    """How one setting moves: its range, sigma at the beginning and at the end, in which space."""

    low: float
    high: float
    first: float
    last: float
    linear: bool = False


STEPS = {
    "epochs": Step(1, 100, 2.8, 2.5),
    "rate": Step(0.01, 5, 1.9, 1.0),
    "dim": Step(1, 1000, 1.4, 0.3),
    "word_ngrams": Step(1, 5, 4.3, 2.4, linear=True),
    "dsub": Step(1, 4, 2.0, 1.0, linear=True),  # its exponent
    "min_n": Step(0, 2, 4.0, 1.4, linear=True),  # which of MIN_N
    "buckets": Step(10_000, 10_000_000, 2.0, 1.5),
}
MIN_N = (0, 2, 3)
#: max_n stands so much above min_n
SPREAD = 3
#: what is searched, beside dsub
SEARCHED = ("epochs", "rate", "dim", "word_ngrams", "min_n", "max_n", "buckets", "objective")
DSUB = 2


@dataclass(frozen=True)
class Choice:
    """Settings to try, and how many numbers a byte stands for if the model is quantised."""

    settings: FastTextClassifier
    dsub: int = DSUB


class Search:
    """Proposes choices. The same seed, times and best ones give the same proposals.

    start: tried first, as it is.  fixed: settings that keep their values.

    Raises:
        SettingError: `fixed` names what is not searched or not a setting.
    """

    def __init__(self, start: Choice, fixed: Iterable[str] = (), seed: int = 0) -> None:
        self.fixed = frozenset(fixed)
        known = [*type(start.settings).__dataclass_fields__, "dsub"]
        for name in self.fixed:
            if name not in known:
                raise SettingError(
                    f"fixed: there is no setting '{name}'.{did_you_mean(name, known)}"
                )
        self._random = np.random.default_rng(seed)
        self._best = start
        self._buckets = start.settings.buckets or 2_000_000
        self._asked = False

    def best(self, choice: Choice) -> None:
        """From now on steps begin at `choice`."""
        self._best = choice
        if choice.settings.rows_of_ngrams:
            self._buckets = choice.settings.buckets

    def quicker(self, share: float) -> bool:
        """The first choice takes too long: next comes the same with fewer epochs, or numbers.

        share: of the time that it would take.  False if both are fixed or as few as can be.
        """
        now = self._best.settings
        for name in ("epochs", "dim"):
            low = int(STEPS[name].low)
            if name not in self.fixed and getattr(now, name) > low:
                fewer = max(low, int(getattr(now, name) * share))
                changed: dict[str, Any] = {name: fewer}
                self._best = replace(self._best, settings=replace(now, **changed))
                self._asked = False
                return True
        return False

    def ask(self, t: float) -> Choice:
        """What to try; t: the share of the time that is gone."""
        if not self._asked:
            self._asked = True
            return self._best
        now = self._best.settings
        values: dict[str, Any] = {}
        # one draw for each setting, also for those that stay: fixing one leaves the others alone
        values["epochs"] = int(self._moved("epochs", now.epochs, t))
        values["rate"] = self._moved("rate", now.rate, t)
        values["dim"] = int(self._moved("dim", now.dim, t))
        values["word_ngrams"] = int(self._moved("word_ngrams", now.word_ngrams, t))
        dsub = 1 << int(self._moved("dsub", np.log2(self._best.dsub), t))
        place = MIN_N.index(now.min_n) if now.min_n in MIN_N else 0
        values["min_n"] = MIN_N[int(self._moved("min_n", place, t))]
        values["buckets"] = int(self._moved("buckets", self._buckets, t))
        values["objective"] = "softmax"
        for name in self.fixed & values.keys():
            values[name] = getattr(now, name)
        if "max_n" in self.fixed:
            values["max_n"] = now.max_n
            if "min_n" not in self.fixed and values["min_n"] > now.max_n:
                values["min_n"] = max(n for n in MIN_N if n <= now.max_n)
        else:
            values["max_n"] = values["min_n"] + SPREAD if values["min_n"] else 0
        if "dsub" in self.fixed:
            dsub = self._best.dsub
        return Choice(replace(now, **values), dsub)

    def _moved(self, name: str, x: float, t: float) -> float:
        """A random step from `x`, inside of its range."""
        low, high, first, last, linear = STEPS[name]
        sigma = first - (first - last) * min(0.5, max(0.0, t - 0.25)) / 0.5
        step = self._random.normal(0.0, sigma)
        moved = x + step if linear else x * 2.0**step
        return min(high, max(low, moved))
