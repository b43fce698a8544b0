"""`firth quantize`: sizes and losses are printed, and what is written answers."""

import json
import random

import pytest

from firth.cli.main import main
from firth.vectors.fitted import load
from firth.vectors.quantized import Int8Rows

WORDS = {"sea": "wave ship reef sail", "law": "court judge trial oath"}


def labelled(lines, seed):
    rng = random.Random(seed)
    texts = []
    for _ in range(lines):
        label = rng.choice(sorted(WORDS))
        words = [rng.choice(WORDS[label].split())] + [f"w{rng.randrange(90)}" for _ in range(5)]
        texts.append(f"__label__{label} {' '.join(words)}\n")
    return "".join(texts)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with texts, a classifier, vectors and pairs of words."""
    folder = tmp_path_factory.mktemp("quantize")
    for name, lines, seed in (("train.txt", 400, 1), ("test.txt", 100, 2)):
        (folder / name).write_text(labelled(lines, seed), "utf-8")
    train = ("train", "fasttext-classifier", folder / "train.txt", "-o", folder / "c.firth")
    settings = ("--dim", 10, "--word-ngrams", 2, "--buckets", 1000, "--threads", 1, "--epochs", 10)
    assert main([str(word) for word in (*train, *settings, "--tokenizer", "whitespace")]) == 0
    rng = random.Random(3)
    rows = [f"w{i} " + " ".join(f"{rng.gauss(0, 1):.5f}" for _ in range(6)) for i in range(500)]
    (folder / "v.txt").write_text("500 6\n" + "\n".join(rows) + "\n", "utf-8")
    (folder / "pairs.tsv").write_text("w1\tw2\t3\nw3\tw4\t1\nw5\tw6\t2\nw7\tw1\t5\n", "utf-8")
    return folder


def test_vectors(firth, made, tmp_path):
    answer = firth(
        *("quantize", made / "v.txt", "-o", "q.firth", "--norms"),
        *("--similarity", made / "pairs.tsv", "--verbose"),
    )
    assert answer.code == 0, answer.err
    lines = dict(line.split("\t", 1) for line in answer.out.splitlines())
    assert lines.keys() == {
        *("MB on disk", "pairs, Spearman", "relative error of words", "10 nearest words kept")
    }
    assert ">>> firth.quantize(Fitted('vectors', firth.load_vectors(" in answer.err
    assert "ModelQuantization(norms=True)).save('q.firth')" in answer.err
    assert 0 < float(lines["relative error of words"]) < 0.2
    near = firth("neighbors", "q.firth", "w1", "-n", "3")
    assert len(near.out.splitlines()) == 3


def test_numbers_for_programs(firth, made, tmp_path):
    answer = firth(
        *("quantize", made / "v.txt", "-o", "q.firth", "--to", "int8", "--json"),
        *("--similarity", made / "pairs.tsv"),
    )
    document = json.loads(answer.out)
    assert document["path"] == "q.firth" and document["to"] == "int8"
    assert document["kind"] == "vectors"
    assert document["bytes"]["before"] == (made / "v.txt").stat().st_size
    folder = tmp_path / "q.firth"
    assert document["bytes"]["after"] == sum(file.stat().st_size for file in folder.iterdir())
    assert 0 < document["errors"]["words"] < 0.02
    assert document["neighbors_kept"] == {
        "share": pytest.approx(1, abs=0.1), "of": 10, "words": 500,
    }  # fmt: skip
    found = firth("evaluate", made / "v.txt", "--similarity", made / "pairs.tsv", "--json")
    score = json.loads(found.out)["similarity"]["pairs"]["spearman"]
    assert document["scores"] == {"pairs": {"before": score, "after": pytest.approx(score)}}
    assert isinstance(load("q.firth").vectors.matrix, Int8Rows)


@pytest.mark.parametrize("out", ["q.ftz", "q.firth"])
def test_a_classifier(firth, made, out):
    command = ("quantize", made / "c.firth", "-o", out, "--norms", "--cutoff", 60)
    more = ("--retrain", made / "train.txt", "--test", made / "test.txt")
    answer = firth(*command, *more, "--epochs", 2)
    assert answer.code == 0, answer.err
    lines = dict(line.split("\t", 1) for line in answer.out.splitlines())
    assert lines["rows of ngrams"].startswith("1,000\t")
    assert sum(int(lines[f"rows of {what}"].split("\t")[1]) for what in ("words", "ngrams")) == 60
    before, after = map(float, lines["accuracy"].split("\t"))
    assert before > 0.95 and after > 0.9
    answer = firth(*command, *more, "--json", "--overwrite", "--output-too")
    document = json.loads(answer.out)
    assert sum(document["rows"]["after"].values()) == 60
    assert set(document["errors"]) == {"input", "output"}
    assert document["scores"]["accuracy"]["before"] == pytest.approx(before, abs=1e-4)
    assert document["bytes"]["after"] < 0.7 * document["bytes"]["before"]
    found = firth("predict", out, stdin="a ship on a reef\nthe judge\n").out.split()
    assert (found[0], found[2]) == ("sea", "law")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("v.txt", "-o", "q", "--cutoff", 5), "cutoff is for classifiers of the kind fasttext-cl"),
        (("v.txt", "-o", "q", "--test", "test.txt"), "--test is for classifiers; this model is of"),
        (("v.txt", "-o", "q", "--retrain", "train.txt"), "--retrain is for classifiers; this mod"),
        (("v.txt", "-o", "q.ftz"), "q.ftz: a .ftz holds a classifier with product quantisation, n"),
        (("v.txt", "-o", "q.vec"), "q.vec: quantised numbers fit a model folder, not a .vec file"),
        (("v.txt", "-o", "q", "--similarity", "no.tsv"), "no.tsv: found nothing there"),
        (("c.firth", "-o", "q.ftz", "--to", "int8"), "not numbers of type int8; name a model fol"),
        (("c.firth", "-o", "q.bin"), "q.bin: quantised numbers fit a model folder or a .ftz, not"),
        (("c.firth", "-o", "q", "--similarity", "pairs.tsv"), "--similarity is for word vectors;"),
        (("c.firth", "-o", "q", "--retrain", "train.txt"), "Retraining makes up for the rows that"),
        (("c.firth", "-o", "q", "--test", "v.txt"), "v.txt cannot be evaluated on: none of its te"),
        (("no.firth", "-o", "q"), "no.firth: found nothing, expected a model folder"),
        (("c.firth", "-o", "no/q"), "the folder .*no does not exist; make it first"),
        (
            ("c.firth", "-o", "q", "--dsub", 0),
            "dsub=0 is out of range; wanted a whole number of at",
        ),
        (("c.firth", "-o", "train.txt"), "train.txt exists already; choose another name"),
    ],
)
def test_what_cannot_be_done(firth, made, monkeypatch, words, message):
    monkeypatch.chdir(made)
    there = set(made.iterdir())
    answer = firth("quantize", *words)
    assert answer.code == 2 and not answer.out
    import re

    assert re.search(message, answer.err), answer.err
    assert answer.err.count("\n") == 1
    assert set(made.iterdir()) == there  # nothing half-written is left


def test_not_twice_and_no_further_training(firth, made):
    firth("quantize", made / "c.firth", "-o", "q.ftz")
    answer = firth("quantize", "q.ftz", "-o", "again.ftz")
    assert answer.code == 2
    assert "The rows of this classifier are quantised already" in answer.err
    answer = firth(
        "train", "fasttext-classifier", made / "train.txt", "-o", "more", "--continue-from", "q.ftz"
    )
    assert answer.code == 2 and "The model to continue is quantised" in answer.err
