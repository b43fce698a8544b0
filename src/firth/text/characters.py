"""What the tokenizers know of each code point: one byte, looked up in a table of all of them."""

from __future__ import annotations

import functools

import numpy as np

from firth.compiled import kernel

# the classes of UAX #29, table 3
OTHER, LETTER, HEBREW, NUMERIC, KATAKANA, UNDERSCORE = 0, 1, 2, 3, 4, 5  # (ExtendNumLet)
MID_LETTER, MID_NUMBER, MID_BOTH, QUOTE, DOUBLE_QUOTE, FLAG = 6, 7, 8, 9, 10, 11  # (MidNumLet, RI)
EXTEND, FORMAT, JOINER, SPACE = 12, 13, 14, 15
#: ours: the line feed, which ends a line
LINE = 16
CLASSES = 17

_LETTERS = "oahnkulmbqdrefjs"

#: the class of a property byte
CLASS = 31
#: a code point that makes a segment a token: letter, digit, mark, ideograph, emoji
WORD = 32
#: Extended_Pictographic
PICTURE = 64


@functools.cache
def properties() -> np.ndarray:
    """uint8[0x110000]: the class of each code point, with WORD and PICTURE."""
    from firth.text.unicode_runs import RUNS

    starts, values = [], []
    for run in RUNS.split():
        bare = run.rstrip("+!")
        starts.append(int(bare[:-1], 36))
        values.append(_LETTERS.index(bare[-1]) + WORD * ("+" in run) + PICTURE * ("!" in run))
    sizes = np.diff([*starts, 0x110000])
    table = np.repeat(np.array(values, np.uint8), sizes)
    table[10] = LINE
    table.flags.writeable = False
    return table


@kernel(inline="always")
def width(byte):
    """How many bytes the code point takes that begins with `byte`."""
    return 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@kernel(inline="always")
def code_point(text, i, size):
    """The code point of `size` bytes at `i` of valid UTF-8."""
    if size == 1:
        return np.int64(text[i])
    if size == 2:
        return (np.int64(text[i]) & 0x1F) << 6 | np.int64(text[i + 1]) & 0x3F
    if size == 3:
        return (
            (np.int64(text[i]) & 0x0F) << 12
            | (np.int64(text[i + 1]) & 0x3F) << 6
            | np.int64(text[i + 2]) & 0x3F
        )
    return (
        (np.int64(text[i]) & 0x07) << 18
        | (np.int64(text[i + 1]) & 0x3F) << 12
        | (np.int64(text[i + 2]) & 0x3F) << 6
        | np.int64(text[i + 3]) & 0x3F
    )
