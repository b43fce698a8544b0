"""fastText: a word is the mean of its own row and the rows of its character n-grams.

    w = 1/|G_w| sum_{g in G_w} z_g;   G_w: the word and the n-grams of "<word>", min_n to max_n long
    skip-gram   sum over i, j of J(w_{word i}, word j)       Bojanowski et al. 2017 (1607.04606)
    CBOW        sum over i of J(h_i, word i);  h_i the mean of the rows of all words of the window

Z float32[V + n-grams, d]  input rows: words first     J, U  the objective (kernels/)

As in the original each of the rows gets the whole error dJ/dw (the gradient would divide it by
|G_w|), so that w itself moves by it. n-grams are hashed into `buckets` rows (FNV-1a), or counted
and kept exactly (`exact_ngrams`). A word never seen is the mean of the rows of its n-grams.

Two kernels with one meaning, chosen by `exact`: `exact_block` is the definition, pair by pair.
`fast_block` takes the words of some hundred tokens, makes each different word's mean once, trains
on the means as skip-gram or CBOW do (skipgram.train, cbow.train), and then gives every row of a
word what its mean has moved: what words learn reaches those that share an n-gram some hundred
tokens later.

Departs from the original: every row starts at random (there only a tenth for each thread); a line
end is no word; lines are not cut at 1,024 words; a noise word that is the true one is dropped
rather than drawn again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from firth.compiled import kernel
from firth.errors import SettingError, VocabularyError
from firth.kernels.linear import add_row, clear_row, copy_row, prefetch_row, zero_rows
from firth.kernels.objectives import pair
from firth.kernels.subwords import Parts, means, number, shared_load, spread_row, sum_rows
from firth.kernels.windows import rate_at, reach, subsample
from firth.settings import setting
from firth.static import cbow, skipgram
from firth.static.window_model import WindowModel
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from firth.static.start import Matrices
    from firth.text.stream import Encoded
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

#: tokens whose words are made and handed back together, at most
GROUP = 512
#: how far words may move each other within a group, in learning steps. Found by trying: at 4 it
#: explodes, at 2 the loss is worse, at 0.75 only words never seen suffer, at 0.2 nothing does
LOAD = 0.2
#: (tokens worked on at once, noise words they share) with n-grams and without. Rows that many words
#: share gather the noise of all of them: with n-grams less of it is bearable
CHUNKS = {True: (16, 64), False: (128, 24)}

#: settings that are not given take these values
PRESETS: dict[str, dict[str, Any]] = {
    "firth": {"rate": 0.05, "subsample": 1e-4, "noise_power": 0.5, "buckets": 500_000},
    # src/args.cc and src/loss.cc of fastText 0.9.2
    "original": {"rate": 0.05, "subsample": 1e-4, "noise_power": 0.5, "buckets": 2_000_000},
}


class Fixed(NamedTuple):
    """What does not change while a model trains; see `Parts`."""

    subwords: Subwords
    offsets: np.ndarray
    rows: np.ndarray
    group: int


@dataclass(frozen=True)
class FastText(WindowModel):
    """Word vectors with character n-grams; `fit` trains them. Every setting is explained by
    `firth train fasttext --help`."""

    model: str = setting("skipgram", "what predicts what", choices=("skipgram", "cbow"))
    min_n: int = setting(3, "characters of the shortest n-gram", low=0, high=100)
    max_n: int = setting(6, "characters of the longest n-gram; 0: no n-grams", low=0, high=100)
    buckets: int | None = setting(
        None, "rows that n-grams are hashed into; default: 500,000", low=0, high=1 << 30
    )
    exact_ngrams: bool = setting(False, "a row for each n-gram, without hashing")
    min_ngram_count: int = setting(
        5, "n-grams that occur less often have no row (with exact_ngrams)", low=1
    )
    preset: str = setting(
        "firth", "where the values of settings not given come from", choices=tuple(PRESETS)
    )
    chunk: int | None = setting(  # type: ignore[assignment]  # __post_init__ sets None
        None,
        "tokens worked on at once, at most; default: 16, 128 without n-grams",
        low=1,
        high=4096,
    )
    shared: int | None = setting(  # type: ignore[assignment]  # __post_init__ sets None
        None,
        "noise words a chunk shares (negative sampling); default: 64, 24 without n-grams",
        low=1,
    )
    rate: float | None = setting(  # type: ignore[assignment]  # __post_init__ sets None
        None, "first learning rate; falls linearly to rate / 10000; default: 0.05", low=0
    )
    subsample: float | None = setting(  # type: ignore[assignment]  # __post_init__ sets None
        None,
        "words more frequent than this share are thinned out; 0: none; default: 0.0001",
        low=0,
        high=1,
    )
    noise_power: float | None = setting(  # type: ignore[assignment]  # __post_init__ sets None
        None, "exponent of the counts in the noise distribution; default: 0.5"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in PRESETS[self.preset].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        for name, value in zip(("chunk", "shared"), CHUNKS[self.max_n > 0], strict=True):
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if self.max_n == 0:
            return
        if self.min_n > self.max_n:
            raise SettingError(
                f"min_n={self.min_n} is above max_n={self.max_n}; give min_n of at most max_n, or "
                "max_n=0 for no n-grams."
            )
        if self.buckets == 0 and not self.exact_ngrams:
            raise SettingError(
                f"buckets=0 leaves no row for the n-grams of {self.min_n} to {self.max_n} "
                "characters; give buckets=500000, say, exact_ngrams, or max_n=0 for no n-grams."
            )

    @property
    def kind(self) -> str:
        return "fasttext"

    @property
    def pairs_per_token(self) -> float:
        return 1 if self.model == "cbow" else super().pairs_per_token

    @property
    def block(self):
        whole = cbow if self.model == "cbow" else skipgram
        if self.max_n == 0:
            return whole.exact_block if self.exact else whole.fast_block
        if self.model == "cbow":
            return exact_cbow_block if self.exact else fast_cbow_block
        return exact_block if self.exact else fast_block

    @property
    def can_freeze(self) -> bool:
        return self.max_n == 0

    def tokens(self, encoded: Encoded) -> int:
        # as the original: the words that are left out count too
        return super().tokens(encoded) + encoded.tokens - len(encoded.stream.ids)

    def input_rows(self, words: int) -> int:
        # exact n-grams are known only once they are counted
        return words + (self.buckets or 0) * (self.max_n > 0 and not self.exact_ngrams)

    def subwords(self, vocabulary: Vocabulary) -> Subwords:
        """How words are cut; counts the n-grams if they are to be exact.

        Raises:
            VocabularyError: none is left.
        """
        assert self.buckets is not None
        if not self.exact_ngrams:
            return Subwords(self.min_n, self.max_n, self.buckets)
        ngrams = count_ngrams(vocabulary, self.min_n, self.max_n, self.min_ngram_count)
        return Subwords(self.min_n, self.max_n, len(ngrams), ngrams)

    def matrices(self, encoded: Encoded) -> Matrices:
        from firth.static.start import fresh

        vocabulary = encoded.vocabulary
        words = len(vocabulary)
        if self.max_n == 0:
            return fresh(self, words, reach=1)
        subwords = self.subwords(vocabulary)
        matrices = fresh(self, words, words + subwords.buckets, reach=1)
        offsets, rows = parts(subwords, vocabulary)
        group = self.group(encoded, offsets, rows, len(matrices.W))
        matrices.fixed = Fixed(subwords, offsets, rows, group)
        return matrices

    def group(self, encoded: Encoded, offsets: np.ndarray, rows: np.ndarray, size: int) -> int:
        """Tokens whose words are made at once: few enough that words which share n-grams do not
        overshoot together. All that a group learns is learnt at the values it began with."""
        from firth.static.start import keep_probability

        assert self.rate is not None and self.subsample is not None
        counts = np.asarray(encoded.vocabulary.counts)
        keep = keep_probability(counts, self.subsample, self.tokens(encoded))
        kept = counts * np.minimum(keep, 1)
        share = (kept / kept.sum()).astype(np.float64)
        steps = self.rate * super().pairs_per_token * shared_load(offsets, rows, size, share, 12)
        return max(1, int(min(GROUP, LOAD / max(steps, 1e-9))))

    def inputs(self, matrices: Matrices) -> Any:
        if self.max_n == 0:
            return matrices.W
        fixed = matrices.fixed
        return Parts(matrices.W, fixed.offsets, fixed.rows, fixed.group)

    def result(self, vocabulary: Vocabulary, matrices: Matrices) -> dict[str, Any]:
        found = super().result(vocabulary, matrices)
        if self.max_n == 0:
            return found
        from firth.vectors.subwords import SubwordRows
        from firth.vectors.vectors import Vectors

        words, dim = len(vocabulary), self.dim
        composed = np.empty((words, dim), np.float32)
        means(self.inputs(matrices), composed, 0, words)
        subwords = SubwordRows(matrices.fixed.subwords, matrices.W[words:, :dim])
        found["vectors"] = Vectors(vocabulary, composed, subwords=subwords)
        found["state"]["words"] = matrices.W[:words, :dim]
        return found

    def word_rows(self, older: Fitted) -> Vectors:
        from firth.vectors.vectors import Vectors

        vectors = super().word_rows(older)
        rows = older.state.get("words")
        return vectors if rows is None else Vectors(vectors.vocabulary, np.asarray(rows))

    def take(self, matrices: Matrices, older: Fitted) -> None:
        """The rows of n-grams go on too.

        Raises:
            SettingError: the older model cuts words in another way.
        """
        if self.max_n == 0:
            return
        for name in ("model", "min_n", "max_n", "buckets", "exact_ngrams"):
            was, now = older.settings.get(name), getattr(self, name)
            if was != now:
                raise SettingError(
                    f"The model to continue has {name}={was}, this run {name}={now}; give "
                    f"{name}={was}."
                )
        given = older.must_have_vectors("The model to continue").subwords
        assert given is not None
        ngrams = matrices.fixed.subwords
        words = len(matrices.W) - ngrams.buckets
        if ngrams.ngrams is None:
            matrices.W[words:, : self.dim] = given.matrix[:]
            return
        assert given.subwords.ngrams is not None
        rows = given.subwords.ngrams.ids(list(ngrams.ngrams))
        known = np.flatnonzero(rows >= 0)
        matrices.W[words + known, : self.dim] = given.matrix[rows[known]]

    def restore(self, matrices: Matrices, older: Fitted) -> None:
        rows = self.word_rows(older).matrix
        matrices.W[: len(rows), : self.dim] = rows
        matrices.U[:, : self.dim] = older.state["output"]
        if self.max_n > 0:
            given = older.must_have_vectors("The checkpoint").subwords
            assert given is not None
            matrices.W[len(rows) :, : self.dim] = given.matrix[:]


def count_ngrams(vocabulary: Vocabulary, min_n: int, max_n: int, min_count: int) -> Vocabulary:
    """The n-grams of all words that occur at least `min_count` times in the text.

    Raises:
        VocabularyError: there is none.
    """
    cutter = Subwords(min_n, max_n, 1)
    counts: Counter[str] = Counter()
    for word, count in zip(vocabulary, np.asarray(vocabulary.counts).tolist(), strict=True):
        for ngram in cutter.strings(word):
            counts[ngram] += count
    kept = sorted(
        (ngram for ngram, count in counts.items() if count >= min_count),
        key=lambda ngram: (-counts[ngram], ngram),
    )
    if not kept:
        raise VocabularyError(
            f"0 of {len(counts):,} n-grams of {min_n} to {max_n} characters reached "
            f"min_ngram_count={min_count}; lower it, or give max_n=0 for no n-grams."
        )
    return Vocabulary(kept, np.array([counts[ngram] for ngram in kept], np.int64))


def parts(subwords: Subwords, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """(offsets int64[V + 1], rows int32): the rows of each word, its own first."""
    words = len(vocabulary)
    ngram_offsets, ngram_rows = subwords.rows(list(vocabulary))
    offsets = ngram_offsets + np.arange(words + 1)
    rows = np.empty(offsets[-1], np.int32)
    own = np.zeros(len(rows), np.bool_)
    own[offsets[:-1]] = True
    rows[own] = np.arange(words)
    rows[~own] = words + ngram_rows
    return offsets, rows


@kernel
def room(n_kept, group, window):
    """What a block needs to number its words: keys, values, slot, words (`number`)."""
    most = min(group + 2 * window, n_kept)
    size = 16
    while size < 2 * most:
        size *= 2
    return (
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(n_kept, np.int64),
        np.empty(most + 1, np.int64),
    )


@kernel
def gather(parts, words, n, sums, M, M0):
    """M[s] = mean (or sum) of the rows of the s-th word, and M0 the same, for s < n."""
    W, offsets, list_, _ = parts
    one = np.float32(1)
    for s in range(n):
        # a word ahead is on its way
        w = words[min(s + 1, n - 1)]
        for j in range(offsets[w], offsets[w + 1]):
            prefetch_row(W, np.int64(list_[j]))
        w = words[s]
        size = offsets[w + 1] - offsets[w]
        sum_rows(M0, s, W, list_, offsets[w], size)
        clear_row(M, s)
        if sums:
            copy_row(M, s, M0, s)
        else:
            add_row(M, s, one / np.float32(size), M0, s)
            copy_row(M0, s, M, s)


@kernel
def scatter(parts, words, n, sums, M, M0):
    """Every row of a word moves as its mean has (or as its sum has, divided by their number)."""
    W, offsets, list_, _ = parts
    one = np.float32(1)
    for s in range(n):
        w = words[min(s + 1, n - 1)]
        for j in range(offsets[w], offsets[w + 1]):
            prefetch_row(W, np.int64(list_[j]))
        w = words[s]
        size = offsets[w + 1] - offsets[w]
        add_row(M, s, -one, M0, s)
        x = one / np.float32(size) if sums else one
        spread_row(W, list_, offsets[w], size, x, M, s)


@kernel
def fast_block(objective, parts, block, plan, rates, rng):
    """Skip-gram on one block of the stream; arguments and results as in skipgram.fast_block."""
    word, first, last = subsample(block, plan.keep, rng)
    n_kept, d = word.shape[0], parts.W.shape[1]
    keys, values, slot, words = room(n_kept, parts.group, 0)
    M, M0 = zero_rows(words.shape[0], d), zero_rows(words.shape[0], d)
    frozen = np.zeros(words.shape[0], np.bool_)
    loss, n_measured, n_pairs, n_chunks = 0.0, 0, 0, 0
    for start in range(0, n_kept, parts.group):
        stop = min(start + parts.group, n_kept)
        n = number(word, start, stop, keys, values, slot, words)
        gather(parts, words, n, False, M, M0)
        stretch = (start, stop, n_chunks)
        more, measured, pairs, n_chunks = skipgram.train(
            objective, M, slot, frozen, word, first, last, stretch, plan, rates, rng
        )
        scatter(parts, words, n, False, M, M0)
        loss += more
        n_measured += measured
        n_pairs += pairs
    return loss, n_measured, n_pairs


@kernel
def fast_cbow_block(objective, parts, block, plan, rates, rng):
    """CBOW on one block of the stream; arguments and results as in skipgram.fast_block."""
    word, first, last = subsample(block, plan.keep, rng)
    n_kept, d, window = word.shape[0], parts.W.shape[1], plan.window
    keys, values, slot, words = room(n_kept, parts.group, window)
    M, M0 = zero_rows(words.shape[0], d), zero_rows(words.shape[0], d)
    frozen = np.zeros(words.shape[0], np.bool_)
    size = np.empty(n_kept, np.int64)
    for i in range(n_kept):
        size[i] = parts.offsets[word[i] + 1] - parts.offsets[word[i]]
    loss, n_measured, n_pairs, n_chunks = 0.0, 0, 0, 0
    for start in range(0, n_kept, parts.group):
        stop = min(start + parts.group, n_kept)
        begin, end = max(0, start - window), min(n_kept, stop + window)
        n = number(word, begin, end, keys, values, slot, words)
        gather(parts, words, n, True, M, M0)
        stretch = (start, stop, n_chunks)
        more, measured, pairs, n_chunks = cbow.train(
            objective, M, slot, size, frozen, word, first, last, stretch, plan, rates, rng
        )
        scatter(parts, words, n, True, M, M0)
        loss += more
        n_measured += measured
        n_pairs += pairs
    return loss, n_measured, n_pairs


@kernel
def exact_block(objective, parts, block, plan, rates, rng):
    """Skip-gram by the definition, as the original program: pair after pair, each at the newest
    values; every pair is measured. Arguments and results as in `fast_block`."""
    W, offsets, list_, _ = parts
    word, first, last = subsample(block, plan.keep, rng)
    n_kept = word.shape[0]
    S, H, E = zero_rows(1, W.shape[1]), zero_rows(1, W.shape[1]), zero_rows(1, W.shape[1])
    one = np.float32(1)
    loss, n_pairs = 0.0, 0
    for i in range(n_kept):
        rate = rate_at(rates, i / n_kept)
        b = reach(plan.window, plan.shrink, rng)
        w = word[i]
        size = offsets[w + 1] - offsets[w]
        for j in range(max(first[i], i - b), min(last[i], i + b + 1)):
            if j != i:
                sum_rows(S, 0, W, list_, offsets[w], size)
                clear_row(H, 0)
                add_row(H, 0, one / np.float32(size), S, 0)
                clear_row(E, 0)
                loss += pair(objective, H, 0, E, 0, word[j], rate, rng)
                n_pairs += 1
                spread_row(W, list_, offsets[w], size, one, E, 0)
    return loss, n_pairs, n_pairs


@kernel
def exact_cbow_block(objective, parts, block, plan, rates, rng):
    """CBOW by the definition; arguments and results as in `exact_block`."""
    W, offsets, list_, _ = parts
    word, first, last = subsample(block, plan.keep, rng)
    n_kept = word.shape[0]
    S, H, E = zero_rows(1, W.shape[1]), zero_rows(1, W.shape[1]), zero_rows(1, W.shape[1])
    one = np.float32(1)
    loss, n_pairs = 0.0, 0
    for i in range(n_kept):
        rate = rate_at(rates, i / n_kept)
        b = reach(plan.window, plan.shrink, rng)
        left, right = max(first[i], i - b), min(last[i], i + b + 1)
        if right - left == 1:
            continue
        total = 0
        clear_row(H, 0)
        for j in range(left, right):
            if j != i:
                size = offsets[word[j] + 1] - offsets[word[j]]
                sum_rows(S, 0, W, list_, offsets[word[j]], size)
                add_row(H, 0, one, S, 0)
                total += size
        copy_row(S, 0, H, 0)
        clear_row(H, 0)
        add_row(H, 0, one / np.float32(total), S, 0)
        clear_row(E, 0)
        loss += pair(objective, H, 0, E, 0, word[i], rate, rng)
        n_pairs += 1
        for j in range(left, right):
            if j != i:
                size = offsets[word[j] + 1] - offsets[word[j]]
                spread_row(W, list_, offsets[word[j]], size, one, E, 0)
    return loss, n_pairs, n_pairs
