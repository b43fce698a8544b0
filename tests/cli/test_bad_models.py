"""What is not a model, no longer one, or not one at all: exit code 2 and a sentence."""

import json
import os
import pickle
import shutil

import pytest


@pytest.fixture
def copy(model, tmp_path):
    """A model that may be spoilt."""
    return shutil.copytree(model, tmp_path / "copy.firth")


def ask(firth, path):
    answer = firth("neighbors", path, "w1")
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""
    return answer.err


def test_nothing_there(firth, copy):
    said = ask(firth, "copy.frth")
    assert "copy.frth: found nothing, expected a model folder or a file of vectors." in said
    assert "Did you mean 'copy.firth'?" in said
    assert "no such folder" in ask(firth, "no/such/thing")


def test_an_empty_file(firth, tmp_path):
    (tmp_path / "empty.vec").touch()
    assert "empty.vec" in ask(firth, "empty.vec")


def test_a_folder_of_something_else(firth, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("x")
    assert "other" in ask(firth, "other")


@pytest.mark.parametrize("name", ["model.json", "vocabulary.tsv", "vectors.safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "changed", "gone"])
def test_a_damaged_model(firth, copy, name, damage):
    file = copy / name
    data = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        file.write_bytes(b"\xff" * 20 + data[20:])
    else:
        file.unlink()
    said = ask(firth, copy)
    assert str(copy) in said
    if name != "model.json" or damage != "gone":
        assert name in said


def test_a_model_of_the_future(firth, copy):
    document = json.loads((copy / "model.json").read_text("utf-8"))
    document["version"] = 99
    (copy / "model.json").write_text(json.dumps(document), "utf-8")
    assert "version 99" in ask(firth, copy)


class Attack:
    def __reduce__(self):
        return os.system, ("touch attacked",)


def test_a_pickle_that_runs_code_does_not(firth, tmp_path):
    (tmp_path / "attack.kv").write_bytes(pickle.dumps(Attack(), protocol=2))
    assert "attack.kv" in ask(firth, "attack.kv")
    assert not (tmp_path / "attacked").exists()
    # the control: the same file does run its code elsewhere
    pickle.loads((tmp_path / "attack.kv").read_bytes())
    assert (tmp_path / "attacked").exists()


@pytest.mark.parametrize("header", ["99 3", "4 7", "999999999999 3", "4 999999999999", "-4 3"])
def test_a_header_that_lies(firth, tmp_path, header):
    (tmp_path / "lie.vec").write_text(f"{header}\na 1 0 0\nb 0 1 0\nc 0 0 1\nd 1 1 1\n", "utf-8")
    assert "lie.vec" in ask(firth, "lie.vec")


def test_a_binary_file_cut_short(firth, tmp_path):
    (tmp_path / "cut.bin").write_bytes(b"1000 50\nking " + b"\0\0\x80?" * 20)
    assert "cut.bin" in ask(firth, "cut.bin")


@pytest.mark.filterwarnings("default")
def test_a_header_that_is_nearly_right_is_a_note(firth, tmp_path):
    (tmp_path / "near.vec").write_text("5 2\na 1 0\nb 0 1\nc 1 1\nd 1 2\n", "utf-8")
    answer = firth("neighbors", "near.vec", "a", "-n", "1")
    assert answer.code == 0
    assert "firth: note: near.vec: the header announces 5 vectors, the file holds 4" in answer.err
