"""One long text as columns for truncated back-propagation through time.

    text      u_1 u_2 ... u_N, line ends included                 N units
    columns   B stretches of equal length, side by side           (Zaremba et al. 2014)
    batch     inputs u_t ... u_{t+T-1}, targets u_{t+1} ... u_{t+T} of every column

The state that a column ends a batch with is the one it begins the next with: the gradient is cut
there, the text is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from firth.errors import SettingError


@dataclass(frozen=True)
class Window:
    """inputs, targets int64[B, T]; places outside the text have target -1."""

    inputs: Tensor
    targets: Tensor
    #: targets that count
    units: int

    @property
    def tokens(self) -> int:
        return self.units


class Columns:
    """A text in B columns, cut into windows of T places.

    ids: int32[N].  first: what stands before the first unit (the line end), so that every unit
    of the text is predicted once.
    """

    def __init__(self, ids: np.ndarray, first: int, columns: int, length: int) -> None:
        self.length = length
        self.columns = max(1, min(columns, len(ids)))
        height = -(-len(ids) // self.columns)
        targets = np.full(self.columns * height, -1, np.int64)
        targets[: len(ids)] = ids
        inputs = np.full(self.columns * height, first, np.int64)
        inputs[1 : len(ids) + 1] = ids[: len(inputs) - 1]
        self.inputs = torch.from_numpy(inputs.reshape(self.columns, height))
        self.targets = torch.from_numpy(targets.reshape(self.columns, height))

    def part(self, rank: int, world: int) -> Columns:
        """The columns that fall to one of several processes.

        Raises:
            SettingError: there are fewer columns than processes.
        """
        own = share(self.columns, rank, world, "raise --batch-size")
        found = object.__new__(Columns)
        found.length, found.columns = self.length, own.stop - own.start
        found.inputs, found.targets = self.inputs[own], self.targets[own]
        return found

    def __len__(self) -> int:
        """Windows of a pass."""
        return -(-self.inputs.shape[1] // self.length)

    def windows(self, skip: int = 0) -> Iterator[Window]:
        """The windows from top to bottom; `skip` of them are passed over."""
        for number in range(skip, len(self)):
            place = slice(number * self.length, (number + 1) * self.length)
            targets = self.targets[:, place]
            yield Window(self.inputs[:, place], targets, int((targets >= 0).sum()))


def share(columns: int, rank: int, world: int, remedy: str) -> slice:
    """The columns that fall to one of several processes: every column to one of them.

    Where the number does not divide some have one more. All have as many windows, and the loss is
    a mean over the units of all processes, so that the step stays that of one process.

    Raises:
        SettingError: there are fewer columns than processes; `remedy` makes more of them.
    """
    if columns < world:
        raise SettingError(
            f"The text is read in {columns} column{'s' if columns > 1 else ''}, too few for "
            f"{world} processes; start fewer, or {remedy} (a short text has few columns)."
        )
    return slice(columns * rank // world, columns * (rank + 1) // world)
