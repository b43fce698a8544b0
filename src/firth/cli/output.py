"""What is printed: results on standard output, all else on standard error.

On a terminal results are tables; piped they are plain lines, fields split by tabs.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

#: stands in a table for a number that does not exist
NONE = "–"


def say(text: str) -> None:
    """A sentence for the person, on standard error."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (talking is this file's work)


def write(text: str) -> None:
    """A line of the result, on standard output."""
    print(text)  # noqa: T201  (see above)


def write_json(document: Any) -> None:
    """The one JSON document of a command; a number that does not exist is null."""
    write(json.dumps(finite(document), ensure_ascii=False, indent=2, allow_nan=False))


def finite(value: Any) -> Any:
    """`value` with None for nan and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def pretty() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def table(
    rows: Iterable[Sequence[object]], columns: Sequence[str], *, title: str | None = None
) -> None:
    """`rows` as a table on a terminal, as lines of tab-separated fields when piped.

    Numbers with a fraction are shown to four places.
    """
    lines = [[_field(value) for value in row] for row in rows]
    if not pretty():
        for line in lines:
            write("\t".join(line))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    numeric = [all(_is_number(line[i]) for line in lines) for i in range(len(columns))]
    for name, right in zip(columns, numeric, strict=True):
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for line in lines:
        drawn.add_row(*(Text(field) for field in line))
    Console().print(drawn)


def _field(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if 0 < abs(value) < 0.001 else f"{value:.4f}"


def _is_number(text: str) -> bool:
    if text == NONE:
        return True
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def call(verbose: bool, text: str) -> None:
    """The Python that does what the command does (--verbose)."""
    if verbose:
        say(f">>> {text}")
