"""docs/overview.md names every file of src/firth, and none that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "firth"


def named(page: str) -> set[str]:
    """The files that a page names between backticks, by their places in src/firth.

    A name without a folder is in that of the name before it in its line, else beside the folders:
    `text/table.py`, `order.py` are both of text/.
    """
    found = set()
    for line in page.splitlines():
        folder = ""
        for name in re.findall(r"`([\w/-]+\.py)`", line):
            if "/" in name:
                folder = name.rpartition("/")[0] + "/"
                found.add(name)
            else:
                found.add(folder + name)
    return found


def modules() -> set[str]:
    places = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")}
    return {place for place in places if not place.endswith("__init__.py")}


def test_the_overview_names_every_file():
    page = (ROOT / "docs" / "overview.md").read_text("utf-8")
    assert sorted(modules() - named(page)) == []
    assert sorted(named(page) - modules()) == []


def test_a_file_that_is_missing_would_be_noticed():
    page = "| `text/table.py`, `order.py` | … |\n| `files.py`, by `cli/main.py` | … |\n"
    assert named(page) == {"text/table.py", "text/order.py", "files.py", "cli/main.py"}
    assert "text/table.py" in modules()
    assert "text/no_such.py" not in modules()
