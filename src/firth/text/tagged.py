"""`Tagged`: sentences with a tag for each word, of any source, as often as one likes.

columns   a word a line, its tags behind it, an empty line behind each sentence (CoNLL-2000, -2003)
conllu    CoNLL-U: ten columns with names, https://universaldependencies.org/format.html
conllup   CoNLL-U Plus: its first line names the columns, # global.columns = ID FORM UPOS
jsonl     a sentence a line: {"tokens": ["The", "cat"], "tags": ["DET", "NOUN"]}
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from firth.errors import CorpusError, SettingError, did_you_mean
from firth.text import tag_lines
from firth.text.blocks import checked_encoding
from firth.text.corpus import find
from firth.text.sources import FileSource, InputSource, lines_of
from firth.text.tag_lines import CONLLU, Numbered

KINDS = ("columns", "conllu", "conllup", "jsonl")
_BY_NAME = {
    ".conllu": "conllu", ".conllup": "conllup", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
_USUAL = {
    "columns": "0:-1", "conllu": "form:upos", "conllup": "form:upos", "jsonl": "tokens:tags",
}  # fmt: skip
_PACKED = (".gz", ".bz2", ".xz", ".zst")


class Sentence(NamedTuple):
    """As many tags as words."""

    words: list[str]
    tags: list[str]


class Tagged:
    """Sentences and their tags.

        Tagged("train.txt")                             columns: the first, its tag in the last
        Tagged("train.txt", columns="0:2")              by number, from 0; -1 is the last
        Tagged("en.conllu")                             CoNLL-U: form and upos
        Tagged("en.conllu", columns="form:xpos")        any other column
        Tagged("mwe.conllup", columns="form:parseme:mwe")
        Tagged("ner.jsonl", columns="words:labels")     keys
        Tagged("train.txt", comments="#")               "# ..." before a sentence is passed over
        Tagged("a.txt", "b.txt.gz", "folder/", "-")     plain or packed, several, the standard input
        Tagged([(["The", "cat"], ["DET", "NOUN"])])     pairs of words and tags

    kind: "columns", "conllu", "conllup" or "jsonl". Left out: by the name of the file (.conllu,
    .conllup, .jsonl), else conllu if `columns` gives its names, else columns.
    comments: of columns: what lines begin with that stand before a sentence and are none of it;
    without it all lines are words, since # is one. CoNLL-U has its own, with #.
    encoding, encoding_errors: of files, as for `Corpus`.

    Goes through `Sentence(words, tags)`. The words are taken as they are: case and characters too.
    Lines with -DOCSTART- in the first column end a sentence and are not among the words (conlleval,
    which counts them, reports a higher accuracy for CoNLL-2003 and the same F1). In CoNLL-U the
    words are the syntactic ones: lines of multiword tokens (3-4) and of empty nodes (8.1) are
    passed over; _ is a tag like others, unless all of a file are. Empty lines one after another
    are no sentence; [] in JSONL and in pairs is one of 0 words.

    Raises:
        CorpusError: no such file, an empty one; while going through it: a column that is missing,
        lines with another number of columns, an empty word, no tags at all (with file and line).
        SettingError: `columns`, `kind` or `comments` that mean nothing.
    """

    def __init__(
        self,
        *sources: Any,
        columns: str | None = None,
        kind: str | None = None,
        comments: str | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
    ) -> None:
        if not sources:
            raise CorpusError("Tagged sentences are needed: give a file, or a list of pairs.")
        if kind is not None and kind not in KINDS:
            raise SettingError(
                f"kind={kind!r} is not one of {', '.join(KINDS)}.{did_you_mean(str(kind), KINDS)}"
            )
        if comments is not None and not comments.strip():
            raise SettingError(
                f"comments={comments!r} is nothing that lines could begin with; wanted #, say."
            )
        self.columns, self.kind, self.comments = columns, kind, comments
        self._pair = None if columns is None else _pair_of(columns)
        self._encoding, self._errors = checked_encoding(encoding, encoding_errors), encoding_errors
        self._parts: list[_File | _Pairs] = []
        for source in sources:
            self._parts += self._parts_of(source)

    def _parts_of(self, source: Any) -> list[_File | _Pairs]:
        if isinstance(source, str | os.PathLike):
            if source == "-":
                return [self._file(InputSource(None, self._encoding, self._errors), Path("-"))]
            return [
                self._file(FileSource(path, self._encoding, self._errors), path)
                if path.is_file()
                else self._file(InputSource(path, self._encoding, self._errors), path)
                for path in find(source)
            ]
        if not isinstance(source, Iterable):
            raise CorpusError(
                f"A {type(source).__name__} holds no tagged sentences; give a file, or a list of "
                'pairs of words and tags: (["The", "cat"], ["DET", "NOUN"]).'
            )
        return [_Pairs(source, f"the {type(source).__name__} given")]

    def _file(self, source: FileSource, path: Path) -> _File:
        kind = self.kind or _kind_of(path, self._pair)
        if not isinstance(source, InputSource) and source.size == 0:
            raise CorpusError(f"{source.name}: empty (0 bytes); give a file of tagged sentences.")
        if self.comments is not None and kind != "columns":
            raise SettingError(
                f"comments={self.comments!r}: {source.name} is read as {kind}, and only columns "
                'have no comments of their own; leave it out, or give kind="columns".'
            )
        pair = self._pair or _pair_of(_USUAL[kind])
        if kind in ("jsonl", "conllup"):
            return _File(source, kind, *pair)
        names = CONLLU if kind == "conllu" else ()
        word, tag = (_number(column, names, kind, pair) for column in pair)
        return _File(source, kind, word, tag, self.comments)

    def __iter__(self) -> Iterator[Sentence]:
        return (sentence for _, sentence in self.placed())

    def placed(self) -> Iterator[tuple[str, Sentence]]:
        """The sentences, each with its place for messages: "train.txt, line 7".

        Raises:
            CorpusError: as above.
        """
        for part in self._parts:
            yield from part.placed()

    def summary(self) -> dict[str, Any]:
        """What a model remembers of its sentences, for JSON."""
        kinds = sorted({part.kind for part in self._parts})
        columns = sorted({part.columns for part in self._parts if part.columns})
        return {
            "sources": [part.name for part in self._parts],
            "kind": ", ".join(kinds),
            "columns": ", ".join(columns),
        }

    def fingerprint(self) -> str:
        """Another one when the sources are others; pairs are gone through for it."""
        digest = hashlib.blake2b(digest_size=16)
        for part in self._parts:
            digest.update(f"{part.kind} {part.columns} {part.fingerprint()}\n".encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        names = [part.name for part in self._parts]
        more = f", and {len(names) - 3} more" if len(names) > 3 else ""
        return f"Tagged({', '.join(names[:3])}{more})"


class _File:
    """word, tag: numbers of columns, or keys, or, in CoNLL-U Plus, names."""

    def __init__(
        self, source: FileSource, kind: str, word: Any, tag: Any, comments: str | None = None
    ) -> None:
        self._source, self.kind, self._comments = source, kind, comments
        self._word, self._tag = word, tag
        self.name, self.columns = source.name, f"{word}:{tag}"
        if kind == "conllu":
            self.columns = f"{CONLLU[word]}:{CONLLU[tag]}"

    def placed(self) -> Iterator[tuple[str, Sentence]]:
        lines = enumerate(lines_of(self._source), 1)
        sentences = 0
        for number, words, tags in self._read(lines):
            sentences += 1
            yield f"{self.name}, line {number}", Sentence(words, tags)
        if not sentences:
            raise CorpusError(
                f"{self.name} holds no sentence; wanted {tag_lines.WANTED[self.kind]}."
            )

    def _read(self, lines: Iterable[tuple[int, str]]) -> Iterator[Numbered]:
        if self.kind == "jsonl":
            return tag_lines.of_json(lines, self.name, self._word, self._tag)
        if self.kind == "conllu":
            return tag_lines.of_conllu(lines, self.name, self._word, self._tag)
        if self.kind == "conllup":
            lines = iter(lines)
            names = tag_lines.global_columns(lines, self.name)
            pair = self._word, self._tag
            word, tag = (_number(column, names, self.kind, pair) for column in pair)
            return tag_lines.of_conllu(lines, self.name, word, tag, names)
        return tag_lines.of_columns(lines, self.name, self._word, self._tag, self._comments)

    def fingerprint(self) -> str:
        without = "" if self._comments is None else f" {self._comments}"
        return self._source.fingerprint() + without


class _Pairs:
    """Pairs in memory; what can be gone through only once is kept there."""

    kind, columns = "pairs", ""

    def __init__(self, pairs: Iterable[Any], name: str) -> None:
        self._pairs = list(pairs) if isinstance(pairs, Iterator) else pairs
        self.name = name
        if next(iter(self._pairs), None) is None:
            raise CorpusError(f"{name} is empty; give at least one pair of words and tags.")

    def placed(self) -> Iterator[tuple[str, Sentence]]:
        for number, pair in enumerate(self._pairs, 1):
            where = f"Sentence {number} of {self.name}"
            # [("The", "DET"), ("cat", "NOUN")] is a sentence of pairs, two words long
            swapped = isinstance(pair, list) and all(isinstance(one, tuple) for one in pair)
            if not isinstance(pair, tuple | list) or len(pair) != 2 or swapped:
                raise CorpusError(
                    f"{where} is {repr(pair)[:60]}; wanted a pair, its words and their tags: "
                    '(["The", "cat"], ["DET", "NOUN"]).'
                )
            words, tags = (tag_lines.strings(one, where) for one in pair)
            tag_lines.same_length(words, tags, where)
            yield where, Sentence(words, tags)

    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for _, sentence in self.placed():
            digest.update(repr(sentence).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def _pair_of(columns: str) -> tuple[str, str]:
    """(column of the words, column of the tags).

    Raises:
        SettingError: it is not of the form WORD:TAG.
    """
    word, colon, tag = str(columns).partition(":")
    if not (word.strip() and colon and tag.strip()):
        raise SettingError(
            f"columns={columns!r} does not name two columns; wanted WORD:TAG, numbers from 0 "
            "(0:3; -1 is the last), names of CoNLL-U (form:upos) or keys of JSON (tokens:tags)."
        )
    return word.strip(), tag.strip()


def _kind_of(path: Path, pair: Sequence[str] | None) -> str:
    ends = [end.lower() for end in path.suffixes]
    if ends and ends[-1] in _PACKED:
        ends.pop()
    if ends and ends[-1] in _BY_NAME:
        return _BY_NAME[ends[-1]]
    named = pair is not None and all(column.lower() in CONLLU for column in pair)
    return "conllu" if named else "columns"


def _number(column: str, names: Sequence[str], kind: str, pair: Sequence[str]) -> int:
    """A column as a number.

    names: those that columns have; none have any in plain columns.  pair: both columns.

    Raises:
        SettingError: neither a number nor one of the names.
    """
    if column.lower() in names:
        return names.index(column.lower())
    digits = column.removeprefix("-")
    number = int(column) if digits.isascii() and digits.isdigit() else None
    if number is not None and (not names or 0 <= number < len(names)):
        return number
    columns = ":".join(pair)
    if names:
        raise SettingError(
            f"columns={columns!r}: {column!r} is no column of "
            f"{'CoNLL-U' if kind == 'conllu' else 'this CoNLL-U Plus'}; it has "
            f"{', '.join(names)} (0 to {len(names) - 1}).{did_you_mean(column.lower(), names)}"
        )
    raise SettingError(
        f"columns={columns!r}: {column!r} is not a number, and a file of kind {kind!r} has no "
        'names of columns; count them from 0 (0:3), or give kind="conllu" or kind="jsonl".'
    )


def as_tagged(sentences: Any) -> Tagged:
    """`sentences` themselves, or what `Tagged(sentences)` makes of them."""
    return sentences if isinstance(sentences, Tagged) else Tagged(sentences)
