"""The weights that training leaves: the best ones, or the running average, or the last."""

from __future__ import annotations

import contextlib

from torch import Tensor, nn

from firth.neural.averaging import Average
from firth.neural.checkpoints import content, put_into
from firth.neural.optimisers import trained


class Best:
    """weights: the best ones so far, by name; none before there is held-out text to tell.
    good: ones whose numbers were looked at.  average: the running one, if memory > 0."""

    def __init__(self, net: nn.Module, memory: float) -> None:
        self.net = net
        self.average = Average(trained(net), memory) if memory else None
        self.weights: dict[str, Tensor] = {}
        self.good: dict[str, Tensor] = {}

    def shown(self) -> contextlib.AbstractContextManager[None]:
        """The net holds what would be kept now, while this lasts."""
        if self.average is None or not self.average.steps:
            return contextlib.nullcontext()
        return self.average.shown()

    def note(self) -> None:
        """These are the best so far."""
        with self.shown():
            self.weights = copied(self.net)

    def note_good(self) -> None:
        """These are numbers."""
        self.good = copied(self.net)

    def put_back(self) -> None:
        """Into the net, at the end."""
        if self.weights:
            put_into(self.net, self.weights)
        elif self.average is not None and self.average.steps:
            self.average.swap()

    def rescue(self) -> None:
        """Into the net, after a step that went wrong."""
        if self.weights or self.good:
            put_into(self.net, self.weights or self.good)


def copied(net: nn.Module) -> dict[str, Tensor]:
    """What a net holds, apart from it."""
    return {name: tensor.detach().clone() for name, tensor in content(net).items()}
