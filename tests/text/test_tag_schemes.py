"""Schemes of tags: every round trip, every short sequence, and what breaks a scheme."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError, VocabularyError
from firth.text.tag_schemes import (
    SCHEMES,
    Span,
    breaches,
    check,
    converted,
    may_follow,
    parts,
    scheme_named,
    scheme_of,
    spans,
    tag_set,
    tags,
    transitions,
    written,
)

TABLE = {
    "IO": "I-ORG O I-PER O I-LOC I-LOC I-LOC",
    "IOB1": "I-ORG O I-PER O I-LOC I-LOC B-LOC",
    "IOB2": "B-ORG O B-PER O B-LOC I-LOC B-LOC",
    "IOBES": "S-ORG O S-PER O B-LOC E-LOC S-LOC",
    "BILOU": "U-ORG O U-PER O B-LOC L-LOC U-LOC",
    "BMES": "S-ORG O S-PER O B-LOC E-LOC S-LOC",
}
#: schemes that tell spans apart
TELLING = ["IOB1", "IOB2", "IOBES", "BILOU", "BMES"]
SPANS = [Span("ORG", 0, 1), Span("PER", 2, 3), Span("LOC", 4, 6), Span("LOC", 6, 7)]


@st.composite
def sentences_of_spans(draw, labels=("A", "B-C", "", "é")):
    """(spans in order, tokens): some touch, some do not."""
    found, at = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start = at + draw(st.integers(0, 2))
        at = start + draw(st.integers(1, 4))
        found.append(Span(draw(st.sampled_from(labels)), start, at))
    return found, at + draw(st.integers(0, 2))


#: those of the schemes that have others
LETTERS = {"BILOU": "BILU", "BMES": "BMES"}


def all_sequences(labels, length, letters="BIES"):
    every = ["O"] + [written(letter, label) for label in labels for letter in letters]
    return itertools.product(every, repeat=length)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_table(scheme):
    assert tags(SPANS, 7, scheme) == TABLE[scheme].split()
    merged = [*SPANS[:2], Span("LOC", 4, 7)]
    assert spans(TABLE[scheme].split(), scheme) == (merged if scheme == "IO" else SPANS)


@given(sentences_of_spans(), st.sampled_from(TELLING))
@settings(deadline=None)
def test_spans_come_back(case, scheme):
    wanted, length = case
    sequence = tags(wanted, length, scheme)
    assert len(sequence) == length
    assert breaches(sequence, scheme) == []
    assert spans(sequence, scheme) == spans(sequence) == wanted
    assert tags(reversed(wanted), length, scheme) == sequence


@given(
    sentences_of_spans(),
    st.sampled_from(TELLING),
    st.sampled_from(TELLING),
)
@settings(deadline=None)
def test_schemes_there_and_back(case, one, other):
    sequence = tags(*case, one)
    there = converted(sequence, one, other)
    assert converted(there, other, one) == sequence
    assert there == tags(*case, other)


@given(sentences_of_spans())
@settings(deadline=None)
def test_io_loses_only_where_two_touch(case):
    wanted, length = case
    sequence = tags(wanted, length, "IO")
    assert breaches(sequence, "IO") == []
    apart = all(a.stop < b.start or a.label != b.label for a, b in itertools.pairwise(wanted))
    assert (spans(sequence, "IO") == wanted) == apart
    again = spans(sequence)
    assert spans(tags(again, length, "IO")) == again


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_breach_is_what_the_scheme_can_write(scheme):
    """All sequences of two labels: those without a breach are those that spans are written as."""
    sound = set()
    for length in range(5):
        for sequence in all_sequences("XY", length, LETTERS.get(scheme, "BIES")):
            repaired = converted(sequence, None, scheme)
            assert breaches(repaired, scheme) == []
            if not breaches(sequence, scheme):
                sound.add(sequence)
                assert list(sequence) == repaired
    # negative control: most sequences are broken
    assert len(sound) < 9**4 / 3


def test_a_beginning_that_iob1_does_not_need():
    """IOB1 as conlleval's data has it: B- only between two spans of one label."""
    assert breaches(["B-X", "I-X"], "IOB1") == [0]
    assert breaches(["I-Y", "B-X"], "IOB1") == [1]
    assert breaches(["I-X", "B-X", "B-X"], "IOB1") == []


def read_by_walking(sequence):
    """conlleval's two tables of letters, with S, pair by pair."""
    ends = {"BB", "BS", "BO", "IB", "IS", "IO", "EE", "EI", "EO", "ES", "EB", "SE", "SI", "SO"}
    ends |= {"SS", "SB"}
    starts = {"BB", "IB", "OB", "SB", "EB", "BS", "IS", "OS", "SS", "ES", "OI", "SI", "EI"}
    starts |= {"SE", "EE", "OE"}
    found, start = [], None
    previous, previous_label = "O", ""
    for i, tag in enumerate([*sequence, "O"]):
        letter, label = tag[0], tag[2:]
        changed = label != previous_label
        if previous + letter in ends or (previous != "O" and changed):
            found.append(Span(previous_label, start, i))
        if previous + letter in starts or (letter != "O" and changed):
            start = i
        previous, previous_label = letter, label
    return found


def test_any_tags_are_read_as_conlleval_reads_them():
    for length in range(5):
        for sequence in all_sequences("XY", length):
            assert spans(sequence) == read_by_walking(sequence)
    for sequence in all_sequences([""], 5):
        assert spans(sequence) == read_by_walking(sequence)


@given(st.lists(st.sampled_from(["O", *(f"{letter}-{x}" for letter in "BIES" for x in "XYZ")])))
@settings(deadline=None)
def test_spans_cover_what_is_not_o(sequence):
    found = spans(sequence)
    inside = {i for _, start, stop in found for i in range(start, stop)}
    assert inside == {i for i, tag in enumerate(sequence) if tag != "O"}
    assert all(parts(sequence[i])[1] == span.label for span in found for i in range(*span[1:]))
    for scheme in TELLING:
        assert spans(converted(sequence, None, scheme), scheme) == found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_transitions_allow_exactly_what_has_no_breach(scheme):
    every = tag_set(["X", "Y"], scheme)
    start, end, pairs = transitions(every, scheme)
    assert start.shape == end.shape == (len(every),)
    assert pairs.shape == (len(every), len(every))
    for length in range(1, 4):
        for numbers in itertools.product(range(len(every)), repeat=length):
            path = all(pairs[i, j] for i, j in itertools.pairwise(numbers))
            allowed = start[numbers[0]] and end[numbers[-1]] and path
            assert allowed == (not breaches([every[i] for i in numbers], scheme))
    assert (scheme == "IO") == bool(pairs.all())
    # no dead ends: whatever the tag, the sentence can go on
    assert pairs.any(1).all() and pairs.any(0).all() and start[0] and end[0]


def test_transitions_of_a_few_tags():
    start, end, pairs = transitions(["O", "B-X", "I-X"], "IOB2")
    assert start.tolist() == [True, True, False]
    assert end.tolist() == [True, True, True]
    assert pairs.tolist() == [[True, True, False], [True, True, True], [True, True, True]]
    start, end, pairs = transitions(["O", "B-X", "I-X", "E-X", "S-X"], "BIOES")
    assert start.tolist() == [True, True, False, False, True]
    assert end.tolist() == [True, False, False, True, True]
    assert np.flatnonzero(pairs[1]).tolist() == np.flatnonzero(pairs[2]).tolist() == [2, 3]
    # a scheme's own letters only: E- is none of IOB2
    assert not transitions(["O", "E-X"], "IOB2").pairs[:, 1].any()
    assert transitions([], "IOB2").pairs.shape == (0, 0)


def test_the_set_of_tags():
    assert tag_set(["P", "L", "P"], "bio") == ["O", "B-L", "I-L", "B-P", "I-P"]
    assert tag_set(["L"], "BIOES") == ["O", "B-L", "I-L", "E-L", "S-L"]
    assert tag_set([], "IO") == ["O"]
    assert tag_set([""], "IO") == ["O", "I"]


@pytest.mark.parametrize(
    ("sentences", "found"),
    [
        (["B-X I-X O", "B-Y"], ("IOB2", 0)),
        (["I-X I-X O", "I-Y B-Y"], ("IOB1", 0)),
        (["I-X I-X O"], ("IOB1", 0)),  # IO says the same
        (["B-X E-X O S-Y"], ("IOBES", 0)),
        (["S-X"], ("IOBES", 0)),
        (["B-X I-X L-X O U-Y"], ("BILOU", 0)),
        (["U-Y"], ("BILOU", 0)),
        (["B-X M-X E-X O S-Y"], ("BMES", 0)),
        (["B-X L-X"] * 9 + ["L-X"], ("BILOU", 1)),
        (["O O"], ("IOB2", 0)),
        ([], ("IOB2", 0)),
        (["B-X I-X"] * 9 + ["I-X"], ("IOB2", 1)),
        (["I-X O I-X"] * 9 + ["O B-X"], ("IOB1", 1)),
    ],
)
def test_which_scheme_tags_have(sentences, found):
    assert scheme_of(sentence.split() for sentence in sentences) == found


def test_names_of_schemes():
    names = ["bio", "IOB2", "iob", "IOB1", "BIOES", "iobes", "io", "bilou", "BIOUL", "bmes"]
    wanted = ["IOB2", "IOB2", "IOB1", "IOB1", "IOBES", "IOBES", "IO", "BILOU", "BILOU", "BMES"]
    assert [scheme_named(name) for name in names] == wanted
    with pytest.raises(SettingError, match="scheme='BILOS' is not one of IO, IOB1.*'BILOU"):
        scheme_named("BILOS")
    for use in (lambda: spans(["O"], "X"), lambda: tags([], 1, "X"), lambda: tag_set([], "X")):
        with pytest.raises(SettingError, match="is not one of"):
            use()


def test_bilou_and_bmes_are_iobes_in_other_letters():
    iobes = ["B-X", "I-X", "E-X", "O", "S-Y"]
    for scheme, sequence in (("BILOU", "B-X I-X L-X O U-Y"), ("BMES", "B-X M-X E-X O S-Y")):
        sequence = sequence.split()
        assert spans(sequence, scheme) == spans(sequence) == spans(iobes)
        assert converted(sequence, scheme, "IOBES") == iobes
        assert converted(iobes, "IOBES", scheme) == sequence
        # each keeps to its letters
        with pytest.raises(VocabularyError, match="which IOBES does not allow"):
            check(sequence, "IOBES")
        with pytest.raises(VocabularyError, match=f"which {scheme} does not allow"):
            check(iobes, scheme)


def test_labels_may_hold_hyphens():
    assert parts("B-A-1") == ("B", "A-1")
    assert written("B", "A-1") == "B-A-1"
    assert parts("I") == parts("I-") == ("I", "")
    assert written("I", "") == "I"


@pytest.mark.parametrize("tag", ["NN", "X-PER", "", "-", "b-PER", "O-PER", "PER", "BPER", "_"])
def test_what_is_no_tag(tag):
    for use in (spans, scheme_of_one, lambda tags: breaches(tags, "IO")):
        with pytest.raises(
            VocabularyError, match="is no tag of a span; wanted O, or B-, I-"
        ) as said:
            use(["O", tag])
        assert repr(tag) in str(said.value)


def scheme_of_one(sequence):
    return scheme_of([sequence])


@pytest.mark.parametrize(
    ("sequence", "scheme", "text"),
    [
        ("I-X O", "BIO", "Tag 1 of 2, 'I-X', begins the sentence, which IOB2 does not allow;"),
        ("O I-X", "IOB2", "Tag 2 of 2, 'I-X', stands behind 'O', which IOB2 does not allow;"),
        ("B-X E-X", "IOB2", "Tag 2 of 2 is 'E-X', which IOB2 does not allow;"),
        ("S-X B-X", "IOBES", "The sentence ends with 'B-X', which IOBES does not allow;"),
        (
            "I-X I-X",
            "IOBES",
            "Tag 1 of 2, 'I-X', begins the sentence, which IOBES does not allow (and",
        ),
        ("O B-X", "IOB1", "Tag 2 of 2, 'B-X', stands behind 'O', which IOB1 does not allow;"),
        ("B-X", "IO", "Tag 1 of 1 is 'B-X', which IO does not allow;"),
    ],
)
def test_tags_that_break_the_scheme(sequence, scheme, text):
    sequence = sequence.split()
    with pytest.raises(VocabularyError) as said:
        spans(sequence, scheme)
    assert str(said.value).startswith(text)
    assert "name the scheme that the tags have" in str(said.value)
    with pytest.raises(VocabularyError):
        converted(sequence, scheme, "IOBES")
    assert converted(sequence, None, "IOBES")  # repaired without a word


def test_an_error_says_the_place_first():
    with pytest.raises(VocabularyError, match="^t.txt, line 7: tag 1 of 1, 'I-X', begins"):
        check(["I-X"], "BIO", "t.txt, line 7")
    check(["B-X"], "BIO", "t.txt, line 7")
    check([], "BIO")


@pytest.mark.parametrize(
    ("broken", "scheme", "repaired"),
    [
        ("I-X I-X O I-Y I-X", "IOB2", "B-X I-X O B-Y B-X"),
        ("B-X I-Y O", "IOBES", "S-X S-Y O"),
        ("B-X O", "IOBES", "S-X O"),
        ("E-X E-X", "IOBES", "S-X S-X"),
        ("E-X E-X", "IOB1", "I-X B-X"),
        ("B-X I-X B-X", "IOBES", "B-X E-X S-X"),
        ("S-X I-X", "IOBES", "S-X S-X"),
        ("B-X B-X", "IO", "I-X I-X"),
    ],
)
def test_repairs(broken, scheme, repaired):
    """What conlleval makes of broken tags, written in a scheme."""
    assert converted(broken.split(), None, scheme) == repaired.split()


def test_spans_that_cannot_be_written():
    for bad in [("X", -1, 1), ("X", 1, 1), ("X", 2, 1), ("X", 2, 4)]:
        with pytest.raises(SettingError, match="does not lie in a sentence of 3 tokens; wanted 0"):
            tags([Span(*bad)], 3, "BIO")
    with pytest.raises(SettingError, match="The span 'Y' from 1 to 3 begins before 2, where"):
        tags([Span("Y", 1, 3), Span("X", 0, 2)], 3, "BIO")


def test_a_long_sentence_and_none():
    for scheme in SCHEMES:
        assert tags([], 0, scheme) == [] == spans([], scheme)
        assert spans(tags([Span("X", 0, 5000)], 5000, scheme), scheme) == [Span("X", 0, 5000)]


def test_may_follow_at_the_edges():
    assert may_follow(None, None, "IOBES")
    assert not may_follow("B-X", None, "IOBES")
    assert not may_follow(None, "I-X", "IOB2")


@pytest.mark.parametrize(
    ("path", "column", "scheme", "wanted", "number"),
    [
        # Tjong Kim Sang & Buchholz 2000; Tjong Kim Sang & De Meulder 2003, tables 1 and 2
        ("conll2000/test.txt.gz", 2, "IOB2", {"NP": 12422, "VP": 4658, "PP": 4811}, 23852),
        ("conll2000/train.txt.gz", 2, "IOB2", {"NP": 55081}, 106978),
        (
            "conll2003/train.txt.gz",
            3,
            "IOB1",
            {"LOC": 7140, "MISC": 3438, "ORG": 6321, "PER": 6600},
            23499,
        ),
        (
            "conll2003/dev.txt.gz",
            3,
            "IOB1",
            {"LOC": 1837, "MISC": 922, "ORG": 1341, "PER": 1842},
            5942,
        ),
        (
            "conll2003/test.txt.gz",
            3,
            "IOB1",
            {"LOC": 1668, "MISC": 702, "ORG": 1661, "PER": 1617},
            5648,
        ),
    ],
)
def test_published_numbers_of_spans(shared, path, column, scheme, wanted, number):
    from collections import Counter

    from firth.text.tagged import Tagged

    sentences = list(Tagged(shared / "data/tag" / path, columns=f"0:{column}"))
    assert scheme_of(sentence.tags for sentence in sentences) == (scheme, 0)
    counts = Counter(span.label for one in sentences for span in spans(one.tags, scheme))
    assert counts.total() == number
    assert {label: counts[label] for label in wanted} == wanted
    for _, sequence in sentences[:500]:
        assert converted(converted(sequence, scheme, "IOBES"), "IOBES", scheme) == sequence
