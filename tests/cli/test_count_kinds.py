"""The kinds that are made of counts, from the command line: trained, asked, gone on with."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from firth import Cooccurrence, Fitted, Vectors, Vocabulary, load

from .test_train import wait_for

SETTINGS = {
    "glove": ("--dim", "8", "--epochs", "5"),
    "svd": ("--dim", "8"),
    "ppmi": (),
}


@pytest.fixture
def counts(firth, checkerboard_file):
    answer = firth("cooccurrence", checkerboard_file, "-o", "c.counts", "--min-count", "1")
    assert answer.code == 0, answer.err
    return "c.counts"


@pytest.mark.parametrize("kind", SETTINGS)
def test_trained_and_asked(firth, checkerboard_file, kind):
    answer = firth("train", kind, checkerboard_file, "-o", "m", *SETTINGS[kind], "--json")
    assert answer.code == 0, answer.err
    document = json.loads(answer.out)
    dim = 20 if kind == "ppmi" else 8
    assert (document["kind"], document["words"], document["dim"]) == (kind, 20, dim)
    assert document["epochs"] == (5 if kind == "glove" else 0)
    answer = firth("neighbors", "m", "w4", "-n", "3", "--json")
    words = [neighbor["word"] for neighbor in json.loads(answer.out)["neighbors"]]
    assert len(words) == 3
    if kind != "glove":  # which is not told of pairs that never meet
        assert all(int(word[1:]) % 2 == 0 for word in words)
    assert firth("analogy", "m", "w1", "w3", "w5", "-n", "2").code == 0
    info = json.loads(firth("info", "m", "--json").out)
    assert info["kind"] == kind
    assert info["sizes"]["dim"] == dim
    answer = firth("train", kind, checkerboard_file, "-o", "m", *SETTINGS[kind])
    assert answer.code == 2
    assert "m exists already" in answer.err
    answer = firth("train", kind, checkerboard_file, "-o", "m", *SETTINGS[kind], "--overwrite")
    assert answer.code == 0
    assert f"m: 20 words, {dim} numbers each" in answer.out
    assert "Next: firth neighbors m w" in answer.out


@pytest.mark.parametrize("kind", SETTINGS)
def test_of_counts_as_of_the_text(firth, checkerboard_file, counts, kind):
    shape = () if kind == "glove" else ("--window", "10", "--weighting", "harmonic")
    same = (*SETTINGS[kind], *shape, "--min-count", "1")
    assert firth("train", kind, checkerboard_file, "-o", "text", *same).code == 0
    answer = firth("train", kind, counts, "-o", "counted", *same, "--verbose")
    assert answer.code == 0, answer.err
    assert "fit(Cooccurrence.load('c.counts'))" in answer.err
    one, other = load("text"), load("counted")
    if kind == "ppmi":
        assert (one.vectors.matrix != other.vectors.matrix).nnz == 0
    else:
        np.testing.assert_array_equal(one.vectors.matrix, other.vectors.matrix)
    assert other.corpus["tokens"] == one.corpus["tokens"]


def test_what_cannot_be_said_of_counts(firth, counts, tmp_path):
    answer = firth("train", "glove", counts, "-o", "m", "--tokenizer", "whitespace")
    assert answer.code == 2
    assert "--tokenizer says how a text is read, but c.counts holds counts" in answer.err
    answer = firth("train", "glove", counts, "-o", "m", "--window", "3")
    assert answer.code == 2
    assert "window=3 was asked for, but these counts were made with window=10" in answer.err
    answer = firth("train", "skipgram", counts, "-o", "m")
    assert answer.code == 2
    assert "skipgram cannot be trained on c.counts: counts of co-occurrence are there" in answer.err
    assert "only glove, ppmi, svd take" in answer.err
    info = json.loads(firth("info", counts, "--json").out)
    assert info["sizes"].keys() == {"words", "pairs", "bytes"}
    assert info["settings"]["window"] == 10
    assert "pairs\t200" in firth("info", counts).out
    Cooccurrence.load(counts)  # nothing happened to them
    (tmp_path / counts / "values.npy").write_bytes(b"cut")
    answer = firth("train", "glove", counts, "-o", "m")
    assert answer.code == 2
    assert "values.npy" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--x-max", "0"], "x_max=0.0 is out of range; wanted a number of at least 1e-06."),
        (["--x-max=-1"], "x_max=-1.0 is out of range"),
        (["--memory", "10"], "memory=10 leaves 0.0 MB to count in, but 20 words take"),
        (["--memory", "a lot"], "memory='a lot' is not a number of bytes; give one such as 500MB"),
        (["--dev", "t.txt"], "Unknown option: --dev"),
        (["--continue-from", "nothing.firth"], "nothing.firth: found nothing"),
        (["--combine", "product"], "--combine"),
    ],
)
def test_bad_settings(firth, checkerboard_file, words, said):
    answer = firth("train", "glove", checkerboard_file, "-o", "m", "--min-count", "1", *words)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_nan_in_given_vectors(firth, tmp_path, checkerboard_file):
    matrix = np.full((20, 8), 0.5, np.float32)
    matrix[3, 2] = np.nan
    Fitted("vectors", Vectors(Vocabulary([f"w{i}" for i in range(20)]), matrix)).save("v.firth")
    for kind in ("glove", "skipgram", "cbow"):
        answer = firth("train", kind, checkerboard_file, "-o", "m", "--init-from", "v.firth")
        assert answer.code == 2
        assert "nan or infinity" in answer.err
        assert "'w3'" in answer.err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_stopped_and_resumed_ends_with_the_same_bits(firth, tmp_path, checkerboard, way):
    (tmp_path / "t.txt").write_text("\n".join(checkerboard * 4), "utf-8")
    words = ["train", "glove", "t.txt", "-o", "x", "--dim", "8", "--epochs", "2000"]
    words += ["--threads", "1", "--checkpoint-every", "0.05"]
    process = subprocess.Popen(
        [sys.executable, "-m", "firth", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    wait_for(tmp_path / "x.checkpoint")
    process.send_signal(way)
    _, err = process.communicate(timeout=60)
    if way == signal.SIGINT:
        assert process.returncode == 130
        assert "Interrupted; what was learnt so far is in x." in err
        assert load(tmp_path / "x").history[-1]["epoch"] < 2000
    answer = firth(*words, "--resume")
    assert answer.code == 0, answer.err
    assert "Going on from epoch" in answer.err
    assert not (tmp_path / "x.checkpoint").exists()
    again = [word if word != "x" else "whole" for word in words]
    assert firth(*again).code == 0
    for name in ("vectors.safetensors", "state.safetensors"):
        assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
