"""The trainings of a learning curve: fractions x seeds x inputs, and the sentences of each.

    pi = a permutation of the S sentences drawn from the seed
    D(f) = the first max(1, round(f S)) sentences of pi      nested: D(f) in D(g) for f <= g

All inputs of a seed learn from the same D(f), so that their scores can be taken one from another.

What little data is learnt from is gone through more often:

    epochs(f) = max(epochs, ceil(steps / steps of an epoch of D(f)))

so that no training ends before it has made `steps` steps; a fixed number of epochs would leave a
hundredth of the data with a hundredth of the steps, and show the want of steps, not that of data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firth.compare.inputs import Input
from firth.errors import SettingError
from firth.neural.tagger_settings import Tagger

FRACTIONS = (0.01, 0.03, 0.1, 0.3, 1.0)
SEEDS = (1, 2, 3)
#: that each training makes at least
STEPS = 1000
#: a training of more epochs than that is measured on held-out sentences so many times
MEASURED = 25
#: what a step costs beside its words, in words
STEP = 300


@dataclass(frozen=True)
class Run:
    """One training."""

    input: Input
    fraction: float
    seed: int


def runs_of(inputs: Iterable[Input], fractions: Sequence[float], seeds: Sequence[int]) -> list[Run]:
    """All of them, little data first.

    Raises:
        SettingError: a fraction or a seed that is none, or comes twice; none at all.
    """
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise SettingError(
                f"fractions: {fraction:g} is out of range; wanted parts of the training sentences "
                "above 0 and up to 1 (all of them)."
            )
    for seed in seeds:
        if seed < 0:
            raise SettingError(f"seeds: {seed} is out of range; wanted whole numbers from 0.")
    for name, values in (("fractions", fractions), ("seeds", seeds)):
        if not values:
            raise SettingError(f"There are no {name}; give at least one.")
        if len(set(values)) < len(values):
            raise SettingError(f"{name}: {', '.join(f'{one:g}' for one in values)} has one twice.")
    inputs = list(inputs)
    return [
        Run(one, fraction, seed)
        for fraction in sorted(fractions)
        for seed in seeds
        for one in inputs
    ]


def sentences_of(fraction: float, seed: int, sentences: int) -> np.ndarray:
    """int64[n]: the numbers of D(f), rising."""
    n = max(1, round(fraction * sentences))
    order = np.random.default_rng((seed, sentences)).permutation(sentences)
    return np.sort(order[:n])


@dataclass(frozen=True)
class Plan:
    """How long a training is. steps: in all.  cost: in words, for the time that is left."""

    settings: Tagger
    steps: int
    cost: float


def plan_of(settings: Tagger, batches: int, words: int, steps: int, held_out: int) -> Plan:
    """
    batches, words: of an epoch.  steps: at least.  held_out: words measured on.

    `minutes`, if given without `epochs`, says alone how long a training is.
    """
    per_epoch = math.ceil(batches / settings.accumulate)
    if settings.epochs is None:
        return Plan(settings, 0, 1.0)
    epochs = max(settings.epochs, math.ceil(steps / per_epoch))
    total = epochs * per_epoch
    every = settings.evaluate_every
    if not every and epochs > MEASURED:
        every = math.ceil(total / MEASURED)
    measured = total / every if every else epochs
    cost = epochs * words + STEP * total + held_out * (measured / 3 + 1)
    return Plan(replace(settings, epochs=epochs, evaluate_every=every), total, cost)
