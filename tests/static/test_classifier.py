"""The classifier: planted worlds, one step by hand, resuming, settings that reach it, bad input."""

import dataclasses
import os
import signal
import threading

import numpy as np
import pytest

from firth import Classifier, FastTextClassifier, Labelled, Vectors, Vocabulary, load
from firth.errors import CorpusError, FitError, SettingError, VocabularyError
from firth.kernels.huffman import huffman
from firth.progress import Progress
from firth.static import classifier_run, examples, passes
from firth.static.checkpoints import Interrupted
from firth.static.classifier import OBJECTIVES
from firth.static.classifier_model import weights
from firth.vectors.trained_rows import TrainedRows
from static.labelled_worlds import accuracy, endings, lines, order_matters, topics

SMALL = {"dim": 10, "threads": 1, "rate": 0.5, "epochs": 10, "buckets": 2000}
WAYS = [
    pytest.param({"objective": objective} | more, id=f"{objective}-{name}")
    for objective in OBJECTIVES
    for name, more in (("words", {}), ("ngrams", {"word_ngrams": 2, "min_n": 2, "max_n": 3}))
]


@pytest.fixture(scope="module")
def world():
    return topics()


def fit(examples, **settings):
    return FastTextClassifier(**SMALL | settings).fit(examples)


@pytest.mark.parametrize("way", WAYS)
def test_learns_topics(way, world):
    held_out = topics(200, seed=9)
    untrained = fit(world, **way | {"rate": 0.0, "epochs": 1})
    assert accuracy(Classifier(untrained), held_out) < 0.5
    fitted = fit(world, **way)
    assert accuracy(Classifier(fitted), held_out) > 0.98
    losses = [entry["loss"] for entry in fitted.history]
    assert len(losses) == 10
    assert losses[-1] < losses[0] / 2
    assert np.isfinite(fitted.vectors.matrix).all()
    assert [entry["rate"] for entry in fitted.history][-1] == 0
    assert fitted.history[0]["examples"] == 400


def test_runs_of_words_tell_what_words_cannot():
    train, held_out = order_matters(600), order_matters(200, seed=5)
    more = {"epochs": 30, "dim": 16}
    assert accuracy(Classifier(fit(train, **more)), held_out) < 0.75
    assert accuracy(Classifier(fit(train, word_ngrams=2, **more)), held_out) > 0.98


def test_character_ngrams_know_words_never_seen():
    train, held_out = endings(600), endings(200, seed=5)
    assert accuracy(Classifier(fit(train)), held_out) < 0.6
    assert accuracy(Classifier(fit(train, min_n=2, max_n=4)), held_out) > 0.95
    # so do they with a vocabulary of next to nothing
    fitted = fit(train, min_n=2, max_n=4, min_count=2)
    assert fitted.vocabulary.names == ["</s>"]
    assert accuracy(Classifier(fitted), held_out) > 0.95


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_several_labels(objective):
    fitted = fit(topics(800, several=True), objective=objective, epochs=25)
    model = Classifier(fitted, threads=1)
    texts = [["sport1", "sport7", "news3", "news9", "sport2", "news4"], ["food1", "food2"] * 3]
    both, one = model.predict(texts, k=2)
    assert {found.label for found in both} == {"sport", "news"}
    assert one[0].label == "food"
    if objective == "one-vs-all":
        assert both[1].probability > 0.5  # each label is a question of its own
        assert one[1].probability < 0.2
    if objective in ("softmax", "hierarchical-softmax"):
        assert both[1].probability < 0.6
        total = sum(found.probability for found in model.predict(texts[:1], k=-1)[0])
        assert total == pytest.approx(1, abs=1e-3)


def test_a_file_sorted_by_label_is_learnt_too():
    train, held_out = topics(order="sorted"), topics(200, seed=9)
    more = {"rate": 1.0, "epochs": 1}
    assert accuracy(Classifier(fit(train, shuffle=False, **more)), held_out) < 0.5
    assert accuracy(Classifier(fit(train, **more)), held_out) > 0.95


# --- one step by hand ----------------------------------------------------------------------------


def logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("objective", [one for one in OBJECTIVES if one != "negative-sampling"])
def test_one_step_is_the_written_one(objective):
    """Two texts, one epoch, in float64: the rows of W and U that the equations give."""
    examples = [("a", "x y y"), ("b", "z x")]
    settings = FastTextClassifier(
        dim=6, rate=0.4, epochs=1, threads=1, objective=objective, shuffle=False
    )
    start = dataclasses.replace(settings, rate=0.0).fit(examples)
    fitted = settings.fit(examples)
    words = start.vocabulary.names
    assert words == ["</s>", "x", "y", "z"]  # counts 2 2 2 1, ties by name
    W = start.vectors.matrix.astype(np.float64)
    U = np.zeros((2, 6))
    _, codes, offsets = huffman(np.array([1, 1]))
    tokens = 7  # with the two line ends
    for y, text, done in ((0, ["x", "y", "y", "</s>"], 0), (1, ["z", "x", "</s>"], 4 / 2)):
        rate = 0.4 * (1 - (done if done == 0 else 3.5) / tokens)
        rows = [words.index(word) for word in text]
        h = W[rows].mean(axis=0)
        if objective == "softmax":
            p = np.exp(U @ h) / np.exp(U @ h).sum()
            g = np.eye(2)[y] - p
        elif objective == "one-vs-all":
            g = np.eye(2)[y] - logistic(U @ h)
        else:
            g = np.zeros(2)
            g[0] = codes[offsets[y]] - logistic(U[0] @ h)
        e = rate * g @ U
        U += rate * np.outer(g, h)
        for row in rows:  # y stands twice, and moves twice
            W[row] += e / len(rows)
    np.testing.assert_allclose(fitted.state["output"], U, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fitted.vectors.matrix, W, rtol=1e-4, atol=1e-6)


def test_only_features_of_the_text_move():
    examples = [("a", "x y"), ("b", "z"), (None, "never v")]
    settings = {"word_ngrams": 2, "min_n": 2, "max_n": 2, "buckets": 50, "epochs": 3}
    start, fitted = fit(examples, rate=0.0, **settings), fit(examples, **settings)
    moved = np.abs(fitted.state["words"] - start.state["words"]).max(axis=1) > 0
    names = fitted.vocabulary.names
    assert {name for name, there in zip(names, moved, strict=True) if there} == {
        *("x", "y", "z", "</s>")
    }
    before, after = (np.asarray(one.vectors.subwords.matrix) for one in (start, fitted))
    rows = np.abs(after - before).max(axis=1) > 0
    assert 0 < rows.sum() < 15


# --- what is promised of every training ------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_one_thread_and_one_seed_give_the_same_bits(way, world):
    one, two = fit(world, epochs=2, **way), fit(world, epochs=2, **way)
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.state["output"], two.state["output"])
    assert [e["loss"] for e in one.history] == [e["loss"] for e in two.history]
    other = fit(world, epochs=2, seed=2, **way)
    assert not np.array_equal(one.state["output"], other.state["output"])


def test_every_row_starts_at_random(world):
    for threads in (1, 2):
        fitted = fit(world, threads=threads, rate=0.0, epochs=1, word_ngrams=2)
        for rows in (fitted.vectors.matrix, np.asarray(fitted.vectors.subwords.matrix)):
            assert np.abs(rows).max(axis=1).min() > 0
            assert np.abs(rows).max() <= 1 / SMALL["dim"]


@pytest.mark.parametrize("way", WAYS)
def test_save_and_load_are_equal(way, world, tmp_path):
    fitted = fit(world, epochs=2, **way)
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == "fasttext-classifier"
    assert again.labels.names == fitted.labels.names
    assert again.labels.counts.tolist() == fitted.labels.counts.tolist()
    assert again.settings == fitted.settings
    texts = [" ".join(words) for _, words in topics(50, seed=3)]
    for k in (1, -1):
        one, two = (Classifier(m, tokenizer="words").top(texts, k) for m in (fitted, again))
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])
    assert FastTextClassifier.from_json(again.settings) == FastTextClassifier(
        **SMALL | {"epochs": 2} | way
    )


def test_the_input_is_left_alone_and_files_give_the_same(world, tmp_path):
    before = repr(world)
    one = fit(world, epochs=2)
    assert repr(world) == before
    (tmp_path / "t.txt").write_text("\n".join(lines(world)) + "\n", "utf-8")
    two = fit(Labelled(tmp_path / "t.txt", tokenizer="whitespace"), epochs=2)
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)
    np.testing.assert_array_equal(one.state["output"], two.state["output"])
    assert two.corpus["label_prefix"] == "__label__"


def test_threads_learn_as_well(world):
    fitted = fit(world * 20, threads=2, epochs=2)
    assert accuracy(Classifier(fitted), topics(200, seed=9)) > 0.98


def test_rows_that_no_text_touches_are_not_held(world, tmp_path, monkeypatch):
    """They are what they started as, and made again where they are needed: the same answers."""
    settings = {"word_ngrams": 2, "min_n": 3, "max_n": 3, "buckets": 50_000, "epochs": 4}
    dev, unheard = topics(30, seed=7), [["unheard", "words"], *(w for _, w in topics(40, seed=8))]
    part = FastTextClassifier(**SMALL | settings).fit(world, dev=dev)
    held = part.vectors.subwords.matrix
    assert isinstance(held, TrainedRows)
    assert len(held.rows) < 10_000
    part.save(tmp_path / "m.firth")
    assert (tmp_path / "m.firth" / "subwords.safetensors").stat().st_size < 500_000
    monkeypatch.setattr(examples, "MOST_HELD", 0)
    whole = FastTextClassifier(**SMALL | settings).fit(world, dev=dev)
    assert isinstance(whole.vectors.subwords.matrix, np.ndarray)
    np.testing.assert_array_equal(np.asarray(held), whole.vectors.subwords.matrix)
    np.testing.assert_array_equal(part.vectors.matrix, whole.vectors.matrix)
    np.testing.assert_array_equal(part.state["output"], whole.state["output"])
    assert part.history[-1]["held_out_f1"] == whole.history[-1]["held_out_f1"]
    answers = [
        Classifier(model, threads=1).top(unheard, k=-1)
        for model in (part, whole, load(tmp_path / "m.firth"))
    ]
    for labels, p in answers[1:]:
        np.testing.assert_array_equal(labels, answers[0][0])
        np.testing.assert_allclose(p, answers[0][1], rtol=1e-5)
    monkeypatch.undo()
    further = FastTextClassifier(**SMALL | settings)
    one = further.fit(topics(50, seed=4), continue_from=load(tmp_path / "m.firth"))
    other = further.fit(topics(50, seed=4), continue_from=whole)
    np.testing.assert_array_equal(
        np.asarray(one.vectors.subwords.matrix), other.vectors.subwords.matrix
    )


def test_words_and_labels_stand_in_the_order_of_the_format(world):
    fitted = fit(world, epochs=1)
    counts = fitted.vocabulary.counts
    assert (np.diff(counts) <= 0).all()
    names = fitted.vocabulary.names
    assert counts[names.index("</s>")] == 400
    pairs = list(zip(-counts, names, strict=True))
    assert pairs == sorted(pairs)
    labels = list(zip(-fitted.labels.counts, fitted.labels.names, strict=True))
    assert labels == sorted(labels)
    assert fitted.labels.counts.sum() == 400


# --- held-out texts, checkpoints, Ctrl-C ---------------------------------------------------------


@pytest.mark.parametrize("way", WAYS[::2])
def test_the_best_state_is_kept(way, world):
    dev = topics(100, seed=7)
    fitted = FastTextClassifier(**SMALL | way | {"epochs": 40, "patience": 2}).fit(world, dev=dev)
    f1 = [entry["held_out_f1"] for entry in fitted.history]
    assert len(f1) < 40  # it cannot get better than all right
    assert f1.index(max(f1)) == len(f1) - 3
    model = Classifier(fitted)
    if way["objective"] == "one-vs-all":
        assert model.evaluate(dev, k=-1, threshold=0.5).f1 == pytest.approx(max(f1))
    else:
        assert model.evaluate(dev).f1 == pytest.approx(max(f1))


def test_held_out_texts_change_nothing_but_the_end(world):
    plain = fit(world, epochs=3)
    watched = FastTextClassifier(**SMALL | {"epochs": 3}).fit(world, dev=topics(20, seed=7)[:1])
    assert [e["loss"] for e in plain.history][:1] == [e["loss"] for e in watched.history][:1]


class Stop(Progress):
    """Interrupts after so many looks at the progress."""

    def __init__(self, after):
        self.left = after

    def advance(self, done, **figures):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("way", WAYS[1::2])
def test_stopped_and_resumed_is_the_same_as_not_stopped(way, world, tmp_path, monkeypatch):
    # several blocks an epoch, and a look at the progress after each
    monkeypatch.setattr(classifier_run, "TOKENS", 1000)
    monkeypatch.setattr(passes, "SEGMENT", 1)
    more = {"epochs": 4, "checkpoint_every": 0, "patience": 9}
    settings = FastTextClassifier(**SMALL | way | more)
    whole = settings.fit(world, dev=world[:40])
    folder = tmp_path / "checkpoint"
    with pytest.raises(Interrupted) as caught:
        settings.fit(world, dev=world[:40], checkpoint=folder, progress=Stop(11))
    assert caught.value.fitted.kind == "fasttext-classifier"
    assert len(caught.value.fitted.history) == 1
    resumed = settings.fit(world, dev=world[:40], checkpoint=folder, resume=True)
    np.testing.assert_array_equal(whole.vectors.matrix, resumed.vectors.matrix)
    np.testing.assert_array_equal(whole.state["output"], resumed.state["output"])
    assert [e["loss"] for e in whole.history] == [e["loss"] for e in resumed.history]


def test_a_checkpoint_of_something_else_is_refused(world, tmp_path):
    settings = FastTextClassifier(**SMALL | {"epochs": 3, "checkpoint_every": 0})
    with pytest.raises(Interrupted):
        settings.fit(world, checkpoint=tmp_path / "c", progress=Stop(3))
    again = {"checkpoint": tmp_path / "c", "resume": True}
    with pytest.raises(SettingError, match="was made with rate=0.5, this run has rate=0.1"):
        dataclasses.replace(settings, rate=0.1).fit(world, **again)
    with pytest.raises(SettingError, match="was made from another text"):
        settings.fit(world[:-1], **again)
    with pytest.raises(SettingError, match="give the checkpoint folder"):
        settings.fit(world, resume=True)


@pytest.mark.skipif(os.name != "posix", reason="no such signals")
def test_ctrl_c_gives_what_was_reached(world):
    settings = FastTextClassifier(**SMALL | {"epochs": 100_000})
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(Interrupted) as caught:
        settings.fit(world)
    timer.join()
    assert accuracy(Classifier(caught.value.fitted), topics(50, seed=9)) > 0.9


# --- starting from something ---------------------------------------------------------------------


def given(names, dim=10):
    matrix = np.random.default_rng(5).normal(size=(len(names), dim)).astype(np.float32)
    return Vectors(Vocabulary(names), matrix)


def test_given_vectors_are_where_it_starts(world):
    vectors = given(["sport1", "unheard", "</s>", "news2"])
    fitted = FastTextClassifier(**SMALL | {"rate": 0.0, "epochs": 1}).fit(world, init_from=vectors)
    names = fitted.vocabulary.names
    assert names[-1] == "unheard"  # it joins, as in the original
    for name in vectors.names:
        np.testing.assert_array_equal(fitted.vectors[name], vectors[name])
    plain = fit(world, rate=0.0, epochs=1)
    np.testing.assert_array_equal(
        fitted.vectors["sport2"] == 0, plain.vectors["sport2"] == 0
    )  # the others start at random
    assert np.abs(fitted.vectors["sport2"]).max() <= 0.1


def test_given_vectors_help_words_that_were_not_in_the_texts():
    """Words of one topic lie near each other: one is learnt, all are known."""
    rng = np.random.default_rng(1)
    centres = {"a": rng.normal(size=10), "b": rng.normal(size=10)}
    names = [f"{label}{i}" for label in "ab" for i in range(30)]
    matrix = np.array([centres[name[0]] + 0.1 * rng.normal(size=10) for name in names], np.float32)
    vectors = Vectors(Vocabulary(names), matrix)
    train = [(label, f"{label}{i}") for label in "ab" for i in range(3)] * 5
    unheard = [([label], [f"{label}{i}"]) for label in "ab" for i in range(10, 30)]
    assert accuracy(Classifier(fit(train)), unheard) < 0.8
    fitted = FastTextClassifier(**SMALL).fit(train, init_from=vectors)
    assert accuracy(Classifier(fitted), unheard) > 0.95


@pytest.mark.parametrize("way", WAYS[1::2])
def test_a_classifier_is_trained_further(way, world, tmp_path):
    fitted = fit(world, epochs=1, rate=0.05, **{k: v for k, v in way.items()})
    fitted.save(tmp_path / "m.firth")
    older = load(tmp_path / "m.firth")
    settings = FastTextClassifier(**SMALL | way | {"rate": 0.0, "epochs": 1})
    same = settings.fit(world, continue_from=older)
    np.testing.assert_array_equal(same.state["output"], fitted.state["output"])
    np.testing.assert_allclose(same.vectors.matrix, fitted.vectors.matrix, rtol=1e-5, atol=1e-7)
    further = dataclasses.replace(settings, rate=0.5, epochs=6)
    more = further.fit([*world, ("music", ["new", "words"])], continue_from=older)
    assert more.labels.names == older.labels.names
    assert more.vocabulary.names == older.vocabulary.names
    held_out = topics(200, seed=9)
    assert accuracy(Classifier(more), held_out) > 0.98 > accuracy(Classifier(older), held_out)


# --- class weights -------------------------------------------------------------------------------


def test_rare_labels_count_as_much():
    common = [("common", "x y")] * 95 + [("common", "x z")] * 5 + [("rare", "x z")] * 2
    rare = [["x", "z"]]
    more = {"epochs": 30, "rate": 0.2}
    plain = Classifier(fit(common, **more))
    assert plain.predict(rare)[0][0].label == "common"
    for objective in ("softmax", "one-vs-all"):
        balanced = Classifier(fit(common, class_weights="balanced", objective=objective, **more))
        assert balanced.predict(rare)[0][0].label == "rare"


def test_weights_are_one_on_average_and_bounded():
    settings = FastTextClassifier(class_weights="balanced", rate=0.01)
    counts = np.array([70, 20, 10])
    weight, other = weights(settings, counts, 100)
    assert (weight * counts).sum() / 100 == pytest.approx(1)
    assert (weight * counts) == pytest.approx([100 / 3] * 3)
    assert (other == 1).all()
    weight, other = weights(dataclasses.replace(settings, objective="one-vs-all"), counts, 100)
    assert weight * counts == pytest.approx([50] * 3)
    assert other * (100 - counts) == pytest.approx([50] * 3)
    weight, _ = weights(dataclasses.replace(settings, rate=0.5), np.array([10**6, 1]), 10**6)
    assert weight[1] == 2


# --- settings that reach it, and those that cannot be ---------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"dim": 5},
        {"epochs": 2},
        {"rate": 0.2},
        {"objective": "one-vs-all"},
        {"word_ngrams": 2},
        {"min_n": 2, "max_n": 2},
        {"min_n": 3, "max_n": 3},
        {"buckets": 7, "word_ngrams": 3},
        {"min_count": 30},
        {"min_count_label": 94},
        {"objective": "negative-sampling"},
        {"objective": "negative-sampling", "negatives": 2},
        {"objective": "negative-sampling", "noise_power": 3.0},
        {"class_weights": "balanced"},
        {"shuffle": False},
        {"seed": 3},
    ],
    ids=str,
)
def test_every_setting_reaches_the_training(change, world, results={}):  # noqa: B006  (a memory)
    fitted = fit(world, **{"epochs": 1} | change)
    numbers = (fitted.state["output"].tobytes(), len(fitted.history), len(fitted.vocabulary))
    assert numbers not in results
    results[numbers] = change


def test_settings_that_do_not_fit_together():
    for settings, said in (
        ({"min_n": 4, "max_n": 3}, "min_n=4 is above max_n=3; give min_n of at most max_n"),
        ({"buckets": 0, "max_n": 3}, "buckets=0 leaves no row for character n-grams (max_n=3)"),
        ({"buckets": 0, "word_ngrams": 2}, "buckets=0 leaves no row for runs of words"),
        ({"rate": float("nan")}, "rate=nan is out of range; wanted a number of at least 0"),
        ({"objective": "sofmax"}, "objective='sofmax' is not one of softmax"),
        ({"class_weights": "some"}, "class_weights='some' is not one of none, balanced"),
        ({"dim": 0}, "dim=0 is out of range"),
    ):
        with pytest.raises(SettingError) as caught:
            FastTextClassifier(**settings)
        assert said in str(caught.value)
    assert FastTextClassifier(min_n=3).max_n == 0  # n-grams are off
    assert FastTextClassifier(buckets=0).rows_of_ngrams == 0


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([], CorpusError, "is empty"),
        ([(None, "a text"), ([], "another")], VocabularyError, "None of the 2 texts has a label"),
        (["just text"], VocabularyError, "None of the 1 texts has a label; give each"),
        ([("a", "x"), ("a", "y")], VocabularyError, "All 2 labels are 'a'; a classifier needs two"),
        ([("a", ""), ("b", " ")], CorpusError, "not a single token"),
    ],
)
def test_nothing_to_learn_from(given, error, said):
    with pytest.raises(error) as caught:
        FastTextClassifier(dim=4, threads=1).fit(given)
    assert said in str(caught.value)


def test_labels_or_words_that_are_too_rare(world):
    with pytest.raises(VocabularyError, match="0 of 4 labels reached min_count_label=9999"):
        fit(world, min_count_label=9999)
    with pytest.raises(VocabularyError, match="0 of 72 types reached min_count=9999"):
        fit(world, min_count=9999)


def test_an_empty_text_is_only_its_end(world):
    fitted = fit([*world, ("sport", []), ("sport", [])], epochs=1)
    assert fitted.history[0]["examples"] == 402
    assert fitted.corpus["lines"] == fitted.corpus["examples"] == 402


@pytest.mark.parametrize(
    ("dev", "said"),
    [
        ([(None, "x"), ([], "y")], "cannot be used to validate: none of its texts has a label"),
        ([("art2", "x")], "none of its labels ('art2', say) is among those of the training texts"),
        ([], "is empty"),
    ],
)
def test_held_out_texts_that_cannot_judge(dev, said, world):
    with pytest.raises(CorpusError) as caught:
        FastTextClassifier(**SMALL).fit(world, dev=dev)
    assert said in str(caught.value)


def test_too_high_a_rate_is_named(world):
    vectors = given(["sport1", "news2"])
    vectors.matrix[:] *= 1e30
    with pytest.raises(FitError, match="overflowed in epoch 1 at learning rate 1e"):
        FastTextClassifier(**SMALL | {"rate": 1e30}).fit(world, init_from=vectors)


def test_what_cannot_be_started_from(world, tmp_path):
    settings = FastTextClassifier(**SMALL)
    with pytest.raises(SettingError, match="have 7 numbers each; train with dim=7"):
        settings.fit(world, init_from=given(["sport1"], dim=7))
    bad = given(["sport1"])
    bad.matrix[0, 3] = np.nan
    with pytest.raises(SettingError, match="hold nan or infinity \\(that of 'sport1'\\)"):
        settings.fit(world, init_from=bad)
    older = fit(world, epochs=1)
    with pytest.raises(SettingError, match="cannot be given together"):
        settings.fit(world, init_from=bad, continue_from=older)
    with pytest.raises(SettingError, match="has word_ngrams=1, this run word_ngrams=2"):
        dataclasses.replace(settings, word_ngrams=2).fit(world, continue_from=older)
    with pytest.raises(VocabularyError, match=r"is among the 4 of the model to continue"):
        settings.fit([("x", "a b"), ("y", "c")], continue_from=older)
    skip = dataclasses.replace(older, kind="skipgram")
    with pytest.raises(SettingError, match="A skipgram model cannot be continued"):
        settings.fit(world, continue_from=skip)
