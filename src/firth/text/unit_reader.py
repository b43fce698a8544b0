"""`UnitReader`: text as a trained language model reads it, and its units as text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from firth.errors import CorpusError, FormatError, SettingError
from firth.progress import SILENT, Progress
from firth.text.as_trained import corpus_of, tokenizer_of
from firth.text.corpus import Corpus
from firth.text.phrase_model import PhraseModel
from firth.text.spelling import LINE_ENDS, Joiner
from firth.text.subword_pieces import SubwordPieces
from firth.text.tokens import Tokenizer
from firth.text.units import UNITS, UNKNOWN, UnitStream, read_units
from firth.text.vocabulary import Vocabulary


class UnitReader:
    """
    unit: "word", "character" or "subword".  summary: of the model's corpus, from its model.json.
    tokenizer: only for words that were cut by a function, which a model does not hold.
    phrases: those that the text was read with.

    Raises:
        SettingError: the tokenizer must be given, or must not.
        FormatError: the model is damaged.  MissingExtraError: subwords without their package.
    """

    def __init__(
        self,
        unit: str,
        vocabulary: Vocabulary,
        summary: Mapping[str, Any],
        *,
        tokenizer: str | Callable[[str], list[str]] | None = None,
        phrases: PhraseModel | None = None,
    ) -> None:
        if unit not in UNITS:
            raise SettingError(f"unit={unit!r} is not one of {', '.join(UNITS)}.")
        for name in (UNKNOWN, LINE_ENDS[unit]):
            if name not in vocabulary:
                raise FormatError(
                    "the vocabulary of the language model",
                    f"no {name!r}",
                    "the unit that stands for unknown ones, and the one that ends lines",
                    "The model is damaged; train it again.",
                )
        self.unit, self.vocabulary = unit, vocabulary
        self.unknown, self.line_end = vocabulary.id(UNKNOWN), vocabulary.id(LINE_ENDS[unit])
        self._summary, self._phrases = summary, phrases
        self._pieces: SubwordPieces | None = None
        self.tokenizer: Tokenizer | None = None
        if unit == "word":
            self.tokenizer = tokenizer_of(summary, tokenizer)
        elif tokenizer is not None:
            raise SettingError(
                f"A tokenizer cuts words, and this model reads {unit}s; leave the tokenizer out."
            )
        elif unit == "subword":
            self._pieces = SubwordPieces(str(summary.get("subwords")))

    def corpus(
        self, source: Any, *, column: str | int | None = None, encoding: str = "utf-8"
    ) -> Corpus:
        """`source`, whatever a Corpus takes, cut as the model's text was.

        Raises:
            SettingError: it is a Corpus, and is cut otherwise.
            CorpusError: as `Corpus` does.
        """
        return corpus_of(source, self.tokenizer, self._phrases, column=column, encoding=encoding)

    def stream(self, source: Any, progress: Progress = SILENT) -> UnitStream:
        """A whole text, line ends included.

        Raises:
            CorpusError, EncodingError: it cannot be read, holds nothing, or nothing that is known.
        """
        found = read_units(
            self.corpus(source),
            self.unit,
            vocabulary=self.vocabulary,
            pieces=self._pieces or 0,
            progress=progress,
        )
        if found.unknown >= found.units:
            raise CorpusError(
                f"None of the {found.units:,} {self.unit}s of the text is in the vocabulary of the "
                "model; check its language, and how it was cut into words."
            )
        return found

    def cut(self, text: str) -> list[str]:
        """The units of a text as they are written; a line feed in it is a line end, its end is
        none."""
        if self.unit == "character":
            return list(text)
        names: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                names.append(LINE_ENDS[self.unit])
            names += self._cut_line(line)
        return names

    def _cut_line(self, line: str) -> list[str]:
        if self._pieces is not None:
            return self._pieces(line)
        assert self.tokenizer is not None
        tokens = self.tokenizer(line) if line else []
        return tokens if self._phrases is None else self._phrases.apply(tokens)

    def ids(self, names: list[str]) -> np.ndarray:
        """int32[units]: unknown ones as <unk>."""
        found = self.vocabulary.ids(names)
        return np.where(found < 0, self.unknown, found).astype(np.int32)

    def not_known(self, names: list[str]) -> list[str]:
        """Those of `names` that the vocabulary does not have, each once."""
        return [name for name in dict.fromkeys(names) if name not in self.vocabulary]

    def joiner(self, before: str = "") -> Joiner:
        """What turns units into text that goes on after `before`."""
        name = "words" if self.tokenizer is None else self.tokenizer.name
        return Joiner(self.unit, before, name)
