"""`Labelled`: texts with their labels, of any source, as often as one likes to go through them.

Reading a text for its tokens (`stream.encode`) takes the labels out on the way: the sources of
the corpus inside give their text without them, and note them beside it, line by line.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.errors import CorpusError, SettingError
from firth.text import columns
from firth.text.corpus import Corpus, find
from firth.text.label_kernels import take_labels
from firth.text.label_tape import Tape as Tape
from firth.text.label_tape import labels_of
from firth.text.phrase_model import PhraseModel
from firth.text.sources import ItemsSource, Source, lines_of

PREFIX = "__label__"
#: fastText's blanks
BLANKS = " \n\r\t\v\f\0"


class Labelled:
    """Texts and the labels of each: none, one or several.

        Labelled("train.txt")                             fastText's format: tokens that begin with
                                                          __label__ are labels, wherever they stand
        Labelled("r.csv", text="review", label="stars")   columns of .csv .tsv .jsonl .parquet
        Labelled("r.tsv", text=3, label=0)                by number: a file without headings
        Labelled(frame, text="review", label="stars")     a pandas, polars or Arrow table
        Labelled([("pos", "good"), (["a", "b"], "…")])    pairs of labels and text (or tokens)

    prefix: what labels begin with in fastText's format; their names are without it.
    separator: what stands between the labels in one cell of a table ("," say). A cell that holds
    a list (.jsonl, .parquet) is several labels without it.
    The others: see `Corpus`. Pairs that can be gone through only once are kept in memory.

    Goes through (labels: list of str, text: str or list of str), examples without labels too.

    Raises:
        CorpusError: no such file or column, an empty one.  SettingError: an empty prefix.
    """

    def __init__(
        self,
        *sources: Any,
        prefix: str = PREFIX,
        text: str | int | None = None,
        label: str | int | None = None,
        separator: str | None = None,
        tokenizer: str | Callable[[str], list[str]] = "words",
        fold_case: bool | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        phrases: PhraseModel | None = None,
    ) -> None:
        if not prefix or any(blank in prefix for blank in BLANKS):
            raise SettingError(
                f"prefix={prefix!r} cannot mark a label; give one without blanks, such as {PREFIX}."
            )
        if (text is None) != (label is None):
            given, missing = ("text", "label") if label is None else ("label", "text")
            raise SettingError(
                f"The column of the {given} was given, that of the {missing} was not; give both: "
                'text="..." and label="..." (--column and --label-column).'
            )
        if not sources:
            raise CorpusError("Labelled texts are needed: give a file, a table or a list of pairs.")
        self._text, self._label = text, label
        self._how = _How(prefix, separator)
        wrapped: list[Source] = []
        for source in sources:
            wrapped += self._sources_of(source, encoding, encoding_errors)
        # what a corpus does beside reading (tokens, case, phrases) it does with our sources
        self.corpus = Corpus(
            [""],
            tokenizer=tokenizer,
            fold_case=fold_case,
            encoding=encoding,
            encoding_errors=encoding_errors,
            phrases=phrases,
        )
        self.corpus.sources = wrapped

    def _sources_of(self, source: Any, encoding: str, errors: str) -> list[Source]:
        table = self._text is not None
        if isinstance(source, str | os.PathLike):
            if table and source == "-":
                raise CorpusError(
                    "The standard input is read in fastText's format, not as a table; write it to "
                    "a file whose name ends with .csv, .tsv or .jsonl."
                )
            paths = [] if source == "-" else find(source)
            kinds = [columns.kind_of(path) for path in paths]
            if table:
                cells = [
                    columns.Cells(path, kind, self._text, encoding, errors, self._label)
                    for path, kind in zip(paths, kinds, strict=True)
                ]
                pairs = zip(cells, paths, strict=True)
                return [self._items(one, str(path), errors) for one, path in pairs]
            if any(kinds):
                raise CorpusError(
                    f"{paths[0]} is a table; say which columns are the text and the labels: "
                    'text="..." and label="..." (--column and --label-column).'
                )
        elif isinstance(source, Iterator):
            source = list(source)
        if table:
            texts, name = columns.cells(source, self._text)
            return [self._items(_Zipped(texts, source, self._label), name, errors)]
        if not isinstance(source, str | os.PathLike):
            name = f"the {type(source).__name__} given"
            if columns.is_table(source):
                raise CorpusError(
                    f"{name[0].upper()}{name[1:]} is a table; say which columns are the text and "
                    'the labels: text="..." and label="...".'
                )
            if not isinstance(source, Iterable):
                raise CorpusError(
                    f"A {type(source).__name__} holds no labelled texts; give a file, a table or "
                    "a list of pairs of label and text."
                )
            if not isinstance(next(iter(source), None), str):
                return [self._items(_Swapped(source, name), name, errors)]
        corpus = Corpus(source, encoding=encoding, encoding_errors=errors)
        return [_Marked(one, self._how) for one in corpus.sources]

    def _items(self, rows: Iterable[tuple[Any, Any]], name: str, errors: str) -> Source:
        return ItemsSource(_Noted(rows, self._how, name), name, errors)

    def __iter__(self) -> Iterator[tuple[list[str], str | list[str]]]:
        for source in self.corpus.sources:
            if isinstance(source, _Marked):
                yield from source.examples()
            else:
                assert isinstance(source, ItemsSource) and isinstance(source._items, _Noted)
                yield from source._items.examples()

    def cut_like(self, other: Labelled) -> Labelled:
        """The same examples, cut into tokens as `other` is."""
        twin = copy.copy(self)
        twin.corpus = copy.copy(other.corpus)
        twin.corpus.sources = self.corpus.sources
        return twin

    def taped(self) -> Tape:
        """From now on the labels of what is read from `corpus` are noted on the tape given."""
        self._how.tape = Tape()
        return self._how.tape

    def summary(self) -> dict[str, Any]:
        """What a model remembers of its examples, for JSON."""
        named = self.corpus.summary()
        if self._text is None:
            return named | {"label_prefix": self._how.prefix}
        return named | {"column": self._text, "label_column": self._label}

    def __repr__(self) -> str:
        return f"Labelled({', '.join(source.name for source in self.corpus.sources[:3])})"


@dataclass
class _How:
    """How labels are read; the tape that they are noted on, if they are."""

    prefix: str
    separator: str | None
    tape: Tape | None = None


class _Marked:
    """A source of text in which labels are tokens with a prefix: the text without them."""

    def __init__(self, inner: Source, how: _How) -> None:
        self._inner, self._how = inner, how
        self.name, self.tokens, self.first = inner.name, inner.tokens, inner.first
        self._prefix = how.prefix.encode("utf-8")

    @property
    def size(self) -> int | None:
        return self._inner.size

    @property
    def done(self) -> int:
        return self._inner.done

    def fingerprint(self) -> str:
        return self._inner.fingerprint()

    def blocks(self) -> Iterator[bytes]:
        prefix = np.frombuffer(self._prefix, np.uint8)
        lines = 0
        for block in self._inner.blocks():
            if self._prefix not in block and self._how.tape is None:
                yield block
                continue
            text = np.frombuffer(block, np.uint8)
            plain = text.copy()
            room = len(block) // (len(prefix) + 1) + 1
            starts, stops = np.empty(room, np.int32), np.empty(room, np.int32)
            ends = np.empty(block.count(b"\n"), np.int32)
            labels, _ = take_labels(text, prefix, plain, starts, stops, ends)
            starts, stops = starts[:labels], stops[:labels]
            if (starts == stops).any():
                at = int(np.searchsorted(ends, np.argmax(starts == stops), "right"))
                raise CorpusError(
                    f"{self.name}, line {lines + at + 1}: '{self._how.prefix}' with nothing "
                    f"behind it; wanted the label without a space, {self._how.prefix}news."
                )
            if self._how.tape is not None:
                self._how.tape.add_spans(text, starts, stops, ends)
            lines += len(ends)
            yield plain.tobytes()

    def examples(self) -> Iterator[tuple[list[str], str]]:
        prefix = self._how.prefix
        blanks = str.maketrans(dict.fromkeys(BLANKS, " "))
        for line in lines_of(self._inner):
            words = line.translate(blanks).split(" ")
            labels = [word.removeprefix(prefix) for word in words if word.startswith(prefix)]
            kept = " ".join(word for word in words if not word.startswith(prefix))
            yield labels, kept.strip(" ")


class _Noted:
    """The texts of rows (text, labels); the labels are noted when the rows are gone through."""

    def __init__(self, rows: Iterable[tuple[Any, Any]], how: _How, name: str) -> None:
        self._rows, self._how, self._name = rows, how, name

    def __iter__(self) -> Iterator[Any]:
        tape = self._how.tape
        held: list[list[str]] = []
        for labels, text in self.examples(tape is not None):
            held.append(labels)
            if len(held) == 1000 and tape is not None:
                tape.add(held)
                held = []
            yield text
        if tape is not None and held:
            tape.add(held)

    def examples(self, wanted: bool = True) -> Iterator[tuple[list[str], Any]]:
        separator = self._how.separator
        for number, (text, cell) in enumerate(self._rows):
            where = f"{self._name}, example {number + 1}"
            yield labels_of(cell, separator, where) if wanted else [], text


class _Swapped:
    """Pairs of labels and text as (text, labels)."""

    def __init__(self, pairs: Iterable[Any], name: str) -> None:
        self._pairs, self._name = pairs, name

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for number, pair in enumerate(self._pairs):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                shown = repr(pair)
                raise CorpusError(
                    f"Example {number + 1} of {self._name} is {shown[:60]}; wanted a pair of label "
                    '(or labels) and text: ("pos", "a good film").'
                )
            yield pair[1], pair[0]


class _Zipped:
    """Two columns of a table in memory."""

    def __init__(self, texts: Iterable[Any], source: Any, label: str | int | None) -> None:
        self._texts, self._source, self._label = texts, source, label

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        labels, _ = columns.cells(self._source, self._label, any_cell=True)
        return zip(self._texts, labels, strict=True)


def as_labelled(examples: Any) -> Labelled:
    """`examples` themselves, or what `Labelled(examples)` makes of them."""
    return examples if isinstance(examples, Labelled) else Labelled(examples)
