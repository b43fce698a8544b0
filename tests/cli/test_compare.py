"""`firth compare --learning-curve`: the table, the report, the picture, going on, bad input."""

import importlib.util
import json
import sys

import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

from compare import naming_world as world  # noqa: E402  # after importorskip
from firth import Fitted, learning_curve, load_vectors  # noqa: E402
from firth.neural.tagger_settings import Tagger  # noqa: E402
from firth.text.tagged import Tagged  # noqa: E402

SMALL = [
    *("--dim", "8", "--units", "8", "--character-width", "12", "--epochs", "1", "--rate", "0.02"),
    *("--batch-tokens", "60", "--threads", "1", "--device", "cpu", "--head", "linear"),
]
GRID = ["--fractions", "0.1", "1", "--seeds", "1", "2", "--steps", "4"]


def columns(sentences):
    return "\n".join(
        "".join(f"{word} {tag}\n" for word, tag in zip(*one, strict=True)) for one in sentences
    )


@pytest.fixture
def files(tmp_path):
    for name, sentences in (("train", 40), ("dev", 10), ("test", 10)):
        (tmp_path / f"{name}.txt").write_text(columns(world.task(sentences, len(name))), "utf-8")
    Fitted("vectors", world.vectors()).save(tmp_path / "v.firth")
    return ["--learning-curve", "train.txt", "--dev", "dev.txt", "--test", "test.txt", "-o", "out"]


def test_the_table_the_report_and_the_picture(firth, files, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    answer = firth("compare", *files, "--vectors", "v.firth", *GRID, *SMALL, "--verbose")
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert [row[:3] for row in rows] == [
        ["4", "10 %", "scratch"], ["4", "10 %", "vectors"],
        ["40", "100 %", "scratch"], ["40", "100 %", "vectors"],
    ]  # fmt: skip
    assert all(row[8] == "2" for row in rows) and rows[0][5] == "–" and rows[1][5][0] in "+-"
    assert "seed 2: accuracy" in answer.err and "8 of 8 trainings." in answer.err
    assert (
        ">>> learning_curve(Tagged('train.txt'), 'out', test=Tagged('test.txt'), "
        "dev=Tagged('dev.txt'), vectors=load_vectors('v.firth'), fractions=[0.1, 1.0], "
        "seeds=[1, 2], steps=4, settings=Tagger("
    ) in answer.err
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "](learning-curve.png)" in report and "v.firth (30 words, 8 numbers each)" in report
    assert (tmp_path / "out" / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    assert "out/report.md and out/learning-curve.png" in answer.err


def test_it_is_the_python_call_and_goes_on(firth, files, tmp_path):
    words = ["compare", *files, *SMALL, "--steps", "4", "--fractions", "0.1", "--json"]
    document = json.loads(firth(*words, "--seeds", "1").out)
    assert document["finished"] == document["wanted"] == 1
    found = learning_curve(
        Tagged("train.txt"), "again", test=Tagged("test.txt"), dev=Tagged("dev.txt"),
        fractions=[0.1], seeds=[1], steps=4,
        settings=Tagger(
            dim=8, units=8, character_width=12, epochs=1, rate=0.02, batch_tokens=60, threads=1,
            device="cpu", head="linear",
        ),
    )  # fmt: skip
    assert document["cells"][0]["mean"] == found.cells[0].mean
    assert document["runs"][0]["fingerprint"] == found.runs[0].fingerprint
    answer = firth(*words, "--seeds", "1", "2")
    assert "1 of 2 trainings are there." in answer.err
    assert json.loads(answer.out)["runs"][0] == document["runs"][0]
    answer = firth(*words, "--seeds", "1", "--units", "9")
    assert answer.code == 2 and "units" in answer.err
    small = [word if word != "8" else "9" for word in SMALL]
    answer = firth("compare", *files, *small, "--steps", "4", "--fractions", "0.1")
    assert answer.code == 2 and "out holds a comparison with dim=8, not 9" in answer.err
    assert firth(*words[:-1], "--seeds", "1", "--overwrite").code == 0
    assert len((tmp_path / "out" / "runs.jsonl").read_text().splitlines()) == 1


def test_with_an_elmo_and_a_text(firth, files, tmp_path):
    world.elmo().save(tmp_path / "e.firth")
    words = ["compare", *files, *SMALL, "--steps", "4", "--fractions", "0.1", "--seeds", "1"]
    answer = firth(*words, "--elmo", "e.firth", "--inputs", "scratch", "mix", "--json")
    assert answer.code == 0, answer.err
    assert "The ELMo reads" in answer.err and "removed when all is done" in answer.err
    cells = json.loads(answer.out)["cells"]
    assert [cell["input"] for cell in cells] == ["scratch", "mix"] and len(cells[1]["mix"]) == 2
    # the text of vectors is cut as the ELMo's was
    (tmp_path / "text.txt").write_text("\n".join(world.text()), "utf-8")
    answer = firth(
        *words, "--elmo", "e.firth", "--inputs", "vectors", "--text", "text.txt", "--verbose"
    )
    assert answer.code == 0, answer.err
    assert "text=Corpus(text.txt; words)" in answer.err
    assert load_vectors(tmp_path / "out" / "vectors.firth").dim == 100


def test_without_matplotlib_there_is_the_table(firth, files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = ["compare", *files, *SMALL, "--steps", "2", "--fractions", "0.1", "--seeds", "1"]
    answer = firth(*words)
    assert answer.code == 0 and "the table is all there is" in answer.err, answer.err
    assert answer.out.startswith("4\t10 %\tscratch\t")
    assert not (tmp_path / "out" / "learning-curve.png").exists()
    assert json.loads(firth(*words, "--json").out)["picture"] is None


def test_ctrl_c_says_how_to_go_on(firth, files, monkeypatch):
    from firth.compare import comparison as place

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, "fit", interrupted)
    answer = firth("compare", *files, *SMALL, *GRID)
    assert answer.code == 130
    assert "0 of 4 trainings are done and kept in out. To go on, give the same" in answer.err


def test_trainings_that_diverge_are_shown(firth, files, tmp_path, monkeypatch):
    from firth.compare import comparison as place
    from firth.errors import FitError

    fit = place.fit

    def failing(settings, *rest, **more):
        if settings.seed == 2 or not more["vectors"]:
            raise FitError("The loss became nan; lower --rate.")
        return fit(settings, *rest, **more)

    monkeypatch.setattr(place, "fit", failing)
    words = ["compare", *files, *SMALL, "--steps", "2", "--fractions", "0.1", "--seeds", "1", "2"]
    answer = firth(*words, "--vectors", "v.firth")
    assert answer.code == 0, answer.err
    (row,) = [line.split("\t") for line in answer.out.splitlines()]
    assert row[2] == "vectors" and row[8] == "1 of 2"
    assert "3 of 4 trainings diverged and are in no mean; the report says why" in answer.err
    assert "| diverged |" in (tmp_path / "out" / "report.md").read_text("utf-8")
    # nothing to show is an error
    answer = firth(*replaced(words, "-o", "none"))
    assert answer.code == 2 and "All 2 trainings diverged. The loss became nan" in answer.err


def test_comments_are_no_words(firth, files, tmp_path):
    for name in ("train", "dev", "test"):
        path = tmp_path / f"{name}.txt"
        path.write_text("# one sentence behind another\n\n" + path.read_text("utf-8"), "utf-8")
    words = ["compare", *files, *SMALL, "--steps", "2", "--fractions", "0.1", "--seeds", "1"]
    assert 'give comments="#" (--comments "#")' in firth(*words).err
    answer = firth(*words, "--comments", "#", "--verbose", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["about"]["train"]["sentences"] == 40
    assert "dev=Tagged('dev.txt', comments='#')" in answer.err


def replaced(words, name, value):
    at = words.index(name) + 1
    return [*words[:at], value, *words[at + 1 :]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fractions", "0"], "fractions: 0 is out of range"),
        (["--fractions", "0.5", "2"], "fractions: 2 is out of range"),
        (["--inputs", "scratch", "mixed"], "'mixed' is not one of"),
        (["--inputs", "top"], "top needs an ELMo (--elmo)"),
        (["--inputs", "vectors"], "vectors needs vectors of words"),
        (["--elmo", "v.firth"], "one of kind vectors, expected one of kind elmo"),
        (["--elmo", "no.firth"], "no.firth: found nothing"),
        (["--vectors", "no.vec"], "no.vec: found nothing"),
        (["--vectors", "v.firth", "--text", "train.txt"], "leave one out"),
        (["--tokenizer", "words"], "--tokenizer cuts the text of --text"),
        (["--columns", "0:7"], "there is no column 7"),
        (["--steps", "-1"], "steps=-1"),
        (["--seeds", "x"], "not a whole number"),
        (["--characters", "rnn", "--character-width", "7"], "cannot be halved"),
    ],
)
def test_bad_options(firth, files, tmp_path, words, said):
    small = SMALL if "--character-width" not in words else []
    answer = firth("compare", *files, *small, *words)
    assert answer.code == 2 and said in answer.err, answer.err
    assert "Traceback" not in answer.err and not (tmp_path / "out").exists()


def test_bad_files(firth, files, tmp_path):
    def fails(said, *words):
        answer = firth("compare", *words, *SMALL, *GRID)
        assert answer.code == 2 and said in answer.err, answer.err
        assert not (tmp_path / "out").exists()

    (tmp_path / "empty.txt").write_text("")
    fails("no.txt", *replaced(files, "--dev", "no.txt"))
    fails("empty.txt: empty", *replaced(files, "--dev", "empty.txt"))
    fails("empty.txt: empty", *replaced(files, "--learning-curve", "empty.txt"))
    fails("needs a value for --test", *files[:4], "-o", "out")
    fails("no-such-folder", *replaced(files, "-o", "no-such-folder/out"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    fails("holds no comparison", *replaced(files, "-o", "mine"), "--overwrite")
    assert (tmp_path / "mine" / "letter.txt").is_file()


def test_without_torch(firth, files, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name)
    )
    answer = firth("compare", *files)
    assert answer.code == 2 and 'pip install "firth[neural]"' in answer.err, answer.err
    assert firth("compare", "--help").code == 0
