"""Folders of model2vec and sentence-transformers, built here as those libraries lay them out."""

import json

import numpy as np
import pytest

from firth.errors import FormatError
from firth.vectors.formats import load_vectors, sniff
from firth.vectors.tensors import write_tensors


def folder(path, tensors, vocabulary, **tokenizer):
    path.mkdir(parents=True)
    write_tensors(path / "model.safetensors", tensors)
    content = {"model": {"type": "WordLevel", "vocab": vocabulary}} | tokenizer
    (path / "tokenizer.json").write_text(json.dumps(content))
    return path


MATRIX = np.arange(6, dtype=np.float32).reshape(3, 2)


def test_sentence_transformers_layout(tmp_path):
    folder(
        tmp_path / "m" / "0_StaticEmbedding",
        {"embedding.weight": MATRIX},
        {"b": 1, "a": 0, "c": 2},
    )
    assert sniff(tmp_path / "m") == "model2vec"
    vectors = load_vectors(tmp_path / "m")
    assert vectors.names == ["a", "b", "c"] and (vectors.matrix == MATRIX).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8])
def test_other_number_types(tmp_path, dtype):
    folder(tmp_path / "m", {"embeddings": MATRIX.astype(dtype)}, {"a": 0, "b": 1, "c": 2})
    assert (load_vectors(tmp_path / "m").matrix == MATRIX).all()


def test_mapping_and_weights(tmp_path):
    tensors = {
        "embeddings": MATRIX,
        "mapping": np.array([2, 2, 0]),
        "weights": np.array([1.0, 2.0, 3.0]),
    }
    folder(tmp_path / "m", tensors, {"a": 0, "b": 1, "c": 2})
    wanted = [[4, 5], [8, 10], [0, 3]]
    assert load_vectors(tmp_path / "m").matrix.tolist() == wanted


def test_added_tokens_and_unigram(tmp_path):
    folder(
        tmp_path / "m",
        {"embeddings": MATRIX},
        [["a", -1.0], ["b", -2.0]],
        added_tokens=[{"id": 2, "content": "[PAD]"}],
    )
    assert load_vectors(tmp_path / "m").names == ["a", "b", "[PAD]"]


@pytest.mark.parametrize(
    ("tensors", "vocabulary", "message"),
    [
        ({"embeddings": MATRIX}, {"a": 0}, "1 names and 3 rows"),
        ({"embeddings": MATRIX}, {"a": 0, "b": 2, "c": 3}, "gaps"),
        ({"embeddings": MATRIX}, None, "no vocabulary"),
        ({"other": MATRIX}, {"a": 0}, "tensors other, expected a matrix under one of"),
        ({"embeddings": MATRIX * np.nan}, {"a": 0, "b": 1, "c": 2}, "nan or infinity at row 1"),
        (
            {"embeddings": MATRIX, "mapping": np.array([3])},
            {"a": 0},
            "a mapping beyond the rows",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, tensors, vocabulary, message):
    folder(tmp_path / "m", tensors, vocabulary)
    with pytest.raises(FormatError, match=message):
        load_vectors(tmp_path / "m")


def test_damaged_files_are_refused(tmp_path):
    path = folder(tmp_path / "m", {"embeddings": MATRIX}, {"a": 0, "b": 1, "c": 2})
    whole = (path / "tokenizer.json").read_text()
    (path / "tokenizer.json").write_text(whole[:-5])
    with pytest.raises(FormatError, match="damaged JSON"):
        load_vectors(path)
    (path / "tokenizer.json").write_text(whole)
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(FormatError, match="ending at byte"):
        load_vectors(path)


def test_plain_safetensors_with_names_beside(tmp_path):
    write_tensors(tmp_path / "v.safetensors", {"vectors": MATRIX})
    with pytest.raises(FormatError, match="a matrix without names"):
        load_vectors(tmp_path / "v.safetensors")
    (tmp_path / "v.tsv").write_text("a\t3\nb\t2\nc\t1\n")
    assert load_vectors(tmp_path / "v.safetensors").names == ["a", "b", "c"]
    (tmp_path / "v.tsv").write_text("a\nb\n")
    with pytest.raises(FormatError, match="2 names beside 3 rows"):
        load_vectors(tmp_path / "v.safetensors")


@pytest.mark.parametrize(
    ("tensor", "metadata", "message"),
    [
        ("1\t2\n3\n", "a\nb\n", "1 numbers on line 2"),
        ("1\t2\n3\tx\n", "a\nb\n", "line 2, expected numbers split by tabs"),
        ("1\t2\n3\tnan\n", "a\nb\n", "line 2"),
        ("1\t2\n", "a\nb\n", "2 labels for 1 vectors"),
        ("1\t2\n3\t4\n", "word\tcount\na\t2\nb\n", "1 columns on line 3"),
    ],
)
def test_projector_pairs_that_do_not_fit(tmp_path, tensor, metadata, message):
    (tmp_path / "x_tensor.tsv").write_text(tensor)
    (tmp_path / "x_metadata.tsv").write_text(metadata)
    for name in ("x_tensor.tsv", "x"):
        with pytest.raises(FormatError, match=message):
            load_vectors(tmp_path / name)


def test_projector_columns(tmp_path):
    (tmp_path / "vectors.tsv").write_text("1\t2\n3\t4\n")
    with pytest.raises(FormatError, match=r"metadata\.tsv: found nothing there"):
        load_vectors(tmp_path / "vectors.tsv")
    (tmp_path / "metadata.tsv").write_text("kind\tword\nx\tb\\tc\ny\td\n")
    assert load_vectors(tmp_path / "vectors.tsv").names == ["b\tc", "d"]
