"""Worked example 13 of the notes (EMB, algorithm 1), and the first lesson, both by the one loop."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

from firth.neural.train import train  # noqa: E402  (after the check for torch)
from firth.neural.training import Training  # noqa: E402  (see above)


class Slope:
    """loss = g . w, whose gradient is g wherever w is; w in two pieces, as the weights of a net."""

    def __init__(self, g):
        self.g = [torch.tensor(part) for part in g]
        self.net = torch.nn.ParameterList([torch.zeros(len(part)) for part in g])

    def steps(self):
        return 1

    def begin(self, epoch):
        pass

    def batches(self, epoch, skip):
        return iter([SimpleNamespace(tokens=1, units=1)][skip:])

    def loss(self, batch):
        return sum((g * w).sum() for g, w in zip(self.g, self.net, strict=True))

    def evaluate(self):
        return {}

    def carried(self):
        return {}

    def carry(self, tensors):
        pass


PLAIN = {"optimiser": "sgd", "schedule": "constant", "precision": "fp32", "epochs": 1}


def step_of(g, **settings):
    """The step that one batch makes at rate 1: by how much the weights became smaller."""
    task = Slope(g)
    train(task, Training(rate=1.0, **PLAIN, **settings))
    return np.concatenate([-w.detach().numpy() for w in task.net])


def algorithm_1(g, threshold):
    """As EMB writes it."""
    g = np.concatenate(g)
    if np.linalg.norm(g) >= threshold:
        g = threshold / np.linalg.norm(g) * g
    return g


@pytest.mark.parametrize("threshold", [0.25, 1.0, 4.999, 5.0, 5.001, 100.0])
def test_clipping_by_norm(threshold):
    """||(3, 0, 4)|| = 5: at thresholds up to 5 it is scaled, above it is left alone."""
    g = [[3.0, 0.0], [4.0]]
    found = step_of(g, clip_norm=threshold)
    # torch divides by the norm + 1e-6
    np.testing.assert_allclose(found, algorithm_1(g, threshold), rtol=1e-5)
    assert np.linalg.norm(found) == pytest.approx(min(5, threshold), rel=1e-5)
    # the direction is kept
    np.testing.assert_allclose(found / np.linalg.norm(found), [0.6, 0, 0.8], rtol=1e-6)


def test_without_clipping_the_step_is_the_gradient():
    """The control: what is clipped above would go through."""
    np.testing.assert_array_equal(step_of([[3.0, 0.0], [4.0]], clip_norm=0.0), [3, 0, 4])


def test_clipping_by_value_turns_the_direction():
    found = step_of([[3.0, 0.5], [-4.0]], clip_norm=0.0, clip_value=1.0)
    np.testing.assert_array_equal(found, [1, 0.5, -1])


class Line:
    """Example 1: x = 1, 5, 6 -> y = 0, 16, 20 by a linear layer of one number."""

    def __init__(self):
        self.net = torch.nn.Linear(1, 1).double()
        with torch.no_grad():
            self.net.weight.fill_(1.0)
            self.net.bias.fill_(0.0)
        self.x = torch.tensor([[1.0], [5.0], [6.0]], dtype=torch.float64)
        self.y = torch.tensor([[0.0], [16.0], [20.0]], dtype=torch.float64)

    def loss(self, batch):
        return ((self.y - self.net(self.x)) ** 2).mean()

    def batches(self, epoch, skip):
        return iter([SimpleNamespace(tokens=3, units=3)][skip:])

    steps, begin, evaluate = Slope.steps, Slope.begin, Slope.evaluate
    carried, carry = Slope.carried, Slope.carry


def test_the_first_lesson_by_the_loop_of_language_models():
    """C(1, 0) = 318; a step at rate 0.01 goes to w = 3.76, b = 0.48; in the end y = 4x - 4."""
    settings = Training(rate=0.03, clip_norm=0.0, **PLAIN)  # 3 · 0.01: the loss is the mean
    task = Line()
    outcome = train(task, settings)
    assert 3 * outcome.history[0]["loss"] == pytest.approx(318)
    assert outcome.history[0]["norm"] == pytest.approx(math.hypot(276, 48) / 3)
    assert task.net.weight.item() == pytest.approx(3.76)
    assert task.net.bias.item() == pytest.approx(0.48)
    task = Line()
    train(task, Training(**{**PLAIN, "rate": 0.03, "clip_norm": 0.0, "epochs": 1000}))
    assert task.net.weight.item() == pytest.approx(4, abs=1e-4)
    assert task.net.bias.item() == pytest.approx(-4, abs=1e-4)
