"""Making vectors smaller: the centroids are the nearest, the errors within their bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from firth.errors import SettingError
from firth.text.vocabulary import Vocabulary
from firth.vectors import quantize
from firth.vectors.quantization_loss import loss, neighbors_kept, relative_error
from firth.vectors.quantize import float16, int8, product_quantized, quantize_vectors
from firth.vectors.vectors import Vectors


def normal(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def grouped(n=600, d=12, groups=20):
    """Rows of `groups` directions with some noise, as vectors with neighbours."""
    random = np.random.default_rng(3)
    centres = random.standard_normal((groups, d))
    rows = centres[random.integers(0, groups, n)] + 0.3 * random.standard_normal((n, d))
    return Vectors(Vocabulary([f"w{i}" for i in range(n)]), rows.astype(np.float32))


@pytest.mark.parametrize("norms", [False, True])
@pytest.mark.parametrize("dsub", [1, 2, 3, 5])
def test_each_code_names_the_nearest_centroid(dsub, norms):
    x = normal(700, 7)
    rows = product_quantized(x, dsub, norms)
    parts = x / np.linalg.norm(x, axis=1, keepdims=True) if norms else x
    for m in range(rows.codes.shape[1]):
        part, c = parts[:, m * dsub : (m + 1) * dsub], rows.part(m)
        squares = ((part[:, None].astype(np.float64) - c) ** 2).sum(axis=2)
        chosen = squares[np.arange(700), rows.codes[:, m]]
        np.testing.assert_allclose(chosen, squares.min(axis=1), rtol=1e-3, atol=1e-9)
    if norms:
        lengths = np.linalg.norm(x, axis=1)
        kept = rows.norm_centroids[rows.norm_codes]
        nearest = np.abs(lengths[:, None] - rows.norm_centroids).min(axis=1)
        np.testing.assert_allclose(np.abs(lengths - kept), nearest, atol=1e-6)


def lloyd(x, seed_rows, rounds=25):
    """Squared error of plain k-means in float64 from the given rows."""
    c = x[seed_rows].astype(np.float64)
    for _ in range(rounds):
        squares = ((x[:, None] - c) ** 2).sum(axis=2)
        codes = squares.argmin(axis=1)
        for j in range(len(c)):
            if (codes == j).any():
                c[j] = x[codes == j].mean(axis=0)
    return ((x[:, None] - c) ** 2).sum(axis=2).min(axis=1).sum()


def test_the_centroids_are_as_good_as_those_of_plain_k_means():
    x = normal(1500, 2)
    rows = product_quantized(x, 2)
    ours = np.square(np.asarray(rows) - x).sum()
    random = np.random.default_rng(0)
    plain = [lloyd(x, random.choice(1500, 256, replace=False)) for _ in range(3)]
    control = [lloyd(x, random.choice(1500, 256, replace=False), rounds=1) for _ in range(3)]
    assert min(control) > 1.05 * max(plain)  # the measure tells good centroids from bad ones
    assert ours < 1.03 * np.mean(plain)


def test_smaller_parts_lose_less_and_norms_keep_the_directions_of_short_rows():
    x = normal(1000, 12) * np.exp(normal(1000, 1, seed=1))
    errors = [relative_error(x, product_quantized(x, dsub)) for dsub in (6, 4, 3, 2, 1)]
    assert errors == sorted(errors, reverse=True)
    cosines = []
    for norms in (False, True):
        y = np.asarray(product_quantized(x, 2, norms))
        lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
        cosines.append(((x * y).sum(axis=1) / lengths).min())
    assert cosines[0] < 0.9 and cosines[1] > 0.98
    # control: codes at random lose everything there is
    rows = product_quantized(x, 2)
    rows.codes = np.random.default_rng(0).integers(0, 256, rows.codes.shape).astype(np.uint8)
    assert relative_error(x, rows) > 1


@pytest.mark.parametrize("n", [0, 1, 5, 255, 256])
@pytest.mark.parametrize("norms", [False, True])
def test_so_few_rows_are_kept_exactly(n, norms):
    x = normal(n, 5)
    rows = product_quantized(x, 2, norms)
    np.testing.assert_allclose(np.asarray(rows), x, rtol=1e-5 if norms else 0, atol=1e-9)


def test_equal_rows_and_rows_of_zeros():
    x = np.zeros((400, 4), np.float32)
    x[200:] = [1, 2, 3, 4]
    for norms in (False, True):
        rows = product_quantized(x, 2, norms)
        np.testing.assert_allclose(np.asarray(rows), x, rtol=1e-6)


def test_the_seed_decides_and_the_threads_do_not():
    x = normal(900, 6)
    one = product_quantized(x, 2, True, threads=1)
    for other in (product_quantized(x, 2, True, threads=3), product_quantized(x, 2, True)):
        np.testing.assert_array_equal(one.codes, other.codes)
        np.testing.assert_array_equal(one.centroids, other.centroids)
        np.testing.assert_array_equal(one.norm_codes, other.norm_codes)
    assert (product_quantized(x, 2, True, seed=2).centroids != one.centroids).any()


def test_many_rows_are_learnt_from_some_and_encoded_in_blocks(monkeypatch):
    x = normal(2000, 4)
    whole = relative_error(x, product_quantized(x, 2))
    monkeypatch.setattr(quantize, "POINTS", 700)
    some = product_quantized(x, 2)
    assert whole < relative_error(x, some) < 1.5 * whole


def test_rows_that_are_worked_out_can_be_quantised():
    x = half = float16(normal(500, 4))
    np.testing.assert_array_equal(
        product_quantized(half, 2).codes, product_quantized(np.asarray(x), 2).codes
    )


numbers = st.floats(-60000, 60000, width=32)
matrices = arrays.arrays(
    np.float32, st.tuples(st.integers(0, 6), st.integers(1, 6)), elements=numbers
)


@settings(deadline=None)
@given(matrices)
def test_half_precision_is_off_by_no_more_than_it_says(x):
    off = np.abs(np.asarray(float16(x)).astype(np.float64) - x)
    assert (off <= np.maximum(np.abs(x) / 2048, 2.0**-25)).all()


@settings(deadline=None)
@given(matrices)
def test_int8_is_off_by_half_a_scale(x):
    rows = int8(x)
    off = np.abs(np.asarray(rows).astype(np.float64) - x)
    largest = np.abs(x).max(axis=1, initial=0).astype(np.float64)
    np.testing.assert_allclose(rows.scales, largest / 127, rtol=1e-6, atol=1e-44)
    # a little more: the scale is rounded too, and below 2^-126 it has few digits
    assert (off <= largest[:, None] / 254 * (1 + 1e-4) + 1e-42).all()


@pytest.mark.parametrize("make", [float16, int8, product_quantized])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_only_finite_numbers(make, bad):
    x = normal(300, 4)
    x[250, 1] = bad
    with pytest.raises(SettingError, match="hold nan or infinity; only finite numbers"):
        make(x)


def test_what_half_precision_cannot_hold():
    with pytest.raises(SettingError, match="as large as 70000, .* ends at 65504; quantise to int8"):
        float16(np.full((1, 2), 7e4, np.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "pg"}, "to='pg' is not one of pq, float16, int8"),
        ({"dsub": 0}, "dsub=0 is out of range"),
        ({"seed": -1}, "seed=-1 is out of range"),
    ],
)
def test_settings_out_of_range(arguments, message):
    with pytest.raises(SettingError, match=message):
        quantize_vectors(grouped(), **arguments)


@pytest.mark.parametrize("to", quantize.WAYS)
def test_what_is_quantised_stays_so(to):
    smaller = quantize_vectors(grouped(), to)
    with pytest.raises(SettingError, match="These vectors are quantised already, what they lost"):
        quantize_vectors(smaller, "int8")


def test_sparse_vectors_are_refused():
    from scipy.sparse import csr_array

    vectors = Vectors(Vocabulary(["a", "b"]), csr_array(np.eye(2, dtype=np.float32)))
    with pytest.raises(SettingError, match="sparse.*quantisation takes dense"):
        quantize_vectors(vectors)


def test_bytes_are_what_they_should_be():
    vectors = grouped()
    n, d = vectors.matrix.shape
    assert quantize_vectors(vectors, "float16").matrix.nbytes == 2 * n * d
    assert quantize_vectors(vectors, "int8").matrix.nbytes == n * d + 4 * n
    assert (
        quantize_vectors(vectors, "pq", norms=True).matrix.nbytes
        == n * d // 2 + 1024 * d + n + 1024
    )


def test_what_was_lost(tmp_path):
    vectors = grouped()
    pairs = tmp_path / "pairs.tsv"
    cosines = [vectors.similarity(f"w{i}", f"w{i + 1}") for i in range(0, 40, 2)]
    lines = [f"w{2 * i}\tw{2 * i + 1}\t{cosine}" for i, cosine in enumerate(cosines)]
    pairs.write_text("\n".join(lines) + "\n")
    found = {
        to: loss(vectors, quantize_vectors(vectors, to), [pairs]) for to in ("float16", "int8")
    }
    found["pq 6"] = loss(vectors, quantize_vectors(vectors, dsub=6), [pairs])
    nothing = loss(vectors, Vectors(vectors.vocabulary, vectors.matrix.copy()), [pairs])
    assert nothing.relative_error == 0 and nothing.neighbors_kept == 1
    assert nothing.similarity == [{"name": "pairs", "before": 1.0, "after": 1.0}]
    errors = [found[name].relative_error for name in ("float16", "int8", "pq 6")]
    kept = [found[name].neighbors_kept for name in ("float16", "int8", "pq 6")]
    scores = [found[name].similarity[0]["after"] for name in ("float16", "int8", "pq 6")]
    assert 0 < errors[0] < errors[1] < errors[2] < 1
    assert 1 >= kept[0] >= kept[1] > kept[2] > 0
    assert scores[0] > 0.999 and scores[2] < 1
    assert found["int8"].words == 500
    assert found["int8"].to_json()["bytes"] == {"before": 600 * 48, "after": 600 * 16}


def test_neighbours_are_counted_one_by_one():
    before = grouped(60)
    after = quantize_vectors(before, dsub=6)
    shared = []
    for name in before.names:
        near = [{one.word for one in vectors.nearest(name, 10)} for vectors in (before, after)]
        shared.append(len(near[0] & near[1]) / 10)
    assert neighbors_kept(before, after, words=60) == (pytest.approx(np.mean(shared)), 60)
    assert neighbors_kept(before.head(1), after.head(1)) == (1.0, 1)


def test_the_relative_error_is_that_of_its_formula():
    x, y = normal(50, 3), normal(50, 3, seed=1)
    wanted = np.sqrt(np.square(x - y).sum() / np.square(x).sum())
    assert relative_error(x, y) == pytest.approx(wanted, rel=1e-6)
    zeros = np.zeros((2, 2), np.float32)
    assert relative_error(zeros, zeros) == 0 and relative_error(zeros, zeros + 1) == np.inf
