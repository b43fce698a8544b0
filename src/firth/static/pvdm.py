"""PV-DM: a document and the words around a position predict the word in it.

    sum over documents, over their positions i, of  J(h_i, word i)          Le & Mikolov 2014, 2.2
    mean            h_i = (sum_j w_j + sum_q q) / n         0 < |j - i| <= b_i;  n: rows in the sum
    sum             h_i =  sum_j w_j + sum_q q
    concatenation   h_i = [q, w_{i-c}, ..., w_{i-1}, w_{i+1}, ..., w_{i+c}]      c: the window

Q float32[documents, d]  rows of documents; q: those of the document at hand, and with
                         concatenation their mean             J, U  the objective (kernels/)
W float32[V, d]          input rows of words; with concatenation W[V] stands for the places
                         beyond the ends of a document

The error dJ/dh reaches each row of a mean whole and each row of a sum divided by n, as in gensim
(`update="gensim"`), or the other way round, which is the gradient (`"exact"`). With concatenation
each part gets its own, which is the gradient.

Two kernels with one meaning, chosen by `exact`: `exact_block` is the definition; `fast_block` takes
chunks of pieces of documents (kernels/paragraphs.py). Within a piece, sums over windows are
differences of running sums, and errors go back as a difference array, as in cbow.py.

Departs from the paper, as gensim does: the window reaches to both sides. Departs from gensim: with
concatenation a document may have any number of ids; none is left out for its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firth.compiled import kernel
from firth.errors import SettingError
from firth.kernels.linear import (
    add_row,
    clear_row,
    copy_row,
    mix_rows,
    padded,
    padded_zeros,
    prefetch_row,
    zero_rows,
)
from firth.kernels.objectives import chunk, pair
from firth.kernels.paragraphs import Paragraphs, empty_chunk, kept, next_chunk, pieces
from firth.kernels.windows import add_pair, empty_pairs, rate_at, reach
from firth.settings import setting
from firth.static.document_model import DocumentModel, Steps

if TYPE_CHECKING:
    from firth.static.document_ids import DocumentIds
    from firth.vectors.fitted import Fitted

f4 = np.float32


@dataclass(frozen=True)
class PVDM(DocumentModel):
    """Vectors of documents that help to predict a word from its neighbours; `fit` trains them.
    Every setting is explained by `firth train pvdm --help`."""

    combine: str = setting(
        "mean",
        "how the document and the words around become one row",
        choices=("mean", "sum", "concatenation"),
    )
    update: str = setting(
        "gensim",
        "the error reaches each row of a mean whole, of a sum divided (gensim), or as the gradient",
        choices=("gensim", "exact"),
    )
    chunk: int = setting(64, "tokens worked on at once, at most", low=1, high=4096)
    shared: int = setting(12, "noise words a chunk shares (negative sampling)", low=1)

    @property
    def kind(self) -> str:
        return "pvdm"

    @property
    def concatenated(self) -> bool:
        return self.combine == "concatenation"

    @property
    def more_rows(self) -> int:
        return int(self.concatenated)

    @property
    def output_dim(self) -> int:
        """Numbers of an output row, each part of it padded."""
        return padded(self.dim) * (2 * self.window + 1) if self.concatenated else self.dim

    @property
    def pairs_per_token(self) -> float:
        return 1

    @property
    def block(self):
        return exact_block if self.exact else fast_block

    def load(self, ids: float) -> tuple[float, float]:
        return 1, 2 * self.window

    def paragraphs(
        self, Q: np.ndarray, ids: DocumentIds, W: np.ndarray, steps: Steps, *, still: bool
    ) -> Paragraphs:
        summed = self.combine == "sum"
        whole = summed == (self.update == "exact")
        parts = self.concatenated
        return Paragraphs(Q, ids.offsets, ids.rows, W, False, parts, summed, whole, *steps)

    def packed(self, U: np.ndarray) -> np.ndarray:
        if not self.concatenated:
            return super().packed(U)
        rows, parts = len(U), 2 * self.window + 1
        return U.reshape(rows, parts, -1)[:, :, : self.dim].reshape(rows, parts * self.dim)

    def output_of(self, older: Fitted) -> np.ndarray:
        output = super().output_of(older)
        if not self.concatenated:
            return output
        rows, parts = len(output), 2 * self.window + 1
        U = padded_zeros(rows, self.output_dim)
        U.reshape(rows, parts, -1)[:, :, : self.dim] = output.reshape(rows, parts, self.dim)
        return U

    def must_fit(self, older: Fitted) -> None:
        for name in ("combine", "window") if self.concatenated else ("combine",):
            was, now = older.settings.get(name), getattr(self, name)
            if was != now:
                raise SettingError(
                    f"The model to continue has {name}={was}, this run {name}={now}; give "
                    f"{name}={was}."
                )


@kernel
def all_lines(bounds):
    """bool[lines]: all lines; those without words have no pieces anyway."""
    return np.ones(bounds.shape[0] - 1, np.bool_)


@kernel
def share(given, n):
    """(what the sum is multiplied with, what the error is) if n rows are summed."""
    part = f4(1) / f4(n)
    return (f4(1) if given.summed else part), (f4(1) if given.whole else part)


@kernel
def fast_block(objective, given, block, plan, rates, rng):
    """Trains on one block of the stream; arguments and results as in pv_dbow.fast_block."""
    word, bounds = kept(block, plan.keep, rng)
    lines, starts, stops = pieces(bounds, all_lines(bounds), given.piece)
    room = empty_chunk(given)
    T = given.length
    H, E = zero_rows(T, objective.U.shape[1]), zero_rows(T, objective.U.shape[1])
    longest = given.piece + 2 * plan.window + 2
    P = zero_rows(longest, given.Q.shape[1])
    left, right = np.empty(T, np.int64), np.empty(T, np.int64)
    pairs = empty_pairs(T, T, 1)
    n_targets, words, place, n_hidden, hidden, target = pairs
    U, last_row = objective.U, objective.U.shape[0] - 1
    loss, n_measured, n_pairs, n_chunks, done = 0.0, 0, 0, 0, 0
    p, at = 0, -1
    while p < lines.shape[0]:
        n_parts, _, m, p, at = next_chunk(
            given, lines, starts, stops, block.line, p, at, word, room
        )
        t = n = 0
        for part in range(n_parts):
            for i in range(room.start[part], room.stop[part]):
                # asked for now, needed after the noise is done with
                prefetch_row(U, min(word[i], last_row))
                target[t] = word[i]
                n_targets[t] = n_hidden[t] = 0
                t += 1
        t = 0
        for part in range(n_parts):
            first, last = bounds[room.line[part]], bounds[room.line[part] + 1]
            own = block.line + room.line[part]
            ids = given.offsets[own + 1] - given.offsets[own]
            start, stop = room.start[part], room.stop[part]
            for i in range(start, stop):
                b = plan.window if given.concatenated else reach(plan.window, plan.shrink, rng)
                left[t + i - start] = max(first, i - b)
                right[t + i - start] = min(last, i + b + 1)
            if given.concatenated:
                gather_parts(given, word, plan.window, (first, last, start, stop), own, H, t)
            else:
                gather_sums(given, word, (first, last, start, stop), own, P, H, t, left, right)
            for _ in range(start, stop):
                if right[t] - left[t] - 1 + ids > 0:
                    add_pair(n_targets, words, place, n_hidden, hidden, target, t, t)
                    n += 1
                t += 1
        measured = n_chunks % plan.measure == 0
        n_chunks += 1
        rate = rate_at(rates, done / word.shape[0])
        loss += chunk(objective, H, m, pairs, m, E, rate, measured, rng)
        n_pairs += n
        if measured:
            n_measured += n
        t = 0
        for part in range(n_parts):
            first, last = bounds[room.line[part]], bounds[room.line[part] + 1]
            own = block.line + room.line[part]
            start, stop = room.start[part], room.stop[part]
            if given.concatenated:
                scatter_parts(
                    given, plan.frozen, word, plan.window, (first, last, start, stop), own, E, t
                )
            else:
                scatter_sums(
                    given, plan.frozen, word, (first, last, start, stop), own, P, E, t, left, right
                )
            t += stop - start
        done += m
    return loss, n_measured, n_pairs


@kernel
def segment(reached, left, right, t):
    """The places that the windows of a piece reach: from the first left to the last right."""
    _, _, start, stop = reached
    begin, end = left[t], right[t]
    for k in range(t, t + stop - start):
        begin, end = min(begin, left[k]), max(end, right[k])
    return begin, end


@kernel
def gather_sums(given, word, reached, own, P, H, t, left, right):
    """H[t …] = sums or means for the positions of one piece.

    reached: (first, last) of its line and (start, stop) of the piece.
    """
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    _, _, start, stop = reached
    one = f4(1)
    begin, end = segment(reached, left, right, t)
    ids = offsets[own + 1] - offsets[own]
    # the document stands in every sum: the running sum begins with it, and so do all differences
    clear_row(P, 0)
    for i in range(begin, end):
        prefetch_row(W, word[i])
    for i in range(begin, end):
        copy_row(P, i - begin + 1, P, i - begin)
        add_row(P, i - begin + 1, one, W, word[i])
    for i in range(start, stop):
        n = right[t] - left[t] - 1 + ids
        if n > 0:
            x, _ = share(given, n)
            mix_rows(H, t, x, P, right[t] - begin, -x, P, left[t] - begin, -x, W, word[i])
            for j in range(offsets[own], offsets[own + 1]):
                add_row(H, t, x, Q, np.int64(rows[j]))
        else:
            clear_row(H, t)
        t += 1


@kernel
def scatter_sums(given, frozen, word, reached, own, D, E, t, left, right):
    """The errors E[t …] of one piece go back to its words and its document."""
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    _, _, start, stop = reached
    one = f4(1)
    begin, end = segment(reached, left, right, t)
    ids = offsets[own + 1] - offsets[own]
    # D[0 … end - begin]: differences; the row after them: the sum for the document
    total = end - begin + 1
    for c in range(total + 1):
        clear_row(D, c)
    for i in range(start, stop):
        n = right[t] - left[t] - 1 + ids
        if n > 0:
            _, x = share(given, n)
            add_row(D, left[t] - begin, x, E, t)
            add_row(D, right[t] - begin, -x, E, t)
            add_row(D, total, x, E, t)
            # the running sum will hand e_t to position t itself: take it back first
            if not frozen[word[i]]:
                add_row(W, word[i], -x, E, t)
        t += 1
    for j in range(offsets[own], offsets[own + 1]):
        add_row(Q, np.int64(rows[j]), one, D, total)
    for i in range(begin, end):
        if not frozen[word[i]]:
            add_row(W, word[i], one, D, i - begin)
        add_row(D, i - begin + 1, one, D, i - begin)


@kernel
def gather_parts(given, word, window, reached, own, H, t):
    """H[t …] = the document's row and those of the words around, side by side."""
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    first, last, start, stop = reached
    nobody = W.shape[0] - 1
    places = 2 * window + 1
    parts = H.reshape((H.shape[0] * places, W.shape[1]))
    for i in range(max(first, start - window), min(last, stop + window)):
        prefetch_row(W, word[i])
    for i in range(start, stop):
        at = t * places
        clear_row(parts, at)
        for j in range(offsets[own], offsets[own + 1]):
            x = f4(1) / f4(offsets[own + 1] - offsets[own])
            add_row(parts, at, x, Q, np.int64(rows[j]))
        for k in range(1, window + 1):
            w = word[i - k] if i - k >= first else nobody
            copy_row(parts, at + window + 1 - k, W, w)
            w = word[i + k] if i + k < last else nobody
            copy_row(parts, at + window + k, W, w)
        t += 1


@kernel
def scatter_parts(given, frozen, word, window, reached, own, E, t):
    """The errors E[t …] go back, part by part."""
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    first, last, start, stop = reached
    nobody = W.shape[0] - 1
    places = 2 * window + 1
    one = f4(1)
    parts = E.reshape((E.shape[0] * places, W.shape[1]))
    for i in range(start, stop):
        at = t * places
        for j in range(offsets[own], offsets[own + 1]):
            x = one / f4(offsets[own + 1] - offsets[own])
            add_row(Q, np.int64(rows[j]), x, parts, at)
        for k in range(1, window + 1):
            w = word[i - k] if i - k >= first else nobody
            if not frozen[w]:
                add_row(W, w, one, parts, at + window + 1 - k)
            w = word[i + k] if i + k < last else nobody
            if not frozen[w]:
                add_row(W, w, one, parts, at + window + k)
        t += 1


@kernel
def exact_block(objective, given, block, plan, rates, rng):
    """The definition, with the arguments and results of `fast_block`; every pair is measured."""
    word, bounds = kept(block, plan.keep, rng)
    H, E = zero_rows(1, objective.U.shape[1]), zero_rows(1, objective.U.shape[1])
    loss, n_pairs = 0.0, 0
    for line in range(bounds.shape[0] - 1):
        own = block.line + line
        first, last = bounds[line], bounds[line + 1]
        ids = given.offsets[own + 1] - given.offsets[own]
        for i in range(first, last):
            rate = rate_at(rates, i / word.shape[0])
            b = plan.window if given.concatenated else reach(plan.window, plan.shrink, rng)
            left, right = max(first, i - b), min(last, i + b + 1)
            n = right - left - 1 + ids
            if n == 0:
                continue
            clear_row(E, 0)
            if given.concatenated:
                around = (first, last, i, i + 1)
                gather_parts(given, word, plan.window, around, own, H, 0)
                loss += pair(objective, H, 0, E, 0, word[i], rate, rng)
                scatter_parts(given, plan.frozen, word, plan.window, around, own, E, 0)
            else:
                x, y = share(given, n)
                clear_row(H, 0)
                for j in range(left, right):
                    if j != i:
                        add_row(H, 0, x, given.W, word[j])
                for j in range(given.offsets[own], given.offsets[own + 1]):
                    add_row(H, 0, x, given.Q, np.int64(given.rows[j]))
                loss += pair(objective, H, 0, E, 0, word[i], rate, rng)
                for j in range(left, right):
                    if j != i and not plan.frozen[word[j]]:
                        add_row(given.W, word[j], y, E, 0)
                for j in range(given.offsets[own], given.offsets[own + 1]):
                    add_row(given.Q, np.int64(given.rows[j]), y, E, 0)
            n_pairs += 1
    return loss, n_pairs, n_pairs
