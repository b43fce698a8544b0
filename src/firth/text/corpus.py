"""`Corpus`: text of any source as lines of tokens, as often as one likes to go through it."""

from __future__ import annotations

import copy
import errno
import glob
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from firth.errors import CorpusError, did_you_mean
from firth.text import columns
from firth.text.blocks import BLOCK, checked_encoding
from firth.text.phrase_model import PhraseModel, as_model
from firth.text.sources import (
    FileSource,
    InputSource,
    ItemsSource,
    Source,
    lines_of,
    token_block,
    whole_lines,
)
from firth.text.tokens import Tokenizer


class Corpus:
    """Lines of text, each a sentence, a paragraph or a document.

        Corpus("wiki.txt.gz")                        plain, .gz, .bz2, .xz, .zst
        Corpus("texts/", "more/*.txt")               folders with all that is in them, globs
        Corpus("-")                                  the standard input
        Corpus(["the cat sat", "on the mat"])        any iterable of lines
        Corpus([["the", "cat"], ["on", "a", "mat"]]) or of lists of tokens, taken as they are
        Corpus("reviews.csv", column="text")         .csv .tsv .jsonl .parquet
        Corpus(frame, column="text")                 a pandas, polars or Arrow table

    tokenizer, fold_case: see `tokens`. Lists of tokens are folded only by fold_case=True.
    column: its name, or its number from 0; a file asked by number has no line of headings.
    encoding: of files. encoding_errors: "strict", or "replace" for a replacement character.
    phrases: what `Phrases(...).fit(corpus)` gave; its phrases become single words.

    An empty line holds no token. Hidden files of a folder (their name begins with a dot) are not
    read. An iterator that can be gone through only once is kept in a temporary file.

    Raises:
        CorpusError: no such file, an empty one, or items that are no text.
        SettingError: no such tokenizer or encoding.
    """

    def __init__(
        self,
        *sources: Any,
        tokenizer: str | Callable[[str], list[str]] = "words",
        fold_case: bool | None = None,
        column: str | int | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        phrases: PhraseModel | None = None,
    ) -> None:
        self.phrases = as_model(phrases)
        self.tokenizer = Tokenizer(tokenizer, fold_case)
        self._fold_tokens = fold_case is True
        self._column = column
        self._encoding = checked_encoding(encoding, encoding_errors)
        self._errors = encoding_errors
        if not sources:
            raise CorpusError("A corpus needs text: give a file, a folder, or a list of lines.")
        self.sources: list[Source] = []
        for source in sources:
            self.sources += self._sources_of(source)
        # asking the standard input for its size would wait for its end
        if all(not isinstance(one, InputSource) and one.size == 0 for one in self.sources):
            names = ", ".join(one.name for one in self.sources[:3])
            raise CorpusError(f"{names}: empty (0 bytes); give a file with text in it.")

    def lines(self) -> Iterator[str]:
        """The lines, without their ends.

        Raises:
            CorpusError: the corpus is made of lists of tokens; or as in `blocks`.
        """
        for source in self.sources:
            if source.tokens:
                raise CorpusError(
                    f"{source.name} holds lists of tokens, not lines; go through the corpus itself."
                )
            yield from lines_of(source)

    def __iter__(self) -> Iterator[list[str]]:
        """The tokens of each line, empty lines too; as often as one likes."""
        if self.phrases is None:
            return self._token_lines()
        return map(self.phrases.apply, self._token_lines())

    def with_phrases(self, phrases: PhraseModel | None) -> Corpus:
        """The same text with the phrases of another model, or without any."""
        other = copy.copy(self)
        other.phrases = as_model(phrases)
        return other

    def _token_lines(self) -> Iterator[list[str]]:
        """The tokens of each line before phrases are joined."""
        for source in self.sources:
            if source.tokens:
                for block in source.blocks():
                    for tokens in _apart(block):
                        yield [t.casefold() for t in tokens] if self._fold_tokens else tokens
            elif self.tokenizer.function is not None:
                for line in lines_of(source):
                    yield self.tokenizer(line)
            else:
                for block in whole_lines(source.blocks()):
                    yield from self.tokenizer.lines(block)

    def blocks(self) -> Iterator[tuple[bytes, bool]]:
        """Pieces of some 500 kB for a kernel: (bytes, whether the tokens are apart already).

        Phrases are not joined in them.

        Raises:
            EncodingError, CorpusError: the text cannot be read: file, line, offset.
        """
        for source in self.sources:
            if source.tokens or self.tokenizer.function is None:
                for block in source.blocks():
                    yield block, source.tokens
                continue
            for block in self._by_function(source):
                yield block, True

    def folds(self, given: bool) -> bool:
        """Whether case is folded, for blocks of text or of tokens that were `given` apart."""
        if given and self.tokenizer.function is None:
            return self._fold_tokens
        return self.tokenizer.fold

    @property
    def size(self) -> int | None:
        """Bytes in all as they lie on the disk; None if that is not known."""
        sizes = [source.size for source in self.sources]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def done(self) -> int:
        """Bytes read so far by the present pass."""
        return sum(source.done for source in self.sources)

    @property
    def first(self) -> str | None:
        """The first item, if lines were given as strings."""
        return self.sources[0].first

    def summary(self) -> dict[str, Any]:
        """What a model remembers of its corpus, for JSON."""
        named = {
            "sources": [source.name for source in self.sources[:20]],
            "files": len(self.sources),
            "column": self._column,
            "encoding": self._encoding,
            "encoding_errors": self._errors,
            "tokenizer": self.tokenizer.name,
            "tokenizer_is_function": self.tokenizer.by_user,
            "fold_case": self.tokenizer.fold,
        }
        if all(source.tokens for source in self.sources):
            named |= {"tokenizer": "given", "fold_case": self._fold_tokens}
        if self.phrases is not None:
            some = [phrase.name for phrase in self.phrases.top(5)]
            named |= {"phrases": len(self.phrases), "phrases_such_as": some}
        return named

    def fingerprint(self) -> str:
        """A digest of the text and of what it is read with: of a file its path, size and date."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr([self.tokenizer.name, self.tokenizer.fold, self._fold_tokens]).encode())
        for source in self.sources:
            digest.update(f"{source.tokens} {source.fingerprint()}\n".encode())
        if self.phrases is not None:
            digest.update(self.phrases.digest().encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        names = [source.name for source in self.sources]
        more = f", and {len(names) - 3} more" if len(names) > 3 else ""
        return f"Corpus({', '.join(names[:3])}{more}; {self.tokenizer.name})"

    def _sources_of(self, source: Any) -> list[Source]:
        if isinstance(source, str | os.PathLike):
            if source == "-":
                return [InputSource(None, self._encoding, self._errors)]
            return [self._file(path) for path in find(source)]
        if columns.is_table(source) or self._column is not None:
            cells, name = columns.cells(source, self._column)
            return [ItemsSource(cells, name, self._errors)]
        many = isinstance(source, list | tuple) and len(source) > 0
        if many and all(isinstance(one, os.PathLike) for one in source):
            return [one for path in source for one in self._sources_of(path)]
        if not isinstance(source, Iterable):
            raise CorpusError(
                f"A {type(source).__name__} is no text; give a file, a folder, or a list of lines."
            )
        items = ItemsSource(source, _name_of(source), self._errors)
        _refuse_file_names(source, items)
        return [items]

    def _file(self, path: Path) -> Source:
        kind = columns.kind_of(path)
        if kind is None and self._column is None:
            if not path.is_file():  # a pipe can be read only once
                return InputSource(path, self._encoding, self._errors)
            return FileSource(path, self._encoding, self._errors)
        cells = columns.Cells(path, kind, self._column, self._encoding, self._errors)
        return ItemsSource(cells, str(path), self._errors)

    def _by_function(self, source: Source) -> Iterator[bytes]:
        """The tokens that a function makes of the lines, as bytes."""
        held: list[list[str]] = []
        size = number = 0
        for line in lines_of(source):
            held.append(self.tokenizer._asked(line))
            size += len(line)
            if size > BLOCK:
                yield token_block(held, number, source.name)
                number += len(held)
                held, size = [], 0
        if held:
            yield token_block(held, number, source.name)


def find(source: str | os.PathLike[str]) -> list[Path]:
    """The files that a path, a folder or a glob means, sorted.

    Raises:
        CorpusError: there are none; names nearby are offered.
    """
    path = Path(source)
    text = os.fspath(source)
    try:
        if path.is_dir():
            return _inside(path)
        if path.exists() or path.is_symlink():
            return [path]
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # a text, most likely; told below
            raise
    if glob.has_magic(text):
        found = sorted(Path(name) for name in glob.glob(text, recursive=True))
        files = [one for each in found for one in (_inside(each) if each.is_dir() else [each])]
        if not files:
            raise CorpusError(f"No file fits the pattern {text}.")
        return files
    if len(text) > 200 or "\n" in text or (" " in text and not path.suffix):
        shown = text if len(text) <= 60 else text[:60] + "..."
        raise CorpusError(
            f"There is no file {shown!r}. If this is the text itself, give it as a list of lines: "
            "Corpus([line, line, ...])."
        )
    try:
        near = did_you_mean(path.name, [entry.name for entry in path.absolute().parent.iterdir()])
    except OSError:
        near = f" The folder {path.parent} does not exist."
    raise CorpusError(f"There is no file {text}.{near} (Text itself is given as a list of lines.)")


def _inside(folder: Path) -> list[Path]:
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [Path(place, name) for name in names if not name.startswith(".")]
    if not files:
        raise CorpusError(f"The folder {folder} holds no files; give one with texts in it.")
    return sorted(files)


def _refuse_file_names(source: Iterable[Any], items: ItemsSource) -> None:
    """Raises CorpusError if a list holds the names of files, not lines."""
    if not isinstance(source, list | tuple) or items.tokens:
        return
    some = source[:3]
    if all(isinstance(one, str) and len(one) < 300 and _is_file(one) for one in some):
        raise CorpusError(
            f"The items of the {type(source).__name__} are names of files ({some[0]!r}); a list "
            "is taken as lines of text: give the files one by one, Corpus(*names)."
        )


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # longer than names may be: 255 bytes are 85 Chinese characters
        return False


def _name_of(source: Iterable[Any]) -> str:
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and name else f"the {type(source).__name__} given"


def _apart(block: bytes) -> Iterator[list[str]]:
    """The lines of a block for `splitters.given`."""
    for line in block[:-1].split(b"\xfe"):
        yield [token.decode("utf-8") for token in line.split(b"\xff") if token]
