"""Text from a language model: what is drawn, and what is printed of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import Corpus, LanguageModel  # noqa: E402  # after importorskip
from firth.errors import SettingError  # noqa: E402
from firth.neural.generate import drawn, generate, kept, until  # noqa: E402
from firth.neural.scoring import Scorer  # noqa: E402

TEXT = ["the cat sat on the mat", "a dog ran", "the dog saw a cat", "今天 天气 好"] * 10
SMALL = {
    "preset": "tiny", "dim": 12, "units": 16, "epochs": 3, "batch_size": 4, "bptt": 6, "rate": 0.02,
    "threads": 1, "device": "cpu", "pieces": 300,
}  # fmt: skip


@pytest.fixture(scope="module", params=["word", "character", "subword"])
def scorer(request):
    model = LanguageModel(**SMALL, unit=request.param)
    return Scorer(model.fit(Corpus(TEXT, tokenizer="whitespace")), threads=1)


@pytest.fixture(scope="module")
def words():
    return Scorer(LanguageModel(**SMALL).fit(Corpus(TEXT, tokenizer="whitespace")), threads=1)


# --- one unit ----------------------------------------------------------------------------------

P = np.array([0.5, 0.0, 0.25, 0.15, 0.1])


def kept_of(**changes):
    plain = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} | changes
    with np.errstate(divide="ignore"):
        units, p = kept(np.log(P), **plain)
    return dict(zip(units.tolist(), p.round(6).tolist(), strict=True))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {0: 0.5, 2: 0.25, 3: 0.15, 4: 0.1}),
        ({"top_k": 2}, {0: 0.666667, 2: 0.333333}),
        ({"top_k": 100}, {0: 0.5, 2: 0.25, 3: 0.15, 4: 0.1}),
        ({"top_p": 0.6}, {0: 0.666667, 2: 0.333333}),
        ({"top_p": 0.75}, {0: 0.666667, 2: 0.333333}),
        ({"top_p": 0.76}, {0: 0.555556, 2: 0.277778, 3: 0.166667}),
        ({"top_p": 1e-9}, {0: 1.0}),
        ({"temperature": 0.5, "top_k": 2}, {0: 0.8, 2: 0.2}),
        ({"temperature": 1e-6}, {0: 1.0, 2: 0.0, 3: 0.0, 4: 0.0}),
        # among the two that are kept there is all the probability top_p shares out
        ({"top_k": 2, "top_p": 0.6}, {0: 1.0}),
    ],
    ids=str,
)
def test_what_is_kept(changes, expected):
    assert kept_of(**changes) == expected


def test_units_are_drawn_as_often_as_they_are_probable():
    draw = np.random.default_rng(1)
    with np.errstate(divide="ignore"):
        log_p = np.log(P)
    n = 4000
    counts = np.bincount([drawn(log_p, 1.0, 0, 1.0, draw) for _ in range(n)], minlength=5)
    # four standard deviations
    assert np.all(np.abs(counts / n - P) <= 4 * np.sqrt(P * (1 - P) / n))
    assert counts[1] == 0
    # negative control: at another temperature they are not
    counts = np.bincount([drawn(log_p, 0.5, 0, 1.0, draw) for _ in range(n)], minlength=5)
    assert counts[0] / n > P[0] + 0.1
    assert drawn(log_p, 0.0, 0, 1.0, draw) == 0


# --- a text ------------------------------------------------------------------------------------


def text_of(model, prompt="", **changes):
    return "".join(generate(model, prompt, **changes))


def test_one_seed_one_text(scorer):
    one, two, three = (text_of(scorer, length=40, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != three
    assert text_of(scorer, length=0) == ""
    assert text_of(scorer, length=40, seed=1).startswith(text_of(scorer, length=7, seed=1))


def test_greedy_takes_the_best_unit_each_time(scorer):
    names = []
    pieces = list(generate(scorer, "the", length=6, temperature=0))
    given = scorer.prompt_ids("the").tolist()
    join = scorer.reader.joiner("the")
    for piece in pieces:
        log_p, _ = scorer.advance(given)  # from the beginning, no state carried
        log_p[scorer.reader.unknown] = -np.inf
        given.append(int(log_p.argmax()))
        names.append(scorer.reader.vocabulary[given[-1]])
        assert piece == join(names[-1])
    assert text_of(scorer, "the", length=6, top_k=1, seed=3) == "".join(pieces)


def test_the_prompt_is_read(words):
    after_the, after_a = (words.distribution(prompt) for prompt in ("the", "a"))
    assert not np.allclose(after_the, after_a)
    assert text_of(words, "the", length=1, seed=1)[0] == " "
    assert text_of(words, "the ", length=1, seed=1)[0] != " "
    assert text_of(words, "", length=1, seed=1)[0] != " "


def test_unknown_is_written_only_if_it_may_be():
    text = Corpus(["a <unk> <unk> b"] * 30, tokenizer="whitespace")
    scorer = Scorer(LanguageModel(**SMALL).fit(text), threads=1)
    assert "<unk>" in text_of(scorer, length=40, seed=1, unknown=True)
    assert "<unk>" not in text_of(scorer, length=40, seed=1)


def test_it_stops(words):
    whole = text_of(words, "the", length=60, seed=4)
    assert "\n" in whole
    first_line = whole.partition("\n")[0]
    assert text_of(words, "the", length=60, seed=4, stop="\n") == first_line
    assert text_of(words, "the", length=60, seed=4, stop=["no such text", "\n"]) == first_line
    assert text_of(words, "the", length=60, seed=4, stop="no such text") == whole


def test_a_fitted_model_will_do():
    fitted = LanguageModel(**SMALL).fit(Corpus(TEXT, tokenizer="whitespace"))
    assert text_of(fitted, length=5, seed=1) == text_of(Scorer(fitted), length=5, seed=1)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text("ab", max_size=3), max_size=8),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_stops_are_found_across_pieces(pieces, stops):
    found = list(until(iter(pieces), stops))
    whole = "".join(pieces)
    # the piece with which the first of them is complete ends it
    for n in range(len(pieces) + 1):
        places = [whole[: sum(map(len, pieces[:n]))].find(stop) for stop in stops]
        ends = [place for place in places if place >= 0]
        if ends:
            assert "".join(found) == whole[: min(ends)]
            break
    else:
        assert "".join(found) == whole


def test_what_cannot_begin_a_stop_comes_at_once():
    given_so_far = []

    def pieces():
        for piece in ["the", " cat", " sat", " on"]:
            given_so_far.append(piece)
            yield piece

    stream = until(pieces(), [" sat on"])
    assert next(stream) == "the"
    assert given_so_far == ["the"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"length": -1}, "length=-1 is out of range; wanted at least 0"),
        ({"temperature": -0.5}, "temperature=-0.5 is out of range"),
        ({"temperature": float("nan")}, "temperature=nan is out of range"),
        ({"top_k": -1}, "top_k=-1 is out of range"),
        ({"top_p": 0.0}, "top_p=0.0 is out of range; wanted above 0, at most 1"),
        ({"top_p": 1.5}, "top_p=1.5 is out of range"),
        ({"stop": ""}, "stop='' would end any text"),
    ],
)
def test_bad_values(words, changes, said):
    with pytest.raises(SettingError, match=said):
        generate(words, **changes)  # at once, not when the first piece is asked for


@pytest.mark.parametrize("language", ["zh", "ru", "fa"])
def test_scripts(shared, language):
    """Trained a moment on real text of other scripts, it writes in them."""
    import gzip

    with gzip.open(shared / "data" / "text" / f"{language}.txt.gz", "rt", encoding="utf-8") as file:
        lines = [next(file).strip()[:200] for _ in range(40)]
    fitted = LanguageModel(**(SMALL | {"epochs": 1}), unit="character").fit(lines)
    text = text_of(fitted, lines[0][:5], length=200, seed=1)
    ranges = {"zh": ("\u4e00", "\u9fff"), "ru": ("\u0400", "\u04ff"), "fa": ("\u0600", "\u06ff")}
    first, last = ranges[language]
    assert sum(first <= letter <= last for letter in text) > 60
    found = Scorer(fitted, threads=1).perplexity(lines)
    assert found.perplexity < len(fitted.vocabulary) / 2
    assert found.bits_per_byte < found.bits_per_character
