"""Word boundaries rule by rule, as UAX #29 writes them, with properties from the package regex.

Slow and plain: each rule looks at the text to the left and right of a place.
"""

from __future__ import annotations

import functools

import regex

NAMES = (
    "ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet", "MidLetter", "MidNum",
    "MidNumLet", "Single_Quote", "Double_Quote", "Regional_Indicator", "Extend", "Format", "ZWJ",
    "CR", "LF", "Newline", "WSegSpace",
)  # fmt: skip
PATTERNS = {name: regex.compile(rf"\p{{WB={name}}}") for name in NAMES}
PICTURE = regex.compile(r"\p{Extended_Pictographic}")
WHITE = regex.compile(r"\s")
WORD = regex.compile(r"[\p{L}\p{N}\p{M}\p{Extended_Pictographic}\p{Regional_Indicator}\p{EMod}]")

LETTER = ("ALetter", "Hebrew_Letter")
MID = ("MidNumLet", "Single_Quote")


@functools.cache
def kind(character: str) -> str:
    for name, pattern in PATTERNS.items():
        if pattern.match(character):
            return name
    return "Other"


def boundary(text: str, i: int) -> bool:
    """Whether a word boundary stands before text[i]."""
    if i in (0, len(text)):
        return True  # WB1, WB2
    before, after = kind(text[i - 1]), kind(text[i])
    if before == "CR" and after == "LF":
        return False  # WB3
    if before in ("CR", "LF", "Newline") or after in ("CR", "LF", "Newline"):
        return True  # WB3a, WB3b
    if before == "ZWJ" and PICTURE.match(text[i]):
        return False  # WB3c
    if before == after == "WSegSpace":
        return False  # WB3d
    if after in ("Extend", "Format", "ZWJ"):
        return False  # WB4
    # from here on marks and format characters are not seen
    left = [kind(c) for c in shown(text[:i])][-2:]
    right = [kind(c) for c in shown(text[i:])][:2]
    a, b = ([""] * 2 + left)[-2:]
    x, y = (right + [""] * 2)[:2]
    if b in LETTER and x in LETTER:
        return False  # WB5
    if b in LETTER and x in ("MidLetter", *MID) and y in LETTER:
        return False  # WB6
    if a in LETTER and b in ("MidLetter", *MID) and x in LETTER:
        return False  # WB7
    if b == "Hebrew_Letter" and x == "Single_Quote":
        return False  # WB7a
    if b == "Hebrew_Letter" and x == "Double_Quote" and y == "Hebrew_Letter":
        return False  # WB7b
    if a == "Hebrew_Letter" and b == "Double_Quote" and x == "Hebrew_Letter":
        return False  # WB7c
    if b == "Numeric" and x == "Numeric":
        return False  # WB8
    if b in LETTER and x == "Numeric":
        return False  # WB9
    if b == "Numeric" and x in LETTER:
        return False  # WB10
    if a == "Numeric" and b in ("MidNum", *MID) and x == "Numeric":
        return False  # WB11
    if b == "Numeric" and x in ("MidNum", *MID) and y == "Numeric":
        return False  # WB12
    if b == "Katakana" and x == "Katakana":
        return False  # WB13
    joined = (*LETTER, "Numeric", "Katakana")
    if b in (*joined, "ExtendNumLet") and x == "ExtendNumLet":
        return False  # WB13a
    if b == "ExtendNumLet" and x in joined:
        return False  # WB13b
    if x == "Regional_Indicator":  # WB15, WB16
        flags = 0
        for c in reversed(shown(text[:i])):
            if kind(c) != "Regional_Indicator":
                break
            flags += 1
        return flags % 2 == 0
    return True  # WB999


def shown(text: str) -> list[str]:
    """The characters that are not skipped by WB4: a mark counts at the start of a line or text."""
    result: list[str] = []
    for c in text:
        skipped = kind(c) in ("Extend", "Format", "ZWJ")
        if skipped and result and kind(result[-1]) not in ("CR", "LF", "Newline"):
            continue
        result.append(c)
    return result


def segments(text: str) -> list[str]:
    """What stands between the boundaries of UAX #29, all of it."""
    cuts = [i for i in range(len(text) + 1) if boundary(text, i)]
    return [text[start:stop] for start, stop in zip(cuts, cuts[1:], strict=False)]


def words(text: str) -> list[str]:
    """The tokens of firth: white space is cut at first, segments without a letter are left out."""
    tokens = []
    for piece in regex.split(r"[\p{White_Space}--\u202F]+", text, flags=regex.V1):
        for segment in segments(piece) if piece else []:
            if WORD.search(segment):
                tokens.append(segment.strip("\u202f"))
    return tokens
