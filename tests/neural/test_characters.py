"""Vectors from spellings, against the equations written out in loops."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError
from firth.neural.symbols import Symbols

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.neural import characters  # noqa: E402  (after the check that torch is there)
from firth.neural.characters import (  # noqa: E402  (the same)
    CharacterCNN,
    CharacterSettings,
    places,
    tensors,
)

SMALL = {"dim": 3, "filters": ((1, 2), (3, 4), (5, 3)), "longest": 12}
BYTES = Symbols(longest=12)
WORDS = ["a", "", "the", "bank", "banks", "北京", "нет", "می‌رود", "abcdefghijklmnop"]


def made(seed=0, dtype=torch.float64, **given):
    torch.manual_seed(seed)
    cnn = CharacterCNN(CharacterSettings(**{"symbols": len(BYTES)} | SMALL | given)).to(dtype)
    with torch.no_grad():
        for parameter in cnn.parameters():  # nothing is 0 or tiny by chance of the start
            parameter.normal_(0, 0.5)
    return cnn


def affine(layer, x):
    weight, bias = layer.weight.tolist(), layer.bias.tolist()
    return [
        sum(w * v for w, v in zip(row, x, strict=True)) + b
        for row, b in zip(weight, bias, strict=True)
    ]


def twin(cnn, row):
    """The vector of one word, of the symbols of its row: the equations in plain numbers."""
    own, rows = cnn.settings, cnn.embedding.tolist()
    C = [rows[symbol] for symbol in row]
    if own.padding == "counted":
        C += [rows[own.symbols - 1]] * (own.longest - len(C))
    y = []
    for layer in cnn.filters:
        width = layer.kernel_size[0]
        filled = C + [[0.0] * own.dim] * (width - len(C))
        for weight, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True):
            answers = []
            for t in range(len(filled) - width + 1):
                f = bias
                for k in range(width):
                    for d in range(own.dim):
                        f += weight[d][k] * filled[t + k][d]
                answers.append(max(f, 0.0) if own.activation == "relu" else math.tanh(f))
            y.append(max(answers))
    for highway in cnn.highways:
        q = [1 / (1 + math.exp(-v)) for v in affine(highway.carry.gate, y)]
        h = [max(v, 0.0) for v in affine(highway.transform, y)]
        y = [a * b + (1 - a) * c for a, b, c in zip(q, h, y, strict=True)]
    return y if cnn.projection is None else affine(cnn.projection, y)


SHAPES = [
    {},
    {"activation": "tanh", "highways": 0},
    {"highways": 2, "outputs": 5},
    {"padding": "counted", "outputs": 4},
    {"padding": "counted", "activation": "tanh"},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_equations(shape):
    cnn = made(**shape)
    spelled = BYTES.spelled(WORDS)
    found = cnn(*tensors(spelled))
    assert found.shape == (len(WORDS), cnn.outputs)
    for word, ids, length in zip(found, spelled.ids.tolist(), spelled.lengths, strict=True):
        torch.testing.assert_close(word.tolist(), twin(cnn, ids[:length]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_padding_does_not_count(shape, data):
    """Whatever stands after a word's end, and with whatever words it stands."""
    cnn = made(**shape)
    ids, lengths = tensors(BYTES.spelled(WORDS))
    clean = cnn(ids, lengths)
    soiled = ids.clone()
    for row, length in zip(soiled, lengths.tolist(), strict=True):
        for place in range(length, len(row)):
            row[place] = data.draw(st.integers(-9, 999))
    assert torch.equal(cnn(soiled, lengths), clean)
    some = data.draw(st.lists(st.integers(0, len(WORDS) - 1), min_size=1, max_size=5))
    alone = BYTES.spelled([WORDS[n] for n in some])
    torch.testing.assert_close(cnn(*tensors(alone)), clean[some])


def test_ignored_and_counted_padding_are_two_models():
    """The control: the row of the padding matters to one of them only."""
    for padding, moves in (("ignored", False), ("counted", True)):
        cnn = made(padding=padding)
        words = tensors(BYTES.spelled(["a", "bank"]))
        before = cnn(*words)
        with torch.no_grad():
            cnn.embedding[-1] += 100 * torch.rand(3, dtype=torch.float64)
        assert torch.equal(before, cnn(*words)) != moves


def test_words_computed_in_groups_of_like_length_are_the_same(monkeypatch):
    cnn = made(longest=50)
    symbols = Symbols(longest=50)
    words = [chr(97 + n % 26) * (n * 7 % 53) for n in range(130)]
    ids, lengths = tensors(symbols.spelled(words))
    sizes = []
    plain = CharacterCNN._strongest

    def seen(self, ids, lengths):
        sizes.append((len(ids), int(lengths.max())))
        return plain(self, ids, lengths)

    monkeypatch.setattr(CharacterCNN, "_strongest", seen)
    grouped = cnn(ids, lengths)
    assert [longest for _, longest in sizes] == [8, 12, 16, 24, 32, 50]
    assert sum(many for many, _ in sizes) == len(words)
    parameters = list(cnn.parameters())
    gradients = torch.autograd.grad(grouped.square().sum(), parameters)
    monkeypatch.setattr(characters, "GROUPED_FROM", 1000)
    whole = cnn(ids, lengths)
    torch.testing.assert_close(grouped, whole)
    for one, other in zip(
        gradients, torch.autograd.grad(whole.square().sum(), parameters), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_the_central_differences(shape):
    symbols = Symbols("character", "abc", 6)
    cnn = made(symbols=len(symbols), longest=6, filters=((1, 2), (3, 2)), dim=2, **shape)
    words = tensors(symbols.spelled(["ab", "c", "cabab", ""]))
    weight = torch.randn(4, cnn.outputs, dtype=torch.float64)

    def loss():
        return (cnn(*words) * weight).sum()

    inputs = list(cnn.parameters())
    found = torch.autograd.grad(loss(), inputs)
    h = 1e-6
    for tensor, gradient in zip(inputs, found, strict=True):
        flat = tensor.detach().view(-1)
        for i in range(flat.numel()):
            middle, sides = float(flat[i]), []
            for side in (h, -h):
                flat[i] = middle + side
                sides.append(float(loss().detach()))
            flat[i] = middle
            wanted = (sides[0] - sides[1]) / (2 * h)
            assert float(gradient.reshape(-1)[i]) == pytest.approx(wanted, abs=1e-6)


def test_the_distinct_words_of_a_batch_are_computed_once(monkeypatch):
    cnn = made()
    sentences = [["the", "bank", "the"], [], ["banks"]]
    words, tokens, lengths = places(sentences)
    assert words == ["the", "bank", "banks"] and lengths.tolist() == [3, 0, 1]
    assert tokens.tolist() == [[0, 1, 0], [-1, -1, -1], [2, -1, -1]]
    table = tensors(BYTES.spelled(words))
    sizes = []
    plain = CharacterCNN.forward
    monkeypatch.setattr(
        CharacterCNN, "forward", lambda self, ids, n: sizes.append(len(ids)) or plain(self, ids, n)
    )
    x = cnn.of_tokens(tokens, *table)
    assert sizes == [4]  # three words, and what stands for padding
    assert x.shape == (3, 3, cnn.outputs)
    assert torch.equal(x[0, 0], x[0, 2])  # the same word
    alone = plain(cnn, *table)
    torch.testing.assert_close(x[[0, 0, 2], [0, 1, 0]], alone)
    assert not x[1].any() and not x[2, 1:].any()
    (gradient,) = torch.autograd.grad(x.sum(), cnn.embedding)
    (wanted,) = torch.autograd.grad((2 * alone[0] + alone[1] + alone[2]).sum(), cnn.embedding)
    torch.testing.assert_close(gradient, wanted)


def test_no_words():
    cnn = made(outputs=4)
    assert cnn(*tensors(BYTES.spelled([]))).shape == (0, 4)
    words, tokens, lengths = places([[], []])
    assert (words, tokens.shape, lengths.tolist()) == ([], (2, 0), [0, 0])
    assert cnn.of_tokens(tokens, *tensors(BYTES.spelled(words))).shape == (2, 0, 4)
    words, tokens, lengths = places([])
    assert (words, tokens.shape, len(lengths)) == ([], (0, 0), 0)


def test_every_word_has_a_vector_of_its_own_script():
    """Bytes tell words of any script apart; the control, characters of another text, do not."""
    cnn = made(dtype=torch.float32)
    x = cnn(*tensors(BYTES.spelled(WORDS)))
    distances = torch.cdist(x, x) + torch.eye(len(WORDS))
    assert bool((distances > 1e-3).all())
    russian = Symbols.learnt(["да", "нет"])
    assert russian.spelled(["北京", "東京"]).unknown.tolist() == [2, 2]
    other = CharacterCNN(CharacterSettings(symbols=len(russian), **SMALL))
    unknown = other(*tensors(russian.spelled(["北京", "東京", "нет"])))
    torch.testing.assert_close(unknown[0], unknown[1])
    assert not torch.allclose(unknown[0], unknown[2])


def test_it_learns_endings():
    """A planted world: words that end in `s`; untrained the answer is a guess."""
    generator = torch.Generator().manual_seed(3)
    draws = torch.randint(97, 123, (200, 6), generator=generator).tolist()
    words = ["".join(map(chr, row)) + ("s" if n % 2 else "t") for n, row in enumerate(draws)]
    target = torch.arange(200).float() % 2
    torch.manual_seed(1)
    cnn = CharacterCNN(CharacterSettings(len(BYTES), 12, filters=((2, 8), (3, 8)), outputs=1))
    table = tensors(BYTES.spelled(words))

    def right(some):
        with torch.no_grad():
            return float(
                ((cnn(table[0][some], table[1][some])[:, 0] > 0) == target[some]).float().mean()
            )

    new = slice(150, 200)
    assert right(new) < 0.8
    optimiser = torch.optim.Adam(cnn.parameters(), 0.02)
    for _ in range(60):
        optimiser.zero_grad()
        scores = cnn(table[0][:150], table[1][:150])[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(scores, target[:150]).backward()
        optimiser.step()
    assert right(new) > 0.95


def test_in_bfloat16_too():
    cnn = made(dtype=torch.float32, outputs=4)
    words = tensors(BYTES.spelled(WORDS))
    with torch.autocast("cpu", torch.bfloat16):
        found = cnn(*words)
        tokens = cnn.of_tokens(torch.tensor([[0, -1, 3]]), *words)
    exact = cnn(*words).detach()
    torch.testing.assert_close(found.float(), exact, atol=0.05 * float(exact.abs().max()), rtol=0.1)
    assert bool(tokens.isfinite().all()) and not tokens[0, 1].any()
    tokens.float().sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in cnn.parameters())


def test_the_start_is_drawn_by_the_generator_and_of_a_sensible_size():
    settings = CharacterSettings(len(BYTES), highways=2, outputs=64)
    one, other = CharacterCNN(settings), CharacterCNN(settings)
    for cnn in (one, other):
        cnn.reset(torch.Generator().manual_seed(4))
    for (name, a), b in zip(one.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b), name
    assert one.highways[0].carry.gate.bias.tolist() == [-2.0] * 384
    x = one(*tensors(Symbols().spelled(["spelling", "of", "words"])))
    assert 0.01 < float(x.detach().std()) < 2


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"activation": "gelu"}, "activation='gelu' is not one of relu, tanh"),
        ({"padding": "ignore"}, "padding='ignore' is not .* Did you mean 'ignored'"),
        ({"dim": 0}, "dim=0; wanted at least 1"),
        ({"highways": -1}, "highways=-1; wanted at least 0"),
        ({"filters": ()}, "No filters; wanted pairs"),
        ({"filters": ((13, 4),)}, r"Filters \(13, 4\): wanted a width from 1 to longest=12"),
        ({"filters": ((3, 0),)}, r"Filters \(3, 0\).* at least one of them"),
    ],
)
def test_settings_that_do_not_fit_are_said(given, text):
    with pytest.raises(SettingError, match=text):
        made(**given)


@pytest.mark.parametrize(
    ("ids", "lengths", "text"),
    [
        ([[1] * 13], [3], r"Words of shape \[1, 13\] .* up to longest=12"),
        ([[1, 2]], [1, 1], r"lengths of shape \[2\]"),
        ([[1, 2]], [3], "A word of 3 symbols in rows of 2; wanted 1 to 2"),
        ([[1, 2]], [0], "A word of 0 symbols"),
        ([[1, 261]], [2], "A symbol 261 among 261; were the words spelt"),
    ],
)
def test_words_that_do_not_fit_are_said(ids, lengths, text):
    with pytest.raises(SettingError, match=text):
        made()(torch.tensor(ids), torch.tensor(lengths))


def test_tokens_without_a_table_are_said():
    with pytest.raises(SettingError, match="a table of words without a row"):
        made().of_tokens(torch.tensor([[0]]), *tensors(BYTES.spelled([])))
