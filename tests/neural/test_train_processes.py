"""Two processes make the steps of one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.errors import SettingError  # noqa: E402
from firth.neural import checkpoints  # noqa: E402
from firth.neural.distributed import Processes, place  # noqa: E402
from firth.neural.train import train  # noqa: E402
from firth.neural.training import Training  # noqa: E402
from firth.vectors.tensors import map_tensors  # noqa: E402
from neural.training_worlds import Line  # noqa: E402  (after the check for torch)
from neural.two_processes import fifths, thirds  # noqa: E402

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="this torch was built without processes"
)

PROGRAM = Path(__file__).with_name("two_processes.py")
PLAIN = {
    "optimiser": "adam", "rate": 0.05, "schedule": "linear", "precision": "fp32", "device": "cpu",
    "threads": 1, "epochs": 2, "checkpoint_every": 0.0,
}  # fmt: skip


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


JOBS = {
    "line": {},
    "uneven": {"accumulate": 3},
    "unused": {"optimiser": "adamw"},
    "diverging": {},
    "columns": {},
    "killed": {},
    "resumed": {},
    "fifths": {},
    "thirds": {},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes holds and tells after each job."""
    folder = tmp_path_factory.mktemp("processes")
    environment = os.environ | {
        "PYTHONPATH": str(PROGRAM.parents[1]), "MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    jobs = [[name, free_port(), PLAIN | changes] for name, changes in JOBS.items()]
    command = [sys.executable, "-W", "error", str(PROGRAM), str(folder), json.dumps(jobs)]
    processes = [
        subprocess.Popen(command, env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=200) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return {name: read(folder, name) for name in JOBS}


def read(folder, name):
    return [
        (
            dict(map_tensors(folder / f"{name}.{rank}.safetensors")),
            json.loads((folder / f"{name}.{rank}.json").read_text("utf-8")),
        )
        for rank in range(2)
    ]


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


def test_two_processes_are_one(found):
    (first, told), (second, other) = found["line"]
    assert equal(first, second)
    alone = Line()
    outcome = train(alone, Training(**PLAIN))
    for name, tensor in checkpoints.content(alone.net).items():
        np.testing.assert_allclose(first[name], tensor.detach().numpy(), rtol=1e-5, atol=1e-7)
    for here, there in zip(outcome.history, told["history"], strict=True):
        assert there["loss"] == pytest.approx(here["loss"], rel=1e-5)
        assert (there["step"], there["tokens"]) == (here["step"], here["tokens"])
    assert told["said"][0] == "Training on cpu, 1 thread, float32, 2 processes."
    assert other["said"] == []


def test_a_process_with_fewer_batches(found):
    (first, told), (second, _) = found["uneven"]
    assert equal(first, second)
    assert [entry["step"] for entry in told["history"]] == [3, 6]
    assert [entry["tokens"] for entry in told["history"]] == [30, 30]  # 8 x 2 + 7 x 2


@pytest.mark.parametrize("name", ["fifths", "thirds"])
def test_columns_that_do_not_divide(found, name):
    """No column is lost, and the steps are those of one process."""
    (first, told), (second, _) = found[name]
    assert equal(first, second)
    alone = {"fifths": fifths, "thirds": thirds}[name](0, 1)
    outcome = train(alone, Training(**PLAIN))
    for here, there in zip(outcome.history, told["history"], strict=True):
        assert there["loss"] == pytest.approx(here["loss"], rel=1e-4)
        assert (there["step"], there["tokens"]) == (here["step"], here["tokens"])
    for weight, tensor in checkpoints.content(alone.net).items():
        # gradients are added up in another order, and adam divides small ones by small ones
        np.testing.assert_allclose(first[weight], tensor.detach().numpy(), rtol=1e-3, atol=1e-3)


def test_weights_that_some_do_not_use(found):
    (first, _), (second, _) = found["unused"]
    assert equal(first, second)
    assert (first["nobodys"] == 1).all()
    assert (first["seconds"] < 1).all()


def test_one_diverges_both_stop(found):
    (_, told), (_, other) = found["diverging"]
    assert told == other
    assert "became nan in step 6 (epoch 1)" in told["error"]


def test_killed_and_resumed(found):
    (first, told), (second, _) = found["columns"]
    assert equal(first, second)
    (cut, about_cut), _ = found["killed"]
    assert "error" in about_cut
    assert not equal(cut, first)
    (again, told_again), (second, _) = found["resumed"]
    assert equal(again, second)
    assert equal(again, first)
    losses = [[entry["loss"] for entry in one["history"]] for one in (told, told_again)]
    assert losses[0] == losses[1]


@pytest.mark.heavy
def test_torchrun_starts_it(tmp_path):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        str(PROGRAM), str(tmp_path), json.dumps([["line", 0, PLAIN]]),
    ]  # fmt: skip
    subprocess.run(
        command, check=True, timeout=120, env=os.environ | {"PYTHONPATH": str(PROGRAM.parents[1])}
    )
    (first, _), (second, _) = read(tmp_path, "line")
    assert equal(first, second)


def test_a_wrong_environment(monkeypatch):
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(SettingError, match="RANK and WORLD_SIZE must be whole numbers"):
        place()
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(SettingError, match="The 2 processes of WORLD_SIZE cannot be joined"):
        train(Line(), Training(**PLAIN))


def test_alone_nothing_is_done():
    alone = Processes()
    assert alone.sums(1.5, True) == [1.5, True]
    assert alone.most(3) == 3
    assert alone.same({"a": 1}) == {"a": 1}
    assert alone.gather("x") == ["x"]
