"""`firth train KIND DATA... -o MODEL`: one command per kind, made from its settings."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Group, Parameter

from firth.cli import output
from firth.cli.models import open_fitted, open_vectors, resolve_tokenizer
from firth.cli.options import COMMON, Common, call_of, hyphens, options_of
from firth.cli.training import Run, must_be_free, summary, tell
from firth.errors import SettingError

# kind -> (module, class, line in `firth train --help`)
KINDS = {
    "skipgram": ("firth.static.skipgram", "SkipGram", "Each word predicts its neighbours."),
    "cbow": ("firth.static.cbow", "CBOW", "The neighbours together predict the word."),
}

app = App(name="train", help="Train a model: firth train KIND DATA... -o MODEL [settings].")
for _kind, (_, _, _line) in KINDS.items():
    # loaded when called: kernels take their time
    app.command(f"{__name__}:{_kind}", name=_kind, help=_line)

TEXT = Group("Text", sort_key=1)
RUN = Group("Run", sort_key=3)
Errors = Literal["strict", "replace"]

_DATA = (
    "Files of text (plain, .gz, .bz2, .xz, .zst), folders, globs, tables, or - for standard "
    "input. A line is a sentence or paragraph: windows do not cross it."
)
_OUT = "The model folder to write."
_DEV = "A text on which the loss is measured after each epoch, to stop early."
_TOKENIZER = (
    "words (Unicode word boundaries), whitespace, characters, bpe:FILE, unigram:FILE (a "
    "tokenizer.json of the package tokenizers), or module:function."
)
_FOLD = "Ignore the case of letters; default: with the tokenizer words only."
_COLUMN = "The column of a table that holds the text, by name or number."
_ERRORS = "What to do with a bad byte."
_INIT = "A model or file of vectors that the words they share start from."
_FREEZE = "Keep the vectors of --init-from as they are."
_CONTINUE = "A model to train further on this text; new words join it."
_OVERWRITE = "Replace the model if it exists."
_RESUME = "Go on from where an interrupted run of the same command stopped."


def __getattr__(kind: str) -> Callable[..., None]:
    if kind not in KINDS:
        raise AttributeError(f"module '{__name__}' has no attribute '{kind}'")
    return _command(kind)


def _about(group: Group, text: str, *names: str) -> Parameter:
    return Parameter(name=list(names), group=group, help=text)


def _flag(text: str) -> Parameter:
    return Parameter(negative=(), group=RUN, show_default=False, help=text)


def _command(kind: str) -> Callable[..., None]:
    """The command that trains a model of `kind`; its options are the fields of the settings."""
    module, name, line = KINDS[kind]
    settings_class = getattr(importlib.import_module(module), name)
    options = options_of(settings_class)

    def train(
        *data: Annotated[str, Parameter(required=True, help=_DATA)],
        out: Annotated[str, _about(RUN, _OUT, "-o", "--output")],
        settings: Any,
        dev: Annotated[str | None, _about(TEXT, _DEV)] = None,
        tokenizer: Annotated[str, _about(TEXT, _TOKENIZER)] = "words",
        column: Annotated[str | None, _about(TEXT, _COLUMN)] = None,
        fold_case: Annotated[bool | None, _about(TEXT, _FOLD)] = None,
        encoding: Annotated[str, _about(TEXT, "Of the text.")] = "utf-8",
        encoding_errors: Annotated[Errors, _about(TEXT, _ERRORS)] = "strict",
        init_from: Annotated[str | None, _about(RUN, _INIT)] = None,
        freeze: Annotated[bool, _flag(_FREEZE)] = False,
        continue_from: Annotated[str | None, _about(RUN, _CONTINUE)] = None,
        overwrite: Annotated[bool, _flag(_OVERWRITE)] = False,
        resume: Annotated[bool, _flag(_RESUME)] = False,
        common: Common = COMMON,
    ) -> None:
        from firth.text.corpus import Corpus

        path = Path(out)
        if freeze and init_from is None:
            raise SettingError("--freeze keeps the vectors of --init-from as they are; give both.")
        made = settings_class(**dataclasses.asdict(settings))
        must_be_free(path, overwrite=overwrite, resume=resume)
        text: dict[str, Any] = {
            "tokenizer": tokenizer,
            "column": int(column) if column is not None and column.isdigit() else column,
            "fold_case": fold_case,
            "encoding": encoding,
            "encoding_errors": encoding_errors,
        }
        given = None if init_from is None else open_vectors(init_from)
        older = None if continue_from is None else open_fitted(continue_from)
        made = fitting(made, given, older)
        said = _python(made, hyphens(data), path, text, dev, init_from, freeze, continue_from)
        output.call(common.verbose, said)
        read = text | {"tokenizer": resolve_tokenizer(tokenizer)}
        run = Run(
            settings=made,
            corpus=Corpus(*hyphens(data), **read),
            out=path,
            dev=None if dev is None else Corpus(*hyphens([dev]), **read),
            init_from=given,
            freeze=freeze,
            continue_from=older,
            resume=resume,
            overwrite=overwrite,
        )
        fitted, seconds = run.go()
        document = summary(fitted, path, seconds)
        if common.json:
            output.write_json(document)
        else:
            tell(document, fitted.vectors)

    train.__doc__ = line
    train.__annotations__["settings"] = options
    assert train.__kwdefaults__ is not None
    train.__kwdefaults__["settings"] = options()
    return train


def fitting(settings: Any, given: Any, older: Any) -> Any:
    """`settings` with what the vectors to start from decide, where the user said nothing."""
    decided: dict[str, Any] = {}
    if given is not None:
        decided["dim"] = given.dim
    if older is not None:
        decided |= {name: older.settings[name] for name in ("dim", "objective")}
    defaults = {field.name: field.default for field in dataclasses.fields(settings)}
    changes = {
        name: value
        for name, value in decided.items()
        if getattr(settings, name) == defaults[name] and value != defaults[name]
    }
    if changes:
        told = ", ".join(f"{name}={value}" for name, value in changes.items())
        output.say(f"firth: note: {told}, as in the vectors to start from")
    return dataclasses.replace(settings, **changes)


def _python(
    settings: Any,
    data: list[str],
    out: Path,
    text: dict[str, Any],
    dev: str | None,
    init_from: str | None,
    freeze: bool,
    continue_from: str | None,
) -> str:
    """The Python that does the same."""
    defaults = {
        "tokenizer": "words",
        "fold_case": None,
        "column": None,
        "encoding": "utf-8",
        "encoding_errors": "strict",
    }
    read = "".join(f", {name}={text[name]!r}" for name in text if text[name] != defaults[name])
    more = "" if dev is None else f", dev=Corpus({dev!r}{read})"
    more += "" if init_from is None else f", init_from=load_vectors({init_from!r})"
    more += ", freeze=True" if freeze else ""
    more += "" if continue_from is None else f", continue_from=load({continue_from!r})"
    sources = ", ".join(repr(one) for one in data)
    return f"{call_of(settings)}.fit(Corpus({sources}{read}){more}).save({str(out)!r})"
