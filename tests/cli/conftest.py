"""The command line run in this process, and a small model to ask."""

import io
import sys
from typing import NamedTuple

import pytest

from firth.cli.main import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def firth(capsys, tmp_path, monkeypatch):
    """Runs `firth` with the given words in an empty folder; `stdin` is what it reads there."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object, stdin: str | bytes | None = None) -> Answer:
        if stdin is not None:
            data = stdin.encode() if isinstance(stdin, str) else stdin
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return run


SMALL = ("--dim", "8", "--epochs", "3", "--min-count", "1", "--threads", "1", "--rate", "0.05")


@pytest.fixture(scope="session")
def model(tmp_path_factory, checkerboard_file):
    """A skip-gram model of the checkerboard corpus."""
    path = tmp_path_factory.mktemp("models") / "board.firth"
    assert main(["train", "skipgram", str(checkerboard_file), "-o", str(path), *SMALL]) == 0
    return path


VEC = """4 3
north 1 0 0
south 0.9 0.1 0
east 0 1 0
west 0 0.9 0.1
"""


@pytest.fixture
def vec(tmp_path):
    """Four words of three numbers, as word2vec text."""
    path = tmp_path / "four.vec"
    path.write_text(VEC, "utf-8")
    return path
