"""PPMI from its definition, and what its rows know."""

import dataclasses
import math

import numpy as np
import pytest

from firth import load
from firth.errors import SettingError, VocabularyError
from firth.static.ppmi import PPMI
from firth.static.window_counts import WindowCounts
from static.worlds import checkerboard, checkerboard_score, paradigm_score, paradigms

SMALL = {"window": 3, "min_count": 1, "threads": 1}


def defined(X, smoothing, shift):
    """float64[V, V], number by number."""
    total, words = X.sum(), len(X)
    column = X.sum(axis=0)
    smoothed = np.where(column > 0, column**smoothing, 0)
    found = np.zeros((words, words))
    for i in range(words):
        for j in range(words):
            if X[i, j]:
                p = X[i, j] / total
                p_i, p_j = X[i].sum() / total, smoothed[j] / smoothed.sum()
                found[i, j] = max(0.0, math.log(p / (p_i * p_j)) - math.log(shift))
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.75, 1.0])
@pytest.mark.parametrize("shift", [1.0, 1.5])
@pytest.mark.parametrize("direction", ["both", "right"])
def test_is_the_definition(smoothing, shift, direction):
    lines = paradigms(lines=300)
    counts = WindowCounts(**SMALL, direction=direction).count(lines)
    fitted = PPMI(**SMALL, smoothing=smoothing, shift=shift, direction=direction).fit(counts)
    wanted = defined(counts.matrix.toarray(), smoothing, shift)
    np.testing.assert_allclose(fitted.vectors.matrix.toarray(), wanted, rtol=1e-5, atol=1e-7)
    # what is zero is not stored
    assert abs(fitted.vectors.matrix.nnz - (wanted > 1e-12).sum()) < 3
    assert fitted.vectors.matrix.nnz <= len(counts)
    assert fitted.corpus["positive"] == fitted.vectors.matrix.nnz


def test_solves_the_worlds():
    board, lines = checkerboard(), paradigms()
    # control: the same counts beside any words
    near = SMALL | {"window": 1}
    counted = WindowCounts(**near).count(lines)
    anything = np.random.default_rng(1).permutation(counted.columns)
    wrong = dataclasses.replace(counted, columns=anything)
    assert paradigm_score(PPMI(**near).fit(wrong).vectors) < 0.6
    assert checkerboard_score(PPMI(**SMALL).fit(board).vectors) == 1
    assert paradigm_score(PPMI(**near).fit(lines).vectors) > 0.95


def test_save_and_load(tmp_path):
    fitted = PPMI(**SMALL).fit(paradigms(lines=200))
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == "ppmi"
    assert PPMI.from_json(again.settings) == PPMI(**SMALL)
    word = fitted.vocabulary[3]
    assert again.vectors.nearest(word) == fitted.vectors.nearest(word)


def test_nothing_above_chance():
    with pytest.raises(
        VocabularyError, match="None of the .* pairs .* times 1e\\+06; lower --shift"
    ):
        PPMI(**SMALL, shift=1e6).fit(paradigms(lines=200))
    with pytest.raises(VocabularyError, match="no word has another beside it"):
        PPMI(**SMALL).fit(["a a"])
    with pytest.raises(VocabularyError, match="No two of the 2 words"):
        PPMI(**SMALL).fit(["a", "b"])
    with pytest.raises(SettingError, match="shift=0.5 is out of range"):
        PPMI(shift=0.5)


def test_every_setting_arrives():
    lines = paradigms(lines=300)
    plain = PPMI(**SMALL).fit(lines).vectors.matrix.toarray()
    changed = {
        "window": 1, "direction": "left", "weighting": "harmonic", "min_count": 60, "max_size": 10,
        "smoothing": 0.1, "shift": 1.2,
    }  # fmt: skip
    names = {field.name for field in dataclasses.fields(PPMI)}
    assert names == changed.keys() | {"memory", "threads"}
    for name, value in changed.items():
        other = PPMI(**SMALL | {name: value}).fit(lines).vectors.matrix.toarray()
        assert not np.array_equal(other, plain), name
