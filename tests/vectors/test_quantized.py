"""Rows that are worked out answer as the array of them would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import FormatError
from firth.text.vocabulary import Vocabulary
from firth.vectors import quantized, search
from firth.vectors.quantized import (
    Float16Rows,
    Int8Rows,
    ProductQuantized,
    Stacked,
    joined,
)
from firth.vectors.quantized_tensors import matrix_of, tensors_of
from firth.vectors.rows import norms_of
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors


def product(n, dim, dsub, norms=False, seed=0):
    random = np.random.default_rng(seed)
    parts = -(-dim // dsub)
    lengths = (random.integers(0, 256, n).astype(np.uint8), random.random(256).astype(np.float32))
    return ProductQuantized(
        random.integers(0, 256, (n, parts)).astype(np.uint8),
        random.standard_normal(256 * dim).astype(np.float32),
        dim,
        dsub,
        *(lengths if norms else ()),
    )


def half(n, dim):
    return Float16Rows(np.random.default_rng(1).standard_normal((n, dim)).astype(np.float16))


def int8(n, dim):
    random = np.random.default_rng(2)
    codes = random.integers(-127, 128, (n, dim)).astype(np.int8)
    return Int8Rows(codes, random.random(n).astype(np.float32))


KINDS = {
    "pq": lambda n, dim: product(n, dim, 2),
    "last part shorter": lambda n, dim: product(n, dim, 3, norms=True),
    "one part": lambda n, dim: product(n, dim, dim + 1),
    "float16": half,
    "int8": int8,
    "stacked": lambda n, dim: Stacked(np.asarray(half(n // 2, dim)), product(n - n // 2, dim, 2)),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def plainly(rows, row):
    """Row `row`, number by number from what is held."""
    if isinstance(rows, Float16Rows):
        return np.array([float(x) for x in rows.half[row]], np.float32)
    if isinstance(rows, Stacked):
        first, second = rows.parts
        return first[row] if row < len(first) else plainly(second, row - len(first))
    if isinstance(rows, Int8Rows):
        return np.array([np.float32(x) * rows.scales[row] for x in rows.codes[row]], np.float32)
    dim, dsub, numbers = rows.shape[1], rows.dsub, []
    for m, code in enumerate(rows.codes[row]):
        first = m * dsub
        width = min(dsub, dim - first)
        # fastText's layout: whole parts of 256 * dsub numbers, the last of 256 * width
        at = 256 * first + int(code) * width
        numbers += rows.centroids[at : at + width].tolist()
    by = 1 if rows.norm_codes is None else rows.norm_centroids[rows.norm_codes[row]]
    return np.array(numbers, np.float32) * np.float32(by)


@kinds
def test_rows_are_what_is_held_says(make):
    rows = make(9, 8)
    np.testing.assert_array_equal(np.asarray(rows), [plainly(rows, row) for row in range(9)])


@kinds
def test_rows_are_asked_for_as_of_an_array(make):
    rows = make(9, 8)
    whole = np.asarray(rows)
    assert whole.dtype == rows.dtype and whole.shape == rows.shape and len(rows) == 9
    mask = np.arange(9) % 2 == 0
    for key in (0, -1, 8, [3, -2, 3], [], slice(2, 5), slice(5, 2), slice(None, None, 3), mask):
        np.testing.assert_array_equal(rows[key], whole[key])
    np.testing.assert_array_equal(rows[np.array([[1, 2], [3, 4]])], whole[[[1, 2], [3, 4]]])
    np.testing.assert_array_equal(np.array(list(rows)), whole)
    np.testing.assert_array_equal(rows.span(2, 7)[1:3], whole[3:5])
    for key in (9, -10, [0, 9]):
        with pytest.raises(IndexError, match="there are 9 rows"):
            rows[key]
    with pytest.raises(IndexError, match="mask"):
        rows[mask[:3]]


@kinds
def test_kept_in_a_file_and_mapped(make, tmp_path):
    rows = make(9, 8)
    write_tensors(tmp_path / "m.safetensors", tensors_of(rows, "m"))
    again = matrix_of(map_tensors(tmp_path / "m.safetensors"), "m")
    if not isinstance(rows, Stacked):  # that is kept worked out
        assert type(again) is type(rows) and again.nbytes == rows.nbytes
    np.testing.assert_array_equal(np.asarray(again), np.asarray(rows))


def test_an_array_is_kept_as_itself():
    matrix = np.ones((2, 3), np.float32)
    assert matrix_of(tensors_of(matrix, "m"), "m") is matrix
    with pytest.raises(KeyError):
        matrix_of({"x": matrix}, "m")


@kinds
@pytest.mark.parametrize("at_once", [8, 1 << 20])
def test_the_nearest_are_those_of_the_rows_worked_out(make, at_once, monkeypatch):
    rows = make(300, 8)
    whole = np.asarray(rows)
    names = Vocabulary([f"w{i}" for i in range(300)])
    plain = Vectors(names, whole)
    monkeypatch.setattr(quantized, "AT_ONCE", at_once)
    monkeypatch.setattr(search, "SCORES", 1024)
    smaller = Vectors(names, rows)
    assert not isinstance(smaller.matrix, np.ndarray)
    np.testing.assert_array_equal(norms_of(rows), norms_of(whole))
    queries = ["w3", "w299", "w0"]
    assert smaller.nearest(queries, 7) == plain.nearest(queries, 7)
    assert smaller.nearest(whole[5], 3, limit=100) == plain.nearest(whole[5], 3, limit=100)
    for method in ("add", "mul"):
        found = [one.analogy("w1", "w2", "w3", 5, method) for one in (smaller, plain)]
        assert found[0] == found[1]
    assert smaller.similarity("w1", "w2") == plain.similarity("w1", "w2")
    assert smaller.odd_one_out(["w1", "w2", "w3"]) == plain.odd_one_out(["w1", "w2", "w3"])
    np.testing.assert_array_equal(smaller[["w4", "w2"]], whole[[4, 2]])
    assert (smaller.clusters(4, 3) == plain.clusters(4, 3)).all()
    assert smaller.head(10).nearest("w3", 2) == plain.head(10).nearest("w3", 2)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 20), dim=st.integers(1, 12), dsub=st.integers(1, 13), norms=st.booleans())
def test_any_shape_of_parts(n, dim, dsub, norms):
    rows = product(n, dim, dsub, norms)
    whole = np.asarray(rows)
    assert whole.shape == (n, dim)
    for row in range(n):
        np.testing.assert_array_equal(whole[row], plainly(rows, row))
    again = np.concatenate([rows.part(m).reshape(-1) for m in range(-(-dim // dsub))])
    np.testing.assert_array_equal(again, rows.centroids)


@pytest.mark.parametrize("to", ["word2vec-text", "word2vec-binary", "safetensors", "model2vec"])
def test_other_formats_get_the_rows_worked_out(to, tmp_path):
    from firth.vectors.formats import load_vectors

    rows = product(5, 6, 2)
    Vectors(Vocabulary(list("abcde")), rows).save(tmp_path / "v", format=to)
    again = load_vectors(tmp_path / "v", format=to)
    np.testing.assert_allclose(again[list("abcde")], np.asarray(rows), rtol=1e-5)


def test_two_halves_are_joined_again():
    rows = product(9, 5, 2, norms=True)
    both = joined(rows.span(0, 4), rows.span(4, 9))
    np.testing.assert_array_equal(np.asarray(both), np.asarray(rows))
    other = product(9, 5, 2, norms=True, seed=1)
    for wrong in (other, half(3, 5), product(9, 5, 2), product(9, 5, 3, norms=True)):
        with pytest.raises(FormatError, match="one product quantiser for both"):
            joined(rows, wrong)


def damaged(tensors, **changes):
    changed = {f"m.{name}": tensor for name, tensor in changes.items()}
    return {name: t for name, t in (tensors | changed).items() if t is not None}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"codes": np.zeros((9, 4), np.uint8)}, r"m.codes shape \(9, 4\), expected \(9, 3\)"),
        ({"codes": np.zeros((9, 3), np.int8)}, "'m.codes' of type int8"),
        ({"centroids": np.zeros(7, np.float32)}, r"m.centroids shape \(7,\), expected \(1280,\)"),
        ({"centroids": None}, "no tensor 'm.centroids'"),
        ({"layout": np.array([5], np.int64)}, r"m.layout shape \(1,\)"),
        ({"layout": np.array([5, 0], np.int64)}, "m.layout dim 5 and dsub 0"),
        ({"norm_codes": np.zeros(8, np.uint8)}, r"m.norm_codes shape \(8,\), expected \(9,\)"),
        ({"norm_centroids": None}, "no tensor 'm.norm_centroids'"),
    ],
)
def test_parts_that_do_not_fit_are_named(change, found):
    tensors = tensors_of(product(9, 5, 2, norms=True), "m")
    with pytest.raises(FormatError, match=rf"^a.safetensors: found .*{found}"):
        matrix_of(damaged(tensors, **change), "m", "a.safetensors")


def test_scales_that_do_not_fit_are_named():
    with pytest.raises(FormatError, match=r"scales: found shape \(2,\), expected \(3,\)"):
        Int8Rows(np.zeros((3, 4), np.int8), np.zeros(2, np.float32))
