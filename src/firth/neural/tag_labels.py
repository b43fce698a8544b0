"""The tags a tagger chooses among, and the scheme they are learnt in.

Tags of spans are learnt in one scheme and written in another: IOBES says where a span ends, which
makes it easier to learn than IOB (Ratinov & Roth 2009); the answers come in the scheme of the
data. Tags that are no spans, parts of speech say, are what they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firth.errors import FormatError, VocabularyError
from firth.text.tag_schemes import (
    Span,
    Transitions,
    check,
    converted,
    parts,
    scheme_named,
    scheme_of,
    spans,
    tag_set,
    transitions,
)

#: the scheme of tags that are no spans
NONE = "none"
#: what a tag of a span looks like, whoever wrote it: B-PER, b-per, B_PER
_LIKE_SPANS = re.compile(r"([A-Za-z])[-_](.+)")


@dataclass(frozen=True)
class TagLabels:
    """names: what is chosen among, label by label.  scheme: of the data.  learnt: of the names."""

    names: tuple[str, ...]
    scheme: str = NONE
    learnt: str = NONE

    @staticmethod
    def of(tags: Iterable[Sequence[str]], scheme: str = "auto", learns: str = "IOBES") -> TagLabels:
        """Those of a training text.

        scheme "auto": spans if every tag is one of a span and one has a label (else `nearly_spans`
        says what is in the way). learns: "same" as the data, or a scheme.
        """
        tags = list(tags)
        counts = Counter(tag for some in tags for tag in some)
        if scheme == "auto":
            scheme = scheme_of(tags)[0] if _of_spans(counts) else NONE
        elif scheme != NONE:
            scheme = scheme_named(scheme)
        if scheme == NONE:
            return TagLabels(tuple(sorted(counts, key=lambda tag: (-counts[tag], tag))))
        # IO does not say where one span ends and the next begins; nothing finer can be learnt
        learnt = scheme if learns == "same" or scheme == "IO" else learns
        labels = {parts(tag)[1] for tag in counts if parts(tag)[0] != "O"}
        return TagLabels(tuple(tag_set(labels, learnt)), scheme, learnt)

    @property
    def spans(self) -> bool:
        """Whether the tags are of spans."""
        return self.scheme != NONE

    def __len__(self) -> int:
        return len(self.names)

    def allowed(self) -> Transitions | None:
        """What may stand behind what; None: everything."""
        return transitions(self.names, self.learnt) if self.spans else None

    def ids(self, tags: Iterable[Sequence[str]]) -> np.ndarray:
        """int64[N]: the tags of all sentences, one after another, as they are learnt.

        Raises:
            VocabularyError: a tag that is none of these.
        """
        known = {name: i for i, name in enumerate(self.names)}
        found: list[int] = []
        try:
            for some in tags:
                learnt = converted(some, None, self.learnt) if self.spans else some
                found += [known[tag] for tag in learnt]
        except KeyError as error:
            raise VocabularyError(
                f"The tag {error.args[0]!r} is none of the {len(self.names)} that are learnt."
            ) from None
        return np.array(found, np.int64)

    def tags(self, ids: Sequence[int]) -> list[str]:
        """Labels of a sentence as tags in the scheme of the data; what breaks it is repaired."""
        learnt = [self.names[i] for i in ids]
        return converted(learnt, None, self.scheme) if self.spans else learnt

    def spans_of(self, ids: Sequence[int]) -> list[Span]:
        """The spans that labels of a sentence say; none of tags without spans."""
        return spans([self.names[i] for i in ids]) if self.spans else []

    def written_alike(self) -> np.ndarray:
        """bool[K, K]: which labels become one tag in the scheme of the data: S-X and B-X of IOBES
        are both B-X in IOB2. In IOB1 that depends on the tag before: each is alone."""
        names = list(self.names)
        if self.spans and self.scheme in ("IO", "IOB2"):
            names = [_tag_alone(name, self.scheme) for name in names]
        written = np.array(names)
        return written[:, None] == written

    def as_answers(self, tags: Iterable[Sequence[str]], places: Sequence[str]) -> list[list[str]]:
        """Tags of another text in the scheme of the data, which answers are in.

        Raises:
            VocabularyError: one is no tag of a span, where these are; names its place.
        """
        if not self.spans:
            return [list(some) for some in tags]
        found: list[list[str]] = []
        for some, place in zip(tags, places, strict=True):
            odd = next((tag for tag in some if not is_of_span(tag)), None)
            if odd is not None:
                raise VocabularyError(
                    f"{place}: {odd!r} is no tag of a span, as those of the training sentences are "
                    f"({self.scheme}); correct it, or see --columns, or learn all tags as they "
                    'are: --scheme none (scheme="none").'
                )
            found.append(converted(some, None, self.scheme))
        return found

    def strange(self, tags: Iterable[Sequence[str]]) -> Counter[str]:
        """Tags of another text that can never be chosen, and how often each is there."""
        known = set(self.names)
        found: Counter[str] = Counter()
        for some in tags:
            learnt = converted(some, None, self.learnt) if self.spans else some
            found.update(own for own, tag in zip(some, learnt, strict=True) if tag not in known)
        return found

    def to_json(self) -> dict[str, Any]:
        return {"scheme": self.scheme, "learnt": self.learnt}

    @staticmethod
    def of_json(names: Sequence[str], given: dict[str, Any]) -> TagLabels:
        """
        Raises:
            FormatError: a damaged model.
        """
        try:
            return TagLabels(tuple(names), str(given["scheme"]), str(given["learnt"]))
        except KeyError as error:
            raise FormatError(
                "the model", f"no {error} among what is said of its text", "that of a tagger"
            ) from None


def _of_spans(counts: Counter[str]) -> bool:
    labelled = False
    for tag in counts:
        try:
            labelled |= bool(parts(tag)[1])
        except VocabularyError:
            return False
    return labelled


def _tag_alone(name: str, scheme: str) -> str:
    """A label of IOBES (or IOB2) by itself, in IO or IOB2."""
    letter, label = parts(name)
    if not label:
        return name
    return f"{'I' if scheme == 'IO' or letter in 'IE' else 'B'}-{label}"


def must_keep(scheme: str, placed: Iterable[tuple[str, Sequence[str]]]) -> None:
    """
    placed: (where, tags).

    Raises:
        VocabularyError: tags break the scheme they are said to have; names the first place.
    """
    for where, tags in placed:
        check(tags, scheme, where)


def nearly_spans(tags: Iterable[Sequence[str]], places: Iterable[str]) -> str:
    """Why tags that look like those of spans are learnt as they are; "" if they look otherwise.

    places: of the sentences, for the first tag that is in the way.
    """
    first: dict[str, str] = {}
    for some, place in zip(tags, places, strict=True):
        for tag in some:
            first.setdefault(tag, place)
    odd = next((tag for tag in first if not is_of_span(tag)), None)
    labelled = [tag for tag in first if tag.upper() != "O"]
    alike = sum(_LIKE_SPANS.fullmatch(tag) is not None for tag in labelled)
    if odd is None or len(labelled) == len(first) or 2 * alike <= len(labelled):
        return ""
    like = _LIKE_SPANS.fullmatch(odd)
    meant = f"{like[1].upper()}-{like[2]}" if like else odd.upper()
    remedy = f"write {meant}" if is_of_span(meant) else "correct it, or see --columns, --comments"
    return (
        f"most tags look like those of spans, but {odd!r} ({first[odd]}) is none, so all are "
        f"learnt as they are and scored by accuracy; {remedy}; if there are no spans, give "
        '--scheme none (scheme="none").'
    )


def is_of_span(tag: str) -> bool:
    """Whether it is one of the tags that write spans."""
    try:
        return bool(parts(tag))
    except VocabularyError:
        return False
