"""`firth embed` with models whose rows are documents: counts and lsa."""

import json

import numpy as np
import pytest
import scipy.sparse

from firth import Corpus, Fitted, Vectors, Vocabulary
from firth.static.counts import DocumentCounts
from firth.static.lsa import LSA

LINES = ["The cat sat on the mat", "A dog sat", "the dog and the cat", "mat and dog"]
FRESH = "The CAT, the dog\n\nnothing known here\n"


@pytest.fixture
def counts(tmp_path):
    DocumentCounts(weighting="count").fit(LINES).save(tmp_path / "m.counts")
    return tmp_path / "m.counts"


@pytest.fixture
def lsa(tmp_path):
    LSA(dim=2).fit(LINES).save(tmp_path / "m.lsa")
    return tmp_path / "m.lsa"


def test_counts_of_lines(firth, counts):
    answer = firth("embed", counts, "-o", "rows.npz", stdin=FRESH)
    assert answer.code == 0, answer.err
    assert "3 words are not in the model: nothing, known, here" in answer.err
    rows = scipy.sparse.load_npz("rows.npz")
    expected = DocumentCounts(weighting="count").fit_transform(LINES)[0]
    np.testing.assert_array_equal(
        rows.toarray(), DocumentCounts.transform(expected, FRESH.splitlines()).toarray()
    )
    assert rows[0].sum() == 4
    document = json.loads(
        firth("embed", counts, "-o", "rows.npz", "--overwrite", "--json", stdin=FRESH).out
    )
    assert document == {
        "path": "rows.npz",
        "rows": 3,
        "dim": 8,
        "unknown": ["nothing", "known", "here"],
    }


def test_one_hot_rows_of_words(firth, counts):
    answer = firth("embed", counts, "-o", "w.npz", "--of", "words", stdin="dog\ncow\ndog\n")
    assert answer.code == 0, answer.err
    assert "1 words are not in the model: cow" in answer.err
    rows = scipy.sparse.load_npz("w.npz").toarray()
    assert rows.sum(axis=1).tolist() == [1, 0, 1]
    assert (rows[0] == rows[2]).all()


def test_lsa_of_lines_and_of_words(firth, lsa):
    assert firth("embed", lsa, "-o", "d.npy", stdin=FRESH).code == 0
    rows = np.load("d.npy")
    fitted = LSA(dim=2).fit(LINES)
    np.testing.assert_allclose(rows, LSA.transform(fitted, FRESH.splitlines()), atol=1e-6)
    assert rows[0].any()
    assert not rows[1:].any()
    answer = firth("embed", lsa, "-o", "w.npy", "--of", "words", stdin="dog\n")
    assert answer.code == 0, answer.err
    np.testing.assert_allclose(np.load("w.npy")[0], fitted.vectors["dog"], atol=1e-6)


def test_sparse_vectors_of_words_and_lines(firth):
    matrix = scipy.sparse.csr_array(np.array([[1, 0, 2], [0, 3, 0], [0, 0, 4]], np.float32))
    vectors = Vectors(Vocabulary(["one", "two", "three"]), matrix)
    Fitted("ppmi", vectors, corpus={"tokenizer": "words", "fold_case": True}).save("m.ppmi")
    assert firth("embed", "m.ppmi", "-o", "w.npz", stdin="two\nfour\none\n").code == 0
    assert scipy.sparse.load_npz("w.npz").toarray().tolist() == [[0, 3, 0], [0, 0, 0], [1, 0, 2]]
    answer = firth("embed", "m.ppmi", "-o", "l.npz", "--of", "lines", stdin="One three four\n\n")
    assert answer.code == 0, answer.err
    assert "1 words are not in the model: four" in answer.err
    assert scipy.sparse.load_npz("l.npz").toarray().tolist() == [[0.5, 0, 3], [0, 0, 0]]
    refused = firth("embed", "m.ppmi", "-o", "l.npy", stdin="one\n")
    assert "'.npy' is not one of .npz, as the rows of a model of the kind ppmi" in refused.err


def test_files_as_documents_take_lines_all_the_same(firth, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("one two\ntwo", "utf-8")
    model = DocumentCounts(weighting="count", documents="files")
    model.fit(Corpus(tmp_path / "texts")).save("f.counts")
    assert firth("embed", "f.counts", "-o", "r.npz", stdin="two two\none\n").code == 0
    assert scipy.sparse.load_npz("r.npz").toarray().tolist() == [[2, 0], [0, 1]]


def test_another_tokenizer(firth, tmp_path):
    DocumentCounts(weighting="count").fit([["New York", "Rio"]]).save("t.counts")
    refused = firth("embed", "t.counts", "-o", "r.npz", stdin="Rio\n")
    assert refused.code == 2
    assert "given as tokens" in refused.err
    words = ("embed", "t.counts", "-o", "r.npz", "--tokenizer", "whitespace")
    assert firth(*words, stdin="Rio Rio\n").code == 0
    assert scipy.sparse.load_npz("r.npz").toarray().tolist() == [[0, 2]]


def test_endings(firth, counts, lsa, vec):
    for model, ending, said in (
        (counts, "npy", "'.npy' is not one of .npz, as the rows of a model of the kind counts"),
        (lsa, "npz", "'.npz' is not one of .npy, .parquet, .txt, .tsv"),
        (vec, "npz", "'.npz' is not one of .npy, .parquet, .txt, .tsv"),
    ):
        answer = firth("embed", model, "-o", f"x.{ending}", stdin="dog\n")
        assert answer.code == 2
        assert said in answer.err


def test_the_python_that_does_the_same(firth, counts, lsa):
    said = firth("embed", counts, "-o", "x.npz", "--verbose", stdin="dog\n").err
    assert "firth.DocumentCounts.transform(firth.load(" in said
    assert (
        "firth.LSA.transform(" in firth("embed", lsa, "-o", "x.npy", "--verbose", stdin="a\n").err
    )
