"""Taggers on the command line: opened, asked for tags, scored, shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.models import is_folder_of_ours, kind_of, open_fitted, resolve_tokenizer
from firth.cli.options import Common, hyphens
from firth.cli.reading import TaggedReading
from firth.errors import FormatError, SettingError
from firth.neural import need_torch
from firth.text.tag_lines import tokens as tokens_of

if TYPE_CHECKING:
    from firth.neural.tag_predictions import Evaluation, Prediction
    from firth.neural.tagging import Predictor
    from firth.vectors.fitted import Fitted

KIND = "tagger"
#: errors shown to a person, and characters of a bar that stands for 1
SHOWN, BAR = 12, 40


def is_tagger(path: str) -> bool:
    """Whether `path` is a model folder of that kind."""
    return is_folder_of_ours(path) and kind_of(path) == KIND


def open_predictor(path: str, *, device: str = "auto", tokenizer: str | None = None) -> Predictor:
    """
    Raises:
        FormatError: no tagger.  MissingExtraError: no PyTorch.
        SettingError: no such device or tokenizer.
    """
    fitted = open_fitted(path)
    if fitted.kind != KIND:
        raise FormatError(
            path, f"a model of kind {fitted.kind}", "a tagger", "Train one: firth train tagger."
        )
    need_torch("A tagger")
    from firth.neural.tagging import Predictor

    cut = None if tokenizer is None else resolve_tokenizer(tokenizer)
    return Predictor(fitted, device=device, tokenizer=cut)


def predict_tags(
    model: str,
    lines: Iterable[str],
    n: int,
    tokens: bool,
    tokenizer: str | None,
    device: str,
    common: Common,
    one_by_one: bool = False,
) -> None:
    """See `predict`.

    tokens: of a line, as in files of columns, between blanks and tabs.
    one_by_one: each line is answered as soon as it is there.
    """
    if tokens and tokenizer is not None:
        raise SettingError("--tokens takes what stands between blanks; leave --tokenizer out.")
    if n < 1:
        raise SettingError(f"-k {n}: wanted at least 1 sequence of tags a line.")
    predictor = open_predictor(model, device=device, tokenizer=tokenizer)
    cut = "" if tokenizer is None else f", tokenizer={tokenizer!r}"
    given = r"[re.findall(r'[^ \t]+', line) for line in lines]" if tokens else "lines"
    asked = f"n_best({given}, {n})" if n > 1 or common.json else f"tags({given})"
    output.call(common.verbose, f"Predictor(load({model!r}){cut}).{asked}")
    sentences = map(tokens_of, lines) if tokens else lines
    if one_by_one:
        predictor.at_once = 1
    if common.json:
        found = predictor.n_best_of(sentences, n)
        output.write_json({"predictions": [[one.to_json() for one in row] for row in found]})
    elif n == 1:
        for words, tags in predictor.tagged(sentences):
            output.write(_line(words, tags))
    else:
        for row in predictor.n_best_of(sentences, n):
            output.write("\t".join(_with_probability(one) for one in row if one.tokens))


def _with_probability(one: Prediction) -> str:
    return f"{_line(one.tokens, one.tags)}\t{one.probability:.4f}"


def _line(words: Iterable[str], tags: Iterable[str]) -> str:
    """The/DET cat/NOUN; a tag stands behind the last slash."""
    return " ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))


def evaluate_tags(
    model: str,
    data: str,
    columns: str | None,
    comments: str | None,
    encoding: str,
    device: str,
    common: Common,
) -> None:
    """See `evaluate`."""
    predictor = open_predictor(model, device=device)
    reading = TaggedReading({"columns": columns, "comments": comments, "encoding": encoding})
    (data,) = hyphens([data])
    output.call(common.verbose, f"Predictor(load({model!r})).evaluate({reading.python(data)})")
    found = predictor.evaluate(reading.corpus(data), progress=progress())
    if common.json:
        output.write_json(found.to_json())
    else:
        tell(found)


def tell(found: Evaluation) -> None:
    """The whole, each label, and the most frequent errors."""
    document = found.to_json()
    names = ["tokens", "accuracy", "f1", "precision", "recall"]
    output.table([[document[name] for name in names]], names)
    columns = ["label", "precision", "recall", "f1", "gold", "found"]
    output.table(
        [
            [label, *(entry[name] for name in columns[1:])]
            for label, entry in document["labels"].items()
        ],
        columns,
    )
    if found.errors:
        errors = [[one.true, one.found, one.count, one.example] for one in found.errors[:SHOWN]]
        output.table(errors, ["true", "predicted", "errors", "first example"])
    if found.unseen:
        output.say(
            f"firth: {found.unseen:,} words are not in the tagger's vocabulary; "
            f"{found.unseen_correct / found.unseen:.2%} of their tags are right."
        )
    for tag, count in found.strange.items():
        output.say(f"firth: note: the tag {tag} ({count:,}) is never predicted: training had none.")


def inside(fitted: Fitted) -> dict[str, Any]:
    """What `firth info` tells of a tagger: inputs, labels, the mix of an ELMo's layers."""
    inputs = dict(_inputs(fitted))
    document: dict[str, Any] = {"inputs": inputs}
    if fitted.labels is not None:
        document["labels"] = fitted.labels.names
    prefix = "net.words.inputs.elmo.mix."
    if prefix + "s" in fitted.state:
        s = np.asarray(fitted.state[prefix + "s"], np.float64)
        weights = np.exp(s - s.max())
        document["mix"] = {
            "gamma": float(fitted.state[prefix + "gamma"]),
            "weights": (weights / weights.sum()).tolist(),
        }
    return document


def _inputs(fitted: Fitted) -> Iterator[tuple[str, str]]:
    settings = fitted.settings
    if settings["dim"]:
        yield "lookup", f"{settings['dim']} numbers of each of {len(fitted.vocabulary):,} words"
    if settings["characters"] != "none":
        symbols = fitted.corpus["symbols"]
        unit = (
            "bytes" if symbols["unit"] == "byte" else f"{len(symbols['characters']):,} characters"
        )
        yield (
            "characters",
            f"{settings['character_width']} numbers, {settings['characters']}, {unit}",
        )
    vectors = fitted.parts.get("vectors")
    if vectors is not None and vectors.vectors is not None:
        how = "tuned" if settings["tune"] else "as given"
        yield "vectors", f"{vectors.vectors.dim} numbers of {len(vectors.vectors):,} words, {how}"
    if "elmo" in fitted.parts:
        yield "elmo", settings["elmo_layers"]


def show_inside(document: dict[str, Any]) -> None:
    """The same for a person; the mix as bars."""
    output.table(document["inputs"].items(), ["input", ""])
    output.table([[" ".join(document["labels"])]], ["labels"])
    mix = document.get("mix")
    if mix is not None:
        rows = [
            ["spelling" if j == 0 else f"layer {j}", share, "\N{FULL BLOCK}" * round(BAR * share)]
            for j, share in enumerate(mix["weights"])
        ]
        output.table(rows, ["layer", "weight", f"gamma {mix['gamma']:.3f}"])
