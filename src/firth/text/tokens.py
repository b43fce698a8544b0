"""Tokenizers: from a line to its tokens.

    words         Unicode word boundaries (`word_break`); case is folded unless told otherwise
    signs         the same words as they are written, and each sign between them (`raw_tokens`)
    whitespace    str.split()
    blanks        at fastText's blanks: space, tab, line ends, vertical tab, form feed, the byte 0
    characters    each character with its marks, without white space (`splitters.characters`)
    bpe:FILE, unigram:FILE, FILE.json    trained subwords, by the package tokenizers
    a function    str -> list of str: jieba.lcut, a spaCy pipeline's words, hazm, razdel...

Case is folded token by token with str.casefold(): by default for words only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import CorpusError, MissingExtraError, SettingError, did_you_mean
from firth.text import label_kernels, splitters, word_break
from firth.text.characters import properties

#: what a tagger reads; no kernel, the words are those of "words"
SIGNS = "signs"
BUILT_IN = ("words", "whitespace", "blanks", "characters")
_WANTED = (
    "words, signs, whitespace, blanks, characters, bpe:FILE, unigram:FILE, or a function from a "
    "string to a list of strings"
)


class Tokenizer:
    """A tokenizer by its name, or any function from a string to a list of strings.

    name: what the model stores.  fold: is case folded?  function: None for the built-in ones.

    Raises:
        SettingError: no such tokenizer, or a file that is none.
        MissingExtraError: a trained tokenizer without the package.
    """

    def __init__(
        self, tokenizer: str | Callable[[str], list[str]] = "words", fold_case: bool | None = None
    ) -> None:
        self.function: Callable[[str], Iterable[str]] | None = None
        if isinstance(tokenizer, str):
            self.name = tokenizer
            if tokenizer == SIGNS:
                self.function = _words_and_signs
            elif tokenizer not in BUILT_IN:
                self.name, self.function = _trained(tokenizer)
        elif callable(tokenizer):
            self.name, self.function = _name_of(tokenizer), tokenizer
        else:
            raise SettingError(f"tokenizer={tokenizer!r} is not a tokenizer; wanted {_WANTED}.")
        self.by_user = not isinstance(tokenizer, str)
        self.fold = self.name == "words" if fold_case is None else bool(fold_case)

    def __call__(self, line: str) -> list[str]:
        """The tokens of one line.

        Raises:
            CorpusError: a function of the user gave something else than a list of strings.
        """
        if self.function is not None:
            tokens = self._asked(line)
            return [token.casefold() for token in tokens] if self.fold else tokens
        raw = line.replace("\n", " ").encode("utf-8", "surrogatepass")
        return next(iter(self.lines(raw + b"\n")))

    def lines(self, block: bytes) -> Iterator[list[str]]:
        """The tokens of each line of a block, by a built-in tokenizer."""
        starts, stops, ends = Splitter(self)(block)
        spans = zip(starts.tolist(), stops.tolist(), strict=True)
        if block.isascii():
            text = block.decode("ascii")
            if self.fold:
                text = text.lower()
            tokens = [text[start:stop] for start, stop in spans]
        else:
            tokens = [block[start:stop].decode("utf-8", "surrogatepass") for start, stop in spans]
            if self.fold:
                tokens = [token.casefold() for token in tokens]
        begin = 0
        for end in ends.tolist():
            yield tokens[begin:end]
            begin = end
        if begin < len(tokens):
            yield tokens[begin:]

    def _asked(self, line: str) -> list[str]:
        assert self.function is not None
        tokens = self.function(line)
        if isinstance(tokens, str | bytes) or not isinstance(tokens, Iterable):
            raise CorpusError(
                f"The tokenizer {self.name} gave {_short(tokens)} for the line {_short(line)}; "
                "wanted a list of strings."
            )
        tokens = list(tokens)
        for token in tokens:
            if not isinstance(token, str):
                raise CorpusError(
                    f"The tokenizer {self.name} gave a list that holds {_short(token)} for the "
                    f"line {_short(line)}; wanted strings."
                )
        return tokens


class Splitter:
    """A built-in tokenizer as its kernel, with the arrays it writes to; one for each thread."""

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        """tokenizer: None if the tokens are given apart."""
        self._kernel, self._tables = {
            "words": (word_break.words, (properties(), word_break.actions())),
            "whitespace": (splitters.pieces, ()),
            "blanks": (label_kernels.pieces, ()),
            "characters": (splitters.characters, (properties(),)),
            "given": (splitters.given, ()),
        }["given" if tokenizer is None else tokenizer.name]
        self._arrays = np.empty((3, 0), np.int32)

    def __call__(self, block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(starts, stops, ends), int32, as in `splitters`: overwritten by the next call."""
        text = np.frombuffer(block, np.uint8)
        if self._arrays.shape[1] < len(text):
            # a token takes a byte at least; what is not written to takes no memory
            self._arrays = np.empty((3, len(text)), np.int32)
        starts, stops, ends = self._arrays
        tokens, lines = self._kernel(text, *self._tables, starts, stops, ends)
        return starts[:tokens], stops[:tokens], ends[:lines]


def _words_and_signs(line: str) -> list[str]:
    from firth.text.raw_tokens import cut  # which stands upon this file

    return cut([line])[0].tokens


def _trained(name: str) -> tuple[str, Callable[[str], Iterable[str]]]:
    """A trained tokenizer of the package tokenizers: (name, function)."""
    kind, separator, file = name.partition(":")
    if kind not in ("bpe", "unigram") or not separator:
        kind, file = "", name
        if not name.endswith(".json"):
            raise SettingError(
                f"tokenizer={name!r} is not a tokenizer.{did_you_mean(name, (*BUILT_IN, SIGNS))} "
                f"Wanted {_WANTED}."
            )
    if not Path(file).is_file():
        raise SettingError(
            f"tokenizer={name!r}: there is no file {file}; wanted the tokenizer.json that the "
            "package tokenizers saves."
        )
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError(f"tokenizer={name!r}", "tokenizers", "tokenizers") from None
    try:
        trained = tokenizers.Tokenizer.from_file(file)
    except Exception as error:  # the package raises nothing narrower
        raise SettingError(
            f"tokenizer={name!r}: {file} is not a tokenizer.json of the package tokenizers "
            f"({error})."
        ) from None
    found = type(trained.model).__name__
    if kind and found.lower() != kind:
        raise SettingError(
            f"tokenizer={name!r}: {file} holds a model of the kind {found}; give its path alone."
        )
    return name, lambda line: trained.encode(line, add_special_tokens=False).tokens


def _name_of(function: Callable[..., Any]) -> str:
    """module:function, as the command line takes it."""
    if not hasattr(function, "__qualname__"):
        function = type(function)
    module = getattr(function, "__module__", None) or "builtins"
    return f"{module}:{function.__qualname__}"


def _short(item: Any) -> str:
    text = repr(item)
    return f"{text if len(text) <= 40 else text[:40] + '...'}"
