"""The mix of layers against the equation, place by place."""

import math

import pytest

from firth.errors import SettingError

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.neural.mix import NORMS, ScalarMix, mixed  # noqa: E402  (after the check for torch)

J, B, T, D = 3, 3, 4, 5
LENGTHS = [4, 0, 2]


def drawn(norm="none", layers=J, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    mix = ScalarMix(layers, norm).to(dtype)
    with torch.no_grad():
        mix.s.normal_()
        mix.gamma.fill_(1.7)
    return mix, [3 * torch.randn(B, T, D, dtype=dtype) + 1 for _ in range(layers)]


def twin(mix, layers, lengths):
    """Equation 1 with loops over numbers."""
    shares = [math.exp(float(s)) for s in mix.s.detach()]
    shares = [share / sum(shares) for share in shares]
    y = torch.zeros(B, T, D, dtype=torch.float64)
    places = [(b, t) for b in range(B) for t in range(lengths[b])]
    for share, h in zip(shares, layers, strict=True):
        for b, t in places:
            if mix.norm == "batch":
                seen = [float(h[p][i]) for p in places for i in range(D)]
            else:
                seen = [float(x) for x in h[b, t]]
            mean = sum(seen) / len(seen)
            deviation = math.sqrt(sum((x - mean) ** 2 for x in seen) / len(seen))
            for i in range(D):
                x = float(h[b, t, i])
                x = x if mix.norm == "none" else (x - mean) / deviation
                y[b, t, i] += float(mix.gamma.detach()) * share * x
    return y


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("norm", NORMS)
def test_it_is_the_equation(norm, lengths):
    mix, layers = drawn(norm)
    given = None if lengths is None else torch.tensor(lengths)
    wanted = twin(mix, layers, lengths or [T] * B)
    torch.testing.assert_close(mix(layers, given), wanted)
    torch.testing.assert_close(mix(torch.stack(layers), given), wanted)


@pytest.mark.parametrize("rubbish", [1e30, float("nan"), math.inf])
@pytest.mark.parametrize("norm", NORMS)
def test_padding_never_changes_an_answer_nor_a_gradient(norm, rubbish):
    mix, layers = drawn(norm)
    lengths = torch.tensor(LENGTHS)

    def answer(layers):
        layers = [h.clone().requires_grad_() for h in layers]
        y = mix(layers, lengths)
        return y, torch.autograd.grad((y * y).sum(), [*layers, *mix.parameters()])

    clean, gradients = answer(layers)
    soiled = [h.clone() for h in layers]
    for h in soiled:
        for b, length in enumerate(LENGTHS):
            h[b, length:] = rubbish
    y, others = answer(soiled)
    assert torch.equal(y, clean)
    for one, other in zip(gradients, others, strict=True):
        assert torch.equal(one, other)
    for b, length in enumerate(LENGTHS):
        assert not y[b, length:].any()


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_are_the_central_differences(norm):
    mix, layers = drawn(norm)
    layers = [h.requires_grad_() for h in layers]
    weight = torch.randn(B, T, D, dtype=torch.float64)
    lengths = torch.tensor(LENGTHS)
    inputs = [*layers, *mix.parameters()]
    found = torch.autograd.grad((mix(layers, lengths) * weight).sum(), inputs)
    h = 1e-6
    for tensor, gradient in zip(inputs, found, strict=True):
        flat = tensor.detach().view(-1)
        for i in range(flat.numel()):
            middle, sides = float(flat[i]), []
            for side in (h, -h):
                flat[i] = middle + side
                sides.append(float((mix(layers, lengths) * weight).sum().detach()))
            flat[i] = middle
            wanted = (sides[0] - sides[1]) / (2 * h)
            assert float(gradient.reshape(-1)[i]) == pytest.approx(wanted, abs=1e-6)


def test_only_the_norm_of_a_batch_lets_a_line_depend_on_the_others():
    for norm, depends in (("none", False), ("layer", False), ("batch", True)):
        mix, layers = drawn(norm)
        alone = mix([h[:1] for h in layers])
        assert torch.allclose(mix(layers)[:1], alone) != depends


def test_it_begins_as_the_mean():
    mix = ScalarMix(J)
    layers = [torch.full((1, 1, 2), float(n)) for n in (1, 2, 6)]
    torch.testing.assert_close(mix(layers), torch.full((1, 1, 2), 3.0))
    assert mix.weights() == pytest.approx([1 / 3] * 3)
    assert float(mix.penalty().detach()) == 0
    with torch.no_grad():
        mix.s.copy_(torch.tensor([0.0, math.log(2), math.log(5)]))
    assert mix.weights() == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert float(mix.penalty().detach()) == pytest.approx(math.log(2) ** 2 + math.log(5) ** 2)
    torch.testing.assert_close(mix(layers), torch.full((1, 1, 2), (1 + 2 * 2 + 6 * 5) / 8))
    assert repr(mix) == "ScalarMix(3, norm='none')"


def test_many_mixes_of_one_run_are_each_alone(monkeypatch):
    mixes = [drawn(norm, seed=seed)[0] for seed, norm in enumerate(["batch", "none", "batch"])]
    _, layers = drawn()
    lengths = torch.tensor(LENGTHS)
    alone = [mix(layers, lengths) for mix in mixes]
    assert not torch.allclose(alone[0], alone[2])
    normed = []
    plain = mixed.__globals__["_normed"]
    monkeypatch.setitem(
        mixed.__globals__, "_normed", lambda h, norm, p: normed.append(norm) or plain(h, norm, p)
    )
    for one, other in zip(mixed(mixes, layers, lengths), alone, strict=True):
        assert torch.equal(one, other)
    assert normed == ["batch"] * J + ["none"] * J


def test_it_finds_the_layer_that_matters():
    """A planted world: the target is layer 1; untrained, the mix is far from it."""
    mix, layers = drawn(dtype=torch.float32)
    torch.nn.init.zeros_(mix.s)
    target = 2 * layers[1]
    optimiser = torch.optim.Adam(mix.parameters(), 0.1)

    def loss():
        return (mix(layers) - target).square().mean()

    before = float(loss().detach())
    for _ in range(150):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    assert before > 1 and float(loss().detach()) < 0.05
    assert mix.weights()[1] > 0.9
    assert float(mix.gamma.detach()) == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("norm", NORMS)
def test_stored_halves_are_mixed_in_float32(norm):
    mix, layers = drawn(norm, dtype=torch.float32)
    halves = [h.half() for h in layers]
    y = mix(halves)
    assert y.dtype == torch.float32
    assert torch.equal(y, mix([h.float() for h in halves]))
    # squares of 300 are beyond what float16 holds
    wide = mix([300 * h for h in halves])
    assert bool(wide.isfinite().all())


def test_one_layer_equal_numbers_and_no_position():
    mix = ScalarMix(1, "layer")
    assert mix.weights() == [1.0]
    assert bool((mix([torch.full((1, 2, 3), 7.0)]) == 0).all())  # no deviation: 0, not NaN
    for norm in NORMS:
        nothing = ScalarMix(2, norm)([torch.rand(2, 3, 4)] * 2, torch.tensor([0, 0]))
        assert torch.equal(nothing, torch.zeros(2, 3, 4))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: ScalarMix(0), "layers=0 to mix; wanted at least 1"),
        (lambda x: ScalarMix(2, "layers"), "norm='layers' is not one of .* Did you mean 'layer'"),
        (lambda x: ScalarMix(3)([x, x]), "2 layers for a mix of 3"),
        (lambda x: ScalarMix(2)([x, x[:, :1]]), r"shapes \[2, 1, 4\], \[2, 3, 4\]; wanted one"),
        (lambda x: ScalarMix(2)([]), "of shapes none; wanted one"),
        (lambda x: ScalarMix(2)(x), r"of shapes \[3, 4\]; wanted one \[lines, positions, d\]"),
        (lambda x: ScalarMix(2)([x, x], torch.tensor([1])), r"lengths of shape \[1\]"),
        (lambda x: ScalarMix(2)([x, x], torch.tensor([1, 4])), "A length of 4 in a batch of 3"),
    ],
)
def test_what_does_not_fit_is_said(call, text):
    with pytest.raises(SettingError, match=text):
        call(torch.rand(2, 3, 4))
