"""`firth info`: what a model is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from firth.cli import elmo, output, taggers
from firth.cli.models import (
    is_model,
    is_phrases,
    must_exist,
    open_fitted,
    open_vectors,
)
from firth.cli.options import COMMON, Common
from firth.static.cooccurrence import Cooccurrence, is_counts
from firth.vectors.formats.fasttext_model import FILE


def info(model: str, /, *, common: Common = COMMON) -> None:
    """What a model is: kind, settings, corpus, history, sizes.

    With --json: {"kind", "settings", "corpus", "history", "sizes": {"words", "dim", "bytes"}}.
    The sizes of co-occurrence are {"words", "pairs", "bytes"}, of phrases {"phrases", "bytes"}, and
    phrases have {"top": [{"phrase", "score", "count"}]} too; of models with labels, n-grams or
    vectors of documents "labels", "ngram_rows" and "documents"; of neural models "weights". Taggers
    have "inside": {"inputs", "labels", "mix": {"gamma", "weights"}} too.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    """
    must_exist(model)
    if is_phrases(model):
        _info_of_phrases(model, common)
        return
    document = describe(model, common.verbose)
    if common.json:
        output.write_json(document)
        return
    sizes = document["sizes"]
    rows: list[tuple[str, object]] = [
        ("kind", document["kind"]),
        *(
            (name, "none" if n is None else f"{n:,}")
            for name, n in sizes.items()
            if name != "bytes"
        ),
        ("on disk", f"{sizes['bytes'] / 1e6:,.1f} MB"),
    ]
    output.table(rows, ["model", model])
    if document["settings"]:
        output.table(document["settings"].items(), ["setting", "value"])
    # what a file of fastText is written from again, and how subwords are cut, is for programs
    hidden = (FILE, "subwords", "symbols")
    corpus = {name: value for name, value in document["corpus"].items() if name not in hidden}
    if corpus:
        output.table(corpus.items(), ["corpus", ""])
    if "inside" in document:
        taggers.show_inside(document["inside"])
    if document["history"]:
        names = list(document["history"][0])
        output.table(
            [[epoch.get(name, "") for name in names] for epoch in document["history"]], names
        )


def _info_of_phrases(model: str, common: Common) -> None:
    # other models need no reader of texts
    from firth.cli import phrases
    from firth.text.phrase_model import PhraseModel

    output.call(common.verbose, f"firth.PhraseModel.load({model!r})")
    document = phrases.describe(PhraseModel.load(model), size(Path(model)))
    if common.json:
        output.write_json(document)
    else:
        phrases.show(document, model)


def describe(model: str, verbose: bool = False) -> dict[str, Any]:
    """The JSON document of `firth info`."""
    counts = is_counts(model)
    if counts:
        output.call(verbose, f"firth.Cooccurrence.load({model!r})")
        found = Cooccurrence.load(model)
        words = len(found.vocabulary)
        head: dict[str, Any] = {
            "kind": found.kind,
            "settings": found.settings,
            "corpus": found.corpus,
            "history": [],
        }
    elif is_model(model):
        output.call(verbose, f"firth.load({model!r})")
        fitted = open_fitted(model)
        words, dim = len(fitted.vocabulary), None
        if fitted.vectors is not None:
            dim = fitted.vectors.dim
        head = {
            "kind": fitted.kind,
            "settings": fitted.settings,
            "corpus": fitted.corpus,
            "history": fitted.history,
        }
    else:
        output.call(verbose, f"firth.load_vectors({model!r})")
        vectors = open_vectors(model)
        words, dim = len(vectors), vectors.dim
        head = {"kind": "vectors", "settings": {}, "corpus": {}, "history": []}
    sizes = {"words": words, "pairs": len(found)} if counts else {"words": words, "dim": dim}
    if not counts and is_model(model):
        if fitted.labels is not None:
            sizes["labels"] = len(fitted.labels)
        if fitted.documents is not None:
            sizes |= {"documents": len(fitted.documents), "dim": fitted.documents.dim}
        if fitted.vectors is not None and fitted.vectors.subwords is not None:
            sizes["ngram_rows"] = int(fitted.vectors.subwords.matrix.shape[0])
        if fitted.kind == "language-model" and fitted.vectors is not None:
            others = sum(math.prod(array.shape) for array in fitted.state.values())
            sizes["weights"] = others + math.prod(fitted.vectors.matrix.shape)
        if fitted.kind == elmo.KIND:
            sizes["weights"] = elmo.weights(fitted)
        if fitted.kind == taggers.KIND:
            sizes["weights"] = sum(math.prod(array.shape) for array in fitted.state.values())
            head["inside"] = taggers.inside(fitted)
    return {**head, "sizes": {**sizes, "bytes": size(Path(model))}}


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
