"""Raw text as words and signs, and where each stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firth.text.raw_tokens import cut


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("", []),
        ("  \t ", []),
        ("He can't eat, Mr. Smith!", "He|can't|eat|,|Mr|.|Smith|!"),
        ("(U.S.) paid $3.50...", "(|U.S|.|)|paid|$|3.50|..."),
        ("wait -- what?!", "wait|--|what|?|!"),
        ("«Слон» ушёл.", "«|Слон|»|ушёл|."),
        ("کتاب، قلم", "کتاب|،|قلم"),
        ("北京。", "北|京|。"),
        ("naïve e\u0301te\u0301", "naïve|e\u0301te\u0301"),
        ("two\nlines", "two|lines"),
    ],
)
def test_examples(line, tokens):
    wanted = tokens.split("|") if tokens else []
    assert cut([line])[0].tokens == wanted


def test_lines_do_not_mix():
    lines = ["Eins, zwei", "", "дом.", "last"]
    assert cut(lines) == [cut([line])[0] for line in lines]
    assert cut([]) == []


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30), max_size=4))
def test_every_character_but_white_space_is_in_one_token(lines):
    lines = [line.replace("\r", " ") for line in lines]
    for line, (tokens, starts, stops) in zip(lines, cut(lines), strict=True):
        flat = line.replace("\n", " ")
        assert tokens == [flat[a:b] for a, b in zip(starts, stops, strict=True)]
        edges = [edge for pair in zip(starts, stops, strict=True) for edge in pair]
        assert edges == sorted(edges) and all(tokens)
        covered = {i for a, b in zip(starts, stops, strict=True) for i in range(a, b)}
        left = [c for i, c in enumerate(flat) if i not in covered and not c.isspace()]
        assert left == []
