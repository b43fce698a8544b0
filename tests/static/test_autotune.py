"""Autotune: what it finds, what it stops at, what it keeps, what it refuses."""

import dataclasses
import json
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, SettingError
from firth.progress import SILENT, Progress
from firth.static import autotune as module
from firth.static import autotune_watch
from firth.static.autotune import autotune
from firth.static.autotune_size import bytes_of, cutoff_for, fitting
from firth.static.autotune_watch import Watch
from firth.static.checkpoints import Interrupted
from firth.static.classifier import FastTextClassifier
from firth.static.classify import Classifier
from firth.static.meter import measure
from firth.static.quantize import ModelQuantization, quantize
from firth.static.trials import Trials
from firth.text.labelled import Labelled
from firth.vectors.fitted import load
from static.labelled_worlds import endings, order_matters, topics

#: small enough for tests; not the defaults, so that they would be fixed if `fixed` did not say so
SMALL = FastTextClassifier(dim=16, epochs=3, threads=1, buckets=20_000)
FREE = {"fixed": {"buckets"}, "settings": SMALL}


def f1(fitted, examples):
    return measure(Classifier(fitted, threads=1), examples).f1()


# --- what it finds -------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [order_matters, endings])
def test_finds_what_the_given_settings_miss(world):
    train, dev, test = world(seed=1), world(seed=2), world(seed=3)
    # the control: no rate and no number of epochs help, the features are not there
    for more in ({}, {"epochs": 50, "rate": 0.5}):
        assert f1(dataclasses.replace(SMALL, **more).fit(train), test) < 0.7
    fitted, trials = autotune(train, dev, seconds=None, trials=25, **FREE)
    assert trials.trials[0].score < 0.7
    assert trials.best.score > 0.95
    # what is returned is what was measured, and holds for others too
    assert f1(fitted, dev) == pytest.approx(trials.best.score)
    assert f1(fitted, test) > 0.95


def test_what_is_fixed_stays_and_then_nothing_is_found():
    train, dev = order_matters(seed=1), order_matters(seed=2)
    fitted, trials = autotune(
        train, dev, seconds=None, trials=15, settings=SMALL, fixed={"word_ngrams", "buckets"}
    )
    assert {one.settings["word_ngrams"] for one in trials.trials} == {1}
    assert trials.best.score < 0.7
    assert fitted.settings["word_ngrams"] == 1


def test_what_is_not_the_default_is_fixed():
    fitted, trials = autotune(
        topics(60), topics(60, seed=2), seconds=None, trials=4, settings=SMALL
    )
    assert {one.settings["dim"] for one in trials.trials} == {16}
    assert {one.settings["epochs"] for one in trials.trials} == {3}
    assert len({one.settings["rate"] for one in trials.trials}) > 1
    assert fitted.vectors.dim == 16


def test_the_same_trials_give_the_same_bits():
    train, dev = topics(100), topics(60, seed=2)
    (one, first), (two, second) = (
        autotune(train, dev, seconds=None, trials=6, **FREE) for _ in range(2)
    )
    strip = [
        [(trial.settings, trial.score, trial.note) for trial in trials.trials]
        for trials in (first, second)
    ]
    assert strip[0] == strip[1]
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.state["output"], two.state["output"])
    _, other = autotune(
        train, dev, seconds=None, trials=6, fixed={"buckets"},
        settings=dataclasses.replace(SMALL, seed=9),
    )  # fmt: skip
    assert [trial.settings for trial in other.trials][1:] != [s for s, _, _ in strip[0]][1:]


@pytest.mark.parametrize("metric", ["f1:sport", "precisionAtRecall:50", "recallAtPrecision:90:art"])
def test_other_metrics(metric):
    _, trials = autotune(
        topics(60), topics(60, seed=2), seconds=None, trials=2, metric=metric, **FREE
    )
    assert trials.metric == metric and 0 <= trials.best.score <= 1


def test_a_label_of_the_metric_may_bear_the_prefix(tmp_path):
    lines = [f"__label__{labels[0]} {' '.join(words)}" for labels, words in topics(60)]
    (tmp_path / "t.txt").write_text("\n".join(lines) + "\n")
    data = str(tmp_path / "t.txt")
    scores = [
        autotune(data, data, seconds=None, trials=1, metric=f"f1:{name}", settings=SMALL)[
            1
        ].best.score
        for name in ("sport", "__label__sport")
    ]
    assert scores[0] == scores[1]


def test_vectors_to_start_from_decide_the_length():
    first = SMALL.fit(topics(60))
    fitted, trials = autotune(
        topics(60), topics(40, seed=2), seconds=None, trials=4, init_from=first, **FREE
    )
    assert {one.settings["dim"] for one in trials.trials} == {16}
    assert fitted.vectors.dim == 16


def test_a_tokenizer_of_the_user_is_used_for_measuring_too():
    def halves(text):
        return [text[: len(text) // 2], text[len(text) // 2 :]]

    pairs = [("a", "xxyy"), ("b", "zzww")] * 20
    fitted, trials = autotune(
        Labelled(pairs, tokenizer=halves), pairs, seconds=None, trials=1,
        settings=FastTextClassifier(dim=8, epochs=20, rate=0.5, threads=1),
    )  # fmt: skip
    assert trials.best.score == 1
    assert "xx" in fitted.vectors


# --- what it keeps -------------------------------------------------------------------------------


def test_what_was_tried_is_kept_with_the_model(tmp_path):
    fitted, trials = autotune(
        topics(60), topics(40, seed=2), seconds=None, trials=4, model_size=30_000, **FREE
    )
    fitted.save(tmp_path / "m.firth")
    kept = load(tmp_path / "m.firth").corpus["autotune"]
    assert kept["best"] == trials.best.number and kept["score"] == trials.best.score
    again = Trials.from_json(kept)
    assert again.trials == trials.trials and again.rows() == trials.rows()
    assert json.dumps(trials.to_json())


def test_the_table():
    _, trials = autotune(topics(60), topics(40, seed=2), seconds=None, trials=3, **FREE)
    heads, *rows = trials.rows()
    assert heads[:3] == ["trial", "epochs", "rate"] and "f1" in heads and "dsub" not in heads
    assert [row[0].strip("*") for row in rows] == ["1", "2", "3"]
    assert [row[0] for row in rows if row[0].startswith("*")] == [f"*{trials.best.number}"]
    lines = trials.table().splitlines()
    assert len(lines) == 4 and len({line.index(" f1") for line in lines[:1]}) == 1


# --- what it stops at ----------------------------------------------------------------------------


class Clock:
    """Stands for `time.monotonic`."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(autotune_watch.time, "monotonic", made)
    return made


def test_the_clock_ends_a_trial(clock):
    watch = Watch(Progress(), 10)
    watch.begin(1, None)
    watch.start("training x", 100, "words")
    clock.now += 0.5
    watch.advance(10)
    assert watch.left() == 9.5 and watch.share() == 0.05
    clock.now += 9.6
    with pytest.raises(KeyboardInterrupt):
        watch.advance(99)
    assert watch.gave_up == "time over after 99%"


def test_a_trial_that_will_not_end_in_time_is_given_up(clock):
    watch = Watch(Progress(), 10)
    watch.begin(1, None)
    # reading is not judged, only the time that is over ends it
    watch.start("reading", 100, "words")
    clock.now += 3
    watch.advance(1)
    watch.start("training x", 1000, "words")
    clock.now += 0.9
    watch.advance(40)  # too early to tell
    clock.now += 0.2
    with pytest.raises(KeyboardInterrupt):
        watch.advance(40)
    assert watch.gave_up == "too slow: 28 s"
    assert watch.farthest() == ", 4% of one done at most"
    watch.begin(2, None)
    assert watch.gave_up == ""
    watch.start("training x", 1000, "words")
    clock.now += 1.1
    watch.advance(200)  # five and a half seconds: that will do


def test_not_enough_time_for_one_trial():
    with pytest.raises(SettingError, match=r"0\.001 seconds were not enough to train once \(1 tr"):
        autotune(topics(400), topics(40, seed=2), seconds=0.001, settings=SMALL)


def test_slow_trials_are_passed_over(clock, monkeypatch):
    """By a clock of our own: a trial takes a second for each epoch, a hundredth to be judged."""
    real = FastTextClassifier.fit

    def fit(self, labelled, *, init_from=None, progress=SILENT):
        progress.start("training x", 100, "words")
        for done in range(101):
            progress.advance(done)
            clock.now += self.epochs / 100
        return real(dataclasses.replace(self, epochs=1, dim=4), labelled)

    monkeypatch.setattr(FastTextClassifier, "fit", fit)
    slow = dataclasses.replace(SMALL, epochs=100)
    fitted, trials = autotune(
        topics(60), topics(40, seed=2), seconds=30, settings=slow, fixed={"buckets"}
    )
    first, *others = trials.trials
    # 2 % of it were done, and what is left of it would take longer than there is
    assert first.note == "too slow: 100 s" and first.score is None
    assert first.seconds == pytest.approx(2, abs=1.1)
    # the same with so few epochs that it takes a quarter of the time left
    assert others[0].settings == {**first.settings, "epochs": others[0].settings["epochs"]}
    assert others[0].settings["epochs"] in (6, 7)
    assert others[0].score is not None
    for one in others:
        assert (one.score is not None) == (not one.note)
        assert one.note or one.settings["epochs"] <= 33
    assert sum(one.seconds for one in trials.trials) <= 33
    assert trials.best is not None and fitted.corpus["autotune"]["seconds"] == 30
    # the control: with the epochs fixed nothing can be found
    with pytest.raises(SettingError, match=r"30 seconds were not enough to train once \(\d+ tri"):
        autotune(topics(60), topics(40, seed=2), seconds=30, settings=slow, fixed={"epochs", "dim"})


def test_divergence_is_passed_over():
    wild = dataclasses.replace(SMALL, rate=1e30)
    _, trials = autotune(topics(60), topics(40, seed=2), seconds=None, trials=4,
                         settings=wild, fixed={"buckets"})  # fmt: skip
    assert trials.trials[0].note == "diverged" and trials.trials[0].score is None
    assert trials.best is not None
    with pytest.raises(SettingError, match="All of 2 trials diverged; give a lower rate"):
        autotune(topics(60), topics(40, seed=2), seconds=None, trials=2, settings=wild)


def test_what_does_not_fit_into_memory_is_not_begun(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 1_000_000)
    large = dataclasses.replace(SMALL, word_ngrams=2, buckets=2_000_000)
    _, trials = autotune(topics(60), topics(40, seed=2), seconds=None, trials=30,
                         settings=large, fixed={"buckets"})  # fmt: skip
    assert trials.trials[0].note.startswith("too large for the memory: 128.0 MB, 1.0 MB are free")
    assert (
        all(one.settings["buckets"] == 0 for one in trials.trials if one.score is not None)
        and trials.best
    )
    with pytest.raises(SettingError, match=r"None of 50 trials fitted into memory \(too large"):
        autotune(topics(60), topics(40, seed=2), seconds=60, settings=large,
                 fixed={"buckets", "word_ngrams"})  # fmt: skip


class CtrlC(Progress):
    """A person who gives up in the n-th trial."""

    def __init__(self, trial):
        self.trial = trial
        self.said = []

    def advance(self, done, **figures):
        if figures.get("trial") == self.trial:
            raise KeyboardInterrupt

    def say(self, text):
        self.said.append(text)


def test_ctrl_c_ends_with_the_best_so_far():
    person = CtrlC(4)
    fitted, trials = autotune(
        topics(60), topics(40, seed=2), seconds=None, trials=9, progress=person, **FREE
    )
    assert len(trials) == 4 and trials.trials[-1].score is None
    assert trials.trials[-1].note == "interrupted"
    assert f1(fitted, topics(40, seed=2)) == pytest.approx(trials.best.score)
    assert person.said == ["Interrupted after 4 trials; the best model so far is kept."]


@pytest.mark.parametrize("where", ["begin", "advance"])
def test_the_signal_itself(monkeypatch, where):
    """Between trials Python raises it; while one trains it waits for a good moment."""
    real, sent = getattr(Watch, where), []

    def signalled(self, *some, **figures):
        real(self, *some, **figures)
        if self._trial == 3 and not sent and (where == "begin" or self._total):
            sent.append(self._trial)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Watch, where, signalled)
    person = CtrlC(0)
    fitted, trials = autotune(
        topics(60), topics(40, seed=2), seconds=None, trials=9, progress=person, **FREE
    )
    assert sent and len(trials) == 3 and trials.trials[-1].note == "interrupted"
    assert person.said == ["Interrupted after 3 trials; the best model so far is kept."]
    assert fitted.corpus["autotune"]["best"] == trials.best.number < 3


def test_ctrl_c_before_there_is_a_model():
    with pytest.raises(KeyboardInterrupt) as caught:
        autotune(topics(60), topics(40, seed=2), trials=3, progress=CtrlC(1), **FREE)
    assert caught.type in (KeyboardInterrupt, Interrupted)


def test_progress_tells_trials_and_the_best():
    told = []

    class Seen(Progress):
        def start(self, task, total, unit):
            told.append((task, total, unit))

        def advance(self, done, **figures):
            told.append((done, figures))

    autotune(topics(60), topics(40, seed=2), seconds=60, trials=3, progress=Seen(), **FREE)
    assert told[0] == ("autotune", 60, "s")
    figures = [figures for _, figures in told[1:]]
    assert figures[0] == {"trial": 1.0}
    assert {one["trial"] for one in figures} == {1.0, 2.0, 3.0}
    assert "best" in figures[-1]
    done = [done for done, _ in told[1:]]
    assert done == sorted(done)


# --- the size of the model -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def sized():
    return dataclasses.replace(SMALL, word_ngrams=2, min_n=2, max_n=3, buckets=3000).fit(
        topics(200)
    )


def test_bytes_are_those_of_the_file(sized, tmp_path):
    from firth.vectors.formats import fasttext_model

    some = ModelQuantization(cutoff=500, norms=True, threads=1)
    for fitted in (sized, quantize(sized, some)):
        fasttext_model.write(fitted, tmp_path / "m.bin")
        assert bytes_of(fitted) == (tmp_path / "m.bin").stat().st_size


@settings(max_examples=25, deadline=None)
@given(st.integers(40_000, 110_000), st.sampled_from([2, 4, 16]), st.booleans(), st.booleans())
def test_the_cutoff_is_the_largest_that_fits(sized, size, dsub, norms, output_too):
    rows = len(sized.vectors) + 3000

    def size_with(cutoff):
        how = ModelQuantization(
            dsub=dsub, norms=norms, output_too=output_too, cutoff=cutoff, threads=1
        )
        return bytes_of(quantize(sized, how))

    cutoff = cutoff_for(sized, size, dsub, norms, output_too)
    assert 0 < cutoff <= rows
    assert size_with(0 if cutoff == rows else cutoff) <= size
    if cutoff < rows - 1:
        assert size_with(cutoff + 1) > size


def test_a_model_that_is_small_enough_stays_as_it_is(sized):
    texts = Labelled(topics(200))
    assert fitting(sized, texts, bytes_of(sized), 2) is sized
    smaller = fitting(sized, texts, bytes_of(sized) - 1, 2)
    assert smaller is not sized and bytes_of(smaller) < bytes_of(sized)
    assert fitting(sized, texts, 5000, 2) is None


@pytest.mark.parametrize("limit", ["60k", 30_000])
def test_the_size_is_kept(tmp_path, limit):
    """Two pairs of words in any order need many rows; they are pruned, and trained on."""
    train, dev = order_matters(seed=1), order_matters(seed=2)
    fitted, trials = autotune(
        train, dev, seconds=None, trials=12, model_size=limit,
        settings=dataclasses.replace(SMALL, word_ngrams=3, epochs=30, rate=0.5, buckets=3000),
    )  # fmt: skip
    size = {"60k": 60_000}.get(limit, limit)
    assert trials.model_size == size
    assert all(one.bytes is None or one.bytes <= size for one in trials.trials)
    assert trials.best.bytes == bytes_of(fitted) <= size
    assert trials.best.score > 0.9
    fitted.save(tmp_path / "small.firth")
    assert f1(load(tmp_path / "small.firth"), dev) == pytest.approx(trials.best.score)


def test_a_size_that_nothing_fits_into():
    said = []

    class Heard(Progress):
        def say(self, text):
            said.append(text)

    with pytest.raises(SettingError, match="None of 12 trials fitted into 500 bytes; allow a larg"):
        autotune(topics(60), topics(40, seed=2), seconds=None, trials=12, model_size=500,
                 progress=Heard(), **FREE)  # fmt: skip
    assert said == ["11 of 11 trials did not fit into 500 bytes: the limit of the size is "
                    "probably too low."]  # fmt: skip


# --- what it refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seconds": 0}, "seconds=0 is out of range"),
        ({"seconds": float("nan")}, "seconds=nan is out of range"),
        ({"seconds": None}, "autotune needs an end: give seconds, or trials."),
        ({"trials": 0}, "trials=0 is out of range"),
        ({"predictions": 0}, "predictions=0 is out of range"),
        ({"metric": "f1:none"}, "none of its 40 texts has the label 'none' of the metric; it has"),
        ({"metric": "loss"}, "metric='loss' is not a metric"),
        ({"model_size": "2X"}, "2X"),
        ({"fixed": {"dims"}}, "no setting 'dims'. Did you mean 'dim'"),
        ({"settings": FastTextClassifier(dim=9), "init": 1}, "train with dim=16"),
    ],
)
def test_arguments_that_cannot_be(given, said):
    given = dict(given)
    if given.pop("init", None):
        given["init_from"] = SMALL.fit(topics(60))
    with pytest.raises(SettingError) as caught:
        autotune(topics(60), topics(40, seed=2), **{"settings": SMALL, "seconds": 5, **given})
    assert said in str(caught.value)


def test_texts_that_cannot_be_measured_on(tmp_path):
    bare = [([], words) for _, words in topics(40)]
    with pytest.raises(CorpusError, match="none of its 40 texts has a label, so that"):
        autotune(topics(60), bare, settings=SMALL)
    other = [(["unseen"], words) for _, words in topics(40)]
    with pytest.raises(CorpusError, match="none of its 40 texts has a label of the training texts"):
        autotune(topics(60), other, settings=SMALL)
    with pytest.raises(CorpusError, match=r"no file no\.txt"):
        autotune(topics(60), "no.txt", settings=SMALL)
    with pytest.raises(CorpusError):
        autotune("no.txt", topics(60), settings=SMALL)
