"""A batch of text as the two directions of a biLM read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Way(NamedTuple):
    """What one direction reads and predicts, in the order of its reading; int64[B, T].

    words: rows of the batch's distinct words.  targets: numbers of words, -1 where none counts.
    """

    words: Tensor
    targets: Tensor


@dataclass(frozen=True)
class TwoWays:
    """A batch: ids int[W, N], lengths int[W] of its distinct words.

    words, targets: int64[2, B, T] of `Way`, forward and backward.
    units: predictions of one direction.
    """

    ids: Tensor
    lengths: Tensor
    words: Tensor
    targets: Tensor
    units: int

    @property
    def tokens(self) -> int:
        return self.units

    @property
    def ways(self) -> tuple[Way, Way]:
        """Forward, backward."""
        forward, backward = zip(self.words, self.targets, strict=True)
        return Way(*forward), Way(*backward)

    def to(self, device: torch.device) -> TwoWays:
        tensors = (self.ids, self.lengths, self.words, self.targets)
        ids, lengths, words, targets = (one.to(device) for one in tensors)
        return TwoWays(ids, lengths, words, targets, self.units)
