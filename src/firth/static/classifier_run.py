"""A training of the classifier, as the loop takes it (passes.py): its blocks, rates, matrices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firth.kernels.classifier import Examples, train_block
from firth.kernels.features import Types, WordNgrams
from firth.kernels.rng import seeded
from firth.static import checkpoints
from firth.static.classifier import FastTextClassifier
from firth.static.classifier_model import Model, continued, fitted_of, objective_of, weights
from firth.static.passes import Passes
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted

#: tokens a block, about: some milliseconds of work
TOKENS = 40_000


@dataclass(kw_only=True)
class Run(Passes):
    """One training of a classifier."""

    settings: FastTextClassifier
    model: Model
    examples: Examples
    texts: np.ndarray  # int64: those that have a label
    types: Types
    runs: WordNgrams
    corpus: dict[str, Any]
    phrases: Any
    objective: Any = field(init=False)
    weight: np.ndarray = field(init=False)
    order: np.ndarray = field(init=False)
    done: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        counts = np.bincount(self.examples.labels, minlength=len(self.model.U))
        self.weight, other = weights(self.settings, counts, len(self.texts))
        self.objective = objective_of(self.settings, self.model, other)
        lengths = np.diff(self.examples.ends, prepend=0)[self.texts]
        self._size = int(lengths.sum() + len(lengths))  # </s> counts
        self.begin_epoch()

    @property
    def size(self) -> int:
        return self._size

    @property
    def trained(self) -> list[np.ndarray]:
        return self.model.trained

    @property
    def remedy(self) -> str:
        return f"--rate (rate={self.settings.rate / 2:g}, say)"

    def begin_epoch(self) -> None:
        """The order of the texts in the present epoch, and its blocks."""
        self.order = self.texts
        if self.settings.shuffle:
            rng = np.random.default_rng([self.settings.seed, self.epoch])
            self.order = rng.permutation(self.texts)
        ends = self.examples.ends
        lengths = ends[self.order] - np.where(self.order > 0, ends[self.order - 1], 0) + 1
        done = np.cumsum(lengths)
        cuts = np.searchsorted(done, np.arange(TOKENS, self.size, TOKENS))
        self.edges = np.unique(np.concatenate([[0], cuts, [len(self.order)]]))
        self.done = np.concatenate([[0], done])[self.edges]

    def rate(self, tokens: int) -> float:
        whole = self.settings.epochs * self.size
        return self.settings.rate * max(0.0, 1 - (self.epoch * self.size + tokens) / whole)

    def tokens(self, number: int) -> int:
        return int(self.done[number + 1] - self.done[number])

    def counted(self) -> dict[str, int]:
        return {"examples": self.tally.measured}

    def train_block(self, number: int) -> tuple[float, int, int]:
        span = int(self.edges[number]), int(self.edges[number + 1])
        rates = self.rate(int(self.done[number])), self.rate(int(self.done[number + 1]))
        rng = seeded(self.settings.seed, self.epoch, number)
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            return train_block(
                self.objective, self.model.inputs, self.examples, self.order, span, self.types,
                self.runs, self.weight, rates, rng,
            )  # fmt: skip

    def fitted(self) -> Fitted:
        return fitted_of(
            self.settings, self.model, self.corpus, phrases=self.phrases, history=self.history
        )


def resume_from(run: Run, folder: Path) -> None:
    """Puts `run` where the checkpoint stopped.

    Raises:
        FormatError, SettingError: as `checkpoints.opened`.
    """
    model, names = run.model, run.model.names

    def same(one: Vocabulary | None, other: Vocabulary) -> bool:
        counts = None if one is None else one.counts
        alike = one is not None and list(one) == list(other)
        return alike and np.array_equal(np.asarray(counts), np.asarray(other.counts))

    def same_text(older: Fitted) -> bool:
        return same(older.vocabulary, names.words) and same(older.labels, names.labels)

    free = {"threads", "checkpoint_every"}
    older, place = checkpoints.opened(folder, run.settings, free, same_text)
    was = continued(run.settings, names, older)
    for matrix, found in zip(model.trained, was.trained, strict=True):
        matrix[:] = found
    run.stand(older, place)
    if run.epoch < run.settings.epochs:
        run.begin_epoch()
