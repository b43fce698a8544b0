"""Kernels are compiled through one decorator, and a changed helper never leaves stale callers."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firth import compiled

SOURCE = Path(compiled.__file__).parent

HELPER = """
from firth.compiled import kernel

@kernel
def helper(x):
    return x + {added}
"""
CALLER = """
from firth.compiled import kernel
from firth.kernels.planted_helper import helper

@kernel
def caller(x):
    return 10 * helper(x)
"""


def direct_uses(source: str) -> list[int]:
    """Lines that name numba's compilers or import numba's decorators."""
    names = {"njit", "jit", "vectorize", "guvectorize", "cfunc"}
    lines = []
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Attribute) and node.attr in names
        imported = (
            isinstance(node, ast.ImportFrom)
            and node.module == "numba"
            and any(alias.name in names for alias in node.names)
        )
        if named or imported:
            lines.append(node.lineno)
    return lines


def test_only_compiled_py_calls_numba_compilers():
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.name != "compiled.py"
        for line in direct_uses(path.read_text("utf-8"))
    ]
    assert found == []


def test_the_search_would_notice():
    assert direct_uses("import numba\n@numba.njit(cache=True)\ndef f(): pass\n") == [2]
    assert direct_uses("from numba import njit\n") == [1]


@pytest.fixture
def tree(tmp_path):
    """A copy of the package with two kernels in two files, and a cache of its own."""
    shutil.copytree(
        SOURCE, tmp_path / "src" / "firth", ignore=shutil.ignore_patterns("__pycache__")
    )
    kernels = tmp_path / "src" / "firth" / "kernels"
    (kernels / "planted_helper.py").write_text(HELPER.format(added=1))
    (kernels / "planted_caller.py").write_text(CALLER)
    return tmp_path


def run(tree: Path, program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {"PYTHONPATH": str(tree / "src"), "FIRTH_CACHE": str(tree / "cache")}
        | environment,
    )
    return done.stdout.strip()


CALL = "from firth.kernels.planted_caller import caller; print(caller(1))"


def test_editing_a_shared_helper_recompiles_its_callers(tree):
    assert run(tree, CALL) == "20"
    before = {path.name for path in (tree / "cache" / "kernels").iterdir()}
    helper = tree / "src" / "firth" / "kernels" / "planted_helper.py"
    helper.write_text(HELPER.format(added=2))
    assert run(tree, CALL) == "30"
    after = {path.name for path in (tree / "cache" / "kernels").iterdir()}
    assert before < after


def test_unchanged_sources_are_compiled_once(tree):
    cold = "from firth.compiled import is_cold; print(is_cold())"
    assert run(tree, cold) == "True"
    run(tree, CALL)
    assert run(tree, cold) == "False"
    files = {path: path.stat().st_mtime_ns for path in (tree / "cache").rglob("*.nbc")}
    run(tree, CALL)
    assert files == {path: path.stat().st_mtime_ns for path in (tree / "cache").rglob("*.nbc")}


def test_uncompiled_gives_the_same(tree):
    assert run(tree, CALL, NUMBA_DISABLE_JIT="1") == "20"


def test_a_home_that_cannot_be_written_still_compiles(tree):
    (tree / "blocked").write_text("a file where a folder should be")
    assert run(tree, CALL, FIRTH_CACHE=str(tree / "blocked")) == "20"
