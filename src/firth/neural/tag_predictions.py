"""What a tagger answers: tags of a sentence and how sure they are; how often they are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from firth.text.span_scores import SpanScores, TagScores
from firth.text.tag_errors import TagError


class FoundSpan(NamedTuple):
    """Tokens start, ..., stop - 1, how they stand in the text, and how sure it is."""

    label: str
    start: int
    stop: int
    text: str
    confidence: float


@dataclass(frozen=True)
class Prediction:
    """tags: of the tokens, in the scheme of the training data.  spans: what they say.

    probability: of all tags together.  confidence: of each tag.
    places: (start, stop) of each token among the characters of the line, if a line was given.
    """

    tokens: list[str]
    tags: list[str]
    probability: float
    confidence: list[float]
    spans: list[FoundSpan]
    places: list[tuple[int, int]] | None = None

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "tokens": self.tokens,
            "tags": self.tags,
            "confidence": self.confidence,
            "probability": self.probability,
            "spans": [span._asdict() for span in self.spans],
        }
        return found if self.places is None else {**found, "places": self.places}


@dataclass(frozen=True)
class Evaluation:
    """scores: of spans, or of tags that are none.  errors: the most frequent first.

    unseen: words that the lookup does not have.  unseen_correct: those with the right tag.
    strange: true tags that can never be predicted, and how often each is there.
    """

    scores: SpanScores | TagScores
    errors: list[TagError]
    sentences: int
    unseen: int
    unseen_correct: int
    strange: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        unseen = {
            "tokens": self.unseen,
            "accuracy": self.unseen_correct / self.unseen if self.unseen else None,
        }
        scores = self.scores.to_json()
        if isinstance(self.scores, TagScores):  # each word is found once: all three are the same
            scores = {name: self.scores.accuracy for name in ("f1", "precision", "recall")} | scores
        return {
            **scores,
            "sentences": self.sentences,
            "unseen": unseen,
            "strange": self.strange,
            "errors": [error.to_json() for error in self.errors],
        }
