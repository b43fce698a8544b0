"""`firth train`: options from the settings, bad input, interruption, resuming."""

import dataclasses
import functools
import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from firth.cli import train as command
from firth.errors import StorageError
from firth.vectors.fitted import Fitted, load

from .conftest import SMALL

KINDS = sorted(command.KINDS)


def settings_class(kind):
    module, name, _ = command.KINDS[kind]
    return getattr(importlib.import_module(module), name)


# --- options -----------------------------------------------------------------------------------


def other_value(field):
    """A legal value that is not the default, and how it is written on the command line."""
    flag = "--" + field.name.replace("_", "-")
    choices, low = field.metadata.get("choices"), field.metadata.get("low")
    if "bool" in str(field.type):
        value = not field.default
        return value, [flag if value else "--no-" + flag[2:]]
    if choices:
        value = next(choice for choice in choices if choice != field.default)
    elif isinstance(field.default, float):
        high = field.metadata.get("high")
        value = field.default / 2 if high is None or field.default else high / 2
        if value == field.default or (low is not None and value < low):
            value = field.default + 1
    elif field.name == "filters":
        value = "2:8,3:8"
    elif "str" in str(field.type) and "int" not in str(field.type):
        value = (field.default or "") + "~"
    else:
        high = field.metadata.get("high")
        value = (field.default or low or 0) + 1
        value = value if high is None or value <= high else high / 2
    return value, [flag, str(value)]


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind in KINDS for field in dataclasses.fields(settings_class(kind))],
    ids=lambda part: getattr(part, "name", part),
)
def test_every_setting_arrives(firth, monkeypatch, checkerboard_file, kind, field):
    arrived = []

    @functools.wraps(settings_class(kind).fit)  # options are made from its signature
    def fit(self, *_, **__):
        arrived.append(self)
        raise ValueError("far enough")

    monkeypatch.setattr(settings_class(kind), "fit", fit)
    value, words = other_value(field)
    assert value != field.default
    firth("train", kind, checkerboard_file, "-o", "x.firth", *words)
    assert getattr(arrived[0], field.name) == value
    # this one and no other
    assert arrived[0] == settings_class(kind)(**{field.name: value})


@pytest.mark.parametrize("kind", KINDS)
def test_help_tells_every_setting(firth, monkeypatch, kind):
    # a width in the environment counts for the first help of a process only
    monkeypatch.setattr(command.app, "console", Console(width=400))
    answer = firth("train", kind, "--help")
    # however it is broken into lines
    text = " ".join(answer.out.replace("│", " ").split())
    for field in dataclasses.fields(settings_class(kind)):
        assert "--" + field.name.replace("_", "-") in answer.out
        assert " ".join(field.metadata["meaning"].split()) in text
    # an option is offered where the kind can do something with it
    taken = inspect.signature(settings_class(kind).fit).parameters
    cut = ("--tokenizer", "--column ", "--fold-case", "--encoding", "--phrases")
    for option in ("--columns", "--encoding") if "tagged" in taken else cut:
        assert option in text
    for option in ("dev", "init_from", "continue_from", "freeze", "resume", "vectors", "elmo"):
        assert ("--" + option.replace("_", "-") in answer.out) == (option in taken)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dim", "0"], "dim=0 is out of range; wanted a whole number of at least 1."),
        (["--window", "-3"], "window=-3 is out of range"),
        (["--objective", "sofmax"], 'Did you mean "softmax"?'),
        (["--freeze"], "--freeze keeps the vectors of --init-from as they are; give both."),
        (["--min-count", "100000"], "100000"),
        (["--tokenizer", "wrds"], "wrds"),
        (["--tokenizer", "no_such_module:cut"], "'no_such_module' cannot be imported"),
        (["--tokenizer", "json:no_such_function"], "no function 'no_such_function'"),
        (["--init-from", "no.vec"], "no.vec: found nothing"),
        (["--continue-from", "no.firth"], "no.firth: found nothing"),
        (["--dev", "no.txt"], "no.txt"),
        (["--encoding", "utf-99"], "utf-99"),
        (["--resume"], "there is nothing to go on from"),
    ],
)
def test_bad_options(firth, tmp_path, checkerboard_file, words, said):
    answer = firth("train", "skipgram", checkerboard_file, "-o", "x.firth", *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


# --- bad text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "text.txt"),
        (b"", "text.txt"),
        (b" \n\n \n", ""),
        (b"one word repeated " * 3 + b"\xff\xfe bad", "0xFF"),
        ("Füße und Straßen\n".encode("latin-1") * 9, "0xFC"),
        (os.urandom(1 << 14), "text.txt"),
        (b"\x7fELF\x02\x01\x01" + bytes(5000), "text.txt"),
        (b"a a a a a a a a a a a a\n" * 50, ""),
    ],
    ids=["missing", "empty", "blank", "bad byte", "latin-1", "random", "binary", "one word"],
)
def test_text_that_cannot_be_used(firth, tmp_path, content, said):
    if content is not None:
        (tmp_path / "text.txt").write_bytes(content)
    answer = firth("train", "skipgram", "text.txt", "-o", "x.firth")
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "x.firth").exists()


def test_a_bad_byte_may_be_replaced(firth, tmp_path):
    (tmp_path / "text.txt").write_bytes("der Fuß und der Hut\n".encode("latin-1") * 30)
    words = ("train", "skipgram", "text.txt", "-o", "x.firth", *SMALL)
    assert firth(*words).code == 2
    assert firth(*words, "--encoding-errors", "replace").code == 0
    again = firth(*words, "--encoding", "latin-1", "--overwrite")
    assert again.code == 0
    assert "fuss" in load("x.firth").vectors


def test_standard_input(firth, checkerboard):
    text = "\n".join(checkerboard)
    answer = firth("train", "cbow", "-", "-o", "x.firth", *SMALL, stdin=text)
    assert answer.code == 0, answer.err
    assert len(load("x.firth").vectors) == 20


def test_a_column_and_a_tokenizer_of_ones_own(firth, tmp_path):
    (tmp_path / "t.csv").write_text("id,text\n" + '1,"left-right-left"\n' * 20, "utf-8")
    (tmp_path / "mine.py").write_text("def cut(line):\n    return line.split('-')\n", "utf-8")
    words = ("train", "skipgram", "t.csv", "-o", "x.firth", *SMALL, "--column", "text")
    answer = firth(*words, "--tokenizer", "mine:cut")
    assert answer.code == 0, answer.err
    assert sorted(load("x.firth").vectors.names) == ["left", "right"]
    sys.modules.pop("mine", None)


@pytest.mark.parametrize(
    ("words", "folded"),
    [
        ([], True),
        (["--tokenizer", "whitespace"], False),
        (["--tokenizer", "characters"], False),
        (["--tokenizer", "whitespace", "--fold-case"], True),
        (["--no-fold-case"], False),
    ],
)
def test_case_is_folded_for_words_only_unless_told(firth, tmp_path, words, folded):
    (tmp_path / "t.txt").write_text("Alle Vögel sind schon da\n" * 9, "utf-8")
    answer = firth("train", "skipgram", "t.txt", "-o", "x.firth", *SMALL, *words)
    assert answer.code == 0, answer.err
    fitted = load("x.firth")
    assert fitted.corpus["fold_case"] is folded
    assert any(name[0] in "AV" for name in fitted.vectors.names) is not folded


@pytest.mark.parametrize("name", ["t.json", "bpe:t.json", "bpe:odd:name.json", "odd:name.json"])
def test_a_trained_tokenizer(firth, tmp_path, checkerboard_file, name):
    tokenizers = pytest.importorskip("tokenizers")
    trained = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="?"))
    trained.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(special_tokens=["?"], show_progress=False)
    trained.train_from_iterator(checkerboard_file.read_text("utf-8").splitlines(), trainer)
    trained.save(name.removeprefix("bpe:"))
    words = ("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL, "--tokenizer")
    answer = firth(*words, name)
    assert answer.code == 0, answer.err
    assert load("x.firth").corpus["tokenizer"] == name
    # the model's own tokenizer cuts the lines
    cut = ("embed", "x.firth", "-o", "l.npy", "--of", "lines")
    assert firth(*cut, stdin="w1 w3\n").code == 0
    answer = firth(*words, "unigram:t.json", "--overwrite")
    assert answer.code == 2
    assert "t.json" in answer.err


# --- the output --------------------------------------------------------------------------------


def test_json_and_plain_summary(firth, checkerboard_file):
    words = ("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL)
    document = json.loads(firth(*words, "--json").out)
    assert document["path"] == "x.firth"
    assert document["kind"] == "skipgram"
    assert (document["words"], document["dim"], document["epochs"]) == (20, 8, 3)
    assert len(document["history"]) == 3
    plain = firth(*words, "--overwrite").out
    assert plain.startswith("x.firth: 20 words, 8 numbers each, 3 epochs in ")
    assert "Next: firth neighbors x.firth w" in plain


def test_the_memory_is_named_before_it_starts(firth, checkerboard_file):
    answer = firth("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL)
    assert "MB" in answer.err
    # not a terminal: sentences, no bar
    assert "\x1b" not in answer.err
    assert "━" not in answer.err


def test_verbose_prints_python_that_does_the_same(firth, tmp_path, checkerboard_file):
    words = ("train", "skipgram", checkerboard_file, *SMALL, "--tokenizer", "whitespace")
    answer = firth(*words, "-o", "one.firth", "--verbose")
    line = next(x for x in answer.err.splitlines() if x.startswith(">>> "))
    program = "from firth import *\n" + line[4:].replace("one.firth", "two.firth")
    exec(program, {})
    one, two = load("one.firth"), load("two.firth")
    assert (one.vectors.matrix == two.vectors.matrix).all()


def test_an_output_that_exists_is_kept(firth, tmp_path, checkerboard_file):
    (tmp_path / "x.firth").mkdir()
    (tmp_path / "x.firth" / "precious").write_text("x")
    words = ("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL)
    answer = firth(*words)
    assert answer.code == 2
    assert "x.firth exists already" in answer.err
    assert "--overwrite" in answer.err
    assert (tmp_path / "x.firth" / "precious").exists()
    assert firth(*words, "--overwrite").code == 0
    assert load("x.firth").kind == "skipgram"


def test_an_output_folder_that_does_not_exist(firth, checkerboard_file):
    answer = firth("train", "skipgram", checkerboard_file, "-o", "no/x.firth")
    assert answer.code == 2
    assert "does not exist; make it first" in answer.err


def test_a_full_disk_leaves_the_old_model(tmp_path, checkerboard_file):
    """A limit on the size of files stands for a disk that is full."""
    resource = pytest.importorskip("resource", reason="no such limits on this system")
    words = ["train", "skipgram", str(checkerboard_file), "-o", "x.firth", *SMALL]
    program = [sys.executable, "-m", "firth"]
    assert subprocess.run([*program, *words], cwd=tmp_path, capture_output=True).returncode == 0
    before = load(tmp_path / "x.firth").vectors.matrix.copy()

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    done = subprocess.run(
        [*program, *words[: -len(SMALL)], "--overwrite", "--dim", "200", "--epochs", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=small_files,
    )
    assert done.returncode == 2, done.stderr
    assert "x.firth" in done.stderr
    assert "Traceback" not in done.stderr
    assert (load(tmp_path / "x.firth").vectors.matrix == before).all()
    left = {path.name for path in tmp_path.iterdir()} - {"x.firth", "x.firth.checkpoint"}
    assert left == set()


# --- starting from something -------------------------------------------------------------------


def test_continue_and_init(firth, model, checkerboard_file, tmp_path):
    answer = firth("train", "skipgram", checkerboard_file, "-o", "on.firth", "--epochs", "1",
                   "--min-count", "1", "--continue-from", model)  # fmt: skip
    assert answer.code == 0, answer.err
    assert "note: dim=8, as in the vectors to start from" in answer.err
    answer = firth("train", "cbow", checkerboard_file, "-o", "frozen.firth", "--epochs", "1",
                   "--min-count", "1", "--init-from", model, "--freeze")  # fmt: skip
    assert answer.code == 0, answer.err
    given, kept = load(model).vectors, load("frozen.firth").vectors
    assert kept["w1"] == pytest.approx(given["w1"])


# --- interruption ------------------------------------------------------------------------------


@pytest.fixture
def long_run(tmp_path, checkerboard):
    """A training that would take minutes, in a process of its own, with frequent checkpoints."""
    (tmp_path / "text.txt").write_text("\n".join(checkerboard * 20) + "\n", "utf-8")
    words = ["text.txt", "-o", "x.firth", "--epochs", "100000", "--dim", "16", "--threads", "1"]
    command = [sys.executable, "-m", "firth", "train", "skipgram", *words]
    command += ["--checkpoint-every", "0.1"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process, command
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


def wait_for(path, seconds=90):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)


def test_ctrl_c_keeps_and_names_what_was_learnt(long_run, tmp_path):
    process, command = long_run
    wait_for(tmp_path / "x.firth.checkpoint")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; what was learnt so far is in x.firth." in err
    assert "--resume" in err
    assert "Traceback" not in err
    assert len(load(tmp_path / "x.firth").vectors) == 20


def test_ctrl_c_does_not_replace_an_older_model(long_run, tmp_path, model):
    process, command = long_run
    wait_for(tmp_path / "x.firth.checkpoint")
    # as if --overwrite had been given
    os.symlink(model, tmp_path / "x.firth")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "is in x.partial.firth." in err
    assert load(tmp_path / "x.firth").vectors.dim == 8
    assert load(tmp_path / "x.partial.firth").vectors.dim == 16


def test_the_checkpoint_stays_until_the_model_is_whole(firth, monkeypatch, tmp_path, checkerboard):
    (tmp_path / "t.txt").write_text("\n".join(checkerboard), "utf-8")
    words = ("train", "skipgram", "t.txt", "-o", "x.firth", *SMALL, "--checkpoint-every", "0")
    save = Fitted.save

    def no_room(self, path, **more):
        if Path(path).name == "x.firth":
            raise StorageError("x.firth: the disk is full")
        save(self, path, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Fitted, "save", no_room)
        assert firth(*words).code == 2
    assert (tmp_path / "x.firth.checkpoint" / "model.json").is_file()
    # the same command again, perhaps while the first one still runs, takes nothing away
    again = firth(*words)
    assert again.code == 2
    assert "Go on from it with --resume, or begin anew with --overwrite." in again.err
    assert firth(*words, "--resume").code == 0
    assert len(load("x.firth").history) == 3
    assert not (tmp_path / "x.firth.checkpoint").exists()


def test_kill_and_resume(long_run, tmp_path):
    process, command = long_run
    wait_for(tmp_path / "x.firth.checkpoint")
    process.kill()
    process.communicate(timeout=60)
    assert not (tmp_path / "x.firth").exists()
    # the other settings must be the same, so the resumed run is interrupted too
    again = subprocess.Popen(
        [*command, "--resume"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    before = (tmp_path / "x.firth.checkpoint" / "model.json").stat().st_mtime_ns
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.05)
        file = tmp_path / "x.firth.checkpoint" / "model.json"
        if file.exists() and file.stat().st_mtime_ns > before:
            break
    again.send_signal(signal.SIGINT)
    _, err = again.communicate(timeout=60)
    assert again.returncode == 130, err
    assert "Going on from epoch" in err
    assert len(load(tmp_path / "x.firth").history) > 0
