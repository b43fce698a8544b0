"""The picture of gradients through time: || d loss_T / d h_t || over t, one curve a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from firth.errors import SettingError
from firth.plots.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gradients_figure(
    series: Mapping[str, np.ndarray], *, dashed: frozenset[str] = frozenset(), title: str = ""
) -> Figure:
    """series: name -> float64[T], above 0 where it is drawn; the height is logarithmic.

    dashed: names of curves that are drawn so, to tell kinds apart.

    Raises:
        SettingError: there is nothing to draw.
    """
    if not any((values > 0).any() for values in series.values()):
        raise SettingError("There is no gradient above 0 to draw.")
    figure = new_figure(7.5, 4.5)
    axes = figure.add_subplot()
    for name, values in series.items():
        steps = np.arange(1, len(values) + 1)
        shown = np.where(values > 0, values, np.nan)
        axes.plot(steps, shown, "--" if name in dashed else "-", label=name, linewidth=1.5)
    axes.set_yscale("log")
    axes.set_xlabel("step t; the loss is that of the last")
    axes.set_ylabel(r"$\|\partial\,loss_T / \partial\,h_t\|$")
    axes.axhline(1, color="0.7", linewidth=0.8, zorder=0)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    if title:
        axes.set_title(title, fontsize="medium")
    return figure
