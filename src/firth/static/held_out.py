"""Held-out examples, predicted after each epoch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firth.errors import CorpusError
from firth.kernels.classifier import Examples
from firth.kernels.features import Types, WordNgrams
from firth.kernels.scores import ONE_BY_ONE, SOFTMAX, TREE, Output, children_of, score_lines
from firth.static.examples import read, types_of
from firth.text.labelled import Labelled
from firth.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.static.classifier_model import Model, Names

#: texts a thread predicts at once
TEXTS = 1000
HOW = {
    "softmax": SOFTMAX,
    "hierarchical-softmax": TREE,
    "negative-sampling": ONE_BY_ONE,
    "one-vs-all": ONE_BY_ONE,
}


@dataclass
class HeldOut:
    """Examples read once, with what their tokens stand for in the model."""

    examples: Examples
    texts: np.ndarray  # int64: those that have a label the model knows
    vocabulary: Vocabulary  # of their tokens
    types: Types
    objective: str
    runs: WordNgrams | None = None

    @staticmethod
    def of(dev: Labelled, like: Labelled, objective: str, names: Names, threads: int) -> HeldOut:
        """`dev` cut into tokens as `like` is.

        Raises:
            CorpusError: none of the texts has a label that the model knows.
        """
        found = read(dev.cut_like(like), threads)
        examples, texts = found.with_labels(names.labels)
        if not len(texts):
            name = dev.corpus.sources[0].name
            what = (
                f"none of its labels ('{found.names[0]}', say) is among those of the training "
                f"texts ('{names.labels[0]}', say)"
                if found.names
                else "none of its texts has a label"
            )
            raise CorpusError(
                f"{name} cannot be used to validate: {what}; give texts with labels of the same "
                "kind as those trained on."
            )
        types = types_of(found.types, names.words, names.subwords)
        return HeldOut(examples, texts, found.types, types, objective)

    def prepare(self, names: Names, runs: WordNgrams) -> None:
        """Takes the rows that n-grams have in the model."""
        self.types = types_of(self.vocabulary, names.words, names.subwords, runs.kept)
        self.runs = runs

    def f1(self, model: Model, pool: ThreadPoolExecutor) -> float:
        """Of the best label, over all texts; of one-vs-all: of all labels of at least one half."""
        L = len(model.U)
        several = self.objective == "one-vs-all"
        k, threshold = (L, 0.5) if several else (1, 0.0)
        children = np.empty((0, 2), np.int32)
        if self.objective == "hierarchical-softmax":
            children = children_of(np.asarray(model.names.labels.counts))
        every = np.arange(L, dtype=np.int32)[None]
        output = Output(model.U, every, HOW[self.objective], False, children)

        def count(first: int) -> tuple[int, int, int]:
            order = self.texts[first : first + TEXTS]
            labels = np.empty((len(order), k), np.int32)
            p = np.empty((len(order), k), np.float32)
            size = np.empty(len(order), np.int32)
            with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
                score_lines(
                    model.inputs, output, self.examples.ids, self.examples.ends, order,
                    (0, len(order)), self.types, self.runs, k, threshold, labels, p, size,
                )  # fmt: skip
            return hits(labels, order, self.examples.labels, self.examples.label_ends)

        counted = np.array(list(pool.map(count, range(0, len(self.texts), TEXTS))))
        right, predicted, gold = counted.sum(axis=0).tolist()
        return 2 * right / max(1, predicted + gold)


def hits(
    labels: np.ndarray, order: np.ndarray, gold: np.ndarray, ends: np.ndarray
) -> tuple[int, int, int]:
    """(predicted labels that are right, predicted labels, labels there are).

    labels int32[n, k], -1: none; row i is of text order[i], whose labels end at ends[order[i]] in
    `gold`.
    """
    starts = np.where(order > 0, ends[order - 1], 0)
    sizes = ends[order] - starts
    width = int(labels.max(initial=0)) + 2 + int(gold.max(initial=0))
    places = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    rows = np.repeat(np.arange(len(order)), sizes)
    true = np.unique(rows * width + gold[places])
    row, column = np.nonzero(labels >= 0)
    mine = row * width + labels[row, column]
    return int(np.isin(mine, true).sum()), len(mine), int(sizes.sum())
