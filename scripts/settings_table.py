"""Writes the tables of settings in docs/*.md, from the fields of the dataclasses.

    python scripts/settings_table.py

Run it when a setting has changed; a test compares the pages with what this file makes.
"""

from __future__ import annotations

import dataclasses
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
BEGIN = "<!-- settings: made by scripts/settings_table.py -->"
END = "<!-- end of settings -->"


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
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    if isinstance(field.default, str):
        return f"`{field.default}`" if field.default else "none"
    if field.default is None:
        return "see there" if "default:" in field.metadata["meaning"] else "all"
    return str(field.default)


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


def replaced(name: str, page: str) -> str:
    """The text of the page `name` with its table as it should be."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table(name)}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    for name in PAGES:
        page = DOCS / name
        page.write_text(replaced(name, page.read_text("utf-8")), "utf-8")
