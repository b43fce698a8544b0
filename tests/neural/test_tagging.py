"""Predictions: equal to enumeration, in the order of the input, sure of what is sure."""

import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import Tagger  # noqa: E402  # after importorskip
from firth.errors import SettingError  # noqa: E402
from firth.neural.tagging import Predictor  # noqa: E402
from firth.neural.words import Words  # noqa: E402
from firth.text.span_scores import span_scores, tag_scores  # noqa: E402
from firth.text.tag_schemes import spans  # noqa: E402
from neural import tagged_worlds as worlds  # noqa: E402

SMALL = {
    "dim": 8, "units": 8, "character_dim": 4, "character_width": 8, "epochs": 3, "rate": 0.02,
    "batch_tokens": 60, "threads": 1, "device": "cpu", "precision": "fp32", "min_count": 1,
}  # fmt: skip


def trained(head="crf", sentences=None, **changes):
    settings = Tagger(**{**SMALL, "head": head, **changes})
    return settings.fit(worlds.names(60) if sentences is None else sentences)


@pytest.fixture(scope="module")
def fitted():
    return trained(epochs=8)


@pytest.fixture(scope="module")
def predictor(fitted):
    return Predictor(fitted, device="cpu", threads=1)


SHORT = [["mr", "ba"], ["at"], ["ba", "ko", "."]]


def enumerated(predictor, words):
    """(labels, p) of every sequence of labels, by the emissions and the CRF's scores."""
    K = len(predictor.labels)
    found = []
    with torch.no_grad():
        parts = predictor.net.words.prepare(Words([words]))
        e = predictor.net.emissions(parts, Words([words]).batch(np.array([0])))
        every = torch.tensor(list(itertools.product(range(K), repeat=len(words))))
        if predictor.net.crf is not None:
            scores = predictor.net.crf.score(e.expand(len(every), -1, -1), every)
        else:
            log_p = torch.log_softmax(e[0].double(), -1)
            scores = log_p[torch.arange(len(words)), every].sum(1)
    p = torch.softmax(scores, 0)
    found = sorted(zip(every.tolist(), p.tolist(), strict=True), key=lambda one: -one[1])
    return [(labels, p) for labels, p in found if p > 0]


@pytest.mark.parametrize("words", SHORT, ids=" ".join)
@pytest.mark.parametrize("head", ["crf", "linear"])
def test_predictions_are_those_of_enumeration(fitted, words, head):
    predictor = Predictor(fitted if head == "crf" else trained("linear"), device="cpu")
    every = enumerated(predictor, words)
    names = predictor.labels.names
    found = predictor.predict([words])[0]
    best, p = every[0]
    assert found.tags == predictor.labels.tags(best) and found.tokens == words
    assert found.probability == pytest.approx(p, rel=1e-4)
    marginals = predictor.marginals([words])[0]
    for t in range(len(words)):
        for j in range(len(names)):
            single = sum(p for labels, p in every if labels[t] == j)
            assert marginals[t, j] == pytest.approx(single, abs=1e-5)
        # of the tag as it is written: S- and B- of the labels are one B-
        written = [predictor.labels.tags(labels)[t] == found.tags[t] for labels, _ in every]
        if head == "linear":  # sequences that break the scheme are repaired, each by its own
            letter, label = names[best[t]][0], names[best[t]][1:]
            letters = next(some for some in ("O", "BS", "IE") if letter in some)
            alike = {one + label for one in letters}
            written = [names[labels[t]] in alike for labels, _ in every]
        total = sum(p for (_, p), same in zip(every, written, strict=True) if same)
        assert found.confidence[t] == pytest.approx(total, abs=1e-5)
    assert [span[:3] for span in found.spans] == [tuple(s) for s in predictor.labels.spans_of(best)]
    for span in found.spans:
        here = best[span.start : span.stop]
        total = sum(p for labels, p in every if labels[span.start : span.stop] == here)
        assert span.confidence == pytest.approx(total, rel=1e-3)
        assert span.text == " ".join(words[span.start : span.stop])


def test_the_n_best_are_those_of_enumeration(predictor):
    for words in SHORT:
        every = enumerated(predictor, words)
        found = predictor.n_best([words], 5)[0]
        for one, (labels, p) in zip(found, every[:5], strict=True):
            assert one.probability == pytest.approx(p, rel=1e-4)
            assert one.tags == predictor.labels.tags(labels)
    # of one word there are few sequences: no more are made up
    few = predictor.n_best([["ba"]], 100)[0]
    singles = [name for name in predictor.labels.names if name[0] in "OS"]
    assert len(few) == len(singles)
    assert math.fsum(one.probability for one in few) == pytest.approx(1, abs=1e-5)


def test_one_by_one_is_all_at_once(predictor):
    sentences = [words for words, _ in worlds.names(50, seed=3)] + [[], ["new", "words"]]
    together = predictor.predict(sentences)
    assert predictor.tags(sentences) == [one.tags for one in together]
    for words, whole in zip(sentences, together, strict=True):
        alone = predictor.predict([words])[0]
        assert (alone.tokens, alone.tags) == (words, whole.tags)
        assert alone.confidence == pytest.approx(whole.confidence, abs=1e-4)
    assert together[-2].probability == 1 and together[-2].tokens == []
    before = predictor.at_once
    predictor.at_once = 1
    assert predictor.tags(iter(sentences)) == [one.tags for one in together]
    predictor.at_once = before


def test_an_answer_comes_before_the_next_line_is_read(predictor):
    """For whoever types them."""
    asked = []

    def lines():
        for number in range(3):
            asked.append(number)
            yield "at ba"

    before = predictor.at_once
    predictor.at_once = 1
    found = predictor.tagged(lines())
    next(found)
    assert asked == [0]
    assert len(list(found)) == 2
    predictor.at_once = before


def test_lines_are_cut_and_places_are_theirs(predictor):
    line = "so mr ba ko. At ri!"
    found = predictor.predict([line, "", ["at", "ri"]])
    assert found[0].tokens == ["so", "mr", "ba", "ko", ".", "At", "ri", "!"]
    assert [line[a:b] for a, b in found[0].places] == found[0].tokens
    for span in found[0].spans:
        start, stop = found[0].places[span.start][0], found[0].places[span.stop - 1][1]
        assert span.text == line[start:stop]
    assert found[1].tokens == [] and found[2].places is None
    document = found[0].to_json()
    assert document["places"][0] == (0, 2) and "places" not in found[2].to_json()
    assert set(document["spans"][0]) == {"label", "start", "stop", "text", "confidence"}


def test_a_tokenizer_of_ones_own(fitted):
    blanks = Predictor(fitted, device="cpu", tokenizer="whitespace")
    assert blanks.predict(["Mr. ba!"])[0].tokens == ["Mr.", "ba!"]
    letters = Predictor(fitted, device="cpu", tokenizer=list)
    assert letters.predict(["ab"])[0].tokens == ["a", "b"]


def test_evaluate_counts_as_conlleval(fitted, predictor):
    test = worlds.names(40, seed=4)
    found = predictor.evaluate(test)
    gold, tags = [tags for _, tags in test], predictor.tags([words for words, _ in test])
    assert found.scores == span_scores(gold, tags)
    assert found.sentences == 40 and found.strange == {}
    wrong = sum(len(set(spans(a)) - set(spans(b))) for a, b in zip(gold, tags, strict=True))
    assert sum(one.count for one in found.errors if one.true != "nothing") == wrong
    document = found.to_json()
    assert {"accuracy", "f1", "precision", "recall", "labels"} <= set(document)


def test_evaluate_tags_that_are_no_spans():
    predictor = Predictor(trained(sentences=worlds.neighbours(20)), device="cpu")
    test = [*worlds.neighbours(10, seed=2), (["the", "zebra"], ["DET", "X"]), ([], [])]
    found = predictor.evaluate(test)
    tags = predictor.tags([words for words, _ in test])
    assert found.scores == tag_scores([tags for _, tags in test], tags)
    document = found.to_json()
    assert document["f1"] == document["precision"] == document["accuracy"]
    assert found.strange == {"X": 1} and found.unseen == 1 and found.unseen_correct == 0
    assert ("X", 1) in [(one.true, one.count) for one in found.errors]
    assert document["unseen"] == {"tokens": 1, "accuracy": 0}


def test_bad_requests(fitted, predictor):
    with pytest.raises(SettingError, match="for one of them, .sentence."):
        predictor.tags("a sentence")
    with pytest.raises(SettingError, match="n=0 is out of range"):
        predictor.n_best([["a"]], 0)
    linear = Predictor(trained("linear", epochs=1), device="cpu")
    with pytest.raises(SettingError, match="need a model with head=crf"):
        linear.n_best([["a"]], 2)
    with pytest.raises(SettingError, match="no CUDA|numbered from 0"):
        Predictor(fitted, device="cuda:99")


def test_a_long_sentence_and_strange_words(predictor):
    found = predictor.predict([["ba"] * 5000, ["中文", "\U0001f600" * 60, ""]])
    assert len(found[0].tags) == 5000 and len(found[1].tags) == 3
    assert all(0 <= one <= 1 for one in found[0].confidence)
    assert np.isfinite(predictor.marginals([["ba"] * 5000])[0]).all()
