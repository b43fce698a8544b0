"""Training an ELMo: the text in both directions, what it learns, kill and resume."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from hypothesis import given, settings  # noqa: E402  (after the check that torch is there)
from hypothesis import strategies as st  # noqa: E402

import firth  # noqa: E402
from firth.errors import CorpusError, FitError, SettingError, VocabularyError  # noqa: E402
from firth.interrupts import Interrupted  # noqa: E402
from firth.neural.bilm import BiLM, bilm_of, symbols_of  # noqa: E402
from firth.neural.characters import tensors  # noqa: E402
from firth.neural.elmo_scoring import ElmoScorer  # noqa: E402
from firth.neural.elmo_text import ElmoColumns, read_text  # noqa: E402
from firth.neural.fit_elmo import ElmoTraining, held_out_losses  # noqa: E402
from firth.text.corpus import Corpus  # noqa: E402
from neural.elmo_worlds import animals, pairs, small  # noqa: E402
from neural.metal import Metal  # noqa: E402
from neural.training_worlds import Heard  # noqa: E402


def read(lines, longest_line=None, **changes):
    corpus = Corpus(lines, tokenizer="whitespace")
    return read_text(corpus, small(**changes), longest_line=longest_line)


# --- the text -----------------------------------------------------------------------------------


def streams(text, batches):
    """What both directions read and predict, as names: [(read, predicted)] of each column."""
    names = {row: text.vocabulary[number] for row, number in enumerate(text.numbers)}
    spelt = {tuple(row): names[n] for n, row in enumerate(text.spelled.ids.tolist())}
    found = [[], []]
    for batch in batches:
        width = text.spelled.ids.shape[1]
        rows = [
            spelt[tuple(row + [text.symbols.padding] * (width - len(row)))]
            for row in batch.ids.tolist()
        ]
        for n, way in enumerate(batch.ways):
            for words, targets in zip(way.words.tolist(), way.targets.tolist(), strict=True):
                found[n].append(
                    [
                        (rows[word], text.vocabulary[target])
                        for word, target in zip(words, targets, strict=True)
                        if target >= 0
                    ]
                )
        assert batch.units == batch.tokens == int((batch.targets[0] >= 0).sum())
    return found


def test_what_both_directions_read_and_predict():
    text = read(["a b c", "", "d", "a a"])
    assert (text.words, text.lines, text.predictions) == (6, 3, 9)
    forward, backward = streams(text, [text.batch(np.array([0, 1]))])
    assert forward[0] == [("<s>", "a"), ("a", "b"), ("b", "c"), ("c", "</s>")]
    assert backward[0] == [("</s>", "c"), ("c", "b"), ("b", "a"), ("a", "<s>")]
    assert forward[1] == [("<s>", "d"), ("d", "</s>")]
    assert backward[1] == [("</s>", "d"), ("d", "<s>")]


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=25), min_size=1, max_size=8),
    st.integers(2, 9),
)
@settings(max_examples=40, deadline=None)
def test_pieces_predict_each_word_once(lines, longest):
    lines = [" ".join(line) for line in lines]
    if not any(lines):
        return
    whole, cut = read(lines), read(lines, longest)
    assert cut.gaps.max() <= longest and cut.gaps.sum() == whole.predictions
    # no piece is much shorter than another of its line
    assert cut.gaps.min() >= min(whole.gaps.min(), longest // 2)
    one = streams(whole, [whole.batch(np.arange(len(whole.gaps)))])
    other = streams(cut, [cut.batch(np.arange(len(cut.gaps)))])
    assert sum(one[0], []) == sum(other[0], [])
    assert sorted(sum(one[1], [])) == sorted(sum(other[1], []))


def test_columns_are_the_text_in_order():
    text = read(["a b c", "d", "a a"])
    columns = ElmoColumns(text, batch_tokens=3, bptt=2)  # one column
    forward, backward = (sum(way, []) for way in streams(text, columns.batches()))
    assert " ".join(f"{a}>{b}" for a, b in forward) == (
        "<s>>a a>b b>c c></s> <s>>d d></s> <s>>a a>a a></s>"
    )
    assert " ".join(f"{a}>{b}" for a, b in backward) == (
        "</s>>c c>b b>a a><s> </s>>d d><s> </s>>a a>a a><s>"
    )
    two = ElmoColumns(text, batch_tokens=4, bptt=2)
    assert len(two) == 3  # 5 and 4 places
    parts = [sum((batch.units for batch in two.part(r, 2).batches()), 0) for r in range(2)]
    assert parts == [5, 4]
    assert [b.units for b in two.batches(1)] == [b.units for b in two.batches()][1:]


def test_processes_share_the_columns():
    text = read(animals(20))
    whole = ElmoColumns(text, batch_tokens=35, bptt=7)  # five columns
    parts = [whole.part(rank, 2) for rank in range(2)]
    assert len(whole) == len(parts[0]) == len(parts[1])
    units = [[batch.units for batch in one.batches()] for one in (whole, *parts)]
    assert [a + b for a, b in zip(*units[1:], strict=True)] == units[0]
    assert sum(units[0]) == text.predictions
    with pytest.raises(SettingError, match="in 5 columns, too few for 6 .* lower --bptt"):
        whole.part(0, 6)


def test_words_that_are_not_predicted_are_read_as_they_are_spelt():
    text = read(["a a b b c", "a b d"], max_size=5)
    assert text.vocabulary.names == ["a", "b", "</s>", "<s>", "<unk>"]
    assert text.unknown == 2
    batch = text.batch(np.array([0, 1]))
    assert len(batch.ids) == 6  # <s>, </s>, a, b, and both c and d
    assert text.summary()["types"] == 4
    # <s>, </s> and <unk> of the text itself are these words
    text = read(["a <unk> </s> b"])
    assert set(text.vocabulary) == {"a", "b", "<s>", "</s>", "<unk>"}
    assert text.vocabulary.counts[text.vocabulary.id("</s>")] == 1
    assert text.unknown == 1


def test_characters_are_chosen_and_told():
    assert read(["the cat"]).symbols.unit == "byte"
    chinese = read(["床 前 明月光", "疑 是 地上霜"], character_min_count=1)
    assert chinese.symbols.unit == "character"
    assert chinese.summary()["spelt_with"] == "characters"
    seldom = read(["床 床 前"], characters="character", character_min_count=2)
    assert (seldom.summary()["characters"], seldom.summary()["characters_unknown"]) == (3, 1)
    assert read(["x" * 60 + " y"]).summary()["words_cut"] == 1
    with pytest.raises(VocabularyError, match="reached character_min_count=9"):
        read(["床 前"], character_min_count=9)


# --- training -----------------------------------------------------------------------------------


def test_it_learns_what_stands_far_away_in_both_directions():
    """cat so cats: a line has log 3 nats; log 3 more for who forgets how it began."""
    text, dev = pairs(), pairs(60, seed=2)
    made = {
        "dim": 24, "filters": "1:16,2:16,3:16", "rate": 0.02, "epochs": 8, "dropout": 0.0,
        "input_dropout": 0.0, "batch_tokens": 40,
    }  # fmt: skip
    bound, loose = math.log(3), math.log(9)

    def nats(fitted):
        found = ElmoScorer(fitted, threads=1).perplexity(dev)
        losses = (found.forward_loss, found.backward_loss)
        return found, [loss * found.tokens / found.lines for loss in losses]

    # negative control: one that has not learnt
    _, far = nats(small(**made | {"rate": 0.0, "epochs": 1}).fit(text))
    assert min(far) > loose
    fitted = small(**made).fit(text, dev=dev)
    found, near = nats(fitted)
    assert max(near) < (bound + loose) / 2
    last = fitted.history[-1]
    assert last["held_out_perplexity"] == pytest.approx(found.perplexity, rel=0.1)
    product = last["forward_perplexity"] * last["backward_perplexity"]
    assert product == pytest.approx(last["held_out_perplexity"] ** 2)


def test_the_recipe_of_the_original():
    """Of docs/elmo.md, with a smaller net."""
    made = small(
        preset="original", dim=12, units=48, layers=2, filters="1:8,2:8,3:8", characters="byte",
        carry=True, optimiser="adagrad", rate=0.2, initial_sum=0.0025, clip_norm=0.5,
        schedule="constant", samples=8, epochs=6, batch_tokens=200,
    )  # fmt: skip
    assert (made.limits, made.projection, made.padding) == ((3.0, 3.0), True, "counted")
    text, dev = animals(200), animals(20, seed=2)

    def perplexities(made):
        return [entry["held_out_perplexity"] for entry in made.fit(text, dev=dev).history]

    found = perplexities(made)
    assert found[-1] < 0.9 * found[0] and max(found) == found[0]
    # negative control: sums that begin with 0, as torch has them
    assert max(perplexities(replace(made, initial_sum=0.0))) > 2 * found[0]


class Killed(Exception):
    """The process dies."""


@pytest.fixture
def dying(monkeypatch):
    """Does something at the n-th batch of a training: kills it, if nothing else is said."""
    loss = ElmoTraining.loss

    def after(batches, error=Killed):
        left = [batches]

        def counted(task, batch):
            left[0] -= 1
            if left[0] == -1:
                raise error
            return loss(task, batch)

        monkeypatch.setattr(ElmoTraining, "loss", counted)

    return after


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "bf16"},
        {"softmax": "sampled", "samples": 6, "accumulate": 2, "longest_line": 3},
        {"carry": True, "bptt": 4, "recurrent_dropout": 0.1},
        {"projection": True, "units": 16, "cell_clip": 1.0, "optimiser": "adagrad"},
    ],
    ids=["lines", "sampled", "carried", "projection"],
)
def test_killed_and_resumed_is_uninterrupted(tmp_path, dying, monkeypatch, change):
    text, dev, made = animals(60), animals(10, seed=2), small(**change)
    whole = made.fit(text, dev=dev)
    steps = whole.history[0]["step"] * made.accumulate
    dying(steps + steps // 2)  # in the second epoch
    with pytest.raises(Killed):
        made.fit(text, dev=dev, checkpoint=tmp_path / "run")
    monkeypatch.undo()
    resumed = made.fit(text, dev=dev, checkpoint=tmp_path / "run", resume=True)
    assert whole.state.keys() == resumed.state.keys()
    for name, array in whole.state.items():
        assert np.array_equal(array, resumed.state[name]), name
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert one["loss"] == other["loss"]
        assert one["held_out_perplexity"] == other["held_out_perplexity"]
    # negative control: another seed ends elsewhere
    other = small(**change, seed=2).fit(text, dev=dev)
    assert not np.array_equal(whole.vectors.matrix, other.vectors.matrix)


def test_ctrl_c_keeps_what_there_is(tmp_path, dying, monkeypatch):
    """The best state that was measured; without a held-out text the last one."""
    text, dev, made = animals(60), animals(10, seed=2), small(rate=0.05)
    whole = made.fit(text, dev=dev)
    steps = whole.history[0]["step"]

    def stopped(at, **more):
        dying(at, KeyboardInterrupt)
        with pytest.raises(Interrupted) as caught:
            made.fit(text, **more)
        monkeypatch.undo()
        return caught.value.fitted

    def perplexity(fitted):
        return ElmoScorer(fitted, threads=1).perplexity(dev).perplexity

    best = stopped(2 * steps + 3, dev=dev, checkpoint=tmp_path / "run")
    assert [entry["step"] for entry in best.history] == [steps, 2 * steps]
    # in bf16 where it is measured in training
    kept = best.history[-1]["held_out_perplexity"]
    assert perplexity(best) == pytest.approx(kept, rel=0.02)
    assert kept == whole.history[1]["held_out_perplexity"]
    # negative control: an untrained net is far from it
    untrained = small(rate=0.0, epochs=1).fit(text)
    assert perplexity(untrained) > 1.2 * perplexity(best)
    last = stopped(2 * steps + 3)
    assert perplexity(untrained) > 1.2 * perplexity(last)
    assert not np.array_equal(last.vectors.matrix, best.vectors.matrix)


def test_another_text_is_not_gone_on_with(tmp_path, dying, monkeypatch):
    dying(5)
    with pytest.raises(Killed):
        small().fit(animals(), checkpoint=tmp_path / "run")
    monkeypatch.undo()
    with pytest.raises(SettingError, match="was made with dim=12, this run has dim=13"):
        small(dim=13).fit(animals(), checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(SettingError, match="was made from another text"):
        small().fit(animals(90, seed=3), checkpoint=tmp_path / "run", resume=True)
    # its figures would not be of one text
    with pytest.raises(SettingError, match="or measured on another"):
        small().fit(animals(), dev=animals(9), checkpoint=tmp_path / "run", resume=True)


def test_figures_do_not_depend_on_batches(monkeypatch):
    fitted = small(epochs=1).fit(animals(40))
    net = bilm_of(fitted)
    known = fitted.vocabulary, symbols_of(fitted)
    text = read_text(Corpus(animals(30, seed=4)), small(), known=known)
    one = held_out_losses(net, text)
    monkeypatch.setattr("firth.neural.fit_elmo.HELD_OUT", 1)  # line by line
    assert held_out_losses(net, text) == pytest.approx(one, rel=1e-5)


def test_vectors_are_those_of_words_without_a_sentence(tmp_path):
    fitted = small(epochs=1).fit(animals(40))
    fitted.save(tmp_path / "m.firth")
    again = firth.load(tmp_path / "m.firth")
    with torch.no_grad():
        x = bilm_of(again).characters(*tensors(symbols_of(again).spelled(["cat"])))[0]
    np.testing.assert_allclose(again.vectors["cat"], x, rtol=1e-4, atol=1e-6)


# --- bad input ----------------------------------------------------------------------------------


def test_texts_that_cannot_be_used():
    with pytest.raises(CorpusError, match="not a single token"):
        small().fit(["", ""])
    with pytest.raises(VocabularyError, match="is left besides <unk>; lower --min-count"):
        small(min_count=5).fit(["a b"])
    with pytest.raises(CorpusError, match="None of the 2 words of the text to be predicted"):
        small().fit(animals(9), dev=["quite different"])
    with pytest.raises(SettingError, match="held-out text is cut by the tokenizer"):
        small().fit(Corpus(animals(9)), dev=Corpus(animals(9), tokenizer="whitespace"))


def test_one_word():
    fitted = small().fit(["word"])
    assert set(fitted.vocabulary) == {"word", "<s>", "</s>", "<unk>"}
    found = ElmoScorer(fitted, threads=1).perplexity(["word word"])
    assert math.isfinite(found.perplexity) and found.tokens == 3


def test_characters_never_seen():
    fitted = small(characters="character", epochs=1).fit(animals(30))
    found = ElmoScorer(fitted, threads=1).perplexity(["the 猫 sat"])
    assert (found.unknown, found.characters_unknown) == (1, 1)
    assert math.isfinite(found.perplexity)


@pytest.mark.parametrize("carry", [False, True])
def test_a_line_of_5000_words(carry):
    text = [*animals(20), "the cat sat " * 1700]
    fitted = small(epochs=1, batch_tokens=1000, carry=carry, bptt=30).fit(text)
    assert fitted.corpus["tokens"] > 5000
    found = ElmoScorer(fitted, threads=1).perplexity(text)
    assert found.tokens == fitted.corpus["tokens"] + fitted.corpus["lines"]


def test_lines_that_are_too_long_are_measured_in_pieces(monkeypatch):
    """Each prediction is still made once, and no batch is longer than a piece."""
    fitted = small(epochs=2, bptt=30).fit(animals(60))
    line = " ".join(animals(30, seed=5))
    text = [*animals(5, seed=6), line]
    whole = ElmoScorer(fitted, threads=1).perplexity(text)
    assert whole.lines_cut == 0
    monkeypatch.setattr("firth.neural.elmo_scoring.MEASURED", 11)
    seen, nll = [], BiLM.nll

    def noted(net, batch):
        seen.append(batch.targets.shape[-1])
        return nll(net, batch)

    monkeypatch.setattr(BiLM, "nll", noted)
    found = ElmoScorer(fitted, threads=1).perplexity(text)
    assert max(seen) <= 11
    assert (found.lines_cut, found.to_json()["lines_cut"]) == (1, 1)
    assert (found.tokens, found.unknown) == (whole.tokens, whole.unknown)
    # a piece begins with a fresh state, and the word before it
    known = fitted.vocabulary, symbols_of(fitted)
    cut = read_text(Corpus(text), small(), known=known, longest_line=11)
    assert cut.cut == 1
    losses = held_out_losses(bilm_of(fitted), cut)
    assert (found.forward_loss, found.backward_loss) == pytest.approx(losses, rel=1e-5)
    assert found.loss != pytest.approx(whole.loss, rel=1e-5)


def test_held_out_lines_that_are_too_long_are_told(monkeypatch):
    heard = Heard()
    monkeypatch.setattr("firth.neural.fit_elmo.MEASURED", 3)
    fitted = small(epochs=1).fit(animals(20), dev=animals(3), progress=heard)
    said = "The held-out text has 3 lines of more than 10,000 words: read in pieces"
    assert any(one.startswith(said) for one in heard.said)
    assert math.isfinite(fitted.history[-1]["held_out_perplexity"])


def test_losses_add_up_where_there_is_no_float64(monkeypatch):
    """As on Metal: the losses are on the CPU before they are float64."""
    fitted, nll = small(epochs=1).fit(animals(20)), BiLM.nll
    scorer = ElmoScorer(fitted, threads=1)
    whole = scorer.perplexity(animals(5))
    monkeypatch.setattr(
        BiLM, "nll", lambda net, batch: tuple(way.as_subclass(Metal) for way in nll(net, batch))
    )
    assert scorer.perplexity(animals(5)) == whole


def test_rates_far_too_high_and_no_time():
    with pytest.raises(FitError, match=r"The loss became \S+ in step \d+ .* lower --rate"):
        small(optimiser="sgd", rate=1e30, clip_norm=0.0).fit(animals())
    fitted = small(minutes=0).fit(animals(), dev=animals(5))
    assert [entry["step"] for entry in fitted.history] == [1]


def test_other_scripts(shared):
    import gzip
    from itertools import islice

    for name in ("zh", "fa", "ru"):
        path = shared / "data" / "text" / f"{name}.txt.gz"
        if not path.exists():
            pytest.skip(f"no {path}")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line[:300] for line in islice(file, 40)]
        fitted = small(epochs=1, batch_tokens=500).fit(lines)
        assert fitted.corpus["spelt_with"] == "characters"
        assert fitted.corpus["characters_unknown"] < 0.02 * fitted.corpus["characters"]


@pytest.mark.heavy
@pytest.mark.parametrize("carry", [False, True])
def test_torchrun_trains_one_model(tmp_path, carry):
    (tmp_path / "text.txt").write_text("\n".join(animals(200)) + "\n", "utf-8")
    (tmp_path / "dev.txt").write_text("\n".join(animals(20, seed=2)) + "\n", "utf-8")
    options = (
        "--dev dev.txt --preset tiny --dim 16 --filters 1:8,2:8,3:8 --epochs 3 --rate 0.02 "
        f"--batch-tokens 160 --device cpu --json {'--carry' if carry else ''}"
    )
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run = subprocess.run(
        [*start, "-m", "firth", "train", "elmo", "text.txt", "-o", "two", *options.split()],
        cwd=tmp_path, check=True, timeout=240, text=True, capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    document = json.loads(run.stdout)  # one document, though there are two processes
    perplexities = [entry["held_out_perplexity"] for entry in document["history"]]
    assert perplexities[-1] < perplexities[0] < 15  # of 14 words
    words = sum(entry["tokens"] for entry in document["history"])
    assert words == 3 * (document["corpus"]["tokens"] + document["corpus"]["lines"])
    assert not (tmp_path / "two.checkpoint").exists()
