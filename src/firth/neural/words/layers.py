"""What an ELMo makes of each word in its sentence: a mix of its layers.

    y_t = gamma * sum_j softmax(s)_j h^j_t       "mix", s and gamma learnt here      `mix`
          h^L_t                                  "top"
          (h^0_t + ... + h^L_t) / (L + 1)        "average"

The biLM is frozen and no part of the net: it runs once over a text, and what it gives lies in a
`LayerStore`, in memory or on disk.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from firth.neural.mix import ScalarMix
from firth.neural.words.batch import WordBatch, Words

USES = ("mix", "top", "average")


class Stored(Protocol):
    """The layers of sentences, by their numbers: a `LayerStore`, or a part of one."""

    def batch(self, numbers: np.ndarray) -> Tensor:
        """Tensor[J, B, T, width] of the sentences `numbers`, 0 where they are padded."""


class Layers(Protocol):
    """What gives the layers of sentences: a biLM, or what was kept of one."""

    @property
    def layers(self) -> int:
        """J."""

    @property
    def width(self) -> int: ...

    def stored(self, words: Words) -> Stored:
        """The layers of each sentence of `words`, by its number there."""


class Elmo(nn.Module):
    """source: not a part of the net.  use: one of USES.  norm: of the mix."""

    def __init__(self, source: Layers, use: str = "mix", norm: str = "none") -> None:
        super().__init__()
        self._source, self.use = (source,), use  # in a tuple: no weight of it is one of this net
        self.layers, self.width = source.layers, source.width
        self.mix = ScalarMix(source.layers, norm) if use == "mix" else None
        # where batches go; without a mix this module has no weight that tells
        self.register_buffer("here", torch.empty(0), persistent=False)

    def prepare(self, words: Words) -> Stored:
        """The biLM reads all sentences, once."""
        return self._source[0].stored(words)

    def forward(self, part: Stored, batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, width]."""
        device = self.get_buffer("here").device
        h = part.batch(batch.numbers).to(device)
        if self.mix is not None:
            return self.mix(h, batch.lengths)
        return h[-1] if self.use == "top" else h.mean(0)

    def extra_repr(self) -> str:
        return f"{self.layers}, {self.width}, use={self.use!r}"
