"""What a comparison found: scores of runs, their means, what each input gains, in Markdown too.

    mean, s      over seeds; s with n - 1 below
    gain         mean over seeds of  score - score of scratch with the same seed and sentences
    relative     gain of the means / (1 - mean of scratch): the part of the errors that is gone

as in the table of Peters et al. 2018 ("increase, absolute / relative").
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from firth.neural.tagger_settings import Tagger

BASE = "scratch"


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
class Cell:
    """The runs of one input on one part of the sentences.

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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """runs: finished ones.  wanted: how many there are to be.  about: what is compared, as JSON."""

    figure: str
    runs: list[Result]
    wanted: int
    about: dict[str, Any]

    @property
    def whole(self) -> bool:
        return len(self.runs) == self.wanted

    @property
    def inputs(self) -> list[str]:
        """In the order in which they were asked for."""
        return list(dict.fromkeys(run.input for run in self.runs))

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
                    found.append(_cell(name, fraction, runs, base))
        return found

    def cell(self, name: str, fraction: float) -> Cell | None:
        """That of an input and a fraction, if there is one."""
        for cell in self.cells:
            if (cell.input, cell.fraction) == (name, fraction):
                return cell
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "finished": len(self.runs),
            "wanted": self.wanted,
            "about": self.about,
            "cells": [cell.to_json() for cell in self.cells],
            "runs": [run.to_json() for run in self.runs],
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


def markdown(found: Found, picture: str | None = None) -> str:
    """The whole report. picture: the name of its file, if there is one."""
    about = found.about
    figure = figure_name(found.figure)
    test, dev = about["test"], about["dev"]
    seeds = len({run.seed for run in found.runs})
    lines = [
        f"# Learning curve: {figure} with little data and with much",
        "",
        f"{figure[0].upper()}{figure[1:]} in percent on {test['name']} ({test['words']:,} words), "
        f"mean and standard deviation over {seeds} seed{'s' if seeds != 1 else ''}; behind it the "
        "gain over scratch.",
        "",
    ]
    if not found.whole:
        lines += [f"**Not finished: {len(found.runs)} of {found.wanted} trainings.**", ""]
    lines += _scores(found)
    if picture is not None:
        lines += ["", f"![{figure} over training sentences]({picture})"]
    if any(cell.gain is not None for cell in found.cells):
        lines += [
            "",
            "## Gain over scratch",
            "",
            "Points / the part of the errors that is gone.",
            "",
        ]
        lines += _gains(found)
    mixes = [cell for cell in found.cells if cell.mix is not None]
    if mixes:
        lines += ["", "## Weights of the layers in the mix", ""]
        lines += _mixes(mixes)
    lines += ["", "## What was compared", ""]
    train = about["train"]
    lines += [
        f"* training sentences: {train['name']}, {train['sentences']:,} of them, "
        f"{train['words']:,} words; smaller parts lie within larger ones, and are the same for "
        "all inputs of a seed",
        f"* held-out sentences, by which the best state is kept: {dev['name']}, "
        f"{dev['words']:,} words"
        if dev
        else "* no held-out sentences: the last state of each training is scored",
        f"* each training makes at least {about['steps']:,} steps",
    ]
    for name, what in (("vectors", "vectors"), ("elmo", "ELMo")):
        if about.get(name):
            lines.append(f"* {what}: {about[name]['name']}")
    if any("untrained" in name for name in found.inputs):
        lines.append("* untrained: the mix of that ELMo's architecture, its weights drawn afresh")
    usual = Tagger().to_json()
    settings = ", ".join(
        f"{name}={value}" for name, value in about["settings"].items() if value != usual[name]
    )
    minutes = sum(run.seconds for run in found.runs) / 60
    lines.append(f"* tagger: {settings or 'all settings at their defaults'}")
    lines += [f"* {minutes:,.1f} minutes of training in all", ""]
    return "\n".join(lines)


def _scores(found: Found) -> list[str]:
    lines = _header(["sentences", *found.inputs])
    for fraction, sentences in _rows(found):
        cells = []
        for name in found.inputs:
            cell = found.cell(name, fraction)
            cells.append("" if cell is None else score_of(cell))
        lines.append(_row([f"{sentences:,} ({share(fraction)})", *cells]))
    return lines


def score_of(cell: Cell) -> str:
    """78.31 ± 0.42 (+5.10)."""
    text = percent(cell.mean)
    if cell.deviation is not None:
        text += f" ± {percent(cell.deviation)}"
    if cell.gain is not None:
        text += f" ({percent(cell.gain, signed=True)})"
    return text


def _gains(found: Found) -> list[str]:
    names = [name for name in found.inputs if name != BASE]
    lines = _header(["sentences", *names])
    for fraction, sentences in _rows(found):
        cells = []
        for name in names:
            cell = found.cell(name, fraction)
            if cell is None or cell.gain is None:
                cells.append("")
                continue
            spread = "" if cell.gain_deviation is None else f" ± {percent(cell.gain_deviation)}"
            part = "" if cell.relative is None else f" / {100 * cell.relative:.1f} %"
            cells.append(f"{percent(cell.gain, signed=True)}{spread}{part}")
        lines.append(_row([f"{sentences:,} ({share(fraction)})", *cells]))
    return lines


def _mixes(cells: Sequence[Cell]) -> list[str]:
    layers = max(len(cell.mix or []) for cell in cells)
    names = ["spelling", *(f"layer {j}" for j in range(1, layers))]
    lines = _header(["sentences", "input", *names])
    for cell in cells:
        weights = [f"{weight:.3f}" for weight in cell.mix or []]
        lines.append(_row([f"{cell.sentences:,}", cell.input, *weights]))
    return lines


def _rows(found: Found) -> list[tuple[float, int]]:
    return list(dict.fromkeys((cell.fraction, cell.sentences) for cell in found.cells))


def _header(names: Sequence[str]) -> list[str]:
    return [_row(names), "|" + "---|" * len(names)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
