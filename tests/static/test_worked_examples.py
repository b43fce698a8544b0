"""The worked examples of the lecture notes, by their numbers (examples 2 to 8, and 12)."""

import numpy as np
import pytest

from firth import Corpus, Vectors, Vocabulary
from firth.kernels.linear import padded_zeros
from firth.kernels.rng import seeded
from firth.kernels.windows import empty_pairs, window_pairs
from firth.static.cbow import context_mean
from firth.static.counts import DocumentCounts, one_hot
from firth.static.window_counts import WindowCounts


def test_document_word_matrix():
    """FA: two documents over six words; is, a and also are stop words."""
    documents = ["He is a lazy boy. She is also lazy.", "Neeraj is a lazy person."]
    model = DocumentCounts(weighting="count", drop="is a also")
    fitted, X = model.fit_transform(Corpus(documents, fold_case=False))
    words = ["He", "She", "lazy", "boy", "Neeraj", "person"]
    assert sorted(fitted.vocabulary) == sorted(words)
    columns = fitted.vocabulary.ids(words)
    assert X.toarray()[:, columns].tolist() == [[1, 1, 2, 1, 0, 0], [0, 0, 1, 0, 1, 1]]


def test_tf_idf_of_messi():
    """FA: tf = count / document length, idf = log10(N / df)."""
    first = ["This", "is", "about", "about", "Messi", "Messi", "Messi", "Messi"]
    second = ["This", "is", "is", "about", "Tf-idf"]
    fitted, X = DocumentCounts(weighting="tf-idf").fit_transform([first, second])
    this, messi = fitted.vocabulary.ids(["This", "Messi"])
    idf = dict(zip(fitted.vocabulary, fitted.state["weights"], strict=True))
    assert f"{idf['This']:.3f} {idf['Messi']:.3f}" == "0.000 0.301"
    X = X.toarray()
    assert f"{X[0, messi]:.2f}" == "0.15"
    assert X[0, messi] == pytest.approx(4 / 8 * np.log10(2))
    assert X[0, this] == X[1, this] == X[1, messi] == 0


def beside(lines, direction):
    """The counts of lists of tokens in a window of 1, as {word: {word: count}}."""
    model = WindowCounts(window=1, direction=direction, weighting="flat", min_count=1, threads=1)
    counts = model.count(lines)
    names = counts.vocabulary.names
    return {word: {names[j]: x for j, x in zip(*counts.row(word), strict=True)} for word in names}


def test_next_words_of_penny_wise():
    """FA: what stands to the right of a word, next word only."""
    text = "Penny wise and pound foolish. A penny saved is a penny earned."
    sentences = [one.lower().split() for one in text.split(".") if one]
    found = beside(sentences, "right")
    assert found["a"] == {"penny": 2}
    assert found["penny"] == {"earned": 1, "saved": 1, "wise": 1}
    # the window does not cross the end of a sentence
    assert found["foolish"] == {}


def test_symmetric_matrix_of_three_sentences():
    """FA: the 8 x 8 matrix, the full stop being a word."""
    text = ["I like deep learning .", "I like NLP .", "I enjoy flying ."]
    found = beside([sentence.split() for sentence in text], "both")
    words = ["I", "like", "enjoy", "deep", "learning", "NLP", "flying", "."]
    assert sorted(found) == sorted(words)
    matrix = [[found[a].get(b, 0) for b in words] for a in words]
    #            I like enjoy deep learning NLP flying .
    expected = [[0, 2, 1, 0, 0, 0, 0, 0],
                [2, 0, 0, 1, 0, 1, 0, 0],
                [1, 0, 0, 0, 0, 0, 1, 0],
                [0, 1, 0, 0, 1, 0, 0, 0],
                [0, 0, 0, 1, 0, 0, 0, 1],
                [0, 1, 0, 0, 0, 0, 0, 1],
                [0, 0, 1, 0, 0, 0, 0, 1],
                [0, 0, 0, 0, 1, 1, 1, 0]]  # fmt: skip
    assert matrix == expected


def pairs_of(tokens, window):
    """(centre, context) by place, from the kernel that skip-gram trains with."""
    n = len(tokens)
    first, last = np.zeros(n, np.int64), np.full(n, n, np.int64)
    pairs = empty_pairs(n, n + 2 * window, 2 * window)
    places = np.arange(n, dtype=np.int64)
    begin, _, count = window_pairs(places, first, last, 0, n, window, False, pairs, seeded(1, 0, 0))
    assert begin == 0
    found = [(t, int(c)) for t in range(n) for c in pairs.words[t, : pairs.n_targets[t]]]
    assert len(found) == count
    return found


def test_symmetric_window_of_the_cat_sat_on_the_mat():
    """JADS: the 5 x 5 matrix of "The cat sat on the mat", window 1, lower case."""
    tokens = ["the", "cat", "sat", "on", "the", "mat"]
    names = ["the", "cat", "sat", "on", "mat"]
    matrix = np.zeros((5, 5), int)
    for i, j in pairs_of(tokens, window=1):
        matrix[names.index(tokens[i]), names.index(tokens[j])] += 1
    #            the cat sat on mat
    expected = [[0, 1, 0, 1, 1],
                [1, 0, 1, 0, 0],
                [0, 1, 0, 1, 0],
                [1, 0, 1, 0, 0],
                [1, 0, 0, 0, 0]]  # fmt: skip
    np.testing.assert_array_equal(matrix, expected)
    # and by the counter of co-occurrence
    found = beside([tokens], "both")
    assert [[found[a].get(b, 0) for b in names] for a in names] == expected


SENTENCE = ["this", "is", "sample", "corpus", "using", "only", "one", "context", "word"]
CBOW_ROWS = {
    "this": ["is", "sample"],
    "is": ["this", "sample", "corpus"],
    "sample": ["this", "is", "corpus", "using"],
    "corpus": ["is", "sample", "using", "only"],
    "using": ["sample", "corpus", "only", "one"],
    "only": ["corpus", "using", "one", "context"],
    "one": ["using", "only", "context", "word"],
    "context": ["only", "one", "word"],
    "word": ["one", "context"],
}


def test_rows_of_cbow_and_pairs_of_skip_gram():
    """FA: window 2 gives nine rows for CBOW, and the same as pairs for skip-gram."""
    found = pairs_of(SENTENCE, window=2)
    rows = {word: [] for word in SENTENCE}
    for i, j in found:
        rows[SENTENCE[i]].append(SENTENCE[j])
    assert rows == CBOW_ROWS
    assert len(rows) == 9
    assert len(found) == sum(map(len, CBOW_ROWS.values())) == 30
    assert (SENTENCE.index("sample"), SENTENCE.index("using")) in found


def test_hidden_layer_of_cbow_by_hand():
    """FA: W filled with 1 … 36, contexts this, sample, corpus: 7.66… 8.66… 9.66… 10.66…"""
    W = padded_zeros(9, 4)
    W[:, :4] = np.arange(1, 37).reshape(9, 4)
    word = np.array([SENTENCE.index(w) for w in ("this", "is", "sample", "corpus")], np.int64)
    H = padded_zeros(1, 4)
    context_mean(H, 0, W, word, 0, 4, 1)  # around "is"
    np.testing.assert_allclose(H[0, :4], np.array([23, 26, 29, 32]) / 3, rtol=1e-6)
    assert [f"{x:.2f}" for x in H[0, :4]] == ["7.67", "8.67", "9.67", "10.67"]


def test_one_hot_vectors_are_orthogonal():
    """EMB: cosine 0 for any two different words."""
    names = ["king", "queen", "man", "woman"]
    vectors = Vectors(Vocabulary(names), np.eye(4, dtype=np.float32))
    for a in names:
        for b in names:
            assert vectors.similarity(a, b) == (1 if a == b else 0)
    rows = one_hot(names, vectors.vocabulary)
    assert (rows @ rows.T).toarray().tolist() == np.eye(4).tolist()
