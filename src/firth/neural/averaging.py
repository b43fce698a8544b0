"""A running average of the weights, which is better than where the last steps left them.

    a <- d a + (1 - d) w     after each step t;  d = min(average, (1 + t) / (10 + t))

Polyak & Juditsky 1992 take the plain mean; this one forgets, so that nobody has to say when to
begin. The first steps count little by the second form of d.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Average:
    """weights: those that are averaged, by name."""

    def __init__(self, weights: dict[str, nn.Parameter], memory: float) -> None:
        self.weights, self.memory, self.steps = weights, memory, 0
        self.average = {name: weight.detach().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def update(self) -> None:
        """A step was made."""
        d = min(self.memory, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, weight in self.weights.items():
            self.average[name].lerp_(weight, 1 - d)

    @torch.no_grad()
    def take(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Puts back an earlier average."""
        self.steps = steps
        for name, tensor in tensors.items():
            self.average[name].copy_(tensor)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """The net holds the average while this lasts."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        for name, weight in self.weights.items():
            kept = weight.clone()
            weight.copy_(self.average[name])
            self.average[name].copy_(kept)
