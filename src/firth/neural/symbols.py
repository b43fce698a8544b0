"""Words as rows of symbols: characters or bytes, between marks of where the word begins and ends.

    character   the code points of the text, by their number, then <unk>
    byte        the 256 bytes of UTF-8: no character is ever unknown
    then, in this order: begin and end of a sentence, begin and end of a word, padding

`the` is [begin] t h e [end] padding ...; a row has at most `longest` symbols. A longer word loses
its end, never part of a character. With bytes the 261 numbers are those of the published ELMo
(Peters et al. 2018), which cuts inside characters too: its rows of words of more than 48 bytes
beyond ASCII end up to 3 bytes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.errors import SettingError, VocabularyError, did_you_mean

UNITS = ("character", "byte")
#: "auto" takes bytes up to so many of them per character: then both see words alike
BYTES_PER_CHARACTER = 1.1


@dataclass(frozen=True)
class Spelled:
    """ids int[W, N]: a row a word; N: symbols of the longest.  lengths int64[W]: marks included.

    cut bool[W]: the word lost its end.  unknown int64[W]: its characters that became <unk>.
    characters int64[W]: its characters in the row.
    """

    ids: np.ndarray
    lengths: np.ndarray
    cut: np.ndarray
    unknown: np.ndarray
    characters: np.ndarray

    def summary(self, counts: np.ndarray | Sequence[int] | None = None) -> dict[str, int]:
        """Over words, each taken `counts` times: words cut, characters, those of them unknown."""
        times = np.ones(len(self.ids), np.int64) if counts is None else np.asarray(counts, np.int64)
        figures = {"cut": self.cut, "characters": self.characters, "unknown": self.unknown}
        return {name: int(times @ values.astype(np.int64)) for name, values in figures.items()}


@dataclass(frozen=True)
class Symbols:
    """What stands for what.

    characters: those that have a number, sorted; "" with bytes.  longest: symbols of a word.
    borders: the words that mean that a sentence begins and ends; they are a symbol of their own.
    """

    unit: str = "byte"
    characters: str = ""
    longest: int = 50
    borders: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise SettingError(
                f"unit={self.unit!r} is not one of {', '.join(UNITS)}."
                f"{did_you_mean(self.unit, UNITS)}"
            )
        if self.longest < 6:
            raise SettingError(
                f"longest={self.longest} symbols of a word; wanted at least 6: two marks and a "
                "character of 4 bytes."
            )
        if self.unit == "byte" and self.characters:
            raise SettingError("characters are given with the unit 'byte', which has none.")
        if list(self.characters) != sorted(set(self.characters)):
            raise SettingError("The characters must be sorted, each of them once.")
        if self.borders is not None and len({*self.borders}) != 2:
            raise SettingError(f"borders={self.borders!r}; wanted two different words.")

    @staticmethod
    def learnt(
        words: Sequence[str],
        counts: np.ndarray | Sequence[int] | None = None,
        *,
        unit: str = "auto",
        min_count: int = 1,
        longest: int = 50,
        borders: tuple[str, str] | None = None,
    ) -> Symbols:
        """The symbols of a text's words, each seen `counts` times.

        unit "auto": bytes if the text has nearly one per character (English), else characters,
        so that a filter sees as many of them in any script. min_count: of a character.

        Raises:
            VocabularyError: no word, or no character seen `min_count` times.
        """
        if unit not in ("auto", *UNITS):
            known = ("auto", *UNITS)
            raise SettingError(
                f"unit={unit!r} is not one of {', '.join(known)}.{did_you_mean(unit, known)}"
            )
        times = np.ones(len(words), np.int64) if counts is None else np.asarray(counts, np.int64)
        if len(times) != len(words):
            raise VocabularyError(f"{len(words)} words but {len(times)} counts; give one each.")
        own = [word not in (borders or ()) for word in words]
        points, sizes = _points([word for word, kept in zip(words, own, strict=True) if kept])
        seen, back = np.unique(points, return_inverse=True)
        if not len(seen):
            raise VocabularyError("The words have no characters to learn from; is the text empty?")
        of_point = np.repeat(times[np.array(own, bool)], sizes)
        often = np.bincount(back, of_point, len(seen))
        if unit == "auto":
            mean = float(often @ _widths(seen) / max(often.sum(), 1))
            unit = "byte" if mean <= BYTES_PER_CHARACTER else "character"
        if unit == "byte":
            return Symbols(unit, "", longest, borders)
        kept = seen[often >= min_count]
        if not len(kept):
            raise VocabularyError(
                f"0 of {len(seen)} characters reached min_count={min_count}; the most frequent was "
                f"seen {int(often.max())} times. Lower min_count, or take bytes."
            )
        return Symbols(unit, "".join(map(chr, kept.tolist())), longest, borders)

    @property
    def own(self) -> int:
        """How many symbols stand for characters or bytes, <unk> included."""
        return 256 if self.unit == "byte" else len(self.characters) + 1

    @property
    def sentence(self) -> tuple[int, int]:
        """Begin and end of a sentence."""
        return self.own, self.own + 1

    @property
    def word(self) -> tuple[int, int]:
        """Begin and end of a word."""
        return self.own + 2, self.own + 3

    @property
    def padding(self) -> int:
        """The last symbol."""
        return self.own + 4

    def __len__(self) -> int:
        return self.own + 5

    def spelled(self, words: Sequence[str]) -> Spelled:
        """A row for each word, the empty one too.

        Raises:
            VocabularyError: a string instead of a list of words.
        """
        if isinstance(words, str):
            raise VocabularyError(f"Wanted a list of words; found the string {words[:40]!r}.")
        marks = dict(zip(self.borders or (), self.sentence, strict=False))
        points, sizes = _points(["" if word in marks else word for word in words])
        widths = _widths(points) if self.unit == "byte" else np.ones_like(points)
        # where each character ends, counted from the beginning of its word
        ends = np.cumsum(widths)
        before = np.concatenate([[0], ends])[np.cumsum(sizes) - sizes]
        row = np.repeat(np.arange(len(words)), sizes)
        kept = ends - before[row] <= self.longest - 2
        points, row, widths = points[kept], row[kept], widths[kept]
        characters = np.bincount(row, minlength=len(words))
        lengths = np.bincount(row, widths, len(words)).astype(np.int64)
        numbers, unknown = self._numbers(points)
        strange = np.bincount(row, unknown, len(words)).astype(np.int64)

        row = np.repeat(row, widths)
        column = np.arange(len(row)) - (np.cumsum(lengths) - lengths)[row]
        for i, word in enumerate(words) if marks else ():
            lengths[i] += word in marks
        small = len(self) <= np.iinfo(np.int16).max
        shape = (len(words), int(lengths.max(initial=0)) + 2)
        ids = np.full(shape, self.padding, np.int16 if small else np.int32)
        ids[:, 0] = self.word[0]
        ids[row, column + 1] = numbers
        for i, word in enumerate(words) if marks else ():
            if word in marks:
                ids[i, 1] = marks[word]
        ids[np.arange(len(words)), lengths + 1] = self.word[1]
        return Spelled(ids, lengths + 2, characters < sizes, strange, characters)

    def _numbers(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Symbols of code points (with bytes, several each), and which points are unknown."""
        if self.unit == "byte":
            blob = points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
            numbers = np.frombuffer(blob.encode("utf-8", "surrogatepass"), np.uint8)
            return numbers, np.zeros(len(points), bool)
        if not self.characters:
            return np.zeros(len(points), np.int64), np.ones(len(points), bool)
        known = np.array([ord(character) for character in self.characters])
        place = np.searchsorted(known, points).clip(max=len(known) - 1)
        unknown = known[place] != points
        return np.where(unknown, len(known), place), unknown

    def to_json(self) -> dict[str, Any]:
        """What `of_json` makes the same symbols of."""
        return {
            "unit": self.unit,
            "characters": self.characters,
            "longest": self.longest,
            "borders": None if self.borders is None else list(self.borders),
        }

    @staticmethod
    def of_json(given: Mapping[str, Any]) -> Symbols:
        """
        Raises:
            SettingError: what is given is damaged.
        """
        try:
            borders = given["borders"]
            return Symbols(
                str(given["unit"]),
                str(given["characters"]),
                int(given["longest"]),
                None if borders is None else (str(borders[0]), str(borders[1])),
            )
        except (KeyError, TypeError, IndexError, ValueError) as error:
            if isinstance(error, SettingError):
                raise
            raise SettingError(f"The symbols of the model are damaged ({error!r}).") from None


def _points(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Code points of all words one after another, and how many each has."""
    blob = "".join(words).encode("utf-32-le", "surrogatepass")
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    return np.frombuffer(blob, "<u4").astype(np.int64), sizes


def _widths(points: np.ndarray) -> np.ndarray:
    """Bytes of each code point in UTF-8."""
    return 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)
