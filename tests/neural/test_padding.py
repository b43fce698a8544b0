"""Lines of different lengths: padded, packed and step by step give one answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.neural.cells import CELLS  # noqa: E402  (after the check that torch is there)
from firth.neural.padding import PACKS_BELOW, Padding  # noqa: E402

T, I, H = 6, 3, 4  # noqa: E741  (I: inputs, as in the equations)
WAYS = ("_padded", "_packed")
lines = st.lists(st.integers(0, T), min_size=1, max_size=5).filter(any)


def made(name, lengths, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    cell = CELLS[name](I, H).to(dtype)
    x = torch.randn(len(lengths), T, I, dtype=dtype)
    state = tuple(torch.randn_like(part) for part in cell.start(len(lengths)))
    return cell, x, state, Padding(torch.tensor(lengths), T)


def run(cell, way, x, state, padding):
    if way == "unrolled":
        return cell.unrolled(x, state, padding=padding)
    return getattr(cell, way)(x, state, list(cell.parameters()), padding)


def alone(cell, x, state, lengths):
    """Line after line without any padding: what is meant."""
    h, after = torch.zeros(len(lengths), T, cell.outputs, dtype=x.dtype), []
    for b, length in enumerate(lengths):
        own = tuple(part[b : b + 1] for part in state)
        if length:
            line, own = cell(x[b : b + 1, :length], own)
            h[b, :length] = line[0]
        after.append(own)
    return h, tuple(torch.cat(parts) for parts in zip(*after, strict=True))


@pytest.mark.parametrize("way", [*WAYS, "unrolled"])
@pytest.mark.parametrize("name", CELLS)
@given(lengths=lines)
@settings(max_examples=15, deadline=None)
def test_every_way_is_that_of_each_line_alone(name, way, lengths):
    cell, x, state, padding = made(name, lengths)
    torch.testing.assert_close(
        run(cell, way, x, state, padding), alone(cell, x, state, lengths), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("name", CELLS)
def test_without_lengths_the_answers_are_others(name):
    """The control: the padding matters to whoever does not look at the lengths."""
    lengths = [6, 2, 4]
    cell, x, state, _ = made(name, lengths)
    h, after = cell(x, state)
    expected, last = alone(cell, x, state, lengths)
    assert (h - expected).abs().max() > 1e-3
    assert all((a - b)[1:].abs().max() > 1e-4 for a, b in zip(after, last, strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CELLS)
def test_the_derivatives_too_and_nothing_of_what_stands_after_the_end(name, way):
    lengths = [3, 6, 0, 1]
    cell, x, state, padding = made(name, lengths)
    for b, length in enumerate(lengths):
        x[b, length:] = float("nan")
    x.requires_grad_()
    found = []
    for h, after in (run(cell, way, x, state, padding), alone(cell, x, state, lengths)):
        loss = (h**2).sum() + sum((part**2).sum() for part in after)
        found.append(torch.autograd.grad(loss, [x, *cell.parameters()]))
    torch.testing.assert_close(found[0], found[1])
    assert all(g.isfinite().all() for g in found[0])
    assert not found[0][0][0, 3:].any()


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("bf16", [False, True])
def test_single_precision_and_autocast(name, bf16):
    lengths = [2, 6, 5]
    cell, x, state, padding = made(name, lengths, dtype=torch.float32)
    expected = alone(cell, x, state, lengths)
    near = 0.05 if bf16 else 1e-5  # eight bits of bfloat16, over six steps
    for way in WAYS:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            h, after = run(cell, way, x, state, padding)
        torch.testing.assert_close(h.float(), expected[0], rtol=near, atol=near)
        for part, wanted in zip(after, expected[1], strict=True):
            torch.testing.assert_close(part.float(), wanted, rtol=near, atol=near)


def test_the_way_follows_the_rule_that_was_measured(monkeypatch):
    taken = []
    for way in WAYS:
        for kind in set(CELLS.values()):
            before = getattr(kind, way)

            def watched(self, *arguments, way=way, before=before):
                taken.append(way)
                return before(self, *arguments)

            monkeypatch.setattr(kind, way, watched)

    def way(name, lengths, grad, dtype=torch.float32):
        taken.clear()
        cell, x, state, padding = made(name, lengths, dtype=dtype)
        with torch.set_grad_enabled(grad):
            cell(x, state, padding=padding)
        return taken[0]

    assert way("lstm", [6, 2, 1], True) == "_padded"  # 0.5 of the positions are real
    assert way("lstm", [6, 2, 1], False) == "_packed"
    assert way("lstm", [6, 1, 0], True) == "_packed"
    assert way("lstm", [6, 6, 6], False) == "_padded"
    for name in ("rnn", "irnn", "gru", "lstmp"):
        assert way(name, [6, 2, 1], True) == "_packed"
        assert way(name, [6, 5, 5], True) == "_padded"
        assert way(name, [6, 5, 5], False) == "_packed"
        assert way(name, [6, 6, 6], False) == "_padded"
    assert set(PACKS_BELOW) == {(a, b) for a in (True, False) for b in (True, False)}


@given(lengths=lines)
@settings(max_examples=30, deadline=None)
def test_turning_and_packing_have_inverses(lengths):
    x = torch.randn(len(lengths), T, I)
    padding = Padding(torch.tensor(lengths), T)
    assert torch.equal(padding.reversed(padding.reversed(x)), x)
    assert torch.equal(padding.unpack(padding.pack(x)[0]), padding.cleared(x))
    turned = padding.reversed(x)
    for b, length in enumerate(lengths):
        assert torch.equal(turned[b, :length], x[b, :length].flip(0))
        assert torch.equal(turned[b, length:], x[b, length:])
    assert padding.useful == pytest.approx(sum(lengths) / (T * len(lengths)))


def test_packing_is_that_of_torch():
    lengths = torch.tensor([2, 6, 3, 3])
    x = torch.randn(4, T, I)
    theirs = torch.nn.utils.rnn.pack_padded_sequence(
        x, lengths, batch_first=True, enforce_sorted=False
    )
    data, sizes = Padding(lengths, T).pack(x)
    assert torch.equal(sizes, theirs.batch_sizes)
    assert torch.equal(data, theirs.data)


def test_lengths_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="A length of 7 in a batch of 6 positions"):
        Padding(torch.tensor([7, 2]), 6)
    with pytest.raises(SettingError, match="A length of -1 in a batch of 6 positions"):
        Padding(torch.tensor([-1, 2]), 6)
