"""`firth quantize`: a model made smaller, and what that cost."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.info import size
from firth.cli.models import is_model, must_exist, open_fitted, open_vectors
from firth.cli.options import COMMON, Common, call_of, options_of
from firth.cli.training import must_be_free
from firth.errors import SettingError
from firth.static.quantize import CLASSIFIER, ModelQuantization
from firth.static.quantize import quantize as make_smaller

if TYPE_CHECKING:
    from firth.text.labelled import Labelled
    from firth.vectors.fitted import Fitted

Options = options_of(ModelQuantization)

_MODEL = "A model folder, a file of word vectors, or a .bin of fastText."
_OUT = "What to write: a model folder; for classifiers also a .ftz of fastText, by that ending."
_RETRAIN = "Labelled texts that the rows left by --cutoff learn on from."
_TEST = "Labelled texts on which a classifier is scored before and after."
_COLUMN = "The column of a table that holds the text, by name or number."
_LABEL = "The column of a table that holds the labels, by name or number."
_SIMILARITY = "A file of word pairs with human scores; may be given several times."
#: endings of files that hold float32 numbers
FILES = (".bin", ".txt", ".vec", ".glove", ".safetensors", ".tsv", ".gz")


def quantize(
    model: Annotated[str, Parameter(help=_MODEL)],
    /,
    *,
    out: Annotated[str, Parameter(name=["-o", "--output"], help=_OUT)],
    settings: Options = Options(),  # type: ignore[valid-type]  # noqa: B008  (frozen; made from the settings)
    retrain: Annotated[str | None, Parameter(help=_RETRAIN)] = None,
    test: Annotated[str | None, Parameter(help=_TEST)] = None,
    similarity: Annotated[list[str] | None, Parameter(negative=(), help=_SIMILARITY)] = None,
    column: Annotated[str | None, Parameter(help=_COLUMN)] = None,
    label_column: Annotated[str | None, Parameter(help=_LABEL)] = None,
    overwrite: Annotated[
        bool, Parameter(negative=(), help="Replace what is to be written if it exists.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Make a model smaller, and say what was lost: word vectors, or a classifier.

    With --json: {"path", "kind", "to", "bytes": {"before", "after"}, "errors", "scores": {name:
    {"before", "after"}}, "seconds"}, of a classifier "rows", of word vectors "neighbors_kept". What
    is written cannot be trained further.
    """
    how = ModelQuantization(**dataclasses.asdict(settings))
    path = Path(out)
    must_exist(model)
    must_be_free(path, overwrite=overwrite)
    fitted = _opened(model)
    _check(fitted, path, how, {"--retrain": retrain, "--test": test}, similarity)
    columns = (column, label_column)
    texts = {
        name: _labelled(file, fitted, columns)
        for name, file in (("retrain", retrain), ("test", test))
        if file is not None
    }
    output.call(common.verbose, _python(model, fitted, out, how, retrain))
    # scored first: what is wrong with the files is said before the work
    before = _scores(fitted, texts.get("test"), similarity or [])
    watcher = progress()
    began = time.perf_counter()
    try:
        smaller = make_smaller(fitted, how, texts.get("retrain"), watcher)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Interrupted; {out} was not written.") from None
    finally:
        watcher.finish()
    seconds = time.perf_counter() - began
    after = _scores(smaller, texts.get("test"), similarity or [])
    note = smaller.corpus["quantization"]
    document: dict[str, Any] = {
        "path": out,
        "kind": fitted.kind,
        "to": how.to,
        "errors": note["errors"],
        "scores": {name: {"before": before[name], "after": after[name]} for name in before},
        "seconds": round(seconds, 2),
    }
    if "rows" in note:
        document["rows"] = note["rows"]
    else:
        document["neighbors_kept"] = _kept(fitted, smaller)
    _save(smaller, path, overwrite)
    document["bytes"] = {"before": size(Path(model)), "after": size(path)}
    if common.json:
        output.write_json(document)
    else:
        _show(document)


def _opened(model: str) -> Fitted:
    if is_model(model):
        return open_fitted(model)
    from firth.vectors.fitted import Fitted

    return Fitted("vectors", open_vectors(model))


def _check(
    fitted: Fitted,
    path: Path,
    how: ModelQuantization,
    labelled: dict[str, str | None],
    similarity: list[str] | None,
) -> None:
    """
    Raises:
        SettingError: options that do not go with the model or with what is to be written.
    """
    classifier = fitted.kind == CLASSIFIER
    for option, given in labelled.items():
        if given is not None and not classifier:
            raise SettingError(
                f"{option} is for classifiers; this model is of kind {fitted.kind}. "
                "Word vectors are compared by --similarity FILE."
            )
    if similarity and classifier:
        raise SettingError("--similarity is for word vectors; give --test FILE for a classifier.")
    if path.suffix == ".ftz":
        wrong = "" if classifier else f"a model of kind {fitted.kind}"
        wrong = wrong or ("" if how.to == "pq" else f"numbers of type {how.to}")
        if wrong:
            raise SettingError(
                f"{path}: a .ftz holds a classifier with product quantisation, not {wrong}; name "
                "a model folder instead."
            )
    elif path.suffix in FILES:
        raise SettingError(
            f"{path}: quantised numbers fit a model folder"
            f"{' or a .ftz' if classifier else ''}, not a {path.suffix} file; name it without "
            "that ending."
        )


def _labelled(file: str, fitted: Fitted, columns: tuple[str | None, str | None]) -> Labelled:
    """Labelled texts, cut as those that the model was trained on."""
    from firth.cli.models import tokenizer_like
    from firth.text.labelled import PREFIX, Labelled

    cut = tokenizer_like(fitted.corpus, None, None)
    text, label = (int(one) if one and one.isdigit() else one for one in columns)
    return Labelled(
        file,
        prefix=fitted.corpus.get("label_prefix") or PREFIX,
        text=text,
        label=label,
        tokenizer=cut.name if cut.function is None else cut,
        fold_case=cut.fold,
        phrases=fitted.phrases,
    )


def _save(smaller: Fitted, path: Path, overwrite: bool) -> None:
    if path.suffix == ".ftz":
        from firth.vectors.formats import fasttext_model

        fasttext_model.write(smaller, path, overwrite)
    else:
        smaller.save(path, overwrite=overwrite)


def _scores(fitted: Fitted, test: Labelled | None, similarity: list[str]) -> dict[str, float]:
    """The accuracy of a classifier; the correlation with each file of human scores."""
    if test is not None:
        from firth.static.classify import evaluate

        return {"accuracy": evaluate(fitted, test).accuracy}
    if not similarity or fitted.vectors is None:
        return {}
    from firth.vectors.evaluate import evaluate_similarity

    reports = [evaluate_similarity(fitted.vectors, file) for file in similarity]
    names = [report.name for report in reports]
    return {
        file if names.count(report.name) > 1 else report.name: report.spearman
        for file, report in zip(similarity, reports, strict=True)
    }


def _kept(before: Fitted, after: Fitted) -> dict[str, Any]:
    from firth.vectors.quantization_loss import NEIGHBORS, neighbors_kept

    assert before.vectors is not None and after.vectors is not None  # else it had been refused
    kept, words = neighbors_kept(before.vectors, after.vectors)
    return {"share": kept, "of": NEIGHBORS, "words": words}


def _show(document: dict[str, Any]) -> None:
    sizes = document["bytes"]
    rows: list[tuple[object, ...]] = [
        ("MB on disk", *(f"{sizes[when] / 1e6:,.2f}" for when in ("before", "after")))
    ]
    for what in ("words", "ngrams"):
        if "rows" in document and document["rows"]["before"][what]:
            numbers = [f"{document['rows'][when][what]:,}" for when in ("before", "after")]
            rows.append((f"rows of {what}", *numbers))
    for name, found in document["scores"].items():
        shown = name if name == "accuracy" else f"{name}, Spearman"
        rows.append((shown, _number(found["before"]), _number(found["after"])))
    for what, error in document["errors"].items():
        rows.append((f"relative error of {what}", "", error))
    if "neighbors_kept" in document:
        kept = document["neighbors_kept"]
        rows.append((f"{kept['of']} nearest words kept", "", kept["share"]))
    output.table(rows, [document["path"], "before", "after"])


def _number(value: float) -> object:
    return output.NONE if value != value else value


def _python(
    model: str, fitted: Fitted, out: str, how: ModelQuantization, retrain: str | None
) -> str:
    opened = f"firth.load({model!r})"
    if fitted.kind == "vectors" and not is_model(model):
        opened = f"Fitted('vectors', firth.load_vectors({model!r}))"
    more = "" if retrain is None else f", Labelled({retrain!r})"
    made = f"firth.quantize({opened}, {call_of(how)}{more})"
    if out.endswith(".ftz"):
        return f"firth.vectors.formats.fasttext_model.write({made}, {out!r})"
    return f"{made}.save({out!r})"
