"""Several inputs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from firth.neural.words.batch import WordBatch, Words


class WordInput(Protocol):
    """What gives a vector for each word of a batch.

    width: of the vector.  prepare: what it needs of sentences, once for all batches of them.
    """

    width: int

    def prepare(self, words: Words) -> Any: ...

    def __call__(self, part: Any, batch: WordBatch) -> Tensor:
        """part: what `prepare` gave of the batch's sentences. -> Tensor[B, T, width]."""


class WordStack(nn.Module):
    """x = [x_1; x_2; ...] of the inputs, by name."""

    def __init__(self, inputs: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.inputs = nn.ModuleDict(dict(inputs))
        self.width = sum(each.width for _, each in self.items())

    def items(self) -> Iterator[tuple[str, Any]]:
        yield from self.inputs.items()

    def prepare(self, words: Words) -> dict[str, Any]:
        return {name: each.prepare(words) for name, each in self.items()}

    def forward(self, parts: Mapping[str, Any], batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, width]; what stands where a sentence is padded means nothing."""
        return torch.cat([each(parts[name], batch) for name, each in self.items()], -1)
