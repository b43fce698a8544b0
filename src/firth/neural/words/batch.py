"""Sentences as numbers: which of the distinct words stands where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from firth.neural.sentences import padded


@dataclass
class WordBatch:
    """Some sentences side by side.

    numbers int64[B]: which ones.  ids int64[B, T]: their words among the distinct ones, -1 where
    padded.  lengths int64[B].
    """

    numbers: np.ndarray
    ids: Tensor
    lengths: Tensor

    @cached_property
    def _unique(self) -> tuple[Tensor, Tensor]:
        return torch.unique(self.ids.clamp(min=0), return_inverse=True)

    @property
    def distinct(self) -> Tensor:
        """int64[W]: the distinct words of the batch."""
        return self._unique[0]

    @property
    def place(self) -> Tensor:
        """int64[B, T]: ids as places in `distinct`; any of them where padded."""
        return self._unique[1]


class Words:
    """sentences: lists of words, kept as they are.

    names: the distinct words, in the order in which they come.  ids int64[N]: all words, sentence
    after sentence.  starts, lengths int64[S].
    """

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        self.sentences = sentences
        number: dict[str, int] = {}
        self.ids = np.fromiter(_numbered(sentences, number), np.int64)
        self.names = list(number)
        self.lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        self.starts = np.cumsum(self.lengths) - self.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def counts(self) -> np.ndarray:
        """int64[distinct]: how often each word stands there."""
        return np.bincount(self.ids, minlength=len(self.names))

    def batch(self, numbers: np.ndarray) -> WordBatch:
        """The sentences `numbers`."""
        return WordBatch(numbers, *padded(self.ids, self.starts[numbers], self.lengths[numbers]))


def _numbered(sentences: Iterable[Sequence[str]], number: dict[str, int]) -> Iterable[int]:
    """The number of each word; one not seen before gets the next."""
    for words in sentences:
        for word in words:
            yield number.setdefault(word, len(number))
