"""Truncated SVD against LAPACK and ARPACK, and the vectors it gives."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
from scipy.sparse.linalg import svds

from firth import load
from firth.errors import SettingError
from firth.static import truncated_svd as solver
from firth.static.ppmi import ppmi
from firth.static.svd import SVD
from firth.static.truncated_svd import truncated_svd
from firth.static.window_counts import WindowCounts
from static.worlds import checkerboard, checkerboard_score, paradigm_score, paradigms

SMALL = {"window": 3, "min_count": 1, "threads": 1, "dim": 8}


def some_matrix(rows, columns, density=0.05, seed=1):
    """Singular values that fall as those of texts do."""
    draw = np.random.default_rng(seed)
    made = random_array((rows, columns), density=density, rng=draw, dtype=np.float64)
    scale = 1 / np.sqrt(1 + np.arange(columns))
    return csr_array(made * scale[None, :])


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 999), st.booleans())
def test_small_matrices(rows, columns, seed, lanczos):
    """All of the values, also where there are fewer than asked for."""
    A = some_matrix(rows, columns, density=0.3, seed=seed)
    dim = min(rows, columns)
    small, solver.SMALL = solver.SMALL, 0 if lanczos else 10**6
    try:
        U, s, V = truncated_svd(A, dim, seed=3)
    finally:
        solver.SMALL = small
    wanted = np.linalg.svd(A.toarray(), compute_uv=False)[:dim]
    np.testing.assert_allclose(s, wanted, atol=2e-5 * max(1e-3, wanted[0]))
    np.testing.assert_allclose((U * s) @ V.T, A.toarray(), atol=1e-4 * max(1e-3, wanted[0]))
    there = s > 1e-5 * max(1e-3, s[0])
    for side in (U[:, there], V[:, there]):
        np.testing.assert_allclose(side.T @ side, np.eye(there.sum()), atol=1e-3)
    assert (U[np.abs(U).argmax(axis=0), np.arange(dim)] >= 0).all()


@pytest.mark.parametrize("shape", [(3000, 2000), (1500, 4000)])
def test_equals_arpack(shape):
    A = some_matrix(*shape)
    U, s, V = truncated_svd(A, 50, threads=1)
    wanted = np.sort(svds(A, k=50, return_singular_vectors=False))[::-1]
    np.testing.assert_allclose(s, wanted, rtol=1e-4)
    np.testing.assert_allclose(U.T @ U, np.eye(50), atol=1e-4)
    np.testing.assert_allclose(V.T @ V, np.eye(50), atol=1e-4)
    # A V = U s: they are singular vectors, not only of the right length
    np.testing.assert_allclose(A @ V, U * s, atol=2e-2 * s[-1])
    # control: a random basis does not do
    other, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(shape[1], 50)))
    assert np.abs(A @ other - U * s).max() > 10 * s[-1] * 2e-2


def test_one_seed_and_any_threads_give_the_same_bits():
    A = some_matrix(2000, 1500)
    one, two = (truncated_svd(A, 20, 5, threads=n) for n in (1, 2))
    for mine, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_more_than_there_is():
    with pytest.raises(SettingError, match="dim=9 is more than a matrix of 10 x 8 has"):
        truncated_svd(some_matrix(10, 8), 9)
    with pytest.raises(SettingError, match="dim=100 is more than the 30 words there are"):
        SVD(**SMALL | {"dim": 100}).fit(paradigms(lines=100))


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("combine", ["word", "sum"])
def test_vectors_are_as_written(weight, combine):
    lines = paradigms(lines=400)
    counts = WindowCounts(window=3, min_count=1, weighting="flat").count(lines)
    model = SVD(**SMALL | {"eigenvalue_weight": weight, "combine": combine})
    fitted = model.fit(counts)
    U, s, V = np.linalg.svd(ppmi(counts, 0.75, 1.0).toarray())
    W = U[:, :8] * s[:8] ** weight
    C = V[:8].T * s[:8] ** weight
    wanted = W if combine == "word" else W + C
    # the sign of a column is free
    np.testing.assert_allclose(np.abs(fitted.vectors.matrix), np.abs(wanted), atol=1e-4)
    np.testing.assert_allclose(fitted.state["singular_values"], s[:8], rtol=1e-5)


def test_solves_the_worlds():
    board, lines = checkerboard(), paradigms()
    assert checkerboard_score(SVD(**SMALL).fit(checkerboard(stray=0.5)).vectors) < 0.5
    assert checkerboard_score(SVD(**SMALL).fit(board).vectors) == 1
    assert paradigm_score(SVD(**SMALL | {"window": 1, "dim": 1}).fit(lines).vectors) < 0.5
    assert paradigm_score(SVD(**SMALL | {"window": 1}).fit(lines).vectors) > 0.95


def test_save_and_load(tmp_path):
    fitted = SVD(**SMALL).fit(paradigms(lines=200))
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    np.testing.assert_array_equal(again.vectors.matrix, fitted.vectors.matrix)
    np.testing.assert_array_equal(again.state["contexts"], fitted.state["contexts"])
    assert SVD.from_json(again.settings) == SVD(**SMALL)


def test_every_setting_arrives():
    lines = paradigms(lines=300)
    plain = SVD(**SMALL).fit(lines).vectors.matrix
    changed = {
        "window": 1, "direction": "left", "weighting": "harmonic", "min_count": 50, "max_size": 20,
        "smoothing": 0.1, "shift": 1.2, "dim": 5, "eigenvalue_weight": 1.0, "combine": "sum",
    }  # fmt: skip
    names = {field.name for field in dataclasses.fields(SVD)}
    # the seed only moves the last bits
    assert names == changed.keys() | {"memory", "threads", "seed"}
    for name, value in changed.items():
        other = SVD(**SMALL | {name: value}).fit(lines).vectors.matrix
        assert not np.array_equal(other, plain), name
