"""What a language model says of text: against p(u_t | u_1 ... u_{t-1}) multiplied by hand."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import Corpus, LanguageModel  # noqa: E402  # after importorskip
from firth.errors import CorpusError, FormatError, SettingError  # noqa: E402
from firth.neural import scoring  # noqa: E402
from firth.neural.fit_language_model import held_out_loss  # noqa: E402
from firth.neural.language_model import LanguageNet, net_of  # noqa: E402
from firth.neural.scoring import Scorer, perplexity_of  # noqa: E402
from firth.neural.streams import Columns  # noqa: E402
from firth.vectors.fitted import Fitted  # noqa: E402
from neural.metal import Metal  # noqa: E402

TEXT = ["the cat sat on the mat", "a dog ran", "", "the dog sat", "a cat saw a dog on the mat"] * 8
SMALL = {
    "preset": "tiny", "dim": 12, "units": 16, "layers": 2, "epochs": 2, "batch_size": 4, "bptt": 6,
    "rate": 0.02, "threads": 1, "device": "cpu", "pieces": 300,
}  # fmt: skip


def corpus(lines):
    return Corpus(lines, tokenizer="whitespace")


def model(**changes):
    return LanguageModel(**(SMALL | changes)).fit(corpus(TEXT))


@pytest.fixture(scope="module", params=[
    {}, {"encoder": "gru", "softmax": "sampled"}, {"encoder": "window", "window": 3},
    {"encoder": "irnn", "softmax": "adaptive", "tied": False}, {"unit": "character"},
    {"unit": "subword"}, {"norm": "batch", "connection": "residual"},
], ids=str)  # fmt: skip
def fitted(request):
    return model(**request.param)


@pytest.fixture(scope="module")
def lstm():
    return model()


def by_hand(fitted, ids):
    """-log p of each unit of one text, each time from the beginning: float64[N]."""
    net = net_of(fitted)
    unit = fitted.settings["unit"]
    first = fitted.vocabulary.id("\n" if unit == "character" else "<eos>")
    found = []
    with torch.no_grad():
        for t, target in enumerate(ids):
            seen = torch.tensor([[first, *ids[:t]]])
            h, _ = net.hidden(seen)
            found.append(-float(net.log_probabilities(h)[0, -1, target]))
    return np.array(found)


HELD_OUT = ["the dog saw a cat", "", "a dog sat on a mat"]


def test_perplexity_is_that_of_the_whole_text(fitted):
    scorer = Scorer(fitted, threads=1)
    ids = scorer.reader.stream(HELD_OUT).ids.tolist()
    nll = by_hand(fitted, ids)
    found = scorer.perplexity(HELD_OUT)
    assert found.loss == pytest.approx(nll.mean(), rel=1e-5)
    assert found.perplexity == pytest.approx(math.exp(nll.mean()), rel=1e-5)
    assert found.tokens == len(ids)
    assert found.lines == 3
    text = "\n".join(HELD_OUT) + "\n"
    assert (found.characters, found.bytes) == (len(text), len(text.encode()))
    assert found.bits_per_character == pytest.approx(nll.sum() / math.log(2) / len(text), rel=1e-5)
    # negative control: without the state that is carried it is another number
    alone = scorer.perplexity(HELD_OUT, per_line=True)
    if fitted.settings["encoder"] != "window":
        assert abs(alone.loss - found.loss) > 1e-4


def test_the_size_of_windows_and_batches_changes_nothing(fitted, monkeypatch):
    scorer = Scorer(fitted, threads=1)
    whole = scorer.perplexity(HELD_OUT), scorer.perplexity(HELD_OUT, per_line=True)
    monkeypatch.setattr(scoring, "AT_ONCE", 3 * len(fitted.vocabulary))
    monkeypatch.setattr(scoring, "SORTED", 2)
    parts = scorer.perplexity(HELD_OUT), scorer.perplexity(HELD_OUT, per_line=True)
    for one, other in zip(whole, parts, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-5)
    for one, other in zip(whole[1].per_line, parts[1].per_line, strict=True):
        assert other.logprob == pytest.approx(one.logprob, rel=1e-4)


def test_lines_are_scored_each_from_a_fresh_state(fitted):
    scorer = Scorer(fitted, threads=1)
    found = scorer.perplexity(HELD_OUT, per_line=True)
    assert len(found.per_line) == 3
    for line, score in zip(HELD_OUT, found.per_line, strict=True):
        ids = scorer.reader.stream([line, "the"]).ids.tolist()
        ids = ids[: ids.index(scorer.reader.line_end) + 1]
        assert score.logprob == pytest.approx(-by_hand(fitted, ids).sum(), rel=1e-4)
        assert score.units == len(ids)
        assert score.perplexity == pytest.approx(math.exp(-score.logprob / len(ids)))
    total = -sum(one.logprob for one in found.per_line)
    assert found.loss == pytest.approx(total / found.tokens)
    assert scorer.score(HELD_OUT) == pytest.approx(found.per_line)


def test_the_distribution_is_what_sentences_are_scored_by(fitted):
    scorer = Scorer(fitted, threads=1)
    sentence = "the dog sat"
    logprob, names = 0.0, scorer.reader.cut(sentence)
    for t, score in enumerate(scorer.units(sentence)):
        before = scorer.reader.ids(names[:t])
        log_p, _ = scorer.advance([scorer.reader.line_end, *before])
        assert math.fsum(np.exp(log_p)) == pytest.approx(1, abs=1e-5)
        unit = fitted.vocabulary.id(score.unit)
        assert score.logprob == pytest.approx(log_p[unit], rel=1e-4, abs=1e-5)
        logprob += score.logprob
    assert [one.unit for one in scorer.units(sentence)][:-1] == names
    assert scorer.score([sentence])[0].logprob == pytest.approx(logprob, rel=1e-4)
    assert scorer.score([names]) == pytest.approx(scorer.score([sentence]))


def test_what_comes_next(lstm):
    scorer = Scorer(lstm, threads=1)
    p = scorer.distribution("the cat")
    assert p.dtype == np.float32
    assert p.shape == (len(lstm.vocabulary),)
    assert p.sum() == pytest.approx(1, abs=1e-5)
    best = scorer.next("the cat", 3)
    assert [one.probability for one in best] == sorted(p.tolist(), reverse=True)[:3]
    assert best[0].unit == lstm.vocabulary[int(p.argmax())]
    assert len(scorer.next("", 1000)) == len(lstm.vocabulary)
    # without a prompt a line begins; a line feed begins another
    assert not np.allclose(scorer.distribution(""), p)
    assert not np.allclose(scorer.distribution("the cat\n"), p)


def test_what_was_learnt_is_seen():
    """Of a text in which b follows a, and a follows b."""
    untrained = LanguageModel(**(SMALL | {"rate": 0.0})).fit(corpus(["a b a b a b"] * 30))
    trained = LanguageModel(**(SMALL | {"epochs": 20})).fit(corpus(["a b a b a b"] * 30))
    one, two = Scorer(untrained, threads=1), Scorer(trained, threads=1)
    for scorer, knows in ((one, False), (two, True)):
        assert (scorer.next("a b a", 1)[0].probability > 0.9) is knows
        good, bad = scorer.score(["a b a b a b", "b b a a b a"])
        assert (good.logprob > bad.logprob + 5) is knows
        assert (scorer.perplexity(["a b a b a b"] * 5).perplexity < 1.3) is knows


def test_a_held_out_text_is_cut_as_the_text_is():
    text, settings = ["the cat. Sat!"] * 20, LanguageModel(**SMALL)
    fitted = settings.fit(corpus(text), dev=["the cat. Sat!"] * 3)
    same = settings.fit(corpus(text), dev=corpus(["the cat. Sat!"] * 3))
    other = settings.fit(corpus(text), dev=corpus(["the cat Sat"] * 3))  # as `words` would
    figures = [one.history[-1]["held_out_loss"] for one in (fitted, same, other)]
    assert figures[0] == figures[1] != figures[2]
    with pytest.raises(SettingError, match="cut by the tokenizer words .* the text by whitespace"):
        settings.fit(corpus(text), dev=Corpus(["the cat. Sat!"]))


def test_unknown_words_are_counted(lstm):
    scorer = Scorer(lstm, threads=1)
    found = scorer.perplexity(["the zebra sat", "a quagga"], per_line=True)
    assert (found.unknown, found.tokens, found.unknown_share) == (2, 7, 2 / 5)
    assert [one.unknown for one in found.per_line] == [1, 1]
    assert scorer.next("zebra", 2) == scorer.next("<unk>", 2)
    with pytest.raises(CorpusError, match="None of the 2 words of the text is in the vocabulary"):
        scorer.perplexity(["zebra", "quagga"])


def test_columns_are_stretches_side_by_side(lstm):
    scorer = Scorer(lstm, threads=1)
    one, four = scorer.perplexity(TEXT), scorer.perplexity(TEXT, columns=4)
    assert one.tokens == four.tokens
    assert one.loss != four.loss
    assert four.loss == pytest.approx(one.loss, rel=0.05)
    # more columns than units
    assert scorer.perplexity(["the dog"], columns=50).tokens == 3


def test_a_saved_model_says_the_same(lstm, tmp_path):
    lstm.save(tmp_path / "m.firth")
    again = Scorer(Fitted.load(tmp_path / "m.firth"), threads=1)
    assert again.perplexity(HELD_OUT) == Scorer(lstm, threads=1).perplexity(HELD_OUT)


def test_two_threads_say_the_same(lstm):
    one, two = (Scorer(lstm, threads=n).perplexity(TEXT).loss for n in (1, 2))
    assert one == pytest.approx(two, rel=1e-6)
    assert torch.get_num_threads() == 1  # as it was


def test_other_models_and_bad_values(lstm, monkeypatch):
    scorer = Scorer(lstm, threads=1)
    with pytest.raises(FormatError, match="one of kind skipgram, expected a language model"):
        Scorer(Fitted(kind="skipgram", vectors=lstm.vectors))
    with pytest.raises(SettingError, match=r"for one of them, \[sentence\]"):
        scorer.score("the cat")
    with pytest.raises(SettingError, match="k=0 is out of range"):
        scorer.next("the", 0)
    with pytest.raises(SettingError, match="columns=0 is out of range"):
        scorer.perplexity(TEXT, columns=0)
    with pytest.raises(SettingError, match="Give the file itself"):
        scorer.perplexity(Corpus(TEXT))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingError, match="has no CUDA"):
        Scorer(lstm, device="cuda")


def test_a_loss_beyond_all_floats():
    assert perplexity_of(701.0) == math.inf
    assert perplexity_of(math.log(2)) == pytest.approx(2)


def test_losses_add_up_where_there_is_no_float64(lstm, monkeypatch):
    """As on Metal: they are on the CPU before they are float64."""
    scorer, ids = Scorer(lstm, threads=1), np.arange(20, dtype=np.int32) % 5

    def figures():
        found = [scorer.perplexity(HELD_OUT), scorer.perplexity(HELD_OUT, per_line=True)]
        after, _ = scorer.advance(ids)
        return [*found, after.tolist(), held_out_loss(scorer.net, Columns(ids, 0, 2, 5))]

    plain = figures()
    for name in ("nll", "log_probabilities"):
        method = getattr(LanguageNet, name)
        monkeypatch.setattr(
            LanguageNet,
            name,
            lambda *given, method=method: method(*given).as_subclass(Metal),
        )
    assert figures() == plain
