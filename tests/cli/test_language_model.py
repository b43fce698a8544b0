"""`firth train language-model`, `evaluate`, `generate`, `info`, `neighbors` of a language model."""

import importlib.util
import json
import random

import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

import firth as firth_package  # noqa: E402  # after importorskip
from firth.cli.generate import _write  # noqa: E402
from firth.neural.generate import generate  # noqa: E402
from firth.neural.scoring import Scorer  # noqa: E402

SMALL = [
    *("--preset", "tiny", "--dim", "12", "--units", "16", "--epochs", "2", "--batch-size", "4"),
    *("--bptt", "6", "--rate", "0.02", "--threads", "1", "--device", "cpu", "--pieces", "300"),
]


def lines(n, seed=1):
    draw = random.Random(seed)
    subjects, verbs = ["the cat", "a dog", "the bird"], ["sat", "ran away", "sang a song"]
    return "".join(f"{draw.choice(subjects)} {draw.choice(verbs)} .\n" for _ in range(n))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "text.txt").write_text(lines(80), "utf-8")
    (folder / "dev.txt").write_text(lines(20, seed=2), "utf-8")
    return folder


def without(*options):
    """`SMALL` but for some options with their values."""
    pairs = zip(SMALL[::2], SMALL[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in options for word in pair]


def train(firth, texts, out, *words, tokenizer=("--tokenizer", "whitespace")):
    return firth(
        "train", "language-model", texts / "text.txt", "-o", out, "--dev", texts / "dev.txt",
        *tokenizer, *without(*words), *words,
    )  # fmt: skip


@pytest.fixture(scope="module")
def language_model(texts):
    from firth.cli.main import main

    out = texts / "lm.firth"
    words = ["train", "language-model", texts / "text.txt", "-o", out, "--tokenizer", "whitespace"]
    assert main([str(word) for word in [*words, *SMALL]]) == 0
    return out


# --- train -------------------------------------------------------------------------------------


def test_train(firth, texts):
    answer = train(firth, texts, "m.firth")
    assert answer.code == 0, answer.err
    assert "held-out perplexity" in answer.out
    assert "Next: firth generate m.firth" in answer.out
    document = json.loads(train(firth, texts, "n.firth", "--json").out)
    assert document["perplexity"] == min(e["held_out_perplexity"] for e in document["history"])
    assert document["kind"] == "language-model"
    # the perplexity that was told is that of the model that was kept
    found = json.loads(firth("evaluate", "n.firth", texts / "dev.txt", "--json").out)
    assert found["perplexity"] == pytest.approx(document["perplexity"], rel=0.05)


def test_vectors_decide_the_dim_where_nothing_was_said(firth, texts, tmp_path):
    vectors = tmp_path / "three.vec"
    vectors.write_text("2 3\ncat 1 0 0\ndog 0.9 0.1 0\n", "utf-8")
    command = ["train", "language-model", texts / "text.txt", "-o", "m.firth", *without("--dim")]
    answer = firth(*command, "--init-from", vectors, "--freeze")
    assert answer.code == 0, answer.err
    assert "dim=3, as in the vectors to start from" in answer.err
    similar = json.loads(firth("neighbors", "m.firth", "cat", "--json").out)
    assert similar["neighbors"][0]["word"] == "dog"  # frozen
    answer = firth(*command, "--overwrite", "--init-from", vectors, "--dim", "5")
    assert answer.code == 2
    assert "give --dim 3" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--unit", "character"], "--tokenizer is of words, but --unit character takes the text"),
        (["--unit", "subword"], "--tokenizer is of words"),
        (["--encoder", "lstn"], 'Did you mean "lstm"?'),
        (["--softmax", "adaptive"], "tied=true cannot go with softmax=adaptive"),
        (["--bptt", "5000"], "fewer than one window of bptt=5000"),
        (["--device", "cuda:99"], "device=cuda:99"),
        (["--max-size", "2"], "raise --max-size"),
        (["--resume"], "there is nothing to go on from"),
    ],
)
def test_bad_options(firth, texts, tmp_path, words, said):
    answer = train(firth, texts, "m.firth", *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "dev", "said"),
    [
        ("a b\n", None, "fewer than one window of bptt=6"),
        ("\n\n", None, "not a single token"),
        (lines(20), "x y z\n", "None of the 3 units of the held-out text is in the vocabulary"),
    ],
)
def test_bad_texts(firth, tmp_path, text, dev, said):
    (tmp_path / "text.txt").write_text(text, "utf-8")
    words = []
    if dev is not None:
        (tmp_path / "dev.txt").write_text(dev, "utf-8")
        words = ["--dev", "dev.txt"]
    answer = firth("train", "language-model", "text.txt", "-o", "m.firth", *SMALL, *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert not (tmp_path / "m.firth").exists()


def test_one_word_again_and_again(firth, tmp_path):
    (tmp_path / "text.txt").write_text("a a a a a a a a\n" * 9, "utf-8")
    words = ["train", "language-model", "text.txt", "-o", "m.firth", *without("--epochs")]
    answer = firth(*words, "--epochs", "9")
    assert answer.code == 0, answer.err
    assert firth("generate", "m.firth", "-n", "2", "--seed", "1").out.startswith("a")


# --- evaluate ----------------------------------------------------------------------------------


def test_evaluate(firth, texts, language_model):
    answer = firth("evaluate", language_model, texts / "dev.txt", "--json", "--verbose")
    document = json.loads(answer.out)
    assert "Scorer(load(" in answer.err
    found = Scorer(firth_package.load(language_model), threads=1).perplexity(texts / "dev.txt")
    assert document == pytest.approx(found.to_json())
    assert {"perplexity", "unit", "tokens", "unknown"} <= document.keys()
    # as plain fields
    fields = firth("evaluate", language_model, texts / "dev.txt").out.strip().split("\t")
    assert fields[:4] == [f"{found.perplexity:.4f}", "word", str(found.tokens), "0"]


def test_evaluate_line_by_line(firth, texts, language_model):
    text = "the cat sat .\n\nsat the . zebra\n"
    answer = firth("evaluate", language_model, "-", "--per-line", stdin=text)
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert [row[2:4] for row in rows] == [["5", "0"], ["1", "0"], ["5", "1"]]
    assert float(rows[0][1]) > float(rows[2][1])
    assert "each from a fresh state: perplexity" in answer.err
    assert "of the words are unknown" in answer.err
    document = json.loads(
        firth("evaluate", language_model, "-", "--per-line", "--json", stdin=text).out
    )
    assert [one["units"] for one in document["per_line"]] == [5, 1, 5]


def test_evaluate_a_column(firth, tmp_path, language_model):
    (tmp_path / "t.csv").write_text("id,text\n1,the cat sat .\n2,a dog ran away .\n", "utf-8")
    document = json.loads(
        firth("evaluate", language_model, "t.csv", "--column", "text", "--json").out
    )
    assert document["tokens"] == 11


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no.txt"], "no.txt"),
        (["dev.txt", "--label-column", "x"], "--label-column is not for language models"),
        (["dev.txt", "--labels", "2"], "--labels is not for language models"),
        (["dev.txt", "--similarity", "x"], "--similarity is not for language models"),
        (["other.txt"], "None of the 2 words of the text is in the vocabulary"),
        (["dev.txt", "--device", "abacus"], "device='abacus' is no device"),
        ([], "for a language model, a file of text"),
    ],
)
def test_evaluate_bad_input(firth, texts, tmp_path, language_model, words, said):
    (tmp_path / "dev.txt").write_text(lines(3), "utf-8")
    (tmp_path / "other.txt").write_text("jabber wock\n", "utf-8")
    answer = firth("evaluate", language_model, *words)
    assert answer.code == 2, answer.err
    assert said in answer.err


# --- generate ----------------------------------------------------------------------------------


def test_generate(firth, language_model):
    answer = firth("generate", language_model, "--prompt", "the", "-n", "12", "--seed", "3")
    assert answer.code == 0, answer.err
    assert answer.err == ""
    fitted = firth_package.load(language_model)
    pieces = generate(fitted, "the", length=12, seed=3)
    text = "the" + "".join(pieces)
    assert answer.out == (text if text.endswith("\n") else text + "\n")
    document = json.loads(
        firth(
            "generate", language_model, "--prompt", "the", "-n", "12", "--seed", "3", "--json"
        ).out
    )
    assert "the" + document["text"] == text


def test_a_seed_that_was_not_given_is_told(firth, language_model):
    answer = firth("generate", language_model, "-n", "12")
    seed = answer.err.split("--seed ")[1].strip()
    assert firth("generate", language_model, "-n", "12", "--seed", seed).out == answer.out
    # who takes the best each time needs none
    assert firth("generate", language_model, "-n", "3", "--temperature", "0").err == ""


def test_stops_and_line_feeds(firth, language_model):
    words = ["generate", language_model, "--seed", "5", "-n", "80"]
    whole = firth(*words).out
    assert whole.count("\n") > 2
    assert firth(*words, "--stop", r"\n").out == whole.partition("\n")[0] + "\n"
    answer = firth(*words, "--prompt", r"the cat sat .\n")
    assert answer.out.startswith("the cat sat .\n")
    assert not answer.out.startswith("the cat sat .\n ")


def test_a_prompt_with_unknown_words(firth, language_model):
    answer = firth("generate", language_model, "--prompt", "the zebra and 今天", "--seed", "1")
    assert answer.code == 0
    assert "does not know 'zebra', 'and', '今天', and reads <unk>" in answer.err
    assert answer.out.startswith("the zebra and 今天 ")
    document = json.loads(
        firth("generate", language_model, "--prompt", "zebra", "-n", "2", "--json").out
    )
    assert document["unknown"] == ["zebra"]


def test_what_may_come_next(firth, language_model):
    answer = firth("generate", language_model, "--prompt", "the", "--next", "3")
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert len(rows) == 3
    document = json.loads(
        firth("generate", language_model, "--prompt", "the", "--next", "3", "--json").out
    )
    assert [one["unit"] for one in document["next"]] == [row[0] for row in rows]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--temperature", "-1"], "temperature=-1.0 is out of range"),
        (["--top-p", "0"], "top_p=0.0 is out of range"),
        (["--next", "0"], "k=0 is out of range"),
        (["--seed", "-4"], "seed=-4 is out of range"),
        (["--length", "many"], "'many' is not a whole number"),
        (["--stop", ""], "stop='' would end any text"),
    ],
)
def test_generate_bad_input(firth, language_model, words, said):
    answer = firth("generate", language_model, *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert answer.out == ""


def test_a_terminal_obeys_no_model(capsys, monkeypatch):
    text = "a\x1b[2Jb\tc\nd\x9b"
    _write(text)
    assert capsys.readouterr().out == text  # into a file, all of it
    monkeypatch.setattr("firth.cli.output.pretty", lambda: True)
    _write(text)
    assert (
        capsys.readouterr().out == "a\N{REPLACEMENT CHARACTER}[2Jb\tc\nd\N{REPLACEMENT CHARACTER}"
    )


def test_models_of_other_kinds(firth, model, vec):
    answer = firth("evaluate", model, "--similarity", vec, "--per-line")
    assert answer.code == 2
    assert "--per-line is for language models" in answer.err
    answer = firth("generate", model)
    assert answer.code == 2
    assert "found a model of kind skipgram, expected a language model" in answer.err
    answer = firth("generate", vec)
    assert answer.code == 2
    assert "found no model folder, expected a language model" in answer.err
    assert "no.firth: found nothing" in firth("generate", "no.firth").err


# --- other units, other commands ---------------------------------------------------------------


@pytest.mark.parametrize("unit", ["character", "subword"])
def test_other_units(firth, texts, unit):
    answer = train(firth, texts, "m.firth", "--unit", unit, tokenizer=())
    assert answer.code == 0, answer.err
    assert f"{unit}s, 12 numbers each" in answer.out
    document = json.loads(firth("evaluate", "m.firth", texts / "dev.txt", "--json").out)
    size = len((texts / "dev.txt").read_bytes())
    assert document["unit"] == unit
    assert document["bits_per_byte"] == pytest.approx(
        document["loss"] * document["tokens"] / size / 0.6931472, rel=1e-5
    )
    assert firth("generate", "m.firth", "--prompt", "the c", "-n", "9").out.startswith("the c")
    # how subwords are cut is for programs
    assert "merges" not in firth("info", "m.firth").out
    assert ("merges" in firth("info", "m.firth", "--json").out) == (unit == "subword")


def test_info_and_neighbors(firth, language_model):
    document = json.loads(firth("info", language_model, "--json").out)
    assert document["kind"] == "language-model"
    assert document["sizes"]["weights"] > document["sizes"]["words"] * document["sizes"]["dim"]
    assert len(document["history"]) == 2
    assert firth("neighbors", language_model, "cat").code == 0


def test_phrases_stay_with_the_model(firth, texts, tmp_path):
    joined = ["train", "phrases", texts / "text.txt", "-o", "p.firth", "--tokenizer", "whitespace"]
    assert firth(*joined, "--min-count", "2", "--threshold", "0.5").code == 0
    assert train(firth, texts, "m.firth", "--phrases", "p.firth").code == 0
    fitted = firth_package.load("m.firth")
    assert any("_" in name for name in fitted.vocabulary)
    # a text is read with them, so that nothing of it is unknown
    document = json.loads(firth("evaluate", "m.firth", texts / "dev.txt", "--json").out)
    assert document["unknown"] == 0


def test_without_torch_one_sentence(firth, language_model, texts, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else found(name)
    )
    for words in (
        ("generate", language_model),
        ("evaluate", language_model, texts / "dev.txt"),
        ("train", "language-model", texts / "text.txt", "-o", "m.firth"),
    ):
        answer = firth(*words)
        assert answer.code == 2
        assert "needs the package 'torch'" in answer.err
        assert 'pip install "firth[neural]"' in answer.err
    # its vectors can be asked all the same
    assert firth("neighbors", language_model, "cat").code == 0
    assert firth("info", language_model).code == 0
