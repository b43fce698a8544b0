"""The search is brute force, whatever the block, the batch and the ties."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firth.text.vocabulary import Vocabulary
from firth.vectors import search
from firth.vectors.rows import norms_of, unit
from firth.vectors.vectors import Vectors


def brute(matrix, query, n, excluded):
    """Every cosine in float64, sorted by (falling cosine, row)."""
    cosines = (unit(matrix) * unit(query)).sum(axis=1)
    order = [row for row in np.lexsort((np.arange(len(matrix)), -cosines)) if row not in excluded]
    return order[:n], cosines[order[:n]]


def brute_mul(matrix, a, b, c, n, excluded):
    units = unit(matrix)
    sa, sb, sc = ((1 + (units * unit(term)).sum(axis=1)) / 2 for term in (a, b, c))
    scores = sb * sc / (sa + 0.001)
    order = [row for row in np.lexsort((np.arange(len(matrix)), -scores)) if row not in excluded]
    return order[:n], scores[order[:n]]


# few distinct numbers: many ties, rows of zeros, equal rows
matrices = st.integers(1, 12).flatmap(
    lambda dim: st.lists(
        st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 1e-3]), min_size=dim, max_size=dim),
        min_size=1,
        max_size=40,
    )
)


@settings(max_examples=150, deadline=None)
@given(matrices, st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_nearest_is_brute_force(rows, n, seed):
    matrix = np.array(rows, np.float32)
    random = np.random.default_rng(seed)
    queries = matrix[random.integers(0, len(matrix), 3)]
    excluded = [random.integers(0, len(matrix), 2) for _ in queries]
    found = search.nearest_rows(matrix, norms_of(matrix), queries, n, excluded)
    for query, out, (ids, cosines) in zip(queries, excluded, found, strict=True):
        wanted, values = brute(matrix, query, n, set(out.tolist()))
        assert ids.tolist() == wanted
        assert cosines.tolist() == values.tolist()


@settings(max_examples=100, deadline=None)
@example([[-2.0] * 3, [-2.0] * 3, [-2.0, -2.0, 0.0], [-2.0] * 3, [0.5, 0.5, 0.0]], 3, 1, "mul")
@given(matrices, st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from(["add", "mul"]))
def test_analogy_is_brute_force(rows, n, seed, method):
    matrix = np.array(rows, np.float32)
    triple = np.random.default_rng(seed).integers(0, len(matrix), 3)
    terms = tuple(matrix[[row]] for row in triple)
    norms = norms_of(matrix)
    [(ids, scores)] = search.analogy_rows(matrix, norms, terms, n, [triple], method)
    a, b, c = unit(matrix[triple])
    if method == "add":
        wanted, values = brute(matrix, b - a + c, n, set(triple.tolist()))
    else:
        wanted, values = brute_mul(matrix, a, b, c, n, set(triple.tolist()))
    assert ids.tolist() == wanted
    # a cosine of -1 is rounded to within 1e-16, and 3CosMul divides by as little as 0.001
    np.testing.assert_allclose(scores, values, rtol=1e-12, atol=1e-15 if method == "add" else 1e-12)


def test_blocks_and_batches_give_the_same(monkeypatch):
    random = np.random.default_rng(0)
    matrix = random.standard_normal((1000, 24)).astype(np.float32)
    matrix[500:600] = matrix[:100]  # ties across blocks
    norms = norms_of(matrix)
    queries = matrix[::7]
    none = [np.empty(0, np.int64)] * len(queries)
    whole = search.nearest_rows(matrix, norms, queries, 7, none)
    monkeypatch.setattr(search, "SCORES", 512)
    monkeypatch.setattr(search, "QUERIES", 3)
    pieces = search.nearest_rows(matrix, norms, queries, 7, none)
    single = [search.nearest_rows(matrix, norms, q[None], 7, none[:1])[0] for q in queries]
    for one, two, three in zip(whole, pieces, single, strict=True):
        assert one[0].tolist() == two[0].tolist() == three[0].tolist()
        assert one[1].tolist() == two[1].tolist() == three[1].tolist()


def test_equal_rows_come_in_the_order_of_the_vocabulary():
    vectors = Vectors(Vocabulary(["a", "b", "c", "d"]), np.ones((4, 3), np.float32))
    assert [word for word, _ in vectors.nearest("c", n=3)] == ["a", "b", "d"]


def test_zero_rows_are_safe():
    matrix = np.array([[1, 0], [0, 0], [-1, 0], [0, 0]], np.float32)
    vectors = Vectors(Vocabulary(["x", "zero", "minus", "nil"]), matrix)
    assert vectors.nearest("zero", n=3) == [("x", 0.0), ("minus", 0.0), ("nil", 0.0)]
    assert vectors.nearest("x", n=3) == [("zero", 0.0), ("nil", 0.0), ("minus", -1.0)]
    assert vectors.similarity("zero", "zero") == 0.0
    assert vectors.analogy("zero", "x", "nil")[0].word == "minus"


@pytest.mark.parametrize("dim", [3, 300])
def test_long_and_short_vectors_keep_their_angle(dim):
    """Rows of very different length: the float32 bound must hold for each."""
    random = np.random.default_rng(1)
    matrix = random.standard_normal((300, dim)) * 10.0 ** random.integers(-12, 12, (300, 1))
    matrix = matrix.astype(np.float32)
    [(ids, _)] = search.nearest_rows(matrix, norms_of(matrix), matrix[:1], 20, [np.array([0])])
    assert ids.tolist() == brute(matrix, matrix[0], 20, {0})[0]
