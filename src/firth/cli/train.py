"""`firth train KIND DATA... -o MODEL`: one command per kind, made from its settings."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Group, Parameter

from firth.cli import output
from firth.cli.models import open_fitted, open_vectors
from firth.cli.options import COMMON, Common, call_of, hyphens, options_of
from firth.cli.reading import (
    IDS,
    LABELS,
    TAGS,
    DocumentReading,
    LabelledReading,
    Reading,
    TaggedReading,
    must_fit_units,
)
from firth.cli.training import Run, must_be_free, summary, tell
from firth.cli.tuning import NO_TUNING, Tuned, Tuning
from firth.cli.tuning import tell as tell_trials
from firth.errors import SettingError
from firth.neural.place import place
from firth.static.cooccurrence import is_counts
from firth.static.window_counts import WindowCounts

# kind -> (module, class, line in `firth train --help`)
KINDS = {
    "skipgram": ("firth.static.skipgram", "SkipGram", "Each word predicts its neighbours."),
    "cbow": ("firth.static.cbow", "CBOW", "The neighbours together predict the word."),
    "fasttext": (
        "firth.static.fasttext",
        "FastText",
        "Words made of their n-grams; unseen ones too.",
    ),
    "fasttext-classifier": (
        "firth.static.classifier",
        "FastTextClassifier",
        "Texts and their labels: fastText's classifier.",
    ),
    "glove": ("firth.static.glove", "GloVe", "Products are logarithms of co-occurrence."),
    "ppmi": ("firth.static.ppmi", "PPMI", "What stands near more often than by chance; sparse."),
    "svd": ("firth.static.svd", "SVD", "PPMI, brought down to a few hundred numbers."),
    "pvdbow": ("firth.static.pvdbow", "PVDBOW", "Documents: each predicts its words."),
    "pvdm": ("firth.static.pvdm", "PVDM", "Documents: each helps its words to predict the next."),
    "lsa": ("firth.static.lsa", "LSA", "Documents and words from the document-word matrix."),
    "counts": ("firth.static.counts", "DocumentCounts", "Bag of words and TF-IDF of documents."),
    "phrases": ("firth.text.phrases", "Phrases", "Words that belong together: new_york."),
    "language-model": (
        "firth.neural.settings",
        "LanguageModel",
        "What comes next in a text: window, RNN, LSTM, GRU.",
    ),
    "elmo": (
        "firth.neural.elmo_settings",
        "ELMo",
        "Vectors of words in their sentences: a language model in both directions.",
    ),
    "tagger": (
        "firth.neural.tagger_settings",
        "Tagger",
        "A tag for each word: parts of speech, chunks, names.",
    ),
}

app = App(
    name="train",
    help="Train a model: firth train KIND DATA... -o MODEL [settings].",
    help_epilogue="",  # that of `firth` is about what other commands take
)
for _order, (_kind, (_, _, _line)) in enumerate(KINDS.items()):
    # loaded when called: kernels take their time
    app.command(f"{__name__}:{_kind}", name=_kind, help=_line, sort_key=_order)

TEXT = Group("Text", sort_key=1)
RUN = Group("Run", sort_key=3)
Errors = Literal["strict", "replace"]

_TEXT = (
    "Files of text (plain, .gz, .bz2, .xz, .zst), folders, globs, tables, or - for standard input."
)
_WINDOWS = f"{_TEXT} A line is a sentence or paragraph: windows do not cross it."
_COUNTED = f"{_WINDOWS} Or a folder of counts that firth cooccurrence -o wrote."
_JOINED = f"{_TEXT} A line is a sentence or paragraph: phrases do not cross it."
_DOCUMENTS = f"{_TEXT} A line, or a row of a table, is a document."
_STREAM = f"{_TEXT} A line is a sentence or paragraph; the order of the lines counts."
_APART = (
    f"{_TEXT} A line is a sentence or paragraph, and is learnt by itself unless --carry is given."
)
_EXAMPLES = (
    "Texts with labels: files in fastText's format (a line is a text; tokens that begin with "
    "__label__ are its labels), or tables with --column and --label-column (.csv, .tsv, .jsonl, "
    ".parquet); plain, .gz, .bz2, .xz or .zst; - for standard input."
)
_GO_ON = "A classifier to train further; its words, labels and n-grams stay what they are."
_LABEL = "The column of a table that holds the labels, by name or number."
_PREFIX = "What labels begin with in fastText's format."
_SEPARATOR = "What stands between several labels in one cell; lists of .jsonl need none."
_SENTENCES = (
    "Files of sentences with a tag for each word: columns (CoNLL), CoNLL-U (.conllu) or .jsonl; "
    "plain, .gz, .bz2, .xz or .zst; folders, globs, or - for standard input."
)
#: what each kind takes to learn from
DATA = {
    **dict.fromkeys(["skipgram", "cbow", "fasttext"], _WINDOWS),
    **dict.fromkeys(["glove", "ppmi", "svd"], _COUNTED),
    **dict.fromkeys(["pvdbow", "pvdm", "lsa", "counts"], _DOCUMENTS),
    "phrases": _JOINED,
    "fasttext-classifier": _EXAMPLES,
    "language-model": _STREAM,
    "elmo": _APART,
    "tagger": _SENTENCES,
}
#: of nets, which stop early only if they are told
_NETS = "after each epoch; the best state is kept (to stop early: --patience)."
_DEV = (
    "A text on which the loss is measured after each epoch, to stop early and keep the best state."
)
#: what each kind does with held-out text, if it is not that
DEV = {
    "fasttext-classifier": (
        "Labelled texts to predict after each epoch, to stop early and keep the best state."
    ),
    **dict.fromkeys(["language-model", "elmo"], f"A text on which perplexity is measured {_NETS}"),
    "tagger": f"Tagged sentences on which F1 or accuracy is measured {_NETS}",
}
_COLUMNS = (
    "WORD:TAG: where words and their tags stand, as numbers (0:3; -1 is the last), names of "
    "CoNLL-U (form:upos) or keys of JSON (tokens:tags)."
)
_COMMENTS = "Of columns: what lines before a sentence begin with that are no words: #, say."
_VECTORS = (
    "A model or file of vectors (dense ones) that are read beside what is learnt; kept in the "
    "model."
)
_ELMO = "An ELMo whose layers are mixed and read beside the rest; kept in the model."
_ID = "The column of a table that holds the ids of documents; without ids they are numbered."
_ID_PREFIX = "What ids in lines of text begin with, as __label__ in fastText's format."
_ID_SEPARATOR = "What stands between several ids in one cell."
_OUT = "The model folder to write."
_TOKENIZER = (
    "words (Unicode word boundaries), signs (the same as they are written, and the signs between "
    "them), whitespace, blanks (fastText's), characters, bpe:FILE, "
    "unigram:FILE (a tokenizer.json of the package tokenizers), or module:function."
)
_FOLD = "Ignore the case of letters; default: with the tokenizer words only."
_COLUMN = "The column of a table that holds the text, by name or number."
_ENCODING = "Of the text: utf-8, latin-1 or another."
_ERRORS = "What to do with a bad byte: stop with an error, or replace it and read on."
_INIT = "A model or file of vectors that the words they share start from."
_FREEZE = "Keep the vectors of --init-from as they are."
_FREEZE_DOCUMENTS = (
    "Keep the vectors of --init-from, or the words of --continue-from, as they are: then only "
    "documents learn."
)
_PHRASES = "A model of kind phrases whose phrases become single words."
_CONTINUE = "A model to train further on this text; new words join it."
_OVERWRITE = "Replace the model if it exists."
_RESUME = "Go on from where an interrupted run of the same command stopped."


def __getattr__(kind: str) -> Callable[..., None]:
    if kind not in KINDS:
        raise AttributeError(f"module '{__name__}' has no attribute '{kind}'")
    return _command(kind)


def _class_of(kind: str) -> Any:
    module, name, _ = KINDS[kind]
    return getattr(importlib.import_module(module), name)


def _of_documents(settings_class: Any) -> bool:
    """Whether models of this class have a vector for each document."""
    return hasattr(settings_class, "unique_ids")


def _about(group: Group, text: str, *names: str) -> Parameter:
    return Parameter(name=list(names), group=group, help=text)


def _flag(text: str) -> Parameter:
    return Parameter(negative=(), group=RUN, show_default=False, help=text)


def _command(kind: str) -> Callable[..., None]:
    """The command that trains a model of `kind`; its options are the fields of the settings."""
    line = KINDS[kind][2]
    settings_class = _class_of(kind)
    options = options_of(settings_class)

    # cyclopts takes a command's options from its signature
    taken = inspect.signature(settings_class.fit).parameters
    labelled = "labelled" in taken
    documents, tagged = _of_documents(settings_class), "tagged" in taken
    wanted = {*ALWAYS, *taken, *((*LABELS, "tuning") if labelled else ())}
    wanted |= set(IDS) if documents else set()
    if tagged:  # the words are there already
        wanted = {*TAGS, *RUNS, *taken}
    parameters = [
        _option("data", Annotated[str, Parameter(required=True, help=DATA[kind])], kind=_VAR),
        _option("out", Annotated[str, _about(RUN, _OUT, "-o", "--output")]),
        _option("settings", options, options()),
        *(option for option in _options(kind, labelled, documents) if option.name in wanted),
    ]

    def train(*data: str, **given: Any) -> None:
        _train(kind, settings_class, hyphens(data), given)

    train.__doc__ = line
    train.__annotations__ = {one.name: one.annotation for one in parameters}
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # it may be set
    return train


#: options of every run
RUNS = {"overwrite", "common"}
#: options that every kind takes whose text is cut here; the others where `fit` takes them
ALWAYS = {
    *("tokenizer", "column", "fold_case", "encoding", "encoding_errors", "phrases"),
    *RUNS,
}
_VAR = inspect.Parameter.VAR_POSITIONAL


def _option(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty, *, kind: Any = None
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if kind is None else kind
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _options(kind: str, labelled: bool, documents: bool) -> list[inspect.Parameter]:
    go_on = _GO_ON if labelled else _CONTINUE
    freeze = _FREEZE_DOCUMENTS if documents else _FREEZE
    return [
        _option("dev", Annotated[str | None, _about(TEXT, DEV.get(kind, _DEV))], None),
        _option("tokenizer", Annotated[str, _about(TEXT, _TOKENIZER)], "words"),
        _option("columns", Annotated[str | None, _about(TEXT, _COLUMNS)], None),
        _option("comments", Annotated[str | None, _about(TEXT, _COMMENTS)], None),
        _option("column", Annotated[str | None, _about(TEXT, _COLUMN)], None),
        _option("label_column", Annotated[str | None, _about(TEXT, _LABEL)], None),
        _option("label_prefix", Annotated[str, _about(TEXT, _PREFIX)], "__label__"),
        _option("label_separator", Annotated[str | None, _about(TEXT, _SEPARATOR)], None),
        _option("id_column", Annotated[str | None, _about(TEXT, _ID)], None),
        _option("id_prefix", Annotated[str | None, _about(TEXT, _ID_PREFIX)], None),
        _option("id_separator", Annotated[str | None, _about(TEXT, _ID_SEPARATOR)], None),
        _option("fold_case", Annotated[bool | None, _about(TEXT, _FOLD)], None),
        _option("encoding", Annotated[str, _about(TEXT, _ENCODING)], "utf-8"),
        _option("encoding_errors", Annotated[Errors, _about(TEXT, _ERRORS)], "strict"),
        _option("phrases", Annotated[str | None, _about(TEXT, _PHRASES)], None),
        _option("vectors", Annotated[str | None, _about(RUN, _VECTORS)], None),
        _option("elmo", Annotated[str | None, _about(RUN, _ELMO)], None),
        _option("init_from", Annotated[str | None, _about(RUN, _INIT)], None),
        _option("freeze", Annotated[bool, _flag(freeze)], False),
        _option("continue_from", Annotated[str | None, _about(RUN, go_on)], None),
        _option("overwrite", Annotated[bool, _flag(_OVERWRITE)], False),
        _option("resume", Annotated[bool, _flag(_RESUME)], False),
        _option("tuning", Tuning, NO_TUNING),
        _option("common", Common, COMMON),
    ]


def _train(kind: str, settings_class: Any, data: list[str], given: dict[str, Any]) -> None:
    """What all kinds do with what was typed."""
    common: Common = given.get("common", COMMON)
    path, overwrite = Path(given["out"]), given.get("overwrite", False)
    resume = given.get("resume", False)
    init_from, freeze = given.get("init_from"), given.get("freeze", False)
    continue_from, dev = given.get("continue_from"), given.get("dev")
    documents = _of_documents(settings_class)
    if freeze and init_from is None and not (documents and continue_from is not None):
        raise SettingError("--freeze keeps the vectors of --init-from as they are; give both.")
    typed = dataclasses.asdict(given.get("settings", options_of(settings_class)()))
    made = settings_class(**typed)
    tuning: Tuning = given.get("tuning", NO_TUNING)
    tuning.check(given)
    must_be_free(path, overwrite=overwrite, resume=resume)
    taken = inspect.signature(settings_class.fit).parameters
    reading: Any
    if "tagged" in taken:
        reading = TaggedReading(given)
    else:
        kind_of_reading = LabelledReading if "labelled" in taken else Reading
        reading = (DocumentReading if documents else kind_of_reading)(given)
    vectors = None if init_from is None else open_vectors(init_from)
    older = None if continue_from is None else open_fitted(continue_from)
    if kind == "language-model":
        must_fit_units(made.unit, given)
    made = fitting(made, vectors, older, typed)
    counts = any(is_counts(one) for one in data)
    if counts and not (isinstance(made, WindowCounts) and len(data) == 1):
        takes = ", ".join(name for name in KINDS if issubclass(_class_of(name), WindowCounts))
        raise SettingError(
            f"{kind} cannot be trained on {', '.join(data)}: counts of co-occurrence are there, "
            f"which only {takes} take, one folder at a time; give the text."
        )
    python = _python(made, data, path, reading, given, counts)
    if tuning.autotune is not None:
        python = tuning.python(made, data, reading, given)
        made = Tuned(made, reading.corpus(*hyphens([tuning.autotune])), tuning)
        taken = inspect.signature(made.fit).parameters
    output.call(common.verbose, python)
    extras = {
        "dev": None if dev is None else reading.held_out(*hyphens([dev])),
        "init_from": vectors,
        "freeze": freeze,
        "continue_from": older,
        "vectors": None if given.get("vectors") is None else open_vectors(given["vectors"]),
        "elmo": None if given.get("elmo") is None else open_fitted(given["elmo"]),
    }
    run = Run(
        settings=made,
        corpus=reading.counts(data[0]) if counts else reading.corpus(*data),
        out=path,
        extras={name: value for name, value in extras.items() if name in taken},
        resume=resume,
        overwrite=overwrite,
    )
    fitted, seconds = run.go()
    if place()[0] > 0:  # of several processes, the first one tells
        return
    document = summary(fitted, path, seconds)
    if common.json:
        output.write_json(document)
    else:
        if tuning.autotune is not None:
            tell_trials(fitted)
        tell(document, fitted)


def fitting(settings: Any, given: Any, older: Any, typed: dict[str, Any]) -> Any:
    """`settings` with what the vectors to start from decide, where the user said nothing.

    typed: what the settings were made of; a preset may have filled them in since.
    """
    decided: dict[str, Any] = {}
    if given is not None:
        decided["dim"] = given.dim
        if settings.kind == "glove" and settings.combine == "concatenation":
            decided["dim"] //= 2
    if older is not None:
        wanted = ["dim", "objective", "word_ngrams", "min_n", "max_n"]
        if _of_documents(settings):
            wanted += ["words", "combine", "window"]
        decided |= {name: older.settings[name] for name in wanted if name in older.settings}
    defaults = {field.name: field.default for field in dataclasses.fields(settings)}
    changes = {
        name: value
        for name, value in decided.items()
        if name in defaults and typed[name] == defaults[name] and value != getattr(settings, name)
    }
    if changes:
        told = ", ".join(f"{name}={value}" for name, value in changes.items())
        output.say(f"firth: note: {told}, as in the vectors to start from")
    return dataclasses.replace(settings, **changes)


def _python(
    settings: Any,
    data: list[str],
    out: Path,
    reading: Any,
    given: dict[str, Any],
    counts: bool,
) -> str:
    """The Python that does the same."""
    openers: dict[str, Callable[[Any], str]] = {
        "dev": reading.python_held_out,
        "init_from": "load_vectors({!r})".format,
        "freeze": repr,
        "continue_from": "load({!r})".format,
        "vectors": "load_vectors({!r})".format,
        "elmo": "load({!r})".format,
    }
    more = "".join(
        f", {name}={opener(given[name])}" for name, opener in openers.items() if given.get(name)
    )
    corpus = f"Cooccurrence.load({data[0]!r})" if counts else reading.python(*data)
    return f"{call_of(settings)}.fit({corpus}{more}).save({str(out)!r})"
