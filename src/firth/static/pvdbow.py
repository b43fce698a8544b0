"""PV-DBOW: a document predicts each of its words.

    sum over documents, over their rows q and their tokens o, of  J(q, o)     Le & Mikolov 2014, 2.3

Q float32[documents, d]  rows of documents, which are kept        J, U  the objective (kernels/)

With `words`, skip-gram pairs of the same text train beside them: W and Q over one U.

Two kernels with one meaning, chosen by `exact`: `exact_block` is the definition, pair after pair,
each at the newest values; `fast_block` takes chunks of pieces of documents (kernels/paragraphs.py),
whose rows are gathered, treated at once by the objective, and written back once.

Departs from gensim: without `words` no input rows of words are made (gensim's stay random); a
document has no longest length (gensim leaves out what follows 10,000 words).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firth.compiled import kernel
from firth.errors import SettingError
from firth.kernels.linear import add_row, clear_row, copy_row, prefetch_row, zero_rows
from firth.kernels.objectives import chunk, pair
from firth.kernels.paragraphs import (
    Paragraphs,
    empty_chunk,
    kept,
    line_bounds,
    next_chunk,
    pieces,
    slot,
)
from firth.kernels.rng import seeded
from firth.kernels.windows import Block, Pairs, add_pair, rate_at, reach
from firth.settings import setting
from firth.static import skipgram
from firth.static.document_model import DocumentModel, Steps

if TYPE_CHECKING:
    from firth.static.document_ids import DocumentIds
    from firth.static.start import Matrices
    from firth.vectors.fitted import Fitted


@dataclass(frozen=True)
class PVDBOW(DocumentModel):
    """Vectors of documents that predict their words; `fit` trains them. Every setting is explained
    by `firth train pvdbow --help`."""

    words: bool = setting(False, "train words beside the documents, as skip-gram does")
    piece: int = setting(4, "tokens of one document worked on at once, at most", low=1, high=4096)

    @property
    def kind(self) -> str:
        return "pvdbow"

    @property
    def has_word_rows(self) -> bool:
        return self.words

    @property
    def block(self):
        return exact_block if self.exact else fast_block

    @property
    def infer_block(self):
        return infer_block

    def load(self, ids: float) -> tuple[float, float]:
        return ids, ids

    def paragraphs(
        self, Q: np.ndarray, ids: DocumentIds, W: np.ndarray, steps: Steps, *, still: bool
    ) -> Paragraphs:
        words = self.words and not still
        return Paragraphs(Q, ids.offsets, ids.rows, W, words, False, False, False, *steps)

    def rows_of_words(self, matrices: Matrices, words: int) -> np.ndarray | None:
        """Without `words` those of U: they lie in the space of the documents."""
        if self.words:
            return matrices.W[:words]
        return None if self.objective == "hierarchical-softmax" else matrices.U

    def must_fit(self, older: Fitted) -> None:
        was = older.settings.get("words")
        if was != self.words:
            raise SettingError(
                f"The model to continue has words={was}, this run words={self.words}; give "
                f"words={was}."
            )


@kernel
def with_rows(given, block, bounds):
    """bool[lines]: lines of the block that have a row."""
    lines = bounds.shape[0] - 1
    wanted = np.empty(lines, np.bool_)
    for line in range(lines):
        own = block.line + line
        wanted[line] = given.offsets[own + 1] > given.offsets[own]
    return wanted


@kernel
def fast_block(objective, given, block, plan, rates, rng):
    """Trains on one block of the stream.

    given: `Paragraphs`.  rates (first, last): the learning rate falls from one to the other.
    Returns (sum of -J over the measured pairs, measured pairs, all pairs).
    """
    word, bounds = kept(block, plan.keep, rng)
    loss, n_measured, n_pairs = 0.0, 0, 0
    if given.words:
        first, last = line_bounds(bounds, word.shape[0])
        loss, n_measured, n_pairs, _ = skipgram.train(
            objective, given.W, word, plan.frozen, word, first, last,
            (0, word.shape[0], 0), plan, rates, rng,
        )  # fmt: skip
    more, measured, n = documents(objective, given, block, word, bounds, plan, rates, rng)
    return loss + more, n_measured + measured, n_pairs + n


@kernel
def documents(objective, given, block, word, bounds, plan, rates, rng):
    """The documents of a block predict their words; results as of `fast_block`.

    word, bounds: see `paragraphs.kept`.
    """
    lines, starts, stops = pieces(bounds, with_rows(given, block, bounds), given.piece)
    Q, offsets, rows = given.Q, given.offsets, given.rows
    R, C = given.hidden, given.length
    H, E = zero_rows(R, Q.shape[1]), zero_rows(R, Q.shape[1])
    room = empty_chunk(given)
    most = 1  # rows of a line
    for line in range(bounds.shape[0] - 1):
        most = max(most, offsets[block.line + line + 1] - offsets[block.line + line])
    n_targets, words = np.zeros(R, np.int64), np.zeros((R, given.piece), np.int32)
    place = np.zeros((R, given.piece), np.int32)
    n_hidden, hidden = np.zeros(C, np.int64), np.zeros((C, most), np.int32)
    target = np.zeros(C, np.int64)
    U, last_row = objective.U, objective.U.shape[0] - 1
    loss, n_measured, n_pairs, n_chunks, done = 0.0, 0, 0, 0, 0
    p, at = 0, -1
    while p < lines.shape[0]:
        n_parts, n_rows, n_tokens, p, at = next_chunk(
            given, lines, starts, stops, block.line, p, at, word, room
        )
        for r in range(n_rows):
            prefetch_row(Q, room.row[r])
            n_targets[r] = 0
        c = n = 0
        for part in range(n_parts):
            own = block.line + room.line[part]
            for i in range(room.start[part], room.stop[part]):
                target[c] = word[i]
                # asked for now, needed after the noise is done with
                prefetch_row(U, min(word[i], last_row))
                n_hidden[c] = 0
                for j in range(offsets[own], offsets[own + 1]):
                    r = room.row_values[slot(room.row_keys, np.int64(rows[j]))]
                    add_pair(n_targets, words, place, n_hidden, hidden, target, r, c)
                    n += 1
                c += 1
        for r in range(n_rows):
            copy_row(H, r, Q, room.row[r])
        # products over as many rows as there are, not as there might be
        m = min(R, (n_rows + 7) // 8 * 8)
        pairs = Pairs(n_targets[:m], words[:m], place[:m], n_hidden, hidden, target)
        measured = n_chunks % plan.measure == 0
        n_chunks += 1
        rate = rate_at(rates, done / word.shape[0])
        loss += chunk(objective, H[:m], n_rows, pairs, c, E[:m], rate, measured, rng)
        n_pairs += n
        if measured:
            n_measured += n
        for r in range(n_rows):
            add_row(Q, room.row[r], np.float32(1), E, r)
        done += n_tokens
    return loss, n_measured, n_pairs


@kernel
def exact_block(objective, given, block, plan, rates, rng):
    """The definition, with the arguments and results of `fast_block`; every pair is measured."""
    word, bounds = kept(block, plan.keep, rng)
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    E = zero_rows(1, Q.shape[1])
    loss, n_pairs = 0.0, 0
    for line in range(bounds.shape[0] - 1):
        own = block.line + line
        first, last = bounds[line], bounds[line + 1]
        for i in range(first, last):
            rate = rate_at(rates, i / word.shape[0])
            if given.words:
                b = reach(plan.window, plan.shrink, rng)
                for j in range(max(first, i - b), min(last, i + b + 1)):
                    if j != i:
                        clear_row(E, 0)
                        loss += pair(objective, W, word[j], E, 0, word[i], rate, rng)
                        n_pairs += 1
                        if not plan.frozen[word[j]]:
                            add_row(W, word[j], np.float32(1), E, 0)
            for j in range(offsets[own], offsets[own + 1]):
                q = np.int64(rows[j])
                clear_row(E, 0)
                loss += pair(objective, Q, q, E, 0, word[i], rate, rng)
                n_pairs += 1
                add_row(Q, q, np.float32(1), E, 0)
    return loss, n_pairs, n_pairs


@kernel
def infer_block(objective, given, ids, ends, line, plan, rates, seed, stream):
    """Infers the rows of documents one by one, each with the same random numbers.

    ids int32[n], ends int64[documents]: their words.  line: the number of the first.
    rates float64[epochs + 1].  seed, stream: of the random numbers.
    """
    start = 0
    for d in range(ends.shape[0]):
        stop = ends[d]
        if stop > start:
            end = np.empty(1, np.int64)
            end[0] = stop - start
            block = Block(ids[start:stop], end, line + d)
            for e in range(rates.shape[0] - 1):
                fast_block(
                    objective, given, block, plan, (rates[e], rates[e + 1]),
                    seeded(seed, stream, e),
                )  # fmt: skip
        start = stop
