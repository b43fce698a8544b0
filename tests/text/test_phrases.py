"""Phrases: against plain dictionaries, gensim and word2phrase; kept, loaded, applied to text."""

import gzip
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import Corpus, PhraseModel, Phrases, SkipGram, load
from firth.errors import CorpusError, FormatError, ModelExistsError, SettingError, VocabularyError
from firth.progress import Progress
from firth.text import find_phrases, phrase_counts, pieces
from firth.text.stream import encode
from oracles.phrases import joined, scored

ONE = {"threads": 1}


def text(lines=400, seed=1):
    """Lines of few words, so that many pairs are frequent; of and the stand between some."""
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(12)] + ["of", "the", "of"]
    return [rng.choices(words, k=rng.randrange(12)) for _ in range(lines)]


def world(lines=500, seed=3):
    """Words at random; "new york" and "new york city" stand together, as does "bank of america"."""
    rng = random.Random(seed)
    plain = [f"w{i}" for i in range(40)] + ["new", "york", "city", "bank", "of", "america"]
    planted = [["new", "york"], ["new", "york", "city"], ["bank", "of", "america"]]
    result = []
    for _ in range(lines):
        line = rng.choices(plain, k=4) + rng.choice(planted) + rng.choices(plain, k=3)
        result.append(line)
    return result


class Listener(Progress):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def decoded(encoded):
    """The lines of an encoded text, as words."""
    names, ids = encoded.vocabulary.names, encoded.stream.ids.tolist()
    edges = [0, *encoded.stream.ends.tolist()]
    return [[names[i] for i in ids[a:b]] for a, b in zip(edges, edges[1:], strict=False)]


CASES = [
    {"scoring": "vocabulary", "min_count": 2, "threshold": 0.02},
    {"scoring": "vocabulary", "min_count": 1, "threshold": 0.0},
    {"scoring": "tokens", "min_count": 3, "threshold": 0.05},
    {"scoring": "npmi", "min_count": 4, "threshold": -0.3},
]


@pytest.mark.parametrize("connectors", [(), ("of", "the")], ids=["plain", "connectors"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["scoring"])
class TestAgainstTheDefinition:
    def test_the_list(self, case, connectors):
        lines = text()
        model = Phrases(connector_words=connectors, **case, **ONE).fit(lines)
        expected = scored(lines, connectors=connectors, **case)
        (only,) = model.passes
        found = zip(only.scores, only.counts, strict=True)
        assert dict(zip(only.phrases, found, strict=True)) == expected
        order = [(-score, words) for words, score in zip(only.phrases, only.scores, strict=True)]
        assert order == sorted(order)
        # the threshold cuts: the test is about something
        assert len(expected) > 0
        assert any(len(words) > 2 for words in expected) == bool(connectors)

    def test_applied(self, case, connectors):
        lines = text()
        model = Phrases(connector_words=connectors, **case, **ONE).fit(lines)
        phrases = set(model.passes[0].phrases)
        other = [*text(100, seed=9), [], ["of", "the"], ["of", "w1"], ["w1"]]
        expected = [joined(line, phrases, connectors) for line in other]
        assert expected != other
        assert [model.apply(line) for line in other] == expected
        corpus = Corpus(other, phrases=model)
        assert list(corpus) == expected
        encoded = encode(corpus, min_count=1, every_line=True)
        assert decoded(encoded) == expected
        assert encoded.tokens == sum(map(len, expected))
        assert encoded.types == len({word for line in expected for word in line})
        assert encoded.lines == len(other)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "of", "ä\t"]), max_size=9)),
    case=st.sampled_from(CASES),
    connectors=st.sampled_from([(), ("of",), ("of", "d")]),
)
def test_any_text(lines, case, connectors):
    lines = [*lines, ["a", "b", "c"]]
    expected = scored(lines, connectors=connectors, **case)
    make = Phrases(connector_words=connectors, **case, **ONE)
    if not expected:
        with pytest.raises(VocabularyError):
            make.fit(lines)
        return
    model = make.fit(lines)
    assert dict(zip(model.passes[0].phrases, model.passes[0].scores, strict=True)) == {
        words: score for words, (score, _) in expected.items()
    }
    corpus = Corpus(lines, phrases=model)
    same = [joined(line, set(expected), connectors) for line in lines]
    assert list(corpus) == same
    assert decoded(encode(corpus, min_count=1, every_line=True)) == same


@pytest.mark.parametrize("connectors", ["", "of"])
def test_planted_phrases(connectors):
    lines = world()
    model = Phrases(passes=2, connector_words=connectors, threshold=3, **ONE).fit(lines)
    # the control: the same words in any order have no phrases like that
    rng = random.Random(1)
    shuffled = [rng.sample(line, len(line)) for line in lines]
    try:
        control = Phrases(passes=2, connector_words=connectors, threshold=3, **ONE).fit(shuffled)
        names = set(control.phrases)
    except VocabularyError:
        names = set()
    planted = {"new_york", "new_york_city"} | ({"bank_of_america"} if connectors else set())
    assert not planted & names
    assert planted <= set(model.phrases)
    assert "new_york_city" in model.apply(["we", "saw", "new", "york", "city", "there"])
    assert "new_york" in model.apply(["we", "saw", "new", "york", "there"])
    one = Phrases(connector_words=connectors, threshold=3, **ONE).fit(lines)
    assert one.apply(["new", "york", "city"]) == ["new_york", "city"]


def test_passes_are_passes_one_after_another():
    lines = world()
    whole = Phrases(passes=3, threshold=2, **ONE).fit(lines)
    model = None
    for _ in whole.passes:
        model = Phrases(threshold=2, **ONE).fit(Corpus(lines, phrases=model))
    assert [p.phrases for p in model.passes] == [p.phrases for p in whole.passes]
    assert [p.scores for p in model.passes] == [p.scores for p in whole.passes]
    assert len(whole.passes) > 1


def test_no_chain_inside_a_pass():
    model = Phrases(min_count=1, threshold=0, **ONE).fit([["a", "b", "c"]] * 3)
    assert set(model.passes[0].phrases) == {("a", "b"), ("b", "c")}
    assert model.apply(["a", "b", "c"]) == ["a_b", "c"]
    assert decoded(encode(Corpus([["a", "b", "c"]], phrases=model), min_count=1)) == [["a_b", "c"]]


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("connectors", ["", "of the"])
def test_threads_change_nothing(threads, connectors, monkeypatch, tmp_path):
    # small pieces, several ranges of words, and a file instead of memory
    monkeypatch.setattr(pieces, "SIZE", 50)
    lines = world()
    args = {"passes": 2, "threshold": 1.0, "connector_words": connectors}
    one = Phrases(**args, **ONE).fit(lines)
    monkeypatch.setattr(phrase_counts, "HELD", 700)
    monkeypatch.setattr(find_phrases, "MEMORY", 0)
    many = Phrases(**args, threads=threads).fit(lines)
    assert many.passes == one.passes
    corpus = Corpus(lines, phrases=one)
    expected = decoded(encode(corpus, min_count=1))
    assert decoded(encode(corpus, min_count=1, threads=threads, memory=0)) == expected


def test_across_lines_as_word2phrase_counts():
    lines = [["a", "b"], ["c", "d"]] * 10
    within = Phrases(min_count=1, threshold=0, **ONE).fit(lines)
    across = Phrases(min_count=1, threshold=0, across_lines=True, **ONE).fit(lines)
    assert set(within.phrases) == {"a_b", "c_d"}
    counts = dict(zip(across.passes[0].phrases, across.passes[0].counts, strict=True))
    assert counts == {("a", "b"): 10, ("c", "d"): 10, ("b", "c"): 10, ("d", "a"): 9}
    # counted, but never joined
    assert list(Corpus(lines[:2], phrases=across)) == [["a_b"], ["c_d"]]


def test_across_lines_over_pieces(monkeypatch):
    lines = [[word] for word in "abcabdab"] + [[]]
    args = {"scoring": "npmi", "min_count": 1, "threshold": -1, "across_lines": True}
    whole = Phrases(**args, **ONE).fit(lines)
    monkeypatch.setattr(pieces, "SIZE", 1)
    # blocks of one line each, so that no piece holds a pair
    parts = Phrases(**args, **ONE).fit(Corpus(*[[line] for line in lines]))
    assert parts.passes == whole.passes
    assert dict(zip(whole.passes[0].phrases, whole.passes[0].counts, strict=True)) == {
        ("a", "b"): 3,
        ("b", "c"): 1,
        ("c", "a"): 1,
        ("b", "d"): 1,
        ("d", "a"): 1,
    }


def test_max_size():
    lines = world()
    every = Phrases(threshold=0.5, **ONE).fit(lines)
    some = Phrases(threshold=0.5, max_size=3, **ONE).fit(lines)
    assert some.passes[0].phrases == every.passes[0].phrases[:3]
    assert len(every) > 3


def test_connectors_are_folded_with_the_text():
    lines = ["the Bank Of America"] * 9 + [f"w{i}" for i in range(90)]
    model = Phrases(connector_words="OF, the", threshold=1, **ONE).fit(lines)
    assert model.connector_words == ["of", "the"]
    assert set(model.phrases) == {"bank_of_america"}


def test_a_phrase_that_is_spelled_like_a_word_is_that_word():
    lines = [["new", "york"]] * 5 + [["new_york"]] * 4 + [[f"w{i}"] for i in range(60)]
    listener = Listener()
    model = Phrases(min_count=2, threshold=1, **ONE).fit(lines, progress=listener)
    assert "Words of the text hold the delimiter '_' themselves ('new_york')" in listener.said[0]
    vocabulary = encode(Corpus(lines, phrases=model), min_count=2).vocabulary
    assert vocabulary.names == ["new_york"]
    assert vocabulary.counts.tolist() == [9]
    listener = Listener()
    Phrases(min_count=2, threshold=1, delimiter="+", **ONE).fit(lines, progress=listener)
    assert listener.said == []


class TestWord2phrase:
    def test_golden(self, shared):
        corpus = shared / "golden" / "corpus.txt.gz"
        model = Phrases(scoring="tokens", threshold=50, across_lines=True, **ONE).fit(
            Corpus(corpus, tokenizer="whitespace")
        )
        found = Corpus(corpus, tokenizer="whitespace", phrases=model)
        written = "".join("".join(f" {word}" for word in line) + "\n" for line in found)
        with gzip.open(shared / "golden" / "phrases.txt.gz") as golden:
            assert written.encode() == golden.read()
        # the control: another threshold joins others
        model = Phrases(scoring="tokens", threshold=100, across_lines=True, **ONE).fit(
            Corpus(corpus, tokenizer="whitespace")
        )
        other = Corpus(corpus, tokenizer="whitespace", phrases=model)
        assert list(other) != list(found)


class TestGensim:
    """Names, scores to the last bit, and the joined text."""

    @pytest.fixture(autouse=True)
    def theirs(self):
        self.theirs = pytest.importorskip(
            "gensim.models.phrases", reason="gensim is not installed (extra bench)"
        )

    @pytest.mark.parametrize("connectors", [(), ("of", "the")], ids=["plain", "connectors"])
    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({}, {}),
            ({"min_count": 1, "threshold": 0.5}, {"min_count": 1, "threshold": 0.5}),
            ({"scoring": "npmi"}, {"scoring": "npmi", "threshold": 0.5}),
            (
                {"scoring": "npmi", "threshold": -0.5, "min_count": 1},
                {"scoring": "npmi", "threshold": -0.5, "min_count": 1},
            ),
        ],
    )
    def test_the_same(self, settings, named, connectors):
        lines = world() + text()
        # rarer words, so that some pairs reach the thresholds
        lines += [[f"x{i % 9}", f"y{i % 9}", f"z{i}"] for i in range(300)]
        model = Phrases(**settings, connector_words=connectors, **ONE).fit(lines)
        gensim = self.theirs.Phrases(lines, **named, connector_words=frozenset(connectors))
        assert model.phrases == gensim.export_phrases()
        assert len(model) > 0
        other = text(seed=5) + world(seed=6)
        assert [model.apply(line) for line in other] == [gensim[line] for line in other]

    def test_two_passes(self):
        lines = world()
        model = Phrases(passes=2, threshold=2, **ONE).fit(lines)
        first = self.theirs.Phrases(lines, threshold=2)
        second = self.theirs.Phrases([first[line] for line in lines], threshold=2)
        assert [model.apply(line) for line in lines] == [second[first[line]] for line in lines]

    def test_golden_corpus(self, shared):
        corpus = Corpus(shared / "golden" / "corpus.txt.gz", tokenizer="whitespace")
        lines = list(corpus)
        model = Phrases(**ONE).fit(corpus)
        gensim = self.theirs.Phrases(lines)
        assert model.phrases == gensim.export_phrases()
        assert list(corpus.with_phrases(model)) == [gensim[line] for line in lines]


class TestKept:
    @pytest.fixture
    def model(self):
        lines = [["a\tb", "c\\n", "of", "\nd", "\x85"]] * 6 + world()
        return Phrases(connector_words="of", passes=2, threshold=0.1, **ONE).fit(lines)

    def test_round_trip(self, model, tmp_path):
        model.save(tmp_path / "p")
        again = PhraseModel.load(tmp_path / "p")
        assert again.passes == model.passes
        for name in ("delimiter", "connector_words", "settings", "corpus", "history", "kind"):
            assert getattr(again, name) == getattr(model, name)
        assert again.digest() == model.digest()
        assert len(again) == len(model) == len(PhraseModel.open(tmp_path / "p"))
        assert ("c\\n", "of", "\nd") in again.passes[0].phrases
        with pytest.raises(ModelExistsError, match="--overwrite"):
            model.save(tmp_path / "p")
        model.save(tmp_path / "p", overwrite=True)

    def test_what_it_remembers(self, model):
        assert model.settings["passes"] == 2
        assert model.settings["threshold"] == 0.1
        assert model.corpus["tokenizer"] == "given"
        assert [entry["pass"] for entry in model.history] == [1, 2]
        assert model.history[0]["phrases"] == len(model.passes[0].phrases)
        best = model.top(3)
        assert best[0].score == max(model.phrases.values())
        assert best[0].name in model.phrases

    def test_damage(self, model, tmp_path):
        path = tmp_path / "p"
        model.save(path)
        content = (path / "phrases.tsv").read_bytes()
        (path / "phrases.tsv").write_bytes(content[:-9])
        with pytest.raises(FormatError, match=r"phrases.tsv: found \d+ bytes, expected \d+ bytes"):
            PhraseModel.load(path)
        (path / "phrases.tsv").write_bytes(b"2" + content[1:])
        with pytest.raises(FormatError, match="CRC-32 differs"):
            PhraseModel.load(path)
        (path / "phrases.tsv").unlink()
        with pytest.raises(FormatError, match="no such file"):
            PhraseModel.load(path)
        (path / "phrases.tsv").write_bytes(content)
        described = json.loads((path / "model.json").read_text())
        for name, value, found in (
            ("kind", "skipgram", "a model of the kind 'skipgram'"),
            ("version", 9, "version 9"),
            ("delimiter", 7, "7 under 'delimiter'"),
            ("files", {}, "no whole entry for phrases.tsv"),
        ):
            (path / "model.json").write_text(json.dumps(described | {name: value}))
            with pytest.raises(FormatError, match=found):
                PhraseModel.load(path)
        (path / "model.json").write_text("{")
        with pytest.raises(FormatError, match="damaged JSON"):
            PhraseModel.load(path)
        with pytest.raises(FormatError, match="nothing there"):
            PhraseModel.load(tmp_path / "none")

    def test_lines_that_are_no_phrases(self, model, tmp_path, monkeypatch):
        model.save(tmp_path / "p")
        opened = PhraseModel.open(tmp_path / "p")
        file, _ = opened._file
        for line in ("1\tx\t3\ta\tb\n", "1\t2.0\n", "7\t2.0\t3\ta\tb\n"):
            file.write_text(line)
            import zlib

            opened._file = file, zlib.crc32(line.encode())
            with pytest.raises(FormatError, match="found the line"):
                _ = opened.passes

    def test_a_folder_of_phrases_is_no_model_of_words(self, model, tmp_path):
        model.save(tmp_path / "p")
        with pytest.raises(FormatError, match="a model of the kind phrases, expected one of words"):
            load(tmp_path / "p")


class TestModelsRemember:
    def fitted(self, corpus, **more):
        return SkipGram(dim=8, min_count=2, epochs=1, threads=1).fit(corpus, **more)

    def test_trained_saved_loaded(self, tmp_path):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        corpus = Corpus(world(), phrases=phrases)
        fitted = self.fitted(corpus)
        assert "new_york" in fitted.vectors
        assert fitted.corpus["phrases"] == len(phrases)
        assert fitted.corpus["phrases_such_as"] == [one.name for one in phrases.top(5)]
        fitted.save(tmp_path / "m")
        again = load(tmp_path / "m")
        assert again.phrases.passes == phrases.passes
        assert again.phrases.apply(["new", "york"]) == ["new_york"]
        # the control: without phrases there are none
        plain = self.fitted(Corpus(world()))
        assert "new_york" not in plain.vectors
        assert plain.phrases is None
        assert "phrases" not in plain.corpus

    def test_held_out_text_and_more_text_get_them_too(self):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        fitted = self.fitted(Corpus(world(), phrases=phrases), dev=world(50, seed=8))
        listener = Listener()
        more = self.fitted(world(seed=4), continue_from=fitted, progress=listener)
        assert more.phrases is phrases
        assert f"The {len(phrases)} phrases of the model are joined." in listener.said
        counts = dict(zip(more.vocabulary.names, more.state["counts"].tolist(), strict=True))
        assert counts["new_york"] > 1.5 * fitted.vocabulary.counts[fitted.vocabulary.id("new_york")]

    def test_a_checkpoint_has_them(self, tmp_path):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        corpus = Corpus(world(), phrases=phrases)
        make = SkipGram(dim=8, min_count=2, epochs=2, threads=1, checkpoint_every=0)
        fitted = make.fit(corpus, checkpoint=tmp_path / "c")
        assert load(tmp_path / "c").phrases.passes == phrases.passes
        again = make.fit(corpus, checkpoint=tmp_path / "c", resume=True)
        np.testing.assert_array_equal(again.vectors.matrix, fitted.vectors.matrix)

    def test_vocabulary_rules_hold_for_the_joined_text(self):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        corpus = Corpus(world(), phrases=phrases)
        lines = list(corpus)
        flat = [word for line in lines for word in line]
        encoded = encode(corpus, min_count=3, max_size=5)
        top = sorted({w: -flat.count(w) for w in set(flat)}.items(), key=lambda x: (x[1], x[0]))
        assert encoded.vocabulary.names == [word for word, _ in top[:5]]
        assert (encoded.vocabulary.types, encoded.vocabulary.tokens) == (len(top), len(flat))
        # the words of another text
        same = encode(corpus, vocabulary=encoded.vocabulary)
        np.testing.assert_array_equal(same.stream.ids, encoded.stream.ids)

    def test_phrases_that_never_occur_are_said(self):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        listener = Listener()
        encoded = encode(
            Corpus([["quite", "another", "text"]], phrases=phrases), min_count=1, progress=listener
        )
        assert encoded.types == 3
        assert "phrases occurs in this text" in listener.said[0]
        with pytest.raises(VocabularyError, match="None of the 3 words of this text"):
            other = encode(Corpus(world(), phrases=phrases)).vocabulary
            encode(Corpus([["quite", "another", "text"]], phrases=phrases), vocabulary=other)

    def test_the_fingerprint_knows_them(self):
        phrases = Phrases(threshold=2, **ONE).fit(world())
        corpus = Corpus(world())
        assert corpus.fingerprint() == corpus.with_phrases(None).fingerprint()
        assert corpus.fingerprint() != corpus.with_phrases(phrases).fingerprint()


class TestBadInput:
    @pytest.mark.parametrize(
        ("lines", "made", "words"),
        [
            ([["a"], ["b"]], {}, "No two words stand side by side in a line of these 2 tokens"),
            (
                [["a", "b"]],
                {"scoring": "npmi"},
                "No two words that occur min_count=5 times or more stand side by side",
            ),
            (
                [["a", "b"]] * 4 + [["a", "c"]],
                {},
                "0 of 2 pairs of words reached min_count=5; the most frequent is 'a b' (4). "
                "Lower min_count, or give more text.",
            ),
            (
                [["a"] * 50],
                {},
                "None of the 1 pairs that occur 5 times or more scores above threshold=10 "
                "(scoring=vocabulary); the best is 'a a' with 0.0352. Lower threshold.",
            ),
            (
                [["a", "of", "b"]] * 3,
                {"connector_words": "of"},
                "the most frequent is 'a of b' (3)",
            ),
        ],
    )
    def test_no_phrase(self, lines, made, words):
        with pytest.raises(VocabularyError) as error:
            Phrases(**made, **ONE).fit(lines)
        assert words in str(error.value)

    def test_nothing_but_connectors(self):
        with pytest.raises(VocabularyError, match="No two words stand side by side"):
            Phrases(connector_words="of the", **ONE).fit([["of", "the"]] * 9)

    def test_no_token(self):
        with pytest.raises(CorpusError, match="not a single token"):
            Phrases(**ONE).fit(["", " "])

    def test_a_later_pass_without_phrases_is_said(self):
        listener = Listener()
        lines = [["a", "b"]] * 9 + [[f"w{i}"] for i in range(90)]
        model = Phrases(passes=4, threshold=1, **ONE).fit(lines, progress=listener)
        assert len(model.passes) == 1
        assert listener.said == ["Pass 2 found no phrase more."]

    @pytest.mark.parametrize(
        ("made", "words"),
        [
            (
                {"scoring": "npmi", "threshold": 2},
                "threshold=2.0 is out of range; wanted a number from -1 to 1 for scoring='npmi'.",
            ),
            ({"threshold": -1}, "threshold=-1.0 is out of range; wanted a number of at least 0"),
            ({"min_count": 0}, "min_count=0 is out of range"),
            ({"passes": 0}, "passes=0 is out of range"),
            ({"scoring": "pmi"}, "scoring='pmi' is not one of vocabulary, tokens, npmi."),
            ({"delimiter": " "}, "delimiter=' ' cannot join words to one"),
            ({"delimiter": ""}, "delimiter='' cannot join words to one"),
            ({"across_lines": True, "connector_words": "of"}, "cannot be given together"),
        ],
    )
    def test_settings(self, made, words):
        with pytest.raises(SettingError) as error:
            Phrases(**made)
        assert words in str(error.value)

    def test_defaults_and_forms(self):
        assert [Phrases(scoring=s).limit for s in ("vocabulary", "tokens", "npmi")] == [
            10,
            100,
            0.5,
        ]
        assert Phrases(connector_words="of, the  of").connectors == ["of", "the"]
        assert Phrases(connector_words=["of", "the"]) == Phrases(connector_words="of the")
        assert Phrases(connector_words={"the", "of"}) == Phrases(connector_words="of the")
        assert Phrases.from_json(Phrases(passes=2).to_json()) == Phrases(passes=2)

    def test_what_is_no_model(self, tmp_path):
        with pytest.raises(SettingError, match="is no phrase model"):
            Corpus(["a b"], phrases={"a_b": 1.0})

    def test_other_connectors_than_the_corpus(self):
        model = Phrases(threshold=2, **ONE).fit(world())
        with pytest.raises(SettingError, match="the corpus has phrases made with delimiter='_'"):
            Phrases(delimiter="+", **ONE).fit(Corpus(world(), phrases=model))
        with pytest.raises(SettingError, match="made with connector_words=''"):
            Phrases(connector_words="of", **ONE).fit(Corpus(world(), phrases=model))


UNCOMPILED = """
import sys
sys.path.insert(0, sys.argv[1])
from test_phrases import ONE, world
from firth import Corpus, Phrases
from firth.text.stream import encode
for connectors in ("", "of"):
    lines = world(60)
    model = Phrases(connector_words=connectors, passes=2, threshold=1, **ONE).fit(lines)
    encoded = encode(Corpus(lines, phrases=model), min_count=1)
    print(model.digest(), sum(model.phrases.values()), encoded.stream.ids.tolist())
"""


def test_uncompiled_the_same():
    here = os.path.dirname(__file__)
    paths = os.pathsep.join([here, os.path.dirname(here)])
    printed = []
    for off in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", UNCOMPILED, here],
            capture_output=True,
            text=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": off, "PYTHONPATH": paths},
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1]
