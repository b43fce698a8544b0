"""The language model's net, and what training it on planted texts gives."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

import numpy as np  # noqa: E402  # after importorskip

from firth import Corpus, LanguageModel, Vectors, Vocabulary, load  # noqa: E402
from firth.errors import CorpusError, FormatError, SettingError  # noqa: E402
from firth.neural.language_model import LanguageNet, net_of  # noqa: E402
from firth.neural.settings import ENCODERS  # noqa: E402
from firth.neural.window import WindowEncoder  # noqa: E402

SMALL = {
    "preset": "tiny", "dim": 12, "units": 16, "threads": 1, "dropout": 0.0, "input_dropout": 0.0,
    "batch_size": 4, "bptt": 8, "precision": "fp32",
}  # fmt: skip


def chain(lines: int, seed: int) -> list[str]:
    """Lines of a Markov chain over four words: after each, one of two, 3 : 1."""
    rng = np.random.default_rng(seed)
    after = {"a": "bc", "b": "cd", "c": "da", "d": "ab"}
    found = []
    for _ in range(lines):
        words = ["abcd"[rng.integers(4)]]
        while len(words) < 20:
            words.append(after[words[-1]][int(rng.random() < 0.25)])
        found.append(" ".join(words))
    return found


#: nats a unit of such lines: the first word, 19 choices, the certain line end
ENTROPY = (math.log(4) + 19 * -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))) / 21


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("softmax", ["full", "sampled", "adaptive"])
def test_windows_with_carried_state_are_the_whole_text(encoder, softmax):
    torch.manual_seed(3)
    model = LanguageModel(**SMALL, encoder=encoder, softmax=softmax, tied=False, layers=2)
    net = LanguageNet(model, 30).eval()
    net.reset()
    ids = torch.randint(0, 30, (3, 20))
    whole, _ = net.hidden(ids)
    first, state = net.hidden(ids[:, :13])
    second, _ = net.hidden(ids[:, 13:], state)
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-5)
    forgotten, _ = net.hidden(ids[:, 13:])
    assert not torch.allclose(forgotten, whole[:, 13:], atol=1e-3)
    log_p = net.log_probabilities(whole)
    assert torch.allclose(log_p.exp().sum(-1), torch.ones(3, 20), atol=1e-4)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_place_sees_what_comes_after(encoder):
    torch.manual_seed(3)
    net = LanguageNet(LanguageModel(**SMALL, encoder=encoder), 30).eval()
    net.reset()
    ids = torch.randint(0, 30, (2, 12))
    other = ids.clone()
    other[:, 7:] = (ids[:, 7:] + 1) % 30
    one, two = net.hidden(ids)[0], net.hidden(other)[0]
    assert torch.allclose(one[:, :7], two[:, :7], atol=1e-6)
    assert not torch.allclose(one[:, 7:], two[:, 7:], atol=1e-3)


def test_the_window_is_concatenated():
    torch.manual_seed(1)
    encoder = WindowEncoder(3, 5, 2)
    x = torch.randn(1, 4, 3)
    h, _ = encoder(x)
    pairs = torch.cat([torch.cat([torch.zeros(1, 1, 3), x[:, :-1]], 1), x], -1)
    assert torch.allclose(h, torch.tanh(pairs @ encoder.hidden.weight.T + encoder.hidden.bias))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_planted_chain_is_learnt_to_its_entropy(encoder):
    text, held_out = chain(160, 1), chain(40, 2)
    settings = {**SMALL, "encoder": encoder, "rate": 0.02, "batch_size": 10, "bptt": 21}
    if encoder == "window":
        settings["window"] = 2
    untrained = LanguageModel(**{**settings, "epochs": 1, "rate": 0.0}).fit(text, dev=held_out)
    assert untrained.history[-1]["held_out_loss"] > math.log(5) - 0.15
    fitted = LanguageModel(**{**settings, "epochs": 14}).fit(text, dev=held_out)
    # that a line ends after 20 words is more than most nets count up to
    assert ENTROPY - 0.05 < fitted.history[-1]["held_out_loss"] < ENTROPY + 0.24


def test_same_seed_same_bits_and_another_seed_others():
    text = chain(30, 1)
    settings = {**SMALL, "epochs": 2, "dropout": 0.2, "recurrent_dropout": 0.1}
    one, two, three = (
        LanguageModel(**settings, seed=seed).fit(text).vectors.matrix for seed in (4, 4, 5)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, three)


@pytest.mark.parametrize("settings", [
    {}, {"tied": False}, {"units": 20}, {"softmax": "adaptive", "tied": False},
    {"softmax": "sampled"}, {"encoder": "window"},
    {"dim": 16, "connection": "highway", "norm": "layer"},
], ids=str)  # fmt: skip
def test_a_saved_model_is_the_same_net(tmp_path, settings):
    text = chain(30, 1)
    fitted = LanguageModel(**{**SMALL, **settings, "epochs": 1}).fit(text)
    fitted.save(tmp_path / "m.firth")
    net = net_of(load(tmp_path / "m.firth"))
    ids = torch.randint(0, 5, (2, 9))
    before = net_of(fitted)
    assert torch.equal(net.log_probabilities(net.hidden(ids)[0]),
                       before.log_probabilities(before.hidden(ids)[0]))  # fmt: skip


def test_damaged_weights_are_told():
    fitted = LanguageModel(**SMALL, epochs=1).fit(chain(30, 1))
    fitted.state["net.softmax.bias"] = np.zeros(3, np.float32)
    with pytest.raises(FormatError, match=r"softmax\.bias of shape \(3,\)"):
        net_of(fitted)


def test_given_vectors_start_the_units_and_can_stay(tmp_path):
    text = chain(60, 1)
    given = Vectors(Vocabulary(["a", "b", "zebra"]), np.full((3, 12), 0.25, np.float32))
    free = LanguageModel(**SMALL, epochs=1).fit(text, init_from=given)
    kept = LanguageModel(**SMALL, epochs=1).fit(text, init_from=given, freeze=True)
    assert not np.allclose(free.vectors["a"], 0.25)
    assert np.array_equal(kept.vectors["a"], given["a"])
    with pytest.raises(SettingError, match="--dim 12"):
        LanguageModel(**{**SMALL, "dim": 10}).fit(text, init_from=given)
    with pytest.raises(SettingError, match="give init_from"):
        LanguageModel(**SMALL).fit(text, freeze=True)


def test_a_text_shorter_than_a_window_is_refused():
    with pytest.raises(CorpusError, match="fewer than one window of bptt=8"):
        LanguageModel(**SMALL).fit(Corpus(["a b c"]))


def test_a_held_out_text_of_unknown_words_is_refused():
    with pytest.raises(CorpusError, match="is in the vocabulary"):
        LanguageModel(**SMALL).fit(chain(30, 1), dev=["x y z", "z z"])


def test_tied_rows_and_adaptive_softmax_exclude_each_other():
    with pytest.raises(SettingError, match="tied=false"):
        LanguageModel(softmax="adaptive")
