"""Where training begins: matrices, the objective's tables, given vectors, an older model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.kernels.hierarchical_softmax import HierarchicalSoftmax
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded_zeros
from firth.kernels.negative_sampling import NegativeSampling
from firth.kernels.noise import alias_table
from firth.kernels.objectives import Objective
from firth.kernels.sampled_softmax import SampledSoftmax
from firth.kernels.softmax import Softmax
from firth.progress import Progress
from firth.static.window_model import WindowModel
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: beyond this many words the full softmax is named slow
SOFTMAX_WORDS = 10_000


@dataclass
class Matrices:
    """What training changes. Rows are padded (kernels/linear.py)."""

    W: np.ndarray  # float32[V or more, padded(dim)]  input rows; those of words come first
    U: np.ndarray  # float32[V or V - 1, padded(dim)]  output rows
    frozen: np.ndarray  # bool[rows of W]  rows of W that stay
    #: further matrices that training changes, by name
    more: dict[str, np.ndarray] = field(default_factory=dict)
    #: what else the kernel of the model is given; it does not change
    fixed: Any = None

    @property
    def trained(self) -> list[np.ndarray]:
        """All that changes."""
        return [self.W, self.U, *self.more.values()]


def output_rows(model: WindowModel, words: int) -> int:
    """Rows of U: inner nodes of the tree, else words."""
    return words - 1 if model.objective == "hierarchical-softmax" else words


def fresh(model: WindowModel, words: int, rows: int | None = None, reach: float = 0.5) -> Matrices:
    """W uniform in +-reach / dim (word2vec.c: one half), U zero.

    rows: of W; as many as words if not given.
    """
    rows = words if rows is None else rows
    W = uniform(rows, model.dim, reach, model.seed)
    U = padded_zeros(output_rows(model, words), model.dim)
    return Matrices(W, U, np.zeros(rows, np.bool_))


def uniform(rows: int, dim: int, reach: float, seed: int | list[int]) -> np.ndarray:
    """float32[rows, padded(dim)], uniform in +-reach / dim."""
    W = padded_zeros(rows, dim)
    rng = np.random.default_rng(seed)
    for first in range(0, rows, 4096):  # in blocks: no second copy of the matrix
        some = W[first : first + 4096]
        some[:, :dim] = (rng.random((len(some), dim), np.float32) - 0.5) * (2 * reach / dim)
    return W


def given(
    model: WindowModel,
    matrices: Matrices,
    vocabulary: Vocabulary,
    source: Vectors | Fitted,
    freeze: bool,
) -> tuple[int, int]:
    """Rows of W start from the vectors of the same name; returns (words taken, words in all).

    Raises:
        SettingError: the vectors have another length, or no word in common.
    """
    if not model.has_word_rows:
        raise SettingError(
            f"{model.kind} without words has no input rows of words that could start from given "
            "vectors; give words=True (--words)."
        )
    vectors = source.vectors if isinstance(source, Fitted) else source
    if vectors is None:
        raise SettingError("The given model has no word vectors to start from.")
    vectors.must_be_dense("training")
    dim = vectors.dim
    if dim != model.dim:
        raise SettingError(f"The given vectors have {dim} numbers each; train with dim={dim}.")
    rows = vectors.vocabulary.ids(list(vocabulary))
    known = np.flatnonzero(rows >= 0)
    if len(known) == 0:
        raise SettingError(
            f"None of the {len(vocabulary)} words of the corpus is among the {len(vectors)} given "
            f"vectors (the first are {', '.join(map(repr, vectors.names[:3]))}); check the "
            "tokenizer and the case."
        )
    for part in np.array_split(known, max(1, len(known) // 4096)):
        matrices.W[part, :dim] = vectors.matrix[rows[part]]
        bad = ~np.isfinite(matrices.W[part]).all(axis=1)
        if bad.any():
            word = vocabulary[int(part[int(np.argmax(bad))])]
            raise SettingError(
                f"The given vectors hold nan or infinity (that of '{word}'); training cannot start "
                "from that: leave the word out, or take vectors from before they overflowed."
            )
    if freeze:
        matrices.frozen[known] = True
    return len(known), len(vocabulary)


def continued(
    model: WindowModel,
    matrices: Matrices,
    vocabulary: Vocabulary,
    older: Fitted,
    progress: Progress,
) -> None:
    """Both matrices go on from `older`; words it did not have keep their fresh rows.

    Raises:
        SettingError: another kind of model, length or objective.
    """
    if older.kind != model.kind:
        raise SettingError(f"A {older.kind} model cannot be continued as {model.kind}.")
    for name in ("dim", "objective"):
        was, now = older.settings.get(name), getattr(model, name)
        if was != now:
            raise SettingError(
                f"The model to continue has {name}={was}, this run {name}={now}; give {name}={was}."
            )
    model.must_fit(older)
    if model.has_word_rows:
        given(model, matrices, vocabulary, model.word_rows(older), freeze=False)
    output = model.output_of(older)
    if model.objective == "hierarchical-softmax":
        # rows are inner nodes of a tree that other counts make another one
        if list(older.vocabulary) == list(vocabulary) and np.array_equal(
            older.state["counts"], np.asarray(vocabulary.counts)
        ):
            matrices.U[:, : output.shape[1]] = output
        else:
            progress.say(
                "The counts have changed, so the Huffman tree is a new one: its inner nodes start "
                "from zero, the word vectors go on."
            )
        return
    rows = older.vocabulary.ids(list(vocabulary))
    known = np.flatnonzero(rows >= 0)
    for part in np.array_split(known, max(1, len(known) // 4096)):
        matrices.U[part, : output.shape[1]] = output[rows[part]]


def keep_probability(counts: np.ndarray, subsample: float, tokens: int | None = None) -> np.ndarray:
    """float32[V]: (sqrt(f / t) + 1) t / f with f the share of the word, as word2vec.c.

    tokens: of which it is the share; if not given, those of the words (fastText: of the text).
    """
    if subsample == 0:
        return np.full(len(counts), 2, np.float32)
    share = counts / (tokens or counts.sum())
    return ((np.sqrt(share / subsample) + 1) * subsample / share).astype(np.float32)


def chunk_length(
    model: WindowModel,
    counts: np.ndarray,
    keep: np.ndarray,
    pairs: float | None = None,
    per_word: float | None = None,
) -> int:
    """Tokens a chunk: `model.chunk`, or fewer where one step of a row would overshoot.

    All gradients of a chunk are taken at the values it began with, so a row that n pairs touch
    makes one step of up to n x rate; too long a step grows from chunk to chunk without bound.
    Bounds found by trying: one half for the most frequent word that is left after subsampling,
    four for a noise word, which every token of the chunk touches.

    pairs: of a token on average.  per_word: pairs that move the row of a word where it stands.
    """
    pairs = model.pairs_per_token if pairs is None else pairs
    per_word = 2 * model.window if per_word is None else per_word
    if model.rate == 0:
        return model.chunk
    kept = counts * np.minimum(keep, 1)
    share = float((kept / kept.sum()).max())
    bounds = [0.5 / (model.rate * share * per_word)]
    if model.objective == "negative-sampling":
        steps = model.rate * pairs * model.negatives / model.shared
        bounds.append(4 / steps)
    return max(1, min(model.chunk, *(round(min(bound, 1e9)) for bound in bounds)))


def most_times(model: WindowModel, per_word: float | None = None) -> int:
    """How often one word may stand in one chunk: its row makes a step of at most some 2 x pairs.

    What `chunk_length` does for the text as a whole, for places where one word crowds.
    """
    load = model.rate * (2 * model.window if per_word is None else per_word)
    return max(1, int(2 / load)) if load > 1e-6 else model.chunk


def objective_of(
    model: WindowModel, counts: np.ndarray, U: np.ndarray, progress: Progress
) -> Objective:
    """The objective with its tables, over output rows U."""
    if model.objective == "hierarchical-softmax":
        points, codes, offsets = huffman(counts)
        return HierarchicalSoftmax(U, points, codes, offsets, int(np.diff(offsets).max()))
    if model.objective == "softmax":
        if len(counts) > SOFTMAX_WORDS:
            progress.say(
                f"The full softmax sums over all {len(counts):,} words for each pair, which is "
                f"slow beyond {SOFTMAX_WORDS:,}: consider negative-sampling, or --max-size."
            )
        return Softmax(U)
    weights = counts.astype(np.float64) ** model.noise_power
    threshold, alias = alias_table(weights)
    if model.objective == "sampled-softmax":
        expected = model.samples * weights / weights.sum()
        return SampledSoftmax(
            U, threshold, alias, np.log(expected).astype(np.float32), model.samples
        )
    return NegativeSampling(U, threshold, alias, model.negatives, model.shared)
