"""The biLM against its equations written out, and against what it must not see."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.errors import FormatError, SettingError  # noqa: E402
from firth.neural.bilm import BORDERS, BiLM, bilm_of, symbols_of  # noqa: E402
from firth.neural.cells import LSTM  # noqa: E402
from firth.neural.cells.clipped import ClippedLSTM  # noqa: E402
from firth.neural.characters import tensors  # noqa: E402
from firth.neural.symbols import Symbols  # noqa: E402
from firth.neural.two_ways import TwoWays  # noqa: E402
from firth.text.vocabulary import Vocabulary  # noqa: E402
from firth.vectors.fitted import Fitted  # noqa: E402
from neural.elmo_worlds import WORDS, small  # noqa: E402  (after the check that torch is there)

SYMBOLS = Symbols("byte", borders=BORDERS)
#: sentences of WORDS of different lengths, 0 and 1 among them
SENTENCES = [[0, 1, 3, 6, 0], [5], [], [4, 2, 4]]


def net_of(words=9, double=True, **changes):
    torch.manual_seed(3)
    net = BiLM(small(**changes), SYMBOLS, words)
    net.reset()
    return (net.double() if double else net).eval()


def padded(sentences):
    tokens = torch.full((len(sentences), max(map(len, sentences))), -1)
    for row, sentence in zip(tokens, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence, dtype=torch.int64)
    return tokens, torch.tensor([len(sentence) for sentence in sentences])


def run(net, sentences=SENTENCES, words=WORDS):
    ids, lengths = tensors(SYMBOLS.spelled(words))
    with torch.no_grad():
        return net.representations(ids, lengths, *padded(sentences))


def twin(net, sentence):
    """The representations of one sentence of words, by the equations, cell by cell."""
    spelled = tensors(SYMBOLS.spelled([BORDERS[0], *sentence, BORDERS[1]]))
    x = net.characters(*spelled)
    found = [torch.cat([x, x], 1)]
    outputs = []
    for direction, order in ((net.forwards, range(len(x))), (net.backwards, range(len(x))[::-1])):
        below, ways = {t: x[t] for t in order}, []
        for number, cell in enumerate(direction.cells):
            state, h = cell.start(1), {}
            for t in order:
                state = cell.step(below[t][None], state)
                h[t] = state[0][0]
                if number and net.settings.residual:
                    h[t] = h[t] + below[t]
            ways.append(torch.stack([h[t] for t in range(len(x))]))
            below = h
        outputs.append(ways)
    for f, b in zip(*outputs, strict=True):
        found.append(torch.cat([f, b], 1))
    return [h[1:-1] for h in found]  # without the borders


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"residual": False, "layers": 3},
        {"projection": True, "units": 20},
        {"projection": True, "units": 20, "cell_clip": 0.05, "projection_clip": 0.02},
        {"padding": "counted", "highways": 2, "activation": "tanh", "cell_clip": 0.1},
        {"filters": "1:6,2:6", "layers": 1},
    ],
    ids=["plain", "no-residual", "projection", "limits", "counted", "one-layer"],
)
def test_equal_to_the_equations_written_out(change):
    net = net_of(**change)
    found = run(net)
    assert len(found) == net.layers + 1
    with torch.no_grad():
        for b, sentence in enumerate(SENTENCES):
            wanted = twin(net, [WORDS[n] for n in sentence])
            for h, own in zip(found, wanted, strict=True):
                assert h.shape == (len(SENTENCES), 5, net.width)
                torch.testing.assert_close(h[b, : len(sentence)], own, rtol=1e-9, atol=1e-11)
                assert (h[b, len(sentence) :] == 0).all()


def test_2L_plus_1_representations():
    net = net_of(layers=3)
    x, *rest = run(net)
    dim = net.dim
    assert torch.equal(x[..., :dim], x[..., dim:])  # x counts once
    different = [x[..., :dim]] + [half for h in rest for half in h.split(dim, -1)]
    assert len(different) == 2 * net.layers + 1
    for n, one in enumerate(different):
        assert not any(torch.equal(one, other) for other in different[:n])


def test_no_peeking():
    net = net_of()
    dim, t = net.dim, 2

    def same(one, other):
        return torch.allclose(one, other, rtol=1e-11, atol=1e-13)  # but for rounding

    before = run(net, [[0, 1, 2, 3, 4]])
    after = run(net, [[0, 1, 2, 6, 5]])  # other words after t
    for j, (one, other) in enumerate(zip(before, after, strict=True)):
        assert same(one[0, : t + 1, :dim], other[0, : t + 1, :dim])  # f sees nothing of it
        # negative control: what is put together does
        assert same(one[0, : t + 1], other[0, : t + 1]) == (j == 0)
    after = run(net, [[6, 5, 2, 3, 4]])  # other words before t
    for j, (one, other) in enumerate(zip(before, after, strict=True)):
        assert same(one[0, t:, dim:], other[0, t:, dim:])
        assert same(one[0, t:], other[0, t:]) == (j == 0)


def test_a_sentence_is_the_same_in_any_batch():
    net = net_of()
    for n, sentence in enumerate(SENTENCES):
        if sentence:
            for h, alone in zip(run(net), run(net, [sentence]), strict=True):
                torch.testing.assert_close(h[n, : len(sentence)], alone[0], rtol=1e-9, atol=1e-11)


def test_what_stands_at_the_padding_changes_nothing():
    net = net_of()
    ids, lengths = tensors(SYMBOLS.spelled(WORDS))
    tokens, sizes = padded(SENTENCES)
    strange = torch.where(tokens < 0, 6, tokens)
    with torch.no_grad():
        wanted = net.representations(ids, lengths, tokens, sizes)
        found = net.representations(ids, lengths, strange, sizes)
        other = net.representations(ids, lengths, strange, sizes + (sizes == 3))
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    assert not torch.equal(other[1], wanted[1])  # negative control: were it no padding


def test_nothing_to_read():
    net = net_of()
    ids, lengths = tensors(SYMBOLS.spelled(WORDS))
    found = net.representations(ids, lengths, torch.zeros(2, 0).long(), torch.zeros(2).long())
    assert [h.shape for h in found] == [(2, 0, net.width)] * 3
    found = run(net, [[], [1]])
    assert (found[1][0] == 0).all() and (found[1][1] != 0).any()


# --- the loss -----------------------------------------------------------------------------------


def two_ways(sentence, numbers):
    """One sentence of rows, borders at its ends, as a batch; numbers: of the softmax, by row."""
    ids, lengths = tensors(SYMBOLS.spelled([*WORDS, *BORDERS]))
    begin, end = len(WORDS), len(WORDS) + 1
    s = torch.tensor([[begin, *sentence, end]])
    both = torch.stack([s, s.flip(1)])
    targets = torch.tensor(numbers)[both[:, :, 1:]]
    return TwoWays(ids, lengths, both[:, :, :-1], targets, s.shape[1] - 1)


def only(batch, way):
    """The batch with the predictions of one direction."""
    targets = batch.targets.clone()
    targets[1 - way] = -1
    return dataclasses.replace(batch, targets=targets)


def test_loss_is_the_mean_of_both_directions():
    net = net_of()
    sentence, numbers = [1, 0, 4], [2, 1, 0, 3, 4, 5, 6, 7, 8]
    batch = two_ways(sentence, numbers)
    with torch.no_grad():
        x = net.characters(batch.ids, batch.lengths)
        U, c = net.softmax.weight, net.softmax.bias
        losses = []
        for direction, s in (
            (net.forwards, [7, *sentence, 8]), (net.backwards, [8, *sentence[::-1], 7]),
        ):  # fmt: skip
            total = 0.0
            for t in range(len(s) - 1):
                tops, _ = direction(x[s[: t + 1]][None])  # only what came before
                p = torch.softmax(U @ tops[-1][0, -1] + c, 0)
                total -= float(torch.log(p[numbers[s[t + 1]]]))
            losses.append(total / (len(s) - 1))
        loss, _ = net.loss(batch)
        assert float(loss) == pytest.approx(sum(losses) / 2, rel=1e-6)
        forward, backward = net.nll(batch)
        assert float(forward.mean()) == pytest.approx(losses[0], rel=1e-6)
        assert float(backward.mean()) == pytest.approx(losses[1], rel=1e-6)


def test_nll_in_slices_is_nll(monkeypatch):
    net, batch = net_of(), two_ways([1, 0, 4, 2], list(range(9)))
    with torch.no_grad():
        whole = net.nll(batch)
        monkeypatch.setattr("firth.neural.bilm.AT_ONCE", 20)  # two rows of nine scores
        parts = net.nll(batch)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other)


def test_places_without_a_target_do_not_count():
    net, batch = net_of(), two_ways([1, 0, 4], list(range(9)))
    words, targets = (
        torch.cat([one, torch.full((2, 1, 2), filling)], 2)
        for one, filling in ((batch.words, 3), (batch.targets, -1))
    )
    more = dataclasses.replace(batch, words=words, targets=targets)
    with torch.no_grad():
        assert float(net.loss(more)[0]) == pytest.approx(float(net.loss(batch)[0]))
        forward, _ = net.nll(more)
        assert forward.shape == (1, 6) and (forward[0, 4:] == 0).all()


def test_token_representation_and_softmax_are_shared_the_lstms_are_not():
    net = net_of(double=False)
    names = [name for name, _ in net.named_parameters()]
    for part in ("characters.embedding", "softmax.weight"):
        assert sum(part in name for name in names) == 1
    batch = two_ways([1, 0, 4], list(range(9)))

    def gradients(batch):
        net.zero_grad()
        net.loss(batch)[0].backward()
        return {name: one.grad for name, one in net.named_parameters() if one.grad is not None}

    forward, backward, both = map(gradients, (only(batch, 0), only(batch, 1), batch))
    reached = [{name for name, grad in one.items() if grad.any()} for one in (forward, backward)]
    for part in ("characters.", "softmax."):
        assert {name for name in names if name.startswith(part)} <= reached[0] & reached[1]
    assert {name for name in names if name.startswith("forwards.")} == reached[0] - reached[1]
    assert {name for name in names if name.startswith("backwards.")} == reached[1] - reached[0]
    # the gradient of both is the mean of each direction's
    for name in ("characters.embedding", "softmax.weight"):
        torch.testing.assert_close(both[name], (forward[name] + backward[name]) / 2)


def test_carried_states_go_on():
    net = net_of(dropout=0.0)
    batch = two_ways([1, 0, 4, 2, 6], list(range(9)))
    halves = [
        dataclasses.replace(
            batch, words=batch.words[:, :, place], targets=batch.targets[:, :, place]
        )
        for place in (slice(0, 3), slice(3, 6))
    ]
    with torch.no_grad():
        f, b, _ = net.hidden(batch)
        f1, b1, states = net.hidden(halves[0])
        f2, b2, _ = net.hidden(halves[1], states)
        torch.testing.assert_close(torch.cat([f1, f2], 1), f)
        torch.testing.assert_close(torch.cat([b1, b2], 1), b)
        # negative control: from a fresh state it is something else
        assert not torch.allclose(net.hidden(halves[1])[0], f2)


# --- the limits ---------------------------------------------------------------------------------


def test_without_limits_in_reach_a_clipped_lstm_is_an_lstm():
    torch.manual_seed(0)
    plain, clipped = LSTM(5, 7), ClippedLSTM(5, 7, cell=1e6, output=1e6)
    clipped.load_state_dict(plain.state_dict())
    x = torch.randn(3, 4, 5)
    for one, other in zip(clipped(x)[1], plain(x)[1], strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(clipped(x)[0], plain(x)[0])


def test_limits_are_kept():
    torch.manual_seed(0)
    cell = ClippedLSTM(5, 7, projection=3, cell=0.1, output=0.02).double()
    x = 5 * torch.randn(3, 6, 5, dtype=torch.float64)
    h, (last, c) = cell(x)
    assert c.abs().max() == 0.1 and h.abs().max() == 0.02
    torch.testing.assert_close(h, cell.unrolled(x)[0])
    assert torch.equal(last, h[:, -1])


# --- models -------------------------------------------------------------------------------------


def fitted_of(net, **changes):
    plain = {
        "kind": "elmo",
        "vectors": None,
        "names": Vocabulary([f"w{n}" for n in range(9)]),
        "state": net.arrays(),
        "settings": net.settings.to_json(),
        "corpus": {"symbols": SYMBOLS.to_json()},
    }
    return Fitted(**(plain | changes))


def test_a_model_gives_its_net_back():
    net = net_of(double=False)
    again = bilm_of(fitted_of(net))
    assert not again.training
    assert all(torch.equal(a, b) for a, b in zip(run(net), run(again), strict=True))
    assert symbols_of(fitted_of(net)) == SYMBOLS


def test_published_weights_have_no_softmax():
    net = bilm_of(fitted_of(net_of(words=0, double=False)))
    assert net.softmax is None
    assert len(run(net)) == 3
    with pytest.raises(SettingError, match="has no softmax, as published weights have none"):
        net.loss(two_ways([1], list(range(9))))


def test_damaged_models():
    net = net_of(double=False)
    with pytest.raises(FormatError, match="one of kind skipgram, expected an ELMo"):
        bilm_of(fitted_of(net, kind="skipgram"))
    with pytest.raises(FormatError, match="no symbols of words"):
        symbols_of(fitted_of(net, corpus={}))
    state = net.arrays()
    del state["net.forwards.cells.0.weight_hh"]
    with pytest.raises(FormatError, match=r"forwards.cells.0.weight_hh of shape none"):
        bilm_of(fitted_of(net, state=state))
    with pytest.raises(FormatError, match=r"softmax.bias of shape \(9,\), expected \(2,\)"):
        bilm_of(fitted_of(net, names=Vocabulary(["a", "b"])))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"units": 20}, "units=20 and dim=12: without a projection"),
        ({"units": 12, "projection": True}, "a projection makes fewer numbers"),
        ({"filters": "1-8"}, "filters='1-8' cannot be used; wanted width:number"),
        ({"filters": "1:0"}, "cannot be used"),
        ({"filters": "9:3", "longest": 8}, "a filter of width 9 is wider than words of longest=8"),
        ({"layers": 0}, "layers=0 is out of range"),
        ({"characters": "word"}, "is not one of auto, character, byte"),
    ],
)
def test_settings_that_make_no_sense(changes, said):
    with pytest.raises(SettingError, match=said):
        small(**changes)


@pytest.mark.parametrize("preset", ["tiny", "small", "medium", "original"])
def test_presets(preset):
    from firth.neural.elmo_settings import ELMo

    made = ELMo(preset=preset)
    assert ELMo.from_json(made.to_json()) == made
    features = sum(many for _, many in made.widths)
    with torch.device("meta"):  # shapes only: the original has 93 million weights
        net = BiLM(made, SYMBOLS, 100)
    assert net.characters.projection is not None or features == made.dim
    assert ELMo(preset=preset, units=20, projection=False).dim == 20
    assert ELMo(preset=preset, projection=True).units == 8 * made.dim
    if preset == "original":
        weights = sum(p.numel() for name, p in net.named_parameters() if "softmax" not in name)
        assert 93.0e6 < weights < 94.5e6  # 93.6 million, as AllenNLP counts it
    assert np.prod(net.forwards.cells[0].weight_hh.shape) == 4 * made.units * made.dim
