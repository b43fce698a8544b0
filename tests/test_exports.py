"""What `import firth` shows is what it promises, and no more."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import firth
from firth.errors import MissingExtraError


def test_all_is_sorted_and_visible():
    assert list(firth.__all__) == sorted(firth.__all__)
    assert [name for name in dir(firth) if not name.startswith("_")] == list(firth.__all__)


def test_each_name_is_there_and_bears_its_name():
    for name in firth.__all__:
        assert getattr(firth, name).__name__ == name


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(firth.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    places = {alias.asname: node.module for node in block.body for alias in node.names}
    assert places == firth._PLACES


def test_everything_can_be_imported_without_torch():
    """Where it is not installed, `from firth import *` leaves out what is made of it."""
    program = """
import sys
sys.modules["torch"] = None
from firth import *
print(SkipGram.__name__, Tagger.__name__, "Contextual" in globals())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("SkipGram Tagger False\n", "")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Word2Vec'"):
        _ = firth.Word2Vec


@pytest.mark.parametrize(
    ("missing", "error"), [("torch", MissingExtraError), ("other", ModuleNotFoundError)]
)
def test_a_name_that_needs_torch_says_so(monkeypatch, missing, error):
    def import_module(place):
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    monkeypatch.delitem(vars(firth), "Contextual", raising=False)
    monkeypatch.setattr(firth.importlib, "import_module", import_module)
    with pytest.raises(error, match="firth.Contextual needs|No module named 'other'"):
        _ = firth.Contextual
