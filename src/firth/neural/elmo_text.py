"""A text as the two directions of a biLM read it.

    line        w_1 ... w_n
    kept        <s> w_1 ... w_n </s>                     s_0 ... s_{n+1}
    forward     reads s_0 ... s_n,       predicts s_1 ... s_{n+1}
    backward    reads s_{n+1} ... s_1,   predicts s_n ... s_0

So a line has n + 1 predictions in either direction. A line longer than `longest_line` is cut
between two of them: a piece reads the word before it where a line reads <s>, and each prediction
is made once. Lines without words take no part.

Every distinct word of the text has a row of symbols, also those that the softmax does not have:
these are predicted as <unk>, but read as they are spelt. `<s>`, `</s>` and `<unk>` that the text
itself has are these same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from firth.errors import CorpusError, VocabularyError
from firth.neural.bilm import BORDERS
from firth.neural.elmo_settings import ELMo
from firth.neural.sentences import SentenceBatches, in_pieces, padded
from firth.neural.streams import share
from firth.neural.symbols import Spelled, Symbols
from firth.neural.two_ways import TwoWays
from firth.progress import SILENT, Progress
from firth.text.corpus import Corpus
from firth.text.stream import encode
from firth.text.units import UNKNOWN
from firth.text.vocabulary import Vocabulary


@dataclass
class ElmoText:
    """ids int32[N]: rows of `spelled`, all lines one after another, each with its two borders.

    starts, gaps int64[P]: where a piece begins in ids, and how many predictions it has; it takes
    gaps + 1 places.
    numbers int64[rows]: which word of the vocabulary each row is, or <unk>.
    counts int64[rows]: how often the text has it.
    cut: lines that are more than one piece.
    """

    ids: np.ndarray
    starts: np.ndarray
    gaps: np.ndarray
    spelled: Spelled
    numbers: np.ndarray
    counts: np.ndarray
    vocabulary: Vocabulary
    symbols: Symbols
    lines: int
    cut: int

    @property
    def words(self) -> int:
        """Of the text, without borders."""
        return len(self.ids) - 2 * self.lines

    @property
    def predictions(self) -> int:
        """Of one direction: words and a border for each line."""
        return int(self.gaps.sum())

    @property
    def unknown(self) -> int:
        """Words of the text that are predicted as <unk>."""
        return int(self.counts[self.numbers == self.vocabulary.id(UNKNOWN)].sum())

    def summary(self) -> dict[str, Any]:
        """For the summary of the corpus in a model."""
        spelt = self.spelled.summary(self.counts)
        return {
            "unit": "word",
            "lines": self.lines,
            "tokens": self.words,
            "types": int((self.counts > 0).sum()),
            "unknown": self.unknown,
            "characters": spelt["characters"],
            "spelt_with": f"{self.symbols.unit}s",
            "symbols_known": self.symbols.own,
            "characters_unknown": spelt["unknown"],
            "words_cut": spelt["cut"],
            "symbols": self.symbols.to_json(),
        }

    def batches(self, batch_tokens: int, seed: int) -> SentenceBatches:
        """The pieces by length."""
        return SentenceBatches(self.gaps, batch_tokens, seed)

    def batch(self, pieces: np.ndarray) -> TwoWays:
        """Pieces int64[B], side by side."""
        gaps = self.gaps[pieces]
        forward = padded(self.ids, self.starts[pieces], gaps + 1)[0].numpy()
        place = np.arange(forward.shape[1])
        mirror = np.where(place <= gaps[:, None], gaps[:, None] - place, place)
        ways = np.stack([forward, np.take_along_axis(forward, mirror, 1)])
        return self.two_ways(ways[:, :, :-1], ways[:, :, 1:])

    def two_ways(self, read: np.ndarray, predicted: np.ndarray) -> TwoWays:
        """Rows that both directions read and predict, each in its order: int[2, B, T]; below 0
        where there is nothing."""
        # what is read where nothing is predicted changes no answer
        used, places = np.unique(np.maximum(read, 0), return_inverse=True)
        targets = np.where(predicted < 0, -1, self.numbers[predicted])
        lengths = self.spelled.lengths[used]
        ids = self.spelled.ids[used, : int(lengths.max(initial=0))]
        return TwoWays(
            torch.from_numpy(ids),
            torch.from_numpy(lengths),
            torch.from_numpy(places.reshape(read.shape)),
            torch.from_numpy(targets),
            int((predicted[0] >= 0).sum()),
        )


class ElmoColumns:
    """The text as one stream in columns, for a state that is carried from line to line.

    Forward the stream is the lines as they are; backward each line is turned round, but they follow
    one another in the same order, as in bilm-tf: what is carried comes from the line before in both
    directions.
    """

    def __init__(self, text: ElmoText, batch_tokens: int, bptt: int) -> None:
        self.text, self.bptt = text, bptt
        total = text.predictions
        columns = max(1, min(batch_tokens // bptt, total))
        height = -(-total // columns)
        inside = np.arange(total) - np.repeat(np.cumsum(text.gaps) - text.gaps, text.gaps)
        start, gaps = np.repeat(text.starts, text.gaps), np.repeat(text.gaps, text.gaps)
        # what is read and what is predicted, by direction
        rows = np.full((2, 2, columns * height), -1, np.int32)
        for way, (place, step) in enumerate(((start + inside, 1), (start + gaps - inside, -1))):
            rows[0, way, :total] = text.ids[place]
            rows[1, way, :total] = text.ids[place + step]
        self._rows: np.ndarray = rows.reshape(2, 2, columns, height)

    def part(self, rank: int, world: int) -> ElmoColumns:
        """The columns that fall to one of several processes.

        Raises:
            SettingError: there are fewer columns than processes.
        """
        remedy = "raise --batch-tokens or lower --bptt"
        own = share(self._rows.shape[2], rank, world, remedy)
        found = object.__new__(ElmoColumns)
        found.text, found.bptt = self.text, self.bptt
        found._rows = self._rows[:, :, own]
        return found

    def __len__(self) -> int:
        """Batches of a pass."""
        return -(-self._rows.shape[3] // self.bptt)

    def batches(self, skip: int = 0) -> Iterator[TwoWays]:
        """From top to bottom; `skip` of them are passed over."""
        for number in range(skip, len(self)):
            place = slice(number * self.bptt, (number + 1) * self.bptt)
            yield self.text.two_ways(*self._rows[..., place])


def read_text(
    corpus: Corpus,
    settings: ELMo,
    *,
    known: tuple[Vocabulary, Symbols] | None = None,
    longest_line: int | None = None,
    progress: Progress = SILENT,
) -> ElmoText:
    """Reads a text as both directions of a biLM do.

    known: the vocabulary and symbols of a model; else they are made of this text.
    longest_line: predictions of a piece at most.

    Raises:
        CorpusError, EncodingError: the text cannot be read, or holds nothing.
        VocabularyError: no word but <unk> is left, or no character.
    """
    encoded = encode(corpus, min_count=1, progress=progress)
    names, counts = list(encoded.vocabulary), np.asarray(encoded.vocabulary.counts, np.int64)
    ends = np.asarray(encoded.stream.ends)
    places = []
    for border in BORDERS:
        if border not in encoded.vocabulary:
            names.append(border)
            counts = np.append(counts, 0)
        places.append(names.index(border))
    edges = np.column_stack([np.append(0, ends[:-1]), ends]).ravel()
    ids = np.insert(np.asarray(encoded.stream.ids), edges, np.tile(places, len(ends)))
    vocabulary, symbols = known or (
        _chosen(names, counts, len(ends), settings),
        _symbols(names, counts, settings),
    )
    number = {name: place for place, name in enumerate(vocabulary)}
    unknown = number[UNKNOWN]
    numbers = np.array([number.get(name, unknown) for name in names], np.int64)
    words = np.diff(ends, prepend=0)
    whole = ends - words + 2 * np.arange(len(ends)), words + 1
    starts, gaps = in_pieces(*whole, longest_line)
    cut = 0 if longest_line is None else np.count_nonzero(whole[1] > longest_line)
    return ElmoText(
        ids.astype(np.int32, copy=False), starts, gaps, symbols.spelled(names), numbers, counts,
        vocabulary, symbols, len(ends), int(cut),
    )  # fmt: skip


def _chosen(names: list[str], counts: np.ndarray, lines: int, settings: ELMo) -> Vocabulary:
    """The words of the softmax by falling count, ties by name; the others count as <unk>."""
    found = dict.fromkeys((*BORDERS, UNKNOWN), lines)
    total = int(counts.sum())
    room = settings.sizes.max_size - len(found)
    frequent = np.flatnonzero(counts >= settings.min_count)  # the text's are by falling count
    kept = {names[n]: int(counts[n]) for n in frequent if names[n] not in found}
    kept = dict(list(kept.items())[:room])
    if not kept:
        raise VocabularyError(
            f"None of the {np.count_nonzero(counts):,} different words of the text is left "
            f"besides <unk>; lower --min-count (min_count={settings.min_count}) or raise "
            "--max-size."
        )
    found |= kept
    found[UNKNOWN] = total - sum(kept.values())
    order = sorted(found, key=lambda name: (-found[name], name))
    return Vocabulary(order, [found[name] for name in order], types=len(names), tokens=total)


def _symbols(names: list[str], counts: np.ndarray, settings: ELMo) -> Symbols:
    try:
        return Symbols.learnt(
            names,
            counts,
            unit=settings.characters,
            min_count=settings.character_min_count,
            longest=settings.longest,
            borders=BORDERS,
        )
    except VocabularyError as error:
        text = str(error).replace("min_count", "character_min_count")
        raise VocabularyError(text) from None


def must_be_known(text: ElmoText) -> None:
    """
    Raises:
        CorpusError: the text, held out or to be scored, holds unknown words only.
    """
    if text.unknown >= text.words:
        raise CorpusError(
            f"None of the {text.words:,} words of the text to be predicted is in the vocabulary; "
            "check its language and the tokenizer."
        )
