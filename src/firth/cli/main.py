"""`firth`: the commands, and what becomes of errors.

    exit code 0    done
              1    firth's own fault: traceback, please report
              2    the user's input: one sentence, no traceback unless --debug
              130  interrupted; what there was is kept and named

Each command is in a file of its own and is imported only when it is called (`__getattr__`):
starting up is most of the time that `firth neighbors` takes.
"""

from __future__ import annotations

import importlib
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

from cyclopts import App
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
)

from firth.cli import output
from firth.cli.options import hide_hyphens, in_whole_lines
from firth.errors import FirthError, did_you_mean

DONE, OWN_FAULT, USER_INPUT, INTERRUPTED = 0, 1, 2, 130

# name -> (where it is, its line in `firth --help`)
COMMANDS = {
    "demo": ("demo:demo", "Train on the documentation of this Python, show what was learnt."),
    "train": ("train:app", "Train a model: firth train KIND DATA... -o MODEL [settings]."),
    "info": ("info:info", "What a model is: kind, settings, corpus, history, sizes."),
    "neighbors": (
        "ask:neighbors",
        "The words nearest to words, documents to documents, or a word in like sentences.",
    ),
    "analogy": ("ask:analogy", "A is to B as C is to …"),
    "evaluate": ("evaluate:evaluate", "Score a model on word pairs, analogies, labels or text."),
    "predict": (
        "predict:predict",
        "Labels of texts by a classifier, tags of words by a tagger, line by line.",
    ),
    "generate": ("generate:generate", "Text from a language model, or what may come next."),
    "embed": ("embed:embed", "Vectors of words, lines or tokens as .npy, .parquet or text."),
    "cooccurrence": (
        "cooccurrence:cooccurrence",
        "How likely words stand near words, and the ratios of that.",
    ),
    "phrases": ("phrases:phrases", "Print a text with the phrases of a model joined."),
    "compare": (
        "compare:compare",
        "What vectors and an ELMo are worth to a task, with little data and with much.",
    ),
    "inspect": ("inspect:inspect", "Gradients through time, and gates, of a language model."),
    "quantize": ("quantize:quantize", "Make a model smaller, and say what was lost."),
    "convert": (
        "convert:convert",
        "Turn one format into another: word vectors, GloVe's files, published ELMos.",
    ),
}
# their lines of usage where cyclopts has only [ARGS] for what may be left out
USAGE = {
    "neighbors": "[OPTIONS] MODEL [WORD...]",
    "evaluate": "[OPTIONS] MODEL [DATA]",
    "predict": "[OPTIONS] MODEL [FILE]",
    "embed": "-o STR [OPTIONS] MODEL [FILE]",
    "phrases": "[OPTIONS] MODEL [FILE]",
    "inspect": "[OPTIONS] [MODELS...]",
}


def build() -> App:
    """The command line, none of whose commands is loaded yet."""
    app = App(
        name="firth",
        help=(
            "Your own text, in any language, as vectors, classifiers, taggers and language models."
        ),
        help_epilogue="MODEL is a model folder or any file of word vectors.",
        help_format="plaintext",
        version=version,
        # Ctrl-C is ours to answer
        suppress_keyboard_interrupt=False,
    )
    for order, (name, (_, line)) in enumerate(COMMANDS.items()):
        more: dict[str, Any] = {}
        if name != "train":  # which is an App, and has its own
            more["help_epilogue"] = ""
        if name in USAGE:
            more["usage"] = f"Usage: firth {name} {USAGE[name]}"
        app.command(f"{__name__}:{name}", name=name, help=line, sort_key=order, **more)
    return app


def __getattr__(name: str) -> Any:
    """A command, its file imported now."""
    if name not in COMMANDS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(f"firth.cli.{module}"), attribute)
    return found if isinstance(found, App) else in_whole_lines(found)


def main(tokens: Sequence[str] | None = None) -> int:
    """Runs `tokens` (default: the command line of this process) and returns the exit code."""
    arguments = list(sys.argv[1:] if tokens is None else tokens)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = "--debug" in options
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            build()(
                hide_hyphens(arguments),
                exit_on_error=False,
                print_error=False,
                verbose=False,
                result_action="return_value",
            )
            sys.stdout.flush()
            return DONE
        except BrokenPipeError:
            # whoever read our output has had enough; do not fail again while closing
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        except KeyboardInterrupt as interrupt:
            output.say(str(interrupt) or "Interrupted; nothing was written.")
            return INTERRUPTED
        except Exception as error:  # whatever else it is becomes an exit code
            sentence = _sentence(error)
            if debug or sentence is None:
                import traceback

                traceback.print_exc()
            if sentence is None:
                said = shlex.join(["firth", *arguments])
                where = f"firth {version()}, Python {sys.version.split()[0]}, {sys.platform}"
                output.say(_REPORT.format(command=said, where=where))
                return OWN_FAULT
            output.say(f"firth: {sentence}")
            return USER_INPUT


_REPORT = (
    "\nThis is a fault of firth, not of your input. Please report it with the lines above and "
    "the command:\n  {command}\n({where})"
)


def version() -> str:
    """That of the installed package."""
    import importlib.metadata

    try:
        return importlib.metadata.version("firth")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _sentence(error: Exception) -> str | None:
    """What to tell the user, or None if the fault is ours."""
    if isinstance(error, CycloptsError):
        return _usage(error)
    if isinstance(error, FirthError):
        return str(error)
    if isinstance(error, MemoryError):
        return (
            f"there is not enough memory ({error or 'an allocation failed'}); "
            "try a smaller --dim, --max-size or a larger --min-count."
        )
    if isinstance(error, OSError) and error.filename is not None:
        reason = (error.strerror or type(error).__name__).lower()
        return f"{error.filename}: {reason}; check the name and the permissions."
    return None


def _usage(error: CycloptsError) -> str:
    """The sentence for a command line that cannot be understood."""
    chain = " ".join(["firth", *(error.command_chain or [])])
    name = error.argument.name if error.argument else ""
    if isinstance(error, MissingArgumentError):
        given = getattr(error, "keyword", None) or name
        text = f"{chain} needs a value for {given}, and there is none."
    elif isinstance(error, CoercionError) and error.token and error.target_type in _KINDS:
        given = error.token.keyword or name
        text = f"{given}={error.token.value!r} is not {_KINDS[error.target_type]}."
    elif isinstance(error, UnknownCommandError) and error.app is not None:
        # cyclopts would import every command to suggest one
        known = [name for name in error.app if not name.startswith("-")]
        found = (error.unused_tokens or [""])[0]
        what = "kind of model" if "train" in chain.split() else "command"
        text = (
            f"{found!r} is not a {what}.{did_you_mean(found, known)} There are: {', '.join(known)}."
        )
    else:
        text = str(error)
    return f"{text} See: {chain} --help"


_KINDS: dict[type | None, str] = {int: "a whole number", float: "a number", bool: "true or false"}


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    output.say(f"firth: note: {message}")


def entry() -> None:
    """What the `firth` script calls."""
    raise SystemExit(main())
