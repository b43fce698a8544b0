"""`Contextual`: the vectors of words in their sentences, from a biLM that no longer learns.

    h^0_t = [x_t; x_t]           the token representation, the same in any sentence
    h^j_t = [f^j_t; b^j_t]       j = 1 .. L: layer j, left to right and right to left
                                                                    Peters et al. 2018, 3.2
J = L + 1 representations of each word, of equal width.  Each sentence begins with a fresh state,
so that its vectors depend on nothing else.  (The published program carries the state on: there
the same sentence twice has two vectors.)  So does each piece of a line of more than `LONGEST`
words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch

from firth.errors import SettingError
from firth.files import must_not_exist
from firth.neural.bilm import bilm_of, symbols_of
from firth.neural.characters import tensors
from firth.neural.device import device_of, threads_of, with_threads
from firth.neural.layer_store import (
    LayerStore,
    bytes_of,
    must_be_storable,
    must_fit,
    store_written,
)
from firth.neural.sentences import LONGEST, SentenceBatches, in_pieces, padded
from firth.progress import SILENT, Progress
from firth.text.as_trained import corpus_of, tokenizer_of
from firth.text.corpus import Corpus
from firth.text.tokens import Tokenizer
from firth.vectors.fitted import Fitted

#: words of sentences that are sorted by length together, and places of a batch of them
CHUNK, PLACES = 16_384, 2048

#: "all", "top" (the last), "average" (of all), or numbers from 0
Layers: TypeAlias = str | int | Sequence[int]


@dataclass(frozen=True)
class ChosenLayers:
    """numbers: of the representations kept.  average: their mean is kept instead."""

    numbers: tuple[int, ...]
    average: bool = False

    @property
    def count(self) -> int:
        """J of what is kept."""
        return 1 if self.average else len(self.numbers)

    def of(self, words: np.ndarray) -> np.ndarray:
        """[N, J, width] -> [N, count, width]."""
        if self.average:
            return words.mean(axis=1, keepdims=True)
        if self.numbers == tuple(range(words.shape[1])):
            return words
        return words[:, list(self.numbers)]


def chosen_layers(layers: Layers, count: int) -> ChosenLayers:
    """What `layers` means for a model of `count` representations; "0,2" is (0, 2).

    Raises:
        SettingError: it means nothing.
    """
    every = tuple(range(count))
    if layers in ("all", "average"):
        return ChosenLayers(every, layers == "average")
    if layers == "top":
        return ChosenLayers(every[-1:])
    try:
        given = layers.split(",") if isinstance(layers, str) else layers
        numbers = tuple(int(one) for one in ([given] if isinstance(given, int) else given))
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not set(numbers) <= set(every) or len(set(numbers)) < len(numbers):
        raise SettingError(
            f"layers={layers!r}; wanted all, top, average, or different numbers from 0 (the "
            f"spelling alone) to {count - 1} (the top), as in 0,{count - 1}."
        )
    return ChosenLayers(numbers)


class Contextual:
    """
    fitted: a model of the kind elmo.  threads: 0 for the cores that idle.
    tokenizer: only for a model whose words were cut by a function, which a model does not hold.

    layers: J.  width: of each representation.

    Raises:
        FormatError: it is another kind of model, or damaged.
        SettingError: no such device; the tokenizer must be given.
    """

    def __init__(
        self,
        fitted: Fitted,
        device: str = "auto",
        threads: int = 0,
        *,
        tokenizer: str | Callable[[str], list[str]] | None = None,
    ) -> None:
        self.device = device_of(device)
        self.net = bilm_of(fitted, self.device)
        self.symbols = symbols_of(fitted)
        self.layers, self.width = self.net.layers + 1, self.net.width
        self._summary, self._phrases = fitted.corpus, fitted.phrases
        self._given = tokenizer
        self._threads = threads_of(threads)

    def cut(self, line: str) -> list[str]:
        """The words of a line, cut as the model's text was.

        Raises:
            SettingError: it was cut by a function, and none is given.
        """
        tokens = self.tokenizer(line)
        return tokens if self._phrases is None else self._phrases.apply(tokens)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """What cuts lines; as in `cut`.  Lists of words need none."""
        return tokenizer_of(self._summary, self._given)

    def corpus(
        self, source: Any, *, column: str | int | None = None, encoding: str = "utf-8"
    ) -> Corpus:
        """`source`, whatever a Corpus takes, cut as the model's text was.

        Raises:
            CorpusError, SettingError: as `Corpus` and `cut` do.
        """
        return corpus_of(source, self.tokenizer, self._phrases, column=column, encoding=encoding)

    def of(self, sentences: Iterable[str | Sequence[str]]) -> list[np.ndarray]:
        """float32[J, n_i, width] of each sentence: a list of its words, or a line that is cut."""
        found: list[np.ndarray] = []
        lines = (Piece(n, 0, line) for n, line in enumerate(self._lists(sentences)))
        for some in chunks(lines):
            words = self.words_of([line.words for line in some])
            ends = np.cumsum([len(line.words) for line in some])[:-1]
            found += [part.transpose(1, 0, 2) for part in np.split(words, ends)]
        return found

    def words_of(self, lines: Sequence[Sequence[str]]) -> np.ndarray:
        """float32[N, J, width] of the N words of all lines, one line after another."""
        lengths = np.array([len(line) for line in lines], np.int64)
        starts = np.cumsum(lengths) - lengths
        number: dict[str, int] = {}
        tokens = np.fromiter(
            (number.setdefault(word, len(number)) for line in lines for word in line),
            np.int64,
            int(lengths.sum()),
        )
        starts, lengths = in_pieces(starts, lengths, LONGEST)
        found = np.empty((len(tokens), self.layers, self.width), np.float32)
        spelled, sizes = tensors(self.symbols.spelled(list(number)), self.device)
        with torch.inference_mode(), with_threads(self._threads):
            for some in SentenceBatches(lengths, PLACES).in_order():
                rows, counts = padded(tokens, starts[some], lengths[some])
                h = self.net.representations(
                    spelled, sizes, rows.to(self.device), counts.to(self.device)
                )
                inside = (rows >= 0).numpy()
                row, place = np.nonzero(inside)
                places = starts[some][row] + place
                for j, layer in enumerate(h):
                    found[places, j] = layer.float().cpu().numpy()[inside]
        return found

    def store(
        self,
        sentences: Iterable[str | Sequence[str]],
        path: str | Path,
        *,
        layers: Layers = "all",
        dtype: str = "float16",
        overwrite: bool = True,
        progress: Progress = SILENT,
    ) -> LayerStore:
        """The representations of all sentences in `path` (.npy) and its offsets.

        sentences: gone through twice, to know the size first; an iterator once.

        Raises:
            SettingError: no such layers, type or ending.
            ModelExistsError: it is there.
            StorageError: the disk is too small, which is said before if it is known, or full;
                nothing is left behind.
        """
        kept = chosen_layers(layers, self.layers)
        must_be_storable(path, dtype)
        must_not_exist(Path(path), overwrite)
        total = None
        if not isinstance(sentences, Iterator):
            total = sum(len(line) for line in self._lists(sentences))
            size = bytes_of(total, kept.count, self.width, dtype)
            must_fit(path, size)
            progress.say(f"{total:,} words, {size / 1e6:,.1f} MB")
        progress.start("embedding", total, "words")
        with store_written(
            path, kept.count, self.width, dtype=dtype, overwrite=overwrite
        ) as writer:
            for some in chunks(pieces_of(self._lists(sentences))):
                lengths = np.zeros(some[-1].line - some[0].line + 1, np.int64)
                for piece in some:
                    lengths[piece.line - some[0].line] += len(piece.words)
                words = kept.of(self.words_of([piece.words for piece in some]))
                writer.add(words, lengths, goes_on=some[0].start > 0)
                progress.advance(writer.words)
        progress.finish()
        return LayerStore.open(path)

    def _lists(self, sentences: Iterable[str | Sequence[str]]) -> Iterator[Sequence[str]]:
        if isinstance(sentences, str):
            raise SettingError("Wanted a list of sentences; for one of them, [sentence].")
        for one in sentences:
            yield self.cut(one) if isinstance(one, str) else one


class Piece(NamedTuple):
    """A line, or a part of one.  line: its number, from 0.  start: words of the line before."""

    line: int
    start: int
    words: Sequence[str]


def pieces_of(lines: Iterable[Sequence[str]]) -> Iterator[Piece]:
    """The lines, those of more than `LONGEST` words cut."""
    for number, line in enumerate(lines):
        if len(line) <= LONGEST:
            yield Piece(number, 0, line)
            continue
        starts, _ = in_pieces(np.array([0]), np.array([len(line)]), LONGEST)
        for start, stop in pairwise([*starts.tolist(), len(line)]):
            yield Piece(number, start, line[start:stop])


def chunks(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces of `CHUNK` words or a little more together."""
    held: list[Piece] = []
    words = 0
    for piece in pieces:
        held.append(piece)
        words += len(piece.words)
        # empty lines are many in some texts
        if words >= CHUNK or len(held) >= CHUNK:
            yield held
            held, words = [], 0
    if held:
        yield held
