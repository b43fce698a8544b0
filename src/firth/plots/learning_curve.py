"""The picture of a learning curve: scores over training sentences, one curve an input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from firth.errors import SettingError
from firth.plots.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Curve(NamedTuple):
    """sentences, mean, deviation (0 if there is none), point by point."""

    sentences: Sequence[int]
    mean: Sequence[float]
    deviation: Sequence[float]


def learning_curve_figure(
    curves: Mapping[str, Curve], *, figure: str, dashed: frozenset[str] = frozenset()
) -> Figure:
    """curves: by input.  figure: what the scores are called.  dashed: inputs that are controls.

    Raises:
        SettingError: there is nothing to draw.
    """
    if not any(curve.sentences for curve in curves.values()):
        raise SettingError("No training is done yet, so there is nothing to draw.")
    drawn = new_figure(7.5, 4.5)
    axes = drawn.add_subplot()
    for name, curve in curves.items():
        axes.errorbar(
            curve.sentences,
            [100 * value for value in curve.mean],
            yerr=[100 * value for value in curve.deviation],
            fmt="o--" if name in dashed else "o-",
            markersize=3,
            linewidth=1.5,
            capsize=2,
            label=name,
        )
    axes.set_xscale("log")
    ticks = sorted({n for curve in curves.values() for n in curve.sentences})
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    axes.set_xlabel("training sentences")
    axes.set_ylabel(f"{figure} on the test sentences, percent")
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    return drawn
