"""Language models opened to be looked into, and text as they read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from firth.cli.models import must_exist, open_fitted, resolve_tokenizer, tokenizer_like
from firth.errors import CorpusError, FormatError
from firth.text.corpus import Corpus

if TYPE_CHECKING:
    from firth.neural.language_model import LanguageNet
    from firth.text.units import UnitStream
    from firth.vectors.fitted import Fitted

#: texts over which a curve is the mean
TEXTS = 16


def units_of(fitted: Fitted, source: Any, tokenizer: str | None = None) -> UnitStream:
    """A text cut as the model's own was, numbered by its vocabulary.

    source: whatever a Corpus takes.  tokenizer: to cut it with, if not that of the model.

    Raises:
        SettingError: the model's text was cut by a function, which only the user may name.
    """
    from firth.text.subword_pieces import SubwordPieces
    from firth.text.units import read_units

    if tokenizer is None and fitted.corpus.get("tokenizer") == "given":
        # lists of tokens stay as they were; so do words between blanks
        tokenizer = "whitespace"
    cut = tokenizer_like(fitted.corpus, tokenizer, None)
    named = cut.name if tokenizer is None else resolve_tokenizer(tokenizer)
    corpus = Corpus(source, tokenizer=named, fold_case=cut.fold)
    unit = fitted.settings["unit"]
    if unit != "subword":
        return read_units(corpus, unit, vocabulary=fitted.vocabulary)
    pieces = SubwordPieces(str(fitted.corpus.get("subwords")))
    return read_units(corpus, unit, vocabulary=fitted.vocabulary, pieces=pieces)


def line_end_of(fitted: Fitted) -> int:
    """The unit that stands between lines, after which a text begins."""
    from firth.text.units import LINE_ENDS

    return fitted.vocabulary.id(LINE_ENDS[fitted.settings["unit"]])


def windows_of(fitted: Fitted, path: str, length: int, tokenizer: str | None = None) -> np.ndarray:
    """int64[at most TEXTS, length + 1]: pieces of a file, from all over it.

    Raises:
        CorpusError: the text is shorter than one piece.
    """
    ids = units_of(fitted, path, tokenizer).ids
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
