"""`Spans`: texts cut into tokens as a model's training texts were, without making strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.text.counting import fold_words
from firth.text.label_kernels import line_each, pieces, take_labels
from firth.text.sources import line_text, token_block
from firth.text.tokens import Splitter, Tokenizer
from firth.vectors.fitted import Fitted


class Spans:
    """Called with texts: (text uint8[], starts, stops int32[tokens], ends int64[texts]).

    Token t is text[starts[t]:stops[t]]; text i ends before token ends[i]. Labels that stand in the
    texts (fastText's format) are no tokens.

    Raises:
        SettingError: the model's texts were cut by a function, or given as tokens, and no
        tokenizer is given.
    """

    def __init__(
        self, fitted: Fitted, tokenizer: str | Callable[[str], list[str]] | None = None
    ) -> None:
        corpus = fitted.corpus
        name = str(corpus.get("tokenizer", "whitespace"))
        self.phrases = fitted.phrases
        self._original = corpus.get("program") == "fasttext"
        self._prefix = np.frombuffer(str(corpus.get("label_prefix") or "").encode(), np.uint8)
        if self._original and not len(self._prefix):
            self._prefix = np.frombuffer(b"__label__", np.uint8)
        fold = corpus.get("fold_case")
        self.tokenizer: Tokenizer | None = None
        if tokenizer is not None:
            self.tokenizer = Tokenizer(tokenizer, fold)
        elif name == "given":
            self._why = "were given as tokens"
        elif corpus.get("tokenizer_is_function"):
            self._why = f"were cut by the function {name}"
        else:
            self.tokenizer = Tokenizer(name, fold)
        self._fold = bool(fold) if self.tokenizer is None else self.tokenizer.fold

    def must_cut(self) -> Tokenizer:
        """The tokenizer.

        Raises:
            SettingError: the model's texts were cut by a function, which a model does not hold.
        """
        if self.tokenizer is None:
            raise SettingError(
                f"The texts of this model {self._why}, which a model does not hold; give lists of "
                "tokens, or the function: Classifier(fitted, tokenizer=...) (--tokenizer "
                "module:function)."
            )
        return self.tokenizer

    def __call__(self, texts: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        given = not isinstance(texts[0], str)
        if given or self.phrases is not None or self.must_cut().function is not None:
            return self._by_lists(texts, given)
        block = _block(texts)
        if len(self._prefix) and self._prefix.tobytes() in block:
            block = self._without_labels(block)
        if self._original:
            text = np.frombuffer(block, np.uint8)
            starts, stops, ends = np.empty((3, len(text)), np.int32)
            tokens, lines = pieces(text, starts, stops, ends)
            return text, starts[:tokens], stops[:tokens], ends[:lines].astype(np.int64)
        starts, stops, ends = Splitter(self.tokenizer)(block)
        return self._folded(block, starts, stops, ends)

    def _by_lists(
        self, texts: list[Any], given: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Where strings are needed: tokens that are given, functions, phrases."""
        lines = texts
        if not given:
            tokenizer = self.must_cut()
            lines = [tokenizer(text) for text in texts]
        if given and self._fold:
            lines = [[token.casefold() for token in line] for line in lines]
        if self.phrases is not None:
            lines = [self.phrases.apply(line) for line in lines]
        block = token_block([list(line) for line in lines], 0, "the texts given", "replace")
        starts, stops, ends = Splitter(None)(block)
        return np.frombuffer(block, np.uint8), starts, stops, ends.astype(np.int64)

    def _folded(
        self, block: bytes, starts: np.ndarray, stops: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        if self._fold and block.isascii():
            block = block.lower()
        elif self._fold and len(starts):
            # folding may change how long a token is: each on a line of its own first
            apart = np.empty(int((stops - starts).sum()) + len(starts), np.uint8)
            new = np.empty((2, len(starts)), np.int32)
            line_each(np.frombuffer(block, np.uint8), starts, stops, apart, new[0], new[1])
            block, starts, stops = fold_words(apart.tobytes(), new[0], new[1])
        return np.frombuffer(block, np.uint8), starts, stops, ends.astype(np.int64)

    def _without_labels(self, block: bytes) -> bytes:
        text = np.frombuffer(block, np.uint8)
        plain = text.copy()
        room = len(block) // (len(self._prefix) + 1) + 1
        starts, stops = np.empty(room, np.int32), np.empty(room, np.int32)
        ends = np.empty(block.count(b"\n"), np.int32)
        take_labels(text, self._prefix, plain, starts, stops, ends)
        return plain.tobytes()


def _block(texts: list[str]) -> bytes:
    """The texts, a line each."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        joined = "\n".join(line_text(text) for text in texts)
    return (joined + "\n").encode("utf-8", "replace")
