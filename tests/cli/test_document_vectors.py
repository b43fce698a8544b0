"""`pvdbow` and `pvdm` on the command line: training with ids, neighbours, embedding."""

import json
import random

import numpy as np
import pytest

from firth.vectors.fitted import load

SMALL = (
    *("--dim", "12", "--epochs", "12", "--min-count", "1", "--rate", "0.05", "--threads", "1"),
    *("--subsample", "0"),
)
TOPICS = [["ship", "sea", "sail", "wave"], ["bread", "oven", "flour", "salt"]]


def texts():
    """Twelve documents of two topics in turn."""
    rng = random.Random(1)
    return [" ".join(rng.choices(TOPICS[d % 2], k=30)) for d in range(12)]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.tsv"
    rows = [f"{'sea' if d % 2 == 0 else 'kitchen'}-{d}\t{text}" for d, text in enumerate(texts())]
    path.write_text("id\ttext\n" + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.fixture
def model(firth, table):
    words = ("--column", "text", "--id-column", "id", *SMALL)
    assert firth("train", "pvdbow", table, "-o", "m.firth", *words).code == 0
    return "m.firth"


def test_ids_from_a_column(firth, model):
    fitted = load(model)
    assert fitted.documents.ids[:3] == ["sea-0", "kitchen-1", "sea-2"]
    answer = json.loads(firth("neighbors", model, "--document", "sea-4", "-n", "5", "--json").out)
    assert answer["document"] == "sea-4"
    assert all(one["document"].startswith("sea-") for one in answer["neighbors"])
    asked = ("--text", "Flour and salt", "--text", "a wave", "-n", "3", "--json")
    answer = json.loads(firth("neighbors", model, *asked).out)
    assert [one["text"] for one in answer] == ["Flour and salt", "a wave"]
    assert all(one["document"].startswith("kitchen-") for one in answer[0]["neighbors"])
    assert all(one["document"].startswith("sea-") for one in answer[1]["neighbors"])
    out = firth("neighbors", model, "--document", "sea-0", "--document", "kitchen-1", "-n", "2").out
    assert out.count("\n") == 4
    assert "kitchen-" in out
    # words of plain PV-DBOW lie among the documents
    answer = json.loads(firth("neighbors", model, "oven", "-n", "3", "--json").out)
    assert {one["word"] for one in answer["neighbors"]} == {"bread", "flour", "salt"}


def test_ids_in_lines_and_numbers(firth, tmp_path):
    text = tmp_path / "t.txt"
    text.write_text("".join(f"id:d{d} id:all {one}\n" for d, one in enumerate(texts())), "utf-8")
    answer = firth("train", "pvdm", text, "-o", "m.firth", "--id-prefix", "id:", *SMALL, "--json")
    document = json.loads(answer.out)
    assert (document["kind"], document["documents"], document["dim"]) == ("pvdm", 13, 12)
    assert load("m.firth").documents.ids[:3] == ["d0", "all", "d1"]
    text.write_text("\n".join(texts()) + "\n", "utf-8")
    answer = firth("train", "pvdm", text, "-o", "n.firth", *SMALL)
    assert "12 documents" in answer.out
    assert "firth neighbors n.firth --document 0" in answer.out
    assert load("n.firth").documents.names is None
    sizes = json.loads(firth("info", "n.firth", "--json").out)["sizes"]
    assert (sizes["words"], sizes["documents"], sizes["dim"]) == (8, 12, 12)
    assert "12" in firth("info", "n.firth").out


def test_several_ids_in_a_cell(firth, table):
    rows = table.read_text("utf-8").replace("sea-", "sea,").replace("kitchen-", "kitchen,")
    table.write_text(rows, "utf-8")
    words = ("--column", "text", "--id-column", "id", "--id-separator", ",", *SMALL)
    assert firth("train", "pvdbow", table, "-o", "m.firth", *words).code == 0
    assert load("m.firth").documents.ids[:3] == ["sea", "0", "kitchen"]


def test_embed_lines_and_documents(firth, model):
    lines = "sail wave\nzebra\n\nOVEN bread\n"
    answer = firth("embed", model, "-", "-o", "x.npy", "--json", stdin=lines)
    document = json.loads(answer.out)
    assert document == {
        "path": "x.npy", "rows": 4, "dim": 12, "unknown": ["zebra"], "empty": [1, 2]
    }  # fmt: skip
    matrix = np.load("x.npy")
    assert matrix.dtype == np.float32
    assert matrix.any(axis=1).tolist() == [True, False, False, True]
    one = firth("embed", model, "-", "-o", "y.npy", stdin="OVEN bread\nno word known\n")
    assert "1 lines hold no known word, their rows are 0: 2" in one.err
    # the same text, the same bits, whatever stands beside it
    np.testing.assert_array_equal(np.load("y.npy")[0], matrix[3])
    answer = firth(
        "embed", model, "-", "-o", "d.npy", "--of", "documents", "--json",
        stdin="kitchen-3\nnobody\nsea-0\n",
    )  # fmt: skip
    assert json.loads(answer.out)["unknown"] == ["nobody"]
    fitted = load(model)
    found = np.load("d.npy")
    np.testing.assert_array_equal(found[[0, 2]], fitted.documents[["kitchen-3", "sea-0"]])
    assert not found[1].any()
    answer = firth("embed", model, "-", "-o", "w.npy", "--of", "words", stdin="oven\n")
    np.testing.assert_array_equal(np.load("w.npy")[0], fitted.vectors["oven"])


def test_documents_join_a_model(firth, model, tmp_path):
    more = tmp_path / "more.tsv"
    more.write_text("id\ttext\nnew\tsea wave sail sea ship neverseen\n", "utf-8")
    words = (
        "--column", "text", "--id-column", "id", "--continue-from", model, "--freeze",
        *SMALL[2:],
    )  # fmt: skip
    answer = firth("train", "pvdbow", more, "-o", "more.firth", *words, "--verbose")
    assert answer.code == 0, answer.err
    assert "note: dim=12, as in the vectors to start from" in answer.err
    assert "PVDBOW(" in answer.err and "Labelled('" in answer.err and "label='id'" in answer.err
    before, after = load(model), load("more.firth")
    assert after.documents.ids == [*before.documents.ids, "new"]
    np.testing.assert_array_equal(after.documents.matrix[:12], before.documents.matrix)
    assert "neverseen" not in after.vocabulary


def test_other_models_of_documents_are_asked_too(firth, tmp_path):
    text = tmp_path / "t.txt"
    text.write_text("\n".join(texts()) + "\n", "utf-8")
    assert firth("train", "lsa", text, "-o", "l.firth", "--dim", "3", "--min-count", "1").code == 0
    answer = json.loads(firth("neighbors", "l.firth", "--document", "2", "-n", "5", "--json").out)
    assert {int(one["document"]) % 2 for one in answer["neighbors"]} == {0}
    answer = json.loads(firth("neighbors", "l.firth", "--text", "oven", "-n", "3", "--json").out)
    assert {int(one["document"]) % 2 for one in answer["neighbors"]} == {1}


def test_bad_questions(firth, model, vec, tmp_path):
    for words, said in [
        (["neighbors", model], "Give a word, or --document ID, or --text TEXT."),
        (["neighbors", model, "--document", "see-0"], "Did you mean 'sea-0'"),
        (["neighbors", model, "--text", "zebra"], "No word of 'zebra' is known to the model."),
        (["neighbors", model, "oven", "--document", "sea-0"], "are asked for one at a time"),
        (["neighbors", model, "--document", "sea-0", "--limit", "3"], "--limit is of words"),
        (["neighbors", vec, "--document", "1"], "four.vec: found no vectors of documents"),
        (["embed", vec, "-", "-o", "z.npy", "--of", "documents"], "found no vectors of documents"),
    ]:
        answer = firth(*words, stdin="x\n")
        assert answer.code == 2, words
        assert said in answer.err, answer.err
        assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--id-column", "id"], "The column of the label was given, that of the text was not"),
        (["--column", "text", "--id-column", "name"], "has no column 'name'"),
        (["--id-column", "id", "--id-prefix", "x"], "give one of them"),
        (["--column", "text", "--id-separator", ","], "--id-separator parts the cells"),
        (["--column", "text", "--rate", "nan"], "rate=nan is out of range"),
        (["--column", "text", "--freeze"], "--freeze keeps the vectors of --init-from"),
    ],
)
def test_bad_training(firth, table, words, said):
    answer = firth("train", "pvdbow", table, "-o", "m.firth", *SMALL[:6], *words)
    assert answer.code == 2, answer.err
    assert said in " ".join(answer.err.split()), answer.err


def test_an_id_twice_is_said_where_it_must_not_be(firth, table):
    table.write_text(table.read_text("utf-8").replace("sea-4", "sea-0"), "utf-8")
    words = ("--column", "text", "--id-column", "id", *SMALL)
    assert firth("train", "pvdbow", table, "-o", "m.firth", *words).code == 0
    assert len(load("m.firth").documents) == 11
    answer = firth("train", "pvdbow", table, "-o", "n.firth", *words, "--unique-ids")
    assert answer.code == 2
    assert "The id 'sea-0' names document 1 and again document 5" in answer.err
