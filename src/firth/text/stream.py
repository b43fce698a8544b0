"""`encode`: a corpus as integers, made once, and the vocabulary that says which word each is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firth.compiled import kernel
from firth.errors import CorpusError, SettingError, VocabularyError
from firth.files import storage_error
from firth.progress import SILENT, Progress
from firth.text import counting
from firth.text.corpus import Corpus
from firth.text.order import by_count_and_name
from firth.text.phrase_model import PhraseModel
from firth.text.spill import Spill, Tape
from firth.text.table import Table
from firth.text.vocabulary import Vocabulary

#: bytes of ids held in memory before they go to a file
MEMORY = 256_000_000


@dataclass
class Stream:
    """A text as integers: ids int32[N], and ends int64[S], where its lines end (exclusive).

    Words that are not in the vocabulary take no place, and lines without words no end (unless
    `every_line` was asked for: then line i ends at ends[i]); N == ends[-1]. In memory, or mapped
    from a file.
    """

    ids: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class Encoded:
    """lines, tokens, types: of all the text, before any word was left out.

    tape: labelled.Tape, the ids of documents, if they were noted while the text was read.
    """

    vocabulary: Vocabulary
    stream: Stream
    lines: int
    tokens: int
    types: int
    tape: Any = None


def encode(
    corpus: Corpus,
    *,
    min_count: int = 5,
    max_size: int | None = None,
    threads: int = 1,
    folder: Path | None = None,
    memory: int | None = None,
    progress: Progress = SILENT,
    vocabulary: Vocabulary | None = None,
    keep: Vocabulary | None = None,
    every_line: bool = False,
) -> Encoded:
    """Reads `corpus` once; the result is the same for any number of threads.

    min_count: words seen less often are left out.  max_size: only so many words, the commonest.
    folder: ids.npy and ends.npy are written there (else: to memory or a file without a name).
    memory: bytes of ids to hold in memory, 256 MB if not given; what is more goes to a file.
    vocabulary: encode with this one, whatever the counts.
    keep: a vocabulary whose words stay, however rare here; their counts are added.
    every_line: lines without words have an end too (lines are documents, each with its row); with
    a `vocabulary` given, a text that holds none of its words is no error then.

    Raises:
        CorpusError, EncodingError: the text cannot be read, or holds no token.
        VocabularyError: no word is left.  SettingError: a value below 1.
        StorageError: the disk is full.
    """
    for name, value in (("min_count", min_count), ("max_size", max_size), ("threads", threads)):
        if value is not None and value < 1:
            raise SettingError(f"{name}={value} is out of range; wanted at least 1.")
    if vocabulary is not None and keep is not None:
        raise SettingError("vocabulary and keep cannot be given together; choose one.")
    memory = MEMORY if memory is None else memory
    spill = Spill(memory // 2)
    try:
        counted = counting.count(corpus, threads, spill, progress)
        nothing_is_right = every_line and vocabulary is not None
        if not counted.tokens and not nothing_is_right:
            raise no_token(corpus, counted.lines)
        if corpus.phrases is not None:
            counted = _with_phrases(counted, corpus.phrases, spill, threads, progress)
        table, types = counted.table, counted.table.types
        # joining phrases leaves words behind that do not occur any more
        seen = int(np.count_nonzero(table.counts))
        own = table.counts if keep is None else table.counts.copy()
        if vocabulary is not None:
            numbers = _numbers_in(vocabulary, table)
            found = numbers[table.counts > 0].max(initial=-1)
            if not nothing_is_right and found < 0:
                raise VocabularyError(
                    f"None of the {seen:,} words of this text is among the {len(vocabulary):,} of "
                    f"the vocabulary; the most frequent are {_most_frequent(table)}. Check the "
                    "tokenizer and the language."
                )
            chosen = vocabulary
        else:
            forced = _add_kept(table, keep)
            table.close()
            chosen, numbers = _choose(
                table, forced, min_count, max_size, corpus, seen, counted.tokens
            )
        kept = int(own[numbers[:types] >= 0].sum())
        del table, counted.table, own
        in_memory = 4 * kept <= memory // 2
        stream = _renumber(counted, numbers, spill, kept, in_memory, folder, every_line)
    finally:
        spill.close()
    return Encoded(chosen, stream, counted.lines, counted.tokens, seen)


def _with_phrases(
    counted: counting.Counted,
    phrases: PhraseModel,
    spill: Spill,
    threads: int,
    progress: Progress,
) -> counting.Counted:
    """`counted` with the phrases joined; says so if there is none."""
    # only who has phrases needs their kernels
    from firth.text.joining import joined

    before = counted.tokens
    counted = joined(counted, phrases, spill, threads)
    if before == counted.tokens:
        progress.say(
            f"None of the {len(phrases):,} phrases occurs in this text; was theirs cut by another "
            f"tokenizer ({phrases.corpus.get('tokenizer', 'not known')})?"
        )
    return counted


def no_token(corpus: Corpus, lines: int) -> CorpusError:
    names = ", ".join(source.name for source in corpus.sources[:3])
    tokenizer = corpus.summary()["tokenizer"]
    return CorpusError(
        f"{names}: {lines:,} lines, but not a single token by the tokenizer {tokenizer}; give a "
        "text with words in it."
    )


def _numbers_in(vocabulary: Vocabulary, table: Table) -> np.ndarray:
    """int32[types]: the integer of each word of `table` in `vocabulary`, or -1."""
    numbers = np.empty(table.types, np.int32)
    for first in range(0, table.types, counting.CHUNK):
        last = min(first + counting.CHUNK, table.types)
        numbers[first:last] = vocabulary.ids([table.name(i) for i in range(first, last)])
    return numbers


def _add_kept(table: Table, keep: Vocabulary | None) -> np.ndarray:
    """Adds the words of `keep` with their counts: their numbers in `table`, int32[kept]."""
    if keep is None:
        return np.empty(0, np.int32)
    names = [name.encode("utf-8", "surrogatepass") for name in keep.names]
    stops = np.cumsum([len(name) for name in names])
    counts = np.zeros(len(names), np.int64) if keep.counts is None else keep.counts
    older = Table()
    older.add(
        np.frombuffer(b"".join(names), np.uint8),
        np.append(0, stops[:-1]).astype(np.int32),
        stops.astype(np.int32),
        np.array(counts, np.int64),
    )
    return counting.add_table(table, older, fold=False)


def _choose(
    table: Table,
    forced: np.ndarray,
    min_count: int,
    max_size: int | None,
    corpus: Corpus,
    types: int,
    tokens: int,
) -> tuple[Vocabulary, np.ndarray]:
    """The vocabulary, and int32[types]: the integer of each word of `table`, or -1."""
    wanted = table.counts >= min_count
    wanted[forced] = True
    rows = np.flatnonzero(wanted)
    if not len(rows):
        raise VocabularyError(_nothing_left(table, min_count, corpus))
    order = by_count_and_name(table.names, table.starts, table.counts, rows)
    if max_size is not None and len(order) > max_size:
        must = np.zeros(table.types, bool)
        must[forced] = True
        spare = max(0, max_size - len(forced))
        order = order[must[order] | (np.cumsum(~must[order]) <= spare)]
    names, starts = table.take(order)
    blob = names.tobytes()
    del names
    numbers = np.full(table.types, -1, np.int32)
    numbers[order] = np.arange(len(order), dtype=np.int32)
    counts = table.counts[order]
    return Vocabulary.from_lines(blob, starts, counts, types=types, tokens=tokens), numbers


def _nothing_left(table: Table, min_count: int, corpus: Corpus) -> str:
    types = np.count_nonzero(table.counts)
    text = (
        f"0 of {types:,} types reached min_count={min_count}; the most frequent are "
        f"{_most_frequent(table)}. Lower min_count, or "
    )
    if corpus.first is not None:
        first = corpus.first if len(corpus.first) <= 60 else corpus.first[:60] + "..."
        return text + (
            "check that the corpus is a list of lists of tokens: the first item was the string "
            f"{first!r}."
        )
    return text + "give more text."


def _most_frequent(table: Table) -> str:
    top = np.argsort(-table.counts, kind="stable")[:2]
    return ", ".join(f"'{table.name(i)}' ({table.counts[i]:,})" for i in top)


def _renumber(
    counted: counting.Counted,
    numbers: np.ndarray,
    spill: Spill,
    tokens: int,
    in_memory: bool,
    folder: Path | None,
    every_line: bool,
) -> Stream:
    """The numbers of the threads as integers of the vocabulary; `tokens` of them stay."""
    maps = {
        worker: numbers if own is None else numbers[own] for worker, own in counted.maps.items()
    }
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from None
    with contextlib.ExitStack() as opened:
        ids = Tape(np.int32, tokens, in_memory=in_memory, path=folder and folder / "ids.npy")
        opened.callback(ids.close)
        ends = Tape(
            np.int64, counted.lines, in_memory=in_memory, path=folder and folder / "ends.npy"
        )
        opened.callback(ends.close)
        size = last = 0
        # from the end, so that the pieces can be dropped one by one
        counted.pieces.reverse()
        while counted.pieces:
            piece = counted.pieces.pop()
            old, lines = spill.take(piece.ids), spill.take(piece.ends)
            new, fresh = np.empty(len(old), np.int32), np.empty(len(lines), np.int64)
            added, kept, last = renumber(
                old, lines, maps[piece.worker], new, fresh, size, last, every_line
            )
            ids.append(new[:added])
            ends.append(fresh[:kept])
            size += added
        return Stream(ids.finish(), ends.finish())


@kernel
def renumber(old, lines, numbers, ids, ends, size, last, every_line):
    """The ids of the words that are kept, and the ends of the lines that hold any (or of all).

    old: int32[tokens]; lines: int32[lines], their ends in `old`; numbers: int32[types].
    size: tokens before this block; last: where the last line that holds any ended.
    Fills ids, ends; returns (tokens, lines, last).
    """
    tokens = 0
    kept = 0
    start = 0
    for line in range(lines.shape[0] + 1):
        is_line = line < lines.shape[0]
        stop = lines[line] if is_line else old.shape[0]
        for i in range(start, stop):
            number = numbers[old[i]]
            if number >= 0:
                ids[tokens] = number
                tokens += 1
        start = stop
        if is_line and (every_line or size + tokens > last):
            last = size + tokens
            ends[kept] = last
            kept += 1
    return tokens, kept, last
