"""The loop with a language model in it: kill and resume, two processes by torchrun."""

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import FitError, SettingError  # noqa: E402  (after the check for torch)
from firth.neural.fit_language_model import LanguageModelling  # noqa: E402
from firth.neural.settings import LanguageModel  # noqa: E402


def lines(n=120, seed=1):
    """Animals do what animals do."""
    draw = random.Random(seed)
    subjects, verbs = ["the cat", "a dog", "the bird"], ["sat", "ran away", "sang a song"]
    return [f"{draw.choice(subjects)} {draw.choice(verbs)} ." for _ in range(n)]


def model(**changes):
    plain = {
        "preset": "tiny", "dim": 12, "units": 12, "layers": 2, "epochs": 3, "batch_size": 4,
        "bptt": 7, "rate": 0.02, "dropout": 0.2, "threads": 1, "device": "cpu",
        "checkpoint_every": 0.0, "recurrent_dropout": 0.1, "embedding_dropout": 0.1,
    }  # fmt: skip
    return LanguageModel(**(plain | changes))


class Killed(Exception):
    """The process dies."""


@pytest.fixture
def dying(monkeypatch):
    """Kills a training at its n-th batch."""
    loss = LanguageModelling.loss

    def after(batches):
        left = [batches]

        def counted(task, batch):
            if not left[0]:
                raise Killed
            left[0] -= 1
            return loss(task, batch)

        monkeypatch.setattr(LanguageModelling, "loss", counted)

    yield after
    monkeypatch.undo()


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "bf16"},
        {"precision": "fp32", "encoder": "gru", "tied": False},
        {"softmax": "sampled", "samples": 6, "encoder": "irnn"},
        {"softmax": "adaptive", "tied": False, "optimiser": "adagrad", "average": 0.9},
        {"encoder": "window", "accumulate": 2},
    ],
    ids=["lstm", "gru", "sampled", "adaptive", "window"],
)
def test_killed_and_resumed_is_uninterrupted(tmp_path, dying, monkeypatch, change):
    text, dev, settings = lines(), lines(20, seed=2), model(**change)
    whole = settings.fit(text, dev=dev)
    dying(41)  # in the second epoch
    with pytest.raises(Killed):
        settings.fit(text, dev=dev, checkpoint=tmp_path / "run")
    monkeypatch.undo()
    resumed = settings.fit(text, dev=dev, checkpoint=tmp_path / "run", resume=True)
    assert whole.state.keys() == resumed.state.keys()
    for name, array in whole.state.items():
        assert np.array_equal(array, resumed.state[name]), name
    assert np.array_equal(whole.vectors.matrix, resumed.vectors.matrix)
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert one["loss"] == other["loss"]
        assert one["held_out_perplexity"] == other["held_out_perplexity"]
    # negative control: another seed ends elsewhere
    other = model(**change, seed=2).fit(text, dev=dev)
    assert not np.array_equal(whole.vectors.matrix, other.vectors.matrix)


def test_a_checkpoint_of_another_text_or_model(tmp_path, dying, monkeypatch):
    dying(5)
    with pytest.raises(Killed):
        model().fit(lines(), checkpoint=tmp_path / "run")
    monkeypatch.undo()
    with pytest.raises(SettingError, match="was made with units=12, this run has units=13"):
        model(units=13).fit(lines(), checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(SettingError, match="was made from another text"):
        model().fit(lines(seed=3), checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(SettingError, match="or measured on another"):
        model().fit(lines(), dev=lines(seed=3), checkpoint=tmp_path / "run", resume=True)


def test_a_rate_far_too_high():
    with pytest.raises(FitError, match=r"The loss became \S+ in step \d+ .* lower --rate"):
        model(optimiser="sgd", rate=1e30, clip_norm=0.0).fit(lines())


def test_a_budget_shorter_than_a_step():
    fitted = model(minutes=0).fit(lines(), dev=lines(5))
    assert [entry["step"] for entry in fitted.history] == [1]


def test_cuda_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingError, match="has no CUDA; give --device cpu"):
        model(device="cuda").fit(lines())


@pytest.mark.heavy
def test_torchrun_trains_one_model(tmp_path):
    (tmp_path / "text.txt").write_text("\n".join(lines(400)) + "\n", "utf-8")
    (tmp_path / "dev.txt").write_text("\n".join(lines(40, seed=2)) + "\n", "utf-8")
    options = (
        "--dev dev.txt --preset tiny --dim 16 --units 16 --epochs 4 --rate 0.02 --batch-size 8 "
        "--dropout 0 --input-dropout 0 --precision fp32 --device cpu --json"
    )

    def train(out, *start):
        command = [*start, "-m", "firth", "train", "language-model", "text.txt", "-o", out]
        run = subprocess.run(
            [*command, *options.split()], cwd=tmp_path, check=True, timeout=240, text=True,
            capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.stderr.count("Epoch 1: ") == 1
        return json.loads(run.stdout)  # one document, though there are two processes

    alone = train("one", sys.executable)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    both = train("two", *start)
    for one, two in zip(alone["history"], both["history"], strict=True):
        assert two["step"] == one["step"]
        assert two["held_out_loss"] == pytest.approx(one["held_out_loss"], rel=1e-3)
    assert not (tmp_path / "two.checkpoint").exists()
