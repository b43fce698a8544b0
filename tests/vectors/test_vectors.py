import numpy as np
import pytest

from firth.errors import SettingError, UnknownWordError, VocabularyError
from firth.text.vocabulary import Vocabulary
from firth.vectors.vectors import Neighbor, Vectors
from vectors.worlds import family_vectors, random_vectors


def test_rows_by_name():
    vectors = random_vectors(5, 4)
    assert "w3" in vectors and "w9" not in vectors and len(vectors) == 5 and vectors.dim == 4
    assert (vectors["w3"] == vectors.matrix[3]).all()
    assert (vectors[["w3", "w0"]] == vectors.matrix[[3, 0]]).all()
    assert vectors.names == ["w0", "w1", "w2", "w3", "w4"]
    np.testing.assert_allclose(vectors.norms, np.linalg.norm(vectors.matrix, axis=1), rtol=1e-6)


def test_an_unknown_word_offers_near_names():
    vectors = Vectors(Vocabulary(["king", "queen"]), np.ones((2, 2), np.float32))
    with pytest.raises(UnknownWordError, match=r"'kingg' is not among the 2 words.*'king'"):
        vectors.nearest("kingg")
    with pytest.raises(KeyError):
        vectors["kingg"]
    with pytest.raises(UnknownWordError):
        vectors.analogy("king", "queen", "man")


def test_names_and_rows_must_fit():
    with pytest.raises(VocabularyError, match="2 names do not fit a matrix of shape"):
        Vectors(Vocabulary(["a", "b"]), np.ones((3, 2), np.float32))


def test_a_batch_is_its_single_answers():
    vectors = family_vectors()
    words = ["king1", "red", "queen2"]
    assert vectors.nearest(words) == [vectors.nearest(word) for word in words]
    triples = [("king0", "queen0", "king1"), ("king2", "queen2", "king3")]
    for method in ("add", "mul"):
        assert vectors.analogy(triples, method=method) == [
            vectors.analogy(*triple, method=method) for triple in triples
        ]
    assert vectors.nearest([]) == [] and vectors.analogy([]) == []


def test_words_and_vectors_may_be_asked():
    vectors = random_vectors(30, 6)
    by_vector = vectors.nearest(vectors["w3"], n=30)
    assert by_vector[0] == Neighbor("w3", pytest.approx(1.0))
    assert by_vector[1:] == vectors.nearest("w3", n=29)
    assert vectors.nearest(vectors.matrix[:2], n=2)[1][0].word == "w1"
    assert vectors.nearest(["w3", vectors["w3"]], n=30) == [by_vector[1:], by_vector]


def test_n_exclude_and_limit():
    vectors = random_vectors(30, 6)
    all_of_them = [word for word, _ in vectors.nearest("w3", n=100)]
    assert len(all_of_them) == 29 and "w3" not in all_of_them
    first, second = all_of_them[:2]
    assert [word for word, _ in vectors.nearest("w3", n=2, exclude=[first])][0] == second
    limited = [word for word, _ in vectors.nearest("w20", n=100, limit=10)]
    assert sorted(limited) == sorted(f"w{i}" for i in range(10))
    assert {word for word, _ in vectors.analogy("w20", "w1", "w2", n=99, limit=5)} == {
        "w0",
        "w3",
        "w4",
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: v.nearest("w1", n=0), "n=0 is out of range"),
        (lambda v: v.nearest("w1", limit=0), "limit=0 is out of range"),
        (lambda v: v.nearest(np.ones(3)), r"shape \(3,\); these vectors have 6"),
        (lambda v: v.nearest(np.full(6, np.nan)), "nan or infinity"),
        (lambda v: v.analogy("w1", "w2", "w3", method="sum"), "not one of add, mul"),
        (lambda v: v.analogy("w1"), "needs three words"),
        (lambda v: v.analogy([("w1", "w2")]), "triples"),
        (lambda v: v.odd_one_out(["w1", "w2"]), "found 2 words"),
        (lambda v: v.clusters(0), "k=0 is out of range"),
    ],
)
def test_settings_out_of_range_are_refused(call, message):
    with pytest.raises(SettingError, match=message):
        call(random_vectors(30, 6))


def test_similarity_single_and_in_lists():
    vectors = random_vectors(4, 5)
    a, b = vectors["w1"].astype(float), vectors["w2"].astype(float)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert vectors.similarity("w1", "w2") == pytest.approx(cosine, rel=1e-12)
    both = vectors.similarity(["w1", "w1"], ["w2", "w1"])
    np.testing.assert_allclose(both, [cosine, 1.0])


def test_head_shares_rows():
    vectors = random_vectors(6, 3, counts=True)
    head = vectors.head(2)
    assert head.names == ["w0", "w1"] and np.shares_memory(head.matrix, vectors.matrix)
    assert head.vocabulary.counts.tolist() == [6, 5]
    assert vectors.head(None) is vectors


def answers_right(vectors):
    """Share of the planted relations that are found."""
    triples = [(f"king{i}", f"queen{i}", f"king{i + 1}") for i in range(11)]
    right = 0
    for method in ("add", "mul"):
        for i, answer in enumerate(vectors.analogy(triples, n=1, method=method)):
            right += answer[0].word == f"queen{i + 1}"
    colours = {"red", "green", "blue", "black"}
    near = {word for word, _ in vectors.nearest("red", n=3)}
    right += near == colours - {"red"}
    right += vectors.odd_one_out(["red", "green", "king3", "blue"]) == "king3"
    return right / 24


def test_the_planted_world_is_answered_and_a_random_one_is_not():
    vectors = family_vectors()
    random = Vectors(vectors.vocabulary, random_vectors(len(vectors), vectors.dim).matrix)
    assert answers_right(random) < 0.2
    assert answers_right(vectors) > 0.95
