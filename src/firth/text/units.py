"""A text as a language model reads it: units one after another, line ends among them.

    word        what the corpus's tokenizer finds, then <eos> at the end of each line
    character   each code point as it is written, then the line feed
    subword     pieces of words (byte-pair encoding, learnt from the text), then <eos>

Nothing is left out: a unit that is too rare, or new, becomes <unk>, the line end stays. `<unk>` and
`<eos>` that the text itself has (Penn Treebank) are these same units. A line without a token is
its line end alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.progress import SILENT, Progress
from firth.text.corpus import Corpus
from firth.text.spelling import AT_BLANKS, LINE_END, LINE_ENDS, needs_no_blank
from firth.text.stream import encode, no_token
from firth.text.subword_pieces import SubwordPieces
from firth.text.tokens import Tokenizer
from firth.text.vocabulary import Vocabulary

UNITS = ("word", "character", "subword")
UNKNOWN = "<unk>"
#: characters that are worked on at once
BATCH = 4_000_000


@dataclass
class UnitStream:
    """ids int32[N]: the text, line ends included.

    line_end: the id of what ends a line.  lines: how many ends there are.
    units: N without the line ends.  unknown: those of them that became <unk> here, or were it.
    characters, bytes: of what the units spell, blanks between words and line ends included; bytes
    as UTF-8. What a loss over the units is divided by to be one over characters or bytes.
    """

    unit: str
    vocabulary: Vocabulary
    ids: np.ndarray
    unknown: int
    characters: int
    bytes: int
    lines: int
    pieces: SubwordPieces | None = None

    @property
    def line_end(self) -> int:
        return self.vocabulary.id(LINE_ENDS[self.unit])

    @property
    def units(self) -> int:
        return len(self.ids) - self.lines

    def summary(self) -> dict[str, Any]:
        """For the summary of the corpus in a model."""
        found: dict[str, Any] = {
            "unit": self.unit,
            "lines": self.lines,
            "tokens": len(self.ids),
            "unknown": self.unknown,
            "characters": self.characters,
            "bytes": self.bytes,
        }
        if self.pieces is not None:
            found["subwords"] = self.pieces.text
        return found


def read_units(
    corpus: Corpus,
    unit: str,
    *,
    vocabulary: Vocabulary | None = None,
    pieces: SubwordPieces | int = 8000,
    min_count: int = 1,
    max_size: int | None = None,
    threads: int = 1,
    progress: Progress = SILENT,
) -> UnitStream:
    """Reads `corpus` as units of one kind ("word", "character", "subword").

    vocabulary: that of a model; else one is made of the text, by falling count, <unk> always in it.
    pieces: how words are cut into subwords, or how many pieces to learn from this text.
    min_count: rarer units become <unk>.  max_size: units at most, <unk> and the line end included.

    Raises:
        CorpusError, EncodingError: the text cannot be read, or holds nothing.
        VocabularyError: only <unk> and line ends are left.
    """
    if unit not in UNITS:
        raise SettingError(f"unit={unit!r} is not one of {', '.join(UNITS)}.")
    learnt: SubwordPieces | None = None
    if unit == "character":
        found = _characters(corpus.lines())
    elif unit == "subword":
        learnt = (
            pieces
            if isinstance(pieces, SubwordPieces)
            else SubwordPieces.learnt(corpus.lines(), pieces, progress)
        )
        found = _subwords(corpus, learnt, threads, progress)
    else:
        found = _words(corpus, threads, progress)
    names, counts, ids, lines, empty = found
    if len(ids) == lines:
        raise no_token(corpus, lines)
    if vocabulary is None:
        vocabulary = _chosen(names, counts, LINE_ENDS[unit], min_count, max_size)
    numbers = _numbers(names, vocabulary)
    ids = numbers[ids]
    characters, size = (int((counts * one).sum()) for one in _spelt(names, unit))
    if unit == "word":
        # an empty line is its line feed
        less = _without_blanks(names, found.ids, str(corpus.summary()["tokenizer"]))
        characters, size = characters + empty - less, size + empty - less
        _warn_of_unknown(corpus, names, progress)
    if learnt is not None:
        characters, size = _measured(corpus.lines())
    unknown = int((ids == vocabulary.id(UNKNOWN)).sum())
    return UnitStream(unit, vocabulary, ids, unknown, characters, size, lines, learnt)


class Found(NamedTuple):
    """ids int32[N]: places in `names`; the line ends are there."""

    names: list[str]
    counts: np.ndarray
    ids: np.ndarray
    lines: int
    #: lines without a token
    empty: int


def _words(corpus: Corpus, threads: int, progress: Progress) -> Found:
    encoded = encode(corpus, min_count=1, threads=threads, every_line=True, progress=progress)
    return _with_line_ends(encoded.vocabulary, encoded.stream.ids, encoded.stream.ends)


def _subwords(corpus: Corpus, pieces: SubwordPieces, threads: int, progress: Progress) -> Found:
    other = copy.copy(corpus)
    other.phrases = None
    other.tokenizer = Tokenizer(pieces)
    return _words(other, threads, progress)


def _with_line_ends(vocabulary: Vocabulary, ids: Any, ends: Any) -> Found:
    names, counts = list(vocabulary), np.asarray(vocabulary.counts)
    if LINE_END in vocabulary:  # the text has it as a word
        number = vocabulary.id(LINE_END)
        counts = counts.copy()
        counts[number] += len(ends)
    else:
        number = len(names)
        names.append(LINE_END)
        counts = np.append(counts, len(ends))
    whole = np.insert(np.asarray(ids), np.asarray(ends), number).astype(np.int32, copy=False)
    empty = int((np.diff(np.asarray(ends), prepend=0) == 0).sum())
    return Found(names, counts, whole, len(ends), empty)


def _characters(given: Iterable[str]) -> Found:
    lines, parts = 0, []
    counts = np.zeros(0x110000, np.int64)
    for number, text in _batches(given):
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = codes.astype(np.int32)
        counts += np.bincount(codes, minlength=len(counts))
        parts.append(codes)
        lines += number
    seen = np.flatnonzero(counts)
    place = np.zeros(len(counts), np.int32)
    place[seen] = np.arange(len(seen))
    ids = place[np.concatenate(parts)] if parts else np.zeros(0, np.int32)
    return Found([chr(code) for code in seen], counts[seen], ids, lines, 0)


def _batches(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """How many lines, and they with their ends: some millions of characters."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size > BATCH:
            yield len(held), "\n".join([*held, ""])
            held, size = [], 0
    if held:
        yield len(held), "\n".join([*held, ""])


def _measured(lines: Iterable[str]) -> tuple[int, int]:
    """Characters and bytes of a text, its line ends included."""
    characters = size = 0
    for line in lines:
        characters += len(line) + 1
        size += len(line.encode("utf-8", "surrogatepass")) + 1
    return characters, size


def _chosen(
    names: list[str], counts: np.ndarray, line_end: str, min_count: int, max_size: int | None
) -> Vocabulary:
    """The units by falling count, ties by name; what is left out counts as <unk>."""
    always = {line_end, UNKNOWN}
    order = sorted(range(len(names)), key=lambda n: (-counts[n], names[n]))
    kept = [n for n in order if counts[n] >= min_count or names[n] in always]
    if max_size is not None:
        room = max_size - sum(name in always for name in (line_end, UNKNOWN))
        free = [n for n in kept if names[n] not in always][: max(room, 0)]
        kept = [n for n in kept if names[n] in always] + free
    if not any(names[n] not in always for n in kept):
        raise VocabularyError(
            f"None of the {len(names):,} different units of the text is left besides <unk>; lower "
            f"--min-count (min_count={min_count}) or raise --max-size."
        )
    found = {names[n]: int(counts[n]) for n in kept}
    found[UNKNOWN] = found.get(UNKNOWN, 0) + int(counts.sum()) - sum(found.values())
    chosen = sorted(found, key=lambda name: (-found[name], name))
    return Vocabulary(
        chosen, [found[name] for name in chosen], types=len(names), tokens=int(counts.sum())
    )


def _numbers(names: list[str], vocabulary: Vocabulary) -> np.ndarray:
    """The id of each name in the vocabulary, that of <unk> where it has none: int32[names]."""
    unknown = vocabulary.id(UNKNOWN)
    place = {name: number for number, name in enumerate(vocabulary)}
    return np.array([place.get(name, unknown) for name in names], np.int32)


def _without_blanks(names: list[str], ids: np.ndarray, tokenizer: str) -> int:
    """How many words follow another with no blank between (`spelling.Joiner`)."""
    if tokenizer in AT_BLANKS:
        return 0
    at_end, at_start = (
        np.array([name != LINE_END and needs_no_blank(name[place]) for name in names], bool)
        for place in (-1, 0)
    )
    return int(np.count_nonzero(at_end[ids[:-1]] & at_start[ids[1:]])) if at_end.any() else 0


def _warn_of_unknown(corpus: Corpus, names: list[str], progress: Progress) -> None:
    """A tokenizer that takes <unk> apart spoils a text such as Penn Treebank without a word."""
    given = corpus.summary()["tokenizer"]
    if given == "words" and "unk" in names and UNKNOWN not in names:
        progress.say(
            "The text has the word 'unk'; if it is written <unk>, give --tokenizer whitespace, "
            "which leaves it whole."
        )


def _spelt(names: list[str], unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Characters and bytes of each unit in the text, with the blank or line end after a word."""
    if unit == "character":
        sizes = [len(name.encode("utf-8", "surrogatepass")) for name in names]
        return np.ones(len(names), np.int64), np.array(sizes, np.int64)
    lengths = [(0, 0) if n == LINE_END else (len(n) + 1, len(n.encode()) + 1) for n in names]
    return np.array([a for a, _ in lengths], np.int64), np.array([b for _, b in lengths], np.int64)
