"""Each cell twice: its equations and torch's fused layer, equal forward and backward."""

import math

import numpy as np
import pytest

from firth.errors import SettingError

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from torch import nn  # noqa: E402  (after the check that torch is there)

from firth.neural.cells import CELLS, GRU, IRNN, LSTM, LSTMP, RNN  # noqa: E402
from neural.drawn_cells import B, H, I, T, gradients, made  # noqa: E402


@pytest.mark.parametrize("name", CELLS)
# float64 takes torch's own layer; float32 oneDNN's for the LSTM, which adds in another order
@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-12), (torch.float32, 3e-5)])
def test_the_equations_and_the_fused_layer_are_equal(name, dtype, near):
    cell, x, state = made(name, dtype)
    h, after = cell.unrolled(x, state)
    fused, fused_after = cell(x, state)
    assert h.shape == (B, T, cell.outputs)
    torch.testing.assert_close(fused, h, rtol=near, atol=near)
    torch.testing.assert_close(fused_after, after, rtol=near, atol=near)
    expected = gradients(cell.unrolled, cell, x, state)
    found = gradients(cell, cell, x, state)
    torch.testing.assert_close(found, expected, rtol=near, atol=10 * near)


@pytest.mark.parametrize("name", CELLS)
def test_another_weight_gives_another_answer(name):
    """The control of the test above: it would see a single wrong number."""
    cell, x, state = made(name)
    before, _ = cell(x, state)
    for parameter in cell.parameters():
        with torch.no_grad():
            parameter.view(-1)[-1] += 1e-3
        after, _ = cell.unrolled(x, state)
        assert (after - before).abs().max() > 1e-6
        with torch.no_grad():
            parameter.view(-1)[-1] -= 1e-3


@pytest.mark.parametrize("name", CELLS)
def test_the_parameters_are_those_of_torch(name):
    """The module of torch with our parameters by their names gives our answers."""
    cell, x, state = made(name)
    kinds = {"rnn": nn.RNN, "irnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "lstmp": nn.LSTM}
    more = {"irnn": {"nonlinearity": "relu"}, "lstmp": {"proj_size": H // 2}}.get(name, {})
    theirs = kinds[name](I, H, batch_first=True, dtype=torch.float64, **more)
    theirs.load_state_dict({f"{n}_l0": value for n, value in cell.state_dict().items()})
    hx = tuple(s.unsqueeze(0) for s in state)
    h, last = theirs(x, hx if len(hx) > 1 else hx[0])
    ours, after = cell(x, state)
    torch.testing.assert_close(ours, h)
    torch.testing.assert_close(after[0], (last if torch.is_tensor(last) else last[0])[0])


@pytest.mark.parametrize("name", CELLS)
def test_the_derivatives_are_those_of_small_differences(name):
    cell, x, state = made(name, inputs=2, units=4)

    def outputs(x, *rest):
        given, state = dict(zip(names, rest, strict=False)), rest[len(names) :]
        h, after = cell(x, state, weights=given)
        return h, *after

    names = [n for n, _ in cell.named_parameters()]
    arguments = [x[:2, :3], *cell.parameters(), *(s[:2] for s in state)]
    arguments = [a.detach().clone().requires_grad_() for a in arguments]
    assert torch.autograd.gradcheck(outputs, arguments)


def test_gradcheck_sees_a_wrong_derivative():
    """The control of the test above."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.tanh()

        @staticmethod
        def backward(context, gradient):
            return gradient

    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert not torch.autograd.gradcheck(Wrong.apply, x, raise_exception=False)


@pytest.mark.parametrize("name", CELLS)
def test_two_halves_with_the_state_carried_are_the_whole(name):
    cell, x, state = made(name)
    whole, last = cell(x, state)
    first, between = cell(x[:, :4], state)
    second, after = cell(x[:, 4:], between)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(after, last)
    fresh, _ = cell(x[:, 4:])  # and it matters that it is carried
    assert (fresh - second).abs().max() > 1e-3


def sigma(a):
    return 1 / (1 + math.exp(-a))


def test_worked_example_14_one_step_by_hand():
    """EMB, HCT: RNN, LSTM and GRU from their equations, one unit, one input, one number each."""
    x, h, c = 0.5, -0.25, 0.75
    U, W, b = [0.1, -0.2, 0.3, 0.4], [0.6, 0.7, -0.8, 0.9], [0.01, 0.02, 0.03, 0.04]

    def a(k):
        return W[k] * h + U[k] * x + b[k]

    def filled(cell):
        cell.double()
        with torch.no_grad():
            for n in range(cell.gates):
                cell.weight_ih[n], cell.weight_hh[n] = U[n], W[n]
                cell.bias_ih[n], cell.bias_hh[n] = b[n], 0.0
        return cell

    def given(*numbers):
        return tuple(torch.tensor([[n]], dtype=torch.float64) for n in numbers)

    def close(cell, state, expected):
        found = cell.step(*given(x), given(*state))
        fused = cell(given(x)[0][:, None], given(*state))[1]
        assert [part.item() for part in found] == pytest.approx(expected, rel=1e-14)
        assert [part.item() for part in fused] == pytest.approx(expected, rel=1e-14)

    close(filled(RNN(1, 1)), [h], [math.tanh(a(0))])
    close(filled(IRNN(1, 1)), [h], [max(0.0, a(0))])

    i, f, new, o = sigma(a(0)), sigma(a(1)), math.tanh(a(2)), sigma(a(3))
    memory = f * c + i * new
    close(filled(LSTM(1, 1)), [h, c], [o * math.tanh(memory), memory])

    r, z = sigma(a(0)), sigma(a(1))
    n = math.tanh(U[2] * x + b[2] + r * (W[2] * h))
    close(filled(GRU(1, 1)), [h], [(1 - z) * n + z * h])

    # EMB: u in the place of z is the share of the new state; W_h (r * h) = r W_h h for one unit
    (found,) = filled(GRU(1, 1)).step_of_the_notes(*given(x), given(h))
    assert found.item() == pytest.approx((1 - z) * h + z * n, rel=1e-14)


def test_the_update_gate_of_the_notes_is_that_of_torch_with_its_sign_turned():
    """With r open, or W_n diagonal and no bias inside, only the sign of the gate differs."""
    cell, x, (h,) = made("gru")
    with torch.no_grad():
        cell.weight_hh[2 * H :] = torch.diag(torch.randn(H, dtype=torch.float64))
        cell.bias_hh[2 * H :] = 0
    turned = GRU(I, H).double()
    turned.load_state_dict(cell.state_dict())
    same = cell.step_of_the_notes(x[:, 0], (h,))[0]
    assert (same - cell.step(x[:, 0], (h,))[0]).abs().max() > 0.01  # as it stands: another
    with torch.no_grad():
        for parameter in turned.parameters():
            parameter[H : 2 * H] *= -1
    torch.testing.assert_close(turned.step_of_the_notes(x[:, 0], (h,)), cell.step(x[:, 0], (h,)))
    # any other W_n: reset before the product and after it are two functions
    with torch.no_grad():
        cell.weight_hh[2 * H :] = turned.weight_hh[2 * H :] = torch.ones(H, H)
    before = turned.step_of_the_notes(x[:, 0], (h,))[0]
    assert (before - cell.step(x[:, 0], (h,))[0]).abs().max() > 0.01


def test_irnn_begins_as_the_identity():
    cell = IRNN(I, H)
    assert torch.equal(cell.weight_hh, torch.eye(H))
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()
    h = torch.rand(1, H, requires_grad=True)
    out, _ = cell(torch.zeros(1, 500, I), (h,))
    assert torch.equal(out[:, -1], h)
    out[:, -1].sum().backward()
    assert torch.equal(h.grad, torch.ones(1, H))  # 500 steps back: neither vanished nor exploded
    cell.reset(scale=0.01)
    assert torch.equal(cell.weight_hh, 0.01 * torch.eye(H))


def test_the_start_is_drawn_within_its_bound_and_repeats():
    for name, kind in CELLS.items():
        cell = kind(64, 100)
        drawn = []
        for _ in range(2):
            cell.reset(torch.Generator().manual_seed(4))
            drawn.append({n: p.clone() for n, p in cell.named_parameters()})
        assert all(torch.equal(drawn[0][n], p) for n, p in drawn[1].items()), name
        assert 0.099 < drawn[0]["weight_ih"].abs().max().item() <= 0.1


def test_an_lstm_may_begin_by_not_forgetting():
    cell = LSTM(I, H).double()
    cell.reset(torch.Generator().manual_seed(4), forget_bias=3.0)
    plain = LSTM(I, H).double()
    plain.reset(torch.Generator().manual_seed(4))
    forget = slice(H, 2 * H)
    assert (cell.bias_ih + cell.bias_hh)[forget].tolist() == [3.0] * H
    assert torch.equal(cell.weight_ih, plain.weight_ih)
    assert torch.equal(cell.bias_ih[:H], plain.bias_ih[:H])
    zero = torch.zeros(1, I, dtype=torch.float64)
    _, f, _, _ = cell.gate_values(zero, cell.start(1))
    assert f[0].tolist() == pytest.approx([sigma(3.0)] * H)


def test_lstmp_has_a_narrow_output_and_a_wide_memory():
    cell = LSTMP(I, 8, projection=3)
    h, c = cell.start(2)
    assert (h.shape, c.shape, cell.outputs) == ((2, 3), (2, 8), 3)
    assert cell.weight_hh.shape == (32, 3)
    assert cell.weight_hr.shape == (3, 8)
    assert LSTMP(I, 8).outputs == 4


def test_a_cell_that_cannot_be_is_refused():
    with pytest.raises(SettingError, match="projection=4 is not for gru; only lstmp projects"):
        GRU(I, H, projection=4)
    with pytest.raises(SettingError, match="projection=8 of an lstmp cell of 8 units; wanted from"):
        LSTMP(I, 8, projection=8)
    with pytest.raises(SettingError, match="units=0 of a rnn cell; wanted at least 1"):
        RNN(I, 0)
    with pytest.raises(
        SettingError, match="has no weight 'weight_hx'; it has weight_ih, weight_hh"
    ):
        cell, x, state = made("rnn")
        cell(x, state, weights={"weight_hx": cell.weight_hh})


def test_the_forgetting_of_an_lstm_is_its_forget_gate():
    """d c_T / d c_0 along the memory alone is the product of the forget gates."""
    cell, x, (h, c) = made("lstm")
    with torch.no_grad():
        cell.weight_hh.zero_()  # no other way from c_0 to c_T
    c.requires_grad_()
    _, (_, last) = cell(x, (h, c))
    (found,) = torch.autograd.grad(last.sum(), c)
    gates = [cell.gate_values(x[:, t], (h, c))[1] for t in range(T)]
    expected = np.prod([gate.detach().numpy() for gate in gates], axis=0)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
