"""One body for every model, objective and way: what must hold of each."""

import dataclasses

import numpy as np
import pytest

from firth import CBOW, FastText, SkipGram, load
from firth.errors import FitError, SettingError, VocabularyError
from firth.static.window_model import OBJECTIVES
from static.worlds import checkerboard, checkerboard_score, paradigm_score, paradigms

MODELS = [
    pytest.param(kind, {"objective": objective, "exact": exact}, id=f"{name}-{objective}-{way}")
    for name, kind in (("skipgram", SkipGram), ("cbow", CBOW))
    for objective in OBJECTIVES
    for exact, way in ((False, "fast"), (True, "exact"))
]
MODELS += [
    pytest.param(
        FastText,
        {"model": model, "exact": exact, "buckets": 300, "min_n": 1, "max_n": 3},
        id=f"fasttext-{model}-{way}",
    )
    for model in ("skipgram", "cbow")
    for exact, way in ((False, "fast"), (True, "exact"))
]
SMALL = {"dim": 24, "window": 3, "min_count": 1, "subsample": 0.0, "threads": 1, "epochs": 12}


@pytest.fixture(scope="module")
def board():
    return checkerboard()


@pytest.mark.parametrize(("kind", "way"), MODELS)
def test_solves_the_checkerboard(kind, way, board):
    untrained = kind(**SMALL | way | {"rate": 0.0, "epochs": 1}).fit(board)
    assert checkerboard_score(untrained.vectors) < 0.2
    fitted = kind(**SMALL | way | {"rate": 0.05}).fit(board)
    assert checkerboard_score(fitted.vectors) == 1
    assert np.isfinite(fitted.vectors.matrix).all()
    losses = [entry["loss"] for entry in fitted.history]
    assert len(losses) == 12
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("kind", "way"), MODELS[:2] + MODELS[8:10])
def test_finds_interchangeable_words(kind, way):
    lines = paradigms()
    untrained = kind(**SMALL | way | {"rate": 0.0, "epochs": 1}).fit(lines)
    assert paradigm_score(untrained.vectors) < 0.2
    fitted = kind(**SMALL | way | {"rate": 0.05}).fit(lines)
    assert paradigm_score(fitted.vectors) > 0.9


@pytest.mark.parametrize(("kind", "way"), MODELS)
def test_one_thread_and_one_seed_give_the_same_bits(kind, way, board):
    model = kind(**SMALL | way | {"epochs": 2})
    one, two = model.fit(board), model.fit(board)
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.state["output"], two.state["output"])
    assert [e["loss"] for e in one.history] == [e["loss"] for e in two.history]
    other = dataclasses.replace(model, seed=2).fit(board)
    assert not np.array_equal(one.vectors.matrix, other.vectors.matrix)


@pytest.mark.parametrize(("kind", "way"), MODELS)
def test_save_and_load_are_equal(kind, way, board, tmp_path):
    fitted = kind(**SMALL | way | {"epochs": 1}).fit(board)
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == fitted.kind
    assert again.vectors.names == fitted.vectors.names
    np.testing.assert_array_equal(again.vectors.matrix, fitted.vectors.matrix)
    np.testing.assert_array_equal(again.state["output"], fitted.state["output"])
    assert again.settings == fitted.settings
    assert again.history == fitted.history
    assert kind.from_json(again.settings) == kind(**SMALL | way | {"epochs": 1})


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_fast_equals_exact_in_loss_and_quality(kind, objective, board):
    """After equal work: losses within a few per cent, the same world solved."""
    settings = SMALL | {"objective": objective, "epochs": 5, "rate": 0.025}
    fast = kind(**settings).fit(board)
    exact = kind(**settings, exact=True).fit(board)
    assert fast.history[-1]["loss"] == pytest.approx(exact.history[-1]["loss"], rel=0.06)
    assert fast.history[-1]["pairs"] == pytest.approx(exact.history[-1]["pairs"], rel=0.02)


# a value for each setting that must change what comes out, or is explained
FLOW = {
    "dim": 20, "window": 1, "min_count": 5, "max_size": 4, "epochs": 1,
    "objective": "softmax", "negatives": 1, "noise_power": 0.1, "subsample": 0.01,
    "shrink_windows": False, "rate": 0.01, "seed": 5, "exact": True, "shared": 8, "chunk": 2,
    "cbow_update": "exact",
}  # fmt: skip
#: these change how, not what: they have tests of their own
NOT_SEEN = {"threads", "checkpoint_every", "patience", "samples"}


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
def test_every_setting_arrives(kind, board):
    lines = [*board[:100], ["rare", "w0", "w1", "w2"]]
    settings = SMALL | {"epochs": 2}
    plain = kind(**settings).fit(lines)
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields <= FLOW.keys() | NOT_SEEN
    for name in fields - NOT_SEEN:
        changed = kind(**settings | {name: FLOW[name]}).fit(lines)
        same = np.array_equal(changed.vectors.matrix, plain.vectors.matrix)
        assert not same, name
    sampled = settings | {"objective": "sampled-softmax"}
    few, many = (kind(**sampled, samples=n).fit(lines) for n in (2, 30))
    assert not np.array_equal(few.vectors.matrix, many.vectors.matrix)


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
def test_two_threads_solve_it_too(kind, board):
    fitted = kind(**SMALL | {"threads": 2, "rate": 0.05}).fit(board * 8)
    assert checkerboard_score(fitted.vectors) == 1


def test_two_words_and_one_word_repeated():
    """A vocabulary of two words trains and stays finite."""
    lines = [["a", "b", "a", "a", "b"] * 200] * 20
    for rate in (0.025, 0.1):
        fitted = SkipGram(**SMALL | {"rate": rate}).fit(lines)
        assert np.isfinite(fitted.vectors.matrix).all()
    with pytest.raises(VocabularyError, match="holds one word, 'a'"):
        SkipGram(min_count=1).fit([["a"] * 1_000_000])
    with pytest.raises(VocabularyError, match="No line of the corpus holds two"):
        SkipGram(min_count=1).fit([["a"], ["b"]])


def test_overflow_is_an_error_that_says_what_to_lower(board):
    with pytest.raises(FitError, match=r"overflowed in epoch 1 at learning rate .* lower --rate"):
        CBOW(**SMALL | {"rate": 1e30, "chunk": 1}).fit(board)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("dim", 0, "dim=0 is out of range; wanted a whole number of at least 1"),
        ("window", -1, "window=-1 is out of range"),
        ("objective", "softmx", "Did you mean 'softmax'"),
        ("epochs", "many", "epochs='many' cannot be used; wanted a whole number"),
        ("rate", float("nan"), "rate=nan is out of range"),
    ],
)
def test_settings_out_of_range(name, value, text):
    with pytest.raises(SettingError, match=text):
        SkipGram(**{name: value})
