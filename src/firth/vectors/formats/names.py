"""Names on their way in and out: decoded or refused with the place, doubles dropped aloud."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.text.vocabulary import Vocabulary
from firth.vectors.vectors import Vectors

#: what fscanf("%s") and split() take for the end of a word
BLANKS = re.compile(r"[ \t\n\v\f\r]")


def decode_names(path: Path, names: bytes, errors: str, place: Callable[[int], str]) -> list[str]:
    """The names of `names`, UTF-8 and each ended by a newline.

    place: what to call the n-th name in a message ("line 7", "byte 120").

    Raises:
        FormatError: a name that is not UTF-8, unless errors="replace".
    """
    if not names:
        return []
    try:
        return names[:-1].decode("utf-8", errors).split("\n")
    except UnicodeDecodeError as error:
        at = names.count(b"\n", 0, error.start)
        whole = names.split(b"\n", at + 1)[at]
        raise FormatError(
            path,
            f"a word that is not UTF-8 at {place(at)}: {whole[:60]!r}",
            "UTF-8",
            'word2vec cuts long words inside a character; encoding_errors="replace" reads on.',
        ) from None


def make_vectors(
    path: Path, names: list[str], matrix: np.ndarray, counts: np.ndarray | None = None
) -> Vectors:
    """`Vectors` of what was read: the first of equal names stays, with one warning.

    Raises:
        FormatError: there is no row, or a number is not finite.
    """
    if not names:
        raise FormatError(path, "no vectors", "at least one word with its numbers")
    if len(set(names)) != len(names):
        first: dict[str, int] = {}
        for row, name in enumerate(names):
            first.setdefault(name, row)
        warnings.warn(
            f"{path}: {len(names) - len(first)} rows bear the name of an earlier row "
            f"(the first is {_doubled(names)!r}); the earlier one is kept.",
            stacklevel=2,
        )
        rows = np.fromiter(first.values(), np.int64, len(first))
        names, matrix = list(first), matrix[rows]
        counts = None if counts is None else counts[rows]
    return Vectors(Vocabulary(names, counts=counts), matrix)


def _doubled(names: list[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def known_counts(vectors: Vectors) -> np.ndarray | None:
    """int64[V], or None: a vocabulary.tsv writes unknown counts as 0."""
    counts = vectors.vocabulary.counts
    return None if counts is None or not counts.any() else counts


def encoded(
    path: Path, names: Iterable[str], forbidden: re.Pattern[str], kind: str
) -> Iterator[bytes]:
    """Each name as UTF-8.

    Raises:
        FormatError: the first name that `kind` cannot hold, by name.
    """
    for name in names:
        if not name or forbidden.search(name):
            raise _refused(path, name, kind)
        try:
            yield name.encode("utf-8")
        except UnicodeEncodeError:
            raise _refused(path, name, kind) from None


def _refused(path: Path, name: str, kind: str) -> FormatError:
    return FormatError(
        path,
        f"the name {name!r}, which {kind} cannot hold",
        "names without blanks, line ends or lone surrogates, and not empty",
        "Write safetensors or a firth folder, which hold any name, or rename it.",
    )


def check_finite(path: Path, matrix: np.ndarray, place: Callable[[int], str]) -> None:
    """Raises FormatError for the first row of `matrix` with nan or infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        sound = np.isfinite(matrix.sum(axis=1))
    if sound.all():
        return
    # a sum may overflow where its terms do not
    for row in np.flatnonzero(~sound):
        if not np.isfinite(matrix[row]).all():
            raise FormatError(
                path, f"nan or infinity at {place(int(row))}", "finite numbers", "Remove that row."
            )
