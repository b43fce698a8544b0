"""`firth cooccurrence`, and the table of probabilities behind it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import UnknownWordError
from firth.static.cooccurrence import Cooccurrence
from firth.static.probabilities import probability_table
from firth.static.window_counts import WindowCounts

#: ice goes with solid, steam with gas, both with water, neither with fashion
LINES = """ice is a solid form of water
steam is a gas made of water
ice solid ice
steam gas
steam was gas
fashion is a word
"""
ALL = ("--min-count", "1", "--threads", "1", "--weighting", "flat", "--window", "10")
ICE = ("--words", "ice", "steam", "--probes", "solid", "gas", "water", "fashion")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "ice.txt"
    path.write_text(LINES, "utf-8")
    return path


def test_the_table(firth, text):
    answer = firth("cooccurrence", text, *ICE, *ALL)
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert rows[0] == ["", "k = solid", "k = gas", "k = water", "k = fashion", "all k"]
    # by hand: 6 neighbours in the first line, then solid and ice for each ice of the third
    assert rows[1] == ["X(ice, k)", "3", "0", "1", "0", "10"]
    assert rows[2] == ["X(steam, k)", "0", "3", "1", "0", "9"]
    assert rows[3] == ["P(k | ice)", "0.3", "0", "0.1", "0", ""]
    assert rows[4] == ["P(k | steam)", "0", "0.333", "0.111", "0", ""]
    assert rows[5] == ["P(k | ice) / P(k | steam)", "–", "0", "0.9", "–", ""]
    assert len(rows) == 6


def test_as_json(firth, text):
    document = json.loads(firth("cooccurrence", text, *ICE, *ALL, "--json").out)
    assert document["words"] == ["ice", "steam"]
    assert document["probes"] == ["solid", "gas", "water", "fashion"]
    assert document["counts"] == [[3, 0, 1, 0], [0, 3, 1, 0]]
    assert document["totals"] == [10, 9]
    assert document["probabilities"][0] == pytest.approx([0.3, 0, 0.1, 0])
    assert document["ratios"] == [[None, 0, pytest.approx(0.9), None]]
    assert document["ratio_to"] == "steam"
    assert document["settings"]["window"] == 10
    assert document["corpus"]["lines"] == 6


def test_the_settings_arrive(firth, text):
    def counts(*more):
        words = ("--words", "ice", "--probes", "solid", "is")
        answer = firth("cooccurrence", text, *words, *ALL[:4], *more, "--json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)["counts"][0]

    assert counts() == pytest.approx([1 / 3 + 2, 1])
    assert counts("--weighting", "flat") == [3, 1]
    assert counts("--weighting", "flat", "--window", "1") == [2, 1]
    assert counts("--weighting", "flat", "--direction", "right") == [2, 1]
    assert counts("--weighting", "flat", "--direction", "left") == [1, 0]


def test_more_words_than_two_stand_against_the_last(firth, text):
    words = ("--words", "ice", "steam", "fashion", "--probes", "is", "a")
    document = json.loads(firth("cooccurrence", text, *words, *ALL, "--json").out)
    p = np.array(document["probabilities"])
    assert document["ratio_to"] == "fashion"
    np.testing.assert_allclose(document["ratios"], p[:2] / p[2])
    one = json.loads(
        firth("cooccurrence", text, "--words", "ice", "--probes", "a", *ALL, "--json").out
    )
    assert one["ratios"] == []


def test_counts_are_kept_and_read_again(firth, text, tmp_path):
    first = firth("cooccurrence", text, *ICE, *ALL, "-o", "ice.counts")
    assert first.code == 0, first.err
    assert "firth train glove ice.counts -o MODEL" in first.err
    assert len(Cooccurrence.load(tmp_path / "ice.counts")) > 0
    text.unlink()
    again = firth("cooccurrence", "ice.counts", *ICE)
    assert again.out == first.out
    other = firth("cooccurrence", "ice.counts", *ICE, "--window", "3")
    assert other.code == 2
    assert "window=3 was asked for, but these counts were made with window=10" in other.err
    # counting alone, over what is there
    (tmp_path / "new.txt").write_text(LINES * 5, "utf-8")
    refused = firth("cooccurrence", "new.txt", "-o", "ice.counts")
    assert refused.code == 2
    assert "exists already" in refused.err
    done = firth("cooccurrence", "new.txt", "-o", "ice.counts", "--overwrite", "--json")
    assert done.code == 0
    assert json.loads(done.out)["path"] == "ice.counts"


def test_standard_input_and_several_files(firth, text):
    more = ("--words", "ice", "--probes", "solid", *ALL, "--json")
    assert json.loads(firth("cooccurrence", "-", *more, stdin=LINES).out)["counts"] == [[3]]
    both = firth("cooccurrence", text, text, *more)
    assert json.loads(both.out)["counts"] == [[6]]


def test_the_python_that_does_the_same(firth, text):
    answer = firth("cooccurrence", text, *ICE, "--min-count", "2", "--verbose")
    assert "WindowCounts(min_count=2).count(Corpus(" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ICE[:3], "--probes", "solidd", *ALL), "'solidd' is not among the 13 words of this"),
        ((*ICE[:3], "--probes", "solidd", *ALL), "Did you mean 'solid'?"),
        (("--words", "icy", "--probes", "solid", *ALL), "'icy' is not among"),
        (
            ("--words", "ice", "--probes", "fashion", "--min-count", "2"),
            "Words seen less than 2 times were left out (--min-count).",
        ),
        (("--words", "ice", *ALL), "--words without --probes"),
        (("--probes", "ice", *ALL), "--probes without --words"),
        (ALL, "nothing to show and nothing to keep"),
        ((*ICE, *ALL[:-1], "0"), "window=0 is out of range"),
    ],
)
def test_what_cannot_be_answered(firth, text, words, said):
    answer = firth("cooccurrence", text, *words)
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_an_unknown_word_does_not_lose_the_counts(firth, text):
    answer = firth("cooccurrence", text, "--words", "icy", "--probes", "is", *ALL, "-o", "x.counts")
    assert answer.code == 2
    assert "'icy' is not among" in answer.err
    assert "The counts are kept in x.counts." in answer.err
    assert firth("cooccurrence", "x.counts", *ICE).code == 0


def test_one_word_and_no_neighbours(firth, tmp_path):
    (tmp_path / "one.txt").write_text("word\nword\n", "utf-8")
    (tmp_path / "apart.txt").write_text("one\ntwo\n", "utf-8")
    for name, said in (("one.txt", "holds one word, 'word'"), ("apart.txt", "nothing to count")):
        answer = firth("cooccurrence", name, "--words", "one", "--probes", "two", *ALL)
        assert answer.code == 2
        assert said in answer.err


def test_a_damaged_folder_of_counts(firth, text, tmp_path):
    assert firth("cooccurrence", text, "-o", "x.counts", *ALL).code == 0
    values = tmp_path / "x.counts" / "values.npy"
    values.write_bytes(values.read_bytes()[:-8])
    answer = firth("cooccurrence", "x.counts", *ICE)
    assert answer.code == 2
    assert "values.npy" in answer.err


# -- the mathematics -----------------------------------------------------------------------------

lines = st.lists(st.lists(st.sampled_from("abcde"), min_size=2, max_size=8), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(lines, st.lists(st.sampled_from("abcde"), min_size=1, max_size=4))
def test_as_the_dense_matrix_says(text, asked):
    text = [[*"ab"], *text]
    counts = WindowCounts(window=3, min_count=1, threads=1).count(text)
    known = [word for word in asked if word in counts.vocabulary]
    probes = list(counts.vocabulary)
    X = counts.matrix.toarray()
    table = probability_table(counts, known, probes)
    rows = counts.vocabulary.ids(known)
    np.testing.assert_allclose(table.counts, X[rows])
    np.testing.assert_allclose(table.totals, X[rows].sum(axis=1))
    P = X[rows] / X[rows].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(table.probabilities, P)
    np.testing.assert_allclose(table.probabilities.sum(axis=1), 1)
    for row in range(len(known) - 1):
        for k in range(len(probes)):
            wanted = P[row, k] / P[-1, k] if P[-1, k] else np.nan
            assert table.ratios[row, k] == pytest.approx(wanted, nan_ok=True)


def test_a_word_without_neighbours_has_no_probabilities():
    counts = WindowCounts(window=2, min_count=1, threads=1).count([["a", "b"], ["alone"]])
    table = probability_table(counts, ["a", "alone"], ["b", "alone"])
    assert table.counts.tolist() == [[1, 0], [0, 0]]
    assert np.isnan(table.probabilities[1]).all()
    assert np.isnan(table.ratios).all()
    with pytest.raises(UnknownWordError, match="'c' is not"):
        probability_table(counts, ["a"], ["c"])


def test_counts_are_not_read_as_a_text(firth, tmp_path):
    """What says how a text is read is refused for a folder of counts, not passed over."""
    (tmp_path / "t.txt").write_text("a b c\nb c a\n", "utf-8")
    assert firth("cooccurrence", "t.txt", "--min-count", "1", "-o", "c").code == 0
    shown = ("--words", "a", "--probes", "b")
    assert firth("cooccurrence", "c", *shown).code == 0
    answer = firth("cooccurrence", "c", *shown, "--tokenizer", "whitespace")
    assert answer.code == 2
    assert "--tokenizer says how a text is read, but c holds counts" in answer.err
    read = ("--tokenizer", "whitespace", "--verbose")
    answer = firth("cooccurrence", "t.txt", "--min-count", "1", *shown, *read)
    assert "count(Corpus('t.txt', tokenizer='whitespace'))" in answer.err
