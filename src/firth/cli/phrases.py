"""`firth phrases`: a text with its phrases joined; and how a model of phrases is shown."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from firth.cli import output
from firth.cli.models import is_folder_of_ours, is_phrases, must_exist, tokenizer_like
from firth.cli.options import COMMON, HYPHEN, Common
from firth.errors import SettingError
from firth.text.corpus import Corpus
from firth.text.phrase_model import KIND, PhraseModel

#: phrases with the highest scores that a summary names
SHOWN = 10


def phrases(
    model: str,
    file: str = "-",
    /,
    *,
    tokenizer: str | None = None,
    fold_case: bool | None = None,
    encoding: str = "utf-8",
    common: Common = COMMON,
) -> None:
    """Print a text, its words with blanks between them and its phrases joined: new_york.

    One line in, one line out. With --json: {"lines": [[word, ...], ...]}.

    Parameters
    ----------
    model
        A model that firth train phrases wrote, or one trained with --phrases.
    file
        The text; - or nothing is standard input.
    tokenizer
        How to cut lines into words; default: as the model was made.
    fold_case
        Whether to ignore case; default: as the model was made.
    encoding
        Of the text: utf-8, latin-1 or another.
    """
    found = open_phrases(model)
    cut = tokenizer_like(found.corpus, tokenizer, fold_case)
    file = "-" if file == HYPHEN else file
    output.call(
        common.verbose, f"for line in Corpus({file!r}, phrases=PhraseModel.load({model!r})): ..."
    )
    corpus = Corpus(
        file,
        tokenizer=cut.name if cut.function is None else cut,
        fold_case=cut.fold,
        encoding=encoding,
        phrases=found,
    )
    if common.json:
        output.write_json({"lines": list(corpus)})
        return
    for tokens in corpus:
        output.write(" ".join(tokens))


def open_phrases(path: str) -> PhraseModel:
    """The phrases of a model of phrases, or of one that was trained with some.

    Raises:
        FormatError: no such model.  SettingError: a model without phrases.
    """
    must_exist(path)
    if is_phrases(path) or not is_folder_of_ours(path):
        return PhraseModel.load(path)
    from firth.vectors.fitted import load

    found = load(path).phrases
    if found is None:
        raise SettingError(
            f"{path} was trained without phrases; give a model that firth train phrases wrote."
        )
    return found


def top(model: PhraseModel, n: int = SHOWN) -> list[dict[str, Any]]:
    """The phrases with the highest scores, for JSON."""
    return [{"phrase": one.name, "score": one.score, "count": one.count} for one in model.top(n)]


def describe(model: PhraseModel, size: int | None = None) -> dict[str, Any]:
    """What a model of phrases is: the JSON of `firth info`. size: bytes on disk."""
    return {
        "kind": KIND,
        "settings": model.settings,
        "corpus": model.corpus,
        "history": model.history,
        "sizes": {"phrases": len(model), "passes": len(model.passes), "bytes": size},
        "top": top(model),
    }


def summary(model: PhraseModel, out: Path, seconds: float) -> dict[str, Any]:
    """What `firth train phrases --json` prints."""
    return {
        "path": str(out),
        "kind": KIND,
        "phrases": len(model),
        "seconds": round(seconds, 2),
        "history": model.history,
        "corpus": model.corpus,
        "top": top(model),
    }


def tell(document: dict[str, Any]) -> None:
    """The short summary after training, and what to type next."""
    passes = len(document["history"])
    times = "1 pass" if passes == 1 else f"{passes} passes"
    seconds = document["seconds"]
    output.write(
        f"{document['path']}: {document['phrases']:,} phrases by {times} in {seconds:.1f} s"
    )
    show_top(document["top"])
    words = ["firth", "train", "skipgram", "TEXT", "--phrases", document["path"], "-o", "MODEL"]
    output.write(f"Next: {shlex.join(words)}")


def show(document: dict[str, Any], model: str) -> None:
    """`firth info` of phrases."""
    sizes = document["sizes"]
    rows: list[tuple[str, object]] = [
        ("kind", KIND),
        ("phrases", f"{sizes['phrases']:,}"),
        ("passes", sizes["passes"]),
        ("on disk", f"{sizes['bytes'] / 1e6:,.1f} MB"),
    ]
    output.table(rows, ["model", model])
    output.table(document["settings"].items(), ["setting", "value"])
    output.table(document["corpus"].items(), ["corpus", ""])
    if document["history"]:
        names = list(document["history"][0])
        output.table([[one.get(name, "") for name in names] for one in document["history"]], names)
    show_top(document["top"])


def show_top(some: list[dict[str, Any]]) -> None:
    """The phrases with the highest scores."""
    rows = [(one["phrase"], one["score"], one["count"]) for one in some]
    output.table(rows, ["phrase", "score", "count"])
