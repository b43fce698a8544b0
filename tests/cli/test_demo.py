"""`firth demo`, and the documentation it reads."""

import json
import subprocess
import sys
import time

import pytest

from firth.cli import demo, python_docs
from firth.vectors.fitted import load

SOURCE = '''
"""The first paragraph of a module.

A ruler follows a title
-----------------------

>>> never.shown("an example")

The second paragraph, which is
on two lines.
"""
raise SystemExit("this was executed")

class Thing:
    """What a thing is in a few words."""

    def method(self):
        """What the method of it does."""
'''


def test_docstrings_are_read_not_run(tmp_path):
    (tmp_path / "m.py").write_text(SOURCE, "utf-8")
    texts = python_docs.docstrings(tmp_path / "m.py")
    assert [line for text in texts for line in python_docs.paragraphs(text)] == [
        "The first paragraph of a module.",
        "A ruler follows a title",
        "The second paragraph, which is on two lines.",
        "What a thing is in a few words.",
        "What the method of it does.",
    ]


@pytest.mark.parametrize("content", [b"def broken(:\n", b"\xff\xfe", b"x = 1\n", b"\0"])
def test_a_file_that_is_no_python_says_nothing(tmp_path, content):
    (tmp_path / "m.py").write_bytes(content)
    assert python_docs.docstrings(tmp_path / "m.py") == []
    assert python_docs.docstrings(tmp_path / "missing.py") == []


def test_builtins_and_topics_speak():
    builtins = " ".join(python_docs.of_builtins())
    assert "Return the length" in builtins or "number of items" in builtins
    assert len(python_docs.topics()) > 50


@pytest.fixture
def few_files(monkeypatch):
    """The documentation of a part of the standard library only."""
    files = [path for path in python_docs.source_files() if path.parent.name != "numba"][:250]
    monkeypatch.setattr(python_docs, "source_files", lambda: files)


def test_lines_are_the_same_each_time_and_with_any_number_of_workers(few_files):
    one, two = python_docs.lines(1), python_docs.lines(2)
    assert one == two
    assert len(set(one)) == len(one) > 1000
    assert not any("\n" in line for line in one)


def test_demo(firth, few_files, monkeypatch):
    monkeypatch.setattr(demo, "EPOCHS", 1)
    answer = firth("demo", "--threads", "1")
    assert answer.code == 0, answer.err
    assert "reading the documentation of Python" in answer.err
    assert "firth neighbors firth-demo.firth" in answer.out
    assert "firth train skipgram my.txt -o my.firth" in answer.out
    assert load("firth-demo.firth").kind == "skipgram"
    again = firth("demo")
    assert again.code == 2
    assert "firth-demo.firth exists already" in again.err
    document = json.loads(firth("demo", "--threads", "1", "--overwrite", "--json").out)
    assert document["neighbors"][0]["word"] in demo.WORDS
    assert len(document["neighbors"][0]["neighbors"]) == 6
    assert set(document["analogies"][0]) == {"question", "answers"}


def test_words_that_are_not_there_are_left_out(vec):
    from firth.vectors.formats import load_vectors

    assert demo.show(load_vectors(vec)) == {"neighbors": [], "analogies": []}


@pytest.mark.heavy
def test_the_whole_demo_is_quick_and_makes_sense(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cold"))
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "firth", "demo", "--json"], cwd=tmp_path, capture_output=True
    )
    seconds = time.perf_counter() - started
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    expected = {"row": "columns", "left": "bottom", "min": "maximum", "function": "classes"}
    answers = {
        one["question"][0]: [answer["word"] for answer in one["answers"]]
        for one in document["analogies"]
    }
    right = [asked for asked, word in expected.items() if word in answers[asked]]
    assert len(right) >= 3, answers
    assert seconds < 60, f"{seconds:.0f} s, compiling included"
