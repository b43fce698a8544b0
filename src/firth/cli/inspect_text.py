"""Language models opened to be looked into, and text as they read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from firth.cli.models import must_exist, open_fitted, resolve_tokenizer
from firth.errors import CorpusError, FormatError
from firth.text.unit_reader import UnitReader

if TYPE_CHECKING:
    from firth.neural.language_model import LanguageNet
    from firth.vectors.fitted import Fitted

#: texts over which a curve is the mean
TEXTS = 16


def reader_of(fitted: Fitted, tokenizer: str | None) -> UnitReader:
    """How the model cuts a text.

    tokenizer: to cut it with, if the model does not hold its own.

    Raises:
        SettingError: the model's text was cut by a function, which only the user may name.
    """
    return UnitReader(
        fitted.settings["unit"],
        fitted.vocabulary,
        fitted.corpus,
        tokenizer=None if tokenizer is None else resolve_tokenizer(tokenizer),
        phrases=fitted.phrases,
    )


def windows_of(reader: UnitReader, path: str, length: int) -> np.ndarray:
    """int64[at most TEXTS, length + 1]: pieces of a file, from all over it.

    Raises:
        CorpusError: the text is shorter than one piece, or cannot be read.
    """
    ids = reader.stream(path).ids
    if len(ids) < length + 1:
        raise CorpusError(
            f"{path} has {len(ids)} units with its line ends; {length} steps need {length + 1}. "
            "Give a longer text, or a smaller --length."
        )
    pieces = min(TEXTS, len(ids) // (length + 1))
    starts = np.linspace(0, len(ids) - length - 1, pieces).astype(np.int64)
    return np.stack([ids[start : start + length + 1] for start in starts]).astype(np.int64)


def open_net(path: str) -> tuple[Fitted, LanguageNet]:
    """A language model and its net.

    Raises:
        FormatError: nothing there, or another kind of model.
    """
    from firth.neural.language_model import net_of

    must_exist(path)
    fitted = open_fitted(path)
    if fitted.kind != "language-model":
        raise FormatError(
            path,
            f"a model of kind {fitted.kind}",
            "a language model",
            "Train one: firth train language-model.",
        )
    return fitted, net_of(fitted)
