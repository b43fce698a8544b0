"""Occurrences of a word by nearness in context."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import SettingError, VocabularyError  # noqa: E402  # after importorskip
from firth.neural import contextual  # noqa: E402
from firth.neural import occurrences as module  # noqa: E402
from firth.neural.contextual import Contextual  # noqa: E402
from firth.neural.occurrences import marked_in, occurrences, shown  # noqa: E402
from neural.drawn_elmo import drawn_elmo  # noqa: E402

TEXT = [
    "he sat on the bank of the river",
    "the bank lent money",
    "",
    "Bank robbers fled",
    "the water rose above the bank",
    "nobody came",
    "a bank is a bank",
]
ASKED = "they fished from the *bank* of the river"


@pytest.fixture(scope="module")
def model():
    return Contextual(drawn_elmo(), device="cpu", threads=1)


def every(model, asked, layer, wanted):
    """(similarity, line, place) of each occurrence, the nearest first: one by one."""
    marked = marked_in(asked, model.cut)

    def vector(words, place):
        h = model.of([words])[0].astype(np.float64)
        h = h.mean(0) if layer == "average" else h[-1 if layer == "top" else layer]
        return h[place] / np.linalg.norm(h[place])

    query = vector(marked.words, marked.place)
    found = [
        (float(vector(line.split(), place) @ query), number, place)
        for number, line in enumerate(TEXT, 1)
        for place, word in enumerate(line.split())
        if wanted(word)
    ]
    return sorted(found, key=lambda one: -one[0])


@pytest.mark.parametrize("layer", ["top", "average", 0, 1])
@pytest.mark.parametrize("any_word", [False, True])
@pytest.mark.parametrize("chunk", [1, 10, 1000])
def test_the_nearest_are_those_of_all(model, monkeypatch, layer, any_word, chunk):
    monkeypatch.setattr(contextual, "CHUNK", chunk)
    found = occurrences(model, ASKED, TEXT, n=4, layer=layer, any_word=any_word)
    wanted = every(model, ASKED, layer, lambda word: any_word or word.lower() == "bank")
    assert found.seen == len(wanted)
    assert found.lines == len(TEXT)
    near = [one.similarity for one in found.occurrences]
    assert near == pytest.approx([one[0] for one in wanted[:4]], abs=1e-5)
    if layer:  # of the spelling alone many are equally near
        assert [(one.line, one.place) for one in found.occurrences] == [
            one[1:] for one in wanted[:4]
        ]


def test_equally_near_ones_stand_as_in_the_text(model):
    found = occurrences(model, ASKED, TEXT, n=10, layer=0)
    assert [(one.line, one.place) for one in found.occurrences][:5] == [
        (1, 4), (2, 1), (5, 5), (7, 1), (7, 4),
    ]  # fmt: skip
    # another spelling, and the same word
    assert found.occurrences[-1].word == "Bank"


def test_each_sentence_counts_once_and_the_one_asked_with_not_at_all(model):
    asked = TEXT[0].replace("bank", "*bank*")
    found = occurrences(model, asked, [*TEXT, TEXT[1]], n=20)
    assert [one.line for one in found.occurrences].count(2) == 1
    assert {one.line for one in found.occurrences} == {2, 4, 5, 7}


def test_only_so_many_sentences(model):
    found = occurrences(model, ASKED, TEXT, limit=2)
    assert {one.line for one in found.occurrences} == {1, 2}
    assert found.lines == 2


def test_how_it_is_shown(model):
    (best,) = occurrences(model, ASKED, TEXT[1:2]).occurrences
    assert best.shown() == "the *bank* lent money"
    assert best.to_json() == {
        "similarity": best.similarity,
        "line": 1,
        "place": 1,
        "word": "bank",
        "sentence": "the *bank* lent money",
    }
    words = list("abcdefg")
    assert shown(words, 3, 2) == "… b c *d* e f …"
    assert shown(words, 0, 2) == "*a* b c …"
    assert shown(words, 6, 6) == "a b c d e f *g*"


def test_a_line_that_is_too_long_is_several(model, monkeypatch):
    """Its number stays, and the place of the word in it; what is shown is a piece."""
    monkeypatch.setattr(contextual, "LONGEST", 6)
    monkeypatch.setattr(module, "LONGEST", 6)
    text = ["a bank", "we saw the river and then all the bank of it rose"]
    found = occurrences(model, ASKED, text)
    assert (found.seen, found.lines, found.cut) == (2, 2, 1)
    (long,) = (one for one in found.occurrences if one.line == 2)
    assert long.shown() == "all the *bank* of it rose"
    assert (long.start, long.place, long.to_json()["place"]) == (6, 2, 8)
    # its vector is that of the piece alone
    alone = occurrences(model, ASKED, [long.words]).occurrences[0]
    assert alone.similarity == pytest.approx(long.similarity, abs=1e-6)


def test_lists_of_words_are_taken_as_they_are(model):
    found = occurrences(model, ASKED, [["the", "bank", "of two words"]])
    assert found.occurrences[0].words == ("the", "bank", "of two words")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("the bank", "marks no word; put one between asterisks"),
        ("the ** bank", "marks no word;"),
        ("the * * bank", "marks no word;"),
        ("2 * 3", "marks no word;"),
        ("the **** bank", "marks no word;"),
        ("the *bank* of the *river*", "marks more than one word"),
        ("the *bank of*", r"'bank of' is 2 words to this model \('bank' 'of'\)"),
    ],
)
def test_what_is_not_marked(model, asked, said):
    with pytest.raises(SettingError, match=said):
        occurrences(model, asked, TEXT)


def test_a_word_that_does_not_occur(model):
    with pytest.raises(VocabularyError, match="'apple' does not occur in the 7 lines .*--any-word"):
        occurrences(model, "an *apple*", TEXT)
    assert occurrences(model, "an *apple*", TEXT, any_word=True).occurrences


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 0}, "n=0 is out of range"),
        ({"limit": 0}, "limit=0 is out of range"),
        ({"layer": "all"}, "layer='all'; wanted one of them"),
        ({"layer": 3}, "from 0 .* to 2"),
    ],
)
def test_settings_out_of_range(model, given, said):
    with pytest.raises(SettingError, match=said):
        occurrences(model, ASKED, TEXT, **given)
