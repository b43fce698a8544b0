"""The worked examples of the lecture notes, by their numbers (examples 6, 7, 8 and 12)."""

import numpy as np

from firth import Vectors, Vocabulary
from firth.kernels.linear import padded_zeros
from firth.kernels.rng import seeded
from firth.kernels.windows import empty_pairs, window_pairs
from firth.static.cbow import context_mean


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
