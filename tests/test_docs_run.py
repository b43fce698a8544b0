"""Every command and every Python block of the README and of docs/ runs, in order, in one folder.

The Python blocks of a page share their names, so that one may go on from another.

Blocks marked ```sh setup make environments: here their make targets are looked up; the heavy test
runs them.
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: how a set-up line may begin
SETUP = ("make ", "python3 -m venv ", ".venv/bin/")


class Block(NamedTuple):
    line: int
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(text[: found.start()].count("\n") + 1, found[1].strip(), found[2])
        for found in re.finditer(r"^```([^\n]*)\n(.*?)^```", text, re.M | re.S)
    ]


def corpus() -> str:
    """A small world in which the words of the examples occur."""
    lines = [
        f"the {noble} of the {land} spoke and {they} wore a golden crown in the palace"
        for noble, they in (("king", "he"), ("queen", "she"), ("prince", "he"), ("princess", "she"))
        for land in ("north", "south", "east", "west", "island")
    ]
    lines += [
        f"a {person} went to {place} and {they} bought bread there"
        for person, they in (("man", "he"), ("woman", "she"), ("boy", "he"), ("girl", "she"))
        for place in ("town", "market", "mill", "harbour", "fair")
    ]
    return "\n".join(lines * 10) + "\n"


def reviews() -> str:
    """Labelled texts in fastText's form."""
    good, bad = "a fine and moving film", "a dull and endless film"
    return "".join(f"__label__good {good} {i}\n__label__bad {bad} {i}\n" for i in range(40))


def tagged(lines: str) -> str:
    """The words of lines in columns, each with a tag."""
    tags = {"the": "DET", "a": "DET", "and": "CONJ", "to": "ADP", "of": "ADP", "in": "ADP"}
    tags |= dict.fromkeys(["spoke", "wore", "went", "bought"], "VERB") | {".": "PUNCT"}
    sentences = (
        "".join(f"{word} {tags.get(word, 'NOUN')}\n" for word in [*line.split(), "."])
        for line in lines.splitlines()
    )
    return "\n".join(sentences)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my.txt").write_text(corpus(), "utf-8")
    (tmp_path / "more.txt").write_text(corpus() + "the emperor spoke to the king\n" * 9, "utf-8")
    (tmp_path / "tagged.txt").write_text(tagged(corpus()[:4000]), "utf-8")
    (tmp_path / "more-tagged.txt").write_text(tagged(corpus()[:1500]), "utf-8")
    (tmp_path / "words.txt").write_text("king\nqueen\n", "utf-8")
    (tmp_path / "pairs.tsv").write_text("king\tqueen\t9\nking\tbread\t1\nman\twoman\t8\n", "utf-8")
    (tmp_path / "reviews.txt").write_text(reviews(), "utf-8")
    (tmp_path / "questions.txt").write_text(": royal\nman king woman queen\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_shell(text: str) -> None:
    """Each line of `text` as a command; a `firth` at its start is this Python's."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eu", "-c", text], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


def run_python(some: list[Block], page: str, names: dict) -> None:
    """Runs blocks of a page, joined in their order, with the names that earlier ones have left."""
    text = ""
    for block in some:
        # so that an error names the line of the page
        text += "\n" * (block.line - text.count("\n")) + block.text
    exec(compile(text, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(page, folder):
    # one namespace a page; what a shell block makes is there for the Python after it
    names: dict = {}
    kinds = ("sh", "python")
    runnable = [block for block in blocks(page) if block.language in kinds]
    for language, some in itertools.groupby(runnable, key=lambda block: block.language):
        if language == "sh":
            for block in some:
                run_shell(block.text)
        else:
            run_python(list(some), str(page), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_checked(page):
    for block in blocks(page):
        assert block.language in ("", "sh", "python", "sh setup"), f"{page.name}:{block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_setup_lines_name_what_exists(page):
    for block in blocks(page):
        if block.language != "sh setup":
            continue
        for line in block.text.strip().splitlines():
            assert line.startswith(SETUP), f"{page.name}:{block.line}: {line}"
            if line.startswith("make "):
                assert dry(shlex.split(line)) == 0, f"{page.name}:{block.line}: {line}"


def dry(command: list[str]) -> int:
    return subprocess.run([*command, "--dry-run"], cwd=ROOT, capture_output=True).returncode


def test_the_checks_would_notice(folder):
    assert dry(["make", "no-such-target"]) != 0
    with pytest.raises(AssertionError):
        run_shell("firth neighbors no-such.firth king\n")
    some = [
        Block(1, "python", "import firth\n\n"),
        # of the block before
        Block(6, "python", "firth\nno_such_name\n"),
    ]
    with pytest.raises(NameError, match="no_such_name") as caught:
        run_python(some, "page", {})
    # the first line of a block is the one after its fence
    assert caught.traceback[-1].lineno + 1 == 8


@pytest.mark.heavy
def test_two_commands_on_a_fresh_clone(tmp_path):
    """`make demo` from the files that git would carry, with nothing installed before."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    environment = os.environ | {"FIRTH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        ["make", "demo"], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "firth neighbors firth-demo.firth" in done.stdout
    assert (tmp_path / "firth-demo.firth" / "model.json").is_file()
