"""`DocumentVectors`: ids and rows, the nearest by brute force, the folder."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import DocumentVectors, Fitted, Vectors, Vocabulary, load
from firth.errors import FormatError, SettingError, UnknownWordError, VocabularyError

ROWS = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0, 0], [0, 0.8, 0.6]], np.float32)
NAMES = ["north", "north by east", "east\t", "nowhere", "東"]


@pytest.fixture
def named():
    return DocumentVectors(ROWS, Vocabulary(NAMES))


@pytest.fixture
def numbered():
    return DocumentVectors(ROWS)


def test_ids_and_rows(named, numbered):
    assert named.ids == NAMES
    assert numbered.ids == ["0", "1", "2", "3", "4"]
    assert (len(named), named.dim, named.shape) == (5, 3, (5, 3))
    np.testing.assert_array_equal(named["north"], ROWS[0])
    np.testing.assert_array_equal(named[2], ROWS[2])
    np.testing.assert_array_equal(named[["東", "north"]], ROWS[[4, 0]])
    np.testing.assert_array_equal(numbered["3"], numbered[3])
    assert "north" in named and 4 in named and "south" not in named and 5 not in named
    assert "4" in numbered and "04" not in numbered and "-1" not in numbered and -1 not in numbered
    assert named.id(1) == "north by east"
    assert named.empty.tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(np.asarray(named), ROWS)
    assert np.array(named, copy=True) is not ROWS
    assert repr(named) == "DocumentVectors(5 documents, 3 dimensions)"
    # what is handed out is a copy
    named["north"][:] = 9
    assert ROWS[0, 0] == 1


def test_nearest(named, numbered):
    near = named.nearest("north", n=4)
    assert near[0].document == "north by east"
    assert near[0].similarity == pytest.approx(0.9 / np.hypot(0.9, 0.1))
    assert "north" not in [one.document for one in near]
    assert [one.document for one in named.nearest(ROWS[4], n=2)] == ["東", "east\t"]
    both = named.nearest(["north", ROWS[2]], n=1)
    assert [some[0].document for some in both] == ["north by east", "east\t"]
    assert named.nearest(0, n=1, exclude=["north by east"])[0].document != "north by east"
    assert [one.document for one in numbered.nearest(0, n=1)] == ["1"]
    assert len(named.nearest(ROWS[:2], n=9)[0]) == 5
    assert named.similarity("north", "east\t") == pytest.approx(0)
    assert named.similarity("north", "nowhere") == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 10**6))
def test_nearest_is_brute_force(many, n, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(many, 5)).astype(np.float32)
    documents = DocumentVectors(rows)
    query = int(rng.integers(many))
    unit = rows.astype(float) / np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
    cosines = unit @ unit[query]
    order = [row for row in np.argsort(-cosines, kind="stable") if row != query][:n]
    found = documents.nearest(query, n=n)
    np.testing.assert_allclose([one.similarity for one in found], cosines[order], atol=1e-6)


def test_what_is_not_there(named, numbered):
    with pytest.raises(
        UnknownWordError, match=r"'nort' is not among the 5 documents .* Did you mean 'north'"
    ):
        named["nort"]
    with pytest.raises(UnknownWordError, match="There is no document 9; rows go from 0 to 4"):
        named.nearest(9)
    with pytest.raises(UnknownWordError, match="There is no document '9'"):
        numbered["9"]
    with pytest.raises(SettingError, match=r"query of shape \(2,\); these documents have 3"):
        named.nearest(np.zeros(2))
    with pytest.raises(SettingError, match="nan or infinity"):
        named.nearest(np.array([1, np.nan, 0]))
    with pytest.raises(SettingError, match="n=0 is out of range"):
        named.nearest("north", n=0)
    with pytest.raises(VocabularyError, match="2 ids do not fit a matrix of shape"):
        DocumentVectors(ROWS, Vocabulary(["a", "b"]))


def fitted_with(documents):
    words = Vocabulary(["a", "b"], [3, 2])
    return Fitted("pvdbow", Vectors(words, ROWS[:2].copy()), documents=documents)


def test_the_folder_keeps_ids_and_rows(named, numbered, tmp_path):
    for name, documents in (("named", named), ("numbered", numbered)):
        path = tmp_path / f"{name}.firth"
        fitted_with(documents).save(path)
        again = load(path).documents
        assert again.ids == documents.ids
        np.testing.assert_array_equal(again.matrix, ROWS)
        np.testing.assert_array_equal(again.norms, documents.norms)
        assert (path / "documents.tsv").exists() == (name == "named")
    # words without vectors
    fitted = Fitted("pvdbow", None, documents=named, names=Vocabulary(["a", "b"]))
    fitted.save(tmp_path / "hs.firth")
    again = load(tmp_path / "hs.firth")
    assert again.vectors is None
    assert again.documents.ids == NAMES


def test_damaged_folders(named, tmp_path):
    path = tmp_path / "m.firth"
    fitted_with(named).save(path)
    text = (path / "documents.tsv").read_bytes()
    (path / "documents.tsv").write_bytes(text.replace(b"north by", b"south by"))
    with pytest.raises(FormatError, match="documents.tsv: found bytes that are not those written"):
        load(path)
    (path / "documents.tsv").write_bytes(text[:-5])
    with pytest.raises(FormatError, match="truncated"):
        load(path)
    # fewer ids than rows, by a hand that knows how to describe files
    import zlib

    short = b"north\n"
    (path / "documents.tsv").write_bytes(short)
    model = json.loads((path / "model.json").read_text("utf-8"))
    model["files"]["documents.tsv"] = {"bytes": len(short), "crc32": zlib.crc32(short)}
    (path / "model.json").write_text(json.dumps(model), "utf-8")
    with pytest.raises(FormatError, match="1 ids, expected 5 of them"):
        load(path)


def test_documents_of_earlier_models_open(tmp_path):
    """LSA folders had rows and nothing else."""
    from firth.vectors.tensors import write_tensors

    path = tmp_path / "m.firth"
    fitted_with(DocumentVectors(ROWS)).save(path)
    write_tensors(path / "documents.safetensors", {"documents": ROWS})
    model = json.loads((path / "model.json").read_text("utf-8"))
    size = (path / "documents.safetensors").stat().st_size
    model["files"]["documents.safetensors"]["bytes"] = size
    (path / "model.json").write_text(json.dumps(model), "utf-8")
    again = load(path).documents
    np.testing.assert_array_equal(again.matrix, ROWS)
    np.testing.assert_allclose(again.norms, np.linalg.norm(ROWS, axis=1))
