"""Norms and connections of an encoder, and how all its parts fit together."""

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from torch import nn  # noqa: E402  (after the check that torch is there)

from firth.neural.cells import CELLS  # noqa: E402
from firth.neural.connections import CONNECTIONS  # noqa: E402
from firth.neural.encoders import detached  # noqa: E402
from firth.neural.norms import NORMS, BatchNorm, LayerNorm  # noqa: E402
from firth.neural.padding import Padding  # noqa: E402
from neural.drawn_encoders import B, H, I, T, made  # noqa: E402


@pytest.mark.parametrize("norm", NORMS)
def test_in_training_too_padding_changes_no_answer_and_no_derivative(norm):
    encoder, x = made(layers=2, directions=2, norm=norm, connection="residual")
    lengths = torch.tensor([2, 6, 3, 0])
    found = []
    for filler in (0.0, 7.0, float("nan")):
        given = x.masked_fill(~Padding(lengths, T).mask, filler)
        h, state = encoder(given, lengths=lengths)
        loss = (h**2).sum() + sum((p**2).sum() for parts in state for p in parts)
        found.append((h, *torch.autograd.grad(loss, list(encoder.parameters()))))
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-12, atol=1e-12)


def test_batch_norm_is_that_of_the_real_positions():
    torch.manual_seed(1)
    x = 3 + 2 * torch.randn(B, T, I, dtype=torch.float64)
    padding = Padding(torch.tensor([2, 6, 3, 0]), T)
    norm, theirs = BatchNorm(I).double(), nn.BatchNorm1d(I, dtype=torch.float64)
    real = padding.mask.squeeze(-1)
    y = norm(x, padding)
    torch.testing.assert_close(y[real], theirs(x[real]))
    assert not y[~real].any()
    torch.testing.assert_close(norm.variance, theirs.running_var)
    norm.eval(), theirs.eval()
    torch.testing.assert_close(norm(x, padding)[real], theirs(x[real]))
    torch.testing.assert_close(norm(x), theirs(x.transpose(1, 2)).transpose(1, 2))
    one = BatchNorm(I).double()(x[:1, :1])  # a single position has no deviation
    assert one.isfinite().all()
    assert BatchNorm(I)(torch.ones(1, 2, I), Padding(torch.tensor([0]), 2)).isfinite().all()


def test_layer_norm_is_torch_s():
    x = torch.randn(B, T, I)
    torch.testing.assert_close(LayerNorm(I)(x), nn.LayerNorm(I)(x))


def test_connections_are_their_equations():
    for connection in CONNECTIONS:
        encoder, x = made(inputs=H, connection=connection)
        (layer,) = encoder.layers
        f, _ = layer.cells[0](x)
        expected = {"none": f, "residual": f + x}.get(connection)
        if expected is None:
            g = torch.sigmoid(layer.connection.gate(x))
            assert g.mean() < 0.4  # most of x passes at the start
            expected = g * f + (1 - g) * x
        torch.testing.assert_close(encoder(x)[0], expected)


def test_a_deep_residual_stack_keeps_the_gradient_a_plain_one_loses_it():
    size = {}
    for connection in CONNECTIONS:
        encoder, x = made(inputs=H, layers=16, connection=connection)
        x.requires_grad_()
        encoder(x)[0].sum().backward()
        size[connection] = x.grad.norm().item()
    assert size["none"] < 1e-3 * size["residual"]
    assert size["none"] < 1e-3 * size["highway"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_under_autocast_all_parts_fit_together(cell, connection, norm):
    encoder, x = made(
        torch.float32,
        cell=cell,
        layers=2,
        directions=2,
        connection=connection,
        norm=norm,
        dropout=0.1,
        recurrent_dropout=0.1,
    )
    for lengths in (None, torch.tensor([2, 6, 3, 0])):
        with torch.autocast("cpu", torch.bfloat16):
            h, state = encoder(x, lengths=lengths)
            h, state = encoder(x, detached(state), lengths)
        h.float().square().sum().backward()
        assert all(part.dtype == torch.float32 for parts in state for part in parts)
        assert all(p.grad.dtype == torch.float32 for p in encoder.parameters())
        assert all(p.grad.isfinite().all() for p in encoder.parameters())
    encoder.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        narrow, _ = encoder(x, lengths=lengths)
    # eight bits of bfloat16, over some twenty products
    torch.testing.assert_close(narrow.float(), encoder(x, lengths=lengths)[0], rtol=0.1, atol=0.1)
