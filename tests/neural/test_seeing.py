"""Gradients through time against what can be worked out, and gates against the fused layers."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

from firth.errors import SettingError  # noqa: E402  (after the check for torch)
from firth.neural.cells import CELLS, GRU, IRNN, LSTM, RNN, Cell  # noqa: E402  (see above)
from firth.neural.encoders import Encoder, EncoderSettings  # noqa: E402  (see above)
from firth.neural.gates import gates  # noqa: E402  (see above)
from firth.neural.seeing import (  # noqa: E402  (see above)
    Gradients,
    gradients_of,
    gradients_of_cell,
    traced,
)
from firth.neural.starts import STARTS, gradients_untrained, untrained  # noqa: E402  (see above)


class Linear(Cell):
    """h_t = W_x x_t + W_h h_{t-1}: the gradient through time is a power of W_h."""

    name = "linear"

    def step(self, x, state):
        return (x @ self.weight_ih.T + state[0] @ self.weight_hh.T,)

    def _fused(self, x, state, flat):
        return self.unrolled(x, state)


def inputs(batch=3, length=12, width=5, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, length, width, generator=generator, dtype=dtype)


@pytest.mark.parametrize("a", [0.5, 1.0, 1.5])
def test_a_linear_cell_multiplies_by_the_same_number(a):
    cell = Linear(5, 4).double()
    with torch.no_grad():
        cell.weight_hh.copy_(a * torch.eye(4))
    found = gradients_of_cell(cell, inputs())
    np.testing.assert_allclose(found.hidden, a ** np.arange(11, -1, -1.0), rtol=1e-12)
    assert found.factor == pytest.approx(a)
    assert found.memory is None


def test_irnn_with_positive_states_keeps_the_gradient():
    """Le, Jaitly and Hinton 2015: W_h = I and nothing below 0 add up the inputs."""
    cell = IRNN(5, 4).double()
    with torch.no_grad():
        cell.weight_ih.abs_()
    np.testing.assert_allclose(gradients_of_cell(cell, inputs().abs()).hidden, 1, rtol=1e-12)
    # the control: a plain rnn loses it
    torch.manual_seed(1)
    plain = gradients_of_cell(RNN(5, 4).double(), inputs().abs())
    assert plain.hidden[0] < 1e-2 and plain.hidden[-1] == pytest.approx(1)


def test_a_shut_forget_gate_ends_the_memory_and_an_open_one_keeps_it():
    """d c_t / d c_{t-1} = f_t, where h does not act back on the gates."""
    for bias, share in ((-1.0, 1 / (1 + math.e)), (6.0, 1 / (1 + math.exp(-6)))):
        cell = LSTM(5, 4).double()
        with torch.no_grad():
            cell.weight_hh.zero_()
            cell.weight_ih[4:8].zero_()
            cell.bias_ih.zero_()
            cell.bias_hh.zero_()
            cell.bias_ih[4:8] = bias
        found = gradients_of_cell(cell, inputs())
        assert found.memory is not None
        np.testing.assert_allclose(found.memory[:-1] / found.memory[1:], share, rtol=1e-9)
        # h acts on nothing that follows
        np.testing.assert_allclose(found.hidden[:-1], 0, atol=1e-300)


def loss_from(cell, x, state, v):
    for t in range(x.shape[1]):
        state = cell.step(x[:, t], state)
    return float((state[0] * v).sum())


@pytest.mark.parametrize("name", list(CELLS))
def test_against_central_differences(name):
    """h_t is moved by hand, and the cell runs on from there."""
    cell, x = CELLS[name](5, 4).double(), inputs(batch=1)
    generator = torch.Generator().manual_seed(3)
    found = gradients_of_cell(cell, x, generator=generator)
    v = torch.randn(1, cell.outputs, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
    v = v / v.norm()
    state = cell.start(1)
    with torch.no_grad():
        for t in range(x.shape[1]):
            state = cell.step(x[:, t], state)
            slopes = []
            for place in range(cell.outputs):
                ends = []
                for distance in (1e-5, -1e-5):
                    h = state[0].clone()
                    h[0, place] += distance
                    ends.append(loss_from(cell, x[:, t + 1 :], (h, *state[1:]), v))
                slopes.append((ends[0] - ends[1]) / 2e-5)
            assert np.linalg.norm(slopes) == pytest.approx(found.hidden[t], rel=1e-5, abs=1e-9)


def test_the_fused_layer_alone_would_not_show_it():
    """Why `traced` runs cells step by step: the fused outputs do not feed the later steps."""
    cell, x = RNN(5, 4).double(), inputs()
    h, _ = cell(x)
    (slope,) = torch.autograd.grad(h[:, -1].sum(), h)
    assert float(slope[:, :-1].abs().max()) == 0
    assert gradients_of_cell(cell, x).hidden[-2] > 0.1


@pytest.mark.parametrize("connection", ["none", "residual", "highway"])
@pytest.mark.parametrize("name", ["rnn", "irnn", "lstm", "gru"])
def test_layers_of_an_encoder(name, connection):
    """Traced, an encoder says the same, and has a curve for each layer."""
    settings = EncoderSettings(
        cell=name, inputs=4, units=4, layers=2, connection=connection, norm="layer"
    )
    encoder = Encoder(settings).double().eval()
    x = inputs(width=4)
    plain, _ = encoder(x)
    with traced(encoder) as traces:
        h, _ = encoder(x)
        np.testing.assert_allclose(h.detach(), plain.detach(), rtol=1e-9, atol=1e-12)
        curves = gradients_of(traces, h[:, -1].sum(), ["lower", "upper"])
    assert [curve.name for curve in curves] == ["lower", "upper"]
    for curve in curves:
        assert curve.hidden.shape == (12,) and (curve.hidden > 0).all()
        assert (curve.memory is not None) == (name == "lstm")
    # afterwards the fused layers run again, and nothing was left behind
    again, _ = encoder(x)
    assert torch.equal(again, plain)
    assert len(traces) == 2 and all(p.grad is None for p in encoder.parameters())


def test_training_goes_on_as_before():
    encoder = Encoder(EncoderSettings(cell="gru", inputs=4, units=4, layers=2, dropout=0.5))
    encoder.train()
    with traced(encoder):
        assert not encoder.training
    assert encoder.training
    with pytest.raises(RuntimeError, match="on purpose"), traced(encoder):
        raise RuntimeError("on purpose")
    assert encoder.training
    assert not any(cell._forward_hooks for cell in encoder.modules())


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_gates_are_the_equations_and_agree_with_the_fused_layer(kind):
    cell, x = kind(5, 4).double(), inputs(batch=1)
    (found,) = gates(cell, x[0])
    h, after = cell(x)
    value = found.values
    assert all(one.shape == (12, 4) for one in value.values())
    np.testing.assert_allclose(value["hidden"], h[0].detach(), rtol=1e-6, atol=1e-7)
    before = np.concatenate([np.zeros((1, 4)), value["hidden"][:-1]])
    if kind is LSTM:
        np.testing.assert_allclose(value["memory"][-1], after[1][0].detach(), rtol=1e-6)
        c = np.concatenate([np.zeros((1, 4)), value["memory"][:-1]])
        c = value["forget"] * c + value["input"] * value["new"]
        np.testing.assert_allclose(value["memory"], c, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(value["hidden"], value["output"] * np.tanh(c), atol=1e-6)
    else:
        z = value["update"]
        np.testing.assert_allclose(
            value["hidden"], (1 - z) * value["new"] + z * before, rtol=1e-5, atol=1e-6
        )


def test_an_open_gate_is_seen():
    cell = LSTM(5, 4).double()
    with torch.no_grad():
        cell.bias_ih[4:8] = 20
        cell.bias_ih[12:] = -20
    (found,) = gates(cell, inputs()[0])
    assert found.saturated("forget") == (0.0, 1.0)
    assert found.saturated("output") == (1.0, 0.0)
    low, high = found.saturated("input")
    assert low < 1 and high < 1


def test_cells_without_gates_say_so():
    with pytest.raises(SettingError, match=r"The encoder rnn has no gates; lstm and gru have\."):
        gates(RNN(5, 4).double(), inputs()[0])


def test_the_ways_to_begin():
    """Vanishing, exploding, and what identity and open gates do about it."""
    curves = {start: gradients_untrained(start, 50) for start in STARTS}
    for curve in curves.values():
        assert curve.hidden[-1] == pytest.approx(1)
    first = {start: curve.hidden[0] for start, curve in curves.items()}
    assert first["rnn"] < 1e-9
    assert first["lstm"] < 1e-6 and first["gru"] < 1e-6
    assert first["rnn, weights x 4"] > 100
    assert 0.1 < first["irnn"] < 10
    assert 0.1 < first["lstm, forget bias 4"] < 10
    again = gradients_untrained("rnn", 50)
    np.testing.assert_array_equal(again.hidden, curves["rnn"].hidden)
    assert not np.array_equal(gradients_untrained("rnn", 50, seed=2).hidden, again.hidden)


def test_what_cannot_be_drawn():
    with pytest.raises(SettingError, match=r"length=1; a gradient through time needs at least 2"):
        gradients_untrained("rnn", 1)
    with pytest.raises(SettingError, match=r"'lstn' is not a way to begin; there are: rnn; rnn, w"):
        untrained("lstn", 3, 3)


def test_how_far_it_reaches():
    assert Gradients("level", np.ones(10)).reach() == 9
    assert Gradients("half", 0.5 ** np.arange(9, -1, -1.0)).reach(0.1) == 3  # 1/8, not 1/16
    assert Gradients("gone", np.array([1.0, 0.0, 1.0])).reach() == 0
    assert Gradients("half", 0.5 ** np.arange(9, -1, -1.0)).factor == pytest.approx(0.5)
    assert math.isnan(Gradients("nothing", np.zeros(4)).factor)


def test_json_of_a_curve():
    found = gradients_untrained("lstm", 5).to_json()
    assert set(found) == {"name", "hidden", "memory", "factor", "reach"}
    assert len(found["hidden"]) == len(found["memory"]) == 5
