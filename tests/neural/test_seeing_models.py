"""Gradients and gates of whole language models."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

from firth.errors import SettingError  # noqa: E402  (after the check for torch)
from firth.neural.gates import gates  # noqa: E402  (see above)
from firth.neural.language_model import LanguageNet  # noqa: E402  (see above)
from firth.neural.seeing import clipping_of, gradients_of_net, written  # noqa: E402  (see above)
from firth.neural.settings import LanguageModel  # noqa: E402  (see above)

WORDS = 11


def net_of(encoder="lstm", layers=2, **settings):
    """A small net with dropout everywhere, which looking into it must leave out."""
    torch.manual_seed(1)
    shares = dict.fromkeys(("dropout", "input_dropout", "recurrent_dropout"), 0.3)
    found = LanguageModel(dim=6, units=6, layers=layers, encoder=encoder, **shares, **settings)
    net = LanguageNet(found, WORDS)
    net.reset()
    return net


def text(batch=2, length=8):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, WORDS, (batch, length + 1), generator=generator)


@pytest.mark.parametrize("softmax", ["full", "sampled"])
@pytest.mark.parametrize("encoder", ["rnn", "irnn", "lstm", "gru"])
def test_one_layer_against_central_differences(encoder, softmax):
    """|| d -log p(u_T+1) / d h_t ||: h_t is moved by hand, and the net reads on from there."""
    net, ids = net_of(encoder, layers=1, softmax=softmax), text(batch=1)
    (found,) = gradients_of_net(net, ids)
    net = net.double().eval()
    (cell,) = (part for part in net.encoder.modules() if hasattr(part, "step"))

    def loss(states, t):
        with torch.no_grad():
            for x in net.embedded(ids)[:, t:-1].unbind(1):
                states = cell.step(x, states)
            # the softmax in float64, which the net's own is not
            scores = (net.to_dim(states[0]) @ net.softmax.weight.T + net.softmax.bias)[0]
            return float(scores.logsumexp(-1) - scores[ids[0, -1]])

    states = cell.start(1)
    with torch.no_grad():
        for t, x in enumerate(net.embedded(ids)[:, :-1].unbind(1)):
            states = cell.step(x, states)
            slope = []
            for place in range(6):
                ends = []
                for distance in (1e-5, -1e-5):
                    h = states[0].clone()
                    h[0, place] += distance
                    ends.append(loss((h, *states[1:]), t + 1))
                slope.append((ends[0] - ends[1]) / 2e-5)
            # the net's softmax works in float32
            assert np.linalg.norm(slope) == pytest.approx(found.hidden[t], rel=1e-4)


@pytest.mark.parametrize("encoder", ["lstm", "gru"])
def test_layers_and_names(encoder):
    net, ids = net_of(encoder), text()
    before = [weight.detach().clone() for weight in net.parameters()]
    lower, upper = gradients_of_net(net, ids, "mine")
    assert (lower.name, upper.name) == (f"mine {encoder} layer 1", f"mine {encoder} layer 2")
    for curve in (lower, upper):
        assert curve.hidden.shape == (8,) and (curve.hidden > 0).all()
    # the last state of the lower layer acts only through the upper one
    assert not np.array_equal(lower.hidden, upper.hidden)
    # nothing has changed, nothing is left, training goes on
    assert net.training and net.embedding.dtype == torch.float32
    for weight, old in zip(net.parameters(), before, strict=True):
        assert torch.equal(weight, old) and weight.grad is None


def test_dropout_does_not_blur_it():
    net, ids = net_of(), text()
    first, second = (gradients_of_net(net, ids)[0].hidden for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_long_product_does_not_underflow():
    """float32 ends at 1e-45; curves go on."""
    net = net_of("rnn", layers=1)
    (curve,) = gradients_of_net(net, text(length=250))
    assert 0 < curve.hidden[0] < 1e-45


def test_gates_of_a_text():
    net, ids = net_of(), text(batch=1)[0]
    first, second = gates(net, ids)
    assert (first.name, second.name) == ("lstm layer 1", "lstm layer 2")
    assert first.values["forget"].shape == (9, 6)
    h, _ = net.eval().encoder(net.embedded(ids[None]))
    np.testing.assert_allclose(second.values["hidden"], h[0].detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("encoder", ["window", "rnn"])
def test_what_has_no_gates(encoder):
    with pytest.raises(SettingError, match=f"The encoder {encoder} has no gates"):
        gates(net_of(encoder), text(batch=1)[0])


def test_what_has_no_time():
    with pytest.raises(SettingError, match="encoder window, which carries nothing from one step"):
        gradients_of_net(net_of("window"), text())
    with pytest.raises(SettingError, match="length=1; a gradient through time needs at least 2"):
        gradients_of_net(net_of(), text(length=1))


def test_norm_of_all_weights():
    net, ids = net_of(), text()
    found = clipping_of(net, ids)
    assert net.training and all(weight.grad is None for weight in net.parameters())
    net.eval()
    net.nll(net.hidden(ids[:, :-1])[0], ids[:, 1:]).mean().backward()
    square = sum(float((weight.grad**2).sum()) for weight in net.parameters())
    assert found.norm == pytest.approx(math.sqrt(square), rel=1e-5)
    assert found.threshold == 0.25


def test_text_of_its_own():
    net = net_of()
    found = written(net, 3, 12, 5, seed=1)
    assert found.shape == (5, 12) and found.dtype == torch.int64
    assert (found[:, 0] == 3).all() and set(found.flatten().tolist()) <= set(range(WORDS))
    assert torch.equal(found, written(net, 3, 12, 5, seed=1))
    assert not torch.equal(found, written(net, 3, 12, 5, seed=2))
    # what it writes is what it expects: with all weight on one unit, that unit
    with torch.no_grad():
        net.softmax.bias[7] = 100
    assert (written(net, 3, 12, 5, seed=1)[:, 1:] == 7).all()
