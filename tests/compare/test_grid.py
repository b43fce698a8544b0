"""What is compared: inputs by name, parts of the sentences, how long a training is."""

import numpy as np
import pytest

from firth import Tagger
from firth.compare.grid import MEASURED, plan_of, runs_of, sentences_of
from firth.compare.inputs import NAMES, Input, inputs_of
from firth.errors import SettingError

# --- inputs ------------------------------------------------------------------------------------


def test_an_input_by_its_name():
    assert Input.named("scratch") == Input()
    assert Input.named("vectors") == Input(vectors=True)
    assert Input.named("top") == Input(elmo="top") and Input.named("top").use == "top"
    fresh = Input.named("untrained")
    assert fresh.untrained and fresh.use == "mix" and not Input.named("mix").untrained
    both = Input.named("mix + vectors")
    assert both == Input(True, "mix") and both.name == "vectors+mix"


@pytest.mark.parametrize("name", [*NAMES, "vectors+top", "vectors+untrained"])
def test_a_name_and_back(name):
    assert Input.named(name).name == name


@pytest.mark.parametrize("name", ["top+mix", "scratch+mix", "mix+mix", "mix+top+vectors"])
def test_what_cannot_be_put_together(name):
    with pytest.raises(SettingError, match="cannot be put together; wanted scratch, vectors, one"):
        Input.named(name)


def test_the_usual_inputs_are_those_that_can_be_had():
    def names(**given):
        return [one.name for one in inputs_of(None, **given)]

    assert names(vectors=False, elmo=False) == ["scratch"]
    assert names(vectors=True, elmo=False) == ["scratch", "vectors"]
    assert names(vectors=False, elmo=True) == ["scratch", "top", "mix", "untrained"]
    assert names(vectors=True, elmo=True) == ["scratch", "vectors", "top", "mix", "untrained"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["mixx"], "'mixx' is not one of scratch, .* Did you mean 'mix'"),
        (["mix", "mix"], "mix is named twice"),
        (["vectors"], "vectors needs vectors of words; give a model of them"),
        (["vectors+mix"], "vectors\\+mix needs vectors"),
        ([], "There are no inputs to compare"),
    ],
)
def test_inputs_that_cannot_be_compared(names, said):
    with pytest.raises(SettingError, match=said):
        inputs_of(names, vectors=False, elmo=True)


def test_an_elmo_is_missing():
    with pytest.raises(SettingError, match="top needs an ELMo"):
        inputs_of(["top"], vectors=True, elmo=False)


# --- parts of the sentences --------------------------------------------------------------------


def test_smaller_parts_lie_within_larger_ones():
    fractions = [0.001, 0.01, 0.1, 0.5, 1.0]
    parts = [set(sentences_of(fraction, 3, 1000).tolist()) for fraction in fractions]
    assert [len(part) for part in parts] == [1, 10, 100, 500, 1000]
    assert all(small < large for small, large in zip(parts, parts[1:], strict=False))


def test_seeds_draw_other_parts():
    one, other, again = (sentences_of(0.1, seed, 1000) for seed in (1, 2, 1))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert (np.diff(one) > 0).all()


def test_little_data_comes_first():
    inputs = [Input.named("scratch"), Input.named("mix")]
    runs = runs_of(inputs, [1, 0.1], [2, 1])
    assert len(runs) == 8
    assert [(run.fraction, run.seed, run.input.name) for run in runs[:5]] == [
        (0.1, 2, "scratch"), (0.1, 2, "mix"), (0.1, 1, "scratch"), (0.1, 1, "mix"),
        (1, 2, "scratch"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fractions", "seeds", "said"),
    [
        ([0], [1], "fractions: 0 is out of range; wanted parts .* above 0 and up to 1"),
        ([0.1, 1.5], [1], "fractions: 1.5 is out of range"),
        ([-0.1], [1], "-0.1 is out of range"),
        ([float("nan")], [1], "nan is out of range"),
        ([0.1, 0.1], [1], "fractions: 0.1, 0.1 has one twice"),
        ([1], [1, 1], "seeds: 1, 1 has one twice"),
        ([1], [-1], "seeds: -1 is out of range"),
        ([], [1], "There are no fractions"),
        ([1], [], "There are no seeds"),
    ],
)
def test_grids_that_are_none(fractions, seeds, said):
    with pytest.raises(SettingError, match=said):
        runs_of([Input()], fractions, seeds)


# --- how long a training is --------------------------------------------------------------------


def test_little_data_is_repeated():
    settings = Tagger(epochs=30)
    much = plan_of(settings, 300, 100_000, 1000, 5000)
    assert (much.steps, much.settings.epochs, much.settings.evaluate_every) == (9000, 30, 360)
    little = plan_of(settings, 7, 2000, 1000, 5000)
    assert little.settings.epochs == 143 and 1000 <= little.steps < 1007
    # not after each of many short epochs
    assert little.steps / little.settings.evaluate_every <= MEASURED
    assert 0 < little.cost < much.cost
    alone = plan_of(Tagger(epochs=5), 300, 100_000, 1000, 0)
    assert alone.settings.epochs == 5 and alone.settings.evaluate_every == 0


def test_what_is_said_counts():
    assert (
        plan_of(Tagger(epochs=30, evaluate_every=7), 7, 2000, 1000, 0).settings.evaluate_every == 7
    )
    assert plan_of(Tagger(epochs=4, accumulate=2), 7, 2000, 12, 0).settings.epochs == 4
    timed = Tagger(minutes=1)
    assert plan_of(timed, 7, 2000, 1000, 0).settings == timed
