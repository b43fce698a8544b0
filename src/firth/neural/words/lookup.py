"""Numbers that are learnt for each word.

    x = E[w]          E Tensor[V, d]; row 0 is <unk>, of every word that is not in the vocabulary
    in training a word seen c times is <unk> with the probability a / (a + c)

so that <unk> is learnt where rare words stand (Kiperwasser & Goldberg 2016, 1603.04351).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.neural.words.batch import WordBatch, Words
from firth.text.vocabulary import Vocabulary

UNKNOWN = "<unk>"
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Spelling:
    """How a word is written when it is looked up."""

    fold_case: bool = False
    fold_digits: bool = False

    def __call__(self, word: str) -> str:
        word = word.casefold() if self.fold_case else word
        return _DIGIT.sub("0", word) if self.fold_digits else word

    def all(self, words: Sequence[str]) -> list[str]:
        return [self(word) for word in words]


def vocabulary_of(words: Words, spelling: Spelling, min_count: int) -> Vocabulary:
    """<unk>, then the words seen `min_count` times by falling count, ties by name.

    The count of <unk> is that of the words left out. A word that is written <unk> is <unk>.
    """
    counts: Counter[str] = Counter()
    for name, count in zip(spelling.all(words.names), words.counts.tolist(), strict=True):
        counts[name] += count
    kept = {name: n for name, n in counts.items() if n >= min_count and name != UNKNOWN}
    names = sorted(kept, key=lambda name: (-kept[name], name))
    left = counts.total() - sum(kept.values())
    return Vocabulary(
        [UNKNOWN, *names],
        [left, *(kept[name] for name in names)],
        types=len(counts),
        tokens=counts.total(),
    )


class Lookup(nn.Module):
    """vocabulary: as `vocabulary_of` makes it; the word was `spelling` when it was counted."""

    often: Tensor

    def __init__(
        self,
        vocabulary: Vocabulary,
        dim: int,
        spelling: Spelling | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vocabulary, self.width = vocabulary, dim
        self.spelling = spelling or Spelling()
        self.weight = nn.Parameter(torch.empty(len(vocabulary), dim))
        counts = vocabulary.counts
        c = torch.ones(len(vocabulary)) if counts is None else torch.from_numpy(counts.copy())
        # how often a word is taken for <unk>; it follows from the counts and is no state
        self.dropout = dropout
        often = dropout / (dropout + c.double()).clamp(min=1e-30)
        self.register_buffer("often", often.float(), persistent=False)
        self.reset()

    def reset(self, generator: torch.Generator | None = None) -> None:
        """U(-sqrt(3 / d), sqrt(3 / d)): each number has the variance 1 / d."""
        bound = (3 / self.width) ** 0.5
        with torch.no_grad():
            self.weight.uniform_(-bound, bound, generator=generator)

    def prepare(self, words: Words) -> dict[str, Tensor]:
        """rows int64[W]: the row of each distinct word, 0 for one that is not known."""
        rows = self.vocabulary.ids(self.spelling.all(words.names))
        return {"rows": torch.from_numpy(np.maximum(rows, 0)).to(self.weight.device)}

    def forward(self, part: dict[str, Tensor], batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, d]."""
        rows = part["rows"][batch.ids.clamp(min=0)]
        if self.training and self.dropout:
            p = self.often[rows]
            rows = rows.masked_fill(torch.rand_like(p) < p, 0)
        return F.embedding(rows, self.weight)

    def extra_repr(self) -> str:
        return f"{len(self.vocabulary)}, {self.width}, dropout={self.dropout}"
