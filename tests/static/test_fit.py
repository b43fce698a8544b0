"""The loop: resuming, given vectors, continued training, held-out loss, interruption."""

import dataclasses
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from firth import CBOW, SkipGram, Vectors, Vocabulary, load
from firth.errors import SettingError
from firth.progress import Progress
from firth.static import blocks, checkpoints, fit, passes, start
from firth.static.checkpoints import Interrupted
from firth.text.stream import Stream
from static.worlds import bursts, checkerboard, checkerboard_score

SMALL = {"dim": 24, "window": 3, "min_count": 1, "subsample": 0.0, "threads": 1, "epochs": 4}


class StopAfter(Progress):
    """Ctrl-C as soon as `words` words are done."""

    def __init__(self, words):
        self.words = words

    def advance(self, done, **figures):
        if done >= self.words:
            self.words = float("inf")
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def board():
    return checkerboard(lines=4000)  # three blocks


@pytest.fixture
def one_block_a_segment(monkeypatch):
    monkeypatch.setattr(passes, "SEGMENT", 1)


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
@pytest.mark.parametrize("objective", ["negative-sampling", "hierarchical-softmax"])
@pytest.mark.parametrize("words", [1, 50_000, 70_000, 100_000])
@pytest.mark.usefixtures("one_block_a_segment")
def test_resuming_gives_the_same_bits(kind, objective, words, board, tmp_path):
    model = kind(**SMALL, objective=objective)
    whole = model.fit(board)
    folder = tmp_path / "run.checkpoint"
    with pytest.raises(Interrupted) as stopped:
        model.fit(board, checkpoint=folder, progress=StopAfter(words))
    partial = stopped.value.fitted
    assert not np.array_equal(partial.vectors.matrix, whole.vectors.matrix)
    assert load(folder).corpus["checkpoint"]["epoch"] == len(partial.history)
    again = model.fit(board, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(again.vectors.matrix, whole.vectors.matrix)
    np.testing.assert_array_equal(again.state["output"], whole.state["output"])
    assert [e["loss"] for e in again.history] == [e["loss"] for e in whole.history]


@pytest.mark.usefixtures("one_block_a_segment")
def test_checkpoints_are_written_while_training(board, tmp_path):
    """What a kill leaves: the checkpoint of the last block, from which the same bits come."""
    model = SkipGram(**SMALL, checkpoint_every=0.0)
    whole = model.fit(board)
    folder, copies = tmp_path / "run.checkpoint", []

    class Watch(Progress):
        def advance(self, done, **figures):
            if folder.exists() and not copies:
                copies.append(load(folder))

    model.fit(board, checkpoint=folder, progress=Watch())
    copies[0].vectors.matrix  # noqa: B018  opened while the run went on
    killed = tmp_path / "killed.checkpoint"
    with pytest.raises(Interrupted):
        model.fit(board, checkpoint=killed, progress=StopAfter(60_000))
    again = model.fit(board, checkpoint=killed, resume=True)
    np.testing.assert_array_equal(again.vectors.matrix, whole.vectors.matrix)


@pytest.mark.usefixtures("one_block_a_segment")
def test_resuming_another_run_is_refused(board, tmp_path):
    folder = tmp_path / "run.checkpoint"
    model = SkipGram(**SMALL)
    with pytest.raises(Interrupted):
        model.fit(board, checkpoint=folder, progress=StopAfter(1))
    with pytest.raises(SettingError, match="was made with dim=24, this run has dim=8"):
        dataclasses.replace(model, dim=8).fit(board, checkpoint=folder, resume=True)
    with pytest.raises(SettingError, match="made from another text"):
        model.fit(board[:1000], checkpoint=folder, resume=True)
    model.fit(board).save(tmp_path / "done.firth")
    with pytest.raises(SettingError, match="is a finished model, not a checkpoint"):
        model.fit(board, checkpoint=tmp_path / "done.firth", resume=True)
    with pytest.raises(SettingError, match="give the checkpoint folder"):
        model.fit(board, resume=True)


@pytest.mark.usefixtures("one_block_a_segment")
@pytest.mark.parametrize("first", [True, False])
def test_held_out_text_may_come_and_go_when_resuming(board, tmp_path, first):
    """Only epochs that were measured are compared; without held-out text no older state wins."""
    folder = tmp_path / "run.checkpoint"
    model = SkipGram(**SMALL | {"epochs": 3}, patience=9)
    tokens = sum(len(line) for line in board)
    with pytest.raises(Interrupted) as stopped:
        model.fit(
            board,
            dev=board[:50] if first else None,
            checkpoint=folder,
            progress=StopAfter(tokens * 3 // 2),
        )
    assert len(stopped.value.fitted.history) == 1
    again = model.fit(board, dev=None if first else board[:50], checkpoint=folder, resume=True)
    assert ["held_out_loss" in epoch for epoch in again.history] == [first, not first, not first]
    if first:
        whole = model.fit(board)
        np.testing.assert_array_equal(again.vectors.matrix, whole.vectors.matrix)


def test_interrupting_keeps_what_was_reached(board):
    with pytest.raises(Interrupted) as stopped:
        SkipGram(**SMALL | {"epochs": 200, "rate": 0.05}).fit(
            board, progress=StopAfter(48_000 * 12)
        )
    assert checkerboard_score(stopped.value.fitted.vectors) >= 0.8
    assert len(stopped.value.fitted.history) < 200


def given_vectors(words, dim=24, seed=3):
    matrix = np.random.default_rng(seed).normal(size=(len(words), dim)).astype(np.float32)
    return Vectors(Vocabulary(words), matrix)


def test_given_vectors_are_where_it_starts(board):
    vectors = given_vectors([f"w{i}" for i in range(10)] + ["elsewhere"])
    still = SkipGram(**SMALL | {"rate": 0.0}).fit(board, init_from=vectors)
    for i in range(10):
        np.testing.assert_array_equal(still.vectors[f"w{i}"], vectors[f"w{i}"])
    assert "elsewhere" not in still.vectors
    assert np.abs(still.vectors["w15"]).max() < 0.1


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
@pytest.mark.parametrize("exact", [False, True])
def test_frozen_rows_stay_and_the_others_learn(kind, exact, board):
    vectors = given_vectors([f"w{i}" for i in range(10)])
    fitted = kind(**SMALL, exact=exact).fit(board, init_from=vectors, freeze=True)
    moved = kind(**SMALL, exact=exact).fit(board, init_from=vectors)
    for i in range(10):
        np.testing.assert_array_equal(fitted.vectors[f"w{i}"], vectors[f"w{i}"])
        assert not np.array_equal(moved.vectors[f"w{i}"], vectors[f"w{i}"])
    assert np.abs(fitted.vectors["w15"]).max() > 0.1


def test_given_vectors_that_do_not_fit(board):
    with pytest.raises(SettingError, match="have 50 numbers each; train with dim=50"):
        SkipGram(**SMALL).fit(board, init_from=given_vectors(["w1"], dim=50))
    with pytest.raises(SettingError, match="have 20 numbers each; train with dim=20"):
        SkipGram(**SMALL).fit(board, init_from=given_vectors(["w1"], dim=20))
    with pytest.raises(SettingError, match="None of the 20 words of the corpus is among the 1"):
        SkipGram(**SMALL).fit(board, init_from=given_vectors(["W1"]))
    with pytest.raises(SettingError, match="give init_from"):
        SkipGram(**SMALL).fit(board, freeze=True)


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
@pytest.mark.parametrize("objective", ["negative-sampling", "hierarchical-softmax", "softmax"])
def test_continuing_on_new_text_with_new_words(kind, objective, board):
    settings = SMALL | {"objective": objective, "rate": 0.05, "epochs": 8}
    first = kind(**settings).fit([line for line in board if "w0" not in line and "w1" not in line])
    assert "w0" not in first.vectors
    still = kind(**settings | {"rate": 0.0}).fit(board, continue_from=first)
    np.testing.assert_array_equal(still.vectors["w4"], first.vectors["w4"])
    fitted = kind(**settings).fit(board, continue_from=first)
    assert set(fitted.vectors.names) == {f"w{i}" for i in range(20)}
    assert checkerboard_score(fitted.vectors) == 1
    # words of the first text that the new one lacks are not lost
    other = kind(**settings).fit([["x", "y", "z", "w4"]] * 500, continue_from=first)
    assert {"x", "w4", "w7"} <= set(other.vectors.names)
    counts = dict(zip(other.vectors.names, other.vectors.vocabulary.counts, strict=True))
    before = dict(zip(first.vectors.names, first.vectors.vocabulary.counts, strict=True))
    assert counts["w4"] == before["w4"] + 500


def test_continuing_with_other_settings_is_refused(board):
    first = SkipGram(**SMALL).fit(board)
    with pytest.raises(SettingError, match="has dim=24, this run dim=30"):
        SkipGram(**SMALL | {"dim": 30}).fit(board, continue_from=first)
    with pytest.raises(SettingError, match="skipgram model cannot be continued as cbow"):
        CBOW(**SMALL).fit(board, continue_from=first)
    with pytest.raises(SettingError, match="cannot be given together"):
        SkipGram(**SMALL).fit(board, continue_from=first, init_from=first)


def test_a_loaded_model_can_be_continued(board, tmp_path):
    first = SkipGram(**SMALL).fit(board)
    first.save(tmp_path / "m.firth")
    one = SkipGram(**SMALL).fit(board, continue_from=first)
    two = SkipGram(**SMALL).fit(board, continue_from=load(tmp_path / "m.firth"))
    np.testing.assert_array_equal(one.vectors.matrix, two.vectors.matrix)


def test_training_stops_when_the_held_out_loss_rises():
    """Noise cannot be learnt: other noise gets worse while the text is learnt by heart."""
    rng = np.random.default_rng(1)
    words = [f"v{i}" for i in range(200)]
    train, dev = ([list(rng.choice(words, 20)) for _ in range(100)] for _ in range(2))
    model = SkipGram(**SMALL | {"epochs": 200, "rate": 0.2, "dim": 50})
    fitted = model.fit(train, dev=dev)
    losses = [entry["held_out_loss"] for entry in fitted.history]
    assert len(losses) < 200
    assert losses[-1] > min(losses)
    assert len(losses) == losses.index(min(losses)) + 1 + model.patience
    # the best state is what is returned: measured again, it has the best loss
    still = dataclasses.replace(model, rate=0.0, epochs=1)
    again = still.fit(train, dev=dev, continue_from=fitted)
    assert again.history[0]["held_out_loss"] == pytest.approx(min(losses), rel=0.03)


def test_blocks_cover_the_stream_and_keep_lines_whole():
    rng = np.random.default_rng(2)
    for lengths in (rng.integers(1, 60, 3000), [100_000], [5, 90_000, 3, 19_999, 20_001], [1]):
        ends = np.cumsum(lengths).astype(np.int64)
        stream = Stream(np.arange(ends[-1], dtype=np.int32), ends)
        edges = blocks.cut(stream)
        assert edges[0] == 0
        assert edges[-1] == ends[-1]
        assert (np.diff(edges) > 0).all()
        assert np.diff(edges).max() < 2 * blocks.TOKENS + max(0, 0)
        parts = [blocks.read(stream, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        np.testing.assert_array_equal(np.concatenate([p.ids for p in parts]), stream.ids)
        for a, part in zip(edges[:-1], parts, strict=True):
            assert part.ends[-1] == len(part.ids)
            inside = ends[(ends > a) & (ends < a + len(part.ids))]
            np.testing.assert_array_equal(part.ends[:-1] + a, inside)


def test_the_memory_estimate_is_right():
    text = fit.memory_estimate(SkipGram(dim=100), 1_000_000, 50_000_000)
    assert "the matrices take 896.0 MB, the ids 200.0 MB" in text
    assert "lower --dim" in fit.memory_estimate(SkipGram(dim=1000), 2**31, 10)


def test_progress_is_told(board):
    seen = []

    class Watch(Progress):
        def start(self, task, total, unit):
            seen.append((task, total, unit))

        def advance(self, done, **figures):
            if "loss" in figures:
                seen.append(figures)

    SkipGram(**SMALL).fit(board, progress=Watch())
    assert ("training skipgram", 4 * 48_000, "words") in seen
    assert any(np.isfinite(figures["loss"]) for figures in seen if isinstance(figures, dict))


def test_ctrl_c_is_quick(board):
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        SkipGram(**SMALL | {"epochs": 100_000}).fit(board)
    assert time.monotonic() - began < 20


def test_bursts_of_one_word_do_not_make_it_diverge(monkeypatch):
    """Sixty times one word in a chunk of 128 would be one step of six hundred pairs."""
    model = SkipGram(**SMALL | {"dim": 50, "window": 5})
    text = bursts()
    monkeypatch.setattr(start, "most_times", lambda model: 10**6)
    unbounded = [entry["loss"] for entry in model.fit(text).history]
    assert unbounded[-1] > unbounded[0]
    monkeypatch.undo()
    losses = [entry["loss"] for entry in model.fit(text).history]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 2.6


def test_the_full_softmax_says_when_it_is_slow(monkeypatch):
    said = []

    class Listen(Progress):
        def say(self, text):
            said.append(text)

    model = SkipGram(**SMALL | {"objective": "softmax", "epochs": 1})
    model.fit(checkerboard(20), progress=Listen())
    assert not any("slow" in text for text in said)
    monkeypatch.setattr(start, "SOFTMAX_WORDS", 10)
    model.fit(checkerboard(20), progress=Listen())
    assert any("sums over all 20 words for each pair" in text for text in said)


def test_ctrl_c_waits_for_a_good_moment():
    """One is noted and raises nothing; a second one raises; afterwards all is as before."""
    before = signal.getsignal(signal.SIGINT)
    with checkpoints.ctrl_c_waits() as came:
        assert not came()
        signal.raise_signal(signal.SIGINT)
        assert came()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):  # the control
        signal.raise_signal(signal.SIGINT)


def test_who_answers_ctrl_c_already_keeps_it():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("mine"))
    try:
        with checkpoints.ctrl_c_waits() as came:
            signal.raise_signal(signal.SIGINT)
            assert not came()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["mine"]
    with ThreadPoolExecutor(1) as pool:  # threads cannot set a handler
        assert pool.submit(lambda: checkpoints.ctrl_c_waits().__enter__()()).result() is False
