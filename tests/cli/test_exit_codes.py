"""0 done, 1 our fault, 2 the user's input, 130 interrupted: and what is said each time."""

import os
import signal
import subprocess
import sys

import pytest

import firth.errors as errors
from firth.cli import info, main


def all_errors(base: type = errors.FirthError) -> list[type]:
    return [base, *(sub for one in base.__subclasses__() for sub in all_errors(one))]


def test_done(firth, vec):
    assert firth("info", vec).code == 0
    assert firth("--version").code == 0


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_one_sentence(firth, vec, monkeypatch, kind):
    arguments = {
        errors.FormatError: (vec, "a thing", "another"),
        errors.MissingExtraError: ("this", "package", "extra"),
    }.get(kind, ("a thing was found; give another.",))

    def fail(*_):
        raise kind(*arguments)

    monkeypatch.setattr(info, "describe", fail)
    answer = firth("info", vec)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err == f"firth: {kind(*arguments)}\n"
    debugged = firth("info", vec, "--debug")
    assert debugged.code == 2
    assert "Traceback" in debugged.err
    assert f"firth: {kind(*arguments)}\n" in debugged.err


def test_our_own_fault_asks_for_a_report(firth, vec, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(info, "describe", fail)
    answer = firth("info", vec)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "Please report it" in answer.err
    assert f"firth info {vec}" in answer.err


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            MemoryError("cannot allocate 8 GiB"),
            "there is not enough memory (cannot allocate 8 GiB)",
        ),
        (PermissionError(13, "Permission denied", "x.firth"), "x.firth: permission denied"),
    ],
)
def test_what_the_machine_refuses_is_the_users_to_mend(firth, vec, monkeypatch, fault, said):
    def fail(*_):
        raise fault

    monkeypatch.setattr(info, "describe", fail)
    answer = firth("info", vec)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["neighbours", "m", "w"], "'neighbours' is not a command. Did you mean 'neighbors'?"),
        (["trian"], "Did you mean 'train'"),
        (["train", "skipgrm", "a", "-o", "b"], "'skipgrm' is not a kind of model. Did you mean"),
        (["train", "skipgram", "a", "-o", "b", "--dmi", "9"], "--dmi. Did you mean --dim?"),
        (["neighbors", "m", "w", "--limt", "9"], "Unknown option: --limt. Did you mean --limit?"),
        (["analogy", "m", "a", "b"], "firth analogy needs a value for C"),
        (["train", "skipgram", "a"], "firth train skipgram needs a value for -o"),
        (["train", "skipgram", "-o", "a"], "firth train skipgram needs a value for DATA"),
        (["neighbors", "m", "w", "-n", "few"], "-n='few' is not a whole number."),
        (["evaluate", "m", "--protocol", "glov"], 'Did you mean "glove"?'),
    ],
)
def test_a_command_line_that_cannot_be_understood(firth, words, said):
    answer = firth(*words)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert "See: firth" in answer.err
    assert answer.out == ""


def test_nothing_said_shows_the_help(firth):
    answer = firth()
    assert answer.code == 0
    for command in main.COMMANDS:
        assert command in answer.out


def test_ctrl_c_anywhere(firth, vec, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "describe", interrupt)
    answer = firth("info", vec)
    assert answer.code == 130
    assert answer.err == "Interrupted; nothing was written.\n"


def test_a_reader_that_leaves_early_is_no_error(vec):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "firth", "info", vec], stdout=writing, stderr=subprocess.PIPE
        )
    finally:
        os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0


def test_as_a_process(vec):
    """The same through `python -m firth`: the code reaches the shell."""
    done = subprocess.run(
        [sys.executable, "-m", "firth", "neighbors", vec, "nort"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Did you mean 'north'" in done.stderr
    assert signal.SIGINT + 128 == main.INTERRUPTED
