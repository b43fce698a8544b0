"""A time budget: what is trained in it, and that it ends with a model."""

import math
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth.neural import budget, resuming  # noqa: E402
from firth.neural import train as loop  # noqa: E402
from firth.neural.training import Training  # noqa: E402
from neural.training_worlds import Heard, Line  # noqa: E402  (after the check for torch)


class Clock:
    """Stands still but for what it is told."""

    now = 1000.0

    def monotonic(self):
        return self.now


class Timed(Line):
    """A batch takes `step` seconds, a measurement `measuring`."""

    def __init__(self, clock, step=1.0, measuring=0.0, **more):
        super().__init__(**more)
        self.clock, self.step, self.measuring = clock, step, measuring

    def loss(self, batch):
        self.clock.now += self.step
        return super().loss(batch)

    def evaluate(self):
        self.clock.now += self.measuring
        return super().evaluate()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (loop, resuming, budget):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def settings(**changes):
    plain = {
        "optimiser": "sgd", "rate": 0.05, "schedule": "linear", "precision": "fp32",
        "device": "cpu", "threads": 1,
    }  # fmt: skip
    return Training(**(plain | changes))


def test_the_schedule_goes_through_the_time(clock):
    task = Timed(clock, step=2.0, batches=1000)
    outcome = loop.train(task, settings(minutes=2, evaluate_every=5))
    assert outcome.stopped == "minutes"
    # a twentieth is kept for the last measurement until it is known that it takes no time
    assert 114 <= outcome.seconds <= 120
    rates = [entry["rate"] for entry in outcome.history]
    assert rates[-1] == pytest.approx(0.05 / 60, rel=0.1)
    seconds = [entry["seconds"] for entry in outcome.history]
    for rate, after in zip(rates[1:], seconds[1:], strict=True):
        assert rate == pytest.approx(0.05 * (1 - (after - 2) / 120), abs=1e-9)


def test_time_is_kept_for_the_last_measurement(clock):
    task = Timed(clock, batches=9, measuring=7.0)
    outcome = loop.train(task, settings(minutes=2))
    assert outcome.stopped == "minutes"
    assert 112 <= outcome.seconds <= 120
    assert outcome.history[-1]["step"] % 9  # in the middle of an epoch
    assert outcome.best["held_out_loss"] == min(e["held_out_loss"] for e in outcome.history)
    assert float(task.evaluate()["held_out_loss"]) == outcome.best["held_out_loss"]


def test_epochs_may_end_before_the_time(clock):
    outcome = loop.train(Timed(clock), settings(minutes=60, epochs=2))
    assert outcome.stopped == "epochs"
    assert outcome.seconds == 16
    assert outcome.history[-1]["rate"] == pytest.approx(0.05 / 16)


@pytest.mark.parametrize("minutes", [0.0, 0.5])
def test_a_time_shorter_than_a_step(clock, minutes):
    heard = Heard()
    task = Timed(clock, step=60.0)
    outcome = loop.train(task, settings(minutes=minutes), progress=heard)
    assert outcome.stopped == "minutes"
    assert [entry["step"] for entry in outcome.history] == [1]
    assert heard.said[-1] == f"A step takes longer than minutes={minutes:g}; one was made."
    assert task.net.weight.abs().sum() > 0


def test_without_epochs_time_alone_ends_it(clock):
    outcome = loop.train(Timed(clock, batches=2), settings(minutes=1))
    assert outcome.history[-1]["epoch"] > 25
    assert len(loop.train(Timed(clock), settings()).history) == 10  # neither: ten epochs


def test_a_resumed_training_has_what_is_left(clock, tmp_path):
    class Killed(Exception):
        pass

    task = Timed(clock, batches=200)
    loss = task.loss

    def dies(batch):
        if clock.now > 1040:
            raise Killed
        return loss(batch)

    task.loss = dies
    settled = settings(minutes=2, checkpoint_every=0)
    with pytest.raises(Killed):
        loop.train(task, settled, folder=tmp_path / "run")
    clock.now += 5000  # some time passes
    went = clock.now
    outcome = loop.train(Timed(clock, batches=200), settled, folder=tmp_path / "run", resume=True)
    assert 70 <= clock.now - went <= 80
    assert 112 <= outcome.seconds <= 120
    # who has more time now may say so
    more = settings(minutes=3, checkpoint_every=0)
    outcome = loop.train(Timed(clock, batches=200), more, folder=tmp_path / "run", resume=True)
    assert 170 <= outcome.seconds <= 181


def test_checkpoints_are_as_far_apart_as_asked(clock, tmp_path, monkeypatch):
    written = []
    save = resuming.save

    def noted(one, folder):
        written.append(clock.now - 1000)
        save(one, folder)

    monkeypatch.setattr(resuming, "save", noted)
    # a rate of 0: no better weights after the first measurement
    task = Timed(clock, batches=100)
    loop.train(task, settings(rate=0.0, epochs=2, checkpoint_every=30), folder=tmp_path / "run")
    assert written == [30, 60, 90, 100, 130, 160, 190]


def test_figures_for_the_bar(clock):
    heard = Heard()
    loop.train(Timed(clock, batches=30), settings(minutes=1), progress=heard)
    done = [part for part, _ in heard.figures]
    assert done == sorted(done)
    assert done[-1] <= 1000
    speeds = [figures["speed"] for _, figures in heard.figures[1:]]
    assert all(speed == pytest.approx(4) for speed in speeds)  # rows a second
    assert all(math.isfinite(figures["loss"]) for _, figures in heard.figures)


def test_the_length_is_estimated_once(clock):
    heard = Heard()
    loop.train(Timed(clock, batches=100, step=3.0), settings(epochs=5), progress=heard)
    told = [text for text in heard.said if "to go" in text]
    assert told == ["About 25 minutes to go, if it is not stopped early."]
    assert heard.said.index(told[0]) == 1  # before the first epoch ends
    heard = Heard()
    loop.train(Timed(clock, batches=300, step=30.0), settings(minutes=600), progress=heard)
    assert "About 9.9 hours to go, if it is not stopped early." in heard.said
    heard = Heard()
    loop.train(Timed(clock), settings(epochs=5), progress=heard)
    assert not any("to go" in text for text in heard.said)
