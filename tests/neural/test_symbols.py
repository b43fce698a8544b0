"""Words as rows of symbols, against a twin that spells one word at a time."""

import gzip
import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firth.errors import SettingError, VocabularyError
from firth.neural.symbols import Symbols

WORDS = ["the", "", "naïve", "ёлка", "北京大学", "👩‍👩‍👧", "می‌خواهم", "<unk>", "a" * 60, "ж" * 30]


def twin(symbols, word):
    """(row without padding, cut, unknown) of one word, character by character."""
    if symbols.borders and word in symbols.borders:
        mark = symbols.sentence[symbols.borders.index(word)]
        return [symbols.word[0], mark, symbols.word[1]], False, 0
    row, unknown = [], 0
    for n, character in enumerate(word):
        if symbols.unit == "byte":
            own = list(character.encode("utf-8", "surrogatepass"))
        else:
            own = [symbols.characters.find(character)]
            own = own if own[0] >= 0 else [len(symbols.characters)]
        if len(row) + len(own) > symbols.longest - 2:
            return [symbols.word[0], *row, symbols.word[1]], True, unknown
        unknown += symbols.unit == "character" and word[n] not in symbols.characters
        row += own
    return [symbols.word[0], *row, symbols.word[1]], False, unknown


def same(symbols, words):
    found = symbols.spelled(words)
    for i, word in enumerate(words):
        row, cut, unknown = twin(symbols, word)
        assert found.ids[i, : len(row)].tolist() == row
        assert (found.ids[i, len(row) :] == symbols.padding).all()
        assert found.lengths[i] == len(row)
        assert (found.cut[i], found.unknown[i]) == (cut, unknown)
    assert found.ids.shape == (len(words), max([2, *found.lengths]))
    return found


@given(
    st.lists(st.text(max_size=12), max_size=6),
    st.sampled_from(["byte", "character"]),
    st.integers(6, 14),
    st.sampled_from([None, ("<S>", "</S>")]),
)
def test_rows_are_those_of_the_twin(words, unit, longest, borders):
    known = "" if unit == "byte" else "".join(sorted(set("".join(words[::2]))))
    same(Symbols(unit, known, longest, borders), [*words, "<S>", "</S>"])


def test_the_bytes_have_the_numbers_of_the_published_model():
    symbols = Symbols(borders=("<S>", "</S>"))
    assert len(symbols) == 261 and symbols.sentence == (256, 257) and symbols.word == (258, 259)
    assert symbols.padding == 260
    found = symbols.spelled(["<S>", "né", "</S>"])
    assert found.ids.tolist() == [
        [258, 256, 259, 260, 260],
        [258, 110, 0xC3, 0xA9, 259],
        [258, 257, 259, 260, 260],
    ]
    assert found.lengths.tolist() == [3, 5, 3]
    # without borders a text may have the word
    assert Symbols().spelled(["<S>"]).lengths.tolist() == [5]


def test_a_long_word_loses_its_end_and_never_part_of_a_character():
    found = same(Symbols(), WORDS)
    assert [word for word, cut in zip(WORDS, found.cut, strict=True) if cut] == ["a" * 60, "ж" * 30]
    assert found.characters[-2:].tolist() == [48, 24]
    found = Symbols(longest=6).spelled(["жжж", "aжж", "a👩", "👩a", "abcd", "abcde"])
    assert found.cut.tolist() == [True, True, True, True, False, True]
    assert found.characters.tolist() == [2, 2, 1, 1, 4, 4]
    assert found.lengths.tolist() == [6, 5, 3, 6, 6, 6]
    assert found.summary() == {"cut": 5, "characters": 14, "unknown": 0}
    assert found.summary([0, 2, 0, 0, 9, 1]) == {"cut": 3, "characters": 44, "unknown": 0}


def test_symbols_are_learnt_from_the_text():
    symbols = Symbols.learnt(
        ["ab", "bж", "<S>"], [3, 2, 100], unit="character", borders=("<S>", ".")
    )
    assert symbols.characters == "abж" and len(symbols) == 3 + 1 + 5
    rare = Symbols.learnt(["ab", "bж"], [3, 2], unit="character", min_count=3)
    assert rare.characters == "ab"
    found = same(rare, ["bжa", "жж"])
    assert found.unknown.tolist() == [1, 2] and found.ids[1, :4].tolist() == [5, 2, 2, 6]
    assert found.summary([10, 1]) == {"cut": 0, "characters": 32, "unknown": 12}


def test_bytes_for_one_byte_scripts_characters_for_the_others(shared):
    texts = {"enwiki_a": "byte", "ru": "character", "zh": "character", "fa": "character"}
    for name, unit in texts.items():
        with gzip.open(shared / "data" / "text" / f"{name}.txt.gz", "rt", encoding="utf-8") as file:
            words = [word for line in itertools.islice(file, 200) for word in line.split()]
        symbols = Symbols.learnt(words)
        assert symbols.unit == unit, name
        assert not same(symbols, sorted(set(words))[:500]).unknown.any()


def test_the_unit_follows_the_bytes_of_a_character():
    assert Symbols.learnt(["plain", "naïve", "words"]).unit == "byte"
    assert Symbols.learnt(["слово", "plain"]).unit == "character"
    # counts decide, not types
    assert Symbols.learnt(["слово", "plain"], [1, 1000]).unit == "byte"


@pytest.mark.parametrize("symbols", [Symbols(), Symbols("character", "abж👩", 9, ("<S>", "</S>"))])
def test_they_are_stored_as_json(symbols):
    assert Symbols.of_json(json.loads(json.dumps(symbols.to_json()))) == symbols


def test_many_characters_need_wider_numbers():
    many = "".join(chr(n) for n in range(0x4E00, 0x4E00 + 200)) + "".join(
        chr(n) for n in range(0x20000, 0x20000 + 33_000)
    )
    symbols = Symbols("character", many)
    found = symbols.spelled([many[-1]])
    assert found.ids.dtype == np.int32 and found.ids[0, 1] == len(many) - 1
    assert Symbols().spelled(["a"]).ids.dtype == np.int16


def test_no_words():
    found = same(Symbols(), [])
    assert found.summary() == {"cut": 0, "characters": 0, "unknown": 0}
    assert same(Symbols("character"), ["ab"]).unknown.tolist() == [2]  # none is known


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Symbols("bytes"), SettingError, "unit='bytes' .* Did you mean 'byte'"),
        (lambda: Symbols(longest=5), SettingError, "longest=5 symbols of a word; wanted"),
        (lambda: Symbols("byte", "ab"), SettingError, "with the unit 'byte', which has none"),
        (lambda: Symbols("character", "ba"), SettingError, "must be sorted, each of them once"),
        (lambda: Symbols(borders=("a", "a")), SettingError, "wanted two different words"),
        (lambda: Symbols().spelled("the"), VocabularyError, "found the string 'the'"),
        (lambda: Symbols.learnt([]), VocabularyError, "no characters to learn from"),
        (lambda: Symbols.learnt([""]), VocabularyError, "no characters to learn from"),
        (lambda: Symbols.learnt(["a"], [1, 2]), VocabularyError, "1 words but 2 counts"),
        (lambda: Symbols.learnt(["a"], unit="word"), SettingError, "'word' is not one of auto"),
        (
            lambda: Symbols.learnt(["жж"], min_count=3),
            VocabularyError,
            "0 of 1 characters reached min_count=3; the most frequent was seen 2 times",
        ),
        (lambda: Symbols.of_json({"unit": "byte"}), SettingError, "of the model are damaged"),
        (lambda: Symbols.of_json(Symbols().to_json() | {"longest": 1}), SettingError, "longest=1"),
    ],
)
def test_what_does_not_fit_is_said(call, error, text):
    with pytest.raises(error, match=text):
        call()
