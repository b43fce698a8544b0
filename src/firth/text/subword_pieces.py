"""Subwords learnt from a text: byte-pair encoding, by the package `tokenizers`.

    merge the most frequent pair of neighbouring pieces, again and again     Sennrich et al. 2016

A blank is the piece "▁" or begins one ("▁the"), so that pieces joined are the text again. Every
character of the text it was learnt from is a piece, if there is room; others are <unk>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from firth.errors import MissingExtraError, SettingError
from firth.progress import SILENT, Progress

UNKNOWN = "<unk>"
BLANK = "▁"


def _package() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError("Subwords", "tokenizers", "tokenizers") from None
    return tokenizers


class SubwordPieces:
    """text: what `tokenizers` keeps a tokenizer as, JSON.

    Raises:
        MissingExtraError: the package is not installed.  SettingError: `text` is damaged.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._made = _package().Tokenizer.from_str(text)
        except MissingExtraError:
            raise
        except Exception as error:  # noqa: BLE001  # the package raises Exception itself
            raise SettingError(f"The subwords of the model are damaged ({error}).") from None

    @staticmethod
    def learnt(lines: Iterable[str], pieces: int, progress: Progress = SILENT) -> SubwordPieces:
        """pieces: how many, at most; a short text has fewer."""
        package = _package()
        made = package.Tokenizer(package.models.BPE(unk_token=UNKNOWN))
        made.pre_tokenizer = package.pre_tokenizers.Metaspace(BLANK, prepend_scheme="always")
        made.decoder = package.decoders.Metaspace(BLANK, prepend_scheme="always")
        trainer = package.trainers.BpeTrainer(
            vocab_size=pieces, special_tokens=[UNKNOWN], show_progress=False
        )
        progress.say(f"Learning {pieces:,} subwords from the text.")
        made.train_from_iterator(_some(lines), trainer)
        return SubwordPieces(made.to_str())

    def __call__(self, line: str) -> list[str]:
        """The pieces of one line."""
        return list(self._made.encode(line, add_special_tokens=False).tokens)

    def join(self, pieces: Sequence[str]) -> str:
        """The text of a line that was cut into these pieces."""
        return "".join(pieces).replace(BLANK, " ").removeprefix(" ")


def _some(lines: Iterable[str], size: int = 1000) -> Iterator[list[str]]:
    """The lines, some at a time: fewer calls from one language into the other."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
