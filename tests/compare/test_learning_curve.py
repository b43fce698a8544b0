"""Learning curves in a world of names: who knows them, and what is kept when one is interrupted."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from compare import naming_world as world  # noqa: E402
from firth import Corpus, Tagged, Tagger, learning_curve, load  # noqa: E402  # after importorskip
from firth.compare import comparison as place  # noqa: E402
from firth.compare import shared_layers  # noqa: E402
from firth.compare.shared_layers import Shelf, digest_of, distinct, untrained  # noqa: E402
from firth.errors import (  # noqa: E402
    CorpusError,
    FitError,
    FormatError,
    SettingError,
    VocabularyError,
)
from firth.neural.contextual import Contextual  # noqa: E402
from firth.neural.elmo_layers import ElmoLayers  # noqa: E402
from firth.neural.fit_tagger import fit  # noqa: E402
from firth.neural.tagging import Predictor  # noqa: E402
from firth.neural.words import Words  # noqa: E402
from firth.progress import SILENT, Progress  # noqa: E402

SETTINGS = Tagger(**world.SMALL)
TRAIN, DEV, TEST = world.task(100, 1), world.task(15, 2), world.task(40, 3)


class Said(Progress):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def curve(folder, **changes):
    """A small one: a tenth of the sentences, scratch and vectors."""
    plain = {
        "test": TEST, "dev": DEV, "vectors": world.vectors(), "fractions": [0.1], "seeds": [1],
        "steps": 10, "settings": dataclasses.replace(SETTINGS, epochs=2),
    }  # fmt: skip
    return learning_curve(TRAIN, folder, **(plain | changes))


@pytest.fixture
def trainings(monkeypatch):
    """What is trained: settings, one by one."""
    seen = []

    def counted(settings, *rest, **more):
        seen.append((settings, more))
        return fit(settings, *rest, **more)

    monkeypatch.setattr(place, "fit", counted)
    return seen


# --- the claim ---------------------------------------------------------------------------------


@pytest.mark.heavy
def test_a_larger_text_knows_what_little_data_does_not(tmp_path):
    found = curve(
        tmp_path / "c", elmo=world.elmo(), fractions=[0.05], steps=60, seeds=[1, 2], dev=None,
        settings=SETTINGS,
    )  # fmt: skip
    cells = {cell.input: cell for cell in found.cells}
    assert list(cells) == ["scratch", "vectors", "top", "mix", "untrained"]
    # a third of the names of the test are in the five sentences at best: the rest is guessed
    assert cells["scratch"].mean < 0.9
    assert cells["vectors"].gain > 0.05 and cells["mix"].gain > 0.05
    # the architecture alone knows nothing: the control
    assert cells["untrained"].gain < 0.5 * cells["mix"].gain
    assert found.whole and found.figure == "accuracy"
    assert sum(cells["mix"].mix) == pytest.approx(1) and cells["top"].mix is None
    # nothing large is left
    names = {one.name for one in (tmp_path / "c").iterdir()}
    assert names == {"comparison.json", "runs.jsonl", "report.md", "lock"}
    assert f"{100 * cells['mix'].mean:.2f}" in (tmp_path / "c" / "report.md").read_text("utf-8")


# --- each training is that of a tagger ---------------------------------------------------------


def test_a_training_is_what_a_tagger_learns(tmp_path):
    elmo = world.elmo()
    found = curve(tmp_path / "c", elmo=elmo, inputs=["vectors+mix", "top"], fractions=[1])
    epochs = json.loads((tmp_path / "c" / "comparison.json").read_text())["settings"]["epochs"]
    for run, use in zip(found.runs, ["mix", "top"], strict=True):
        settings = dataclasses.replace(SETTINGS, epochs=epochs, elmo_layers=use)
        vectors = world.vectors() if use == "mix" else None
        fitted = settings.fit(TRAIN, dev=DEV, vectors=vectors, elmo=elmo)
        scores = Predictor(fitted, device="cpu", threads=1).evaluate(TEST).scores
        assert run.score == scores.accuracy
        assert run.steps == fitted.history[-1]["step"]
        assert run.held_out == max(entry["held_out_accuracy"] for entry in fitted.history)


def test_all_inputs_of_a_seed_learn_from_the_same_sentences(tmp_path, monkeypatch):
    seen = {}

    def kept(settings, sentences, *rest, **more):
        seen.setdefault(settings.seed, []).append(sentences)
        return fit(settings, sentences, *rest, **more)

    monkeypatch.setattr(place, "fit", kept)
    curve(tmp_path / "c", seeds=[1, 2])
    assert seen[1][0] == seen[1][1] and seen[2][0] == seen[2][1] and seen[1][0] != seen[2][0]


def test_spans_are_scored_by_f1_in_the_scheme_of_all_sentences(tmp_path, trainings):
    def spans(sentences):
        beginnings = {"O": "O", "BEAST": "B-BEAST", "TOOL": "B-TOOL"}
        return [(words, [beginnings[tag] for tag in tags]) for words, tags in sentences]

    # the large text has spans of two words; the small part would look like another scheme
    long = (["the", "rimu", "vone"], ["O", "B-TOOL", "I-TOOL"])
    found = learning_curve(
        [*spans(TRAIN), long, ([], [])], tmp_path / "c", test=spans(TEST), fractions=[0.01],
        seeds=[1], steps=2, settings=dataclasses.replace(SETTINGS, epochs=1),
    )  # fmt: skip
    assert found.figure == "f1" and set(found.runs[0].scores) == {"f1", "accuracy"}
    assert found.about["train"]["sentences"] == 101
    assert trainings[0][0].scheme == "IOB2" and found.runs[0].held_out is None
    assert "F1 in percent" in (tmp_path / "c" / "report.md").read_text()


def test_bilou_is_learnt_as_iobes(tmp_path, trainings):
    letters = {"O": "O", "BEAST": "U-BEAST", "TOOL": "U-TOOL"}
    train, test = (
        [(words, [letters[tag] for tag in tags]) for words, tags in sentences]
        for sentences in (TRAIN, TEST)
    )
    found = learning_curve(
        train, tmp_path / "c", test=test, dev=test[:5], fractions=[0.05], seeds=[1], steps=2,
        settings=dataclasses.replace(SETTINGS, epochs=1),
    )  # fmt: skip
    assert found.figure == "f1" and trainings[0][0].scheme == "IOBES"


# --- going on ----------------------------------------------------------------------------------


def test_what_is_there_is_not_done_again(tmp_path, trainings):
    first = curve(tmp_path / "c")
    assert len(trainings) == 2
    said = Said()
    again = curve(tmp_path / "c", progress=said)
    assert len(trainings) == 2 and again.runs == first.runs
    assert "2 of 2 trainings are there." in said.lines
    # more of it is only what is missing
    more = curve(tmp_path / "c", seeds=[1, 2], elmo=world.elmo(), inputs=["scratch", "top"])
    assert len(trainings) == 2 + 3 and more.runs[0] == first.runs[0]
    assert len(more.runs) == 4 and more.about["vectors"] and more.about["elmo"]
    # the first question has its answer still
    assert curve(tmp_path / "c").runs == first.runs and len(trainings) == 5
    assert len((tmp_path / "c" / "runs.jsonl").read_text().splitlines()) == 5


def test_interrupted_it_goes_on_to_the_same_end(tmp_path, monkeypatch):
    elmo, inputs = world.elmo(), ["scratch", "top", "mix"]
    whole = curve(tmp_path / "whole", elmo=elmo, inputs=inputs)
    loss, calls = place.fit.__globals__["Tagging"].loss, []

    def ctrl_c(self, batch):
        calls.append(batch)
        if len(calls) == 18:
            raise KeyboardInterrupt
        return loss(self, batch)

    stores, store = [], Contextual.store

    def counted(self, *rest, **more):
        stores.append(rest)
        return store(self, *rest, **more)

    monkeypatch.setattr(Contextual, "store", counted)
    with monkeypatch.context() as patch:
        patch.setattr(place.fit.__globals__["Tagging"], "loss", ctrl_c)
        with pytest.raises(KeyboardInterrupt, match="1 of 3 trainings are done and kept in .*/cut"):
            curve(tmp_path / "cut", elmo=elmo, inputs=inputs)
    assert "Not finished: 1 of 3" in (tmp_path / "cut" / "report.md").read_text()
    found = curve(tmp_path / "cut", elmo=elmo, inputs=inputs)
    # the ELMo has read the sentences once in both calls
    assert len(stores) == 1
    for one, other in zip(whole.runs, found.runs, strict=True):
        assert dataclasses.replace(one, seconds=0) == dataclasses.replace(other, seconds=0)


def test_a_training_cut_short_is_gone_on_with(tmp_path, monkeypatch):
    from firth.neural.train import Loop

    whole = curve(tmp_path / "whole", inputs=["scratch"])
    signals, steps = Loop.signals, []

    def ctrl_c(self, group, interrupted):
        steps.append(self.place.step)
        return signals(self, group, interrupted or len(steps) == 6)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "signals", ctrl_c)
        with pytest.raises(KeyboardInterrupt, match="0 of 1 trainings"):
            curve(tmp_path / "cut", inputs=["scratch"])
        before = len(steps)
        found = curve(tmp_path / "cut", inputs=["scratch"])
    assert steps[before] == steps[5] > 0
    assert dataclasses.replace(found.runs[0], seconds=0) == dataclasses.replace(
        whole.runs[0], seconds=0
    )
    assert not (tmp_path / "cut" / "training").exists()


def test_held_out_sentences_are_those_that_were_read(tmp_path, monkeypatch):
    dev = tmp_path / "dev.txt"
    dev.write_text("".join(f"{word} {tag}\n" for word, tag in zip(*DEV[0], strict=True)), "utf-8")
    seen = []

    def kept(settings, sentences, *rest, dev, **more):
        seen.append(list(Tagged(dev)))
        (tmp_path / "dev.txt").unlink(missing_ok=True)  # gone, or another by the next training
        return fit(settings, sentences, *rest, dev=dev, **more)

    monkeypatch.setattr(place, "fit", kept)
    curve(tmp_path / "c", dev=Tagged(dev))
    assert seen == [DEV[:1]] * 2


def test_versions_and_precisions_are_not_mixed(tmp_path, monkeypatch, trainings):
    settings = dataclasses.replace(SETTINGS, epochs=2, precision="auto")
    monkeypatch.setattr(place, "uses_bf16", lambda device, precision: precision == "bf16")
    first = curve(tmp_path / "c", inputs=["scratch"], settings=settings)
    # auto is what it means here
    plain = dataclasses.replace(settings, precision="fp32")
    assert curve(tmp_path / "c", inputs=["scratch"], settings=plain).runs == first.runs
    assert len(trainings) == 1 and "products in float32" in (tmp_path / "c/report.md").read_text()
    # another machine, on which it means something else
    with monkeypatch.context() as patch:
        patch.setattr(place, "uses_bf16", lambda device, precision: precision != "fp32")
        with pytest.raises(SettingError, match="precision=fp32, and here it is bf16"):
            curve(tmp_path / "c", inputs=["scratch"], settings=settings)
    monkeypatch.setattr(place, "firth_version", lambda: "99.0")
    with pytest.raises(SettingError, match="and this is firth 99.0"):
        curve(tmp_path / "c", inputs=["scratch"], settings=settings)
    again = curve(tmp_path / "c", inputs=["scratch"], settings=settings, overwrite=True)
    assert again.runs[0].fingerprint != first.runs[0].fingerprint


def test_a_training_that_diverges_blocks_no_other(tmp_path, monkeypatch):
    tried = []

    def failing(settings, sentences, *rest, checkpoint, **more):
        tried.append(settings.seed)
        if settings.seed in bad:
            checkpoint.mkdir()
            kept = f"; the last good state is in {checkpoint}."
            raise FitError(f"The loss became nan; lower --rate{kept}")
        return fit(settings, sentences, *rest, checkpoint=checkpoint, **more)

    monkeypatch.setattr(place, "fit", failing)
    said, bad = Said(), {2}
    found = curve(tmp_path / "c", inputs=["scratch"], seeds=[1, 2, 3], progress=said)
    assert [run.seed for run in found.runs] == [1, 3] and found.whole
    (failed,) = found.failed
    assert failed.reason == "The loss became nan; lower --rate."
    assert found.cells[0].runs == 2 and found.cells[0].failed == 1
    assert any("seed 2 diverged: The loss became nan" in line for line in said.lines)
    report = (tmp_path / "c" / "report.md").read_text("utf-8")
    assert ", 2 of 3 seeds |" in report and "seed 2: The loss became nan; lower --rate." in report
    assert not (tmp_path / "c" / "training").exists()
    # it is not tried again
    again = curve(tmp_path / "c", inputs=["scratch"], seeds=[1, 2, 3], progress=said)
    assert tried == [1, 2, 3] and again == found
    assert "3 of 3 trainings are there (1 diverged: not tried again)." in said.lines


def test_where_all_diverge_it_is_an_error(tmp_path, monkeypatch):
    settings = dataclasses.replace(SETTINGS, epochs=2, rate=1e30, optimiser="sgd", clip_norm=0)
    for _ in range(2):
        with pytest.raises(FitError, match="All 2 trainings diverged. The loss became .*--rate"):
            curve(tmp_path / "c", settings=settings)
        assert len((tmp_path / "c" / "runs.jsonl").read_text().splitlines()) == 2
    # others may follow in the same folder
    assert curve(tmp_path / "c").whole


# --- vectors of a text -------------------------------------------------------------------------


def test_vectors_are_learnt_once(tmp_path, monkeypatch):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(world.text()), "utf-8")
    learnt, fitting = [], place.SkipGram.fit

    def counted(self, *rest, **more):
        learnt.append(rest)
        return fitting(self, *rest, **more)

    monkeypatch.setattr(place.SkipGram, "fit", counted)
    given = {"vectors": None, "text": Corpus(text, tokenizer="signs"), "inputs": ["vectors"]}
    found = curve(tmp_path / "c", **given)
    assert found.runs[0].input == "vectors"
    assert next(iter(world.names())) in load(tmp_path / "c" / "vectors.firth").vectors
    more = curve(tmp_path / "c", **given, seeds=[1, 2])
    assert len(learnt) == 1 and more.runs[0] == found.runs[0]
    text.write_text("\n".join(world.text(seed=2)), "utf-8")
    with pytest.raises(SettingError, match="another text for its vectors"):
        curve(tmp_path / "c", **given)


# --- an ELMo's layers, shared ------------------------------------------------------------------


def shelf(folder, sentences, elmo=None):
    return Shelf(elmo or world.elmo(), distinct([sentences]), folder, device="cpu", threads=1)


def test_shared_layers_are_those_of_the_elmo(tmp_path):
    sentences = [words for words, _ in [*TEST, *TEST[:3]]]
    kept = shelf(tmp_path / "layers", sentences)
    kept.prepare([False, True], SILENT)
    words = Words(sentences[5:20])
    numbers = np.array([3, 0, 9])
    shared = kept.layers(False)
    mine = shared.stored(words).batch(numbers)
    own = ElmoLayers(world.elmo(), device="cpu", threads=1).stored(words).batch(numbers)
    assert torch.equal(mine, own) and shared.layers == len(own)
    top = shared.only("top")
    assert top.layers == 1 and torch.equal(top.stored(words).batch(numbers)[0], own[-1])
    assert shared.only("mix") is shared
    fresh = kept.layers(True).stored(words).batch(numbers)
    assert fresh.shape == own.shape and not torch.allclose(fresh, own, atol=0.1)
    kept.close()
    assert not (tmp_path / "layers").exists()


def test_stores_are_made_again_if_they_are_of_something_else(tmp_path, monkeypatch):
    sentences = [words for words, _ in TEST]
    kept = shelf(tmp_path, sentences)
    kept.prepare([False], SILENT)
    said = Said()
    kept.prepare([False], said)
    assert not said.lines
    (path,) = [one for one in tmp_path.glob("*.npy") if "offsets" not in one.name]
    path.write_bytes(path.read_bytes()[:200])  # cut short
    kept = shelf(tmp_path, sentences)
    kept.prepare([False], said)
    assert said.lines[0].startswith("The ELMo reads ")
    other = shelf(tmp_path, sentences[:5])
    other.prepare([True], said)
    assert len(list(tmp_path.glob("*.npy"))) == 2  # those of more sentences are gone
    with pytest.raises(FormatError, match="found nothing, expected the layers"):
        other.layers(False)


def test_an_untrained_elmo(tmp_path):
    elmo = world.elmo()
    fresh, again = untrained(elmo), untrained(elmo)
    names = {name for name in elmo.state if not name.startswith("net.softmax")}
    assert set(fresh.state) == names
    for name in names:
        assert fresh.state[name].shape == elmo.state[name].shape
        assert np.array_equal(fresh.state[name], again.state[name])
    assert not np.array_equal(
        fresh.state["net.characters.embedding"], elmo.state["net.characters.embedding"]
    )
    assert digest_of(fresh) == digest_of(again) != digest_of(elmo)
    # what only predicts words is no part of it
    bare = shared_layers.without_softmax(elmo)
    assert digest_of(bare) == digest_of(elmo)


def test_an_elmo_in_lower_case_reads_lower_case(tmp_path):
    elmo = world.elmo()
    folding = dataclasses.replace(elmo, corpus=elmo.corpus | {"fold_case": True})
    sentences = [["The", "Rimu"], ["the", "rimu"]]
    kept = shelf(tmp_path, sentences, folding)
    kept.prepare([False], SILENT)
    layers = kept.layers(False).stored(Words(sentences)).batch(np.array([0, 1]))
    assert torch.equal(layers[:, 0], layers[:, 1])


# --- bad input ---------------------------------------------------------------------------------


def test_what_cannot_be_compared_leaves_nothing(tmp_path):
    def fails(error, said, **changes):
        with pytest.raises(error, match=said):
            curve(tmp_path / "c", **changes)
        assert not (tmp_path / "c").exists()

    fails(SettingError, "fractions: 2 is out of range", fractions=[2])
    fails(SettingError, "vectors and a text", text=Corpus(["a b"]))
    fails(SettingError, "steps=-1", steps=-1)
    fails(FormatError, "of kind tagger, expected one of kind elmo", elmo=_tagger())
    fails(SettingError, "top needs an ELMo", inputs=["top"])
    fails(CorpusError, "not one word in them", dev=[([], [])])
    fails(SettingError, "cannot be halved", settings=_odd())
    with pytest.raises(CorpusError, match="no.txt"):
        curve(tmp_path / "c", dev=Tagged(tmp_path / "no.txt"))


def test_tags_of_held_out_and_test_sentences_are_looked_at_first(tmp_path, trainings):
    train = [(["a", "b"], ["B-X", "O"])]
    (tmp_path / "dev.txt").write_text("a B-X\nb O\n\na B-Y\nb NN\n")
    said = Said()

    def run(**changes):
        given = {"test": train, "fractions": [1], "seeds": [1], "steps": 2, "progress": said}
        settings = dataclasses.replace(SETTINGS, epochs=1)
        return learning_curve(train, tmp_path / "c", settings=settings, **(given | changes))

    for name in ("dev", "test"):
        with pytest.raises(
            VocabularyError, match=r"dev.txt, line 4: 'NN' is no tag of a span, as .* \(IOB2\)"
        ):
            run(**{name: Tagged(tmp_path / "dev.txt")})
        assert not trainings and not (tmp_path / "c").exists()
    run(test=[(["a", "b", "b"], ["B-Y", "I-Y", "O"])])
    assert said.lines[0] == (
        "note: tags of the test text that training does not have: B-Y (1), I-Y (1); they are never "
        "predicted."
    )


def test_tags_that_are_nearly_those_of_spans_are_said(tmp_path):
    said = Said()
    train = [(["a", "b"], ["b-X", "O"])] * 3
    learning_curve(
        train, tmp_path / "c", test=train, fractions=[1], seeds=[1], steps=2, progress=said,
        settings=dataclasses.replace(SETTINGS, epochs=1),
    )  # fmt: skip
    assert said.lines[0].startswith("note: most tags look like those of spans, but 'b-X' (Sentence")


def _tagger():
    from firth import Fitted

    return Fitted("tagger", world.vectors())


def _odd():
    return dataclasses.replace(SETTINGS, characters="rnn", character_width=7, epochs=1)


def test_other_settings_than_those_of_the_folder(tmp_path):
    curve(tmp_path / "c", inputs=["scratch"])
    with pytest.raises(SettingError, match="with steps=10, not 11"):
        curve(tmp_path / "c", steps=11)
    with pytest.raises(SettingError, match="other held-out sentences"):
        curve(tmp_path / "c", dev=TEST)
    # what changes no score may change
    settings = dataclasses.replace(SETTINGS, epochs=2, seed=5, checkpoint_every=1.0)
    curve(tmp_path / "c", settings=settings, inputs=["scratch"])
    found = curve(tmp_path / "c", steps=11, inputs=["scratch"], overwrite=True)
    assert found.about["steps"] == 11 and len(found.runs) == 1
