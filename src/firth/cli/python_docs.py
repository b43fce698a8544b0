"""The text of `firth demo`: the documentation of the Python it runs on.

The topics of `help()`, the docstrings of builtins, of the standard library and of what is
installed beside it: real text, on every machine, offline. Source files are parsed, never
imported or run.
"""

from __future__ import annotations

import ast
import builtins
import concurrent.futures
import multiprocessing
import os
import re
import signal
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

#: folders that hold no documentation for a reader
SKIPPED = {"test", "tests", "_tests", "testing", "idlelib", "lib2to3", "turtledemo", "_vendor"}
#: of what is installed beside Python no more than this is read
MOST_BYTES = 32_000_000
#: read before the others: they are there wherever firth is
FIRST = ("numpy", "scipy", "numba", "rich")


def source_files() -> list[Path]:
    """The .py files of the standard library, then of the installed packages, up to a limit."""
    files = list(_python_files(Path(sysconfig.get_path("stdlib"))))
    budget = MOST_BYTES
    for folder in sorted({Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}):
        others = [path for path in sorted(folder.iterdir()) if path.name not in FIRST]
        for package in [*(folder / name for name in FIRST), *others]:
            for path in _python_files(package):
                budget -= path.stat().st_size
                if budget < 0:
                    return files
                files.append(path)
    return files


def _python_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and not name.startswith(("site-packages", "."))
        )
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".py"))


def docstrings(path: Path) -> list[str]:
    """The docstrings of a source file; none if it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            # old escapes in other people's strings
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return []
    return list(_docstrings(tree.body, tree))


def _docstrings(body: list[ast.stmt], owner: ast.AST) -> Iterator[str]:
    """Those of `owner` and of the classes and functions in `body`; no deeper than needed."""
    if isinstance(owner, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        text = ast.get_docstring(owner)
        if text:
            yield text
    holders = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.If | ast.Try
    for node in body:
        if isinstance(node, holders):
            yield from _docstrings(node.body, node)


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of `text` as one line each; examples, rulers and numbers are left out."""
    for block in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in block.splitlines()]
        kept = [line for line in lines if line and not line.startswith((">>>", "...", "$ "))]
        # a ruler under a title says nothing
        line = " ".join(part for part in kept if not re.fullmatch(r"\W+", part))
        # a printed matrix or a list of numbers is no sentence
        pieces = line.split()
        words = sum(piece.strip(".,:;()`'\"*").isalpha() for piece in pieces)
        if words >= 4 and 2 * words >= len(pieces):
            yield line


def of_builtins() -> Iterator[str]:
    """The docstrings of builtin functions, types and their methods."""
    for name in dir(builtins):
        thing = getattr(builtins, name)
        yield getattr(thing, "__doc__", None) or ""
        if isinstance(thing, type):
            for method in vars(thing).values():
                text = getattr(method, "__doc__", None)
                if isinstance(text, str):
                    yield text


def topics() -> list[str]:
    """What `help("for")` and the like show."""
    try:
        from pydoc_data.topics import topics as texts
    except ImportError:
        # some distributions leave it out
        return []
    return list(texts.values())


def lines(workers: int | None = None) -> list[str]:
    """One paragraph of documentation each, every one once, in an order that does not change."""
    workers = workers or min(os.cpu_count() or 1, 4)
    files = source_files()
    if workers == 1:
        found: Iterable[list[str]] = map(_paragraphs_of, files)
        return _distinct(found)
    # a new process is the same on every system, and safe whatever threads run here
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, _leave_ctrl_c) as pool:
        return _distinct(pool.map(_paragraphs_of, files, chunksize=64))


def _leave_ctrl_c() -> None:
    """Ctrl-C is answered by the parent alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _paragraphs_of(path: Path) -> list[str]:
    return [line for text in docstrings(path) for line in paragraphs(text)]


def _distinct(found: Iterable[list[str]]) -> list[str]:
    own = [line for text in (*topics(), *of_builtins()) for line in paragraphs(text)]
    kept = dict.fromkeys(own)
    for some in found:
        kept.update(dict.fromkeys(some))
    return list(kept)
