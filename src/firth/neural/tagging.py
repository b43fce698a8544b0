"""`Predictor`: the tags of sentences, how sure they are, and how often they are right.

    y* = argmax_y p(y | x)                       the tags (Viterbi)
    p(y* | x)                                    `probability` of a prediction
    p(y_t = y*_t | x)                            `confidence` of a word's tag: its marginal,
                                                 that of all labels that are written so
    p(y_r ... y_t = y*_r ... y*_t | x)           `confidence` of a span from r to t

Learnt in IOBES, the tags of a span say its borders too, so that its confidence is the probability
of that span; in other schemes it is that of its tags, the word behind it left open. With a linear
head tags are independent, and probabilities are products. Computed in float32, whatever precision
the net learnt with.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from firth.errors import SettingError
from firth.neural.device import threads_of, with_threads
from firth.neural.sentences import SentenceBatches
from firth.neural.tag_predictions import Evaluation, FoundSpan, Prediction
from firth.neural.tagger import computes_on, net_of, spelling_of
from firth.neural.words import Words
from firth.progress import SILENT, Progress
from firth.text import raw_tokens
from firth.text.span_scores import SpanScores, TagScores, span_scores, tag_scores
from firth.text.tag_errors import span_errors, tag_errors
from firth.text.tag_schemes import Span
from firth.text.tagged import Tagged, as_tagged
from firth.text.tokens import Tokenizer
from firth.vectors.fitted import Fitted

#: sentences and words prepared together, and places of a batch of them, padding included
SENTENCES, WORDS, PLACES = 4096, 16_384, 2048


class _Line(NamedTuple):
    """A sentence as it was given; `places`: None if it was given as tokens."""

    text: str
    tokens: list[str]
    places: list[tuple[int, int]] | None


class Predictor:
    """
    fitted: a model of the kind tagger.  threads: 0 for the cores that idle.
    tokenizer: of sentences that are given as lines: a tokenizer's name or a function; without one
    words and punctuation are parted (`text.raw_tokens`). Case is never folded here.

    Raises:
        FormatError: it is another kind of model, or damaged.
        SettingError: no such device, no such tokenizer.
    """

    def __init__(
        self,
        fitted: Fitted,
        *,
        device: str = "auto",
        threads: int = 0,
        tokenizer: str | Callable[[str], list[str]] | None = None,
    ) -> None:
        self._threads = threads_of(threads)
        self.net = net_of(fitted, computes_on(device), self._threads)
        self.labels, self.vocabulary = self.net.labels, fitted.vocabulary
        #: sentences prepared together; 1: each is answered before the next is asked for
        self.at_once = SENTENCES
        self._cut = None if tokenizer is None else Tokenizer(tokenizer, fold_case=False)

    def tags(self, sentences: Iterable[str | Sequence[str]]) -> list[list[str]]:
        """The tags of each sentence, lines or lists of tokens: the quick way."""
        return [tags for _, tags in self.tagged(sentences)]

    def predict(self, sentences: Iterable[str | Sequence[str]]) -> list[Prediction]:
        """The most probable tags of each sentence, and how sure they are."""
        return [best for best, *_ in self.n_best(sentences, 1)]

    def n_best(
        self, sentences: Iterable[str | Sequence[str]], n: int = 5
    ) -> list[list[Prediction]]:
        """The n most probable sequences of tags of each sentence, best first.

        Raises:
            SettingError: n below 1; above 1 of a model with a linear head.
        """
        return list(self.n_best_of(sentences, n))

    def n_best_of(
        self, sentences: Iterable[str | Sequence[str]], n: int = 5
    ) -> Iterator[list[Prediction]]:
        """As `n_best`, sentence by sentence."""
        if n < 1:
            raise SettingError(f"n={n} is out of range; wanted at least 1.")
        if n > 1 and self.net.crf is None:
            raise SettingError(
                f"n={n}: with head=linear each tag is chosen by itself; the next best sequences "
                "need a model with head=crf."
            )
        for lines in self._chunks(sentences):
            yield from self._predicted(lines, n)

    def tagged(
        self, sentences: Iterable[str | Sequence[str]]
    ) -> Iterator[tuple[list[str], list[str]]]:
        """(tokens, tags) of each sentence, as they come: for long texts."""
        for lines in self._chunks(sentences):
            found = self._labels_of(Words([line.tokens for line in lines]))
            for line, ids in zip(lines, found, strict=True):
                yield line.tokens, self.labels.tags(ids)

    def marginals(self, sentences: Iterable[str | Sequence[str]]) -> list[np.ndarray]:
        """p(y_t = j | x) float32[n_i, K] of each sentence; j as in `labels.names`."""
        found: list[np.ndarray] = []
        for lines in self._chunks(sentences):
            words = Words([line.tokens for line in lines])
            rows = [np.zeros((0, len(self.labels)), np.float32)] * len(lines)
            for numbers, e, lengths in self._emitted(words):
                p = self.net.marginals(e, lengths).float().cpu().numpy()
                for row, number, length in zip(p, numbers, lengths.tolist(), strict=True):
                    rows[number] = row[:length]
            found += rows
        return found

    def evaluate(
        self, tagged: Tagged | Iterable[Any], *, progress: Progress = SILENT
    ) -> Evaluation:
        """How well the model tags sentences whose tags are known, whatever a `Tagged` is.

        Raises:
            CorpusError: they cannot be read.
            VocabularyError: tags that are none of spans, of a model that finds spans.
        """
        placed = list(as_tagged(tagged).placed())
        words = [sentence.words for _, sentence in placed]
        gold = self.labels.as_answers(
            [sentence.tags for _, sentence in placed], [place for place, _ in placed]
        )
        progress.start("tagging", sum(map(len, words)), "words")
        found: list[list[str]] = []
        done = 0
        for _, tags in self.tagged(words):
            found.append(tags)
            done += len(tags)
            progress.advance(done)
        progress.finish()
        scores: SpanScores | TagScores
        if self.labels.spans:
            scores = span_scores(gold, found)
            errors = span_errors(words, gold, found)
        else:
            scores = tag_scores(gold, found)
            errors = tag_errors(words, gold, found)
        strange = dict(self.labels.strange(gold).most_common())
        unseen, right = self._unseen(words, gold, found)
        return Evaluation(scores, errors, len(placed), unseen, right, strange)

    def _unseen(
        self, words: list[list[str]], gold: list[list[str]], found: list[list[str]]
    ) -> tuple[int, int]:
        """(words that the lookup does not have, those of them with the right tag)."""
        spelling = spelling_of(self.net.settings)
        unseen = right = 0
        known: dict[str, bool] = {}
        for line, true, other in zip(words, gold, found, strict=True):
            for word, a, b in zip(line, true, other, strict=True):
                if word not in known:
                    known[word] = spelling(word) in self.vocabulary
                if not known[word]:
                    unseen += 1
                    right += a == b
        return unseen, right

    def _chunks(self, sentences: Iterable[str | Sequence[str]]) -> Iterator[list[_Line]]:
        if isinstance(sentences, str):
            raise SettingError("Wanted a list of sentences; for one of them, [sentence].")
        iterator = iter(sentences)
        while some := list(itertools.islice(iterator, self.at_once)):
            lines: list[_Line] = []
            words = 0
            for line in self._lines(some):
                lines.append(line)
                words += len(line.tokens)
                if words >= WORDS:
                    yield lines
                    lines, words = [], 0
            if lines:
                yield lines

    def _lines(self, sentences: list[str | Sequence[str]]) -> list[_Line]:
        """Lines cut into tokens; lists as they are."""
        if self._cut is not None:
            return [
                _Line(one, self._cut(one), None) if isinstance(one, str) else _of_tokens(one)
                for one in sentences
            ]
        cuts = iter(raw_tokens.cut([one for one in sentences if isinstance(one, str)]))
        found = []
        for one in sentences:
            if isinstance(one, str):
                tokens, starts, stops = next(cuts)
                found.append(_Line(one, tokens, list(zip(starts, stops, strict=True))))
            else:
                found.append(_of_tokens(one))
        return found

    def _emitted(self, words: Words, n: int = 1) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """(numbers of sentences, e Tensor[B, T, K], lengths), like lengths together."""
        if not len(words.ids):
            return
        with torch.inference_mode(), with_threads(self._threads):
            parts = self.net.words.prepare(words)
            for numbers in SentenceBatches(words.lengths, self.net.places(PLACES, n)).in_order():
                batch = words.batch(numbers)
                batch.ids = batch.ids.to(self.net.device)
                yield numbers.tolist(), self.net.emissions(parts, batch), batch.lengths

    def _labels_of(self, words: Words) -> list[list[int]]:
        """The most probable labels of each sentence."""
        found: list[list[int]] = [[] for _ in range(len(words))]
        for numbers, e, lengths in self._emitted(words):
            rows = self.net.labelled(e, lengths).tolist()
            for number, row, length in zip(numbers, rows, lengths.tolist(), strict=True):
                found[number] = row[:length]
        return found

    def _predicted(self, lines: list[_Line], n: int) -> list[list[Prediction]]:
        words = Words([line.tokens for line in lines])
        nothing = [Prediction([], [], 1.0, [], [], None)]
        found = [nothing] * len(lines)
        for numbers, e, lengths in self._emitted(words, n):
            best, log_p = self.net.best(e, lengths, n)
            single = self.net.marginals(e, lengths)
            written = self._written(single)
            chains = [self._chained(e, best[:, i], lengths, single) for i in range(n)]
            for row, number in enumerate(numbers):
                found[number] = [
                    self._prediction(
                        lines[number],
                        best[row, i].tolist(),
                        log_p[row, i].item(),
                        written[row],
                        chains[i],
                        row,
                    )
                    for i in range(n)
                    if log_p[row, i] != -math.inf
                ]
        return found

    def _written(self, single: Tensor) -> np.ndarray:
        """p(y_t = any label that is written as j | x) float64[B, T, K], of marginals."""
        same = torch.from_numpy(self.labels.written_alike()).to(single.device, torch.float32)
        return (single.float() @ same).double().cpu().numpy()

    def _chained(
        self, e: Tensor, labels: Tensor, lengths: Tensor, single: Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """p(y_t | x), and log p(y_t | y_{t-1}, x), of labels int64[B, T]: float64[B, T]."""
        kept = labels.clamp(min=0)
        p = single.gather(-1, kept[..., None]).squeeze(-1).double()
        if self.net.crf is None:
            return p.cpu().numpy(), p.clamp(min=1e-300).log().cpu().numpy()
        # a line with fewer sequences has none here; those labels are not looked at
        there = (labels[:, :1] >= 0).expand_as(labels)
        own = torch.where(there, kept, self.net.crf.viterbi(e, lengths)[0].clamp(min=0))
        after = self.net.crf.conditionals(e, own, lengths).double()
        return p.cpu().numpy(), after.cpu().numpy()

    def _prediction(
        self,
        line: _Line,
        labels: list[int],
        log_p: float,
        written: np.ndarray,
        chain: tuple[np.ndarray, np.ndarray],
        row: int,
    ) -> Prediction:
        tokens = line.tokens
        labels = labels[: len(tokens)]
        p, after = (values[row] for values in chain)
        spans = [
            FoundSpan(
                *span, _text(line, span),
                min(1.0, float(p[span.start] * np.exp(after[span.start + 1 : span.stop].sum()))),
            )
            for span in self.labels.spans_of(labels)
        ]  # fmt: skip
        return Prediction(
            tokens,
            self.labels.tags(labels),
            min(1.0, math.exp(log_p)),
            [min(1.0, float(row[j])) for row, j in zip(written, labels, strict=False)],
            spans,
            line.places,
        )


def _of_tokens(tokens: Sequence[str]) -> _Line:
    if not isinstance(tokens, Iterable) or not all(isinstance(token, str) for token in tokens):
        raise SettingError(
            f"{tokens!r} is no sentence; wanted a line of text, or a list of its tokens."
        )
    return _Line("", list(tokens), None)


def _text(line: _Line, span: Span) -> str:
    """How a span stands in the line; of given tokens, with blanks between them."""
    if line.places is None:
        return " ".join(line.tokens[span.start : span.stop])
    return line.text[line.places[span.start][0] : line.places[span.stop - 1][1]]
