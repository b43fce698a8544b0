"""What the one loop needs to know about what it trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from torch import Tensor, nn


class Batch(Protocol):
    """What a step learns from."""

    @property
    def tokens(self) -> int:
        """Units read: for the speed."""

    @property
    def units(self) -> int:
        """Terms of the loss."""


class Task(Protocol):
    """A net, its batches, its loss. Under torchrun each process has its share of the batches.

    It may have a text `watches`, another one for another held-out text: then a training is not
    resumed on other figures than it began with.
    """

    @property
    def net(self) -> nn.Module:
        """Already on its device."""

    def steps(self) -> int:
        """Batches of an epoch, this process's share."""

    def begin(self, epoch: int) -> None:
        """An epoch begins: carried state is dropped."""

    def batches(self, epoch: int, skip: int) -> Iterator[Any]:
        """The batches of an epoch (`Batch`) from number `skip`; the same ones at each call."""

    def loss(self, batch: Any) -> Tensor:
        """The mean over the batch's units."""

    def evaluate(self) -> dict[str, float]:
        """Figures on held-out text; the first, where lower is better, is watched. May be empty."""

    def carried(self) -> dict[str, Tensor]:
        """The state that goes from batch to batch."""

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """Puts back what `carried` gave."""
