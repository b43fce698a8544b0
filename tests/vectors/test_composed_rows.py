"""Words put together from rows, by numpy and by the kernel, at odd addresses: a plain loop says."""

import numpy as np
import pytest

from firth import Vectors, Vocabulary
from firth.errors import UnknownWordError
from firth.text.subwords import LINE_END, Subwords
from firth.vectors import subwords as module
from firth.vectors.quantized import Float16Rows
from firth.vectors.subwords import ComposedRows, SubwordRows

NAMES = ["eating", "été", "день", LINE_END, "a", "我们", *(f"word{i}" for i in range(150))]
UNSEEN = ["eaten", "", "ѣ", "word999"]


def mapped(rows):
    """The same numbers as they lie in a file: at an odd address, not to be written."""
    array = np.frombuffer(b"x" + rows.tobytes(), np.uint8)[1:].view(np.float32).reshape(rows.shape)
    assert not array.flags.aligned
    return array


def world(dim=19, buckets=70, cut=(2, 4)):
    rng = np.random.default_rng(5)
    own = rng.normal(size=(len(NAMES), dim)).astype(np.float32)
    ngrams = rng.normal(size=(buckets, dim)).astype(np.float32)
    subwords = SubwordRows(Subwords(*cut, buckets), mapped(ngrams))
    return ComposedRows(Vocabulary(NAMES), mapped(own), subwords)


def plain(rows, word):
    """One word, one n-gram after the other, in double precision."""
    own, subwords = np.asarray(rows.words, np.float64), rows.subwords
    parts = [
        np.asarray(subwords.matrix[row], np.float64) for row in subwords.subwords.rows([word])[1]
    ]
    if word in NAMES:
        parts.append(own[NAMES.index(word)])
    return np.mean(parts, axis=0) if parts else np.zeros(own.shape[1])


@pytest.fixture(params=["numpy", "kernel"])
def large(request, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 0 if request.param == "kernel" else 10**12)
    monkeypatch.setattr(module, "WORDS", 100)  # more than one piece


@pytest.mark.parametrize("cut", [(2, 4), (1, 6), (5, 5)])
def test_words_are_the_means_of_their_rows(large, cut):
    rows = world(cut=cut)
    wanted = np.array([plain(rows, name) for name in NAMES])
    singly = np.array([rows[i] for i in range(len(NAMES))])
    np.testing.assert_allclose(singly, wanted, atol=2e-6)
    np.testing.assert_allclose(rows.whole(), wanted, atol=2e-6)
    # a row without its n-grams is another one: the test would notice
    assert not np.allclose(np.asarray(rows.words), wanted, atol=1e-2)
    assert (rows[NAMES.index(LINE_END)] == rows.words[NAMES.index(LINE_END)]).all()
    np.testing.assert_array_equal(rows[3:9], rows.span(3, 50).span(0, 6)[:])
    np.testing.assert_array_equal(rows.span(3, 50)[[1, 4]], rows[[4, 7]])


def test_words_never_seen():
    rows = world()
    vectors = Vectors(rows.vocabulary, rows, subwords=rows.subwords)
    found, known = rows.subwords.of(UNSEEN)
    # "<>" is an n-gram too, as in fastText
    assert known.tolist() == [True, True, True, True]
    np.testing.assert_allclose(found, [plain(rows, word) for word in UNSEEN], atol=2e-6)
    np.testing.assert_array_equal(vectors["eaten"], found[0])
    np.testing.assert_array_equal(vectors[["été", "eaten"]], [vectors["été"], found[0]])
    assert "eaten" not in vectors
    assert vectors.known("eaten")
    assert vectors.similarity("eaten", "eating") == pytest.approx(
        vectors.similarity(found[0], "eating")
    )
    assert "eaten" not in [one.word for one in vectors.nearest("eaten", n=5)]
    assert len(vectors.analogy("eaten", "eating", "ѣ", n=3)) == 3
    assert vectors.odd_one_out(["eaten", "eating", "我们"]) in ("eaten", "eating", "我们")


def test_a_word_too_short_for_an_ngram_is_unknown():
    rows = world(cut=(5, 6))
    vectors = Vectors(rows.vocabulary, rows, subwords=rows.subwords)
    assert not vectors.known("b")
    with pytest.raises(UnknownWordError, match="'b' is not among the 156 words"):
        vectors["b"]
    assert rows.subwords.of(["b", "bcde"])[1].tolist() == [False, True]
    assert not rows.subwords.of(["b"])[0].any()


def test_rows_that_are_not_float32_are_put_together_too():
    rows = world()
    half = Float16Rows(np.asarray(rows.words).astype(np.float16))
    others = ComposedRows(rows.vocabulary, half, rows.subwords)
    np.testing.assert_allclose(others.whole(), rows.whole(), atol=1e-2)
    assert others.nbytes == half.nbytes + rows.subwords.matrix.nbytes
