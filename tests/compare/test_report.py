"""What a comparison found, by numbers worked out by hand, and the folder that keeps it."""

import dataclasses
import json

import pytest

from firth import Tagger
from firth.compare.folder import ABOUT, RUNS, ComparisonFolder
from firth.compare.markdown import markdown, score_of
from firth.compare.report import Failure, Found, Result
from firth.compare.watch import Watch, duration
from firth.errors import FormatError, ModelExistsError, SettingError


def result(name, fraction, seed, score, **changes):
    plain = Result(
        input=name, fraction=fraction, seed=seed, sentences=round(1000 * fraction), words=9,
        steps=5, score=score, scores={"accuracy": score}, held_out=None, mix=None, gamma=None,
        seconds=30.0, fingerprint=f"{name} {fraction} {seed}",
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


def about(**changes):
    text = {"name": "a.txt", "sentences": 1000, "words": 20_000, "digest": "1"}
    plain = {
        "what": "learning curve", "firth": "1.0", "figure": "f1", "train": text,
        "dev": text | {"digest": "2"}, "test": text | {"digest": "3"}, "text": None,
        "vectors": None, "elmo": None, "steps": 7,
        "settings": Tagger(units=50, precision="fp32").to_json(),
    }  # fmt: skip
    return plain | changes


def failure(name, fraction, seed):
    return Failure(
        name, fraction, seed, round(1000 * fraction), "The loss became nan.", f"{name} {seed}"
    )


RUNS_DONE = [
    result("scratch", 0.01, 1, 0.70),
    result("scratch", 0.01, 2, 0.74),
    result("mix", 0.01, 1, 0.80, mix=[0.2, 0.8]),
    result("mix", 0.01, 2, 0.78, mix=[0.4, 0.6]),
    result("scratch", 1.0, 1, 0.90),
]


@pytest.fixture
def found():
    return Found("f1", RUNS_DONE, 8, about())


def test_cells(found):
    scratch, mix, whole = found.cells
    assert (scratch.input, scratch.fraction, scratch.sentences, scratch.runs) == (
        "scratch", 0.01, 10, 2,
    )  # fmt: skip
    assert scratch.mean == pytest.approx(0.72)
    assert scratch.deviation == pytest.approx(0.02 * 2**0.5)
    assert scratch.gain is None and scratch.relative is None
    # seed by seed: 0.10 and 0.04
    assert mix.gain == pytest.approx(0.07)
    assert mix.gain_deviation == pytest.approx(0.03 * 2**0.5)
    assert mix.relative == pytest.approx(0.07 / 0.28)
    assert mix.mix == pytest.approx([0.3, 0.7])
    assert whole.deviation is None and whole.runs == 1
    assert found.cell("mix", 0.01) is mix and found.cell("mix", 1.0) is None
    assert not found.whole and found.inputs == ["scratch", "mix"]


def test_gains_are_of_seeds_that_both_have():
    runs = [result("scratch", 0.1, 1, 0.5), result("mix", 0.1, 1, 0.6), result("mix", 0.1, 2, 0.9)]
    _, mix = Found("f1", runs, 3, about()).cells
    assert mix.mean == pytest.approx(0.75) and mix.gain == pytest.approx(0.1)
    (alone,) = Found("f1", runs[1:2], 1, about()).cells
    assert alone.gain is None and score_of(alone) == "60.00"
    perfect = [result("scratch", 1, 1, 1.0), result("mix", 1, 1, 1.0)]
    assert Found("f1", perfect, 2, about()).cells[1].relative is None


def test_the_report(found):
    text = markdown(found)
    assert "| 10 (1 %) | 72.00 ± 2.83 | 79.00 ± 1.41 (+7.00) |" in text
    assert "| 1,000 (100 %) | 90.00 |  |" in text
    assert "| 10 (1 %) | +7.00 ± 4.24 / 25.0 % |" in text
    assert "| 10 | mix | 0.300 | 0.700 |" in text
    assert "Not finished: 5 of 8 trainings." in text
    assert "* tagger: units=50\n" in text and "at least 7 steps" in text
    assert "* firth 1.0, products in float32\n" in text and "diverged" not in text
    assert "![" not in text and "![F1 over training sentences](x.png)" in markdown(found, "x.png")
    assert "other inputs" not in text
    runs = [*RUNS_DONE, result("top", 0.01, 1, 0.79), result("top", 0.01, 2, 0.78)]
    more = Found("f1", runs, 8, about())
    assert more.gain("mix", "top", 0.01) == pytest.approx((0.005, 0.01 / 2**0.5))
    assert more.gain("mix", "top", 1.0) is None
    assert "| 10 (1 %) | +0.50 ± 0.71 |\n| 1,000 (100 %) |  |\n" in markdown(more)
    whole = Found("accuracy", RUNS_DONE[:2], 2, about(dev=None))
    text = markdown(whole)
    assert "Not finished" not in text and "Gain over" not in text and "no held-out" in text


def test_trainings_that_diverged_are_in_no_mean_and_are_shown():
    failed = [failure("mix", 0.01, 3), failure("mix", 1.0, 1), failure("top", 0.01, 1)]
    found = Found("f1", RUNS_DONE, 8, about(), failed)
    _, mix, whole = found.cells
    assert (mix.runs, mix.failed, mix.mean) == (2, 1, pytest.approx(0.79))
    assert whole.input == "scratch" and whole.failed == 0
    assert found.done == 8 and found.whole and found.inputs == ["scratch", "mix", "top"]
    text = markdown(found)
    assert "| 10 (1 %) | 72.00 ± 2.83 | 79.00 ± 1.41 (+7.00), 2 of 3 seeds | diverged |" in text
    assert "| 1,000 (100 %) | 90.00 | diverged |  |" in text
    assert "**3 of 8 trainings diverged** and are in no mean" in text and "Not finished" not in text
    assert "* mix, 10 sentences (1 %), seed 3: The loss became nan.\n" in text
    document = json.loads(json.dumps(found.to_json()))
    assert document["finished"] == 5 and document["failed"][0]["reason"] == "The loss became nan."
    # nothing but failures is a report too
    text = markdown(Found("f1", [], 8, about(), failed[:1]))
    assert "| 10 (1 %) | diverged |" in text and "Not finished: 1 of 8" in text


def test_the_control_says_what_its_deviation_lacks():
    runs = [result("untrained", 0.1, seed, 0.5) for seed in (1, 2)]
    assert "once for all seeds: what another draw would change is not in its ±" in markdown(
        Found("f1", runs, 2, about())
    )


def test_json(found):
    document = json.loads(json.dumps(found.to_json()))
    assert document["finished"] == 5 and document["wanted"] == 8
    assert document["cells"][1]["gain"] == pytest.approx(0.07)
    assert document["runs"][0]["scores"] == {"accuracy": 0.70}


# --- the folder --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    kept = ComparisonFolder(tmp_path / "c")
    with kept.ours():
        kept.keep(about())
        for one in RUNS_DONE:
            kept.add(one)
    return tmp_path / "c"


def test_runs_are_kept_line_by_line(folder):
    again = ComparisonFolder(folder)
    assert again.entries() == RUNS_DONE
    failed = failure("mix", 1.0, 1)
    again.add(failed)
    assert ComparisonFolder(folder).entries() == [*RUNS_DONE, failed]
    again.must_agree(about())
    assert len((folder / RUNS).read_text().splitlines()) == 6


def test_where_all_diverged_other_settings_may_follow(tmp_path):
    kept = ComparisonFolder(tmp_path / "c")
    with kept.ours():
        kept.keep(about())
        kept.add(failure("mix", 1.0, 1))
    ComparisonFolder(tmp_path / "c").must_agree(about(settings=Tagger(rate=0.001).to_json()))


def test_a_line_cut_short_is_forgotten(folder):
    with (folder / RUNS).open("a") as file:
        file.write('{"input": "mix", "fra')
    kept = ComparisonFolder(folder)
    assert kept.entries() == RUNS_DONE
    kept.add(result("mix", 1.0, 1, 0.5))
    assert len(ComparisonFolder(folder).entries()) == 6


@pytest.mark.parametrize("line", ["{", "[]", '{"input": "mix"}'])
def test_a_damaged_line(folder, line):
    text = (folder / RUNS).read_text()
    (folder / RUNS).write_text(line + "\n" + text)
    with pytest.raises(FormatError, match="runs.jsonl: found a damaged line 1"):
        ComparisonFolder(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": {"name": "b", "digest": "9"}}, r"other training sentences \(a.txt\)"),
        ({"test": {"name": "b", "digest": "9"}}, "other test sentences"),
        ({"dev": {"name": "b", "digest": "9"}}, "other held-out sentences"),
        ({"dev": None}, "a comparison with held-out sentences"),
        ({"steps": 8}, "with steps=7, not 8"),
        (
            {"settings": Tagger(units=60, precision="fp32").to_json()},
            "with units=50, not 60",
        ),
        (
            {"settings": Tagger(units=50, precision="bf16").to_json()},
            r"precision=fp32, and here it is bf16 \(auto takes .*; give --precision fp32",
        ),
        ({"firth": "2.0"}, "by firth 1.0, and this is firth 2.0, whose scores may be others"),
    ],
)
def test_another_comparison(folder, changes, said):
    with pytest.raises(SettingError, match=said + ".*begin anew with --overwrite"):
        ComparisonFolder(folder).must_agree(about(**changes))


def test_a_comparison_whose_version_was_not_noted(folder):
    document = json.loads((folder / ABOUT).read_text())
    del document["firth"]
    (folder / ABOUT).write_text(json.dumps(document))
    with pytest.raises(SettingError, match="by an older firth, and this is firth 1.0"):
        ComparisonFolder(folder).must_agree(about())


def test_models_may_come_later_and_stay_what_they_are(folder):
    one, other = {"name": "m", "digest": "5"}, {"name": "n", "digest": "6"}
    ComparisonFolder(folder).keep(about(elmo=one))
    ComparisonFolder(folder).keep(about())
    with pytest.raises(SettingError, match=r"another ELMo \(m\)"):
        ComparisonFolder(folder).must_agree(about(elmo=other))
    ComparisonFolder(folder).keep(about(vectors=one))
    with pytest.raises(SettingError, match="given vectors; give them again"):
        ComparisonFolder(folder).must_agree(about(text=other))


def test_overwriting_removes_what_is_ours(folder):
    (folder / "notes.txt").write_text("mine")
    ComparisonFolder(folder, overwrite=True).must_agree(about(steps=100))
    assert sorted(one.name for one in folder.iterdir()) == ["lock", "notes.txt"]


def test_something_else_is_there(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelExistsError, match="is a file"):
        ComparisonFolder(tmp_path / "file")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "one.txt").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(ModelExistsError, match="holds no comparison"):
            ComparisonFolder(tmp_path / "papers", overwrite=overwrite)
    assert (tmp_path / "papers" / "one.txt").is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "damaged JSON"), ("{}", "another file"), ("[]", "another file"),
     ('{"format": "firth comparison", "version": 9}', "version 9")],
)  # fmt: skip
def test_a_damaged_folder(folder, text, said):
    (folder / ABOUT).write_text(text)
    with pytest.raises(FormatError, match=said):
        ComparisonFolder(folder)


def test_an_error_before_the_first_training_leaves_nothing(tmp_path):
    kept = ComparisonFolder(tmp_path / "new")
    with pytest.raises(ZeroDivisionError), kept.ours():
        kept.keep(about())
        raise ZeroDivisionError
    assert not (tmp_path / "new").exists()
    with pytest.raises(ZeroDivisionError), kept.ours():
        kept.keep(about())
        kept.add(RUNS_DONE[0])
        raise ZeroDivisionError
    assert ComparisonFolder(tmp_path / "new").entries() == RUNS_DONE[:1]


def test_one_process_at_a_time(folder):
    with (
        ComparisonFolder(folder).ours(),
        pytest.raises(SettingError, match="is being written by"),
        ComparisonFolder(folder).ours(),
    ):
        pass


# --- the clock ---------------------------------------------------------------------------------


class Bar:
    def __init__(self):
        self.said, self.places, self.total = [], [], 0

    def start(self, task, total, unit):
        self.total = total

    def advance(self, done, **figures):
        self.places.append((done, figures))

    def say(self, text):
        self.said.append(text)


def test_one_bar_over_all_trainings():
    bar = Bar()
    watch = Watch([100, 300], 5, bar)
    assert bar.total == 400
    watch.start("training tagger", 1000, "tokens")
    watch.say("Epoch 1: loss 2.")  # of one training: not passed on
    watch.advance(500, loss=2.0, rate=0.1)
    watch.done("scratch: 70.00")
    watch.advance(500)
    watch.done("mix: 80.00")
    assert [place for place, _ in bar.places] == [50, 100, 250, 400]
    assert bar.places[0][1] == {"loss": 2.0}
    assert bar.said[0].startswith("scratch: 70.00. 4 of 5 trainings; about ")
    assert bar.said[1] == "mix: 80.00. 5 of 5 trainings."


def test_durations():
    assert [duration(s) for s in (0.2, 59, 61, 7199, 9000)] == [
        "1 s", "59 s", "2 minutes", "120 minutes", "2.5 hours",
    ]  # fmt: skip
