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
concatenation a document may have any number of ids; none is left out for its number. Windows have
their full reach, as in the paper; gensim draws it for each unless it is given a `corpus_file`,
where its PV-DM never does, whatever `shrink_windows` says.
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
    padded,
    padded_zeros,
    prefetch_row,
    zero_rows,
)
from firth.kernels.objectives import chunk, pair
from firth.kernels.paragraphs import Paragraphs, empty_chunk, kept, next_chunk, pieces
from firth.kernels.rng import seeded
from firth.kernels.sliding import running_sums, spread_windows, window_sums
from firth.kernels.windows import Block, Pairs, rate_at, reach
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
    shrink_windows: bool = setting(False, "draw each window's reach from 1 to `window`")
    chunk: int = setting(128, "tokens worked on at once, at most", low=1, high=4096)
    shared: int = setting(8, "noise words a chunk shares (negative sampling)", low=1)
    piece: int = setting(8, "tokens of one document worked on at once, at most", low=1, high=4096)
    sets: int = setting(4, "sets of `shared` noise words a chunk, dealt out in turn", low=1)

    @property
    def kind(self) -> str:
        return "pvdm"

    @property
    def noise_sets(self) -> int:
        return self.sets

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

    @property
    def infer_steps(self) -> tuple[int, int]:
        return 8, 32  # as many noise words for each token, scored for fewer

    @property
    def infer_block(self):
        return infer_block

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
    # token t of a chunk is hidden row row[t], the (t // sets)-th of those that share set t % sets
    sets, T = given.sets, given.length
    share_of = (T + sets - 1) // sets
    R = share_of * sets
    row = np.empty(T, np.int64)
    for t in range(T):
        row[t] = t % sets * share_of + t // sets
    n_targets, n_hidden = np.zeros(R, np.int64), np.zeros(R, np.int64)
    words, target = np.zeros((R, 1), np.int32), np.zeros(R, np.int64)
    own_place = np.empty((R, 1), np.int32)  # each hidden row has one target, of the same place
    for r in range(R):
        own_place[r, 0] = r % share_of
    H, E = zero_rows(R, objective.U.shape[1]), zero_rows(R, objective.U.shape[1])
    left, right = np.empty(T, np.int64), np.empty(T, np.int64)
    longest = given.piece + 2 * plan.window + 1
    # running sums, or differences; a sum of rows of documents; bounds and weights of windows
    windows = (
        zero_rows(longest, given.Q.shape[1]), zero_rows(1, given.Q.shape[1]), left, right,
        np.empty(T, np.float32), np.empty(T, np.int64), np.empty(T, np.int64), row,
    )  # fmt: skip
    U, last_row = objective.U, objective.U.shape[0] - 1
    loss, n_measured, n_pairs, n_chunks, done = 0.0, 0, 0, 0, 0
    p, at = 0, -1
    while p < lines.shape[0]:
        n_parts, _, m, p, at = next_chunk(
            given, lines, starts, stops, block.line, p, at, word, room
        )
        # what the next chunk will ask for comes while this one is worked on
        for ahead in range(p, min(p + n_parts, lines.shape[0])):
            for i in range(starts[ahead], stops[ahead]):
                prefetch_row(U, min(word[i], last_row))
            first, last = bounds[lines[ahead]], bounds[lines[ahead] + 1]
            for i in range(
                max(first, starts[ahead] - plan.window), min(last, stops[ahead] + plan.window)
            ):
                prefetch_row(given.W, word[i])
        t = n = 0
        for part in range(n_parts):
            first, last = bounds[room.line[part]], bounds[room.line[part] + 1]
            own = block.line + room.line[part]
            ids = given.offsets[own + 1] - given.offsets[own]
            start, stop = room.start[part], room.stop[part]
            for i in range(start, stop):
                b = plan.window if given.concatenated else reach(plan.window, plan.shrink, rng)
                k, r = t + i - start, row[t + i - start]
                left[k], right[k] = max(first, i - b), min(last, i + b + 1)
                words[r, 0] = target[r] = word[i]
                n_targets[r] = n_hidden[r] = right[k] - left[k] - 1 + ids > 0
                n += n_targets[r]
            if given.concatenated:
                gather_parts(given, word, plan.window, (first, last, start, stop), own, H, row, t)
            else:
                gather_sums(given, word, start, stop - start, own, H, t, windows)
            t += stop - start
        measured = n_chunks % plan.measure == 0
        n_chunks += 1
        rate = rate_at(rates, done / word.shape[0])
        for s in range(min(sets, m)):
            here = slice(s * share_of, (s + 1) * share_of)
            many = (m - s + sets - 1) // sets
            pairs = Pairs(
                n_targets[here], words[here], own_place[here], n_hidden[here], own_place[here],
                target[here],
            )  # fmt: skip
            loss += chunk(objective, H[here], many, pairs, many, E[here], rate, measured, rng)
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
                    given, plan.frozen, word, plan.window, (first, last, start, stop), own, E,
                    row, t,
                )  # fmt: skip
            elif objective.learns:
                scatter_sums(given, plan.frozen, word, start, stop - start, own, E, t, windows)
            else:  # and so do no words
                scatter_to_document(given, stop - start, own, E, t, windows)
            t += stop - start
        done += m
    return loss, n_measured, n_pairs


@kernel
def segment(left, right, t, n):
    """The places that the windows of n positions reach: from the first left to the last right."""
    begin, end = left[t], right[t]
    for k in range(t, t + n):
        begin, end = min(begin, left[k]), max(end, right[k])
    return begin, end


@kernel
def gather_sums(given, word, start, n, own, H, t, windows):
    """H[t ...] = sums or means for the n positions of a piece that begins at place `start`.

    own: its line.  windows: see fast_block; scatter_sums takes them as they are left.
    """
    P, S, left, right, x, from_left, to_right, row = windows
    offsets, rows = given.offsets, given.rows
    begin, end = segment(left, right, t, n)
    ids = offsets[own + 1] - offsets[own]
    clear_row(S, 0)
    for j in range(offsets[own], offsets[own + 1]):
        add_row(S, 0, f4(1), given.Q, np.int64(rows[j]))
    for k in range(t, t + n):
        from_left[k], to_right[k] = left[k] - begin, right[k] - begin
        summed = right[k] - left[k] - 1 + ids
        x[k] = share(given, summed)[0] if summed > 0 else f4(0)
    running_sums(P, given.W, word, begin, end - begin)
    window_sums(H, row, x, P, from_left, to_right, t, given.W, word, start, n, S, 0)


@kernel
def scatter_sums(given, frozen, word, start, n, own, E, t, windows):
    """The errors E[t ...] of a piece go back to its words and its document; see gather_sums."""
    D, S, left, right, x, from_left, to_right, row = windows
    offsets, rows = given.offsets, given.rows
    begin, end = segment(left, right, t, n)
    ids = offsets[own + 1] - offsets[own]
    for k in range(t, t + n):
        summed = right[k] - left[k] - 1 + ids
        x[k] = share(given, summed)[1] if summed > 0 else f4(0)
    spread_windows(
        given.W, frozen, word, begin, end - begin, start, D, from_left, to_right, t, x, E, row, n,
        S, 0,
    )  # fmt: skip
    for j in range(offsets[own], offsets[own + 1]):
        add_row(given.Q, np.int64(rows[j]), f4(1), S, 0)


@kernel
def scatter_to_document(given, n, own, E, t, windows):
    """The errors E[t ...] of n positions go back to their document alone; see gather_sums."""
    _, S, left, right, _, _, _, row = windows
    offsets, rows = given.offsets, given.rows
    ids = offsets[own + 1] - offsets[own]
    clear_row(S, 0)
    for k in range(t, t + n):
        summed = right[k] - left[k] - 1 + ids
        if summed > 0:
            add_row(S, 0, share(given, summed)[1], E, row[k])
    for j in range(offsets[own], offsets[own + 1]):
        add_row(given.Q, np.int64(rows[j]), f4(1), S, 0)


@kernel
def gather_parts(given, word, window, reached, own, H, row, t):
    """H[t …] = the document's row and those of the words around, side by side."""
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    first, last, start, stop = reached
    nobody = W.shape[0] - 1
    places = 2 * window + 1
    parts = H.reshape((H.shape[0] * places, W.shape[1]))
    for i in range(max(first, start - window), min(last, stop + window)):
        prefetch_row(W, word[i])
    for i in range(start, stop):
        at = row[t] * places
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
def scatter_parts(given, frozen, word, window, reached, own, E, row, t):
    """The errors E[t …] go back, part by part."""
    Q, W, offsets, rows = given.Q, given.W, given.offsets, given.rows
    first, last, start, stop = reached
    nobody = W.shape[0] - 1
    places = 2 * window + 1
    one = f4(1)
    parts = E.reshape((E.shape[0] * places, W.shape[1]))
    for i in range(start, stop):
        at = row[t] * places
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
    row = np.zeros(1, np.int64)
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
                gather_parts(given, word, plan.window, around, own, H, row, 0)
                loss += pair(objective, H, 0, E, 0, word[i], rate, rng)
                scatter_parts(given, plan.frozen, word, plan.window, around, own, E, row, 0)
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
