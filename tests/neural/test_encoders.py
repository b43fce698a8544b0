"""Stacks of cells: directions, layers, connections, norms, dropout, lengths."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from torch import nn  # noqa: E402  (after the check that torch is there)

from firth.neural.cells import CELLS  # noqa: E402
from firth.neural.encoders import EncoderSettings, detached  # noqa: E402
from neural.drawn_encoders import B, H, I, T, made  # noqa: E402


def copied(encoder, theirs):
    """The weights of our layers into torch's module of many."""
    names = {}
    for n, layer in enumerate(encoder.layers):
        for d, cell in enumerate(layer.cells):
            for name, value in cell.state_dict().items():
                names[f"{name}_l{n}{'_reverse' if d else ''}"] = value
    theirs.load_state_dict(names)
    return theirs


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "lstmp"])
def test_a_plain_stack_is_torch_s(cell, directions):
    encoder, x = made(cell=cell, layers=3, directions=directions)
    kind = {"rnn": nn.RNN, "gru": nn.GRU}.get(cell, nn.LSTM)
    theirs = kind(
        I,
        H,
        num_layers=3,
        bidirectional=directions == 2,
        batch_first=True,
        dtype=torch.float64,
        **({"proj_size": H // 2} if cell == "lstmp" else {}),
    )
    expected, last = copied(encoder, theirs)(x)
    found, state = encoder(x)
    torch.testing.assert_close(found, expected)
    parts = (last,) if torch.is_tensor(last) else last
    for n, part in enumerate(parts):
        torch.testing.assert_close(torch.stack([s[n] for s in state]), part)


def test_two_directions_see_both_sides_one_only_what_was():
    for directions, after in ((1, False), (2, True)):
        encoder, x = made(directions=directions, layers=2)
        changed = x.clone()
        changed[:, 3] += 1
        moved = (encoder(changed)[0] - encoder(x)[0]).abs().amax((0, 2)) > 0
        assert moved.tolist() == [after] * 3 + [True] * 3
    encoder, x = made(reverse=True, layers=2)
    forward, _ = made(layers=2)
    forward.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(encoder(x)[0], forward(x.flip(1))[0].flip(1))


SHAPES = [
    {"cell": "rnn"},
    {"cell": "gru", "layers": 2, "directions": 2},
    {"cell": "lstm", "layers": 2, "directions": 2, "connection": "highway", "norm": "layer"},
    {"cell": "lstm", "layers": 2, "reverse": True, "connection": "residual", "inputs": H},
    {"cell": "lstmp", "layers": 3, "directions": 2, "connection": "residual", "norm": "batch"},
    {"cell": "irnn", "layers": 2, "norm": "layer", "connection": "highway"},
]


@pytest.mark.parametrize("shape", SHAPES)
@given(lengths=st.lists(st.integers(0, T), min_size=B, max_size=B).filter(any))
@settings(max_examples=10, deadline=None)
def test_padding_never_changes_an_answer(shape, lengths):
    """Each line with the others, whatever stands after its end, is as it is alone."""
    encoder, x = made(**shape)
    encoder.eval()
    for b, length in enumerate(lengths):
        x[b, length:] = float("nan")
    before = [tuple(torch.randn_like(part) for part in parts) for parts in encoder.start(B)]
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            h, after = encoder(x, before, torch.tensor(lengths))
        for b, length in enumerate(lengths):
            own = [tuple(part[b : b + 1] for part in parts) for parts in before]
            if length:
                alone, own = encoder(x[b : b + 1, :length], own)
                torch.testing.assert_close(h[b, :length], alone[0], rtol=1e-10, atol=1e-10)
            assert not h[b, length:].any()
            for mine, theirs in zip(after, own, strict=True):
                for part, wanted in zip(mine, theirs, strict=True):
                    torch.testing.assert_close(part[b], wanted[0], rtol=1e-10, atol=1e-10)


def test_without_lengths_what_stands_after_the_end_matters():
    """The control of the test above."""
    encoder, x = made(directions=2)
    changed = x.clone()
    changed[0, 4:] += 1
    plain = (encoder(changed)[0] - encoder(x)[0])[0, :4]
    assert plain.abs().max() > 1e-3
    lengths = torch.tensor([4, 6, 6, 6])
    assert torch.equal(encoder(changed, lengths=lengths)[0], encoder(x, lengths=lengths)[0])


def test_all_layers_may_be_had():
    encoder, x = made(layers=3, directions=2)
    outputs = encoder.layers_of(x)
    assert [tuple(h.shape) for h in outputs] == [(B, T, 2 * H)] * 3
    torch.testing.assert_close(outputs[-1], encoder(x)[0])
    shallow, _ = made(layers=1, directions=2)
    first = {k: v for k, v in encoder.state_dict().items() if k.startswith("layers.0.")}
    shallow.load_state_dict(first)
    torch.testing.assert_close(outputs[0], shallow(x)[0])


@pytest.mark.parametrize("cell", CELLS)
def test_state_carried_is_the_whole_and_detached_stops_the_gradient(cell):
    encoder, x = made(cell=cell, layers=2)
    x.requires_grad_()
    whole, last = encoder(x)
    first, state = encoder(x[:, :2])
    second, after = encoder(x[:, 2:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(after, last)
    assert torch.autograd.grad(second.sum(), x, retain_graph=True)[0][:, :2].any()
    cut, _ = encoder(x[:, 2:], detached(state))
    torch.testing.assert_close(cut, second)
    assert not torch.autograd.grad(cut.sum(), x)[0][:, :2].any()


def test_dropout_is_of_training_and_between_layers_only():
    for shape, changes in (
        ({"dropout": 0.5, "layers": 2}, True),
        ({"dropout": 0.5, "layers": 1}, False),  # the output is the caller's
        ({"recurrent_dropout": 0.5}, True),
    ):
        encoder, x = made(**shape)
        assert torch.equal(encoder(x)[0], encoder(x)[0]) != changes
        encoder.eval()
        plain, _ = made(layers=shape.get("layers", 1))
        assert torch.equal(encoder(x)[0], plain(x)[0])


def test_recurrent_dropout_leaves_the_first_step_and_the_parameters_alone():
    encoder, x = made(recurrent_dropout=0.5)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    first, second = encoder(x)[0], encoder(x)[0]
    assert torch.equal(first[:, 0], second[:, 0])  # from the state 0 no recurrent weight counts
    assert (first[:, 1:] - second[:, 1:]).abs().max() > 1e-3
    first.sum().backward()
    assert encoder.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_the_seed_decides_the_masks():
    encoder, x = made(dropout=0.5, layers=2, recurrent_dropout=0.3)
    drawn = []
    for _ in range(2):
        torch.manual_seed(9)
        drawn.append(encoder(x)[0])
    assert torch.equal(*drawn)


OTHER = {
    "inputs": 8,
    "units": 6,
    "cell": "gru",
    "layers": 2,
    "directions": 2,
    "connection": "residual",
    "norm": "layer",
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "projection": 1,
    "reverse": True,
}


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(EncoderSettings)])
def test_every_setting_arrives(field):
    """Another value of each field gives another encoder: other weights, or another answer."""
    base = {"inputs": H, "units": H, "layers": 2}
    if field == "projection":
        base["cell"] = "lstmp"
    if field == "layers":
        base["layers"] = 1
    outputs = []
    for shape in (base, base | {field: OTHER[field]}):
        encoder, x = made(**shape)
        shapes = {name: value.shape for name, value in encoder.state_dict().items()}
        outputs.append((shapes, encoder(x)[0]))
    (shapes, plain), (others, other) = outputs
    assert shapes != others or (plain - other).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"cell": "lsmt"}, "cell='lsmt' is not one of rnn, irnn, lstm, gru, lstmp. Did you mean"),
        ({"connection": "skip"}, "connection='skip' is not one of none, residual, highway"),
        ({"norm": "group"}, "norm='group' is not one of none, layer, batch"),
        ({"layers": 0}, "layers=0; wanted at least 1"),
        ({"directions": 3}, "directions=3; wanted 1 or 2"),
        ({"directions": 2, "reverse": True}, "reverse=True with directions=2, which reads both"),
        ({"dropout": 1.0}, "dropout=1.0 is out of range; wanted a share from 0 to below 1"),
        ({"recurrent_dropout": -1}, "recurrent_dropout=-1 is out of range"),
        ({"projection": 2}, "projection=2 is not for lstm; only lstmp projects its outputs"),
        (
            {"connection": "residual"},
            "connection='residual' needs a layer as wide as its input; here 5 numbers go in and 4 "
            "come out. Take more layers, or make the two equal.",
        ),
    ],
)
def test_an_encoder_that_cannot_be_is_refused(given, text):
    with pytest.raises(SettingError) as found:
        made(**given)
    assert text in str(found.value)


def test_what_does_not_fit_is_refused():
    encoder, x = made()
    with pytest.raises(SettingError, match=r"x of shape \[4, 6, 3\]; wanted \[lines, positions, 5"):
        encoder(x[..., :3])
    with pytest.raises(SettingError, match=r"x of shape \[4, 0, 5\]"):
        encoder(x[:, :0])
    with pytest.raises(
        SettingError, match="A state of 1 cells and .2. lines; wanted 1 cells and 4"
    ):
        encoder(x, encoder.start(2))
    with pytest.raises(SettingError, match="A length of 9 in a batch of 6 positions"):
        encoder(x, lengths=torch.tensor([1, 2, 3, 9]))
    with pytest.raises(SettingError, match=r"lengths of shape \[2\]; wanted \[4\], one per line"):
        encoder(x, lengths=torch.tensor([1, 2]))
