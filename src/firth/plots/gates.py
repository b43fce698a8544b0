"""The picture of gates: units down, words across, dark where a gate is shut, light where open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from firth.plots.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gates_figure(
    values: Mapping[str, np.ndarray], words: Sequence[str], *, title: str = ""
) -> Figure:
    """values: name of a gate -> float[T, H] from 0 to 1; words: T of them.

    Units are sorted by their mean in each gate, so that those that stay open are on top.
    """
    figure = new_figure(min(max(4.0, 0.35 * len(words) + 2), 30.0), 2.2 * len(values) + 0.8)
    panels = figure.subplots(len(values), 1, sharex=True, squeeze=False)[:, 0]
    image = None
    for axes, (name, gate) in zip(panels, values.items(), strict=True):
        order = np.argsort(-gate.mean(0), kind="stable")
        image = axes.imshow(
            gate[:, order].T, aspect="auto", vmin=0, vmax=1, cmap="viridis", interpolation="nearest"
        )
        axes.set_ylabel(f"{name} gate")
        axes.set_yticks([])
    # a dollar would begin a formula
    shown = [word.replace("$", r"\$") for word in words]
    panels[-1].set_xticks(range(len(words)), shown, rotation=60, ha="right", fontsize="small")
    if image is not None:
        figure.colorbar(image, ax=list(panels), shrink=0.6, label="0 shut, 1 open")
    if title:
        figure.suptitle(title, fontsize="medium")
    return figure
