"""The search of autotune: steps, ranges, what is fixed; metrics; the counts they are made of."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError
from firth.static.autotune_metric import Metric
from firth.static.autotune_search import MIN_N, STEPS, Choice, Search
from firth.static.classifier import FastTextClassifier
from firth.static.meter import Meter, count

# --- steps --------------------------------------------------------------------------------------


def proposals(n, t, start=None, fixed=(), seed=1):
    search = Search(start or Choice(FastTextClassifier()), fixed, seed)
    search.ask(0.0)
    return [search.ask(t) for _ in range(n)]


def test_the_first_is_what_was_given():
    start = Choice(FastTextClassifier(epochs=7, word_ngrams=3), dsub=4)
    assert Search(start, (), 1).ask(0.9) == start


def test_the_same_seed_proposes_the_same():
    assert proposals(20, 0.3, seed=5) == proposals(20, 0.3, seed=5)
    assert proposals(20, 0.3, seed=5) != proposals(20, 0.3, seed=6)


@pytest.mark.parametrize(
    ("t", "share"), [(0.0, 0.0), (0.25, 0.0), (0.5, 0.5), (0.75, 1.0), (1.0, 1.0)]
)
def test_steps_become_smaller(t, share):
    # begun where the range does not cut steps off
    start = Choice(FastTextClassifier(dim=100, rate=0.25))
    found = proposals(3000, t, start)
    for name, begin, inside in (("dim", 100, (10, 900)), ("rate", 0.25, (0.0101, 4.99))):
        step = STEPS[name]
        sigma = step.first - (step.first - step.last) * share
        steps = np.array([math.log2(getattr(one.settings, name) / begin) for one in found])
        # what is left inside of the range: the middle of a normal distribution
        low, high = (math.log2(edge / begin) for edge in inside)
        kept = steps[(steps > low) & (steps < high)]
        drawn = np.random.default_rng(1).normal(0, sigma, 200_000)
        wanted = drawn[(drawn > low) & (drawn < high)].std()
        assert kept.std() == pytest.approx(wanted, rel=0.06), (name, t)


def test_steps_begin_at_the_best():
    search = Search(Choice(FastTextClassifier()), (), 1)
    search.ask(0.0)
    search.best(Choice(FastTextClassifier(dim=400, min_n=2, max_n=5, buckets=50_000), dsub=8))
    found = [search.ask(1.0) for _ in range(500)]
    assert np.median([one.settings.dim for one in found]) == pytest.approx(400, rel=0.1)
    assert np.median([one.settings.buckets for one in found]) == pytest.approx(50_000, rel=0.3)
    # buckets that are not used do not become where steps begin
    search.best(Choice(FastTextClassifier(buckets=3)))
    found = [search.ask(1.0) for _ in range(500)]
    assert np.median([one.settings.buckets for one in found]) == pytest.approx(50_000, rel=0.3)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 1),
    st.integers(0, 1000),
    st.sets(st.sampled_from([*STEPS, "max_n", "objective"])),
    st.sampled_from([0, 3, 4, 6]),
)
def test_proposals_are_inside_their_ranges(t, seed, fixed, max_n):
    begin = FastTextClassifier(max_n=max_n, min_n=min(2, max_n), epochs=12, objective="one-vs-all")
    for one in proposals(5, t, Choice(begin), fixed, seed):
        now = one.settings
        for name in ("epochs", "rate", "dim", "word_ngrams", "buckets"):
            if name in fixed:
                assert getattr(now, name) == getattr(begin, name)
            else:
                assert STEPS[name].low <= getattr(now, name) <= STEPS[name].high
        assert one.dsub in (2, 4, 8, 16)
        if "min_n" not in fixed:
            assert now.min_n in MIN_N
        if "max_n" in fixed:
            assert now.max_n == max_n
        else:
            assert now.max_n == (now.min_n + 3 if now.min_n else 0)
        assert now.objective == ("one-vs-all" if "objective" in fixed else "softmax")
        # what is not searched stays
        for field in dataclasses.fields(begin):
            if field.name not in {*STEPS, "max_n", "objective"}:
                assert getattr(now, field.name) == getattr(begin, field.name)


def test_fixing_one_setting_leaves_the_others_alone():
    free, tied = proposals(10, 0.2), proposals(10, 0.2, fixed={"dim"})
    for one, two in zip(free, tied, strict=True):
        assert two.settings == dataclasses.replace(one.settings, dim=100)
    assert any(one.settings.dim != 100 for one in free)


def test_a_first_choice_that_is_too_slow_becomes_quicker():
    start = Choice(FastTextClassifier(epochs=40, dim=64))
    search = Search(start)
    search.ask(0.0)
    assert search.quicker(0.25)
    assert search.ask(0.1) == Choice(FastTextClassifier(epochs=10, dim=64))
    assert search.quicker(0.0)
    assert search.ask(0.1) == Choice(FastTextClassifier(epochs=1, dim=64))
    assert search.quicker(0.5)  # there is no epoch to take away any more
    assert search.ask(0.1) == Choice(FastTextClassifier(epochs=1, dim=32))
    assert not Search(start, {"epochs", "dim"}).quicker(0.1)


def test_a_setting_that_does_not_exist_cannot_be_fixed():
    with pytest.raises(SettingError, match=r"no setting 'epoch'\. Did you mean 'epochs'"):
        Search(Choice(FastTextClassifier()), {"epoch"})


# --- metrics ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("f1", Metric("f1")),
        ("f1:news", Metric("f1", label="news")),
        ("f1:a:b", Metric("f1", label="a:b")),
        ("precisionAtRecall:30", Metric("precisionAtRecall", 0.3)),
        ("precisionAtRecall:30:news", Metric("precisionAtRecall", 0.3, "news")),
        ("recallAtPrecision:99.5:a:b", Metric("recallAtPrecision", 0.995, "a:b")),
    ],
)
def test_metrics_are_read(text, metric):
    assert Metric.of(text) == metric


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f2", "metric='f2' is not a metric. Wanted f1, f1:LABEL,"),
        ("precisionAtRecal:30", "Did you mean 'precisionAtRecall'"),
        ("f1:", "metric='f1:' is not a metric"),
        ("accuracy", "is not a metric"),
        ("precisionAtRecall", "'' is not a percentage from 0 to 100"),
        ("precisionAtRecall:x", "'x' is not a percentage"),
        ("recallAtPrecision:120", "'120' is not a percentage"),
        ("recallAtPrecision:nan", "'nan' is not a percentage"),
        ("recallAtPrecision:50:", "ends with an empty label"),
    ],
)
def test_metrics_that_are_none(text, said):
    with pytest.raises(SettingError) as caught:
        Metric.of(text)
    assert said in str(caught.value)


def test_scores_of_metrics():
    # label 0 is predicted for all of four texts, three have it
    labels = np.zeros((4, 1), np.int32)
    p = np.array([[0.9], [0.8], [0.7], [0.6]], np.float32)
    meter = count(labels, p, [[0], [1], [0], [0]], 2)
    names = ["a", "b"]
    assert Metric.of("f1").score(meter, names) == pytest.approx(6 / 8)
    assert Metric.of("f1:a").score(meter, names) == pytest.approx(6 / 7)
    assert Metric.of("f1:b").score(meter, names) == 0
    assert Metric.of("precisionAtRecall:30:a").score(meter, names) == 1
    assert Metric.of("precisionAtRecall:50:a").score(meter, names) == pytest.approx(3 / 4)
    assert Metric.of("recallAtPrecision:70").score(meter, names) == pytest.approx(3 / 4)
    with pytest.raises(SettingError, match="label 'c' of the metric is none of the 2 labels"):
        Metric.of("f1:c").score(meter, names)


def test_what_is_not_defined_counts_as_nothing():
    none = np.full((2, 1), -1, np.int32)
    meter = count(none, np.zeros((2, 1), np.float32), [[0], [1]], 2)
    assert math.isnan(meter.precision()) and math.isnan(meter.f1())
    for text in ("f1", "f1:a", "precisionAtRecall:10", "recallAtPrecision:10:b"):
        assert Metric.of(text).score(meter, ["a", "b"]) == 0


# --- the counts, against counting one by one -----------------------------------------------------

L = 4
TEXTS = st.lists(
    st.tuples(
        st.sets(st.integers(0, L - 1), min_size=1),
        # a permutation of labels with falling probabilities, few of them so that some are equal
        st.permutations(range(L)),
        st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75]), max_size=L),
    ),
    min_size=1,
    max_size=8,
)


def made(texts):
    """(Meter, [(label, score, true)], gold) of `texts`; labels without a probability are not
    predicted."""
    labels = np.full((len(texts), L), -1, np.int32)
    p = np.zeros((len(texts), L), np.float32)
    flat, missed = [], []
    for i, (gold, order, scores) in enumerate(texts):
        scores = sorted(scores, reverse=True)
        labels[i, : len(scores)], p[i, : len(scores)] = order[: len(scores)], scores
        pairs = list(zip(order, scores, strict=False))
        flat += [(label, np.float32(x + 1e-5), label in gold) for label, x in pairs]
        missed += [(label, -1.0, True) for label in gold - {label for label, _ in pairs}]
    golds = [sorted(gold) for gold, _, _ in texts]
    meter = count(labels, p, golds, L, missed=True)
    return meter, flat, missed, [label for gold in golds for label in gold]


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.sampled_from([None, 0, 1, 2, 3]))
def test_counts(texts, label):
    meter, flat, missed, gold = made(texts)
    assert isinstance(meter, Meter) and meter.examples == len(texts)
    mine = [one for one in flat if label is None or one[0] == label]
    hits = sum(true for _, _, true in mine)
    n_gold = sum(label is None or one == label for one in gold)
    nan = float("nan")
    same(meter.precision(label), hits / len(mine) if mine else nan)
    same(meter.recall(label), hits / n_gold if n_gold else nan)
    score, true = meter.scores(label)
    also = [one for one in missed if label is None or one[0] == label]
    assert sorted(zip(score.tolist(), true.tolist(), strict=True)) == sorted(
        (float(np.float32(x)), float(t)) for _, x, t in [*mine, *also]
    )
    assert score.tolist() == sorted(score.tolist())


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.sampled_from([None, 0, 1, 2, 3]), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_curves(texts, label, at):
    meter, flat, _, gold = made(texts)
    mine = [one for one in flat if label is None or one[0] == label]
    n_gold = sum(label is None or one == label for one in gold)
    precision, recall = meter.curve(label)
    points = []
    for least in sorted({x for _, x, _ in mine}, reverse=True):
        taken = [one for one in mine if one[1] >= least]
        hits = sum(true for _, _, true in taken)
        points.append((hits / len(taken), hits / n_gold if n_gold else float("nan")))
        if hits >= n_gold:
            break
    if mine:
        points.append((1.0, 0.0))
    np.testing.assert_allclose(precision, [p for p, _ in points])
    np.testing.assert_allclose(recall, [r for _, r in points])
    best = max((p for p, r in points if r >= at), default=0)
    same(meter.precision_at_recall(at, label), best)
    best = max((r for p, r in points if p >= at and r == r), default=0)
    same(meter.recall_at_precision(at, label), best)


def same(found, wanted):
    assert found == pytest.approx(wanted, nan_ok=True)
