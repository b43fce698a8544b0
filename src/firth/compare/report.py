"""What a comparison found: scores of runs, their means, what each input gains, in Markdown too.

    mean, s      over seeds; s with n - 1 below
    gain         mean over seeds of  score - score of scratch with the same seed and sentences
    relative     gain of the means / (1 - mean of scratch): the part of the errors that is gone

as in the table of Peters et al. 2018 ("increase, absolute / relative").
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

#: what gains are counted from, and the input that ELMo's authors propose
BASE, MIX = "scratch", "mix"


@dataclass(frozen=True)
class Result:
    """One training, scored once on the test sentences.

    input, fraction, seed: which one.  sentences, words: learnt from.  steps: made.
    score: F1 or accuracy.  scores: all figures.  held_out: the score on held-out sentences.
    mix: weight of each layer of an ELMo, and gamma behind them.  fingerprint: of all it depends on.
    """

    input: str
    fraction: float
    seed: int
    sentences: int
    words: int
    steps: int
    score: float
    scores: dict[str, float]
    held_out: float | None
    mix: list[float] | None
    gamma: float | None
    seconds: float
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Failure:
    """A training that diverged: it has no score, and would diverge again.

    reason: a sentence.  The others: as of `Result`.
    """

    input: str
    fraction: float
    seed: int
    sentences: int
    reason: str
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Cell:
    """The runs of one input on one part of the sentences.

    runs: those that have a score.  failed: those that diverged.
    deviation: None of a single run.  gain, gain_deviation, relative: None without a run of scratch.
    """

    input: str
    fraction: float
    sentences: int
    runs: int
    mean: float
    deviation: float | None
    gain: float | None
    gain_deviation: float | None
    relative: float | None
    mix: list[float] | None
    failed: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """runs: finished ones.  wanted: how many there are to be.  about: what is compared, as JSON.

    failed: those that diverged, and are in no mean.
    """

    figure: str
    runs: list[Result]
    wanted: int
    about: dict[str, Any]
    failed: list[Failure] = field(default_factory=list)

    @property
    def over(self) -> list[Result | Failure]:
        """Those that are done, whatever came of them."""
        return [*self.runs, *self.failed]

    @property
    def done(self) -> int:
        return len(self.over)

    @property
    def whole(self) -> bool:
        return self.done == self.wanted

    @property
    def inputs(self) -> list[str]:
        """In the order in which they were asked for; those without any score last."""
        return list(dict.fromkeys(run.input for run in self.over))

    def failures(self, name: str, fraction: float) -> int:
        """How many trainings of an input and a fraction diverged."""
        return sum((run.input, run.fraction) == (name, fraction) for run in self.failed)

    @cached_property
    def cells(self) -> list[Cell]:
        """Little data first."""
        found = []
        for fraction in sorted({run.fraction for run in self.runs}):
            some = [run for run in self.runs if run.fraction == fraction]
            base = {run.seed: run.score for run in some if run.input == BASE}
            for name in self.inputs:
                runs = [run for run in some if run.input == name]
                if runs:
                    cell = _cell(name, fraction, runs, base)
                    found.append(replace(cell, failed=self.failures(name, fraction)))
        return found

    def cell(self, name: str, fraction: float) -> Cell | None:
        """That of an input and a fraction, if there is one."""
        for cell in self.cells:
            if (cell.input, cell.fraction) == (name, fraction):
                return cell
        return None

    def gain(self, name: str, over: str, fraction: float) -> tuple[float, float | None] | None:
        """Mean and deviation, over seeds that both have, of the score of one input less another's;
        None if there is no such seed."""
        scores: dict[str, dict[int, float]] = {name: {}, over: {}}
        for run in self.runs:
            if run.fraction == fraction and run.input in scores:
                scores[run.input][run.seed] = run.score
        both = sorted(scores[name].keys() & scores[over].keys())
        gains = [scores[name][seed] - scores[over][seed] for seed in both]
        return (statistics.fmean(gains), _deviation(gains)) if gains else None

    def to_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "finished": len(self.runs),
            "wanted": self.wanted,
            "about": self.about,
            "cells": [cell.to_json() for cell in self.cells],
            "runs": [run.to_json() for run in self.runs],
            "failed": [run.to_json() for run in self.failed],
        }


def _cell(name: str, fraction: float, runs: Sequence[Result], base: dict[int, float]) -> Cell:
    scores = [run.score for run in runs]
    mean = statistics.fmean(scores)
    pairs = [(run.score, base[run.seed]) for run in runs if run.seed in base]
    gain = deviation = relative = None
    if pairs and name != BASE:
        gains = [score - plain for score, plain in pairs]
        gain, deviation = statistics.fmean(gains), _deviation(gains)
        errors = 1 - statistics.fmean(plain for _, plain in pairs)
        relative = gain / errors if errors else None
    mixes = [run.mix for run in runs if run.mix is not None]
    mix = [statistics.fmean(weights) for weights in zip(*mixes, strict=True)] if mixes else None
    return Cell(
        name, fraction, runs[0].sentences, len(runs), mean, _deviation(scores),
        gain, deviation, relative, mix,
    )  # fmt: skip


def _deviation(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None


def figure_name(figure: str) -> str:
    return "F1" if figure == "f1" else figure


def percent(value: float | None, *, signed: bool = False) -> str:
    """0.9412 -> 94.12; +1.30 if signed; nothing of None."""
    if value is None:
        return ""
    return f"{100 * value:+.2f}" if signed else f"{100 * value:.2f}"


def share(fraction: float) -> str:
    """0.01 -> 1 %."""
    return f"{100 * fraction:g} %"
