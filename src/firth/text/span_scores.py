"""How well tags agree with the true ones: spans as conlleval counts them, tokens one by one.

A span is correct if one with the same first token, last token and label is among the true ones.

    precision = correct / found,   recall = correct / gold,   F1 = 2 P R / (P + R);   0 where 0 / 0

counted over all spans together (micro), and by label. Spans are read out of any tags by
conlleval's rule (`tag_schemes`): scores are of what was predicted, repaired in no other way, and
equal those of conlleval and of seqeval (its default mode). conlleval walks along both sequences
and keeps whether the span it is in has been right so far; for its rule that is the same as
comparing the sets of spans, since two of one sequence never overlap.

Accuracy compares tags, O among them, and so depends on the scheme: convert both sides to the
scheme of a published figure first. F1 does not depend on it, as long as the scheme can tell spans
apart (IO cannot).

Left out of conlleval: its brackets ("[", "]", "."), its option -r (labels without a scheme, which
`tag_scores` counts), and that it takes the label 0 for none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from firth.errors import CorpusError
from firth.text.tag_schemes import breaches, parts, spans


@dataclass(frozen=True)
class Score:
    """gold: how many there are. found: how many were predicted. correct: how many of those are."""

    gold: int
    found: int
    correct: int

    @property
    def precision(self) -> float:
        return self.correct / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        # 2 P R / (P + R) with the fractions cleared
        both = self.gold + self.found
        return 2 * self.correct / both if both else 0.0

    def to_json(self) -> dict[str, Any]:
        figures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return figures | {"gold": self.gold, "found": self.found, "correct": self.correct}


@dataclass(frozen=True)
class TagScores:
    """labels: by tag, in the order of their names; those predicted and never true are among them.

    tokens, correct: in all, and those whose tag is right.
    """

    tokens: int
    correct: int
    labels: dict[str, Score]

    @property
    def accuracy(self) -> float:
        return self.correct / self.tokens if self.tokens else 0.0

    def to_json(self) -> dict[str, Any]:
        labels = {label: score.to_json() for label, score in self.labels.items()}
        return {"accuracy": self.accuracy, "tokens": self.tokens, "labels": labels}


@dataclass(frozen=True)
class SpanScores:
    """micro: all spans together.  labels: by label, in the order of their names.

    tokens, correct_tokens: in all, and those whose tag is right.
    broken: how often the predicted tags break the scheme, if one was given.
    """

    micro: Score
    labels: dict[str, Score]
    tokens: int
    correct_tokens: int
    broken: int | None = None

    @property
    def accuracy(self) -> float:
        return self.correct_tokens / self.tokens if self.tokens else 0.0

    @property
    def precision(self) -> float:
        return self.micro.precision

    @property
    def recall(self) -> float:
        return self.micro.recall

    @property
    def f1(self) -> float:
        return self.micro.f1

    def to_json(self) -> dict[str, Any]:
        labels = {label: score.to_json() for label, score in self.labels.items()}
        figures = {"accuracy": self.accuracy} | self.micro.to_json()
        figures |= {"tokens": self.tokens, "labels": labels}
        return figures if self.broken is None else figures | {"broken": self.broken}

    def conlleval(self) -> str:
        """The report that conlleval prints: percents, and behind them the spans found."""
        micro = self.micro
        lines = [
            f"processed {self.tokens} tokens with {micro.gold} phrases; "
            f"found: {micro.found} phrases; correct: {micro.correct}."
        ]
        if self.tokens:
            lines.append(
                f"accuracy: {100 * self.correct_tokens / self.tokens:6.2f}%; {_percents(micro)}"
            )
        for label, score in self.labels.items():
            lines.append(f"{label:>17}: {_percents(score)}  {score.found}")
        return "\n".join(lines) + "\n"


def _percents(score: Score) -> str:
    # in the order of conlleval's operations, so that no last digit is rounded another way
    p = 100 * score.correct / score.found if score.found else 0.0
    r = 100 * score.correct / score.gold if score.gold else 0.0
    f = 2 * p * r / (p + r) if p + r else 0.0
    return f"precision: {p:6.2f}%; recall: {r:6.2f}%; FB1: {f:6.2f}"


def span_scores(
    gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]], *, scheme: str | None = None
) -> SpanScores:
    """gold, found: the tags of each sentence, true and predicted.

    scheme: if given, it is counted how often the predicted tags break it; the scores are the same.

    Raises:
        CorpusError: not as many sentences, or tags in one of them, on both sides.
        VocabularyError: a tag that is none.  SettingError: no such scheme.
    """
    true: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    tokens = correct = broken = 0
    for true_tags, predicted_tags in _together(gold, found):
        true_spans, predicted_spans = spans(true_tags), spans(predicted_tags)
        true.update(span.label for span in true_spans)
        predicted.update(span.label for span in predicted_spans)
        right.update(span.label for span in set(true_spans) & set(predicted_spans))
        tokens += len(true_tags)
        pairs = zip(true_tags, predicted_tags, strict=True)
        correct += sum(a == b or parts(a) == parts(b) for a, b in pairs)  # B- is B
        if scheme is not None:
            broken += len(breaches(predicted_tags, scheme))
    labels = _by_label(true, predicted, right)
    micro = Score(true.total(), predicted.total(), right.total())
    return SpanScores(micro, labels, tokens, correct, broken if scheme is not None else None)


def tag_scores(gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]]) -> TagScores:
    """Token by token, of any tags: parts of speech.

    Raises:
        CorpusError: not as many sentences, or tags in one of them, on both sides.
    """
    true: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for true_tags, predicted_tags in _together(gold, found):
        true.update(true_tags)
        predicted.update(predicted_tags)
        pairs = zip(true_tags, predicted_tags, strict=True)
        right.update(a for a, b in pairs if a == b)
    return TagScores(true.total(), right.total(), _by_label(true, predicted, right))


def _by_label(true: Counter[str], predicted: Counter[str], right: Counter[str]) -> dict[str, Score]:
    names = sorted(true.keys() | predicted.keys())
    return {name: Score(true[name], predicted[name], right[name]) for name in names}


def _together(
    gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]]
) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    """Sentence by sentence; both have the same ones."""
    for number, (true, predicted) in enumerate(zip_longest(gold, found), 1):
        if true is None or predicted is None:
            fewer, more = ("true", "predicted") if true is None else ("predicted", "true")
            raise CorpusError(
                f"There are {number - 1} sentences with {fewer} tags, and more with {more} ones; "
                "wanted the same sentences on both sides."
            )
        for tags, whose in ((true, "true"), (predicted, "predicted")):
            if isinstance(tags, str):
                raise CorpusError(
                    f"The {whose} tags of sentence {number} are the text {tags[:40]!r}; wanted a "
                    "list of tags for each sentence."
                )
        if len(true) != len(predicted):
            raise CorpusError(
                f"Sentence {number} has {len(true)} true tags and {len(predicted)} predicted ones; "
                "wanted one of each for each token."
            )
        yield true, predicted
