"""What the evaluation of word vectors comes to: numbers, and all that they depend on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firth.vectors import correlation

#: the first five sections of google.txt are the semantic ones, in every program
SEMANTIC = 5


@dataclass(frozen=True)
class SimilarityReport:
    """Correlation with human scores.

    pairs: in the file.  covered: with both words known.  inferred: pairs scored beside these, with
    vectors made of n-grams (unknown="infer").  spearman, pearson: over the covered and inferred
    ones, or over all with unknown words at similarity 0 if unknown="zero"; nan if undefined.
    interval: 95 % of 1,000 bootstrap samples of Spearman (protocol firth).
    gold, similarities: the numbers that were correlated.
    """

    name: str
    protocol: str
    limit: int | None
    case: str
    unknown: str
    spearman: float
    pearson: float
    pairs: int
    covered: int
    inferred: int
    interval: tuple[float, float] | None
    gold: np.ndarray = field(repr=False, compare=False)
    similarities: np.ndarray = field(repr=False, compare=False)

    @property
    def coverage(self) -> float:
        """Fraction of the pairs whose words are known."""
        return self.covered / self.pairs

    @property
    def spearman_p(self) -> float:
        """Two-sided p of no correlation (Student's t), as scipy.stats.spearmanr."""
        return correlation.spearman_p(self.spearman, len(self.gold))

    @property
    def pearson_p(self) -> float:
        """Two-sided p of no correlation (exact for normals), as scipy.stats.pearsonr."""
        return correlation.pearson_p(self.pearson, len(self.gold))

    def to_json(self) -> dict[str, Any]:
        return {
            "spearman": _number(self.spearman),
            "pearson": _number(self.pearson),
            "pairs": self.pairs,
            "covered": self.covered,
            **({"inferred": self.inferred} if self.unknown == "infer" else {}),
        }

    def details(self) -> dict[str, Any]:
        """Everything the score depends on, as JSON."""
        return self.to_json() | {
            "name": self.name,
            "metric": "cosine",
            "protocol": self.protocol,
            "limit": self.limit,
            "case": self.case,
            "unknown": self.unknown,
            "coverage": self.coverage,
            "interval": self.interval and list(self.interval),
        }


@dataclass(frozen=True)
class SectionScore:
    """asked: questions in the file.  covered: those scored.  correct_mul: by 3CosMul."""

    correct: int
    asked: int
    covered: int
    scored: int
    correct_mul: int | None = None

    @property
    def accuracy(self) -> float:
        return self.correct / self.scored if self.scored else math.nan

    def to_json(self) -> dict[str, Any]:
        return {
            "accuracy": _number(self.accuracy),
            "correct": self.correct,
            "asked": self.asked,
            "covered": self.covered,
        }


@dataclass(frozen=True)
class AnalogyReport:
    """Right answers of a : b = c : d.

    accuracy: correct / scored over all sections (micro); scored are the covered questions, or
    all of them if unknown="wrong". interval: 95 % bootstrap interval of it (protocol firth).
    """

    name: str
    protocol: str
    limit: int | None
    case: str
    unknown: str
    sections: dict[str, SectionScore]
    interval: tuple[float, float] | None

    @property
    def total(self) -> SectionScore:
        return total_of(list(self.sections.values()))

    @property
    def semantic(self) -> SectionScore:
        """The first five sections."""
        return total_of(list(self.sections.values())[:SEMANTIC])

    @property
    def syntactic(self) -> SectionScore:
        """The sections after the fifth."""
        return total_of(list(self.sections.values())[SEMANTIC:])

    @property
    def accuracy(self) -> float:
        return self.total.accuracy

    @property
    def macro(self) -> float:
        """Mean accuracy of the sections that have a scored question."""
        return _mean([s.accuracy for s in self.sections.values() if s.scored])

    @property
    def accuracy_mul(self) -> float | None:
        """3CosMul, micro; None if the protocol does not ask for it."""
        total = self.total
        if total.correct_mul is None:
            return None
        return total.correct_mul / total.scored if total.scored else math.nan

    @property
    def macro_mul(self) -> float | None:
        if self.total.correct_mul is None:
            return None
        # ignored: where the total has a count, so has every section
        return _mean([s.correct_mul / s.scored for s in self.sections.values() if s.scored])  # type: ignore[operator]

    @property
    def correct(self) -> int:
        return self.total.correct

    @property
    def asked(self) -> int:
        return self.total.asked

    @property
    def covered(self) -> int:
        return self.total.covered

    @property
    def coverage(self) -> float:
        """Fraction of the questions whose four words are known."""
        return self.covered / self.asked

    def to_json(self) -> dict[str, Any]:
        sections = {name: section.to_json() for name, section in self.sections.items()}
        return self.total.to_json() | {"sections": sections}

    def details(self) -> dict[str, Any]:
        """Everything the score depends on, as JSON."""
        return self.to_json() | {
            "name": self.name,
            "metric": "3CosAdd",
            "protocol": self.protocol,
            "limit": self.limit,
            "case": self.case,
            "unknown": self.unknown,
            "coverage": self.coverage,
            "macro": _number(self.macro),
            "accuracy_3cosmul": _number(self.accuracy_mul),
            "macro_3cosmul": _number(self.macro_mul),
            "interval": self.interval and list(self.interval),
        }


def total_of(sections: list[SectionScore]) -> SectionScore:
    mul = [section.correct_mul for section in sections]
    return SectionScore(
        correct=sum(section.correct for section in sections),
        asked=sum(section.asked for section in sections),
        covered=sum(section.covered for section in sections),
        scored=sum(section.scored for section in sections),
        # ignored: mypy does not see that no None is left
        correct_mul=None if None in mul else sum(mul),  # type: ignore[arg-type]
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _number(value: float | None) -> float | None:
    """JSON has no nan."""
    return None if value is None or value != value else value
