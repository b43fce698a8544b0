"""Lines of a name and D decimal numbers to float32: as float32(strtod(token)), much faster.

A number w 10^e with w < 2^53 and |e| <= 22 is one exact product or quotient of two exact
float64 (Clinger 1990), so the float64 is the nearest, as strtod's. Others are computed with a
relative error below 1e-15: if both ends of that interval give the same float32, that is it; if
not, or if the token is no plain decimal, the place of the token is handed back.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel

#: 10^0 … 10^290, each the nearest float64
POWERS = np.array([float(f"1e{exponent}") for exponent in range(291)])

SPACE, TAB, RETURN, NEWLINE, MINUS = 32, 9, 13, 10, 45
#: 2^53: whole numbers below it are exact in float64
EXACT = 9007199254740992
LOW, HIGH = 1 - 1e-15, 1 + 1e-15


@kernel
def parse_number(data, start, stop, powers):
    """(float32 value, True) of the token data[start:stop], or (0, False) if not sure."""
    at = start
    negative = False
    if data[at] == 45 or data[at] == 43:
        negative = data[at] == 45
        at += 1
    w, digits, exponent, any_digit, point = 0, 0, 0, False, False
    while at < stop:
        char = data[at]
        if 48 <= char <= 57:
            any_digit = True
            if digits < 18:
                w = w * 10 + (np.int64(char) - 48)
                if w > 0:
                    digits += 1
                if point:
                    exponent -= 1
            elif not point:
                exponent += 1
        elif char == 46 and not point:
            point = True
        else:
            break
        at += 1
    if not any_digit:
        return np.float32(0), False
    if at < stop:
        if (data[at] != 101 and data[at] != 69) or at + 1 == stop:
            return np.float32(0), False
        at += 1
        minus = False
        if data[at] == 45 or data[at] == 43:
            minus = data[at] == 45
            at += 1
        if at == stop or stop - at > 4:
            return np.float32(0), False
        power = 0
        while at < stop:
            char = data[at]
            if char < 48 or char > 57:
                return np.float32(0), False
            power = power * 10 + (np.int64(char) - 48)
            at += 1
        exponent += -power if minus else power
    size = abs(exponent)
    if w == 0:
        value = 0.0
    elif size > 290:
        return np.float32(0), False
    else:
        value = float(w) * powers[size] if exponent >= 0 else float(w) / powers[size]
        if w >= EXACT or size > 22:
            low = np.float32(value * LOW)
            high = np.float32(value * HIGH)
            if low != high:
                return np.float32(0), False
    return np.float32(-value if negative else value), True


@kernel
def parse_rows(data, ends, powers, values, names, lines, odd):
    """Parses lines of data uint8[n]; ends int64[m] are the places of their newlines.

    values float32[rows, D], names uint8[n] (each name and a newline), lines int64[rows] (line of
    each row, from 0) and odd int64[k, 4] (row, column, start, stop of each token left to the
    caller) are filled. Blank lines are passed over.

    Returns (rows, bytes of names, odd tokens, the first line without a name and D tokens or -1).
    """
    dim = values.shape[1]
    rows, length, odds, begin = 0, 0, 0, 0
    for line in range(ends.shape[0]):
        stop = ends[line]
        while stop > begin and (
            data[stop - 1] == SPACE or data[stop - 1] == TAB or data[stop - 1] == RETURN
        ):
            stop -= 1
        if stop > begin:
            for column in range(dim - 1, -1, -1):
                while stop > begin and (data[stop - 1] == SPACE or data[stop - 1] == TAB):
                    stop -= 1
                # digits from the right: w = sum of digit * scale
                w, scale, point, at = 0, 1, -1, stop - 1
                while at >= begin and stop - at <= 18:  # more would overflow
                    digit = np.int64(data[at]) - 48
                    if 0 <= digit <= 9:
                        w += digit * scale
                        scale *= 10
                    elif digit == -2 and point < 0:
                        point = stop - 1 - at
                    else:
                        break
                    at -= 1
                negative = False
                if at >= begin and data[at] == MINUS:
                    negative = True
                    at -= 1
                width = stop - 1 - at
                plain = 2 + negative <= width <= 17 and at >= begin
                if plain and point <= 22 and (data[at] == SPACE or data[at] == TAB):
                    value = float(w)
                    if point > 0:
                        value /= powers[point]
                    if w >= EXACT and np.float32(value * LOW) != np.float32(value * HIGH):
                        plain = False
                    values[rows, column] = np.float32(-value if negative else value)
                else:
                    plain = False
                start = at + 1
                if not plain:
                    start = stop
                    while start > begin and data[start - 1] != SPACE and data[start - 1] != TAB:
                        start -= 1
                    if start == begin:
                        return rows, length, odds, line
                    value32, sure = parse_number(data, start, stop, powers)
                    values[rows, column] = value32
                    if not sure:
                        if odds < odd.shape[0]:
                            odd[odds, 0] = rows
                            odd[odds, 1] = column
                            odd[odds, 2] = start
                            odd[odds, 3] = stop
                        odds += 1
                stop = start
            for at in range(begin, stop - 1):
                names[length] = data[at]
                length += 1
            names[length] = NEWLINE
            length += 1
            lines[rows] = line
            rows += 1
        begin = ends[line] + 1
    return rows, length, odds, -1
