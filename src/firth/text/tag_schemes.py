"""Spans written as one tag for each token: IO, IOB1, IOB2 (BIO), IOBES (BIOES), BILOU and BMES.

    tokens   U.N.   official  Ekeus   flew  East   Timor  Paris
    spans    ORG              PER           LOC---------  LOC
    IO       I-ORG  O         I-PER   O     I-LOC  I-LOC  I-LOC     the last two become one
    IOB1     I-ORG  O         I-PER   O     I-LOC  I-LOC  B-LOC     B- only where two meet
    IOB2     B-ORG  O         B-PER   O     B-LOC  I-LOC  B-LOC     B- at every beginning
    IOBES    S-ORG  O         S-PER   O     B-LOC  E-LOC  S-LOC     ends and singles marked too
    BILOU    U-ORG  O         U-PER   O     B-LOC  L-LOC  U-LOC     IOBES with L- for E-, U- for S-
    BMES     S-ORG  O         S-PER   O     B-LOC  E-LOC  S-LOC     IOBES with M- for I-

IOB1: Ramshaw & Marcus 1995; the names: Tjong Kim Sang & Veenstra 1999. A tag is a letter, a hyphen
and a label; what stands before the first hyphen is the letter, so that labels may hold hyphens. A
letter alone (B, I) is a span whose label is empty.

Any tags, also those that break a scheme, are read as conlleval reads them (2004-01-26; with the
rules for S- that its later version and seqeval have), and so each scheme is read by one rule:

    a span begins   at B- and S-, behind O, E- and S-, and where the label changes
    a span ends     before O, before the next beginning, and with the sentence

Thus I-X without a B-X before it begins a span, and B-X without an E-X is a span nevertheless.
The version of 2004 itself differs only in tags with E- and S-: there B-X right behind E-X goes on
with the span, and so does S-X behind S-X.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from firth.errors import SettingError, VocabularyError, did_you_mean

#: the letters of each scheme
SCHEMES = {
    "IO": "OI", "IOB1": "OBI", "IOB2": "OBI", "IOBES": "OBIES", "BILOU": "OBILU", "BMES": "OBMES",
}  # fmt: skip
_ALSO = {
    "BIO": "IOB2", "IOB": "IOB1", "BIOES": "IOBES", "IOBE": "IOBES", "BIOUL": "BILOU",
    "BMESO": "BMES",
}  # fmt: skip
#: schemes that differ from IOBES in letters alone: its letters -> theirs
SPELT = {"BILOU": str.maketrans("ES", "LU"), "BMES": str.maketrans("I", "M")}
#: each letter -> that of IOBES
_LETTERS = {**{letter: letter for letter in "OBIES"}, "L": "E", "U": "S", "M": "I"}


class Span(NamedTuple):
    """Tokens start, ..., stop - 1."""

    label: str
    start: int
    stop: int


class Transitions(NamedTuple):
    """What a scheme allows, for K tags.

    start: bool[K], may be the first tag.  end: bool[K], may be the last one.
    pairs: bool[K, K]; pairs[i, j]: tag j may stand right behind tag i.
    """

    start: np.ndarray
    end: np.ndarray
    pairs: np.ndarray


def scheme_named(name: str) -> str:
    """The name in SCHEMES: BIO is IOB2, IOB is IOB1, BIOES is IOBES, BIOUL is BILOU; any case.

    Raises:
        SettingError: there is no such scheme.
    """
    upper = str(name).upper()
    if upper in SCHEMES:
        return upper
    if upper in _ALSO:
        return _ALSO[upper]
    known = [*SCHEMES, "BIO", "BIOES"]
    raise SettingError(
        f"scheme={name!r} is not one of {', '.join(known)}.{did_you_mean(upper, known)}"
    )


@lru_cache(maxsize=1 << 16)
def parts(tag: str) -> tuple[str, str]:
    """(letter, label) of a tag; L, U and M of BILOU and BMES are E, S and I.

    Raises:
        VocabularyError: it begins with no letter of the schemes.
    """
    letter, _, label = tag.partition("-")
    if letter not in _LETTERS or (letter == "O" and label):
        raise VocabularyError(
            f"{tag!r} is no tag of a span; wanted O, or B-, I-, E- or S- (BILOU: L-, U-; BMES: M-) "
            "and a label, as in B-PER. Tags of single tokens (parts of speech) have no spans; "
            "score them as tags."
        )
    return _LETTERS[letter], label


def written(letter: str, label: str) -> str:
    """The tag; the inverse of `parts`, but for the letters of BILOU and BMES."""
    return f"{letter}-{label}" if label else letter


def spans(tags: Sequence[str], scheme: str | None = None) -> list[Span]:
    """The spans in the order of the sentence.

    scheme: tags that break it are an error; None: they are read as conlleval reads them.

    Raises:
        VocabularyError: a tag is none, or breaks the scheme that was given.
    """
    if scheme is not None:
        check(tags, scheme)
    found: list[Span] = []
    before, before_label = "O", ""
    start = 0
    for i, tag in enumerate(tags):
        letter, label = parts(tag)
        begins = letter != "O" and (letter in "BS" or before in "OES" or label != before_label)
        if before != "O" and (begins or letter == "O"):
            found.append(Span(before_label, start, i))
        if begins:
            start = i
        before, before_label = letter, label
    if before != "O":
        found.append(Span(before_label, start, len(tags)))
    return found


def tags(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The spans as one tag for each of `length` tokens; `spans` reads them back in order.

    IO cannot tell two spans of one label that touch: they are read again as one.

    Raises:
        SettingError: spans that are empty, overlap, or lie outside of the sentence.
    """
    scheme = scheme_named(scheme)
    written_tags = ["O"] * length
    stop_before, label_before = 0, None
    for label, start, stop in sorted(spans, key=lambda span: (span[1], span[2])):
        if not 0 <= start < stop <= length:
            raise SettingError(
                f"The span {label!r} from {start} to {stop} does not lie in a sentence of {length} "
                "tokens; wanted 0 <= start < stop <= the number of tokens."
            )
        if start < stop_before:
            raise SettingError(
                f"The span {label!r} from {start} to {stop} begins before {stop_before}, where the "
                f"span {label_before!r} ends; a token has one tag: leave one of the two out."
            )
        touches = start == stop_before and label == label_before
        letters = _letters(stop - start, scheme, touches)
        written_tags[start:stop] = [written(letter, label) for letter in letters]
        stop_before, label_before = stop, label
    return written_tags


def _letters(tokens: int, scheme: str, touches: bool) -> str:
    """touches: a span of the same label ends right before."""
    if scheme == "IOBES" or scheme in SPELT:
        letters = "S" if tokens == 1 else "B" + "I" * (tokens - 2) + "E"
        return letters.translate(SPELT.get(scheme, {}))
    begins = scheme == "IOB2" or (scheme == "IOB1" and touches)
    return ("B" if begins else "I") + "I" * (tokens - 1)


def converted(sequence: Sequence[str], source: str | None, target: str) -> list[str]:
    """The tags of one scheme in another.

    source: tags that break it are an error. None: any tags, repaired where they break a scheme, in
    that the spans which conlleval reads are written in `target`.

    Raises:
        VocabularyError: a tag is none, or breaks `source`.  SettingError: no such scheme.
    """
    return tags(spans(sequence, source), len(sequence), target)


def may_follow(before: str | None, after: str | None, scheme: str) -> bool:
    """Whether `after` may stand right behind `before`; None: the start or the end of a sentence.

    The edges of a sentence allow what O allows. Raises as `parts`.
    """
    scheme = scheme_named(scheme)
    p, label = ("O", "") if before is None else parts(before)
    q, next_label = ("O", "") if after is None else parts(after)
    if _letter(after) not in SCHEMES[scheme]:
        return False
    inside = p in "BI" and label == next_label  # of one span, if the two are of one
    if scheme == "IOB1":
        return q != "B" or inside
    if scheme == "IOB2":
        return q != "I" or inside
    if scheme == "IO":
        return True
    return inside if q in "IE" else p not in "BI"


def _letter(tag: str | None) -> str:
    """As it is written; None: an edge of the sentence."""
    return "O" if tag is None else tag.partition("-")[0]


def breaches(tags: Sequence[str], scheme: str) -> list[int]:
    """Where the scheme is broken: tags that may not stand behind the one before them.

    len(tags) among them: the sentence may not end with its last tag.
    """
    edged: list[str | None] = [None, *tags, None]
    return [i for i in range(len(tags) + 1) if not may_follow(edged[i], edged[i + 1], scheme)]


def check(tags: Sequence[str], scheme: str, where: str = "") -> None:
    """
    where: said first ("train.txt, line 7").

    Raises:
        VocabularyError: the tags break the scheme; says which, where, and what may be done.
    """
    scheme = scheme_named(scheme)
    broken = breaches(tags, scheme)
    if not broken:
        return
    at = broken[0]
    if at == len(tags):
        what = f"the sentence ends with {tags[-1]!r}"
    elif _letter(tags[at]) not in SCHEMES[scheme]:
        what = f"tag {at + 1} of {len(tags)} is {tags[at]!r}"
    else:
        behind = f"stands behind {tags[at - 1]!r}" if at else "begins the sentence"
        what = f"tag {at + 1} of {len(tags)}, {tags[at]!r}, {behind}"
    more = f" (and {len(broken) - 1} more such places)" if len(broken) > 1 else ""
    said = f"{where}: {what}" if where else what[0].upper() + what[1:]
    raise VocabularyError(
        f"{said}, which {scheme} does not allow{more}; name the scheme that the tags have, or none "
        "to have them read as conlleval reads them."
    )


def transitions(tags: Sequence[str], scheme: str) -> Transitions:
    """Which of `tags` may begin and end a sentence and stand behind one another.

    Give all tags of the labels (`tag_set`): with B-X among them and no E-X, nothing may follow B-X
    in IOBES.
    """
    return Transitions(
        np.array([may_follow(None, tag, scheme) for tag in tags], bool),
        np.array([may_follow(tag, None, scheme) for tag in tags], bool),
        np.array([[may_follow(i, j, scheme) for j in tags] for i in tags], bool).reshape(
            len(tags), len(tags)
        ),
    )


def tag_set(labels: Iterable[str], scheme: str) -> list[str]:
    """O and all tags of the labels, those that are never seen in training too."""
    letters = SCHEMES[scheme_named(scheme)][1:]
    return ["O"] + [written(letter, label) for label in sorted(set(labels)) for letter in letters]


def scheme_of(sentences: Iterable[Sequence[str]]) -> tuple[str, int]:
    """(the scheme that the tags break least, how often they do).

    IOB2 before IOB1 before IOBES, BILOU, BMES where several are broken as little. Never IO: tags
    of I- and O alone are IOB1 too, are read the same, and IOB1 loses nothing when it is written.

    Raises:
        VocabularyError: a tag is none.
    """
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for tags in sentences:
        edged: list[str | None] = [None, *tags, None]
        pairs.update(zip(edged[:-1], edged[1:], strict=True))
    broken = {
        scheme: sum(n for pair, n in pairs.items() if not may_follow(*pair, scheme))
        for scheme in ("IOB2", "IOB1", "IOBES", *SPELT)
    }
    best = min(broken, key=lambda scheme: broken[scheme])
    return best, broken[best]
