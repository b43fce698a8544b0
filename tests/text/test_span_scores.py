"""Scores of spans: conlleval's output, its walk through the tags, seqeval, a published figure."""

import itertools
import json
import random
import warnings
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, SettingError, VocabularyError
from firth.text.span_scores import Score, span_scores, tag_scores
from firth.text.tag_schemes import converted
from firth.text.tagged import Tagged

GOLD = """
B-NP I-NP B-VP O B-PP B-NP
B-NP B-NP I-NP O B-ADJP I-ADJP I-ADJP
I-NP I-VP O O
O
B-X-1 I-X-1 B-X-1
"""
FOUND = """
B-NP I-NP I-VP O B-PP I-NP
B-NP I-NP I-NP O I-ADJP I-ADJP O
B-NP B-VP I-VP O
B-LST
B-X-1 I-X-1 I-X-2
"""
#: what conlleval (2004-01-26) prints for a file of these tags
PRINTED = """\
processed 21 tokens with 11 phrases; found: 11 phrases; correct: 6.
accuracy:  52.38%; precision:  54.55%; recall:  54.55%; FB1:  54.55
             ADJP: precision:   0.00%; recall:   0.00%; FB1:   0.00  1
              LST: precision:   0.00%; recall:   0.00%; FB1:   0.00  1
               NP: precision:  75.00%; recall:  60.00%; FB1:  66.67  4
               PP: precision: 100.00%; recall: 100.00%; FB1: 100.00  1
               VP: precision:  50.00%; recall:  50.00%; FB1:  50.00  2
              X-1: precision: 100.00%; recall:  50.00%; FB1:  66.67  1
              X-2: precision:   0.00%; recall:   0.00%; FB1:   0.00  1
"""


def lines(text):
    return [line.split() for line in text.strip().split("\n")]


def test_the_output_of_conlleval():
    scores = span_scores(lines(GOLD), lines(FOUND))
    assert scores.conlleval() == PRINTED
    assert scores.micro == Score(gold=11, found=11, correct=6)
    assert (scores.tokens, scores.correct_tokens) == (21, 11)
    assert scores.labels["NP"] == Score(gold=5, found=4, correct=3)
    assert scores.labels["NP"].f1 == pytest.approx(2 / 3)
    assert list(scores.labels) == ["ADJP", "LST", "NP", "PP", "VP", "X-1", "X-2"]


def test_none_right_and_all_right():
    """The negative control: other labels, and spans that only overlap."""
    gold = lines(GOLD)
    none = [[tag.replace("-", "-Y", 1) for tag in tags] for tags in gold]
    scores = span_scores(gold, none)
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)
    assert scores.correct_tokens == sum(tag == "O" for tags in gold for tag in tags)
    shorter = [["B-A", "I-A", "O"]], [["B-A", "O", "O"]]
    assert span_scores(*shorter).f1 == span_scores(*shorter[::-1]).f1 == 0
    scores = span_scores(gold, gold)
    assert scores.precision == scores.recall == scores.f1 == scores.accuracy == 1


def begins(before, after):
    """conlleval's startOfChunk, with its later rules for S."""
    (p, label), (q, next_label) = before, after
    pairs = {"BB", "IB", "OB", "SB", "EB", "BS", "IS", "OS", "SS", "ES", "OI", "SI", "EI"}
    return p + q in pairs | {"SE", "EE", "OE"} or (q != "O" and label != next_label)


def ends(before, after):
    """conlleval's endOfChunk, with its later rules for S."""
    (p, label), (q, next_label) = before, after
    pairs = {"BB", "BS", "BO", "IB", "IS", "IO", "EE", "EI", "EO", "ES", "EB"}
    pairs |= {"SE", "SI", "SO", "SS", "SB"}
    return p + q in pairs or (p != "O" and label != next_label)


def walked(gold, found):
    """conlleval's way: one pass over all tokens, with the span that has been right so far."""
    out = ("O", "")
    true, predicted, right = Counter(), Counter(), Counter()
    inside, last = False, (out, out)
    rows = []
    for true_tags, predicted_tags in zip(gold, found, strict=True):
        rows += [*zip(true_tags, predicted_tags, strict=True), ("O", "O")]
    for row in rows:
        now = tuple((tag[0], tag[2:]) for tag in row)
        closes = [ends(*pair) for pair in zip(last, now, strict=True)]
        opens = [begins(*pair) for pair in zip(last, now, strict=True)]
        if inside:
            if all(closes) and last[0][1] == last[1][1]:
                inside = False
                right[last[0][1]] += 1
            elif closes[0] != closes[1] or now[0][1] != now[1][1]:
                inside = False
        if all(opens) and now[0][1] == now[1][1]:
            inside = True
        true[now[0][1]] += opens[0]
        predicted[now[1][1]] += opens[1]
        last = now
    if inside:
        right[last[0][1]] += 1
    return true, predicted, right


def assert_walked(gold, found):
    scores = span_scores(gold, found)
    true, predicted, right = walked(gold, found)
    counts = (true.total(), predicted.total(), right.total())
    assert (scores.micro.gold, scores.micro.found, scores.micro.correct) == counts
    for label in (+true).keys() | (+predicted).keys():
        assert scores.labels[label] == Score(true[label], predicted[label], right[label])


def test_every_pair_of_short_sentences_is_scored_as_by_walking():
    every = ["O", *(f"{letter}-{label}" for letter in "BIES" for label in "XY")]
    for length in (1, 2):
        for gold in itertools.product(every, repeat=length):
            for found in itertools.product(every, repeat=length):
                assert_walked([gold], [found])


TAG = st.sampled_from(["O", *(f"{letter}-{label}" for letter in "BIES" for label in ("X", "Y-Z"))])
PAIRS = st.lists(st.lists(st.tuples(TAG, TAG), max_size=9), min_size=1, max_size=6)


@given(PAIRS)
@settings(deadline=None)
def test_any_tags_are_scored_as_by_walking(pairs):
    gold = [[a for a, _ in pair] for pair in pairs]
    found = [[b for _, b in pair] for pair in pairs]
    assert_walked(gold, found)


@given(PAIRS, st.sampled_from(["IOB1", "IOB2", "IOBES"]))
@settings(deadline=None)
def test_the_scheme_does_not_change_the_spans(pairs, scheme):
    gold = [[a for a, _ in pair] for pair in pairs]
    found = [[b for _, b in pair] for pair in pairs]
    other = [[converted(tags, None, scheme) for tags in side] for side in (gold, found)]
    here, there = span_scores(gold, found), span_scores(*other)
    assert (here.micro, here.labels, here.tokens) == (there.micro, there.labels, there.tokens)


def corrupted(gold, seed, every):
    rng = random.Random(seed)
    return [[tag if rng.random() < 0.8 else rng.choice(every) for tag in tags] for tags in gold]


def test_equal_to_seqeval():
    metrics = pytest.importorskip("seqeval.metrics", reason="seqeval judges the scores")
    rng = random.Random(3)
    every = ["O", *(f"{letter}-{label}" for letter in "BIES" for label in ("PER", "A-B", "L"))]
    for trial in range(60):
        some = every if trial % 2 else [tag for tag in every if tag[0] in "BIO"]
        gold = [rng.choices(some, k=rng.randint(1, 9)) for _ in range(20)]
        found = corrupted(gold, trial, some)
        scores = span_scores(gold, found)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of labels that are never predicted
            named = metrics.classification_report(gold, found, output_dict=True)
        assert named["micro avg"]["precision"] == pytest.approx(scores.precision, abs=1e-12)
        assert named["micro avg"]["recall"] == pytest.approx(scores.recall, abs=1e-12)
        assert metrics.f1_score(gold, found) == pytest.approx(scores.f1, abs=1e-12)
        assert metrics.accuracy_score(gold, found) == pytest.approx(scores.accuracy, abs=1e-12)
        for label, score in scores.labels.items():
            assert named[label]["f1-score"] == pytest.approx(score.f1, abs=1e-12)
            assert named[label]["support"] == score.gold


def test_tags_without_a_label():
    scores = span_scores([["B", "I", "O", "B"]], [["B", "I", "O", "O"]])
    assert scores.labels == {"": Score(2, 1, 1)}
    assert span_scores([["B-"]], [["B"]]).accuracy == 1


def test_nothing_to_score():
    for gold, found in (([], []), ([[]], [[]]), ([["O"]], [["O"]])):
        scores = span_scores(gold, found)
        assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)
        assert scores.labels == {}
    assert span_scores([], []).accuracy == 0
    assert span_scores([], []).conlleval() == (
        "processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n"
    )
    assert tag_scores([], []).accuracy == 0


def test_how_often_the_predicted_tags_break_their_scheme():
    gold, found = [["B-X", "I-X"], ["O"]], [["I-X", "E-X"], ["O"]]
    assert span_scores(gold, found).broken is None
    scores = span_scores(gold, found, scheme="BIO")
    assert scores.broken == 2
    assert scores.f1 == 1  # what was predicted is read as conlleval reads it
    assert span_scores(gold, gold, scheme="BIO").broken == 0
    with pytest.raises(SettingError, match="scheme='BILO' is not one of"):
        span_scores(gold, found, scheme="BILO")


def test_json():
    document = json.loads(json.dumps(span_scores(lines(GOLD), lines(FOUND)).to_json()))
    assert document["f1"] == document["precision"] == document["recall"] == pytest.approx(6 / 11)
    assert document["accuracy"] == pytest.approx(11 / 21)
    assert document["labels"]["PP"] == {
        "precision": 1,
        "recall": 1,
        "f1": 1,
        "gold": 1,
        "found": 1,
        "correct": 1,
    }
    assert "broken" not in document
    assert span_scores([["O"]], [["I"]], scheme="BIO").to_json()["broken"] == 1
    document = json.loads(json.dumps(tag_scores([["A", "B"]], [["A", "A"]]).to_json()))
    assert document["accuracy"] == 0.5
    assert document["labels"]["A"]["precision"] == 0.5


def test_tags_of_single_tokens():
    gold = [["DET", "NOUN"], [], ["NOUN", "VERB"]]
    found = [["DET", "VERB"], [], ["NOUN", "X"]]
    scores = tag_scores(gold, found)
    assert (scores.tokens, scores.correct, scores.accuracy) == (4, 2, 0.5)
    assert scores.labels == {
        "DET": Score(1, 1, 1),
        "NOUN": Score(2, 1, 1),
        "VERB": Score(1, 1, 0),
        "X": Score(0, 1, 0),
    }
    once = tag_scores(iter(gold), (tags for tags in found))
    assert once == scores


def test_sides_that_do_not_fit():
    for score in (span_scores, tag_scores):
        with pytest.raises(CorpusError, match="^Sentence 2 has 2 true tags and 1 predicted ones;"):
            score([["O"], ["O", "O"]], [["O"], ["O"]])
        with pytest.raises(CorpusError, match="are 1 sentences with predicted tags, and more with"):
            score([["O"], ["O"]], [["O"]])
        with pytest.raises(CorpusError, match="are 0 sentences with true tags, and more with pred"):
            score([], [["O"]])
        with pytest.raises(CorpusError, match="The predicted tags of sentence 1 are the text 'OO'"):
            score([["O", "O"]], ["OO"])
    with pytest.raises(VocabularyError, match="'NN' is no tag of a span;.*score them as tags"):
        span_scores([["NN"]], [["NN"]])


def test_the_published_baseline_of_conll_2000(shared):
    """Each part of speech gets the chunk tag it has most often: 72.58, 82.14, 77.07.

    Tjong Kim Sang & Buchholz 2000, table 3: printed by conlleval, of tags that break their scheme.
    """
    folder = shared / "data/tag/conll2000"
    counts = defaultdict(Counter)
    of_words = Tagged(folder / "train.txt.gz", columns="1:2")  # the parts of speech as the words
    for pos, chunks in of_words:
        for one, chunk in zip(pos, chunks, strict=True):
            counts[one][chunk] += 1
    most = {one: count.most_common(1)[0][0] for one, count in counts.items()}
    test = list(Tagged(folder / "test.txt.gz", columns="1:2"))
    found = [[most[one] for one in pos] for pos, _ in test]
    scores = span_scores([chunks for _, chunks in test], found, scheme="BIO")
    assert scores.broken > 1000
    printed = scores.conlleval().split("\n")[1]
    assert "precision:  72.58%; recall:  82.14%; FB1:  77.07" in printed
