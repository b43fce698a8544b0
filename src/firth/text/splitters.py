"""The simple tokenizers as kernels over UTF-8 bytes: white space, characters, given separators.

Each has the arguments of `word_break.words`: token t is text[starts[t]:stops[t]], line l ends
before token ends[l]; it returns (tokens, lines).
"""

from __future__ import annotations

from firth.compiled import kernel
from firth.text import characters as c
from firth.text.characters import code_point, width

#: stand for the end of a token and of a line where tokens are given: bytes that UTF-8 never has
TOKEN_END, LINE_END = 0xFF, 0xFE


@kernel(inline="always")
def _blank(text, i):
    """Bytes of the white space at `i`, 0 if there is none: what str.split() splits at."""
    byte = text[i]
    if byte <= 0x20:
        return 1 if byte == 0x20 or 9 <= byte <= 13 or 0x1C <= byte <= 0x1F else 0
    if byte < 0xC2:
        return 0
    if byte == 0xC2:
        return 2 if text[i + 1] == 0x85 or text[i + 1] == 0xA0 else 0
    if byte < 0xE1 or byte > 0xE3:
        return 0
    point = code_point(text, i, 3)
    if (
        0x2000 <= point <= 0x200A
        or point == 0x1680
        or point == 0x2028
        or point == 0x2029
        or point == 0x202F
        or point == 0x205F
        or point == 0x3000
    ):
        return 3
    return 0


@kernel
def pieces(text, starts, stops, ends):
    """What stands between white space: str.split()."""
    tokens = 0
    lines = 0
    start = -1
    i = 0
    n = text.shape[0]
    while i < n:
        byte = text[i]
        if byte > 0x20 and byte < 0xC2:  # the common case
            if start < 0:
                start = i
            i += 1
            continue
        size = _blank(text, i)
        if size == 0:
            if start < 0:
                start = i
            i += 1
            continue
        if start >= 0:
            starts[tokens] = start
            stops[tokens] = i
            tokens += 1
            start = -1
        if byte == 10:
            ends[lines] = tokens
            lines += 1
        i += size
    if start >= 0:
        starts[tokens] = start
        stops[tokens] = n
        tokens += 1
    return tokens, lines


@kernel
def characters(text, properties, starts, stops, ends):
    """Characters as a reader sees them, without white space.

    A code point with the marks and format characters after it; pictographs joined by U+200D;
    regional indicators by two (flags). Nearly the grapheme clusters of UAX #29: Hangul given as
    single jamo is not composed.
    """
    tokens = 0
    lines = 0
    start = -1
    joiner = False
    flags = 0
    i = 0
    n = text.shape[0]
    while i < n:
        size = width(text[i])
        code = code_point(text, i, size)
        kind = properties[code]
        group = kind & c.CLASS
        blank = group >= c.SPACE or _blank(text, i) > 0
        joins = start >= 0 and (
            c.EXTEND <= group <= c.JOINER
            # the vowels am of Thai and Lao: marks to a reader, letters to Word_Break
            or code == 0x0E33
            or code == 0x0EB3
            or (joiner and (kind & c.PICTURE) != 0)
            or (group == c.FLAG and flags == 1)
        )
        if blank or not joins:
            if start >= 0:
                starts[tokens] = start
                stops[tokens] = i
                tokens += 1
            start = -1 if blank else i
            flags = 0
        if group == c.LINE:
            ends[lines] = tokens
            lines += 1
        flags = flags + 1 if group == c.FLAG else flags
        joiner = group == c.JOINER
        i += size
    if start >= 0:
        starts[tokens] = start
        stops[tokens] = n
        tokens += 1
    return tokens, lines


@kernel
def given(text, starts, stops, ends):
    """Tokens that are already apart: each ended by TOKEN_END, each line by LINE_END as well."""
    tokens = 0
    lines = 0
    start = 0
    for i in range(text.shape[0]):
        if text[i] == TOKEN_END:
            if i > start:
                starts[tokens] = start
                stops[tokens] = i
                tokens += 1
            start = i + 1
        elif text[i] == LINE_END:
            ends[lines] = tokens
            lines += 1
            start = i + 1
    return tokens, lines
