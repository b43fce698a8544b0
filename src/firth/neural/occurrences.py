"""Where in a text a word means what it means here: its occurrences by nearness in context.

    sim(a, b) = h_a . h_b / (|h_a| |h_b|)       h: a representation of the word in its sentence

A word vector is one for all senses; h is made anew in each sentence, so that "ate the *apple*" and
"*apple* shares fell" lie apart (Peters et al. 2018, 5.3: a nearest neighbour finds the sense).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.neural.contextual import Contextual, Layers, Piece, chosen_layers, chunks, pieces_of
from firth.neural.sentences import LONGEST
from firth.progress import SILENT, Progress

#: what stands around the word that is meant
MARK = "*"


class Marked(NamedTuple):
    """A sentence, and the place of the word in it that is meant."""

    words: list[str]
    place: int

    @property
    def word(self) -> str:
        return self.words[self.place]


@dataclass(frozen=True)
class Occurrence:
    """similarity: to the word asked for.  line: number in the text, from 1.

    place: of the word among `words`, from 0.
    start: words of the line before `words`, if it is so long that it is read in pieces.
    """

    similarity: float
    line: int
    place: int
    words: tuple[str, ...]
    start: int = 0

    @property
    def word(self) -> str:
        return self.words[self.place]

    def shown(self, around: int | None = None) -> str:
        """The sentence with the word marked; `around`: so many words on either side."""
        return shown(self.words, self.place, around)

    def to_json(self) -> dict[str, Any]:
        return {
            "similarity": self.similarity,
            "line": self.line,
            "place": self.start + self.place,
            "word": self.word,
            "sentence": self.shown(),
        }


@dataclass(frozen=True)
class Found:
    """occurrences: the nearest first.  seen: how many there were.  lines: of the text, read.

    cut: those of the lines that are read in pieces.
    """

    asked: Marked
    occurrences: list[Occurrence]
    seen: int
    lines: int
    cut: int = 0


def shown(words: Sequence[str], place: int, around: int | None = None) -> str:
    """he finally ate the *apple*"""
    marked = [*words[:place], f"{MARK}{words[place]}{MARK}", *words[place + 1 :]]
    if around is None:
        return " ".join(marked)
    first, last = max(0, place - around), place + around + 1
    before, after = "… " * (first > 0), " …" * (last < len(marked))
    return before + " ".join(marked[first:last]) + after


def marked_in(text: str, cut: Any) -> Marked:
    """The sentence of a text in which one word stands between asterisks.

    cut: from a line to its words.

    Raises:
        SettingError: no word is marked, or several.
    """
    parts = text.split(MARK)
    if len(parts) != 3 or not parts[1].strip():
        some = any(part.strip() for part in parts[1:-1:2])
        raise SettingError(
            f"{text!r} marks {'more than one word' if some else 'no word'}; put one "
            f'between asterisks, as in "he finally ate the {MARK}apple{MARK}".'
        )
    before, word, after = (cut(part) for part in parts)
    if len(word) != 1:
        found = " ".join(map(repr, word)) or "none"
        raise SettingError(
            f"{parts[1]!r} is {len(word)} words to this model ({found}); mark one of them."
        )
    return Marked([*before, *word, *after], len(before))


def occurrences(
    model: Contextual,
    asked: str | Marked,
    lines: Iterable[str | Sequence[str]],
    *,
    n: int = 10,
    layer: Layers = "top",
    any_word: bool = False,
    limit: int | None = None,
    progress: Progress = SILENT,
) -> Found:
    """The `n` occurrences in `lines` nearest to the word that is marked in `asked`.

    layer: "top", "average", or the number of one.  any_word: occurrences of all words, not only
    of the same.  limit: look at the first so many sentences that hold the word.
    Each sentence counts once, and the one that was asked with does not; a line of more than
    `LONGEST` words is several.

    Raises:
        SettingError: n, limit or layer out of range; asked marks no word.
        VocabularyError: the word does not occur.
    """
    for name, value in (("n", n), ("limit", limit)):
        if value is not None and value < 1:
            raise SettingError(f"{name}={value} is out of range; wanted at least 1.")
    kept = chosen_layers(layer, model.layers)
    if kept.count != 1:
        raise SettingError(
            f"layer={layer!r}; wanted one of them, by its number, or top or average."
        )
    asked = marked_in(asked, model.cut) if isinstance(asked, str) else asked
    query = _unit(kept.of(model.words_of([asked.words]))[asked.place : asked.place + 1, 0])[0]
    sentences = _Sentences(model, lines, asked, any_word, limit)
    best: list[Occurrence] = []
    seen = done = 0
    progress.start("looking", None, "words")
    for some in chunks(sentences):
        words = [piece.words for piece in some]
        wanted = np.array([sentences.wanted(word) for line in words for word in line], bool)
        near = _unit(kept.of(model.words_of(words))[:, 0]) @ query
        seen += int(wanted.sum())
        # the earlier of equals comes first
        for place in np.argsort(np.where(wanted, -near, np.inf), kind="stable")[:n].tolist():
            if wanted[place]:
                best.append(_occurrence(float(near[place]), place, some))
        best = sorted(best, key=lambda one: -one.similarity)[:n]
        done += len(near)
        progress.advance(done)
    progress.finish()
    if not seen:
        raise VocabularyError(
            f"{asked.word!r} does not occur in the {sentences.read:,} lines of the text (but for "
            "the sentence given); look for another word, or near any word (--any-word)."
        )
    return Found(asked, best, seen, sentences.read, sentences.cut)


class _Sentences:
    """The lines of a text in which to look, each sentence once, without the one asked with."""

    def __init__(
        self,
        model: Contextual,
        lines: Iterable[str | Sequence[str]],
        asked: Marked,
        any_word: bool,
        limit: int | None,
    ) -> None:
        self._model, self._lines, self._limit = model, lines, limit
        self._word = None if any_word else asked.word.casefold()
        self._known = {hash(tuple(asked.words))}
        #: lines of the text gone through so far, and those of them that were cut
        self.read = self.cut = 0

    def wanted(self, word: str) -> bool:
        return self._word is None or word.casefold() == self._word

    def _words(self) -> Iterator[Sequence[str]]:
        """Those of each line."""
        for line in self._lines:
            words = self._model.cut(line) if isinstance(line, str) else list(line)
            self.read += 1
            self.cut += len(words) > LONGEST
            yield words

    def __iter__(self) -> Iterator[Piece]:
        kept = 0
        for piece in pieces_of(self._words()):
            if not any(map(self.wanted, piece.words)):
                continue
            # a number for each: the sentences themselves would fill the memory
            key = hash(tuple(piece.words))
            if key in self._known:
                continue
            self._known.add(key)
            yield piece
            kept += 1
            if kept == self._limit:
                break


def _occurrence(similarity: float, place: int, pieces: list[Piece]) -> Occurrence:
    """The word at `place` of all words of the pieces, one after another."""
    for line, start, words in pieces:
        if place < len(words):
            return Occurrence(similarity, line + 1, place, tuple(words), start)
        place -= len(words)
    raise AssertionError("a place behind the last line")


def _unit(h: np.ndarray) -> np.ndarray:
    """[N, width] in float32, each of length 1; 0 stays 0."""
    norms = np.linalg.norm(h, axis=1, keepdims=True)
    return h / np.where(norms > 0, norms, 1)
