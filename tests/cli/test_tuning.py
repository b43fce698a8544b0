"""`firth train fasttext-classifier --autotune`: options, the table, what is refused."""

import json

import pytest

from firth.vectors.fitted import load
from static.labelled_worlds import lines, order_matters, topics

QUICK = ("--threads", "1", "--epochs", "20", "--rate", "0.5", "--dim", "8", "--buckets", "5000")


@pytest.fixture
def texts(tmp_path):
    for name, seed in (("train", 1), ("valid", 2), ("test", 3)):
        rows = "\n".join(lines(order_matters(300, seed)))
        (tmp_path / f"{name}.txt").write_text(rows + "\n", "utf-8")
    return tmp_path


def tune(firth, *more):
    return firth(
        *("train", "fasttext-classifier", "train.txt", "-o", "m.firth", "--autotune", "valid.txt"),
        *("--autotune-trials", "10", *QUICK, *more),
    )


def precision(firth):
    found = json.loads(firth("evaluate", "m.firth", "test.txt", "--json").out)
    return found["precision"]


def test_finds_more_than_training_alone(firth, texts):
    # the control: the same settings, trained once
    alone = firth("train", "fasttext-classifier", "train.txt", "-o", "m.firth", *QUICK)
    assert alone.code == 0, alone.err
    before = precision(firth)
    answer = tune(firth, "--overwrite")
    assert answer.code == 0, answer.err
    assert before < 0.7 and precision(firth) > 0.95
    rows = [line.split("\t") for line in answer.out.splitlines()[:10]]
    assert [row[0].strip("*") for row in rows] == [str(n) for n in range(1, 11)]
    assert sum(row[0].startswith("*") for row in rows) == 1
    # what was given keeps its value
    assert {row[1] for row in rows} == {"20"} and {row[3] for row in rows} == {"8"}
    assert "m.firth: " in answer.out and "Next: firth predict m.firth" in answer.out


def test_json_holds_all_that_was_tried(firth, texts):
    answer = tune(firth, "--json", "--autotune-metric", "f1:rising", "--autotune-size", "40k")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)["corpus"]["autotune"]
    assert told["metric"] == "f1:rising" and told["model_size"] == 40_000
    assert len(told["trials"]) == 10 and told["dev"] == "valid.txt"
    assert told["trials"][told["best"] - 1]["score"] == told["score"]
    assert told["trials"][told["best"] - 1]["bytes"] <= 40_000
    assert load("m.firth").corpus["autotune"] == told


def test_the_python_that_is_shown_does_the_same(firth, texts):
    import firth as package

    answer = tune(firth, "--verbose", "--autotune-predictions", "2", "--autotune-size", "50k")
    (shown,) = (line[4:] for line in answer.err.splitlines() if line.startswith(">>> "))
    first = load("m.firth")
    names = {name: getattr(package, name) for name in package.__all__}
    exec(shown.replace("m.firth", "again.firth"), names)
    again = load("again.firth")
    assert again.settings == first.settings
    told = [one.corpus["autotune"]["trials"] for one in (first, again)]
    for one, two in zip(*told, strict=True):
        assert one["settings"] == two["settings"] and one["score"] == two["score"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--dev", "test.txt"], "--dev cannot be given with --autotune: it measures on its own"),
        (["--autotune-seconds", "0"], "seconds=0"),
        (["--autotune-seconds", "-1"], "seconds=-1"),
        (["--autotune-metric", "f2"], "metric='f2' is not a metric"),
        (["--autotune-metric", "f1:none"], "none of its 300 texts has the label 'none'"),
        (["--autotune-size", "none"], "none"),
        (["--autotune-size", "300"], "None of 10 trials fitted into 300 bytes"),
        (["--autotune-seconds", "0.0001"], "0.0001 seconds were not enough to train once"),
    ],
)
def test_bad_options(firth, texts, more, said):
    answer = tune(firth, *more)
    assert answer.code == 2, answer.err
    assert said in answer.err and "Traceback" not in answer.err
    assert not (texts / "m.firth").exists()


def test_options_that_need_the_file(firth, texts):
    answer = firth(
        *("train", "fasttext-classifier", "train.txt", "-o", "m.firth"), "--autotune-size", "2M"
    )
    assert answer.code == 2
    assert (
        "--autotune-size is about the search for settings; give --autotune FILE too" in answer.err
    )


def test_a_validation_file_without_labels(firth, texts):
    (texts / "valid.txt").write_text("no label here\nnor here\n")
    answer = tune(firth)
    assert answer.code == 2
    assert "valid.txt: none of its 2 texts has a label" in answer.err


def test_a_resumed_search_is_refused(firth, texts):
    answer = tune(firth, "--resume")
    assert answer.code == 2
    assert "--resume cannot be given with --autotune: a search is not kept" in answer.err


def test_other_kinds_have_no_such_option(firth, checkerboard_file):
    answer = firth("train", "skipgram", checkerboard_file, "-o", "m", "--autotune", "x.txt")
    assert answer.code == 2 and "autotune" in answer.err


def test_tables_are_tuned_on_too(firth, texts):
    rows = ["label,text", *(f"{labels[0]},{' '.join(words)}" for labels, words in topics(60))]
    (texts / "t.csv").write_text("\n".join(rows) + "\n")
    answer = firth(
        *("train", "fasttext-classifier", "t.csv", "-o", "m.firth", "--autotune", "t.csv"),
        *("--column", "text", "--label-column", "label", "--autotune-trials", "2", *QUICK),
    )
    assert answer.code == 0, answer.err
