"""What the code imports is what pyproject.toml declares: the base for all, extras when called."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "firth"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: packages whose import name is not their name
NAMES = {"llvmlite": "numba", "sklearn": "scikit_learn"}


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", one)[0].replace("-", "_") for one in requirements}


BASE = named(PROJECT["dependencies"])
EXTRAS = set().union(*(named(some) for some in PROJECT["optional-dependencies"].values()))
#: folders whose files are loaded only when their extra is asked for, and what they begin with
LATE = {"neural": {"torch"}, "compare": {"torch"}, "plots": {"matplotlib"}}
#: read as columns if the user has them: handed in, so never needed
OFFERED = {"pandas", "polars"}


def foreign(source: str) -> tuple[set[str], set[str]]:
    """Packages that `source` imports: when it is loaded, and later (in functions, for types)."""
    tree = ast.parse(source)
    early, late = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            continue
        (early if node in tree.body else late).update(names)
    # compression: of the standard library from Python 3.14 on
    known = {"firth", "__future__", "compression", *sys.stdlib_module_names}
    return early - known, late - known


def undeclared(source: str, folder: str = "") -> set[str]:
    early, late = foreign(source)
    early, late = ({NAMES.get(name, name) for name in some} for some in (early, late))
    return (early - BASE - LATE.get(folder, set())) | (late - BASE - EXTRAS - OFFERED)


def test_every_import_is_declared():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in undeclared(path.read_text("utf-8"), path.relative_to(SOURCE).parts[0])
    }
    assert found == set()


def test_every_base_dependency_is_used():
    used = {
        NAMES.get(name, name)
        for path in (ROOT / "src").rglob("*.py")
        for names in foreign(path.read_text("utf-8"))
        for name in names
    }
    assert BASE - used == set()


def test_the_check_would_notice():
    assert undeclared("import nltk\nimport numpy.linalg\n") == {"nltk"}
    # an extra may be imported when it is asked for, not before
    assert undeclared("import pyarrow\n") == {"pyarrow"}
    assert undeclared("import torch\n", "static") == {"torch"}
    assert undeclared("import torch\n", "neural") == set()
    assert undeclared("def f():\n    import pyarrow\n") == set()


def test_every_extra_that_an_error_names_exists():
    named_extras = {
        extra
        for path in (ROOT / "src").rglob("*.py")
        for extra in re.findall(r'MissingExtraError\([^)]*"(\w+)"\)', path.read_text("utf-8"))
    }
    assert "tables" in named_extras
    assert named_extras <= set(PROJECT["optional-dependencies"])


def test_bounds_are_lower_bounds_only():
    everything = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]
    for requirement in everything:
        bound = requirement.split(";")[0]
        # one bad release may be left out
        assert not re.search(r"<|==|~=", bound), requirement
