"""`firth train tagger`, `predict`, `evaluate` and `info` of a tagger."""

import importlib.util
import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import ELMo, Tagged, load  # noqa: E402  # after importorskip
from firth.cli.main import main  # noqa: E402
from firth.neural.tagging import Predictor  # noqa: E402
from firth.vectors.fitted import verify  # noqa: E402
from neural import tagged_worlds as worlds  # noqa: E402

SMALL = [
    *("--dim", "12", "--units", "24", "--character-width", "8", "--epochs", "8", "--rate", "0.02"),
    *("--batch-tokens", "60", "--threads", "1", "--device", "cpu", "--dropout", "0.1"),
]


def columns(sentences):
    """As a file of columns: word, number, tag."""
    return "\n".join(
        "".join(f"{word} {i} {tag}\n" for i, (word, tag) in enumerate(zip(*one, strict=True)))
        for one in sentences
    )


def without(*options):
    """`SMALL` but for some options with their values."""
    pairs = zip(SMALL[::2], SMALL[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in options for word in pair]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagged")
    (folder / "train.txt").write_text(columns(worlds.names(150)), "utf-8")
    (folder / "dev.txt").write_text(columns(worlds.names(30, seed=2)), "utf-8")
    (folder / "pos.jsonl").write_text(
        "".join(
            json.dumps({"tokens": words, "tags": tags}) + "\n"
            for words, tags in worlds.neighbours(60)
        )
    )
    (folder / "four.vec").write_text("4 3\nmr 1 0 0\nba 0 1 0\nko 0 1 1\nri 0 0 1\n")
    return folder


@pytest.fixture(scope="module")
def tagger(texts):
    out = texts / "names.firth"
    words = ["train", "tagger", texts / "train.txt", "-o", out, "--dev", texts / "dev.txt"]
    assert main([str(word) for word in [*words, *SMALL]]) == 0
    return out


# --- train -------------------------------------------------------------------------------------


def test_train(firth, texts):
    words = ["train", "tagger", texts / "train.txt", "-o", "m.firth", "--columns", "0:2"]
    answer = firth(*words, "--dev", texts / "dev.txt", *SMALL, "--verbose")
    assert answer.code == 0, answer.err
    assert "held-out f1" in answer.out and "Next: firth predict m.firth TEXT" in answer.out
    assert "columns='0:2'), dev=Tagged(" in answer.err
    assert "Tags of spans in IOB2, learnt in IOBES: 9." in answer.err
    document = json.loads(
        firth(*words[:3], "-o", "n.firth", "--dev", texts / "dev.txt", *SMALL, "--json").out
    )
    assert document["kind"] == "tagger" and document["labels"] == 9
    assert document["f1"] == max(entry["held_out_f1"] for entry in document["history"])
    # what was told is the figure of the model that was kept
    found = json.loads(firth("evaluate", "n.firth", texts / "dev.txt", "--json").out)
    assert found["f1"] == pytest.approx(document["f1"])


def test_train_with_vectors(firth, texts, tmp_path):
    words = ["train", "tagger", texts / "train.txt", "-o", "m.firth", *SMALL]
    answer = firth(*words, "--vectors", texts / "four.vec", "--tune")
    assert answer.code == 0, answer.err
    assert "The given vectors have" in answer.err and "keeps all 4 of them" in answer.err
    verify(tmp_path / "m.firth")
    (tmp_path / "m.firth").rename(tmp_path / "moved.firth")
    assert load(tmp_path / "moved.firth").parts["vectors"].vectors.dim == 3
    answer = firth("info", "moved.firth")
    assert "3 numbers of 4 words, tuned" in answer.out
    assert firth("predict", "moved.firth", stdin="mr ba .\n").code == 0


def test_train_with_an_elmo(firth, texts, tmp_path):
    lines = [" ".join(words) for words, _ in worlds.names(40)]
    ELMo(preset="tiny", dim=8, units=8, epochs=1, threads=1, device="cpu").fit(lines).save(
        "e.firth"
    )
    words = ["train", "tagger", texts / "train.txt", *SMALL, "--elmo", "e.firth"]
    answer = firth(*words, "-o", "m.firth", "--verbose")
    assert answer.code == 0, answer.err
    assert "elmo=load('e.firth')" in answer.err
    state = load(tmp_path / "m.firth").parts["elmo"].state
    assert state and not any("softmax" in name for name in state)
    document = json.loads(firth("info", "m.firth", "--json").out)
    weights = document["inside"]["mix"]["weights"]
    assert len(weights) > 1 and sum(weights) == pytest.approx(1)
    shown = firth("info", "m.firth").out
    assert "\N{FULL BLOCK}" in shown and "spelling" in shown and "layer 1" in shown
    # it works without the ELMo it was made with
    test = [words for words, _ in worlds.names(5, seed=9)]
    before = Predictor(load(tmp_path / "m.firth"), device="cpu").marginals(test)
    (tmp_path / "e.firth").rename(tmp_path / "away.firth")
    after = Predictor(load(tmp_path / "m.firth"), device="cpu").marginals(test)
    assert all(map(np.array_equal, before, after))
    for use in ("top", "average"):
        words[-1] = "away.firth"
        assert firth(*words, "-o", f"{use}.firth", "--elmo-layers", use).code == 0
        assert "mix" not in json.loads(firth("info", f"{use}.firth", "--json").out)["inside"]


# --- predict -----------------------------------------------------------------------------------


def test_one_line_in_one_line_out(firth, tagger):
    answer = firth("predict", tagger, stdin="mr ba ko .\n\nso at ri\n")
    assert answer.code == 0, answer.err
    assert answer.out == "mr/O ba/B-PER ko/I-PER ./O\n\nso/O at/O ri/B-ORG\n"
    given = firth("predict", tagger, "--tokens", stdin="at ri.\n")
    assert given.out.split()[1].startswith("ri./")
    # as in files of columns: blanks and tabs part tokens, a no-break space is part of one
    given = firth("predict", tagger, "--tokens", "--verbose", stdin="at\tri  x\u00a0y\n \n")
    assert [one.rpartition("/")[0] for one in given.out.split(" ")] == ["at", "ri", "x\u00a0y"]
    assert given.out.endswith("\n\n")
    assert r"tags([re.findall(r'[^ \t]+', line) for line in lines])" in given.err
    found = json.loads(firth("predict", tagger, "--tokens", "--json", stdin="x\u00a0y\n").out)
    assert found["predictions"][0][0]["tokens"] == ["x\u00a0y"]


def test_predictions_as_json(firth, tagger):
    found = json.loads(firth("predict", tagger, "--json", "-k", "2", stdin="mr ba ko.\n\n").out)
    (best, second), (empty,) = found["predictions"]
    assert best["tokens"] == ["mr", "ba", "ko", "."] and best["places"][2] == [6, 8]
    assert best["probability"] > second["probability"] > 0
    (span,) = best["spans"]
    assert span["text"] == "ba ko" and span["label"] == "PER" and 0.5 < span["confidence"] <= 1
    assert empty["tokens"] == []


def test_the_most_probable_sequences(firth, tagger):
    cells = firth("predict", tagger, "-k", "3", stdin="mr ba ko .\n").out.rstrip("\n").split("\t")
    assert len(cells) == 6 and cells[0] == "mr/O ba/B-PER ko/I-PER ./O"
    probabilities = [float(cell) for cell in cells[1::2]]
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threshold", "0.5"], "--threshold is for classifiers"),
        (["-k", "0"], "-k 0: wanted at least 1"),
        (["--tokens", "--tokenizer", "words"], "leave --tokenizer out"),
        (["--tokenizer", "wrds"], "wrds"),
        (["--device", "cuda:9"], "cuda"),
    ],
)
def test_bad_options_of_predict(firth, tagger, words, said):
    answer = firth("predict", tagger, *words, stdin="a\n")
    assert answer.code == 2 and said in answer.err, answer.err


# --- evaluate ----------------------------------------------------------------------------------


def test_evaluate(firth, tagger, texts):
    document = json.loads(firth("evaluate", tagger, texts / "dev.txt", "--json").out)
    found = Predictor(load(tagger), device="cpu").evaluate(Tagged(texts / "dev.txt"))
    assert document == json.loads(json.dumps(found.to_json()))
    assert set(document["labels"]) == {"ORG", "PER"} and document["f1"] > 0.9
    lines = firth("evaluate", tagger, texts / "dev.txt").out.splitlines()
    assert lines[0].split("\t")[0] == str(document["tokens"])
    assert lines[1].split("\t")[0] == "ORG"


def test_comments_are_no_words(firth, tagger):
    words = ["evaluate", tagger, "-", "--comments", "#", "--json", "--verbose"]
    answer = firth(*words, stdin="# sent 1\nmr O\n\n# sent 2\nba B-PER\n")
    assert json.loads(answer.out)["tokens"] == 2
    assert "Tagged('-', comments='#')" in answer.err


def test_errors_are_shown(firth, tagger):
    answer = firth("evaluate", tagger, "-", stdin="mr B-PER\nzebra B-ANIMAL\n")
    assert answer.code == 0, answer.err
    assert "ANIMAL" in answer.out and "zebra" in answer.out
    assert "the tag B-ANIMAL (1) is never predicted" in answer.err


def test_tags_that_are_no_spans(firth, texts):
    words = ["train", "tagger", texts / "pos.jsonl", "-o", "pos.firth", *SMALL]
    answer = firth(*words, "--dev", texts / "pos.jsonl")
    assert answer.code == 0 and "held-out accuracy" in answer.out, answer.err
    document = json.loads(firth("evaluate", "pos.firth", texts / "pos.jsonl", "--json").out)
    assert document["accuracy"] == document["f1"] > 0.9
    assert firth("predict", "pos.firth", stdin="the run\n").out == "the/DET run/NOUN\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--columns", "0:9"], "there is no column 9"),
        (["--columns", "word"], "wanted WORD:TAG"),
        (["--comments", ""], "comments='' is nothing"),
        (["--label-column", "2"], "--label-column is not for taggers"),
        (["--per-line"], "--per-line is not for taggers"),
        (["-k", "2"], "--labels is not for taggers"),
    ],
)
def test_bad_options_of_evaluate(firth, tagger, texts, words, said):
    answer = firth("evaluate", tagger, texts / "dev.txt", *words)
    assert answer.code == 2 and said in answer.err, answer.err


# --- bad input ---------------------------------------------------------------------------------


def test_sentences_that_cannot_be_used(firth, texts, tagger, tmp_path):
    def fails(said, *words, small=SMALL):
        answer = firth("train", "tagger", *words, "-o", "m.firth", *small)
        assert answer.code == 2 and said in answer.err, answer.err
        assert "Traceback" not in answer.err
        assert not (tmp_path / "m.firth").exists()
        assert not (tmp_path / "m.firth.checkpoint").exists()

    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "blank.txt").write_text("\n\n\n")
    (tmp_path / "one.txt").write_text("word\n")
    (tmp_path / "odd.txt").write_text("a X\nb X Y\n")
    train = texts / "train.txt"
    fails("no.txt", "no.txt")
    fails("empty.txt: empty", "empty.txt")
    fails("holds no sentence", "blank.txt")
    fails("so there are no tags", "one.txt")
    (tmp_path / "notes.txt").write_text("# one\n\na X Y\n")
    fails('give comments="#" (--comments "#")', "notes.txt")
    fails("no sentence", "notes.txt", "--comments", "#", "--columns", "0:2", "--dev", "blank.txt")
    fails("line 2: 3 columns", "odd.txt")
    fails("there is no column 7", train, "--columns", "0:7")
    fails("empty.txt: empty", train, "--dev", "empty.txt")
    fails("which IOBES does not allow", train, "--scheme", "IOBES")
    small = without("--dim")
    fails(
        "leave nothing of a word to read", train, "--dim", "0", "--characters", "none", small=small
    )
    fails("tune=true", train, "--tune")
    fails("one of kind tagger, expected one of kind elmo", train, "--elmo", tagger)
    fails("found nothing", train, "--vectors", "no.vec")
    small = without("--character-width")
    fails("even number", train, "--characters", "rnn", "--character-width", "7", small=small)
    fails("needs a layer as wide as its input", train, "--connection", "residual")


def test_options_of_taggers_are_refused_elsewhere(firth, texts):
    answer = firth("predict", texts / "four.vec", "--tokens", stdin="a\n")
    assert answer.code == 2 and "--tokens is for taggers" in answer.err
    for name, value in (("--columns", "0:1"), ("--comments", "#")):
        answer = firth("evaluate", texts / "four.vec", texts / "dev.txt", name, value)
        assert answer.code == 2 and f"{name} is for taggers" in answer.err


def test_without_torch(firth, monkeypatch, texts, tagger):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name)
    )
    for words in (
        ["train", "tagger", texts / "train.txt", "-o", "m.firth"],
        ["predict", tagger],
        ["evaluate", tagger, texts / "dev.txt"],
    ):
        answer = firth(*words, stdin="a\n")
        assert answer.code == 2 and 'pip install "firth[neural]"' in answer.err, answer.err
    # what needs none works
    assert firth("info", tagger).code == 0


def test_resume_after_ctrl_c(firth, texts, monkeypatch, tmp_path):
    from firth.neural import fit_tagger
    from firth.neural.train import Loop

    words = ["train", "tagger", texts / "train.txt", "-o", "m.firth", *SMALL]
    whole = firth(*words[:3], "-o", "whole.firth", *SMALL)
    assert whole.code == 0
    loss, calls = fit_tagger.Tagging.loss, []
    signals = Loop.signals

    def counted(self, batch):
        calls.append(batch)
        return loss(self, batch)

    def ctrl_c(self, group, interrupted):
        return signals(self, group, interrupted or len(calls) == 7)

    with monkeypatch.context() as patch:
        patch.setattr(fit_tagger.Tagging, "loss", counted)
        patch.setattr(Loop, "signals", ctrl_c)
        answer = firth(*words)
        assert answer.code == 130 and "To go on, give the same command with --resume" in answer.err
    answer = firth(*words, "--resume")
    assert answer.code == 0, answer.err
    once, again = (load(tmp_path / f"{name}.firth").state for name in ("whole", "m"))
    assert all(np.array_equal(once[name], again[name]) for name in once)
