"""Input that is wrong in ways that cross folders: the whole command, from file to exit code.

What one folder can show alone is tested beside it: `cli/test_bad_models.py` (damaged models and
vector files, pickles), `cli/test_train.py` (texts, settings, Ctrl-C), `text/` and `vectors/`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import pytest

from firth.cli.main import main
from firth.vectors.fitted import load

PROGRAM = [sys.executable, "-m", "firth"]
SMALL = ("--dim", "8", "--epochs", "2", "--min-count", "1", "--threads", "1", "--rate", "0.05")


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def firth(capsys, tmp_path, monkeypatch):
    """Runs `firth` with the given words, in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Answer:
        capsys.readouterr()
        return Answer(main([str(word) for word in words]), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def kept(tmp_path_factory, checkerboard_file):
    """A finished model."""
    path = tmp_path_factory.mktemp("kept") / "x.firth"
    assert main(["train", "skipgram", str(checkerboard_file), "-o", str(path), *SMALL]) == 0
    return path


def refused(answer, *said):
    """Exit code 2 and no traceback; the last line is the sentence, notes may stand before it."""
    assert answer.code == 2, answer.err
    assert answer.out == ""
    assert "Traceback" not in answer.err
    last = answer.err.rstrip("\n").splitlines()[-1]
    assert last.startswith("firth: ")
    for text in said:
        assert text in last


# --- text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_of_another_width_trains_when_it_is_named(firth, tmp_path, encoding):
    (tmp_path / "t.txt").write_text("der Fuß und der Hut\n" * 30, encoding)
    words = ("train", "skipgram", "t.txt", "-o", "x.firth", *SMALL)
    refused(firth(*words), "t.txt", "--encoding")
    assert not (tmp_path / "x.firth").exists()
    assert firth(*words, "--encoding", encoding).code == 0
    assert "fuss" in load("x.firth").vectors


@pytest.mark.parametrize("packed", [b"\x1f\x8b\x08\0 no gzip", b"BZh9 no bzip2", b"\xfd7zXZ\0 no"])
def test_a_damaged_packed_file(firth, tmp_path, packed):
    (tmp_path / "t.txt").write_bytes(packed + bytes(range(200)))
    refused(firth("train", "cbow", "t.txt", "-o", "x.firth"), "t.txt")
    assert not (tmp_path / "x.firth").exists()


def test_a_folder_without_text(firth, tmp_path):
    (tmp_path / "texts").mkdir()
    refused(firth("train", "cbow", "texts", "-o", "x.firth"), "texts")


def test_a_line_of_50_mb_trains(firth, tmp_path):
    words = "the quick brøwn fox jumps over a lazy dog and on "
    times = 50_000_000 // len(words.encode()) + 1
    (tmp_path / "t.txt").write_text(words * times + "\n", "utf-8")
    # all but a few words are thinned out: it is the reading and cutting that is in question
    answer = firth("train", "cbow", "t.txt", "-o", "x.firth", *SMALL, "--subsample", "1e-5",
                   "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    corpus = json.loads(answer.out)["corpus"]
    assert (corpus["lines"], corpus["tokens"]) == (1, 11 * times)
    assert firth("neighbors", "x.firth", "fox", "-n", "3").code == 0


def test_one_word_repeated_a_million_times(firth, tmp_path):
    (tmp_path / "t.txt").write_text("word " * 1_000_000 + "\n", "utf-8")
    refused(firth("train", "skipgram", "t.txt", "-o", "x.firth"), "one word, 'word'", "two or more")
    assert not (tmp_path / "x.firth").exists()


def test_one_word_repeated_a_million_times_among_others(firth, tmp_path):
    lines = "a few other words\n" * 50
    (tmp_path / "t.txt").write_text(lines + "word " * 1_000_000 + "\n" + lines, "utf-8")
    answer = firth("train", "skipgram", "t.txt", "-o", "x.firth", *SMALL)
    assert answer.code == 0, answer.err
    assert np.isfinite(load("x.firth").vectors.matrix).all()
    # not thinned out either: every window holds nothing but this word
    answer = firth("train", "cbow", "t.txt", "-o", "y.firth", *SMALL, "--subsample", "0",
                   "--window", "2")  # fmt: skip
    assert answer.code == 0, answer.err
    assert np.isfinite(load("y.firth").vectors.matrix).all()


def test_a_vocabulary_emptied_by_min_count_names_the_commonest(firth, tmp_path):
    (tmp_path / "t.txt").write_text("north south north\n", "utf-8")
    refused(
        firth("train", "skipgram", "t.txt", "-o", "x.firth"), "min_count=5", "'north' (2)", "ower"
    )
    assert not (tmp_path / "x.firth").exists()


@pytest.mark.parametrize(
    ("kind", "objective"), [("skipgram", "negative-sampling"), ("cbow", "hierarchical-softmax")]
)
def test_a_vocabulary_of_two_words_trains(firth, tmp_path, kind, objective):
    (tmp_path / "t.txt").write_text("left right left right\n" * 50, "utf-8")
    words = ("train", kind, "t.txt", "-o", "x.firth", *SMALL, "--objective", objective)
    answer = firth(*words)
    assert answer.code == 0, answer.err
    vectors = load("x.firth").vectors
    assert sorted(vectors.names) == ["left", "right"]
    assert np.isfinite(vectors.matrix).all()
    assert firth("neighbors", "x.firth", "left").out.startswith("right\t")
    refused(firth("neighbors", "x.firth", "lefft"), "Did you mean 'left'?")


# --- the output --------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path):
    """Runs `firth` in a file system of a megabyte: (answer, what is left in its folder)."""
    mount = "mount -t tmpfs -o size=1m none small && cd small && "
    shell = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    (tmp_path / "small").mkdir()
    try:
        subprocess.run([*shell, mount + "true"], cwd=tmp_path, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no small file system can be mounted here without being root")

    def run(before: str, *words: object) -> tuple[Answer, set[str]]:
        script = f'{before}; "$@"; code=$?; ls -A > ../left; exit $code'
        command = [*shell, mount + script, "sh", *PROGRAM, *map(str, words)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        left = set((tmp_path / "left").read_text("utf-8").split())
        return Answer(done.returncode, done.stdout, done.stderr), left

    return run


def test_a_disk_that_is_really_full(tiny, tmp_path, kept, checkerboard_file):
    words = ("train", "skipgram", checkerboard_file, *SMALL)
    # the control: a small model fits
    answer, left = tiny("true", *words, "-o", "x.firth")
    assert (answer.code, left) == (0, {"x.firth"}), answer.err
    large = ("train", "skipgram", checkerboard_file, "-o", "x.firth", "--epochs", "1")
    large += ("--dim", "8000", "--window", "1", "--shared", "1", "--threads", "1")
    answer, left = tiny("true", *large)
    refused(answer, "x.firth", "the disk is full")
    assert left == set()
    # over an older model, whose every byte must stay
    differs = tmp_path / "differs"
    before = f'cp -r "{kept}" x.firth; trap \'diff -r "{kept}" x.firth > "{differs}" 2>&1\' EXIT'
    answer, left = tiny(before, *large, "--overwrite")
    refused(answer, "the disk is full")
    assert left == {"x.firth"}
    assert differs.read_text("utf-8") == ""


@pytest.mark.parametrize("name", ["x.vec", "x.bin", "x.safetensors", "x.firth", "x_tensor.tsv"])
def test_converting_to_a_full_disk_leaves_nothing(tiny, tmp_path, name):
    rows = (f"word{i} " + " ".join(["0.12345"] * 300) for i in range(1200))
    (tmp_path / "large.vec").write_text("1200 300\n" + "\n".join(rows) + "\n", "utf-8")
    large = tmp_path / "large.vec"
    answer, left = tiny("true", "convert", large, name)
    refused(answer, "the disk is full")
    assert left == set()


def test_embedding_on_a_full_disk_leaves_nothing(tiny, tmp_path):
    pytest.importorskip("torch", reason="the neural half needs PyTorch")
    from neural.drawn_elmo import drawn_elmo

    drawn_elmo().save(tmp_path / "e.firth")
    text = tmp_path / "t.txt"
    text.write_text("a b c d\n" * 2500, "utf-8")
    # the words are written first, for the vectors no room is looked for
    words = ("embed", tmp_path / "e.firth", text, "-o", "w.npy")
    answer, left = tiny("head -c 1000000 /dev/zero > other", *words)
    refused(answer, "the disk is full")
    assert left == {"other"}


# --- killed half-way ---------------------------------------------------------------------------


def start(folder, *more):
    """A training that would take hours, in a process of its own, over the model x.firth."""
    words = ["train", "skipgram", "text.txt", "-o", "x.firth", "--epochs", "100000", "--dim", "16"]
    words += ["--threads", "1", "--checkpoint-every", "0"]
    return subprocess.Popen(
        [*PROGRAM, *words, *more], cwd=folder, stderr=subprocess.PIPE, text=True
    )


def epoch_of(folder):
    """The epoch in the checkpoint, -1 while there is none."""
    try:
        model = json.loads((folder / "x.firth.checkpoint" / "model.json").read_text("utf-8"))
    except (OSError, ValueError):
        return -1
    return model["corpus"]["checkpoint"]["epoch"]


def wait_until_beyond(folder, epoch, process, seconds=60):
    end = time.monotonic() + seconds
    while epoch_of(folder) <= epoch:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "no checkpoint appeared"
        time.sleep(0.02)


def kill(process):
    process.kill()
    return process.communicate(timeout=60)[1]


def test_kill_9_leaves_the_old_model_and_resume_goes_on(tmp_path, kept, checkerboard):
    (tmp_path / "text.txt").write_text("\n".join(checkerboard) + "\n", "utf-8")
    shutil.copytree(kept, tmp_path / "x.firth")
    before = load(kept).vectors
    process = start(tmp_path, "--overwrite")
    try:
        wait_until_beyond(tmp_path, 2, process)
    finally:
        kill(process)
    old = load(tmp_path / "x.firth").vectors
    assert old.names == before.names
    assert (old.matrix == before.matrix).all()
    # the kill may fall between two renames: opening mends it
    load(tmp_path / "x.firth.checkpoint")
    reached = epoch_of(tmp_path)
    assert reached > 2
    again = start(tmp_path, "--overwrite", "--resume")
    try:
        wait_until_beyond(tmp_path, reached + 2, again)
    finally:
        said = kill(again)
    number = int(said.split("Going on from epoch ")[1].split(",")[0])
    assert number > reached
    assert (load(tmp_path / "x.firth").vectors.matrix == before.matrix).all()


@pytest.mark.parametrize("name", ["model.json", "state.safetensors", "vectors.safetensors"])
def test_a_checkpoint_cut_short_is_refused(firth, tmp_path, checkerboard_file, kept, name):
    shutil.copytree(kept, tmp_path / "x.firth.checkpoint")
    file = tmp_path / "x.firth.checkpoint" / name
    os.truncate(file, file.stat().st_size // 2)
    answer = firth("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL, "--resume")
    refused(answer, name)
    assert not (tmp_path / "x.firth").exists()


def test_a_finished_model_is_no_checkpoint(firth, tmp_path, checkerboard_file, kept):
    shutil.copytree(kept, tmp_path / "x.firth.checkpoint")
    answer = firth("train", "skipgram", checkerboard_file, "-o", "x.firth", *SMALL, "--resume")
    refused(answer, "is a finished model, not a checkpoint")


# --- vector files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.vec", "x.txt.gz", "x.bin", "x.safetensors", "x.glove"])
@pytest.mark.parametrize("option", ["neighbors", "--init-from"])
def test_vector_files_cut_in_the_middle(firth, tmp_path, kept, checkerboard_file, name, option):
    assert firth("convert", kept, name).code == 0
    # amid the numbers of the eleventh row: a file without a header may end after any whole row
    os.truncate(name, (tmp_path / name).stat().st_size * 21 // 40)
    if option == "neighbors":
        refused(firth("neighbors", name, "w1"), name)
        return
    words = ("train", "skipgram", checkerboard_file, "-o", "new.firth", "--init-from", name)
    refused(firth(*words), name)
    assert not (tmp_path / "new.firth").exists()


@pytest.mark.parametrize("where", ["continue", "checkpoint"])
def test_a_state_that_is_gone(firth, tmp_path, kept, checkerboard_file, where):
    words = ["train", "skipgram", checkerboard_file, "-o", "new.firth", *SMALL]
    folder = tmp_path / ("x.firth" if where == "continue" else "new.firth.checkpoint")
    shutil.copytree(kept, folder)
    (folder / "state.safetensors").unlink()
    more = ["--continue-from", "x.firth"] if where == "continue" else ["--resume"]
    refused(firth(*words, *more), "state.safetensors")


@pytest.mark.parametrize("header", ["999999999 8", "20 80", "20 4", "20 -8", "1 8"])
def test_a_binary_file_whose_header_lies(firth, kept, tmp_path, header):
    assert firth("convert", kept, "x.bin").code == 0
    data = (tmp_path / "x.bin").read_bytes()
    assert data.startswith(b"20 8\n")
    (tmp_path / "x.bin").write_bytes(header.encode() + data[4:])
    started = time.monotonic()
    answer = firth("neighbors", "x.bin", "w1", "-n", "1")
    # it is not believed: nothing of that size is reserved
    assert time.monotonic() - started < 5
    refused(answer, "x.bin")
