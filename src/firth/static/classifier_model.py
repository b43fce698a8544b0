"""What the classifier's training changes: how it begins, and the `Fitted` it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.kernels.filling import fill_uniform
from firth.kernels.huffman import huffman
from firth.kernels.labels import OneVsAll, SampledLabels, SoftmaxLabels, TreeLabels
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.noise import alias_table
from firth.progress import Progress
from firth.static.classifier import FastTextClassifier
from firth.static.composed import composed
from firth.static.examples import Read, labels_of, words_of
from firth.static.machine import size, warning
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.subwords import SubwordRows
from firth.vectors.vectors import Vectors


@dataclass
class Model:
    """What training changes, and what its rows stand for. Rows are padded (kernels/linear.py)."""

    words: Vocabulary
    labels: Vocabulary
    subwords: Subwords | None
    W: np.ndarray  # float32[V, padded(dim)]
    Z: np.ndarray  # float32[rows of n-grams, padded(dim)]
    U: np.ndarray  # float32[L, padded(dim)]

    @property
    def trained(self) -> list[np.ndarray]:
        """All that changes."""
        return [self.W, self.Z, self.U]


def fresh(
    settings: FastTextClassifier, found: Read, init_from: Any | None, progress: Progress
) -> Model:
    """The matrices as training begins."""
    given = init_from.vectors if isinstance(init_from, Fitted) else init_from
    if init_from is not None:
        if given is None:
            raise SettingError("The given model has no word vectors to start from.")
        given.must_be_dense("training")
        if given.dim != settings.dim:
            raise SettingError(
                f"The given vectors have {given.dim} numbers each; train with dim={given.dim}."
            )
    labels = labels_of(found, settings.min_count_label)
    words = words_of(found, settings.min_count, None if given is None else given.vocabulary)
    buckets = settings.rows_of_ngrams
    progress.say(memory_estimate(settings, len(words), len(labels), len(found.ids)))
    with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
        W, Z = (padded_zeros(rows, settings.dim) for rows in (len(words), buckets))
        fill_uniform(W, settings.dim, 1 / settings.dim, settings.seed)
        fill_uniform(Z, settings.dim, 1 / settings.dim, settings.seed + (1 << 33))
    U = padded_zeros(len(labels), settings.dim)
    subwords = Subwords(settings.min_n, settings.max_n, buckets) if buckets else None
    if given is not None:
        taken = start_from(W[:, : settings.dim], words, given)
        progress.say(f"{taken:,} of {len(words):,} words start from the given vectors.")
    return Model(words, labels, subwords, W, Z, U)


def start_from(W: np.ndarray, words: Vocabulary, given: Vectors) -> int:
    """Rows of W become the vectors of the same name; returns how many.

    Raises:
        SettingError: a vector that holds nan or infinity.
    """
    rows = given.vocabulary.ids(list(words))
    known = np.flatnonzero(rows >= 0)
    for part in np.array_split(known, max(1, len(known) // 4096)):
        W[part] = given.matrix[rows[part]]
        bad = ~np.isfinite(W[part]).all(axis=1)
        if bad.any():
            word = words[int(part[int(np.argmax(bad))])]
            raise SettingError(
                f"The given vectors hold nan or infinity (that of '{word}'); training cannot start "
                "from that: leave the word out, or take vectors from before they overflowed."
            )
    return len(known)


def continued(settings: FastTextClassifier, older: Fitted) -> Model:
    """A copy of what an older classifier learnt.

    Raises:
        SettingError: it is no classifier, or has other settings.
    """
    vectors = older.vectors
    if older.kind != settings.kind or older.labels is None or vectors is None:
        raise SettingError(f"A {older.kind} model cannot be continued as {settings.kind}.")
    for name in ("dim", "objective", "word_ngrams", "min_n", "max_n"):
        was, now = older.settings.get(name, getattr(settings, name)), getattr(settings, name)
        if was != now:
            raise SettingError(
                f"The model to continue has {name}={was}, this run {name}={now}; give {name}={was}."
            )
    given = vectors.subwords
    W = _padded_copy(older.state.get("words", vectors.matrix), settings.dim)
    Z = _padded_copy(None if given is None else given.matrix, settings.dim)
    U = _padded_copy(older.state["output"], settings.dim)
    subwords = None if given is None else given.subwords
    return Model(vectors.vocabulary, older.labels, subwords, W, Z, U)


def _padded_copy(matrix: Any, dim: int) -> np.ndarray:
    """float32[n, padded(dim)] of rows that may be quantised; None: no rows."""
    rows = 0 if matrix is None else matrix.shape[0]
    copy = padded_zeros(rows, dim)
    for first in range(0, rows, 1 << 16):
        copy[first : first + (1 << 16), :dim] = matrix[first : first + (1 << 16)]
    return copy


def weights(
    settings: FastTextClassifier, counts: np.ndarray, texts: int
) -> tuple[np.ndarray, np.ndarray]:
    """float32[L] each: what a text with the label counts, and (one-vs-all) one without it.

    balanced: (all labels / L) / count of the label, so that the mean is 1; for one-vs-all the
    texts with the label and those without count half of all each. At most 1 / rate, as steps
    that long overshoot.
    """
    L = len(counts)
    ones = np.ones(L, np.float32)
    if settings.class_weights == "none":
        return ones, ones
    most = max(1.0, 1 / settings.rate) if settings.rate else 1.0
    some = np.maximum(counts, 1)
    if settings.objective == "one-vs-all":
        own, other = texts / (2 * some), texts / (2 * np.maximum(texts - some, 1))
        return np.minimum(own, most).astype(np.float32), np.minimum(other, most).astype(np.float32)
    return np.minimum(counts.sum() / (L * some), most).astype(np.float32), ones


def objective_of(settings: FastTextClassifier, model: Model, weight_other: np.ndarray) -> Any:
    """The objective with its tables, over the output rows."""
    U = model.U
    every = np.arange(len(U), dtype=np.int32)[None]
    counts = np.asarray(model.labels.counts)
    if settings.objective == "softmax":
        return SoftmaxLabels(U, every)
    if settings.objective == "one-vs-all":
        return OneVsAll(U, every, weight_other)
    if settings.objective == "hierarchical-softmax":
        points, codes, offsets = huffman(counts)
        return TreeLabels(U, points[None], codes, offsets)
    threshold, alias = alias_table(np.maximum(counts, 1).astype(np.float64) ** settings.noise_power)
    return SampledLabels(U, threshold, alias, settings.negatives)


def fitted_of(
    settings: FastTextClassifier,
    model: Model,
    corpus: dict[str, Any],
    *,
    phrases: Any = None,
    history: list[dict[str, Any]] | None = None,
) -> Fitted:
    """A `Fitted` over the arrays of `model`; vectors of words with n-grams are made anew."""
    dim = settings.dim
    rows, subwords = model.W[:, :dim], None
    state = {"output": model.U[:, :dim], "counts": np.asarray(model.words.counts)}
    if model.subwords is not None:
        subwords = SubwordRows(model.subwords, model.Z[:, :dim])
        if model.subwords.max_n > 0:
            state["words"] = rows
            rows = composed(model.words, model.W, model.Z, model.subwords)[:, :dim]
    return Fitted(
        kind=settings.kind,
        vectors=Vectors(model.words, rows, subwords=subwords),
        labels=model.labels,
        state=state,
        settings=settings.to_json(),
        history=history or [],
        corpus=corpus,
        phrases=phrases,
    )


def memory_estimate(settings: FastTextClassifier, words: int, labels: int, tokens: int) -> str:
    """One sentence: what training will hold in memory, and a warning if that is too much."""
    matrices = padded(settings.dim) * 4 * (words + settings.rows_of_ngrams + labels)
    text = (
        f"{words:,} words, {labels:,} labels, {tokens:,} tokens: the matrices take "
        f"{size(matrices)}, the ids {size(4 * tokens)}."
    )
    return text + warning(matrices)
