"""Latent semantic analysis: against a dense SVD, on planted topics, and saved."""

import dataclasses

import numpy as np
import pytest

from firth import Corpus, load
from firth.errors import CorpusError, FormatError, SettingError
from firth.static.counts import DocumentCounts
from firth.static.lsa import LSA


def topics(documents=200, seed=1):
    """Two topics of thirty words each; (lines, the topic of each). Each line holds few words."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, documents)
    lines = [
        " ".join(f"{'ab'[label]}{i}" for i in rng.integers(0, 30, 8)) + " the of"
        for label in labels
    ]
    return lines, labels


@pytest.fixture(scope="module")
def planted():
    return topics()


def test_is_the_truncated_svd(planted):
    lines, _ = planted
    X = DocumentCounts(weighting="tf-idf-smooth").fit_transform(lines)[1].toarray()
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    fitted, documents = LSA(dim=6).fit_transform(lines)
    assert documents.dtype == np.float32
    np.testing.assert_allclose(fitted.state["singular_values"], S[:6], rtol=1e-6)
    # a dimension may be turned round: products do not see it
    np.testing.assert_allclose(documents @ documents.T, (U[:, :6] * S[:6] ** 2) @ U[:, :6].T,
                               atol=1e-4)  # fmt: skip
    words = fitted.vectors.matrix
    np.testing.assert_allclose(words @ words.T, (Vt[:6].T * S[:6] ** 2) @ Vt[:6], atol=1e-4)
    assert fitted.vectors.names == fitted.vocabulary.names
    # together they are the matrix, as far as six dimensions go
    np.testing.assert_allclose(
        documents @ fitted.state["components"].T, (U[:, :6] * S[:6]) @ Vt[:6], atol=1e-4
    )


def test_the_power_of_the_singular_values(planted):
    lines, _ = planted
    whole, half, none = (LSA(dim=4, power=p).fit(lines) for p in (1.0, 0.5, 0.0))
    S = whole.state["singular_values"]
    np.testing.assert_allclose(whole.vectors.matrix, none.vectors.matrix * S, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        half.vectors.matrix, none.vectors.matrix * S**0.5, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.norm(none.vectors.matrix, axis=0), 1, rtol=1e-4)
    np.testing.assert_array_equal(whole.documents, none.documents)


def apart(rows, labels):
    """Share of rows whose nearest other row (by cosine) is of their own label; chance 0.5."""
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    return float(np.mean(labels[cosines.argmax(axis=1)] == labels))


def test_documents_of_one_topic_lie_together(planted):
    lines, labels = planted
    rng = np.random.default_rng(1)
    fitted, documents = LSA(dim=3).fit_transform(lines)
    # the control: labels that are not those of the documents
    assert 0.35 < apart(documents, rng.permutation(labels)) < 0.65
    assert apart(documents, labels) > 0.98
    # words that never stand in one document are near if their company is
    assert all(n.word[0] == "a" for n in fitted.vectors.nearest("a1", n=10))


def test_new_documents_are_folded_in(planted):
    lines, _ = planted
    fitted, documents = LSA(dim=5, weighting="tf-idf").fit_transform(lines)
    np.testing.assert_allclose(LSA.transform(fitted, lines), documents, atol=1e-6)
    fresh = LSA.transform(fitted, ["a1 a2", "", "never seen", "a1 a2 never"])
    assert fresh.dtype == np.float32
    assert fresh.shape == (4, 5)
    assert not fresh[1:3].any()
    assert fresh[0].any()
    # a word that is not known counts nowhere, in the length of the document neither
    np.testing.assert_array_equal(fresh[0], fresh[3])
    assert LSA.transform(fitted, []).shape == (0, 5)


def test_one_seed_gives_the_same_bits(planted):
    lines, _ = planted
    one, two = (LSA(dim=5, threads=threads).fit(lines) for threads in (1, 3))
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.documents, two.documents)
    other = dataclasses.replace(LSA(dim=5), seed=2).fit(lines)
    np.testing.assert_allclose(other.vectors.matrix, one.vectors.matrix, atol=1e-4)


def test_saved_and_opened_again(planted, tmp_path):
    lines, _ = planted
    fitted, documents = LSA(dim=5).fit_transform(lines)
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == "lsa"
    np.testing.assert_array_equal(again.vectors.matrix, fitted.vectors.matrix)
    np.testing.assert_array_equal(again.documents, documents)
    np.testing.assert_array_equal(LSA.transform(again, lines[:9]), LSA.transform(fitted, lines[:9]))
    assert LSA.from_json(again.settings) == LSA(dim=5)


def test_as_scikit_learn_says(planted):
    sklearn = pytest.importorskip("sklearn.decomposition")
    lines, _ = planted
    X = DocumentCounts(weighting="tf-idf-smooth").fit_transform(lines)[1]
    theirs = sklearn.TruncatedSVD(4, algorithm="arpack", random_state=1).fit_transform(X)
    ours = LSA(dim=4).fit_transform(lines)[1]
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


def test_a_large_matrix():
    """Past the size that is done densely: singular values and vectors as ARPACK's."""
    linalg = pytest.importorskip("scipy.sparse.linalg")
    rng = np.random.default_rng(1)
    lines = [[f"w{i}" for i in rng.zipf(1.3, 30) if i < 1500] for _ in range(1500)]
    X = DocumentCounts(weighting="tf-idf-smooth").fit_transform(lines)[1]
    assert X.shape[0] * X.shape[1] > 1_000_000
    U, S, _ = linalg.svds(X, k=8, v0=np.ones(min(X.shape)))
    order = np.argsort(-S)
    fitted, documents = LSA(dim=8).fit_transform(lines)
    np.testing.assert_allclose(fitted.state["singular_values"], S[order], rtol=1e-3)
    # the first dimensions are apart from the rest, and so can be compared one by one
    np.testing.assert_allclose(np.abs(documents[:, :3]), np.abs(U * S)[:, order][:, :3], atol=5e-3)
    again = LSA(dim=8, threads=3).fit_transform(lines)[1]
    np.testing.assert_array_equal(documents, again)


def test_a_matrix_of_lower_rank_leaves_no_noise():
    """Three documents that are one: the second dimension holds nothing, and stays empty."""
    fitted, documents = LSA(dim=2, weighting="count").fit_transform(["a b", "a b", "a b"])
    np.testing.assert_allclose(np.abs(documents[:, 0]), np.sqrt(2), rtol=1e-5)
    assert not documents[:, 1].any()
    assert not LSA.transform(fitted, ["a"])[0, 1]


@pytest.mark.parametrize(
    ("lines", "options", "error", "said"),
    [
        (["a b", "b c", "c d"], {"dim": 9}, SettingError, "dim=9"),
        (["", "..."], {}, CorpusError, "not a single token"),
        (["a b"], {"dim": 0}, SettingError, "dim=0 is out of range"),
    ],
)
def test_bad_input(lines, options, error, said):
    with pytest.raises(error, match=said):
        LSA(**options).fit(Corpus(lines))


def test_another_kind_of_model_is_refused(planted):
    counts = DocumentCounts().fit(planted[0])
    with pytest.raises(FormatError, match="counts: found a model without components"):
        LSA.transform(counts, ["a1"])
