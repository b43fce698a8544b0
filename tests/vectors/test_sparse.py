"""Sparse vectors answer as the same vectors would dense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from firth import Vectors, Vocabulary, load
from firth.errors import FormatError, SettingError, UnknownWordError
from firth.vectors import rows, search, solve
from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity
from firth.vectors.fitted import Fitted


def pair(words=60, columns=60, density=0.3, seed=1):
    """The same vectors, dense and sparse; a row of zeros and equal rows among them."""
    made = random_array((words, columns), density=density, rng=np.random.default_rng(seed))
    dense = made.toarray().astype(np.float32)
    dense[3] = 0
    dense[7] = dense[8]
    vocabulary = Vocabulary([f"w{i}" for i in range(words)])
    return Vectors(vocabulary, dense), Vectors(vocabulary, csr_array(dense))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.floats(0.02, 0.9), st.integers(2, 40))
def test_every_question_has_the_answer_of_dense_rows(seed, n, density, columns):
    dense, sparse = pair(columns=columns, density=density, seed=seed)
    words = ["w0", "w3", "w9", "w8"]
    _same(dense.nearest(words, n=n), sparse.nearest(words, n=n))
    _same([dense.nearest("w7", n=n)], [sparse.nearest("w7", n=n)])
    _same([dense.nearest("w7", n, limit=20)], [sparse.nearest("w7", n, limit=20)])
    _same([dense.nearest("w5", n, exclude=["w1"])], [sparse.nearest("w5", n, exclude=["w1"])])
    query = dense["w4"] + dense["w5"]
    _same([dense.nearest(query, n=n)], [sparse.nearest(query, n=n)])
    triples = [("w1", "w2", "w4"), ("w9", "w3", "w0")]
    for method in ("add", "mul"):
        _same(
            dense.analogy(triples, n=n, method=method), sparse.analogy(triples, n=n, method=method)
        )
    assert sparse.similarity("w1", "w2") == pytest.approx(dense.similarity("w1", "w2"))
    assert sparse.odd_one_out(words) == dense.odd_one_out(words)
    np.testing.assert_array_equal(sparse["w6"], dense["w6"])
    np.testing.assert_array_equal(sparse[words], dense[words])
    np.testing.assert_allclose(sparse.norms, dense.norms, rtol=1e-6)
    assert sparse.dim == dense.dim == columns
    _same([dense.head(9).nearest("w1", n=n)], [sparse.head(9).nearest("w1", n=n)])


def _same(theirs, ours):
    """Equal scores; equal words, but where scores differ in the last bit only or are cut off."""
    for one, other in zip(theirs, ours, strict=True):
        scores = np.array([score for _, score in one])
        np.testing.assert_allclose(scores, [score for _, score in other], atol=1e-12)
        gaps = np.abs(np.diff(scores, prepend=np.inf, append=scores[-1:])) > 1e-9
        for at in np.flatnonzero(gaps[:-1] & gaps[1:]):
            assert one[at].word == other[at].word


def test_small_blocks_give_the_same(monkeypatch):
    _, sparse = pair(words=200)
    whole = sparse.nearest(sparse.names[:50], n=5)
    monkeypatch.setattr(search, "SCORES", 256)
    monkeypatch.setattr(search, "DENSE", 200)
    assert sparse.nearest(sparse.names[:50], n=5) == whole


def test_evaluation_takes_both(tmp_path, monkeypatch):
    dense, sparse = pair()
    draw = np.random.default_rng(2)
    pairs, analogies = tmp_path / "pairs.tsv", tmp_path / "analogies.txt"
    pairs.write_text(
        "\n".join(f"w{a}\tw{b}\t{s}" for a, b, s in draw.integers(9, 60, (40, 3))) + "\n"
    )
    questions = (" ".join(f"w{i}" for i in draw.choice(60, 4, False)) for _ in range(300))
    analogies.write_text(": some\n" + "\n".join(questions) + "\n")
    one, other = (evaluate_similarity(vectors, pairs) for vectors in (dense, sparse))
    assert one.spearman == pytest.approx(other.spearman)
    one, other = (evaluate_analogies(vectors, analogies) for vectors in (dense, sparse))
    assert one == other
    monkeypatch.setattr(solve, "DENSE", 100)
    monkeypatch.setattr(solve, "HELD", 1000)
    assert evaluate_analogies(sparse, analogies) == one


def test_saved_and_loaded(tmp_path):
    dense, sparse = pair()
    Fitted("ppmi", sparse, settings={"window": 3}).save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth").vectors
    assert rows.is_sparse(again.matrix)
    np.testing.assert_array_equal(again.matrix.toarray(), dense.matrix)
    assert again.nearest("w1") == sparse.nearest("w1")
    assert len(again) == 60
    # nothing is copied: the arrays are those of the file
    assert not again.matrix.data.flags.writeable


@pytest.mark.parametrize("way", ["cut", "columns", "offsets"])
def test_damaged_sparse_rows(way, tmp_path):
    from firth.vectors.tensors import map_tensors, write_tensors

    _, sparse = pair()
    Fitted("ppmi", sparse).save(tmp_path / "m.firth")
    file = tmp_path / "m.firth" / "vectors.safetensors"
    tensors = {name: array.copy() for name, array in map_tensors(file).items()}
    if way == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        tensors[way][-1 if way == "offsets" else 5] = 1000
        write_tensors(file, tensors)
    with pytest.raises(FormatError, match=r"expected|truncated"):
        load(tmp_path / "m.firth")


def test_what_takes_dense_rows_says_so(tmp_path):
    _, sparse = pair()
    with pytest.raises(SettingError, match="60 numbers a word, and glove takes dense ones"):
        sparse.save(tmp_path / "v.glove")
    assert not (tmp_path / "v.glove").exists()
    with pytest.raises(SettingError, match="train the kind svd"):
        sparse.clusters(3)
    with pytest.raises(UnknownWordError):
        sparse.nearest("nowhere")


def test_no_vectors_at_all(tmp_path):
    """A model that has words but no vectors of them."""
    made = Fitted("counts", None, names=Vocabulary(["a", "b"], counts=[3, 1]))
    made.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.vectors is None
    assert again.vocabulary.names == ["a", "b"]
    with pytest.raises(
        FormatError, match="a model of kind counts, expected one with word vectors. It turns"
    ):
        again.must_have_vectors(tmp_path / "m.firth")
