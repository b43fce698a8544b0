"""What the classifier's training changes: how it begins, and the `Fitted` it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.kernels.codes import Input
from firth.kernels.filling import Start, fill_start
from firth.kernels.huffman import huffman
from firth.kernels.labels import OneVsAll, SampledLabels, SoftmaxLabels, TreeLabels
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.noise import alias_table
from firth.static.classifier import FastTextClassifier
from firth.static.composed import composed
from firth.static.examples import Read, kept_of, labels_of, words_of
from firth.static.machine import size, warning
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.subwords import SubwordRows
from firth.vectors.trained_rows import TrainedRows
from firth.vectors.vectors import Vectors


@dataclass
class Names:
    """What the rows of a model stand for."""

    words: Vocabulary
    labels: Vocabulary
    subwords: Subwords | None
    held: np.ndarray | None = None  # int64: the only buckets whose rows are held; None: all

    @property
    def kept(self) -> np.ndarray:
        """See `examples.kept_of`."""
        return kept_of(self.subwords, self.held)


@dataclass
class Model:
    """What training changes. Rows are padded (kernels/linear.py)."""

    names: Names
    W: np.ndarray  # float32[V, padded(dim)]
    Z: np.ndarray  # float32[rows of n-grams that are held, padded(dim)]
    U: np.ndarray  # float32[L, padded(dim)]
    start: Start  # how rows of Z began

    @property
    def inputs(self) -> Input:
        return Input(self.W, self.Z, self.start)

    @property
    def trained(self) -> list[np.ndarray]:
        """All that changes."""
        return [self.W, self.Z, self.U]


def names_of(settings: FastTextClassifier, found: Read, given: Vectors | None) -> Names:
    """The words and labels of a model to be trained from its beginning."""
    labels = labels_of(found, settings.min_count_label)
    words = words_of(found, settings.min_count, None if given is None else given.vocabulary)
    buckets = settings.rows_of_ngrams
    subwords = Subwords(settings.min_n, settings.max_n, buckets) if buckets else None
    return Names(words, labels, subwords)


def vectors_of(init_from: Vectors | Fitted | None, dim: int) -> Vectors | None:
    """The vectors to start from.

    Raises:
        SettingError: there are none in it, or of another length.
    """
    if init_from is None:
        return None
    given = init_from.vectors if isinstance(init_from, Fitted) else init_from
    if given is None:
        raise SettingError("The given model has no word vectors to start from.")
    given.must_be_dense("training")
    if given.dim != dim:
        raise SettingError(
            f"The given vectors have {given.dim} numbers each; train with dim={given.dim}."
        )
    return given


def fresh(settings: FastTextClassifier, names: Names) -> Model:
    """The matrices as training begins."""
    dim = settings.dim
    start = Start(dim, 1 / dim, settings.seed + (1 << 33))
    held = names.held
    if held is None:
        held = np.arange(0 if names.subwords is None else names.subwords.buckets)
    W, Z = padded_zeros(len(names.words), dim), padded_zeros(len(held), dim)
    with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
        fill_start(W, np.arange(len(W)), Start(dim, 1 / dim, settings.seed))
        fill_start(Z, held, start)
    return Model(names, W, Z, padded_zeros(len(names.labels), dim), start)


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


def continued_names(settings: FastTextClassifier, older: Fitted) -> Names:
    """What the rows of an older classifier stand for; all its rows of n-grams are held.

    Raises:
        SettingError: it is no classifier, or has other settings.
    """
    if older.kind != settings.kind or older.labels is None or older.vectors is None:
        raise SettingError(f"A {older.kind} model cannot be continued as {settings.kind}.")
    for name in ("dim", "objective", "word_ngrams", "min_n", "max_n"):
        was, now = older.settings.get(name, getattr(settings, name)), getattr(settings, name)
        if was != now:
            raise SettingError(
                f"The model to continue has {name}={was}, this run {name}={now}; give {name}={was}."
            )
    given = older.vectors.subwords
    subwords = None if given is None else given.subwords
    return Names(older.vectors.vocabulary, older.labels, subwords)


def continued(settings: FastTextClassifier, names: Names, older: Fitted) -> Model:
    """A copy of what an older classifier learnt; names.held: the rows of n-grams to take."""
    assert older.vectors is not None
    rows = older.state.get("words", older.vectors.matrix)
    matrix = None if older.vectors.subwords is None else older.vectors.subwords.matrix
    start = Start(settings.dim, 0.0, 0)
    if isinstance(matrix, TrainedRows):
        start = Start(settings.dim, matrix.reach, matrix.seed)
    held = names.held
    Z = _padded_copy(matrix, settings.dim) if held is None else _chosen(matrix, held, settings.dim)
    W, U = (_padded_copy(one, settings.dim) for one in (rows, older.state["output"]))
    return Model(names, W, Z, U, start)


def held_by(older: Fitted) -> np.ndarray:
    """The buckets whose rows an older model holds, where it can make the others again."""
    given = None if older.vectors is None else older.vectors.subwords
    if given is None or not isinstance(given.matrix, TrainedRows):
        return np.empty(0, np.int64)
    return np.asarray(given.matrix.buckets, np.int64)


def _padded_copy(matrix: Any, dim: int) -> np.ndarray:
    """float32[n, padded(dim)] of rows that may be quantised; None: no rows."""
    rows = 0 if matrix is None else matrix.shape[0]
    copy = padded_zeros(rows, dim)
    for first in range(0, rows, 1 << 16):
        copy[first : first + (1 << 16), :dim] = matrix[first : first + (1 << 16)]
    return copy


def _chosen(matrix: Any, rows: np.ndarray, dim: int) -> np.ndarray:
    """Some rows of a matrix, padded."""
    copy = padded_zeros(len(rows), dim)
    for first in range(0, len(rows), 1 << 16):
        copy[first : first + (1 << 16), :dim] = matrix[rows[first : first + (1 << 16)]]
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
    counts = np.asarray(model.names.labels.counts)
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
    dim, names = settings.dim, model.names
    rows, subwords = model.W[:, :dim], None
    state = {"output": model.U[:, :dim], "counts": np.asarray(names.words.counts)}
    if names.subwords is not None:
        ngrams: Any = model.Z[:, :dim]
        if names.held is not None:
            size, start = names.subwords.buckets, model.start
            ngrams = TrainedRows(ngrams, names.held, size, start.reach, start.seed)
        subwords = SubwordRows(names.subwords, ngrams)
        if names.subwords.max_n > 0:
            state["words"] = rows
            rows = composed(names.words, model.inputs, names.subwords, names.kept)[:, :dim]
    return Fitted(
        kind=settings.kind,
        vectors=Vectors(names.words, rows, subwords=subwords),
        labels=names.labels,
        state=state,
        settings=settings.to_json(),
        history=history or [],
        corpus=corpus,
        phrases=phrases,
    )


def memory_estimate(settings: FastTextClassifier, names: Names, tokens: int) -> str:
    """One sentence: what training will hold in memory, and a warning if that is too much."""
    rows = buckets = 0 if names.subwords is None else names.subwords.buckets
    if names.subwords is not None and names.subwords.pruned is not None:
        rows = len(names.subwords.pruned[0])
    if names.held is not None:
        rows = len(names.held)
    ngrams = f" {rows:,} of {buckets:,} rows of n-grams," if rows < buckets else ""
    matrices = padded(settings.dim) * 4 * (len(names.words) + rows + len(names.labels))
    text = (
        f"{len(names.words):,} words, {len(names.labels):,} labels,{ngrams} {tokens:,} tokens: "
        f"the matrices take {size(matrices)}, the ids {size(4 * tokens)}."
    )
    return text + warning(matrices)
