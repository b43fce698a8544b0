"""The tagger: its labels, its net, that it learns what it can see and nothing else, resuming."""

import itertools
import os
import signal
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import Tagged, Tagger, load  # noqa: E402  # after importorskip
from firth.errors import CorpusError, FormatError, SettingError, VocabularyError  # noqa: E402
from firth.neural import fit_tagger  # noqa: E402
from firth.neural.symbols import Symbols  # noqa: E402
from firth.neural.tag_labels import TagLabels  # noqa: E402
from firth.neural.tag_text import TagBatches, TaggedText  # noqa: E402
from firth.neural.tagger import TaggerNet, net_of, spelling_of  # noqa: E402
from firth.neural.tagging import Predictor  # noqa: E402
from firth.neural.train import Interrupted  # noqa: E402
from firth.neural.words.lookup import vocabulary_of  # noqa: E402
from firth.text.tag_schemes import converted  # noqa: E402
from firth.text.vocabulary import Vocabulary  # noqa: E402
from firth.vectors.vectors import Vectors  # noqa: E402
from neural import tagged_worlds as worlds  # noqa: E402

SMALL = {
    "dim": 12, "units": 12, "character_dim": 8, "character_width": 16, "epochs": 6, "rate": 0.02,
    "batch_tokens": 60, "dropout": 0.1, "threads": 1, "device": "cpu", "precision": "fp32",
    "min_count": 1,
}  # fmt: skip


def small(**changes):
    return Tagger(**{**SMALL, **changes})


class Said:
    """Keeps what a training says."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    def start(self, *_, **__): ...

    advance = start

    def finish(self): ...


def accuracy(fitted, sentences):
    return Predictor(fitted, device="cpu", threads=1).evaluate(sentences).scores.accuracy


# --- labels ------------------------------------------------------------------------------------


def test_tags_of_spans_are_learnt_in_another_scheme():
    labels = TagLabels.of([["B-X", "I-X", "O"], ["B-Y"]])
    assert (labels.scheme, labels.learnt) == ("IOB2", "IOBES")
    assert labels.names[0] == "O" and len(labels) == 9
    ids = labels.ids([["B-X", "I-X", "O", "B-X"]])
    assert [labels.names[i] for i in ids] == ["B-X", "E-X", "O", "S-X"]
    assert labels.tags(ids) == ["B-X", "I-X", "O", "B-X"]
    assert [tuple(span) for span in labels.spans_of(ids)] == [("X", 0, 2), ("X", 3, 4)]
    assert labels.allowed().pairs.shape == (9, 9)
    same = TagLabels.of([["B-X", "I-X", "O"]], learns="same")
    assert same.learnt == "IOB2" and same.names == ("O", "B-X", "I-X")


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
@pytest.mark.parametrize("learns", ["same", "IOB2", "IOBES"])
def test_any_scheme_there_and_back(scheme, learns):
    from firth.text.tag_schemes import converted

    tags = [converted(one, None, scheme) for _, one in worlds.names(40)]
    labels = TagLabels.of(tags, scheme, learns)
    for one in tags:
        assert labels.tags(labels.ids([one])) == one


def test_tags_that_are_no_spans_are_what_they_are():
    labels = TagLabels.of([["NOUN", "VERB", "NOUN"], ["X"]])
    assert labels.names == ("NOUN", "VERB", "X") and not labels.spans
    assert labels.allowed() is None and labels.spans_of([0]) == []
    # letters of a scheme alone may be anything
    assert not TagLabels.of([["B", "I", "O"]]).spans
    assert TagLabels.of([["B", "I", "O"]], "IOB2").spans
    assert not TagLabels.of([["B-X"]], "none").spans


def test_tags_that_training_does_not_have():
    plain = TagLabels.of([["NOUN", "VERB"]])
    assert plain.strange([["NOUN", "X", "X"]]) == {"X": 2}
    with pytest.raises(VocabularyError, match="The tag 'X' is none of the 2 that are learnt"):
        plain.ids([["X"]])
    spans = TagLabels.of([["B-X", "O"]])
    # I-X is never seen in training, and is one of its tags nevertheless
    assert spans.strange([["B-X", "I-X", "B-Y", "I-Y"]]) == {"B-Y": 1, "I-Y": 1}


# --- the net -----------------------------------------------------------------------------------


def net_and_text(sentences, **changes):
    settings = small(**changes)
    text = TaggedText.read(sentences)
    labels = TagLabels.of(text.tags, settings.scheme, settings.learns)
    vocabulary = vocabulary_of(text.words, spelling_of(settings), settings.min_count)
    symbols = None
    if settings.characters != "none":
        symbols = Symbols.learnt(text.words.names, text.words.counts, longest=settings.longest)
    torch.manual_seed(1)
    net = TaggerNet(settings, labels, vocabulary, symbols).eval()
    return net, text, TagBatches(text.words, labels.ids(text.tags), "text")


@pytest.mark.parametrize("characters", ["cnn", "rnn", "none"])
@pytest.mark.parametrize("encoder", ["lstm", "gru", "none"])
def test_other_sentences_of_a_batch_change_nothing(characters, encoder):
    net, text, batches = net_and_text(
        worlds.names(8), characters=characters, encoder=encoder, layers=2
    )
    parts = net.words.prepare(text.words)
    e = net.emissions(parts, batches.batch(np.arange(8)))
    for number in range(8):
        alone = net.emissions(parts, batches.batch(np.array([number])))[0]
        torch.testing.assert_close(e[number, : len(alone)], alone, rtol=1e-4, atol=1e-5)


def test_the_loss_is_a_mean_over_words():
    for head in ("crf", "linear"):
        net, text, batches = net_and_text(worlds.names(5), head=head)
        parts = net.words.prepare(text.words)
        batch = batches.batch(np.arange(5))
        total = 0.0
        for number in range(5):
            one = batches.batch(np.array([number]))
            e = net.emissions(parts, one)[0].double()
            tags = one.tags[0]
            if head == "linear":
                log_p = torch.log_softmax(e, -1)
                total -= log_p[torch.arange(len(tags)), tags].sum().item()
            else:
                total += net.crf.nll(e[None], tags[None]).item()
        assert net.loss(parts, batch, batch.tags).item() == pytest.approx(
            total / batch.units, rel=1e-5
        )
        assert batch.units == batch.tokens == sum(len(words) for words in text.words.sentences)


def test_forbidden_tags_are_never_predicted():
    """An untrained net with a CRF keeps to the scheme, one without breaks it."""
    from firth.text.tag_schemes import breaches

    sentences = worlds.names(30)
    for head, keeps in (("crf", True), ("linear", False)):
        net, text, batches = net_and_text(sentences, head=head)
        with torch.no_grad():
            net.to_tags.weight.mul_(20)
        batch = batches.batch(np.arange(30))
        found = net.labelled(net.emissions(net.words.prepare(text.words), batch), batch.lengths)
        tags = [
            [net.labels.names[i] for i in row[:n]]
            for row, n in zip(found.tolist(), batch.lengths.tolist(), strict=True)
        ]
        assert (sum(len(breaches(one, "IOBES")) for one in tags) == 0) == keeps


# --- planted worlds ----------------------------------------------------------------------------


def test_what_depends_on_neighbours_is_learnt_by_what_sees_them():
    train, test = worlds.neighbours(150), worlds.neighbours(60, seed=2)
    # half of the words are the or to, of the others one can only guess
    blind = small(encoder="none", head="linear").fit(train)
    assert accuracy(blind, test) < 0.85
    assert accuracy(small(epochs=4, head="linear").fit(train), test) > 0.98
    # the CRF sees the tag before, which here is enough
    assert accuracy(small(encoder="none", head="crf").fit(train), test) > 0.98


@pytest.mark.parametrize("characters", ["cnn", "rnn"])
def test_what_depends_on_spelling_is_learnt_from_characters_only(characters):
    train, test = worlds.endings(150), worlds.endings(60, seed=2)
    blind = small(characters="none").fit(train)
    assert accuracy(blind, test) < 0.7
    assert accuracy(small(characters=characters, epochs=4).fit(train), test) > 0.95


@pytest.mark.parametrize("head", ["crf", "linear"])
def test_names_are_found(head):
    train, test = worlds.names(200), worlds.names(60, seed=2)
    untrained = small(head=head, epochs=1, rate=1e-9).fit(train[:20])
    assert Predictor(untrained, device="cpu").evaluate(test).scores.f1 < 0.5
    fitted = small(head=head).fit(train, dev=test)
    assert Predictor(fitted, device="cpu").evaluate(test).scores.f1 > 0.97


def test_given_vectors_tell_words_apart_that_training_never_saw():
    draw = np.random.default_rng(1)
    names = [f"w{i}" for i in range(80)]
    side = np.arange(80) % 2
    rows = draw.normal(size=(80, 6)).astype(np.float32) + 3 * side[:, None].astype(np.float32)
    vectors = Vectors(Vocabulary(names), rows)

    def sentences(low, high):
        return [([names[i]], ["AB"[side[i]]]) for i in range(low, high)]

    train, test = sentences(0, 40), sentences(40, 80)
    settings = small(characters="none", epochs=20)
    assert accuracy(settings.fit(train), test) <= 0.7
    assert accuracy(settings.fit(train, vectors=vectors), test) > 0.9


# --- fit ---------------------------------------------------------------------------------------


def same_state(a, b):
    return a.state.keys() == b.state.keys() and all(
        np.array_equal(a.state[name], b.state[name]) for name in a.state
    )


def test_one_seed_gives_the_same_bits():
    train = worlds.names(40)
    settings = small(epochs=2, dropout=0.5)
    once, again = settings.fit(train), settings.fit(train)
    assert same_state(once, again)
    assert not same_state(once, small(epochs=2, dropout=0.5, seed=2).fit(train))


CHANGES = [
    *({"dim": 5}, {"min_count": 3}, {"fold_case": False}, {"fold_digits": False}),
    *({"word_dropout": 0.25}, {"characters": "rnn"}, {"character_unit": "character"}),
    *({"character_dim": 5}, {"character_width": 12}, {"longest": 6}, {"tune": True}),
    *({"max_vectors": 2}, {"elmo_layers": "top"}, {"elmo_norm": "none"}, {"elmo_penalty": 1.0}),
    *({"encoder": "gru"}, {"units": 5}, {"layers": 3}, {"connection": "residual"}),
    *({"dropout": 0.3}, {"recurrent_dropout": 0.3}, {"head": "linear"}, {"scheme": "none"}),
    *({"learns": "same"}, {"batch_tokens": 20}, {"clip_norm": 0.001}, {"epochs": 2}),
]


@pytest.fixture(scope="module")
def beside():
    """Vectors and an ELMo, hardly trained."""
    from firth import ELMo

    sentences = [words for words, _ in worlds.names(20)]
    rows = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    elmo = ELMo(preset="tiny", dim=6, units=6, epochs=1, threads=1, device="cpu").fit(sentences)
    return {"vectors": Vectors(Vocabulary(["mr", "ba", "ko", "at"]), rows), "elmo": elmo}


@pytest.mark.parametrize("change", [{}, *CHANGES], ids=lambda case: "-".join(map(str, case)))
def test_every_setting_changes_what_is_learnt(beside, change):
    sentences = [*worlds.names(20), (["MR", "ba1234", "ba34", "."], ["O", "B-PER", "I-PER", "O"])]
    base = {"epochs": 1, "layers": 2, "character_unit": "byte"}
    first = small(**base).fit(sentences, **beside)
    other = small(**{**base, **change}).fit(sentences, **beside)
    assert same_state(first, other) == (not change)


def test_settings_of_a_tagger_are_all_tried():
    import dataclasses

    from firth.neural.training import Training

    shared = {field.name for field in dataclasses.fields(Training)} - {"clip_norm", "epochs"}
    own = {field.name for field in dataclasses.fields(Tagger)} - shared
    assert own == {name for change in CHANGES for name in change}


def test_the_best_state_is_kept():
    fitted = small(rate=0.05).fit(worlds.names(60), dev=worlds.names(20, seed=2))
    errors = [entry["held_out_error"] for entry in fitted.history]
    f1 = [entry["held_out_f1"] for entry in fitted.history]
    assert f1 == pytest.approx([1 - error for error in errors])
    found = Predictor(fitted, device="cpu").evaluate(worlds.names(20, seed=2)).scores
    assert 1 - found.f1 == min(errors)


def test_a_saved_tagger_is_the_same_tagger(tmp_path):
    rows = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    vectors = Vectors(Vocabulary(["mr", "ba", "ko"]), rows)
    for tune in (False, True):
        fitted = small(epochs=2, tune=tune).fit(worlds.names(40), vectors=vectors)
        fitted.save(tmp_path / f"{tune}.firth")
        (tmp_path / f"{tune}.firth").rename(tmp_path / f"moved-{tune}.firth")
        loaded = load(tmp_path / f"moved-{tune}.firth")
        assert loaded.kind == "tagger" and loaded.labels.names == fitted.labels.names
        assert np.array_equal(loaded.parts["vectors"].vectors.matrix, rows)
        test = [words for words, _ in worlds.names(20, seed=2)]
        before, after = (Predictor(one, device="cpu").marginals(test) for one in (fitted, loaded))
        assert all(map(np.array_equal, before, after))


def test_tuned_vectors_of_words_in_capitals_and_with_digits_move():
    sentences = [(["London", "in", "1996", "Xyz"], ["B-LOC", "O", "O", "O"])] * 20
    names = ["London", "in", "1996", "unread"]
    rows = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    settings = small(epochs=2, tune=True, min_count=2, fold_digits=True)
    fitted = settings.fit(sentences, vectors=Vectors(Vocabulary(names), rows))
    assert fitted.state["tuned_rows"].tolist() == [0, 1, 2]
    tuned = next(array for name, array in fitted.state.items() if name.endswith("vectors.tuned"))
    assert (np.abs(tuned - rows[:3]).max(1) > 1e-4).all()


def test_equal_scores_keep_what_has_learnt_more():
    """F1 is 0 for some epochs; that must not count as worse, nor the first of them as the best."""
    dev = [(["zz", "zz"], ["O", "O"])]  # nothing to find, so that F1 is 0 throughout
    fitted = small(rate=0.05, patience=2, epochs=8).fit(worlds.names(60), dev=dev)
    assert {entry["held_out_f1"] for entry in fitted.history} == {0.0}
    assert len(fitted.history) > 4
    found = Predictor(fitted, device="cpu").evaluate(worlds.names(20, seed=2)).scores
    assert found.f1 > 0.8


def test_scores_do_not_depend_on_the_scheme_of_the_test_text():
    fitted = small(rate=0.05).fit(worlds.names(60))
    test = worlds.names(20, seed=2)
    other = [(words, converted(tags, None, "IOBES")) for words, tags in test]
    assert other != test
    one, two = (Predictor(fitted, device="cpu").evaluate(text) for text in (test, other))
    assert one.scores == two.scores
    assert (one.unseen, one.unseen_correct) == (two.unseen, two.unseen_correct)


def test_tags_without_spans_are_refused_where_they_stand():
    fitted = small(epochs=1).fit(worlds.names(20))
    with pytest.raises(VocabularyError, match="^Sentence 2 .*: 'NOUN' is no tag of a span"):
        Predictor(fitted, device="cpu").evaluate([(["a"], ["O"]), (["b"], ["NOUN"])])


def test_spans_of_io_are_told_apart_once():
    sentences = [(words, converted(tags, None, "IO")) for words, tags in worlds.names(40)]
    fitted = small(epochs=3, scheme="IO").fit(sentences)
    answers = Predictor(fitted, device="cpu").n_best([["mr", "ba", "ko"]], 8)[0]
    tags = [tuple(one.tags) for one in answers]
    assert len(set(tags)) == len(tags)


def test_tags_that_are_nearly_those_of_spans_are_told():
    said = Said()
    sentences = [(["a", "b", "c"], ["b-X", "O", "I-X"])] * 4
    small(epochs=1).fit(sentences, progress=said)
    assert any(line.startswith("note: most tags look like those of spans") for line in said.lines)
    said = Said()
    small(epochs=1, scheme="none").fit(sentences, progress=said)
    assert not any("note" in line for line in said.lines)


def test_what_is_no_sentence_is_refused():
    predictor = Predictor(small(epochs=1).fit(worlds.names(20)), device="cpu")
    for odd in (None, 3, ["a", 1]):
        with pytest.raises(SettingError, match="is no sentence"):
            predictor.tags([odd])


def test_many_tags_are_looked_at_in_small_batches():
    labels = TagLabels(tuple(f"T{i}" for i in range(3000)))
    net = TaggerNet(small(), labels, Vocabulary(["<unk>"], [1]))
    assert net.places(2048) == 2**26 // 3000**2
    assert net.places(2048, 100) == 1


class Killed(Exception):
    pass


def dying(monkeypatch, after):
    """The training stops at its n-th batch from here on, as if it were killed."""
    loss = fit_tagger.Tagging.loss
    calls = itertools.count()

    def mortal(self, batch):
        if next(calls) == after:
            raise Killed
        return loss(self, batch)

    monkeypatch.setattr(fit_tagger.Tagging, "loss", mortal)


@pytest.mark.parametrize("after", [1, 5, 9])
def test_resumed_is_uninterrupted(tmp_path, monkeypatch, after):
    train, dev = worlds.names(40), worlds.names(10, seed=2)
    settings = small(epochs=3, dropout=0.5, word_dropout=1.0, checkpoint_every=0)
    whole = settings.fit(train, dev=dev)
    with monkeypatch.context() as patch:
        dying(patch, after)
        with pytest.raises(Killed):
            settings.fit(train, dev=dev, checkpoint=tmp_path / "run")
    resumed = settings.fit(train, dev=dev, checkpoint=tmp_path / "run", resume=True)
    assert same_state(whole, resumed)
    errors = [[entry["held_out_error"] for entry in one.history] for one in (whole, resumed)]
    assert errors[0] == errors[1]
    with monkeypatch.context() as patch:
        dying(patch, after)
        with pytest.raises(Killed):
            settings.fit(train, dev=dev, checkpoint=tmp_path / "other")
    with pytest.raises(SettingError, match="another text"):
        settings.fit(worlds.names(40, seed=5), checkpoint=tmp_path / "other", resume=True)
    with pytest.raises(SettingError, match="another text"):
        settings.fit(train, dev=train[:5], checkpoint=tmp_path / "other", resume=True)


def test_resumed_with_other_vectors_is_refused(tmp_path, monkeypatch):
    train, settings = worlds.names(40), small(epochs=2, checkpoint_every=0)
    one, other = (
        Vectors(Vocabulary(["mr", "ba"]), np.full((2, 5), value, np.float32)) for value in (1, 2)
    )
    dying(monkeypatch, 4)
    with pytest.raises(Killed):
        settings.fit(train, vectors=one, checkpoint=tmp_path / "run")
    with pytest.raises(SettingError, match="another text"):
        settings.fit(train, vectors=other, checkpoint=tmp_path / "run", resume=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot send itself Ctrl-C")
def test_ctrl_c_leaves_a_model(monkeypatch):
    loss, calls = fit_tagger.Tagging.loss, itertools.count()

    def with_ctrl_c(self, batch):
        if next(calls) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(self, batch)

    monkeypatch.setattr(fit_tagger.Tagging, "loss", with_ctrl_c)
    with pytest.raises(Interrupted) as caught:
        small().fit(worlds.names(40))
    assert Predictor(caught.value.fitted, device="cpu").tags([["mr", "ba"]])[0]


# --- bad input ---------------------------------------------------------------------------------


def test_tags_that_break_a_scheme():
    broken = [(["a", "b"], ["O", "I-X"]), (["c"], ["B-X"])]
    with pytest.raises(VocabularyError, match="Sentence 1 of the list given.*IOB2 does not allow"):
        small(scheme="IOB2").fit(broken)
    said = Said()
    # most tags say IOB2
    fitted = small(epochs=1).fit([*worlds.names(20), *broken], progress=said)
    assert any("note: 1 tags break IOB2" in line for line in said.lines), said.lines
    assert fitted.corpus["scheme"] == "IOB2"


def test_tags_of_held_out_text_that_training_lacks():
    said = Said()
    dev = [(["the", "run"], ["DET", "X"])]
    fitted = small(epochs=1).fit(worlds.neighbours(10), dev=dev, progress=said)
    assert any("that training does not have: X (1)" in line for line in said.lines)
    assert fitted.history[-1]["held_out_accuracy"] in (0.0, 0.5)


def test_few_and_strange_sentences(tmp_path):
    one = small(epochs=1).fit([(["word"], ["X"])])
    assert Predictor(one, device="cpu").tags([["中文", "\U0001f600", ""], []]) == [["X"] * 3, []]
    empty = [([], []), (["a"], ["X"]), ([], [])]
    assert small(epochs=1).fit(empty, dev=empty).corpus["sentences"] == 3
    long = small(epochs=1).fit([(["a", "b"] * 2500, ["X", "Y"] * 2500)])
    assert len(Predictor(long, device="cpu").tags([["a"] * 5000])[0]) == 5000
    with pytest.raises(CorpusError, match=r"The text has 2 sentence\(s\), and not one word"):
        small().fit([([], []), ([], [])])
    with pytest.raises(CorpusError, match="The held-out text has 1 sentence"):
        small().fit(worlds.names(3), dev=[([], [])])
    (tmp_path / "none.txt").write_text("")
    with pytest.raises(CorpusError, match="none.txt: empty"):
        small().fit(worlds.names(3), dev=Tagged(tmp_path / "none.txt"))


def test_schemes_by_their_other_names():
    plain = Tagger(scheme="IOB2", learns="IOBES")
    assert Tagger(scheme="IOB1", learns="IOB2") != plain
    assert Tagger(scheme="BIO", learns="BIOES") == plain
    assert Tagger(scheme="BIO").to_json()["scheme"] == "IOB2"  # what a model keeps
    assert (Tagger(scheme="IOB").scheme, Tagger(scheme="BIOES").scheme) == ("IOB1", "IOBES")
    with pytest.raises(SettingError, match="scheme='BIX' is not one of"):
        Tagger(scheme="BIX")
    assert Tagger(scheme="BILOU").scheme == "BILOU"  # which has letters of its own, L and U


def test_settings_that_do_not_go_together():
    with pytest.raises(SettingError, match="leave nothing of a word to read"):
        small(dim=0, characters="none").fit(worlds.names(3))
    with pytest.raises(SettingError, match="tune=true lets given vectors learn on"):
        small(tune=True).fit(worlds.names(3))
    assert Tagger().epochs == 30 and Tagger(minutes=1).epochs is None
    assert Tagger.from_json(Tagger(minutes=1).to_json()) == Tagger(minutes=1)
    assert [Tagger().batch_of(n) for n in (10, 60_000, 10**6)] == [100, 200, 600]
    assert Tagger(batch_tokens=7).batch_of(10**6) == 7


def test_models_that_are_none():
    fitted = small(epochs=1).fit(worlds.names(5))
    del fitted.state["net.to_tags.bias"]
    with pytest.raises(FormatError, match=r"to_tags.bias of shape none"):
        net_of(fitted)
    fitted.kind = "skipgram"
    with pytest.raises(FormatError, match="one of kind skipgram, expected a tagger"):
        net_of(fitted)
    with pytest.raises(FormatError, match="one of kind skipgram, expected one of kind elmo"):
        small().fit(worlds.names(3), elmo=fitted)


def test_conll2000_begins_to_be_learnt(shared):
    """A smoke test: some sentences, a few passes."""
    from firth.text.span_scores import span_scores

    source = Tagged(shared / "data" / "tag" / "conll2000" / "train.txt.gz", columns="0:2")
    sentences = list(itertools.islice(source, 130))
    train, test = sentences[:100], sentences[100:]
    gold = [tags for _, tags in test]
    nothing = span_scores(gold, [["O"] * len(tags) for tags in gold])
    fitted = Tagger(epochs=3, units=40, batch_tokens=100, rate=0.01, threads=1).fit(train)
    found = Predictor(fitted, threads=1).evaluate(test)
    assert nothing.f1 == 0 and found.scores.f1 > 0.4
