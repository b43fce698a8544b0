"""Vectors trained elsewhere: looked up, never drawn at random.

    x = the row of the word as it is written, else of the word in lower case, else what its n-grams
        make of it (if the vectors have n-grams), else u
    u Tensor[d]: learnt, for all words without a vector

Frozen, they are no weights of the net: each text brings the rows that it needs. Tuned, the rows
of the words of the training text are weights; those of other words stay as they were given.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.neural.words.batch import WordBatch, Words
from firth.neural.words.lookup import Spelling
from firth.text.vocabulary import Vocabulary
from firth.vectors.rows import dense
from firth.vectors.vectors import Vectors


class Given(nn.Module):
    """vectors: dense ones.  tuned: the words whose rows are weights, written as they are."""

    def __init__(self, vectors: Vectors, tuned: Vocabulary | None = None) -> None:
        super().__init__()
        vectors.must_be_dense("the input of a net")
        self.vectors, self.width, self.names = vectors, vectors.dim, tuned
        self.unknown = nn.Parameter(torch.zeros(vectors.dim))
        if tuned is not None:
            rows, known = self.rows_of(tuned.names)
            self.register_buffer("known", torch.from_numpy(known), persistent=False)
            self.tuned = nn.Parameter(torch.from_numpy(rows))

    def rows_of(self, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """(float32[W, d], bool[W]): the vectors of words, and whether there is one; else 0."""
        vocabulary = self.vectors.vocabulary
        rows = vocabulary.ids(words)
        missing = np.flatnonzero(rows < 0)
        rows[missing] = vocabulary.ids(Spelling(fold_case=True).all([words[i] for i in missing]))
        known = rows >= 0
        found = np.zeros((len(words), self.width), np.float32)
        found[known] = dense(self.vectors.matrix[rows[known]])
        missing = np.flatnonzero(~known)
        if self.vectors.subwords is not None and len(missing):
            found[missing], known[missing] = self.vectors.subwords.of([words[i] for i in missing])
        return found, known

    def prepare(self, words: Words) -> dict[str, Tensor]:
        """rows float32[W, d], known bool[W], place int64[W] in the tuned ones (-1: none)."""
        rows, known = self.rows_of(words.names)
        part = {"rows": torch.from_numpy(rows), "known": torch.from_numpy(known)}
        if self.names is not None:
            part["place"] = torch.from_numpy(self.names.ids(words.names))
        return {name: tensor.to(self.unknown.device) for name, tensor in part.items()}

    def forward(self, part: dict[str, Tensor], batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, d]."""
        rows, known = part["rows"][batch.distinct], part["known"][batch.distinct][:, None]
        if self.names is not None:
            place = part["place"][batch.distinct]
            own = F.embedding(place.clamp(min=0), self.tuned)
            rows = torch.where((place >= 0)[:, None], own, rows)
        return F.embedding(batch.place, torch.where(known, rows, self.unknown))

    def covered(self, words: Words) -> tuple[int, int]:
        """(words of the text with a vector, all words of the text)."""
        _, known = self.rows_of(words.names)
        return int(words.counts[known].sum()), int(words.counts.sum())

    def extra_repr(self) -> str:
        return f"{len(self.vectors)}, {self.width}, tuned={self.names is not None}"
