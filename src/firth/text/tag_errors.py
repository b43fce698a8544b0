"""What goes wrong most often where tags are predicted: pairs of what is true and what was found.

Of spans each true one that was not found is counted once, by the predicted span that shares most
words with it, and each predicted one that shares no word with a true one:

    NP -> VP               the same words, another label
    NP -> NP, other words  the same label, other borders; likewise for another label
    NP -> nothing          no predicted span there;   nothing -> NP  no true one
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from firth.text.tag_schemes import Span, spans

NOTHING = "nothing"
OTHER = ", other words"


@dataclass(frozen=True)
class TagError:
    """true, found: labels.  count: how often.  example: the words of the first one."""

    true: str
    found: str
    count: int
    example: str

    def to_json(self) -> dict[str, Any]:
        return {
            "true": self.true,
            "found": self.found,
            "count": self.count,
            "example": self.example,
        }


def tag_errors(
    words: Iterable[Sequence[str]], gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]]
) -> list[TagError]:
    """Of tags that are no spans, the most frequent first."""
    seen: dict[tuple[str, str], list[Any]] = {}
    for line, true_tags, found_tags in zip(words, gold, found, strict=True):
        for word, true, other in zip(line, true_tags, found_tags, strict=True):
            if true != other:
                _count(seen, true, other, word)
    return _ranked(seen)


def span_errors(
    words: Iterable[Sequence[str]], gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]]
) -> list[TagError]:
    """Of spans, read out of any tags by conlleval's rule; the most frequent first."""
    seen: dict[tuple[str, str], list[Any]] = {}
    for line, true_tags, found_tags in zip(words, gold, found, strict=True):
        true_spans, found_spans = spans(true_tags), spans(found_tags)
        right = set(true_spans) & set(found_spans)
        for span in true_spans:
            if span not in right:
                shown = " ".join(line[span.start : span.stop])
                _count(seen, span.label, _instead(span, found_spans), shown)
        for span in found_spans:
            if not any(_shared(span, other) for other in true_spans):
                shown = " ".join(line[span.start : span.stop])
                _count(seen, NOTHING, span.label, shown)
    return _ranked(seen)


def _instead(span: Span, others: Sequence[Span]) -> str:
    """What stands where `span` should."""
    best = max(others, key=lambda other: _shared(span, other), default=None)
    if best is None or not _shared(span, best):
        return NOTHING
    same = (best.start, best.stop) == (span.start, span.stop)
    return best.label if same else best.label + OTHER


def _shared(a: Span, b: Span) -> int:
    """Words of both."""
    return max(0, min(a.stop, b.stop) - max(a.start, b.start))


def _count(seen: dict[tuple[str, str], list[Any]], true: str, found: str, shown: str) -> None:
    seen.setdefault((true, found), [0, shown])[0] += 1


def _ranked(seen: dict[tuple[str, str], list[Any]]) -> list[TagError]:
    pairs = sorted(seen.items(), key=lambda item: (-item[1][0], item[0]))
    return [TagError(true, found, n, shown) for (true, found), (n, shown) in pairs]
