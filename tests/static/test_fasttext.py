"""fastText: sums of rows, the definition against a twin in float64, the fast kernels against the
definition, unseen words in a planted world, every row at random, presets, bad settings."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from firth import CBOW, FastText, SkipGram, load
from firth.compiled import kernel
from firth.errors import FitError, SettingError, UnknownWordError, VocabularyError
from firth.kernels.linear import padded_zeros
from firth.kernels.rng import seeded
from firth.kernels.softmax import Softmax
from firth.kernels.subwords import Parts, means, number, shared_load, spread_row, sum_rows
from firth.kernels.windows import Block, Plan
from firth.static import fasttext
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary

SMALL = {"dim": 24, "min_count": 1, "threads": 1, "buckets": 2000, "window": 3, "subsample": 0.0}
WAYS = [(model, exact) for model in ("skipgram", "cbow") for exact in (False, True)]


@kernel
def summed(E, e, W, rows, first, n):
    sum_rows(E, e, W, rows, first, n)


@kernel
def spread(W, rows, first, n, x, E, e):
    spread_row(W, rows, first, n, x, E, e)


# --- rows -----------------------------------------------------------------------------------


@pytest.fixture
def some_parts():
    rng = np.random.default_rng(1)
    V, B, d = 12, 30, 20
    W = padded_zeros(V + B, d)
    W[:, :d] = rng.normal(size=(V + B, d))
    sizes = rng.integers(1, 20, V)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    rows = rng.integers(0, V + B, offsets[-1]).astype(np.int32)
    return Parts(W, offsets, rows, 5)


def test_sums_and_spreads_are_those_of_numpy(some_parts):
    W, offsets, rows, _ = some_parts
    E = padded_zeros(2, 20)
    E[0, :20] = np.arange(20) / 7
    for w in range(12):
        own = rows[offsets[w] : offsets[w + 1]]
        summed(E, 1, W, rows, offsets[w], len(own))
        np.testing.assert_allclose(E[1], W[own].sum(axis=0), rtol=1e-5, atol=1e-5)
        moved = W.copy()
        np.add.at(moved, own, np.float32(0.3) * E[0])  # a row that stands twice moves twice
        spread(W, rows, offsets[w], len(own), np.float32(0.3), E, 0)
        np.testing.assert_allclose(W, moved, rtol=1e-5, atol=1e-5)


def test_means(some_parts):
    W, offsets, rows, _ = some_parts
    out = np.empty((5, 20), np.float32)
    means(some_parts, out, 3, 8)
    for w in range(3, 8):
        expected = W[rows[offsets[w] : offsets[w + 1]], :20].mean(axis=0)
        np.testing.assert_allclose(out[w - 3], expected, rtol=1e-5, atol=1e-6)


def test_words_are_numbered_as_they_come():
    word = np.array([9, 4, 9, 7, 4, 9, 1, 40504, 9], np.int64)
    slot, words = np.full(9, -1), np.full(9, -1)
    n = number(word, 1, 8, np.empty(16, np.int64), np.empty(16, np.int64), slot, words)
    assert n == 5
    assert words[:n].tolist() == [4, 9, 7, 1, 40504]
    assert slot.tolist() == [-1, 0, 1, 2, 0, 1, 3, 4, -1]


def test_shared_load_is_the_largest_eigenvalue():
    rng = np.random.default_rng(2)
    groups = [set(rng.choice(15, rng.integers(2, 8), replace=False)) for _ in range(10)]
    share = rng.dirichlet(np.ones(10))
    A = np.array([[len(u & w) / len(u) * share[k] for k, w in enumerate(groups)] for u in groups])
    offsets = np.concatenate([[0], np.cumsum([len(g) for g in groups])])
    rows = np.array([r for g in groups for r in g], np.int32)
    found = shared_load(offsets, rows, 15, share, 60)
    assert found == pytest.approx(np.abs(np.linalg.eigvals(A)).max(), rel=1e-6)


# --- the definition -------------------------------------------------------------------------


def twin(model, W, U, offsets, rows, ids, ends, window, rate):
    """Both models by their equations in float64, full softmax, fixed windows: the loss."""
    W, U, loss = W.astype(np.float64), U.astype(np.float64), 0.0
    lists = [rows[offsets[w] : offsets[w + 1]] for w in range(len(offsets) - 1)]

    def step(inputs, target):
        nonlocal loss
        h = W[inputs].mean(axis=0)
        p = np.exp(U @ h)
        p /= p.sum()
        loss -= np.log(p[target])
        error = -p
        error[target] += 1
        e = rate * error @ U
        U[:] += rate * np.outer(error, h)
        np.add.at(W, inputs, e)

    start = 0
    for end in ends:
        for i in range(start, end):
            around = [j for j in range(max(start, i - window), min(end, i + window + 1)) if j != i]
            if model == "cbow" and around:
                step(np.concatenate([lists[ids[j]] for j in around]), ids[i])
            elif model == "skipgram":
                for j in around:
                    step(lists[ids[i]], ids[j])
        start = end
    return W, U, loss


@pytest.fixture
def tiny():
    rng = np.random.default_rng(3)
    V, B, d = 9, 25, 8
    W, U = padded_zeros(V + B, d), padded_zeros(V, d)
    W[:, :d], U[:, :d] = rng.normal(size=(V + B, d)) / 2, rng.normal(size=(V, d)) / 2
    offsets = np.arange(V + 1) * 4
    ngrams = rng.integers(V, V + B, (V, 3))
    rows = np.column_stack([np.arange(V), ngrams]).ravel().astype(np.int32)
    ids = rng.integers(0, V, 60).astype(np.int32)
    return W, U, offsets, rows, ids, np.array([7, 8, 31, 60])


def run(way, tiny, rate, window=2, group=1, length=1):
    W, U, offsets, rows, ids, ends = (array.copy() for array in tiny)
    # keep 2 and no shrinking: nothing is drawn
    plan = Plan(
        np.full(9, 2, np.float32), np.zeros(len(W), bool), window, False, length, 100, False, 1
    )
    loss, measured, pairs = way(
        Softmax(U), Parts(W, offsets, rows, group), Block(ids, ends, 0), plan, (rate, rate),
        seeded(1, 0, 0),
    )  # fmt: skip
    assert measured == pairs
    return W, U, loss


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_the_exact_kernels_are_the_equations(model, tiny):
    W, U, offsets, rows, ids, ends = tiny
    way = fasttext.exact_block if model == "skipgram" else fasttext.exact_cbow_block
    W1, U1, loss = run(way, tiny, 0.05)
    W2, U2, expected = twin(model, W, U, offsets, rows, ids, ends, 2, 0.05)
    np.testing.assert_allclose(W1, W2, atol=1e-5)
    np.testing.assert_allclose(U1, U2, atol=1e-5)
    assert loss == pytest.approx(expected, rel=1e-5)
    other, _, _ = twin(model, W, U, offsets, rows, ids, ends, 2, 0.04)
    assert np.abs(W1 - other).max() > 1e-3  # it would notice


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_the_rows_move_by_the_derivative(model, tiny):
    """One window: what a hidden row gets is minus the derivative of the loss, by differences."""
    W, U, offsets, rows, _, _ = tiny
    ids, ends = np.array([4, 6, 2], np.int32), np.array([3])
    case = W, U, offsets, rows, ids, ends
    way = fasttext.exact_block if model == "skipgram" else fasttext.exact_cbow_block
    rate = 1e-3

    def loss_at(W):
        return twin(model, W, U, offsets, rows, ids, ends, 2, 0.0)[2]

    moved = (run(way, case, rate)[0] - W)[:, :8] / rate
    row, step = rows[offsets[4] + 1], 1e-5
    for k in range(8):
        up, down = W.astype(np.float64), W.astype(np.float64)
        up[row, k] += step
        down[row, k] -= step
        slope = (loss_at(up) - loss_at(down)) / (2 * step)
        # the error reaches each row undivided: times the number of rows in the mean
        size = 4 if model == "skipgram" else 8
        assert moved[row, k] == pytest.approx(-size * slope, rel=0.02, abs=0.01)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
@pytest.mark.parametrize("group", [1, 7, 60])
def test_the_fast_kernels_do_the_same_to_first_order(model, group, tiny):
    """What separates them is of the order of the rate squared."""
    ways = [fasttext.exact_block, fasttext.fast_block]
    if model == "cbow":
        ways = [fasttext.exact_cbow_block, fasttext.fast_cbow_block]
    gaps = []
    for rate in (1e-2, 1e-3):
        exact, fast = (run(way, tiny, rate, group=group, length=5) for way in ways)
        moved = np.abs(exact[0] - tiny[0]).max()
        gaps.append(np.abs(exact[0] - fast[0]).max() / moved)
    assert gaps[0] < 0.3
    assert gaps[1] < max(gaps[0] / 5, 1e-3)  # what float32 leaves


# --- whole trainings ------------------------------------------------------------------------

STEMS = {
    "sea": ["wave", "ship", "sail", "reef", "port", "tide"],
    "wood": ["tree", "leaf", "bark", "root", "moss", "fern"],
}
ENDS = ["", "s", "let", "like", "ish", "ward"]


def morphology(lines=1500, seed=1):
    """Words of a stem and an ending; a line is of one side. Each stem lacks one ending."""
    rng = random.Random(seed)
    stems = [stem for side in STEMS.values() for stem in side]
    missing = {stem: ENDS[i % len(ENDS)] for i, stem in enumerate(stems)}
    text = []
    for _ in range(lines):
        side = STEMS[rng.choice(list(STEMS))]
        words = [(rng.choice(side), rng.choice(ENDS)) for _ in range(8)]
        text.append([stem + end for stem, end in words if missing[stem] != end] or ["wave"])
    return text, {stem + end: stem for stem, end in missing.items()}


def unseen_score(vectors, unseen):
    """Share of unseen words whose five nearest are of their side; chance is about 0.03."""
    side = {stem: name for name, stems in STEMS.items() for stem in stems}
    good = []
    for word, stem in unseen.items():
        near = [n.word for n in vectors.nearest(word, n=5)]
        good.append(
            all(side[name] == side[stem] for w in near for name in side if w.startswith(name))
        )
    return float(np.mean(good))


def gap_of_sides(vectors):
    """Mean cosine of two stems of one side less that of stems of two sides."""
    sea, wood = STEMS.values()
    within = [
        vectors.similarity(a, b) for some in (sea, wood) for a in some for b in some if a != b
    ]
    return np.mean(within) - np.mean([vectors.similarity(a, b) for a in sea for b in wood])


@pytest.mark.parametrize(("model", "exact"), WAYS)
@pytest.mark.parametrize("ngrams", ["hashed", "exact"])
def test_words_never_seen_stand_where_they_belong(model, exact, ngrams):
    text, unseen = morphology()
    settings = SMALL | {"model": model, "exact": exact, "exact_ngrams": ngrams == "exact"}
    untrained = FastText(**settings, epochs=1, rate=0.0).fit(text).vectors
    assert all(word not in untrained for word in unseen)
    # spelling alone brings a stem's words together, never the words of a side
    assert abs(gap_of_sides(untrained)) < 0.15
    trained = FastText(**settings, epochs=8).fit(text).vectors
    assert gap_of_sides(trained) > 0.5
    assert unseen_score(trained, unseen) > 0.9


def test_unseen_words_are_means_of_their_ngrams():
    text, unseen = morphology(300)
    fitted = FastText(**SMALL, epochs=1).fit(text)
    subwords = fitted.vectors.subwords
    word = next(iter(unseen))
    _, rows = subwords.subwords.rows([word])
    np.testing.assert_allclose(
        fitted.vectors[word], subwords.matrix[rows].mean(axis=0), rtol=1e-5, atol=1e-7
    )
    known = fitted.vectors.names[3]
    _, rows = subwords.subwords.rows([known])
    parts = np.vstack([fitted.state["words"][3], subwords.matrix[rows]])
    np.testing.assert_allclose(fitted.vectors[known], parts.mean(axis=0), rtol=1e-5, atol=1e-7)
    plain = FastText(**SMALL | {"max_n": 0, "min_n": 0}, epochs=1).fit(text)
    with pytest.raises(UnknownWordError):
        plain.vectors[word]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_every_row_starts_at_random(threads):
    """The original leaves nine tenths of the rows at zero with one thread."""
    text, _ = morphology(100)
    fitted = FastText(**SMALL | {"threads": threads}, epochs=1, rate=0.0).fit(text)
    for rows in (fitted.state["words"], fitted.vectors.subwords.matrix):
        assert (np.abs(rows).max(axis=1) > 0).all()
        assert np.abs(rows).max() <= 1 / 24


@pytest.mark.parametrize(("model", "exact"), WAYS)
def test_one_seed_gives_the_same_bits_and_a_folder_gives_them_back(model, exact, tmp_path):
    text, unseen = morphology(300)
    settings = FastText(**SMALL, model=model, exact=exact, epochs=2)
    one, two = settings.fit(text), settings.fit(text)
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.vectors.subwords.matrix, two.vectors.subwords.matrix)
    one.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    for word in (*unseen, "waves"):
        np.testing.assert_array_equal(again.vectors[word], one.vectors[word])
    np.testing.assert_array_equal(again.state["words"], one.state["words"])
    assert FastText.from_json(again.settings) == settings
    other = dataclasses.replace(settings, seed=2).fit(text)
    assert not np.array_equal(one.vectors.matrix, other.vectors.matrix)


@pytest.mark.parametrize(("model", "plain"), [("skipgram", SkipGram), ("cbow", CBOW)])
def test_without_ngrams_it_is_word2vec(model, plain):
    text, _ = morphology(300)
    shared = {"dim": 16, "min_count": 1, "threads": 1, "epochs": 2, "seed": 3}
    rest = {"rate": 0.05, "subsample": 1e-4, "noise_power": 0.5}
    one = FastText(**shared, model=model, max_n=0, min_n=0).fit(text)
    two = plain(**shared, **rest).fit(text)
    assert one.vectors.subwords is None
    # only the random start differs: twice as wide
    assert one.history[0]["pairs"] == two.history[0]["pairs"]
    assert one.history[-1]["loss"] == pytest.approx(two.history[-1]["loss"], rel=0.02)


@pytest.mark.parametrize("ngrams", ["hashed", "exact"])
def test_continued_on_more_text(ngrams, tmp_path):
    text, _ = morphology(300)
    settings = FastText(**SMALL, exact_ngrams=ngrams == "exact", epochs=2, min_ngram_count=1)
    first = settings.fit(text)
    stay = dataclasses.replace(settings, rate=0.0, epochs=1)
    more = stay.fit([["newcomer", "wave", "waves"]], continue_from=first)
    assert "newcomer" in more.vectors
    np.testing.assert_allclose(more.vectors["waves"], first.vectors["waves"], atol=1e-6)
    control = stay.fit(text)
    assert np.abs(control.vectors["waves"] - first.vectors["waves"]).max() > 1e-3
    other = dataclasses.replace(settings, max_n=5)
    with pytest.raises(SettingError, match="has max_n=6, this run max_n=5; give max_n=6"):
        other.fit(text, continue_from=first)


def test_stopped_and_resumed_equals_uninterrupted(tmp_path):
    from firth.progress import Progress
    from firth.static.checkpoints import Interrupted

    text, _ = morphology(3000)
    settings = FastText(**SMALL, epochs=3, checkpoint_every=0.0)
    whole = settings.fit(text)

    class Stop(Progress):
        def advance(self, done, **figures):
            if done > 30_000:
                raise KeyboardInterrupt

    folder = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        settings.fit(text, checkpoint=folder, progress=Stop())
    again = settings.fit(text, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(again.vectors.matrix, whole.vectors.matrix)
    np.testing.assert_array_equal(again.vectors.subwords.matrix, whole.vectors.subwords.matrix)


def test_words_that_share_ngrams_do_not_explode(monkeypatch):
    """All words alike but for two letters: what a group learns at once overshoots."""
    rng = random.Random(1)
    words = [f"transportation{a}{b}" for a in "abcdefghij" for b in "abcdefghij"]
    text = [rng.choices(words, k=30) for _ in range(600)]
    settings = FastText(**SMALL, epochs=2)
    assert settings.fit(text).history[-1]["loss"] < 5
    group = settings.matrices(encoded(text)).fixed.group
    other = [[f"{rng.random()}" for _ in range(30)] for _ in range(100)]
    assert 1 <= group < settings.matrices(encoded(other)).fixed.group / 3
    monkeypatch.setattr(fasttext, "LOAD", 1e9)
    with pytest.raises(FitError, match="The loss overflowed in epoch 1"):
        settings.fit(text)


def encoded(text):
    from firth import Corpus
    from firth.text.stream import encode

    return encode(Corpus(text), min_count=1)


# --- n-grams and settings -------------------------------------------------------------------


def test_counted_ngrams():
    words = Vocabulary(["abc", "abd", "x"], np.array([5, 2, 9]))
    found = fasttext.count_ngrams(words, 3, 3, 3)
    # <ab 7, bc> 5, abc 5, <x> 9; those of abd alone occur twice
    assert dict(zip(found, found.counts.tolist(), strict=True)) == {
        "<x>": 9, "<ab": 7, "abc": 5, "bc>": 5,
    }  # fmt: skip
    assert list(found)[:2] == ["<x>", "<ab"]
    with pytest.raises(VocabularyError, match="0 of 6 n-grams of 3 to 3 characters reached"):
        fasttext.count_ngrams(words, 3, 3, 10)


def test_parts_of_a_word():
    vocabulary = Vocabulary(["ab", "</s>", "b"], np.array([3, 2, 1]))
    offsets, rows = fasttext.parts(Subwords(3, 4, 100), vocabulary)
    assert np.diff(offsets).tolist() == [4, 1, 2]  # <ab <ab> ab> ; a line end has none ; <b>
    assert rows[offsets[:-1]].tolist() == [0, 1, 2]
    assert (rows[1:4] >= 3).all()


def test_presets():
    assert FastText().buckets == 500_000
    assert FastText(preset="original").buckets == 2_000_000
    assert FastText(preset="original", buckets=10).buckets == 10
    assert FastText(rate=0.1).rate == 0.1
    again = FastText.from_json(FastText(preset="original").to_json())
    assert again == FastText(preset="original")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_n": 5, "max_n": 3}, "min_n=5 is above max_n=3; give min_n of at most max_n"),
        ({"buckets": 0}, "buckets=0 leaves no row for the n-grams of 3 to 6 characters"),
        ({"model": "glove"}, "model='glove' is not one of skipgram, cbow"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(SettingError, match=message):
        FastText(**settings)


def test_frozen_vectors_need_rows_of_their_own():
    text, _ = morphology(50)
    given = FastText(**SMALL, epochs=1).fit(text).vectors
    with pytest.raises(SettingError, match="made of rows that words share"):
        FastText(**SMALL).fit(text, init_from=given, freeze=True)
