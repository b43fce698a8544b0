"""Options of commands: the ones they share, and those made from a dataclass of settings."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Container, Iterable
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from firth.settings import Settings

EVERY = Group("Output", sort_key=9)
#: what a lone "-" is while cyclopts reads it, which would take it for an option
HYPHEN = "\N{WORD JOINER}-"


def hide_hyphens(tokens: Iterable[str]) -> list[str]:
    """`tokens` with each lone "-" made readable for cyclopts."""
    return [HYPHEN if token == "-" else token for token in tokens]


def hyphens(words: Iterable[str]) -> list[str]:
    """The opposite of `hide_hyphens`."""
    return ["-" if word == HYPHEN else word for word in words]


def in_whole_lines(command: Callable[..., None]) -> Callable[..., None]:
    """`command`, with the text of each parameter in its docstring on one line.

    cyclopts shows the line breaks of the source, wherever they stand in a sentence.
    """
    lines: list[str] = []
    for line in inspect.cleandoc(command.__doc__ or "").splitlines():
        if lines and lines[-1].startswith("    ") and line.startswith("    "):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    command.__doc__ = "\n".join(lines)
    return command


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Common:
    """What every command takes."""

    json: Annotated[bool, Parameter(negative=(), group=EVERY, show_default=False)] = False
    "Print the result as one JSON document."
    verbose: Annotated[bool, Parameter(negative=(), group=EVERY, show_default=False)] = False
    "Print the Python call that does the same."
    debug: Annotated[bool, Parameter(negative=(), group=EVERY, show_default=False)] = False
    "Print the traceback of an error."


COMMON = Common()


def options_of(settings: type[Settings], without: Container[str] = ()) -> Any:
    """A dataclass for the command line with one option per field of `settings`.

    Same names, types and defaults; the help is the field's meaning and range.
    without: fields that a command decides itself.
    """
    hints = typing.get_type_hints(settings)
    group = Group("Settings", sort_key=2)
    fields = []
    for field in dataclasses.fields(settings):
        if field.name in without:
            continue
        hint = hints[field.name]
        choices = field.metadata.get("choices")
        if choices:
            hint = Literal[tuple(choices)]
            if type(None) in typing.get_args(hints[field.name]):
                hint = hint | None
        bare = types.NoneType not in typing.get_args(hint)
        parameter = Parameter(
            help=meaning_of(field), group=group, show_default=bare and field.default is not None
        )
        fields.append((field.name, Annotated[hint, parameter], field.default))
    made = dataclasses.make_dataclass(f"{settings.__name__}Options", fields, frozen=True)
    made.__doc__ = ""
    # cyclopts does not look into classes of the standard library, where make_dataclass puts it
    made.__module__ = __name__
    return Parameter(name="*")(made)


def meaning_of(field: dataclasses.Field[Any]) -> str:
    """The help of one setting: "length of a vector (at least 1)"."""
    low, high = field.metadata.get("low"), field.metadata.get("high")
    text = field.metadata.get("meaning", "")
    if low is not None and high is not None:
        return f"{text} ({low} to {high})"
    if low is not None:
        return f"{text} (at least {low})"
    if high is not None:
        return f"{text} (at most {high})"
    return text


def call_of(settings: Settings) -> str:
    """The Python that makes `settings`: "SkipGram(dim=50)", defaults left out."""
    shown = [
        f"{field.name}={getattr(settings, field.name)!r}"
        for field in dataclasses.fields(settings)
        if getattr(settings, field.name) != field.default
    ]
    return f"{type(settings).__name__}({', '.join(shown)})"
