"""Finding phrases: read once, then for each pass count pairs, score them, join them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.progress import Progress
from firth.text import counting
from firth.text.corpus import Corpus
from firth.text.joining import join_text, joined, joins_of
from firth.text.phrase_counts import Pairs, count_pairs
from firth.text.phrase_kernels import score_npmi, score_pairs
from firth.text.phrases import Pass, PhraseModel, Phrases
from firth.text.pieces import Kept, Lines, numbers_of, put, read, whole_lines
from firth.text.spill import Spill
from firth.text.stream import MEMORY, no_token
from firth.text.table import Table

Text = Corpus | Iterable[str] | Iterable[list[str]]


def find(settings: Phrases, corpus: Text, progress: Progress) -> PhraseModel:
    """See `Phrases.fit`."""
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    connectors = settings.connectors
    if corpus.tokenizer.fold:
        connectors = list(dict.fromkeys(word.casefold() for word in connectors))
    earlier = corpus.phrases
    if earlier is not None:
        _must_fit(settings, connectors, earlier)
    threads = settings.threads or _cores()
    spill = Spill(MEMORY)
    try:
        counted = counting.count(corpus, threads, spill, progress)
        if not counted.tokens:
            raise no_token(corpus, counted.lines)
        if earlier is not None:
            counted = joined(counted, earlier, spill, threads)
        lines, table = counted.lines, counted.table
        kept = [put(one, spill) for one in whole_lines(counted, spill)]
        _say_delimiter(table, settings.delimiter, progress)
        passes: list[Pass] = []
        history: list[dict[str, Any]] = []
        for number in range(1, settings.passes + 1):
            began = time.monotonic()
            once = _Pass(settings, connectors, table, kept, spill, threads, progress)
            if once.pairs.best[0] == 0 or not len(once.order):
                if number == 1:
                    raise VocabularyError(once.nothing())
                progress.say(f"Pass {number} found no phrase more.")
                break
            kept = once.join(last=number == settings.passes)
            passes.append(once.result)
            entry = once.figures() | {"seconds": round(time.monotonic() - began, 2)}
            history.append({"pass": number, **entry})
    finally:
        spill.close()
    before = [] if earlier is None else earlier.passes
    summary = corpus.summary() | {"lines": lines, "tokens": history[0]["tokens"]}
    return PhraseModel(
        [*before, *passes],
        delimiter=settings.delimiter,
        connector_words=connectors,
        settings=settings.to_json() | {"threshold": settings.limit},
        corpus=summary | {"types": history[0]["types"]},
        history=history,
    )


class _Pass:
    """One pass: its pairs, and which of them are phrases."""

    def __init__(
        self,
        settings: Phrases,
        connectors: list[str],
        table: Table,
        kept: list[Kept],
        spill: Spill,
        threads: int,
        progress: Progress,
    ) -> None:
        self.settings, self.table, self.kept = settings, table, kept
        self.spill, self.threads = spill, threads
        self.connectors = numbers_of(table, [_bytes(word) for word in connectors])
        counts = table.counts
        self.types, self.tokens = int(np.count_nonzero(counts)), int(counts.sum())
        self.pairs = count_pairs(
            self._text,
            np.array(counts),
            self.connectors,
            least=settings.min_count,
            # the factor of this scoring is a number of distinct pairs
            every_pair=settings.scoring == "vocabulary",
            across_lines=settings.across_lines,
            threads=threads,
            spill=spill,
            progress=progress,
        )
        self.scores = self._scores(self.pairs, counts)
        self.order = self._order()

    def _text(self) -> Iterator[Lines]:
        return (read(one, self.spill) for one in self.kept)

    def _scores(self, pairs: Pairs, counts: np.ndarray) -> np.ndarray:
        """float64[pairs]"""
        n_a = counts[pairs.heads]
        n_b = counts[pairs.spelling.last(pairs.tails)]
        scores = np.empty(len(n_a), np.float64)
        if self.settings.scoring == "npmi":
            score_npmi(n_a, n_b, pairs.counts, float(self.tokens), scores)
        else:
            least = self.settings.min_count
            score_pairs(n_a, n_b, pairs.counts, least, self._factor(), scores)
        return scores

    def _factor(self) -> float:
        if self.settings.scoring == "tokens":
            return float(self.tokens)
        standing = int(np.count_nonzero(self.table.counts[self.connectors]))
        return float(self.types - standing + self.pairs.distinct)

    def _order(self) -> np.ndarray:
        """The pairs that are phrases, in falling order of their scores, equal ones by words."""
        rows = np.flatnonzero(self.scores > self.settings.limit)
        words = [self._words(int(row)) for row in rows]
        places = sorted(range(len(rows)), key=lambda i: (-self.scores[rows[i]], words[i]))
        places = places[: self.settings.max_size]
        self.phrases = [words[i] for i in places]
        return rows[places]

    def _numbers(self, head: int, tail: int) -> list[int]:
        return [head, *self.pairs.spelling.spelled(tail)]

    def _words(self, row: int) -> tuple[str, ...]:
        numbers = self._numbers(int(self.pairs.heads[row]), int(self.pairs.tails[row]))
        return tuple(_name(self.table, number) for number in numbers)

    @property
    def result(self) -> Pass:
        scores, counts = self.scores[self.order], self.pairs.counts[self.order]
        return Pass(self.phrases, scores.tolist(), counts.tolist())

    def join(self, last: bool) -> list[Kept]:
        """The text with the phrases joined; nothing if no other pass needs it."""
        if last:
            return []
        names = [_bytes(self.settings.delimiter.join(words)) for words in self.phrases]
        named = numbers_of(self.table, names)
        numbers = [
            tuple(self._numbers(int(self.pairs.heads[row]), int(self.pairs.tails[row])))
            for row in self.order
        ]
        joins = joins_of(numbers, named, self.connectors, self.table.types)
        text = (Lines(one.ids.copy(), one.ends) for one in self._text())
        kept = join_text(text, [joins], self.table, self.spill, self.threads)
        for one in self.kept:
            self.spill.drop(one.ids)
            self.spill.drop(one.ends)
        return kept

    def figures(self) -> dict[str, Any]:
        return {
            "tokens": self.tokens,
            "types": self.types,
            "pairs": self.pairs.distinct,
            "frequent_pairs": len(self.scores),
            "phrases": len(self.phrases),
        }

    def nothing(self) -> str:
        """The sentence if no pair is a phrase."""
        settings, pairs = self.settings, self.pairs
        if not pairs.best[0]:
            which = ""
            if settings.scoring != "vocabulary" and settings.min_count > 1:
                which = f" that occur min_count={settings.min_count} times or more"
            return (
                f"No two words{which} stand side by side in a line of these {self.tokens:,} "
                "tokens, so there is no phrase; give a text with a sentence or paragraph a line"
                f"{', or lower min_count' if which else ''}."
            )
        if not len(self.scores):
            count, head, tail = pairs.best
            words = " ".join(_name(self.table, number) for number in self._numbers(head, tail))
            return (
                f"0 of {pairs.distinct:,} pairs of words reached min_count={settings.min_count}; "
                f"the most frequent is '{words}' ({count:,}). Lower min_count, or give more text."
            )
        best = int(np.argmax(self.scores))
        return (
            f"None of the {len(self.scores):,} pairs that occur {settings.min_count} times or more "
            f"scores above threshold={settings.limit:g} (scoring={settings.scoring}); the best is "
            f"'{' '.join(self._words(best))}' with {self.scores[best]:.4g}. Lower threshold."
        )


def _must_fit(settings: Phrases, connectors: list[str], earlier: PhraseModel) -> None:
    """Raises SettingError if passes of both cannot stand in one model."""
    for name, mine, theirs in (
        ("delimiter", settings.delimiter, earlier.delimiter),
        ("connector_words", " ".join(connectors), " ".join(earlier.connector_words)),
    ):
        if mine != theirs:
            raise SettingError(
                f"{name}={mine!r}, but the corpus has phrases made with {name}={theirs!r}; give "
                "the same, or the corpus without its phrases."
            )


def _say_delimiter(table: Table, delimiter: str, progress: Progress) -> None:
    """Says if words of the text hold the delimiter, and so may look like phrases."""
    sought = _bytes(delimiter)
    text = np.asarray(table.names).tobytes()
    at = text.find(sought)
    found: list[str] = []
    while at >= 0 and len(found) < 3:
        row = int(np.searchsorted(table.starts, at, "right")) - 1
        # not the sign alone, and not across the border of two names
        if at + len(sought) < table.starts[row + 1] and table.name(row) != delimiter:
            found.append(f"'{table.name(row)}'")
        at = text.find(sought, int(table.starts[row + 1]))
    if found:
        progress.say(
            f"Words of the text hold the delimiter {delimiter!r} themselves ({', '.join(found)}"
            f"{', …' if len(found) == 3 else ''}): they are counted apart from pairs, but look "
            "alike; another --delimiter keeps them apart."
        )


def _name(table: Table, number: int) -> str:
    raw = table.names[table.starts[number] : table.starts[number + 1] - 1]
    return raw.tobytes().decode("utf-8", "surrogatepass")


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
