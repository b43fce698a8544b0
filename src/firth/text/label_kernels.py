"""Labels inside a text, as fastText writes them: tokens that begin with a prefix.

    __label__news __label__sport the match was late \\n

The blanks between tokens are fastText's: space, tab, line feed, carriage return, vertical tab,
form feed and the byte 0.
"""

from __future__ import annotations

from firth.compiled import kernel


@kernel(inline="always")
def is_blank(byte):
    """One of fastText's blanks; bytes of other scripts never are."""
    return byte == 0x20 or 9 <= byte <= 13 or byte == 0


@kernel
def take_labels(text, prefix, plain, starts, stops, ends):
    """Overwrites each label in `plain`, a copy of `text`, with spaces.

    text, plain uint8[n]; prefix uint8[p], not empty.
    starts, stops int32[at least n / (p + 1) + 1]: label l is text[starts[l]:stops[l]], without the
    prefix.  ends int32[at least as many as line feeds]: line i ends before label ends[i].
    Returns (labels, lines).
    """
    n, p = text.shape[0], prefix.shape[0]
    labels = lines = 0
    i = 0
    while i < n:
        if is_blank(text[i]):
            if text[i] == 10:
                ends[lines] = labels
                lines += 1
            i += 1
            continue
        start = i
        k = 0
        while k < p and i < n and text[i] == prefix[k]:
            k += 1
            i += 1
        while i < n and not is_blank(text[i]):
            i += 1
        if k == p:
            starts[labels] = start + p
            stops[labels] = i
            labels += 1
            plain[start:i] = 0x20
    return labels, lines


@kernel
def pieces(text, starts, stops, ends):
    """What stands between fastText's blanks; arguments as `splitters.pieces`."""
    tokens = lines = 0
    i, n = 0, text.shape[0]
    while i < n:
        if is_blank(text[i]):
            if text[i] == 10:
                ends[lines] = tokens
                lines += 1
            i += 1
            continue
        starts[tokens] = i
        while i < n and not is_blank(text[i]):
            i += 1
        stops[tokens] = i
        tokens += 1
    return tokens, lines


@kernel
def line_each(text, starts, stops, out, new_starts, new_stops):
    """Copies the tokens text[starts[i]:stops[i]] to `out`, each ended by a line feed."""
    at = 0
    for i in range(starts.shape[0]):
        new_starts[i] = at
        for j in range(starts[i], stops[i]):
            out[at] = text[j]
            at += 1
        new_stops[i] = at
        out[at] = 10
        at += 1
