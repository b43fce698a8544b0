"""The loop: what a step is, when it stops, what it keeps."""

import json
import math
import re

import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from torch import nn  # noqa: E402

from firth.errors import FitError, SettingError  # noqa: E402
from firth.neural import optimisers  # noqa: E402
from firth.neural.train import train  # noqa: E402
from firth.neural.training import OPTIMISERS, SCHEDULES, Training  # noqa: E402
from neural.training_worlds import Heard, Letters, Line  # noqa: E402  (after the check for torch)


def settings(**changes):
    """Everything plain: no clipping, no schedule."""
    plain = {
        "optimiser": "sgd", "rate": 0.05, "schedule": "constant", "clip_norm": 0.0,
        "precision": "fp32", "device": "cpu", "threads": 1, "epochs": 3,
    }  # fmt: skip
    return Training(**(plain | changes))


def weights(net):
    return torch.cat([weight.detach().flatten() for weight in net.parameters()])


def test_an_untrained_net_fails_and_a_trained_one_does_not():
    task = Line()
    assert task.evaluate()["held_out_loss"] > 5
    outcome = train(task, settings(epochs=30))
    assert task.evaluate()["held_out_loss"] < 0.01
    assert outcome.stopped == "epochs"
    assert [entry["step"] for entry in outcome.history] == list(range(8, 241, 8))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_each_optimiser_finds_the_line(optimiser):
    task = Line()
    train(task, settings(optimiser=optimiser, rate={"sgd": 0.05, "adagrad": 0.5}.get(
        optimiser, 0.1), epochs=40))  # fmt: skip
    assert task.evaluate()["held_out_loss"] < 0.1


def test_sgd_is_the_formula():
    task, twin = Line(), Line()
    train(task, settings(epochs=2, clip_norm=0.5, weight_decay=0.1))
    w, b = torch.zeros(3, 1), torch.zeros(1)
    for _ in range(2):
        for batch in twin.batches(0, 0):
            error = batch.x @ w + b - batch.y
            dw, db = 2 * batch.x.T @ error / len(error), 2 * error.mean(0)
            norm = torch.sqrt((dw**2).sum() + (db**2).sum())
            shrink = min(1.0, 0.5 / float(norm))
            # vectors are not pulled towards 0
            w, b = w - 0.05 * (shrink * dw + 0.1 * w), b - 0.05 * shrink * db
    # best and last are the same here, as the loss falls all the time
    torch.testing.assert_close(task.net.weight.detach().T, w)
    torch.testing.assert_close(task.net.bias.detach(), b)


@pytest.mark.parametrize("first", [{}, {"initial_sum": 1 / 400}])
def test_adagrad_is_the_formula(first):
    """Its sums do not begin with 0: small gradients make small steps from the first one on."""
    task = Line(batches=1, held_out=False)
    task.y = 1e-3 * task.y
    train(task, settings(optimiser="adagrad", rate=0.1, epochs=3, **first))
    w, s = torch.zeros(4), torch.full((4,), first.get("initial_sum", 1e-6))
    (batch,) = task.batches(0, 0)
    x = torch.cat([batch.x, torch.ones(len(batch.x), 1)], 1)
    for _ in range(3):
        g = 2 * x.T @ (x @ w - batch.y[:, 0]) / len(x)
        s += g**2
        w -= 0.1 * g / (s.sqrt() + 1e-10)
    torch.testing.assert_close(weights(task.net), w)


def test_gradients_are_clipped_by_value_before_the_norm():
    task = Line(batches=1)
    before = weights(task.net)
    train(task, settings(epochs=1, clip_value=0.01, rate=1.0))
    moved = (weights(task.net) - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.01))


def test_accumulated_batches_are_one_large_batch():
    small, large = Line(batches=8, rows=4), Line(batches=4, rows=8)
    first = train(small, settings(accumulate=2))
    second = train(large, settings())
    torch.testing.assert_close(weights(small.net), weights(large.net))
    assert [e["step"] for e in first.history] == [e["step"] for e in second.history] == [4, 8, 12]
    # a rest is a step of its own
    third = train(Line(batches=3), settings(accumulate=2))
    assert [entry["step"] for entry in third.history] == [2, 4, 6]


class Ragged(Line):
    """Batches of 1, 2, 3 and 4 rows."""

    def batches(self, epoch, skip):
        for number, batch in enumerate(super().batches(epoch, 0)):
            rows = 1 + number % 4
            if number >= skip:
                yield type(batch)(batch.x[:rows], batch.y[:rows])


def test_accumulation_weighs_batches_by_their_units():
    task = Ragged(batches=4)
    rows = list(task.batches(0, 0))
    x, y = torch.cat([b.x for b in rows]), torch.cat([b.y for b in rows])
    train(task, settings(accumulate=4, epochs=1))
    expected = 0.05 * 2 * (x * y).mean(0)
    torch.testing.assert_close(task.net.weight.detach()[0], expected)


def test_the_history_and_its_loss():
    task = Line(batches=2)
    with torch.no_grad():
        expected = (task.y**2).mean()  # w = 0, and a rate of 0 leaves it there
    heard = Heard()
    outcome = train(task, settings(epochs=2, rate=0.0), progress=heard)
    entry = outcome.history[0]
    assert entry["loss"] == pytest.approx(float(expected), rel=1e-6)
    assert list(entry) == [
        "epoch", "step", "loss", "held_out_loss", "rate", "norm", "tokens", "tokens_per_second",
        "seconds",
    ]  # fmt: skip
    assert (entry["epoch"], entry["step"], entry["tokens"], entry["rate"]) == (1.0, 2, 8, 0.0)
    assert outcome.history[1]["epoch"] == 2.0
    assert heard.said[0] == "Training on cpu, 1 thread, float32."
    assert re.fullmatch(
        r"Epoch 1: loss \d+\.\d{4}, held out loss [\d.]+, [\d,]+ tokens/s\.", heard.said[1]
    )
    done, figures = heard.figures[-1]
    assert done == pytest.approx(750)  # before the last of four steps
    assert set(figures) == {"loss", "rate", "speed"}


def test_measured_every_so_many_steps_and_at_the_end():
    outcome = train(Line(batches=4), settings(epochs=2, evaluate_every=3))
    assert [entry["step"] for entry in outcome.history] == [3, 6, 8]
    outcome = train(Line(batches=4), settings(epochs=1), evaluate_first=True)
    assert [entry["step"] for entry in outcome.history] == [0, 4]
    assert outcome.history[0]["loss"] is None


def test_measuring_leaves_no_trace():
    one, other = Letters(), Letters()
    train(one, settings(evaluate_every=1, rate=0.1))
    train(other, settings(evaluate_every=0, rate=0.1))
    # the last is the best in both, or the comparison says nothing
    assert torch.equal(weights(one.net), weights(other.net))
    assert one.net.training


def test_the_best_weights_are_kept():
    task = Line()
    outcome = train(task, settings(rate=1.0, clip_norm=5.0, epochs=6))  # jumps about
    losses = [entry["held_out_loss"] for entry in outcome.history]
    assert outcome.best["held_out_loss"] == min(losses) != losses[-1]
    assert task.evaluate()["held_out_loss"] == min(losses)


def test_without_held_out_text_the_last_are_kept():
    task = Line(held_out=False)
    outcome = train(task, settings())
    assert outcome.best is outcome.history[-1]
    twin = Line()
    train(twin, settings())
    assert torch.equal(weights(task.net), weights(twin.net))


def test_patience():
    outcome = train(Line(), settings(rate=0.0, epochs=50, patience=2))
    assert outcome.stopped == "patience"
    assert len(outcome.history) == 3
    outcome = train(Line(held_out=False), settings(rate=0.0, epochs=50, patience=1))
    assert len(outcome.history) == 2
    assert len(train(Line(), settings(rate=0.0, epochs=7)).history) == 7


def test_plateau_halves_the_rate():
    outcome = train(Line(), settings(rate=1e-30, schedule="plateau", epochs=4))
    rates = [entry["rate"] for entry in outcome.history]
    assert rates == [1e-30, 1e-30, 0.5e-30, 0.25e-30]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_follows_the_schedule(schedule):
    outcome = train(Line(batches=1), settings(schedule=schedule, epochs=10, warmup=2, rate=0.01))
    rates = [entry["rate"] for entry in outcome.history]
    assert rates[0] == pytest.approx(0.005, rel=0.06)  # of two steps of warming up
    expected = {
        "constant": 0.01, "linear": 0.001, "halve": 0.01 * 0.5**8, "plateau": 0.01,
        "cosine": 0.01 * (1 + math.cos(0.9 * math.pi)) / 2,
    }  # fmt: skip
    assert rates[-1] == pytest.approx(expected[schedule])


class Overflows(Line):
    """The loss is not a number from the eleventh batch on."""

    seen = 0

    def loss(self, batch):
        self.seen += 1
        return super().loss(batch) * (math.nan if self.seen > 10 else 1.0)


def test_a_loss_that_is_not_a_number(tmp_path):
    task = Overflows()
    with pytest.raises(FitError) as caught:
        train(task, settings(rate=0.04))
    assert re.fullmatch(
        r"The loss became nan in step 11 \(epoch 2\) at learning rate 0\.04, where the gradient's "
        r"norm was nan; lower --rate \(rate=0\.01, say\) or --clip-norm; nothing was saved\.",
        str(caught.value),
    )
    # those of the first epoch, the best that are known
    assert 0 < task.evaluate()["held_out_loss"] < 10
    folder = tmp_path / "run"
    with pytest.raises(FitError, match=f"the last good state is in {re.escape(str(folder))}"):
        train(Overflows(), settings(checkpoint_every=0), folder=folder)
    with pytest.raises(FitError, match="nothing was saved"):
        train(Overflows(batches=20), settings(), folder=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_rate_too_high():
    task = Line(held_out=False)
    with pytest.raises(FitError, match=r"The loss became \d\S*e\+\d\d in step \d+"):
        train(task, settings(rate=1e6, epochs=20))
    with pytest.raises(FitError, match=r"The loss became inf in step 2"):
        train(task, settings(rate=1e30, epochs=20))
    assert torch.isfinite(weights(task.net)).all()


def test_looking_seldom_finds_the_first_bad_step(monkeypatch):
    # as on a graphics card, where a look waits for all the work before it
    task = Overflows(held_out=False, batches=40)
    loop_of = train.__globals__["Loop"]
    began = loop_of.__init__

    def seldom(self, *arguments):
        began(self, *arguments)
        self.look = 4

    monkeypatch.setattr(loop_of, "__init__", seldom)
    with pytest.raises(FitError, match=r"in step 11 \(epoch 1\)"):
        train(task, settings())
    assert torch.isfinite(weights(task.net)).all()  # those of the look before
    # and it computes the same
    one, other = Letters(), Letters()
    train(one, settings())
    monkeypatch.undo()
    train(other, settings())
    assert torch.equal(weights(one.net), weights(other.net))


def test_held_out_figures_that_are_not_numbers():
    class Broken(Line):
        def evaluate(self):
            return {"held_out_perplexity": math.inf}

    with pytest.raises(FitError, match="^The held out perplexity became inf after step 8; lower"):
        train(Broken(), settings())


def test_the_best_weights_are_left_where_held_out_figures_are_not_numbers():
    class Breaks(Line):
        def evaluate(self):
            figures = super().evaluate()
            return figures if self.measured < 3 else {"held_out_loss": math.nan}

    task, twin = Breaks(), Line()
    with pytest.raises(FitError, match="held out loss became nan after step 24"):
        train(task, settings())
    train(twin, settings(epochs=2))
    assert torch.equal(weights(task.net), weights(twin.net))


def test_nothing_to_train():
    task = Line()
    task.net.requires_grad_(False)
    with pytest.raises(SettingError, match="no weights that learn"):
        train(task, settings())


def test_frozen_weights_stay():
    task = Line()
    task.net.bias.requires_grad_(False)
    train(task, settings())
    assert float(task.net.bias) == 0.0
    assert set(optimisers.trained(task.net)) == {"weight"}


def test_a_batch_without_units_is_passed_over():
    class Gaps(Line):
        def batches(self, epoch, skip):
            for number, batch in enumerate(super().batches(epoch, 0)):
                rows = 0 if number % 2 else 4
                if number >= skip:
                    yield type(batch)(batch.x[:rows], batch.y[:rows])

    task = Gaps()
    outcome = train(task, settings(epochs=30))
    assert math.isfinite(outcome.history[0]["loss"])
    assert outcome.best["held_out_loss"] < 1


def test_the_average_of_weights(monkeypatch):
    task, twin = Line(held_out=False), Line(held_out=False)
    path = []
    step = twin.loss

    def noted(batch):
        path.append(weights(twin.net))
        return step(batch)

    monkeypatch.setattr(twin, "loss", noted)
    train(task, settings(average=0.9))
    train(twin, settings())
    a = path[0]
    for number, w in enumerate([*path[1:], weights(twin.net)]):
        d = min(0.9, (1 + number) / (10 + number))
        a = d * a + (1 - d) * w
    torch.testing.assert_close(weights(task.net), a)


def test_the_average_is_better_than_the_last_of_a_noisy_path():
    def held_out_loss(average):
        torch.manual_seed(5)
        task = Line(batches=64, rows=1)
        task.y = task.y + torch.randn(task.y.shape)  # what the line cannot explain
        return train(task, settings(rate=0.1, average=average, epochs=4)).best["held_out_loss"]

    assert held_out_loss(0.98) < 0.95 * held_out_loss(0.0)


def test_the_log_has_a_line_for_each_measurement(tmp_path):
    folder = tmp_path / "run"
    outcome = train(Line(), settings(), folder=folder)
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == outcome.history


def test_the_net_may_be_of_double_precision():
    task = Line()
    task.net.double()
    task.x, task.y = task.x.double(), task.y.double()
    assert train(task, settings(epochs=30)).best["held_out_loss"] < 0.01


def test_bfloat16_products_and_float_weights():
    task = Letters()
    train(task, settings(precision="bf16", rate=0.5, epochs=10))
    assert {weight.dtype for weight in task.net.parameters()} == {torch.float32}
    assert task.evaluate()["held_out_loss"] < math.log(5)


def test_more_batches_than_announced_end_in_time():
    task = Line(batches=8)
    task.steps = lambda: 4
    task.batches = lambda epoch, skip: Line.batches(Line(batches=8), epoch, skip)
    outcome = train(task, settings(epochs=1))
    assert outcome.history[-1]["step"] == 4


def test_modules_in_training_mode_during_steps_only():
    class Watching(Line):
        modes = ()

        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(self.net, nn.Dropout(0.0))

        def loss(self, batch):
            self.modes += (self.net.training,)
            return super().loss(batch)

        def evaluate(self):
            assert not self.net.training
            return super().evaluate()

    task = Watching()
    train(task, settings())
    assert all(task.modes)
