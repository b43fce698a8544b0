"""The fused layers: which of torch's kernels they reach, masked weights, narrow numbers, a GPU."""

import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from torch.profiler import ProfilerActivity, profile  # noqa: E402  (after the check for torch)

from firth.neural.cells import CELLS  # noqa: E402
from firth.neural.cells.cell import one_piece  # noqa: E402
from firth.neural.dropout import weight_dropout  # noqa: E402
from firth.neural.padding import Padding  # noqa: E402
from neural.drawn_cells import H, I, T, gradients, made  # noqa: E402


def operations(run):
    with warnings.catch_warnings():
        # torch's profiler warns of its own set-up
        warnings.simplefilter("ignore")
        with profile(activities=[ProfilerActivity.CPU]) as found:
            run()
    return {event.key for event in found.key_averages()}


FUSED = {"aten::mkldnn_rnn_layer", "aten::mkldnn_rnn_layer_backward"}


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="no bf16 on this processor"
)
def test_the_lstm_runs_in_onednn_s_layer_the_others_do_not():
    """What the speed of an LSTM on a CPU rests on, in training, with a masked weight, in bf16."""

    def step(name, weights=None, bf16=False):
        cell, x, state = made(name, torch.float32)
        if weights:
            weights = {"weight_hh": weight_dropout(cell.weight_hh, 0.5, training=True)}
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            h, _ = cell(x, state, weights=weights)
        h.float().sum().backward()

    for others in ("gru", "rnn", "irnn", "lstmp"):
        assert not operations(lambda name=others: step(name)) & FUSED
    assert operations(lambda: step("lstm")) >= FUSED
    assert operations(lambda: step("lstm", weights=True)) >= FUSED
    assert operations(lambda: step("lstm", bf16=True)) >= FUSED


@pytest.mark.parametrize("name", CELLS)
def test_under_autocast_the_state_keeps_the_type_of_the_parameters(name):
    cell, x, state = made(name, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        h, after = cell(x, state)
        again, _ = cell(x.bfloat16(), after)
    assert all(part.dtype == torch.float32 for part in after)
    exact, _ = cell(x, state)
    # bfloat16 has eight bits: 2^-8 of a state of size some 1, over seven steps
    assert (h.float() - exact).abs().max() < 0.1
    assert again.isfinite().all()


@pytest.mark.parametrize("name", CELLS)
def test_a_weight_is_replaced_for_one_call_only(name):
    cell, x, state = made(name)
    before = {n: p.detach().clone() for n, p in cell.named_parameters()}
    plain, _ = cell(x, state)
    mask = (torch.arange(cell.weight_hh.numel()) % 2).view_as(cell.weight_hh)
    masked, _ = cell(x, state, weights={"weight_hh": cell.weight_hh * mask})
    assert (masked - plain).abs().max() > 1e-3
    assert all(torch.equal(p, before[n]) for n, p in cell.named_parameters())
    assert torch.equal(cell(x, state)[0], plain)
    twin = CELLS[name](I, H).double()
    twin.load_state_dict(cell.state_dict() | {"weight_hh": cell.weight_hh * mask})
    torch.testing.assert_close(masked, twin.unrolled(x, state)[0])
    masked.sum().backward()  # through the mask into the parameter
    assert (cell.weight_hh.grad != 0).any()
    assert not cell.weight_hh.grad[mask == 0].any()


def test_gradients_flow_in_evaluation_too():
    cell, x, state = made("lstm", torch.float32)
    cell.eval()
    expected = gradients(cell.unrolled, cell, x, state)
    torch.testing.assert_close(gradients(cell, cell, x, state), expected, rtol=3e-5, atol=3e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("name", CELLS)
def test_on_a_gpu_too(name):
    """cuDNN's layer is the equations, without its warning about weights in several pieces."""
    cell, x, state = made(name)
    expected = gradients(cell.unrolled, cell, x, state)
    padding = Padding(torch.tensor([7, 2, 0]), T)
    lengths_expected = cell.unrolled(x, state, padding=padding)
    cell, x, state = cell.cuda(), x.cuda(), tuple(s.cuda() for s in state)
    found = gradients(cell, cell, x, state)
    torch.testing.assert_close({n: g.cpu() for n, g in found.items()}, expected)
    masked = weight_dropout(cell.weight_hh, 0.5, training=True)
    cell(x, state, weights={"weight_hh": masked})[0].sum().backward()
    padding = Padding(torch.tensor([7, 2, 0]), T, x.device)
    h, after = cell(x, state, padding=padding)
    torch.testing.assert_close(h.cpu(), lengths_expected[0])
    torch.testing.assert_close(tuple(a.cpu() for a in after), lengths_expected[1])
    cell, x = cell.float(), x.float()
    with torch.autocast("cuda", torch.bfloat16):
        h, after = cell(x, weights={"weight_hh": masked.float()})
    assert h.isfinite().all()
    assert all(part.dtype == torch.float32 for part in after)


@pytest.mark.parametrize("name", CELLS)
def test_weights_in_one_piece_are_the_same_weights(name):
    """What a GPU is given, tried without one."""
    cell = CELLS[name](I, H)
    given = [p.detach() for p in cell.parameters()]
    found = [part.as_subclass(torch.Tensor) for part in one_piece([_OnGPU(p) for p in given])]
    assert all(torch.equal(a, b) for a, b in zip(found, given, strict=True))
    first = min(part.data_ptr() for part in found)
    assert found[0].data_ptr() == first
    places = [(part.data_ptr() - first) // 4 for part in found]
    biases = [n for n, part in enumerate(found) if part.dim() == 1]
    assert min(places[n] for n in biases) == sum(p.numel() for p in given if p.dim() == 2)


class _OnGPU(torch.Tensor):
    """A tensor that says it is on a GPU."""

    is_cuda = True
