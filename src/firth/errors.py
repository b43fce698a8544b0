"""The errors of firth: one tree.

    FirthError
    ├── CorpusError        (ValueError)       the text cannot be read as asked
    │   └── EncodingError                     a byte that is not in the encoding: file, line, offset
    ├── VocabularyError    (ValueError)       no word, or too few, to learn from
    ├── SettingError       (ValueError)       an unknown setting, or a value outside its range
    ├── UnknownWordError   (KeyError)         a word the vectors do not hold
    ├── FormatError        (ValueError)       a damaged or foreign file: path, found, expected
    ├── FitError           (ArithmeticError)  training diverged
    ├── ModelExistsError   (FileExistsError)  the output is there already
    ├── StorageError       (OSError)          the disk is full, the folder cannot be written
    └── MissingExtraError  (ImportError)      an optional dependency is not installed

Each message is one sentence or two: what was found, what was wanted, what to do. Each error is
also the built-in it resembles, so that nobody has to learn ours to catch it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class FirthError(Exception):
    """The user's input cannot be used as it is; the message says what to do."""

    def __str__(self) -> str:
        # KeyError would print the repr of its argument
        return str(self.args[0]) if self.args else ""


class CorpusError(FirthError, ValueError):
    """The text cannot be read as asked."""


class EncodingError(CorpusError):
    """A byte that is not in the declared encoding."""


class VocabularyError(FirthError, ValueError):
    """No word, or too few, to learn from."""


class SettingError(FirthError, ValueError):
    """An unknown setting, or a value outside its range."""


class UnknownWordError(FirthError, KeyError):
    """A word that the vectors do not hold."""

    __str__ = FirthError.__str__


class FormatError(FirthError, ValueError):
    """A damaged or foreign file."""

    def __init__(self, path: str | Path, found: str, expected: str, remedy: str = "") -> None:
        self.path, self.found, self.expected = path, found, expected
        text = f"{path}: found {found}, expected {expected}."
        super().__init__(f"{text} {remedy}".strip())


class FitError(FirthError, ArithmeticError):
    """Training diverged; the last good state is kept by the caller."""


class ModelExistsError(FirthError, FileExistsError):
    """The output exists already and was not to be replaced."""


class StorageError(FirthError, OSError):
    """The disk is full or the folder cannot be written."""


class MissingExtraError(FirthError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the package '{package}', which is not installed; "
            f'install it with: pip install "firth[{extra}]"'
        )


def nearest(word: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The `n` entries of `known` most like `word` by difflib's ratio; empty if none is near."""
    return get_close_matches(word, list(known), n=n, cutoff=0.6)


def did_you_mean(word: str, known: Iterable[str], n: int = 3) -> str:
    """A clause for an error message: " Did you mean 'a' or 'b'?", or nothing."""
    names = [f"'{name}'" for name in nearest(word, known, n)]
    return f" Did you mean {' or '.join(names)}?" if names else ""
