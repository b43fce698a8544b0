"""The report of a comparison as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from firth.compare.report import BASE, MIX, Cell, Found, figure_name, percent, share
from firth.neural.tagger_settings import Tagger


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
        lines += [f"**Not finished: {found.done} of {found.wanted} trainings.**", ""]
    if found.failed:
        lines += [
            f"**{len(found.failed)} of {found.done} trainings diverged** and are in no mean; why "
            "is said below.",
            "",
        ]
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
    others = [name for name in found.inputs if name not in (MIX, BASE)]
    if MIX in found.inputs and others:
        lines += ["", "## Gain of the mix over other inputs", ""]
        lines += _header(["sentences", *others])
        for fraction, sentences in _rows(found):
            gains = [_signed(found.gain(MIX, name, fraction)) for name in others]
            lines.append(_row([f"{sentences:,} ({share(fraction)})", *gains]))
    mixes = [cell for cell in found.cells if cell.mix is not None]
    if mixes:
        lines += ["", "## Weights of the layers in the mix", ""]
        lines += _mixes(mixes)
    if found.failed:
        lines += ["", "## Trainings that diverged", ""]
        lines += [
            f"* {run.input}, {run.sentences:,} sentences ({share(run.fraction)}), seed {run.seed}: "
            f"{run.reason}"
            for run in found.failed
        ]
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
        lines.append(
            "* untrained: the mix of that ELMo's architecture, its weights drawn afresh, once for "
            "all seeds: what another draw would change is not in its ±"
        )
    usual = Tagger().to_json()
    settings = ", ".join(
        f"{name}={value}"
        for name, value in about["settings"].items()
        if value != usual[name] and name != "precision"
    )
    minutes = sum(run.seconds for run in found.runs) / 60
    lines.append(f"* tagger: {settings or 'all settings at their defaults'}")
    products = {"bf16": "bfloat16", "fp32": "float32"}.get(about["settings"]["precision"], "auto")
    lines.append(f"* firth {about['firth']}, products in {products}")
    lines += [f"* {minutes:,.1f} minutes of training in all", ""]
    return "\n".join(lines)


def _scores(found: Found) -> list[str]:
    lines = _header(["sentences", *found.inputs])
    for fraction, sentences in _rows(found):
        cells = []
        for name in found.inputs:
            cell = found.cell(name, fraction)
            nothing = "diverged" if found.failures(name, fraction) else ""
            cells.append(nothing if cell is None else score_of(cell))
        lines.append(_row([f"{sentences:,} ({share(fraction)})", *cells]))
    return lines


def score_of(cell: Cell) -> str:
    """78.31 ± 0.42 (+5.10); behind it how many seeds worked, if not all."""
    text = percent(cell.mean)
    if cell.deviation is not None:
        text += f" ± {percent(cell.deviation)}"
    if cell.gain is not None:
        text += f" ({percent(cell.gain, signed=True)})"
    if cell.failed:
        text += f", {cell.runs} of {cell.runs + cell.failed} seeds"
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
            part = "" if cell.relative is None else f" / {100 * cell.relative:.1f} %"
            cells.append(_signed((cell.gain, cell.gain_deviation)) + part)
        lines.append(_row([f"{sentences:,} ({share(fraction)})", *cells]))
    return lines


def _signed(gain: tuple[float, float | None] | None) -> str:
    """+5.10 ± 0.42."""
    if gain is None:
        return ""
    mean, deviation = gain
    spread = "" if deviation is None else f" ± {percent(deviation)}"
    return percent(mean, signed=True) + spread


def _mixes(cells: Sequence[Cell]) -> list[str]:
    layers = max(len(cell.mix or []) for cell in cells)
    names = ["spelling", *(f"layer {j}" for j in range(1, layers))]
    lines = _header(["sentences", "input", *names])
    for cell in cells:
        weights = [f"{weight:.3f}" for weight in cell.mix or []]
        lines.append(_row([f"{cell.sentences:,}", cell.input, *weights]))
    return lines


def _rows(found: Found) -> list[tuple[float, int]]:
    return sorted({(one.fraction, one.sentences) for one in found.over})


def _header(names: Sequence[str]) -> list[str]:
    return [_row(names), "|" + "---|" * len(names)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
