"""The table of settings in docs/training.md is that of the dataclasses."""

import dataclasses
import runpy
from pathlib import Path

from firth import CBOW, SkipGram

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "settings_table.py"))


def test_the_page_is_up_to_date():
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    assert page == SCRIPT["replaced"](page), "run: python scripts/settings_table.py"


def test_a_change_would_be_noticed():
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    for was, now in [("| `window` |", "| `windows` |"), ("1 or more | 100 |", "1 or more | 200 |")]:
        assert was in page
        spoilt = page.replace(was, now)
        assert SCRIPT["replaced"](spoilt) != spoilt


def test_every_setting_has_its_row():
    names = {f.name for model in (SkipGram, CBOW) for f in dataclasses.fields(model)}
    rows = SCRIPT["table"]().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(
        dict.fromkeys(row.split("`")[1] for row in rows)
    )
    assert {row.split("`")[1] for row in rows} == names
    assert all(row.count("|") == 6 for row in rows)
