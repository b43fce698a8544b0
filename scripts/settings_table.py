"""Writes the table of settings in docs/training.md, from the fields of the dataclasses.

    python scripts/settings_table.py

Run it when a setting has changed; a test compares the page with what this file makes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from firth.static.cbow import CBOW
from firth.static.skipgram import SkipGram

PAGE = Path(__file__).parents[1] / "docs" / "training.md"
BEGIN = "<!-- settings: made by scripts/settings_table.py -->"
END = "<!-- end of settings -->"


def table() -> str:
    """Markdown: a row for each setting of the two models, in the order of their fields."""
    skipgram, cbow = fields(SkipGram), fields(CBOW)
    rows = ["| setting | meaning | takes | skip-gram | CBOW |", "|---|---|---|---|---|"]
    for name in {**skipgram, **cbow}:
        field = skipgram.get(name) or cbow[name]
        defaults = [default(one[name]) if name in one else "" for one in (skipgram, cbow)]
        cells = [f"`{name}`", field.metadata["meaning"], takes(field), *defaults]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def fields(settings: Any) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(settings)}


def default(field: dataclasses.Field[Any]) -> str:
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return "all" if field.default is None else str(field.default)


def takes(field: dataclasses.Field[Any]) -> str:
    """The values a setting takes, in words."""
    low, high = field.metadata["low"], field.metadata["high"]
    if field.metadata["choices"]:
        return ", ".join(field.metadata["choices"])
    if isinstance(field.default, bool):
        return "yes, no"
    kind = "a number" if isinstance(field.default, float) else "a whole number"
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"


def replaced(page: str) -> str:
    """The text of the page with the table as it should be."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text("utf-8")), "utf-8")
