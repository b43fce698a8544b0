"""`firth info`: what a model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firth.cli import output
from firth.cli.models import is_folder_of_ours, must_exist, open_fitted, open_vectors
from firth.cli.options import COMMON, Common


def info(model: str, /, *, common: Common = COMMON) -> None:
    """What a model is: kind, settings, corpus, history, sizes.

    With --json: {"kind", "settings", "corpus", "history", "sizes": {"words", "dim", "bytes"}}.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    """
    must_exist(model)
    document = describe(model, common.verbose)
    if common.json:
        output.write_json(document)
        return
    sizes = document["sizes"]
    rows: list[tuple[str, object]] = [
        ("kind", document["kind"]),
        ("words", f"{sizes['words']:,}"),
        ("dim", sizes["dim"]),
        ("on disk", f"{sizes['bytes'] / 1e6:,.1f} MB"),
    ]
    output.table(rows, ["model", model])
    if document["settings"]:
        output.table(document["settings"].items(), ["setting", "value"])
    if document["corpus"]:
        output.table(document["corpus"].items(), ["corpus", ""])
    if document["history"]:
        names = list(document["history"][0])
        output.table(
            [[epoch.get(name, "") for name in names] for epoch in document["history"]], names
        )


def describe(model: str, verbose: bool = False) -> dict[str, Any]:
    """The JSON document of `firth info`."""
    if is_folder_of_ours(model):
        output.call(verbose, f"firth.load({model!r})")
        fitted = open_fitted(model)
        vectors = fitted.vectors
        head = {
            "kind": fitted.kind,
            "settings": fitted.settings,
            "corpus": fitted.corpus,
            "history": fitted.history,
        }
    else:
        output.call(verbose, f"firth.load_vectors({model!r})")
        vectors = open_vectors(model)
        head = {"kind": "vectors", "settings": {}, "corpus": {}, "history": []}
    sizes = {"words": len(vectors), "dim": vectors.dim, "bytes": size(Path(model))}
    return {**head, "sizes": sizes}


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
