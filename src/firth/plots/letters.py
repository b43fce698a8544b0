"""Curves drawn with letters, for a terminal: no picture, no font, no package needed.

1e+00 |             AAAAA
      |        BBBAA
1e-06 |   BBBBA
      |BBAAA
      +------------------
       1               20
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np

#: how a value is shaded, from 0 to 1
SHADES = " ░▒▓█"
#: powers of ten that a drawing spans at most, below its highest point
DECADES = 16


def curves(
    series: Mapping[str, np.ndarray], *, width: int = 60, height: int = 15, label: str = "t"
) -> list[str]:
    """Lines of text: each curve by its letter over 1 ... T, its height the logarithm of the value.

    series: name -> float64[T] of values above 0; what is 0, not finite, or more than 16 powers of
    ten below the highest point is drawn on the lowest line (or not at all, if it is no number).
    """
    letters = string.ascii_uppercase
    drawn = list(series.items())[: len(letters)]
    heights = [np.log10(np.where(values > 0, values, np.nan)) for _, values in drawn]
    known = [h[np.isfinite(h)] for h in heights if np.isfinite(h).any()]
    if not known:
        return ["There is nothing above 0 to draw."]
    top = np.ceil(max(h.max() for h in known))
    low = max(np.floor(min(h.min() for h in known)), top - DECADES)
    if low == top:
        low = top - 1
    grid = [[" "] * width for _ in range(height)]
    # the first curve is drawn last, over the others
    for letter, h, (_, values) in reversed(list(zip(letters, heights, drawn, strict=False))):
        for column, place in enumerate(_places(len(h), width)):
            if np.isnan(values[place]):
                continue
            at = np.clip((top - h[place]) / (top - low), 0, 1) if values[place] > 0 else 1.0
            grid[round(float(at) * (height - 1))][column] = letter
    lines = []
    for row, cells in enumerate(grid):
        power = top - (top - low) * row / (height - 1)
        shown = f"{10.0**power:8.0e}" if row % 2 == 0 else " " * 8
        lines.append(f"{shown} |{''.join(cells).rstrip()}")
    length = max(len(values) for _, values in drawn)
    lines.append(" " * 9 + "+" + "-" * width)
    lines.append(" " * 10 + f"{label} = 1" + f"{length}".rjust(width - len(label) - 4))
    lines += [
        f"{' ' * 9} {letter}  {name}" for letter, (name, _) in zip(letters, drawn, strict=False)
    ]
    return lines


def _places(length: int, width: int) -> list[int]:
    """For each column the place of the curve that stands there."""
    return np.linspace(0, length - 1, width).round().astype(int).tolist()


def shades(values: Sequence[float] | np.ndarray) -> str:
    """A letter for each value from 0 (blank) to 1 (full)."""
    levels = np.clip(np.asarray(values, float) * len(SHADES), 0, len(SHADES) - 1)
    return "".join(SHADES[int(level)] for level in levels)
