"""k + n steps are k, a kill, a resumption, n: bit for bit on one thread."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import FormatError, SettingError, StorageError  # noqa: E402
from firth.neural import checkpoints, lock  # noqa: E402
from firth.neural.train import Interrupted, train  # noqa: E402
from firth.neural.training import Training  # noqa: E402
from neural.training_worlds import Letters, Line  # noqa: E402  (after the check for torch)

TESTS = Path(__file__).parents[1]


def settings(**changes):
    plain = {
        "optimiser": "adam", "rate": 0.01, "schedule": "cosine", "warmup": 3, "clip_norm": 0.25,
        "precision": "fp32", "device": "cpu", "threads": 1, "epochs": 3, "checkpoint_every": 0,
    }  # fmt: skip
    return Training(**(plain | changes))


class Killed(Exception):
    """The process dies here."""


class Mortal(Letters):
    """Dies at its n-th batch, as a killed process would: without a word."""

    def __init__(self, after, **more):
        super().__init__(**more)
        self.after = after

    def loss(self, batch):
        if self.calls == self.after:
            raise Killed
        return super().loss(batch)


def held(net):
    return {name: tensor.detach() for name, tensor in checkpoints.content(net).items()}


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def timeless(history):
    return [
        {name: value for name, value in entry.items() if "second" not in name} for entry in history
    ]


CASES = [
    *({"optimiser": name} for name in ("sgd", "adam", "adamw", "adagrad")),
    {"average": 0.9},
    {"accumulate": 3},
    {"evaluate_every": 5},
    {"schedule": "plateau", "rate": 0.5, "optimiser": "sgd"},
    {"patience": 1, "rate": 0.5},
    {"precision": "bf16"},
]


@pytest.mark.parametrize("change", CASES, ids=lambda case: "-".join(map(str, case)))
@pytest.mark.parametrize("after", [5, 8, 13])
def test_resumed_is_uninterrupted(tmp_path, change, after):
    whole, settled = Letters(), settings(**change)
    outcome = train(whole, settled)
    with pytest.raises(Killed):
        train(Mortal(after), settled, folder=tmp_path / "run")
    fresh = Letters(seed=99)  # begins elsewhere: all must come from the checkpoint
    assert not same(held(fresh.net), held(whole.net))
    torch.manual_seed(12345)
    resumed = train(fresh, settled, folder=tmp_path / "run", resume=True)
    assert same(held(fresh.net), held(whole.net))
    assert timeless(resumed.history) == timeless(outcome.history)
    assert timeless([resumed.best]) == timeless([outcome.best])
    assert resumed.stopped == outcome.stopped
    lines = (tmp_path / "run" / "log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == resumed.history


def test_the_comparison_can_fail(tmp_path):
    whole, other = Letters(), Letters()
    train(whole, settings())
    train(other, settings(seed=2))  # other numbers are dropped
    assert not same(held(whole.net), held(other.net))

    class Forgetful(Letters):
        def carry(self, tensors):
            self.state = None

    with pytest.raises(Killed):
        train(Mortal(5), settings(), folder=tmp_path / "run")
    forgetful = Forgetful()
    train(forgetful, settings(), folder=tmp_path / "run", resume=True)
    assert not same(held(whole.net), held(forgetful.net))


def test_killed_again_and_again(tmp_path):
    whole = Letters()
    outcome = train(whole, settings())
    with pytest.raises(Killed):
        train(Mortal(3), settings(), folder=tmp_path / "run")
    for _ in range(4):
        with pytest.raises(Killed):
            train(Mortal(4, seed=5), settings(), folder=tmp_path / "run", resume=True)
    last = Letters(seed=6)
    resumed = train(last, settings(), folder=tmp_path / "run", resume=True)
    assert same(held(last.net), held(whole.net))
    assert timeless(resumed.history) == timeless(outcome.history)
    # once more: everything is done already
    calls = last.calls
    again = train(last, settings(), folder=tmp_path / "run", resume=True)
    assert timeless(again.history) == timeless(outcome.history)
    assert last.calls <= calls + 1


def interrupting(task, at):
    """`task` with a Ctrl-C at its n-th batch."""
    loss = task.loss

    def with_ctrl_c(batch):
        if task.calls == at:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(batch)

    task.loss = with_ctrl_c
    return task


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot send itself Ctrl-C")
def test_ctrl_c_leaves_a_checkpoint_and_the_best(tmp_path):
    whole, settled = Letters(), settings(checkpoint_every=3600)
    train(whole, settled)
    task = interrupting(Letters(), at=11)
    with pytest.raises(Interrupted) as caught:
        train(task, settled, folder=tmp_path / "run")
    assert [entry["step"] for entry in caught.value.history] == [8]
    # what the net holds is the best, not where training stood
    assert task.net.training
    best = checkpoints.parts(checkpoints.read(tmp_path / "run")[0], "best")
    now = checkpoints.parts(checkpoints.read(tmp_path / "run")[0], "net")
    assert same(held(task.net), best)
    assert not same(held(task.net), now)
    fresh = Letters(seed=3)
    train(fresh, settled, folder=tmp_path / "run", resume=True)
    assert same(held(fresh.net), held(whole.net))


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot send itself Ctrl-C")
def test_ctrl_c_without_a_folder():
    with pytest.raises(Interrupted) as caught:
        train(interrupting(Letters(), at=2), settings())
    assert caught.value.history == []


PROGRAM = """
import sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from neural.training_worlds import Letters
from firth.neural.train import train
from firth.neural.training import Training
task = Letters()
if sys.argv[2] == "slow":
    loss = task.loss
    def slow(batch):
        if task.calls == 11:
            print("here", flush=True)
            time.sleep(60)
        return loss(batch)
    task.loss = slow
settings = Training(**eval(sys.argv[3]))
train(task, settings, folder=Path(sys.argv[1]), resume=sys.argv[2] == "resume")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_killed_process_and_its_folder(tmp_path):
    folder, settled = tmp_path / "run", settings()
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder)]
    plain = repr(settled.to_json())
    with subprocess.Popen(
        [*command, "slow", plain], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "here\n"
        # it lives: its folder is not for others
        expected = f"{folder} is being written by another training (process {process.pid}); wait"
        with pytest.raises(SettingError, match=re.escape(expected)):
            train(Letters(), settled, folder=folder)
        process.kill()
    # it is dead: its lock holds nobody back
    whole, fresh = Letters(), Letters(seed=2)
    train(whole, settled)
    train(fresh, settled, folder=folder, resume=True)
    assert same(held(fresh.net), held(whole.net))


def test_two_trainings_in_one_process(tmp_path):
    with (
        lock.locked(tmp_path / "run"),
        pytest.raises(SettingError, match=f"process {os.getpid()}"),
    ):
        train(Letters(), settings(), folder=tmp_path / "run")
    train(Letters(), settings(), folder=tmp_path / "run")


def test_a_new_training_in_an_old_folder_begins_anew(tmp_path):
    train(Letters(), settings(), folder=tmp_path / "run")
    with pytest.raises(Killed):
        train(Mortal(0), settings(checkpoint_every=3600), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    with pytest.raises(StorageError, match="cannot be written"):
        train(Letters(), settings(), folder=tmp_path / "none" / "run")


@pytest.fixture
def stopped(tmp_path):
    with pytest.raises(Killed):
        train(Mortal(5), settings(), folder=tmp_path / "run")
    return tmp_path / "run"


def test_resuming_without_a_folder_or_a_checkpoint(tmp_path):
    with pytest.raises(SettingError, match="give the checkpoint folder"):
        train(Letters(), settings(), resume=True)
    with pytest.raises(FormatError) as caught:
        train(Letters(), settings(), folder=tmp_path / "run", resume=True)
    assert str(caught.value) == (
        f"{tmp_path / 'run'}: found no training.safetensors, expected the checkpoint of a "
        "training. Start anew, without resuming."
    )


def test_other_settings_are_refused_and_free_ones_are_not(stopped):
    with pytest.raises(SettingError) as caught:
        train(Letters(), settings(rate=0.02), folder=stopped, resume=True)
    assert str(caught.value) == (
        f"{stopped} was made with rate=0.01, this run has rate=0.02; give the same settings, or "
        "start anew without resuming."
    )
    assert (stopped / checkpoints.NAME).exists()  # the refusal took nothing away
    train(Letters(), settings(checkpoint_every=5, minutes=1), folder=stopped, resume=True)


@pytest.mark.parametrize(
    ("then", "now", "stopped"),
    [
        ({"epochs": 3}, {"epochs": None, "minutes": 0.01}, "minutes"),
        ({"epochs": None, "minutes": 5}, {"epochs": 3}, "epochs"),
    ],
)
def test_minutes_may_come_and_go(tmp_path, then, now, stopped):
    """A preset says how many epochs only where no time is given: nobody changed them."""
    with pytest.raises(Killed):
        train(Mortal(5), settings(**then), folder=tmp_path / "run")
    outcome = train(Letters(), settings(**now), folder=tmp_path / "run", resume=True)
    assert outcome.stopped == stopped


def test_other_epochs_are_refused(stopped):
    with pytest.raises(SettingError, match="made with epochs=3, this run has epochs=4"):
        train(Letters(), settings(epochs=4), folder=stopped, resume=True)
    # minutes do not excuse a number that was given
    with pytest.raises(SettingError, match="made with epochs=3, this run has epochs=4"):
        train(Letters(), settings(epochs=4, minutes=1), folder=stopped, resume=True)
    with pytest.raises(SettingError, match="made with epochs=3, this run has epochs=None"):
        train(Letters(), settings(epochs=None), folder=stopped, resume=True)


def test_another_text_is_refused(stopped):
    with pytest.raises(SettingError, match="was made from another text, or measured on"):
        train(Letters(text=8), settings(), folder=stopped, resume=True)


def test_another_architecture_is_refused(stopped):
    with pytest.raises(FormatError) as caught:
        train(Letters(units=9), settings(), folder=stopped, resume=True)
    assert str(caught.value) == (
        f"{stopped}: found numbers of shape [24] under 'cell.bias_hh_l0', expected numbers of "
        "shape [27], as in this net. It is of another architecture: give its settings, or start "
        "anew."
    )


def test_another_number_of_processes_is_refused(stopped):
    tensors, about = checkpoints.read(stopped)
    checkpoints.write(stopped, tensors, about | {"world": 2})
    with pytest.raises(SettingError, match=r"made by 2 process\(es\), this run has 1"):
        train(Letters(), settings(), folder=stopped, resume=True)


def test_damaged_checkpoints_are_refused(stopped):
    file = stopped / checkpoints.NAME
    tensors, about = checkpoints.read(stopped)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FormatError, match="truncated"):
        train(Letters(), settings(), folder=stopped, resume=True)
    for change, text in [
        ({"place": 3}, "tensors without a training"),
        ({"version": 2}, "format version 2"),
        ({"place": {"steps": 3}}, "a damaged place"),
        ({"history": None}, "tensors without a training"),
    ]:
        checkpoints.write(stopped, tensors, about | change)
        with pytest.raises(FormatError, match=text):
            train(Letters(), settings(), folder=stopped, resume=True)


def test_a_checkpoint_is_safetensors_and_has_no_pickle(stopped):
    safetensors = pytest.importorskip("safetensors.torch", reason="reads what we write")
    tensors = safetensors.load_file(stopped / checkpoints.NAME)
    names = {name.split("/")[0] for name in tensors}
    assert names == {"net", "optimiser", "0"}
    assert "optimiser/embedding.weight/exp_avg" in tensors
    assert "0/carried/h" in tensors
    assert "0/random" in tensors
    assert "net/norm.running_mean" in tensors
    assert "net/out.weight" not in tensors  # tied: it is there once


def test_half_numbers_come_back_as_they_were(tmp_path):
    tensor = torch.randn(5).bfloat16()
    about = {"settings": {}, "place": {}, "tally": {}, "history": [], "world": 1}
    checkpoints.write(tmp_path, {"x": tensor}, about)
    found = checkpoints.read(tmp_path)[0]["x"]
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, tensor)


def test_a_line_without_carried_state(tmp_path):
    whole = Line()
    train(whole, settings())
    task, loss = Line(), Line.loss

    def dies(batch):
        if task.measured == 2:
            raise Killed
        return loss(task, batch)

    task.loss = dies
    with pytest.raises(Killed):
        train(task, settings(), folder=tmp_path / "run")
    fresh = Line()
    train(fresh, settings(), folder=tmp_path / "run", resume=True)
    assert same(held(fresh.net), held(whole.net))
