"""`Vocabulary`: which word has which integer, and how often it was seen.

    vocabulary.tsv      one line a name, in the order of the integers: escaped name TAB count
                        (without a count where none is known); UTF-8, lines end in \\n
    escapes             \\\\ backslash   \\t tab   \\n line feed   \\r carriage return

Opening reads the bytes and finds the lines, no more: names become strings when asked for, a
single word is searched for in the bytes, and a dictionary is built once look-ups are many.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from firth.errors import FormatError, UnknownWordError, VocabularyError, did_you_mean
from firth.files import whole_file
from firth.text import similar

#: so many words are searched for one by one before a dictionary is built
SEARCHES = 12

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TABLE = str.maketrans(_ESCAPES)


class Vocabulary:
    """Names and int64 counts; the place of a name is its integer.

    names: in the order of their integers; the order is kept.  counts: int64[V], or None.
    types, tokens: how many there were in the text before any was left out, if known.

    Raises:
        VocabularyError: not as many counts as names; a string instead of a list of names.
    """

    def __init__(
        self,
        names: Iterable[str],
        counts: Sequence[int] | np.ndarray | None = None,
        types: int | None = None,
        tokens: int | None = None,
    ) -> None:
        if isinstance(names, str):
            raise VocabularyError(
                f"A vocabulary needs a list of names; found the string {names[:40]!r}. "
                "Give [name, name, ...]."
            )
        self._names: list[str] | None = list(names)
        self._lines: _Lines | None = None
        self._size = len(self._names)
        self._ids: dict[str, int] | None = None
        self._searches = 0
        self._counts = None if counts is None else np.array(counts, np.int64)
        if self._counts is not None and self._counts.shape != (self._size,):
            raise VocabularyError(
                f"{self._size} names but counts of shape {list(self._counts.shape)}; "
                "give one count for each name, or none."
            )
        self.types, self.tokens = types, tokens

    @staticmethod
    def from_bytes(
        blob: bytes | bytearray | memoryview | np.ndarray,
        offsets: np.ndarray,
        counts: Sequence[int] | np.ndarray | None = None,
        types: int | None = None,
        tokens: int | None = None,
    ) -> Vocabulary:
        """Names as UTF-8, one after another: name i is blob[offsets[i]:offsets[i + 1]].

        offsets: int64[V + 1]. The names become strings when they are first asked for.
        """
        edges = offsets[:-1], offsets[1:]
        return Vocabulary._of_edges(bytes(blob), edges, counts, types, tokens)

    @staticmethod
    def from_lines(
        blob: bytes | np.ndarray,
        starts: np.ndarray,
        counts: Sequence[int] | np.ndarray | None = None,
        types: int | None = None,
        tokens: int | None = None,
    ) -> Vocabulary:
        """As `from_bytes`, with one byte (a line feed) after each name."""
        edges = starts[:-1], starts[1:] - 1
        return Vocabulary._of_edges(bytes(blob), edges, counts, types, tokens)

    @staticmethod
    def _of_edges(
        blob: bytes,
        edges: tuple[np.ndarray, np.ndarray],
        counts: Sequence[int] | np.ndarray | None,
        types: int | None,
        tokens: int | None,
    ) -> Vocabulary:
        vocabulary = Vocabulary([], types=types, tokens=tokens)
        vocabulary._size = len(edges[0])
        vocabulary._names = None
        vocabulary._lines = _Lines(blob, edges, lines=vocabulary._size)
        vocabulary._counts = None if counts is None else np.asarray(counts, np.int64)
        return vocabulary

    @staticmethod
    def load(path: str | Path) -> Vocabulary:
        """Opens what `save` wrote.

        Raises:
            FormatError: not such a file, or a truncated one.
        """
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            raise FormatError(path, str(error.strerror), "a vocabulary file") from None
        lines = _Lines.of_file(path, text)
        vocabulary = Vocabulary([])
        vocabulary._names, vocabulary._lines, vocabulary._size = None, lines, len(lines)
        return vocabulary

    def save(self, path: str | Path) -> None:
        """Writes the names and counts, whole or not at all.

        Raises:
            StorageError: the disk is full, or the place cannot be written.
        """
        with whole_file(path) as temporary:
            temporary.write_bytes(self._as_file())

    def _as_file(self) -> bytes:
        if self._lines is not None and self._lines.path is not None:
            return self._lines.text
        names = self.names
        joined = "".join(names)
        if any(character in joined for character in _ESCAPES):
            names = [name.translate(_TABLE) for name in names]
        if self.counts is not None:
            names = [f"{n}\t{c}" for n, c in zip(names, self.counts.tolist(), strict=True)]
        return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogatepass")

    @property
    def names(self) -> list[str]:
        """All names as strings, in order."""
        if self._names is None:
            assert self._lines is not None
            self._names = self._lines.decode_all()
        return self._names

    def encoded(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(uint8[], starts int64[V], stops int64[V]): name i is the UTF-8 [starts[i]:stops[i]]."""
        if self._lines is not None and not self._lines.escaped:
            return self._lines.array, self._lines.starts, self._lines.stops
        raw = [name.encode("utf-8", "surrogatepass") for name in self.names]
        stops = np.cumsum([len(name) for name in raw], dtype=np.int64)
        blob = np.frombuffer(b"".join(raw), np.uint8)
        return blob, np.append(0, stops[:-1])[: len(raw)], stops

    @property
    def counts(self) -> np.ndarray | None:
        """int64[V]: how often each was seen; None if not known."""
        if self._counts is None and self._lines is not None and self._lines.counted:
            self._counts = self._lines.parse_counts()
        return self._counts

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, i: int) -> str:
        if not -self._size <= i < self._size:
            raise IndexError(f"name {i} of a vocabulary of {self._size}")
        if self._names is not None:
            return self._names[i]
        assert self._lines is not None
        return self._lines.decode(int(i) % self._size)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.get(word) >= 0

    def __repr__(self) -> str:
        return f"Vocabulary({self._size:,} names)"

    def get(self, word: str, default: int = -1) -> int:
        """The integer of `word`, or `default`."""
        if self._ids is None and self._lines is not None and self._searches < SEARCHES:
            self._searches += 1
            found = self._lines.find(word)
            return default if found < 0 else found
        return self._dictionary().get(word, default)

    def id(self, word: str) -> int:
        """The integer of `word`.

        Raises:
            UnknownWordError: the nearest names are offered.
        """
        found = self.get(word)
        if found < 0:
            raise UnknownWordError(
                f"'{word}' is not among the {self._size:,} words of this vocabulary."
                f"{did_you_mean(word, self.nearest_names(word))}"
            )
        return found

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """int64[n]: the integers of `words`, -1 for one that is not here."""
        words = list(words)
        if len(words) <= 2:
            return np.array([self.get(word) for word in words], np.int64)
        known = self._dictionary()
        return np.array([known.get(word, -1) for word in words], np.int64)

    def nearest_names(self, word: str, n: int = 3) -> list[str]:
        """The `n` names most like `word` by their letters, best first; empty if none is near."""
        if self._names is None:
            assert self._lines is not None
            lines = self._lines
            near = similar.candidates(word, lines.array, lines.starts, lines.stops)
        else:
            near = similar.candidates_of_list(word, self._names)
        return similar.best(word, [self[i] for i in near], n)

    def _dictionary(self) -> dict[str, int]:
        if self._ids is None:
            names = self.names
            self._ids = dict(zip(names, range(len(names)), strict=True))
            if len(self._ids) != len(names):
                # the dictionary kept the last place of each name
                double = next(name for i, name in enumerate(names) if self._ids[name] != i)
                self._ids = None
                raise VocabularyError(
                    f"The name {double!r} stands twice in this vocabulary; give each name once."
                )
        return self._ids


class _Lines:
    """Names as bytes: name i is text[starts[i]:stops[i]], escaped if it comes from a file.

    Where the lines of a file begin and end is worked out when it is first needed.
    """

    def __init__(
        self,
        text: bytes,
        edges: tuple[np.ndarray, np.ndarray] | None = None,
        *,
        lines: int,
        counted: bool = False,
        path: str | Path | None = None,
    ) -> None:
        self.text, self.lines, self.counted, self.path = text, lines, counted, path
        self.array = np.frombuffer(text, np.uint8)
        if edges is not None:
            self.starts, self.stops = edges

    @staticmethod
    def of_file(path: str | Path, text: bytes) -> _Lines:
        """See `Vocabulary.load`."""
        if text and not text.endswith(b"\n"):
            raise FormatError(
                path,
                "a last line without an end",
                "one line a name, each ended",
                "The file is truncated; copy it again.",
            )
        array = np.frombuffer(text, np.uint8)
        lines, tabs = int(np.count_nonzero(array == 10)), int(np.count_nonzero(array == 9))
        if tabs not in (0, lines):
            raise _uneven(path, tabs, lines)
        return _Lines(text, lines=lines, counted=tabs > 0, path=path)

    @functools.cached_property
    def escaped(self) -> bool:
        return self.path is not None and b"\\" in self.text

    @functools.cached_property
    def ends(self) -> np.ndarray:
        """int64[lines]: where the line feeds are."""
        return np.flatnonzero(self.array == 10)

    @functools.cached_property
    def starts(self) -> np.ndarray:
        return np.concatenate([[0], self.ends[:-1] + 1]) if self.lines else self.ends

    @functools.cached_property
    def stops(self) -> np.ndarray:
        if not self.counted:
            return self.ends
        tabs = np.flatnonzero(self.array == 9)
        if ((tabs < self.starts) | (tabs > self.ends)).any():
            raise _uneven(self.path, len(tabs), self.lines)
        return tabs

    def __len__(self) -> int:
        return self.lines

    def decode(self, i: int) -> str:
        return self._string(self.text[self.starts[i] : self.stops[i]])

    def decode_all(self) -> list[str]:
        text, string = self.text, self._string
        if self.escaped or not text.isascii():
            pairs = zip(self.starts.tolist(), self.stops.tolist(), strict=True)
            return [string(text[start:stop]) for start, stop in pairs]
        plain = text.decode("ascii")
        pairs = zip(self.starts.tolist(), self.stops.tolist(), strict=True)
        return [plain[start:stop] for start, stop in pairs]

    def find(self, word: str) -> int:
        """The line of `word`, or -1."""
        raw = word.translate(_TABLE) if self.path is not None else word
        needle = raw.encode("utf-8", "surrogatepass")
        if self.path is None:
            return self._find_among(needle)
        needle += b"\t" if self.counted else b"\n"
        if self.text.startswith(needle):
            return 0
        found = self.text.find(b"\n" + needle)
        return -1 if found < 0 else int(np.searchsorted(self.starts, found + 1))

    def _find_among(self, needle: bytes) -> int:
        """As `find`, where nothing stands between the names: by length, then by each byte."""
        rows = np.flatnonzero(self.stops - self.starts == len(needle))
        for at, byte in enumerate(needle):
            rows = rows[self.array[self.starts[rows] + at] == byte]
        return int(rows[0]) if len(rows) else -1

    def parse_counts(self) -> np.ndarray:
        """int64[V]: the digits between tab and line end, place by place."""
        array, counts = self.array, np.zeros(len(self), np.int64)
        digits = self.ends - self.stops - 1
        if len(digits) and (digits.min() < 1 or digits.max() > 18):
            bad = int(np.argmax((digits < 1) | (digits > 18)))
            raise self._bad_count(bad)
        for place in range(int(digits.max(initial=0))):
            rows = np.flatnonzero(digits > place)
            digit = array[self.ends[rows] - 1 - place].astype(np.int64) - 48
            if ((digit < 0) | (digit > 9)).any():
                raise self._bad_count(int(rows[np.argmax((digit < 0) | (digit > 9))]))
            counts[rows] += digit * 10**place
        return counts

    def _bad_count(self, row: int) -> FormatError:
        assert self.path is not None
        found = self.text[self.stops[row] + 1 : self.ends[row]]
        return FormatError(self.path, f"the count {found!r} on line {row + 1}", "a whole number")

    def _string(self, raw: bytes) -> str:
        try:
            name = raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise FormatError(
                self.path or "vocabulary", f"the name {raw[:40]!r}", "UTF-8"
            ) from None
        return unescaped(name) if self.escaped else name


def _uneven(path: str | Path | None, tabs: int, lines: int) -> FormatError:
    return FormatError(
        path or "vocabulary", f"{tabs} counts for {lines} lines", "name, tab and count on each line"
    )


def escaped(name: str) -> str:
    """`name` on a line of its own."""
    return name.translate(_TABLE)


def unescaped(name: str) -> str:
    """The opposite of `escaped`."""
    if "\\" not in name:
        return name
    pieces = name.split("\\\\")
    for escape, character in (("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r")):
        pieces = [piece.replace(escape, character) for piece in pieces]
    return "\\".join(pieces)
