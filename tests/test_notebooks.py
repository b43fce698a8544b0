"""Every notebook of docs/notebooks is in order and, in the heavy tests, runs from top to bottom."""

import json
import re
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: seconds a notebook may take on one core
MOST = 600


def cells_of(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


def run(path: Path) -> None:
    """The cells in their order, with the names that earlier ones have left."""
    names: dict = {"__name__": "__main__"}
    for number, cell in enumerate(cells_of(path)):
        if cell["cell_type"] == "code":
            # the place is in the traceback of whatever fails
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), names)


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kept_without_results(path):
    """Results would differ with every run; format 4.5 wants a name for each cell."""
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names)
    for cell in notebook["cells"]:
        assert cell["cell_type"] in ("markdown", "code") and cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            compile("".join(cell["source"]), path.name, "exec")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    for cell in cells_of(path):
        for link in re.findall(r"\]\(([^)#]+)", "".join(cell["source"])):
            assert link.startswith("http") or (FOLDER / link).exists(), link


@pytest.mark.heavy
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the notebooks of the neural side need PyTorch")
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    run(path)
    assert time.monotonic() - began < MOST


def test_a_cell_that_fails_is_named(tmp_path):
    cells = [{"cell_type": "code", "source": ["x = 1\n", "y"]}]
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps({"cells": cells}), "utf-8")
    with pytest.raises(NameError) as caught:
        run(path)
    assert "broken.ipynb, cell 0" in str(caught.traceback[-1].path)
    assert caught.traceback[-1].lineno + 1 == 2
