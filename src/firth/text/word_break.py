"""Words by the default word boundaries of Unicode (UAX #29), found in UTF-8 bytes.

A segment between two boundaries is a token if it holds a letter, digit, mark, ideograph, flag or
pictograph; white space and segments of nothing but punctuation and symbols stand between tokens.

The rules (WB3 to WB16 of UAX #29) ask what stands before a code point, skipping marks and format
characters (WB4). That is a state; ACTIONS says for each state and each class of the next code
point whether there is a boundary between them. Three rules look one further (WB6, WB7b, WB12: the
apostrophe of "can't" joins only if a letter follows): there the state waits, and a boundary is put
before the apostrophe later if it must (SPLIT).

Departs from UAX #29 so that no token begins or ends with white space: a mark after a space stands
alone (there: belongs to the space), and U+202F, the narrow no-break space, which joins like an
underscore, is taken off the ends of a token. Thai, Lao, Khmer and Burmese are cut into single
characters, as UAX #29 does without a dictionary.
"""

from __future__ import annotations

import functools

import numpy as np

from firth.compiled import kernel
from firth.text import characters as c
from firth.text.characters import code_point, width

# what stands before, skipping marks: its class, or
NOTHING = 0  # the start of a segment, or a class after which there is always a boundary
LETTER, HEBREW, NUMERIC, KATAKANA, UNDERSCORE = 1, 2, 3, 4, 5
ONE_FLAG = 6  # an odd number of regional indicators
HEBREW_QUOTE = 7  # Hebrew letter, apostrophe (WB7a)
LETTER_MID, HEBREW_MID, NUMERIC_MID = 8, 9, 10  # waiting: was that a boundary?
STATES = 11

# what to do at a code point; the state after it is added
JOIN, BREAK, WAIT, SPLIT = 0, 16, 32, 48


@functools.cache
def actions() -> np.ndarray:
    """uint8[STATES, CLASSES]: action + next state."""
    after = {
        c.LETTER: LETTER,
        c.HEBREW: HEBREW,
        c.NUMERIC: NUMERIC,
        c.KATAKANA: KATAKANA,
        c.UNDERSCORE: UNDERSCORE,
        c.FLAG: ONE_FLAG,
    }
    table = np.empty((STATES, c.CLASSES), np.uint8)
    for kind in range(c.CLASSES):
        table[:, kind] = BREAK + after.get(kind, NOTHING)  # WB999
    table[[LETTER_MID, HEBREW_MID, NUMERIC_MID]] += SPLIT - BREAK

    def join(states: tuple[int, ...], kinds: tuple[int, ...]) -> None:
        for state in states:
            for kind in kinds:
                table[state, kind] = JOIN + after[kind]

    letters = (c.LETTER, c.HEBREW)
    join((LETTER, HEBREW, NUMERIC), (*letters, c.NUMERIC))  # WB5, 8, 9, 10
    join((LETTER_MID, HEBREW_QUOTE), letters)  # WB7
    join((HEBREW_MID,), (c.HEBREW,))  # WB7c
    join((NUMERIC_MID,), (c.NUMERIC,))  # WB11
    join((KATAKANA,), (c.KATAKANA,))  # WB13
    join((LETTER, HEBREW, NUMERIC, KATAKANA, UNDERSCORE), (c.UNDERSCORE,))  # WB13a
    join((UNDERSCORE,), (*letters, c.NUMERIC, c.KATAKANA))  # WB13b
    table[[[LETTER], [HEBREW]], [c.MID_LETTER, c.MID_BOTH, c.QUOTE]] = WAIT + LETTER_MID  # WB6
    table[HEBREW, c.QUOTE] = JOIN + HEBREW_QUOTE  # WB7a
    table[HEBREW, c.DOUBLE_QUOTE] = WAIT + HEBREW_MID  # WB7b
    table[NUMERIC, [c.MID_NUMBER, c.MID_BOTH, c.QUOTE]] = WAIT + NUMERIC_MID  # WB12
    table[ONE_FLAG, c.FLAG] = JOIN + NOTHING  # WB15, 16
    table.flags.writeable = False
    return table


@kernel(inline="always")
def _emit(text, start, stop, starts, stops, tokens):
    """Notes the token start:stop, without narrow no-break spaces (E2 80 AF) at its ends."""
    while (
        stop - start >= 3
        and text[stop - 1] == 0xAF
        and text[stop - 2] == 0x80
        and text[stop - 3] == 0xE2
    ):
        stop -= 3
    while (
        stop - start >= 3
        and text[start] == 0xE2
        and text[start + 1] == 0x80
        and text[start + 2] == 0xAF
    ):
        start += 3
    starts[tokens] = start
    stops[tokens] = stop
    return tokens + 1


@kernel
def words(text, properties, actions, starts, stops, ends):
    """The tokens of `text`, UTF-8 in whole lines or cut at white space.

    text: uint8[n]; token t is text[starts[t]:stops[t]] (int32[<= n]); line l ends before token
    ends[l] (int32[lines]).  Returns (tokens, lines).
    """
    tokens = 0
    lines = 0
    state = NOTHING
    start = -1  # of the open segment; -1: none
    word = False  # is it a token so far?
    wait = -1  # where a boundary may come to be
    late = False  # is what follows `wait` a token by itself?
    joiner = False  # was the last code point a zero-width joiner?
    i = 0
    n = text.shape[0]
    while i < n:
        size = width(text[i])
        kind = properties[code_point(text, i, size)]
        group = kind & c.CLASS
        if group >= c.SPACE:
            if start >= 0:
                if wait >= 0:
                    if word:  # a cedilla by itself joins letters and is none
                        tokens = _emit(text, start, wait, starts, stops, tokens)
                    start = wait
                    word = late
                    wait = -1
                if word:
                    tokens = _emit(text, start, i, starts, stops, tokens)
                start = -1
            if group == c.LINE:
                ends[lines] = tokens
                lines += 1
            state = NOTHING
            joiner = False
            i += size
            continue
        is_word = (kind & c.WORD) != 0
        if group >= c.EXTEND:  # WB4
            if start < 0:
                start = i
                word = False
            if wait >= 0:
                late |= is_word
            else:
                word |= is_word
            joiner = group == c.JOINER
            i += size
            continue
        action = actions[state, group]
        state = action & 15
        action = action - state
        if action == SPLIT:
            if word:
                tokens = _emit(text, start, wait, starts, stops, tokens)
            start = wait
            word = late
            wait = -1
            action = BREAK
        if action == BREAK and not (joiner and (kind & c.PICTURE) != 0):  # WB3c
            if start >= 0 and word:
                tokens = _emit(text, start, i, starts, stops, tokens)
            start = i
            word = is_word
        elif action == WAIT:
            wait = i
            late = is_word
        else:
            word |= is_word or (wait >= 0 and late)
            wait = -1
        joiner = False
        i += size
    if start >= 0:
        if wait >= 0:
            if word:
                tokens = _emit(text, start, wait, starts, stops, tokens)
            start = wait
            word = late
        if word:
            tokens = _emit(text, start, n, starts, stops, tokens)
    return tokens, lines
