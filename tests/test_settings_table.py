"""The tables of settings in docs/ are those of the dataclasses."""

import dataclasses
import runpy
from pathlib import Path

import pytest

from firth.cli.train import KINDS

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "settings_table.py"))
PAGES = list(SCRIPT["PAGES"])


def page_of(name):
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    page = page_of(name)
    assert page == SCRIPT["replaced"](name, page), "run: python scripts/settings_table.py"


@pytest.mark.parametrize("name", PAGES)
def test_a_change_would_be_noticed(name):
    page = page_of(name)
    row = SCRIPT["table"](name).splitlines()[2]
    for was, now in [(f"`{row.split('`')[1]}`", "`other`"), ("| setting |", "| settings |")]:
        assert was in page
        spoilt = page.replace(was, now)
        assert SCRIPT["replaced"](name, spoilt) != spoilt


@pytest.mark.parametrize("name", SCRIPT["PRESETS"])
def test_every_preset_has_its_column(name):
    settings, presets = SCRIPT["PRESETS"][name]
    head, _, *rows = SCRIPT["presets_of"](name).splitlines()
    assert [cell.strip(" `") for cell in head.split("|")[2:-1]] == list(presets)
    told = {cells[1].strip(" `"): cells[2:-1] for cells in (row.split("|") for row in rows)}
    for number, (preset, values) in enumerate(presets.items()):
        for setting, value in values.items():
            assert told[setting][number].strip(" `") in (str(value), "yes" if value is True else "")
        assert told["dim"][number].strip() == str(settings(preset=preset).dim)
    page = page_of(name)
    spoilt = page.replace(rows[0], rows[1])
    assert SCRIPT["replaced"](name, spoilt) != spoilt


@pytest.mark.parametrize("name", PAGES)
def test_every_setting_has_its_row(name):
    models = SCRIPT["PAGES"][name].values()
    names = {field.name for model in models for field in dataclasses.fields(model)}
    rows = [row.split("`")[1] for row in SCRIPT["table"](name).splitlines()[2:]]
    assert len(rows) == len(set(rows))
    assert set(rows) == names


def test_every_kind_has_its_table():
    made = {model.__name__ for models in SCRIPT["PAGES"].values() for model in models.values()}
    # what is no kind of model has settings too
    assert made == {name for _, name, _ in KINDS.values()} | {"ModelQuantization"}
