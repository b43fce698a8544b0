"""Vectors trained elsewhere: looked up, never drawn at random.

    x = the row of the word as it is written, else of the word in lower case, else what its n-grams
        make of it (if the vectors have n-grams), else u
    u Tensor[d]: learnt, for all words without a vector

Frozen, they are no weights of the net: each text brings the rows that it needs. Tuned, the rows
that words of the training text have are weights; all others, and what n-grams make, stay.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.neural.words.batch import WordBatch, Words
from firth.vectors.rows import dense
from firth.vectors.vectors import Vectors


class Given(nn.Module):
    """vectors: dense ones.  tuned int64[R]: the rows of theirs that are weights, rising."""

    def __init__(self, vectors: Vectors, tuned: np.ndarray | None = None) -> None:
        super().__init__()
        vectors.must_be_dense("the input of a net")
        self.vectors, self.width, self.tuned_rows = vectors, vectors.dim, tuned
        self.unknown = nn.Parameter(torch.zeros(vectors.dim))
        if tuned is not None:
            self.tuned = nn.Parameter(torch.from_numpy(dense(vectors.matrix[tuned]).copy()))

    @staticmethod
    def numbers_of(vectors: Vectors, words: list[str]) -> np.ndarray:
        """int64[W]: the row of each word, as written or in lower case; -1: it has none."""
        rows = vectors.vocabulary.ids(words)
        for lowered in (str.lower, str.casefold):  # of the German sharp s, say, they are two
            missing = np.flatnonzero(rows < 0)
            rows[missing] = vectors.vocabulary.ids([lowered(words[i]) for i in missing])
        return rows

    def rows_of(self, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """(float32[W, d], bool[W]): the vectors of words, and whether there is one; else 0."""
        rows = self.numbers_of(self.vectors, words)
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
        if self.tuned_rows is not None:
            numbers = self.numbers_of(self.vectors, words.names)
            place = np.searchsorted(self.tuned_rows, numbers).clip(max=len(self.tuned_rows) - 1)
            place[self.tuned_rows[place] != numbers] = -1
            part["place"] = torch.from_numpy(place)
        return {name: tensor.to(self.unknown.device) for name, tensor in part.items()}

    def forward(self, part: dict[str, Tensor], batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, d]."""
        rows, known = part["rows"][batch.distinct], part["known"][batch.distinct][:, None]
        if self.tuned_rows is not None:
            place = part["place"][batch.distinct]
            own = F.embedding(place.clamp(min=0), self.tuned)
            rows = torch.where((place >= 0)[:, None], own, rows)
        return F.embedding(batch.place, torch.where(known, rows, self.unknown))

    def covered(self, words: Words) -> tuple[int, int]:
        """(words of the text with a vector, all words of the text)."""
        _, known = self.rows_of(words.names)
        return int(words.counts[known].sum()), int(words.counts.sum())

    def extra_repr(self) -> str:
        return f"{len(self.vectors)}, {self.width}, tuned={self.tuned_rows is not None}"
