"""Sentences and their tags out of numbered lines: CoNLL columns, CoNLL-U, JSONL.

Each function gives (the number of the sentence's first line, words, tags).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from firth.errors import CorpusError, did_you_mean

Lines = Iterable[tuple[int, str]]
Numbered = tuple[int, list[str], list[str]]

#: the columns of CoNLL-U
CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
#: what a file of each kind holds, for messages
WANTED = {
    "columns": "a word and its tags on each line, and an empty line behind each sentence",
    "conllu": "CoNLL-U, a word on each line in ten columns with tabs between them",
    "conllup": "CoNLL-U Plus, a word on each line in the columns that its first line names",
    "jsonl": 'a sentence on each line: {"tokens": [...], "tags": [...]}',
}
DOCSTART = "-DOCSTART-"
_TOKEN = re.compile("[^ \t]+")
_GLOBAL = re.compile(r"#\s*global\.columns\s*=\s*(\S.*)")
_RANGE, _EMPTY_NODE = re.compile(r"[0-9]+-[0-9]+"), re.compile(r"[0-9]+\.[0-9]+")


def of_columns(
    lines: Lines, name: str, word: int, tag: int, comments: str | None = None
) -> Iterator[Numbered]:
    """Columns between tabs, or, in a line without a tab, between any number of spaces.

    Only these two are blanks: other spaces of Unicode are characters of words. All lines have as
    many columns as the first. comments: what lines begin with that are passed over where a sentence
    may begin; not looked for unless it is given, for # is a word of CoNLL-2000.

    Raises:
        CorpusError: a column is missing, lines differ in their columns, a word or tag is empty.
    """
    words: list[str] = []
    tags: list[str] = []
    first = width = first_of_all = 0
    hash_first = False
    for number, whole in lines:
        line = _one_line(whole, name, number)
        if comments and not words and line.startswith(comments):
            continue
        cells = _cells(line)
        if not cells or cells[0] == DOCSTART:
            if words:
                yield first, words, tags
                words, tags = [], []
            continue
        if not width:
            width, first_of_all, hash_first = len(cells), number, line.startswith("#")
            _check_columns(width, word, tag, f"{name}, line {number}", line)
        if len(cells) != width:
            more = _COMMENTS if hash_first or line.startswith("#") else ""
            raise CorpusError(
                f"{name}, line {number}: {_many(len(cells))} ({line[:40]!r}); wanted {width}, as "
                f"in line {first_of_all}, and an empty line between sentences.{more}"
            )
        if not words:
            first = number
        words.append(_filled(cells[word], "word", name, number))
        tags.append(_filled(cells[tag], "tag", name, number))
    if words:
        yield first, words, tags


_COMMENTS = (
    ' If lines that begin with # are comments, give comments="#" (--comments "#"); if this is '
    'CoNLL-U, kind="conllu".'
)


def _one_line(line: str, name: str, number: int) -> str:
    """Without the carriage return that Windows puts at its end.

    Raises:
        CorpusError: there is one inside of it.
    """
    line = line.rstrip("\r")
    if "\r" in line:
        raise CorpusError(
            f"{name}, line {number}: a carriage return inside of the line ({line[:20]!r}), as on "
            "old Macs; wanted line ends of \\n or \\r\\n: convert the file (tr '\\r' '\\n')."
        )
    return line


def _cells(line: str) -> list[str]:
    if not line.strip(" \t"):
        return []
    if "\t" in line:
        return [cell.strip(" ") for cell in line.split("\t")]
    return tokens(line)


def tokens(line: str) -> list[str]:
    """What stands between blanks and tabs; a no-break space is a character of a word."""
    return _TOKEN.findall(line)


def _check_columns(width: int, word: int, tag: int, where: str, line: str) -> None:
    """The first line has the columns asked for."""
    more = _COMMENTS if line.startswith("#") else ""
    if width == 1:
        raise CorpusError(
            f"{where}: one column ({line.strip()[:40]!r}), so there are no tags; wanted "
            f"{WANTED['columns']}.{more}"
        )
    for column in (word, tag):
        if not -width <= column < width:
            raise CorpusError(
                f"{where}: {_many(width)} ({line[:40]!r}), so there is no column {column}; wanted "
                f"a number from 0 to {width - 1}, or -1 for the last: columns=WORD:TAG (--columns)."
                f"{more}"
            )


def global_columns(lines: Iterator[tuple[int, str]], name: str) -> tuple[str, ...]:
    """The names of the columns, in lower case, of the first line of CoNLL-U Plus, which is taken.

    Raises:
        CorpusError: it names none.
    """
    _, first = next(lines, (1, ""))
    found = _GLOBAL.fullmatch(first.rstrip("\r "))
    if found is None:
        raise CorpusError(
            f"{name}, line 1: found {first[:40]!r}; wanted the names of the columns, as CoNLL-U "
            "Plus begins with: # global.columns = ID FORM UPOS."
        )
    return tuple(found[1].lower().split())


def of_conllu(
    lines: Lines, name: str, word: int, tag: int, columns: Sequence[str] = CONLLU
) -> Iterator[Numbered]:
    """The syntactic words: not the multiword tokens (3-4), not the empty nodes (8.1).

    columns: their names; without an id among them every line is a word.

    Raises:
        CorpusError: not so many columns, numbers that do not go on from 1, an empty word or tag, or
        a file in which all tags are _ (that column was not annotated).
    """
    words: list[str] = []
    tags: list[str] = []
    first = 0
    known = seen = False  # a tag other than _; a word
    place_of = columns.index("id") if "id" in columns else None
    for number, whole in lines:
        line = _one_line(whole, name, number)
        if not line.strip(" \t"):
            if words:
                yield first, words, tags
                words, tags = [], []
            continue
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        where = f"{name}, line {number}"
        if len(cells) != len(columns):
            raise CorpusError(
                f"{where}: {_many(len(cells))} between tabs ({line[:40]!r}); wanted the "
                f"{len(columns)} of CoNLL-U{'' if columns == CONLLU else ' Plus'}. If this is a "
                'file of another kind, give its columns by number and kind="columns".'
            )
        place = str(len(words) + 1) if place_of is None else cells[place_of]
        if place != str(len(words) + 1):
            if _RANGE.fullmatch(place) or _EMPTY_NODE.fullmatch(place):
                continue
            raise CorpusError(
                f"{where}: the word has the number {place!r}; wanted {len(words) + 1}, and an "
                "empty line between sentences."
            )
        if not words:
            first = number
        words.append(_filled(cells[word], "word", name, number))
        tags.append(_filled(cells[tag], "tag", name, number))
        seen = True
        known = known or tags[-1] != "_"
    if words:
        yield first, words, tags
    if seen and not known:
        raise CorpusError(
            f"{name} has no tags in its column {columns[tag]}: all are _, that is, not annotated; "
            f"wanted another column of {', '.join(columns)}: columns=form:upos (--columns)."
        )


def of_json(lines: Lines, name: str, word: str, tag: str) -> Iterator[Numbered]:
    """word, tag: the keys. Lines without anything are passed over.

    Raises:
        CorpusError: no JSON object, no such key, no lists of strings, or lists of two lengths.
    """
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{where}: {error}; wanted one JSON object a line.") from None
        if not isinstance(entry, dict):
            raise CorpusError(f"{where}: found {type(entry).__name__}; wanted {WANTED['jsonl']}.")
        for key in (word, tag):
            if key not in entry:
                there = ", ".join(map(repr, entry)) or "nothing"
                raise CorpusError(
                    f"{where} has no key {key!r}.{did_you_mean(key, entry)} It has: {there}; say "
                    "which are the words and the tags: columns=WORD:TAG (--columns)."
                )
        words = strings(entry[word], f"{where}, {word!r}")
        tags = strings(entry[tag], f"{where}, {tag!r}")
        same_length(words, tags, where)
        yield number, words, tags


def strings(items: Any, where: str) -> list[str]:
    """A list of strings that are not empty.

    Raises:
        CorpusError: it is none.
    """
    if hasattr(items, "tolist"):  # arrays of numpy, columns of pandas
        items = items.tolist()
    if not isinstance(items, list | tuple):
        raise CorpusError(
            f"{where}: found {repr(items)[:40]} ({type(items).__name__}); wanted a list of strings."
        )
    for place, item in enumerate(items, 1):
        if not isinstance(item, str):
            number = isinstance(item, int) and not isinstance(item, bool)
            more = " Numbers of tags need their names in their place." if number else ""
            raise CorpusError(
                f"{where}: item {place} is {repr(item)[:40]} ({type(item).__name__}); wanted a "
                f"string.{more}"
            )
        if not item:
            raise CorpusError(f"{where}: item {place} is empty; wanted at least one character.")
        try:
            item.encode("utf-8")
        except UnicodeEncodeError:
            raise CorpusError(
                f"{where}: item {place} is {item[:40]!r}, with half of a surrogate pair, which is "
                "no character; decode the text with its own encoding."
            ) from None
    return list(items)


def same_length(words: list[str], tags: list[str], where: str) -> None:
    """
    Raises:
        CorpusError: there are not as many tags as words.
    """
    if len(words) != len(tags):
        raise CorpusError(
            f"{where}: {len(words)} words and {len(tags)} tags; wanted a tag for each word."
        )


def _filled(cell: str, what: str, name: str, number: int) -> str:
    if not cell:
        raise CorpusError(
            f"{name}, line {number}: the {what} is empty; wanted at least one character."
        )
    return cell


def _many(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"
