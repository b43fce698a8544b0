"""GloVe: its steps, its order of work, and what it learns."""

import dataclasses
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from firth import Cooccurrence, Corpus, Phrases, load
from firth.errors import FitError, FormatError, SettingError, VocabularyError
from firth.kernels.weighted_least_squares import Entries, train
from firth.progress import SILENT
from firth.static import fit_glove, tiles
from firth.static.checkpoints import Interrupted
from firth.static.glove import GloVe
from firth.static.window_counts import WindowCounts
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors
from oracles import glove as twin
from static.worlds import checkerboard, checkerboard_score, paradigm_score, paradigms

SMALL = {"dim": 12, "window": 4, "min_count": 1, "epochs": 6, "threads": 1, "x_max": 20.0}


@pytest.fixture(scope="module")
def text():
    rng = random.Random(1)
    words = [f"w{i}" for i in range(400)]
    shares = [1 / (i + 2) for i in range(400)]
    return [rng.choices(words, shares, k=20) for _ in range(300)]


@pytest.fixture(scope="module")
def counts(text):
    return WindowCounts(window=4, min_count=1, threads=1).count(text)


@pytest.fixture(autouse=True)
def many_fields(monkeypatch):
    """Of few pairs, as there are few: so that there are many."""
    monkeypatch.setattr(tiles, "FIELD", 400)


def run_of(model, counts, threads=1):
    """A training that has not begun."""
    with ThreadPoolExecutor(threads) as pool:
        made = tiles.tiled(counts, model.x_max, model.alpha, 10**9, pool)
    words = len(counts.vocabulary)
    return fit_glove.Run(
        model, counts.vocabulary, {}, None, made, fit_glove.fresh(model, words), threads, SILENT
    )


def visited(run):
    """(i, j, X) in the order in which the present epoch visits them."""
    X = np.exp(run.tiles.entries.log_x.astype(np.float64))
    for part, fields in run.tiles.rounds(run.model.seed, run.epoch):
        for a, b in fields:
            first, corner = run.tiles.tiles(a, b), run.tiles.corner(a, b)
            for at in first[0] + run.tiles.order(run.model.seed, run.epoch, part, a, b):
                i, j = run.tiles.entries.row[at], run.tiles.entries.column[at]
                yield corner[0] + int(i), corner[1] + int(j), X[at]


@pytest.mark.parametrize("bias_update", ["original", "published"])
@pytest.mark.parametrize("clip", [100.0, 0.1])
def test_training_is_the_float64_twin(counts, bias_update, clip):
    """The same triples in the same order: the loss of each epoch, and what is learnt."""
    model = GloVe(**SMALL | {"epochs": 3, "clip": clip, "bias_update": bias_update, "rate": 0.1})
    run = run_of(model, counts)
    sides = twin.started(run.parameters, model.dim)
    untrained = run.state()["word"].copy()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(model.epochs):
            entries = list(visited(run))
            free = bias_update == "original"
            wanted = twin.epoch(
                sides, entries, model.x_max, model.alpha, model.rate, clip, free_bias=free
            )
            run.loss = 0.0
            for part, fields in run.tiles.rounds(model.seed, run.epoch):
                run.one_round(part, fields, pool)
            run.epoch += 1
            assert run.loss == pytest.approx(wanted, rel=1e-4)
    state = run.state()
    learnt = np.abs(state["word"] - untrained).max()
    assert learnt > 0.05
    for side, name in zip(sides, ("word", "context"), strict=True):
        parts = ("{}", "gradsq_{}", "{}_bias", "gradsq_{}_bias")
        for array, part in zip(side, parts, strict=True):
            np.testing.assert_allclose(state[part.format(name)], array, rtol=2e-3, atol=2e-4)


def test_the_other_rule_for_biases_is_another(counts):
    """Control of the test above: its tolerance tells the two rules apart."""
    losses = []
    for rule in ("original", "published"):
        model = GloVe(**SMALL | {"epochs": 2, "bias_update": rule})
        losses.append(model.fit(counts).history[-1]["loss"])
    assert losses[0] != pytest.approx(losses[1], rel=0.05)


def test_the_step_is_the_derivative():
    """One entry, squares at 1, no clipping: the change is -rate dJ/dw by central differences."""
    rng = np.random.default_rng(3)
    model = GloVe(dim=7, rate=0.01, bias_update="published")
    parameters = fit_glove.fresh(model, 3)
    for W in (parameters.W, parameters.C):
        W[:, :7] = rng.normal(size=(3, 7))
    sides = twin.started(parameters, 7)
    entry = (1, 2, 6.5)
    entries = Entries(
        np.array([1], np.uint16), np.array([2], np.uint16),
        np.log(np.array([6.5], np.float32)),
        np.array([twin.weight(6.5, 10, 0.75)], np.float32),
    )  # fmt: skip
    first = train(
        parameters, entries, 0, (0, 0), np.zeros(1, np.int32), np.float32(0.01), np.float32(100),
        False,
    )  # fmt: skip
    assert first == pytest.approx(twin.loss(sides, [entry], 10, 0.75), rel=1e-5)
    after = twin.started(parameters, 7)
    h = 1e-5
    for side, row in ((0, 1), (1, 2)):
        for part in (0, 2):
            values = sides[side][part]
            change = np.atleast_1d(after[side][part][row] - values[row])
            for k in range(len(change)):
                place = (row, k) if values.ndim == 2 else (row,)
                was, ends = values[place], []
                for shift in (h, -h):
                    values[place] = was + shift
                    ends.append(twin.loss(sides, [entry], 10, 0.75))
                values[place] = was
                assert change[k] == pytest.approx(-0.01 * (ends[0] - ends[1]) / (2 * h), rel=1e-3)
    # nothing else moved
    np.testing.assert_array_equal(after[0][0][[0, 2]], sides[0][0][[0, 2]])
    np.testing.assert_array_equal(after[1][0][[0, 1]], sides[1][0][[0, 1]])


def test_tiles_hold_every_pair_once(counts):
    run = run_of(GloVe(**SMALL), counts)
    assert run.tiles.bands > 3
    X = counts.matrix.tocoo()
    wanted = {(int(i), int(j)): x for i, j, x in zip(*X.coords, X.data, strict=True)}
    entries = list(visited(run))
    assert len(entries) == len(wanted)
    assert {(i, j): x for i, j, x in entries} == pytest.approx(wanted, rel=1e-6)
    again = list(visited(run))
    assert entries == again
    for epoch in (1, 7, 12):  # in fewer and fewer parts
        run.epoch = epoch
        other = list(visited(run))
        assert other != entries
        assert sorted(other) == sorted(entries)
    f = np.array([twin.weight(x, 20, 0.75) for x in np.exp(run.tiles.entries.log_x.astype(float))])
    np.testing.assert_allclose(run.tiles.entries.f, f, rtol=1e-5)


@pytest.mark.parametrize("words", [2, 3, 31, 33, 9000])
def test_fields_of_a_round_share_nothing(words):
    """…so that any threads may work on them; and all fields come in an epoch."""
    offsets = np.append(0, np.cumsum(np.linspace(50, 1, words).astype(np.int64)))
    edges = tiles.cut(offsets, *tiles.shape_of(words, 10**7))
    assert edges[0] == 0
    assert edges[-1] == words
    bands = len(edges) - 1
    first = np.arange(bands**2 + 1)
    fields = np.arange(bands)[:, None] * bands + np.arange(bands + 1)
    made = tiles.Tiles(None, edges, first, fields)
    seen = []
    for part, together in made.rounds(1, 6):
        assert len({a for a, _ in together}) == len({b for _, b in together}) == bands
        seen += [(part, *field) for field in together]
    assert len(set(seen)) == len(seen) == tiles.parts_of(6) * bands**2


def test_any_threads_give_the_same_bits(text):
    one, two, three = (GloVe(**SMALL | {"threads": n}).fit(text) for n in (1, 2, 3))
    for other in (two, three):
        np.testing.assert_array_equal(one.vectors.matrix, other.vectors.matrix)
        assert [e["loss"] for e in one.history] == [e["loss"] for e in other.history]
    seed = GloVe(**SMALL | {"seed": 2}).fit(text)
    assert not np.array_equal(one.vectors.matrix, seed.vectors.matrix)


def test_tiles_in_a_file_give_the_same_bits(counts):
    model = GloVe(**SMALL)
    with ThreadPoolExecutor(1) as pool:
        inside = tiles.tiled(counts, 20, 0.75, 10**9, pool)
        outside = tiles.tiled(counts, 20, 0.75, 1000, pool)
    for mine, theirs in zip(inside.entries, outside.entries, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    losses = []
    for made in (inside, outside):
        parameters = fit_glove.fresh(model, len(counts.vocabulary))
        run = fit_glove.Run(model, counts.vocabulary, {}, None, made, parameters, 1, SILENT)
        with ThreadPoolExecutor(1) as pool:
            run.one_round(*next(iter(made.rounds(1, 0))), pool)
        losses.append(run.loss)
    assert losses[0] == losses[1] > 0


def test_solves_the_worlds():
    """Pairs that never meet are not in the sum: GloVe learns from how much they meet."""
    board = checkerboard(stray=0.1)
    settings = SMALL | {"dim": 24, "epochs": 30}
    still = settings | {"rate": 0.0, "epochs": 1, "bias_update": "published"}
    assert checkerboard_score(GloVe(**still).fit(board).vectors) < 0.2
    fitted = GloVe(**settings).fit(board)
    assert checkerboard_score(fitted.vectors) == 1
    losses = [entry["loss"] for entry in fitted.history]
    assert len(losses) == 30
    assert losses[-1] < 0.1 * losses[0]
    lines = paradigms()
    assert paradigm_score(GloVe(**still).fit(lines).vectors) < 0.2
    words = GloVe(**settings | {"combine": "word", "x_max": 10.0}).fit(lines)
    assert paradigm_score(words.vectors) > 0.9


def test_products_are_logarithms_of_counts(counts):
    """What the objective asks for: with room enough, w.c + b + d comes near to log X."""
    model = GloVe(**SMALL | {"dim": 60, "epochs": 200, "x_max": 1e-3, "rate": 0.1})
    state = model.fit(counts).state
    X = counts.matrix.tocoo()
    i, j = X.coords
    fit = (state["word"][i] * state["context"][j]).sum(1)
    fit += state["word_bias"][i] + state["context_bias"][j]
    assert np.corrcoef(fit, np.log(X.data))[0, 1] > 0.95


@pytest.mark.parametrize(("combine", "dim"), [("sum", 12), ("word", 12), ("concatenation", 24)])
def test_what_the_vectors_are(text, combine, dim):
    fitted = GloVe(**SMALL | {"combine": combine}).fit(text)
    word, context = fitted.state["word"], fitted.state["context"]
    wanted = {"sum": word + context, "word": word, "concatenation": np.hstack([word, context])}
    np.testing.assert_array_equal(fitted.vectors.matrix, wanted[combine])
    assert fitted.vectors.dim == dim


def test_save_and_load(text, tmp_path):
    fitted = GloVe(**SMALL).fit(text)
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == "glove"
    np.testing.assert_array_equal(again.vectors.matrix, fitted.vectors.matrix)
    assert again.state.keys() == fitted.state.keys()
    for name in fitted.state:
        np.testing.assert_array_equal(again.state[name], fitted.state[name])
    assert GloVe.from_json(again.settings) == GloVe(**SMALL)
    assert again.history == fitted.history


class Stop(type(SILENT)):
    """Ctrl-C after so many looks."""

    def __init__(self, looks):
        self.looks, self.training = looks, False

    def start(self, task, total, unit):
        self.training = task.startswith("training")

    def advance(self, done, **figures):
        self.looks -= self.training
        if self.looks == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("looks", [1, 40, 120])
def test_stopped_and_resumed_is_not_stopped(text, looks, tmp_path):
    model = GloVe(**SMALL)
    whole = model.fit(text)
    folder = tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted) as stopped:
        model.fit(text, checkpoint=folder, progress=Stop(looks))
    assert not np.array_equal(stopped.value.fitted.vectors.matrix, whole.vectors.matrix)
    other = dataclasses.replace(model, threads=2, memory="400MB")
    resumed = other.fit(text, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(resumed.vectors.matrix, whole.vectors.matrix)
    assert [e["loss"] for e in resumed.history] == [e["loss"] for e in whole.history]


class Interrupting(type(SILENT)):
    """A real Ctrl-C, some seconds after the training began."""

    def __init__(self, seconds):
        self.timer = threading.Timer(seconds, signal.raise_signal, [signal.SIGINT])

    def start(self, task, total, unit):
        if task.startswith("training"):
            self.timer.start()


def test_interrupted_at_any_moment(text, tmp_path):
    """…even between two statements: nothing is done twice, nothing left out."""
    model = GloVe(**SMALL | {"epochs": 120})
    whole = model.fit(text)
    folder, fitted, interrupts = tmp_path / "m.checkpoint", None, 0
    while fitted is None:
        watch = Interrupting(0.01 + 0.013 * (interrupts % 5))
        try:
            fitted = model.fit(text, checkpoint=folder, resume=folder.is_dir(), progress=watch)
            watch.timer.cancel()
            watch.timer.join()
        except KeyboardInterrupt:
            interrupts += 1
    assert interrupts >= 3
    np.testing.assert_array_equal(fitted.vectors.matrix, whole.vectors.matrix)
    assert [e["loss"] for e in fitted.history] == [e["loss"] for e in whole.history]


def test_interrupted_in_the_middle_of_a_round(text, tmp_path, monkeypatch):
    """Some of its fields are with the threads, others not yet: a round is whole or not begun."""

    class Handing(ThreadPoolExecutor):
        handed = 0

        def submit(self, work, *args):
            if work.__name__ == "field":
                Handing.handed += 1
                if Handing.handed == 100:
                    signal.raise_signal(signal.SIGINT)
            return super().submit(work, *args)

    model = GloVe(**SMALL)
    whole = model.fit(text)
    monkeypatch.setattr(fit_glove, "ThreadPoolExecutor", Handing)
    folder = tmp_path / "m.checkpoint"
    with pytest.raises(Interrupted):
        model.fit(text, checkpoint=folder)
    assert Handing.handed >= 100
    resumed = model.fit(text, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(resumed.vectors.matrix, whole.vectors.matrix)


def test_resuming_what_does_not_fit(text, tmp_path):
    model = GloVe(**SMALL)
    folder = tmp_path / "m.checkpoint"
    with pytest.raises(SettingError, match="give the checkpoint folder"):
        model.fit(text, resume=True)
    with pytest.raises(FormatError):
        model.fit(text, checkpoint=folder, resume=True)
    with pytest.raises(Interrupted):
        model.fit(text, checkpoint=folder, progress=Stop(3))
    with pytest.raises(SettingError, match="rate=0.05, this run has rate=0.1"):
        dataclasses.replace(model, rate=0.1).fit(text, checkpoint=folder, resume=True)
    with pytest.raises(SettingError, match="was made from another text"):
        model.fit(text[:-20], checkpoint=folder, resume=True)
    model.fit(text).save(tmp_path / "done")
    with pytest.raises(SettingError, match="is a finished model, not a checkpoint"):
        model.fit(text, checkpoint=tmp_path / "done", resume=True)


def test_continued_goes_on(text):
    board = checkerboard(stray=0.1)
    begun = GloVe(**SMALL | {"epochs": 3}).fit(board)
    more = GloVe(**SMALL | {"epochs": 3}).fit(board, continue_from=begun)
    assert more.history[0]["loss"] < 0.5 * begun.history[0]["loss"]
    half = GloVe(**SMALL | {"epochs": 3}).fit(text)
    more = GloVe(**SMALL | {"epochs": 3}).fit(text, continue_from=half)
    # squares of the gradients go on too: they only grow
    assert (more.state["gradsq_word"] >= half.state["gradsq_word"]).all()
    # words the new text does not have keep their vectors, new ones join
    other = [["w1", "w2", "new"] * 3] * 20
    moved = GloVe(**SMALL | {"epochs": 1}).fit(other, continue_from=half)
    assert "new" in moved.vectors
    np.testing.assert_array_equal(moved.vectors["w17"], half.vectors["w17"])
    assert not np.array_equal(moved.vectors["w1"], half.vectors["w1"])


def test_phrases_are_remembered_and_go_on(tmp_path):
    lines = [*(["new", "york", "is", "a", "city"] for _ in range(30)), *checkerboard(lines=60)]
    phrases = Phrases(threshold=1.0, min_count=5).fit(lines)
    model = GloVe(**SMALL | {"epochs": 1})
    fitted = model.fit(Corpus(lines, phrases=phrases))
    assert "new_york" in fitted.vectors
    fitted.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.phrases.apply(["new", "york"]) == ["new_york"]
    more = model.fit(lines, continue_from=again)
    assert "new_york" in more.vectors
    assert "york" not in more.vectors
    counts = model.count(Corpus(lines, phrases=phrases))
    counts.save(tmp_path / "c")
    of_counts = model.fit(Cooccurrence.load(tmp_path / "c"))
    assert of_counts.phrases.phrases == phrases.phrases
    np.testing.assert_array_equal(of_counts.vectors.matrix, fitted.vectors.matrix)


def test_continuing_what_does_not_fit(text):
    model = GloVe(**SMALL)
    done = model.fit(text)
    with pytest.raises(SettingError, match="has dim=12, this run 20"):
        dataclasses.replace(model, dim=20).fit(text, continue_from=done)
    with pytest.raises(SettingError, match="A skipgram model cannot be continued as glove"):
        model.fit(text, continue_from=dataclasses.replace(done, kind="skipgram"))
    with pytest.raises(SettingError, match="no word and context vectors of its own"):
        model.fit(text, continue_from=dataclasses.replace(done, state={}))
    broken = {**done.state, "context_bias": done.state["context_bias"].copy()}
    broken["context_bias"][5] = np.nan
    word = done.vocabulary[5]
    with pytest.raises(SettingError, match=rf"nan or infinity \(context_bias of '{word}'\)"):
        model.fit(text, continue_from=dataclasses.replace(done, state=broken))


@pytest.mark.parametrize(("combine", "dim"), [("sum", 12), ("word", 12), ("concatenation", 24)])
def test_start_from_given_vectors(text, combine, dim):
    names = ["w3", "w1", "elsewhere"]
    matrix = np.random.default_rng(1).normal(size=(3, dim)).astype(np.float32)
    given = Vectors(Vocabulary(names), matrix)
    model = GloVe(**SMALL | {"combine": combine, "rate": 0.0, "bias_update": "published"})
    fitted = model.fit(text, init_from=given)
    np.testing.assert_allclose(fitted.vectors["w3"], matrix[0], rtol=1e-6)
    with pytest.raises(SettingError, match="fit dim=9"):
        dataclasses.replace(model, dim=9).fit(text, init_from=given)
    matrix[1, 2] = np.nan
    with pytest.raises(SettingError, match=r"nan or infinity \(the vector of 'w1'\)"):
        model.fit(text, init_from=Vectors(Vocabulary(names), matrix))
    with pytest.raises(SettingError, match="None of the 391 words"):
        model.fit(text, init_from=Vectors(Vocabulary(["x"]), matrix[:1]))
    with pytest.raises(SettingError, match="cannot be given together"):
        model.fit(text, init_from=given, continue_from=Fitted("glove", given))


@pytest.mark.parametrize(
    ("setting", "value"), [("x_max", 0), ("x_max", -1), ("dim", 0), ("rate", -1), ("alpha", -0.1)]
)
def test_settings_out_of_range(setting, value):
    with pytest.raises(SettingError, match=f"{setting}=.* is out of range"):
        GloVe(**{setting: value})


def test_overflow_is_told(text):
    with pytest.raises(FitError, match="The loss overflowed in epoch 1 at learning rate 1e"):
        GloVe(**SMALL | {"rate": 1e30}).fit(text)


def test_nothing_to_learn_from():
    with pytest.raises(VocabularyError, match="no word has another beside it"):
        GloVe(min_count=1).fit(["a a a"])
    with pytest.raises(VocabularyError, match="No two of the 2 words"):
        GloVe(min_count=1).fit(["a", "b"])


# a value for each setting that must change what comes out
FLOW = {
    "window": 2, "direction": "left", "weighting": "flat", "min_count": 30, "max_size": 50,
    "dim": 5, "epochs": 2, "x_max": 3.0, "alpha": 0.3, "rate": 0.02, "clip": 0.01,
    "bias_update": "published", "combine": "word", "seed": 3,
}  # fmt: skip


def test_every_setting_arrives(text):
    plain = GloVe(**SMALL).fit(text).vectors.matrix
    names = {field.name for field in dataclasses.fields(GloVe)}
    assert names == FLOW.keys() | {"memory", "threads", "checkpoint_every"}
    for name, value in FLOW.items():
        changed = GloVe(**SMALL | {name: value}).fit(text).vectors.matrix
        assert not np.array_equal(changed, plain), name
