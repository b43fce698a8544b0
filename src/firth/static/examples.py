"""Labelled texts as integers, and what the types of a text stand for in a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firth.errors import VocabularyError
from firth.kernels.classifier import Examples
from firth.kernels.features import Types, WordNgrams, list_runs, mark_runs
from firth.kernels.hashing import AT_START, PRUNED, hash_all, ngrams_all
from firth.progress import SILENT, Progress
from firth.text.labelled import Labelled
from firth.text.stream import encode
from firth.text.subwords import LINE_END, Subwords
from firth.text.vocabulary import Vocabulary

NO_KEPT = np.empty(0, np.int32)
#: where texts touch this part of the buckets or more, all rows are held
MOST_HELD = 0.7
#: bytes of rows of runs that are written down once, rather than worked out in each epoch
LISTED = 512_000_000


@dataclass
class Read:
    """Labelled texts as they were read: every different token is a type.

    types: with counts.  ids, ends: tokens of each text.  names, counts: of labels, in the order
    they were met.  labels, label_ends: of each text, numbers of `names`.
    """

    types: Vocabulary
    ids: np.ndarray
    ends: np.ndarray
    names: list[str]
    counts: np.ndarray
    labels: np.ndarray
    label_ends: np.ndarray
    tokens: int

    def with_labels(self, known: Vocabulary) -> tuple[Examples, np.ndarray]:
        """The examples with the labels of `known`; and the texts, int64, that have any of them."""
        numbers = known.ids(self.names).astype(np.int32)[self.labels] if self.names else self.labels
        there = numbers >= 0
        before = np.concatenate([[0], np.cumsum(there)])
        ends = before[self.label_ends]
        texts = np.flatnonzero(np.diff(ends, prepend=0))
        return Examples(self.ids, self.ends, numbers[there], ends), texts


def read(labelled: Labelled, threads: int, progress: Progress = SILENT) -> Read:
    """
    Raises:
        CorpusError, EncodingError: it cannot be read, or holds no token.
    """
    tape = labelled.taped()
    encoded = encode(
        labelled.corpus, min_count=1, threads=threads, every_line=True, progress=progress
    )
    labels, label_ends = tape.finish()
    stream = encoded.stream
    return Read(
        encoded.vocabulary, stream.ids, stream.ends, tape.names, np.array(tape.counts),
        labels, label_ends, encoded.tokens,
    )  # fmt: skip


def labels_of(read: Read, min_count: int) -> Vocabulary:
    """The labels that occur often enough, the most frequent first, ties by name.

    Raises:
        VocabularyError: there are not two of them.
    """
    if not read.names:
        raise no_labels(len(read.ends))
    order = sorted(range(len(read.names)), key=lambda i: (-int(read.counts[i]), read.names[i]))
    order = [i for i in order if read.counts[i] >= min_count]
    if len(order) < 2:
        met = f"'{read.names[int(np.argmax(read.counts))]}'"
        found = (
            f"All {len(read.labels):,} labels are {met}"
            if len(read.names) == 1
            else f"{len(order)} of {len(read.names):,} labels reached min_count_label={min_count}"
        )
        raise VocabularyError(
            f"{found}; a classifier needs two different labels to tell apart, or more."
        )
    return Vocabulary([read.names[i] for i in order], read.counts[order])


def no_labels(texts: int) -> VocabularyError:
    return VocabularyError(
        f"None of the {texts:,} texts has a label; give each at least one: __label__news before "
        "its text, or a column of labels (--label-column)."
    )


def words_of(read: Read, min_count: int, given: Vocabulary | None) -> Vocabulary:
    """The words that occur often enough, and </s>, which closes each text; then those of `given`.

    Words that are given only count once, as in the original.
    """
    counts = np.asarray(read.types.counts)
    # types stand in falling order
    kept = int(np.searchsorted(-counts, -min_count, "right"))
    names, numbers = [read.types[i] for i in range(kept)], counts[:kept].tolist()
    own = read.types.get(LINE_END)
    total = len(read.ends) + (int(counts[own]) if own >= 0 else 0)
    if 0 <= own < kept:
        del names[own], numbers[own]
    if total >= min_count:
        at = int(np.searchsorted(-np.array(numbers, np.int64), -total, "left"))
        while at < len(names) and numbers[at] == total and names[at] < LINE_END:
            at += 1
        names.insert(at, LINE_END)
        numbers.insert(at, total)
    if given is not None:
        there = set(names)
        more = [name for name in given if name not in there]
        names += more
        numbers += [1] * len(more)
    if not names:
        raise VocabularyError(
            f"0 of {len(read.types):,} types reached min_count={min_count}; lower min_count."
        )
    return Vocabulary(names, numbers)


def kept_of(subwords: Subwords | None, held: np.ndarray | None = None) -> np.ndarray:
    """int32[buckets]: the row of each bucket (hashing.row_of); empty: each has its own.

    held: the only buckets whose rows are held (trained_rows.py), rising; None: all are.
    """
    if subwords is None or (subwords.pruned is None and held is None):
        return NO_KEPT
    if held is not None:
        kept = np.full(subwords.buckets, AT_START, np.int32)
        kept[held] = np.arange(len(held))
        return kept
    assert subwords.pruned is not None
    kept = np.full(subwords.buckets, PRUNED, np.int32)
    buckets, rows = subwords.pruned
    kept[np.asarray(buckets)] = rows
    return kept


def runs_of(subwords: Subwords | None, longest: int, kept: np.ndarray = NO_KEPT) -> WordNgrams:
    """How runs of words become rows; none is listed."""
    buckets = 0 if subwords is None else subwords.buckets
    return WordNgrams(longest, buckets, kept, NO_KEPT, np.empty(0, np.int64))


def listed(examples: Examples, types: Types, runs: WordNgrams) -> WordNgrams:
    """`runs` with the buckets of all texts written down, where they take no more than LISTED."""
    lengths = np.diff(examples.ends, prepend=0)
    size = int(lengths.sum()) * (runs.longest - 1)
    if not runs.buckets or not size or 4 * size > LISTED:
        return runs
    found, ends = np.empty(size, np.int32), np.empty(len(examples.ends), np.int64)
    with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
        list_runs(examples.ids, examples.ends, types, runs, found, ends)
    return runs._replace(listed=found[: ends[-1]], listed_ends=ends)


def touched(
    words: Types, texts: list[tuple[Examples, Types, WordNgrams]], buckets: int
) -> np.ndarray | None:
    """int64[m], rising: buckets of which a text or a word has an n-gram; None: nearly all.

    words: types of the vocabulary; nothing is kept yet.
    """
    mark = np.zeros(buckets, np.uint8)
    mark[words.ngrams] = 1
    for examples, types, runs in texts:
        mark[types.ngrams] = 1
        if len(runs.listed_ends):
            mark[runs.listed] = 1
        elif runs.longest > 1:
            with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
                mark_runs(examples.ids, examples.ends, types, runs, mark)
    found = np.flatnonzero(mark)
    return found if len(found) < MOST_HELD * buckets else None


def types_of(
    vocabulary: Vocabulary, words: Vocabulary, subwords: Subwords | None, kept: np.ndarray = NO_KEPT
) -> Types:
    """What the types of a text, and </s>, stand for in a model of these words.

    kept: see `kept_of`.
    """
    text, starts, stops = vocabulary.encoded()
    size = len(vocabulary)
    hashes, rows = np.empty(size + 1, np.int32), np.empty(size + 1, np.int32)
    hash_all(text, starts, stops, hashes)
    end = np.frombuffer(LINE_END.encode(), np.uint8)
    hash_all(end, np.zeros(1, np.int64), np.full(1, len(end)), hashes[size:])
    rows[:size] = words.ids(vocabulary)
    rows[size] = words.get(LINE_END)
    if subwords is None or subwords.max_n == 0:
        return Types(hashes, rows, np.empty(0, np.int64), np.empty(0, np.int32))
    offsets = np.zeros(size + 2, np.int64)
    cut = subwords.min_n, subwords.max_n, subwords.buckets
    ngrams = np.empty(max(1024, 4 * subwords.max_n * len(text)), np.int32)
    done = 0
    while done < size:
        done = ngrams_all(text, starts, stops, *cut, kept, ngrams, offsets, done)
        if done < size:
            ngrams = np.resize(ngrams, 2 * len(ngrams) + 8 * len(text))
    offsets[size + 1] = offsets[size]
    ngrams = ngrams[: offsets[size]].copy()
    own = vocabulary.get(LINE_END)
    if own >= 0:  # </s> has no n-grams, also where it stands inside a text
        first, last = offsets[own], offsets[own + 1]
        ngrams = np.delete(ngrams, slice(first, last))
        offsets[own + 1 :] -= last - first
    return Types(hashes, rows, offsets, ngrams)
