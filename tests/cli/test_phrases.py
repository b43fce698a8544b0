"""`firth train phrases`, `firth phrases`, and models that know phrases, from the command line."""

import json
import random

import numpy as np
import pytest

from firth import PhraseModel

#: that of the default scoring grows with the text, and this one is short
LIMIT = ("--threshold", "3")
SMALL = ("--dim", "8", "--epochs", "1", "--min-count", "2", "--threads", "1")


@pytest.fixture
def text(tmp_path):
    rng = random.Random(5)
    words = [f"word{i}" for i in range(60)]
    lines = [
        " ".join([*rng.choices(words, k=4), "New York" if i % 2 else "Bank of America", "."])
        for i in range(400)
    ]
    path = tmp_path / "my.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def model(firth, text):
    """A skip-gram model of the text with phrases, and the phrases."""
    done = firth("train", "phrases", text, "-o", "p", *LIMIT, "--connector-words", "of", "--json")
    assert done.code == 0, done.err
    done = firth("train", "skipgram", text, "--phrases", "p", "-o", "m", *SMALL)
    assert done.code == 0, done.err
    return "m"


def test_train_and_info(firth, text):
    done = firth(
        "train", "phrases", text, "-o", "p", *LIMIT, "--connector-words", "of,the", "--passes", 2
    )
    assert done.code == 0, done.err
    first, *rows, last = done.out.splitlines()
    assert first.startswith("p: 2 phrases by 1 pass in ")
    assert {row.split("\t")[0] for row in rows} == {"new_york", "bank_of_america"}
    assert last == "Next: firth train skipgram TEXT --phrases p -o MODEL"
    assert "Pass 2 found no phrase more." in done.err
    assert PhraseModel.load("p").connector_words == ["of", "the"]
    document = json.loads(firth("info", "p", "--json").out)
    assert document["kind"] == "phrases"
    assert document["sizes"]["phrases"] == 2
    assert {one["phrase"] for one in document["top"]} == {"new_york", "bank_of_america"}
    assert document["settings"]["threshold"] == 3
    shown = firth("info", "p").out
    assert "new_york\t" in shown
    assert "phrases\t2" in shown


def test_train_says_the_same_in_json(firth, text):
    document = json.loads(firth("train", "phrases", text, "-o", "p", *LIMIT, "--json").out)
    assert document["kind"] == "phrases"
    assert document["phrases"] == len(PhraseModel.load("p"))
    assert document["top"][0]["score"] >= document["top"][-1]["score"]


def test_text_with_phrases(firth, text):
    firth("train", "phrases", text, "-o", "p", *LIMIT, "--connector-words", "of")
    given = "In NEW YORK, the Bank of America.\n\nbank of\n"
    done = firth("phrases", "p", stdin=given)
    assert done.code == 0, done.err
    assert done.out == "in new_york the bank_of_america\n\nbank of\n"
    assert firth("phrases", "p", "-", stdin=given).out == done.out
    (text.parent / "other.txt").write_text(given)
    assert firth("phrases", "p", "other.txt").out == done.out
    found = json.loads(firth("phrases", "p", "other.txt", "--json").out)
    assert found["lines"][2] == ["bank", "of"]
    # the control: another way to cut finds none
    other = firth("phrases", "p", "other.txt", "--tokenizer", "whitespace")
    assert other.out == given
    assert ">>> for line in Corpus" in firth("phrases", "p", "other.txt", "--verbose").err


def test_ask_with_a_blank_or_joined(firth, model):
    joined = firth("neighbors", model, "new_york", "-n", 3)
    assert joined.code == 0, joined.err
    assert len(joined.out.splitlines()) == 3
    assert firth("neighbors", model, "New York", "-n", 3).out == joined.out
    assert firth("neighbors", model, "bank of america").code == 0
    analogy = firth("analogy", model, "new york", "word1", "bank of america")
    assert analogy.out == firth("analogy", model, "new_york", "word1", "bank_of_america").out
    assert analogy.code == 0
    unknown = firth("neighbors", model, "york new")
    assert unknown.code == 2
    assert "'york new' is not among" in unknown.err
    # the control: a model without phrases
    assert firth("train", "skipgram", "my.txt", "-o", "plain", *SMALL).code == 0
    assert firth("neighbors", "plain", "new york").code == 2
    assert firth("neighbors", "plain", "new_york").code == 2


def test_embed_words_and_lines(firth, model):
    done = firth("embed", model, "-o", "w.npy", stdin="new_york\nNew York\n")
    assert done.code == 0, done.err
    rows = np.load("w.npy")
    assert rows[0].any()
    np.testing.assert_array_equal(rows[0], rows[1])
    done = firth("embed", model, "--of", "lines", "-o", "l.npy", "--json", stdin="New York\n")
    assert json.loads(done.out)["unknown"] == []
    np.testing.assert_array_equal(np.load("l.npy")[0], rows[0])
    # the text stands in the file as it was given
    firth("embed", model, "-o", "w.tsv", stdin="New York\n")
    with open("w.tsv") as file:
        assert file.read().startswith("New York\t")


def test_phrases_of_a_model_that_was_trained_with_some(firth, model):
    assert firth("phrases", model, stdin="to New York\n").out == "to new_york\n"
    assert "phrases\t2" in firth("info", model).out


def test_bad_input(firth, text, model):
    firth("train", "skipgram", text, "-o", "plain", *SMALL)
    for command, words in (
        (("phrases", "plain", text), "plain was trained without phrases"),
        (("phrases", text, text), "found a file, expected a folder of phrases"),
        (("phrases", "none", text), "none: found nothing"),
        (("neighbors", "p", "king"), "a model of the kind phrases, expected one of words"),
        (("train", "skipgram", text, "-o", "x", "--phrases", "plain"), "a folder of phrases"),
        (
            (
                "train",
                "phrases",
                text,
                "-o",
                "p",
            ),
            "p exists already",
        ),
        (("train", "phrases", text, "-o", "q", "--min-count", 999), "0 of "),
        (
            ("train", "phrases", text, "-o", "q", "--scoring", "npmi", "--threshold", 3),
            "wanted a number from -1 to 1",
        ),
    ):
        answer = firth(*command)
        assert answer.code == 2, answer
        assert words in answer.err
    empty = text.parent / "empty.txt"
    empty.write_text("")
    assert "empty (0 bytes)" in firth("train", "phrases", empty, "-o", "q").err
    assert "empty" in firth("phrases", "p", empty).err


def test_a_damaged_model(firth, text):
    firth("train", "phrases", text, "-o", "p", *LIMIT)
    with open("p/phrases.tsv", "r+b") as file:
        file.write(b"9")
    answer = firth("phrases", "p", text)
    assert answer.code == 2
    assert "CRC-32 differs" in answer.err
    with open("p/phrases.tsv", "ab") as file:
        file.write(b"x")
    answer = firth("info", "p")
    assert answer.code == 2
    assert "Copy the folder again" in answer.err


def test_help_names_the_settings(firth):
    text = firth("train", "phrases", "--help").out
    for option in ("--connector-words", "--passes", "--scoring", "--threshold", "--delimiter"):
        assert option in text
