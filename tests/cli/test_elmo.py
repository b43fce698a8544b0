"""`firth train elmo`, `evaluate`, `info`, `neighbors` of an ELMo."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

import firth as firth_package  # noqa: E402  (after the check that torch is there)
from firth.cli.main import main  # noqa: E402
from firth.neural.elmo_scoring import ElmoScorer  # noqa: E402

SMALL = [
    *("--preset", "tiny", "--dim", "12", "--filters", "1:8,2:8,3:8", "--epochs", "2"),
    *("--batch-tokens", "80", "--rate", "0.01", "--threads", "1", "--device", "cpu"),
]


def but(*options):
    """`SMALL` with other values."""
    pairs = dict(zip(SMALL[::2], SMALL[1::2], strict=True))
    pairs |= dict(zip(options[::2], options[1::2], strict=True)) if len(options) > 1 else {}
    return [*(word for pair in pairs.items() for word in pair), *options[: len(options) % 2]]


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


@pytest.fixture(scope="module")
def elmo(texts):
    out = texts / "elmo.firth"
    words = ["train", "elmo", texts / "text.txt", "-o", out, "--tokenizer", "whitespace", *SMALL]
    assert main([str(word) for word in words]) == 0
    return out


def test_train(firth, texts):
    words = ["train", "elmo", texts / "text.txt", "--dev", texts / "dev.txt", *SMALL]
    answer = firth(*words, "-o", "m.firth", "--verbose")
    assert answer.code == 0, answer.err
    assert "held-out perplexity" in answer.out
    assert "Next: firth embed m.firth TEXT -o words.npy" in answer.out
    assert "ELMo(" in answer.err and "preset='tiny'" in answer.err
    assert "spelt with 256 bytes" in answer.err
    document = json.loads(firth(*words, "-o", "n.firth", "--json").out)
    assert document["perplexity"] == min(e["held_out_perplexity"] for e in document["history"])
    assert {"forward_perplexity", "backward_perplexity"} <= document["history"][0].keys()
    assert document["kind"] == "elmo"
    # the perplexity that was told is that of the model that was kept
    found = json.loads(firth("evaluate", "n.firth", texts / "dev.txt", "--json").out)
    assert found["perplexity"] == pytest.approx(document["perplexity"], rel=0.05)


def test_evaluate(firth, texts, elmo):
    answer = firth("evaluate", elmo, texts / "dev.txt", "--json", "--verbose")
    assert answer.code == 0, answer.err
    assert "ElmoScorer(load(" in answer.err
    document = json.loads(answer.out)
    found = ElmoScorer(firth_package.load(elmo), threads=1).perplexity(texts / "dev.txt")
    assert document == pytest.approx(found.to_json())
    assert document["tokens"] == found.lines + len(lines(20, seed=2).split())
    fields = firth("evaluate", elmo, texts / "dev.txt").out.strip().split("\t")
    assert fields[0] == f"{found.perplexity:.4f}" and fields[3] == "word"


def test_evaluate_says_what_it_does_not_know(firth, elmo):
    answer = firth("evaluate", elmo, "-", stdin=f"the wombat {'x' * 70} sat\n")
    assert answer.code == 0, answer.err
    assert "50.0% of the words are unknown" in answer.err
    assert "1 words are longer than the model reads" in answer.err


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("wombats x\n", [], "None of the 2 words of the text to be predicted"),
        ("\n", [], "not a single token"),
        ("the cat\n", ["--per-line"], "--per-line is not for ELMo"),
        ("the cat\n", ["--label-column", "1"], "--label-column is not for ELMo"),
        ("the cat\n", ["--device", "cuda:99"], "device=cuda:99"),
    ],
)
def test_evaluate_bad_input(firth, elmo, text, words, said):
    answer = firth("evaluate", elmo, "-", *words, stdin=text)
    assert answer.code == 2
    assert said in answer.err and "Traceback" not in answer.err


def test_info(firth, elmo):
    document = json.loads(firth("info", elmo, "--json").out)
    assert document["kind"] == "elmo"
    net = ElmoScorer(firth_package.load(elmo), threads=1).net
    assert document["sizes"]["weights"] == sum(one.numel() for one in net.parameters())
    corpus = document["corpus"]
    assert (corpus["spelt_with"], corpus["symbols_known"]) == ("bytes", 256)
    assert (corpus["words_cut"], corpus["characters_unknown"]) == (0, 0)
    shown = firth("info", elmo).out
    assert "spelt_with" in shown and "borders" not in shown


def test_words_without_a_sentence(firth, elmo):
    document = json.loads(firth("neighbors", elmo, "cat", "-n", "2", "--json").out)
    assert len(document["neighbors"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--filters", "3"], "filters='3' cannot be used"),
        (["--units", "50"], "without a projection"),
        (["--characters", "bytes"], 'Did you mean "byte"?'),
        (["--min-count", "9999"], "lower --min-count"),
        (["--resume"], "there is nothing to go on from"),
    ],
)
def test_bad_options(firth, texts, tmp_path, words, said):
    answer = firth("train", "elmo", texts / "text.txt", "-o", "m.firth", *but(*words))
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c(texts, tmp_path):
    """Ctrl-C keeps what there is, and says how to go on."""
    words = [
        *("train", "elmo", str(texts / "text.txt"), "-o", "m.firth"),
        *(*but("--epochs", "5000"), "--checkpoint-every", "0.1"),
    ]
    run = subprocess.Popen(
        [sys.executable, "-m", "firth", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    began = time.monotonic()
    while not list(tmp_path.glob("m.firth.checkpoint/*.safetensors")):
        assert time.monotonic() - began < 60 and run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "what was learnt so far is in m.firth" in said and "--resume" in said
    assert firth_package.load(tmp_path / "m.firth").kind == "elmo"
    assert (tmp_path / "m.firth.checkpoint").is_dir()
