"""What the one loop notes: where it stands, what it has added up, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from firth.errors import FitError


@dataclass
class Outcome:
    """history: an entry per measurement.  best: the entry of the weights that were kept.
    stopped: what ended it: "epochs", "minutes" or "patience"."""

    history: list[dict[str, Any]]
    best: dict[str, Any]
    seconds: float
    stopped: str


@dataclass
class Place:
    """Where a training stands. batch: the next one of the epoch.  worse: measurements since the
    best.  halvings: of the rate (plateau).  rate: of the last step.  seconds: of training, with
    its earlier runs.  averaged: steps in the running average.  first: mean loss of the first step.
    best: entry of the best weights."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    worse: int = 0
    halvings: int = 0
    rate: float = 0.0
    seconds: float = 0.0
    averaged: int = 0
    first: float | None = None
    best: dict[str, Any] = field(default_factory=dict)


@dataclass
class Tally:
    """Since the last measurement. loss: sum over units, in float64.  norm: sum over steps."""

    loss: float = 0.0
    norm: float = 0.0
    units: int = 0
    tokens: int = 0
    steps: int = 0
    seconds: float = 0.0


@dataclass
class Signals:
    """What all processes agree on before a step. p: the part of the training that is over."""

    batches: int
    units: int
    tokens: int
    p: float
    interrupted: bool
    save: bool


@dataclass
class Step:
    """A step whose numbers nobody has looked at yet."""

    number: int
    rate: float
    units: int
    loss: Tensor
    norm: Tensor


def entry_of(
    place: Place, tally: Tally, per_epoch: int, figures: dict[str, float]
) -> dict[str, Any]:
    """A measurement, for the history.

    per_epoch: steps.  figures: on held-out text.
    """
    return {
        "epoch": round(place.step / per_epoch, 3),
        "step": place.step,
        "loss": tally.loss / tally.units if tally.units else None,
        **figures,
        "rate": place.rate,
        "norm": tally.norm / tally.steps if tally.steps else None,
        "tokens": tally.tokens,
        "tokens_per_second": round(tally.tokens / tally.seconds) if tally.seconds else None,
        "seconds": round(place.seconds, 2),
    }


def told(entry: dict[str, Any], figures: dict[str, float]) -> str:
    """A measurement in a line."""
    parts = [f"loss {entry['loss']:.4f}"] if entry["loss"] is not None else []
    parts += [f"{name.replace('_', ' ')} {value:.5g}" for name, value in figures.items()]
    if entry["tokens_per_second"]:
        parts.append(f"{entry['tokens_per_second']:,} tokens/s")
    return f"Epoch {entry['epoch']:g}: {', '.join(parts)}."


def diverged(step: Step, loss: float, norm: float, epoch: int, kept: Path | None) -> FitError:
    """The error of a step whose numbers are not finite, or absurd.

    loss: sum over units.  norm: of the gradient.  epoch: from 0.  kept: where a good state is.
    """
    where = f"the last good state is in {kept}" if kept else "nothing was saved"
    return FitError(
        f"The loss became {loss / max(1, step.units):.4g} in step {step.number} (epoch "
        f"{epoch + 1}) at learning rate {step.rate:.4g}, where the gradient's norm was {norm:.4g}; "
        f"lower --rate (rate={step.rate / 4:.2g}, say) or --clip-norm; {where}."
    )
