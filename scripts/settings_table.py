"""Writes the tables of settings and of presets in docs/*.md, from the dataclasses.

    python scripts/settings_table.py

Run it when a setting has changed; a test compares the pages with what this file makes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from firth import (
    CBOW,
    LSA,
    PPMI,
    PVDBOW,
    PVDM,
    SVD,
    DocumentCounts,
    ELMo,
    FastText,
    FastTextClassifier,
    GloVe,
    LanguageModel,
    ModelQuantization,
    Phrases,
    SkipGram,
    Tagger,
)
from firth.neural import elmo_settings
from firth.neural import settings as language_settings

DOCS = Path(__file__).parents[1] / "docs"
#: page: heading of a column of defaults, settings
PAGES: dict[str, dict[str, Any]] = {
    "training.md": {"skip-gram": SkipGram, "CBOW": CBOW},
    "fasttext.md": {"default": FastText},
    "classifier.md": {"default": FastTextClassifier},
    "doc2vec.md": {"PV-DBOW": PVDBOW, "PV-DM": PVDM},
    "glove.md": {"default": GloVe},
    "ppmi-svd.md": {"PPMI": PPMI, "SVD": SVD},
    "counts.md": {"counts": DocumentCounts, "LSA": LSA},
    "phrases.md": {"default": Phrases},
    "language-models.md": {"default": LanguageModel},
    "elmo.md": {"default": ELMo},
    "tagger.md": {"default": Tagger},
    "quantization.md": {"default": ModelQuantization},
}
#: page: settings, and what their presets fill in
PRESETS: dict[str, tuple[Any, Mapping[str, Mapping[str, Any]]]] = {
    "language-models.md": (LanguageModel, language_settings.PRESETS),
    "elmo.md": (ELMo, elmo_settings.PRESETS),
}
#: what stands for a default that no single value is
THERE = "see there"


def table(page: str) -> str:
    """Markdown: a row for each setting of the models of a page, in the order of their fields."""
    models = {heading: fields(settings) for heading, settings in PAGES[page].items()}
    headings = ["setting", "meaning", "takes", *models]
    rows = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    # those of the model with more settings in their order, then what only the other has
    by_size = sorted(models.values(), key=len, reverse=True)
    for name in dict.fromkeys(name for model in by_size for name in model):
        field = next(model[name] for model in models.values() if name in model)
        defaults = [default(model[name]) if name in model else "" for model in models.values()]
        cells = [f"`{name}`", field.metadata["meaning"], takes(field), *defaults]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def fields(settings: Any) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(settings)}


def default(field: dataclasses.Field[Any]) -> str:
    if field.default is None:
        return THERE if "default:" in field.metadata["meaning"] else "all"
    return shown(field.default)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"`{value}`" if value else "none"
    return str(value)


def takes(field: dataclasses.Field[Any]) -> str:
    """The values a setting takes, in words."""
    low, high = field.metadata["low"], field.metadata["high"]
    if field.metadata["choices"]:
        return ", ".join(field.metadata["choices"])
    if "bool" in str(field.type):
        return "yes, no"
    if field.name == "memory":
        return "bytes"
    if "str" in str(field.type):
        return "text"
    kind = "a number" if "float" in str(field.type) else "a whole number"
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    return kind if low is None else f"{kind}, {low} or more"


def settings_of(page: str) -> str:
    """The table, and before it what its words mean that are not plain."""
    made = table(page)
    note = f'Where the default is "{THERE}", the meaning names it.\n\n'
    return note + made if f"| {THERE} " in made else made


def presets_of(page: str) -> str:
    """Markdown: a row for each setting that presets fill in, a column for each preset."""
    settings, presets = PRESETS[page]
    headings = ["setting", *(f"`{preset}`" for preset in presets)]
    rows = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for name in dict.fromkeys(name for values in presets.values() for name in values):
        # where a preset says nothing, another setting may decide
        cells = [shown(getattr(settings(preset=preset), name)) for preset in presets]
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(rows)


#: what stands between two marks of a page: pages that have it, what makes it
MADE: dict[str, tuple[Mapping[str, Any], Callable[[str], str]]] = {
    "settings": (PAGES, settings_of),
    "presets": (PRESETS, presets_of),
}


def replaced(name: str, page: str) -> str:
    """The text of the page `name` with its tables as they should be."""
    for what, (pages, made) in MADE.items():
        if name in pages:
            begin = f"<!-- {what}: made by scripts/settings_table.py -->"
            end = f"<!-- end of {what} -->"
            before, rest = page.split(begin)
            page = f"{before}{begin}\n{made(name)}\n{end}{rest.split(end)[1]}"
    return page


if __name__ == "__main__":
    for name in PAGES:
        page = DOCS / name
        page.write_text(replaced(name, page.read_text("utf-8")), "utf-8")
