"""Raw text as the tokens of tagged text: words, and what stands between them.

The words are those of the tokenizer `words` (UAX #29), as they are written; of what stands between
two of them each sign is a token too, and so is a run of one sign ("...", "--"). Corpora have rules
of their own (the Penn Treebank cuts can't into ca and n't): text that was cut by them is given
as tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from firth.text.tokens import Splitter, Tokenizer

#: a sign, with marks that belong to it, or a run of one sign
_SIGNS = re.compile(r"(\S)\1*[\u0300-\u036f\u200d\ufe0e\ufe0f]*")


class Cut(NamedTuple):
    """tokens of a line; token i is the line's characters starts[i] ... stops[i] - 1."""

    tokens: list[str]
    starts: list[int]
    stops: list[int]


def cut(lines: Sequence[str]) -> list[Cut]:
    """The tokens of each line; an empty line has none."""
    if not lines:
        return []
    splitter = Splitter(Tokenizer("words", fold_case=False))
    # a line is one here, whatever it holds
    flat = [line.replace("\n", " ") for line in lines]
    raw = [line.encode("utf-8", "surrogatepass") for line in flat]
    starts, stops, ends = (array.tolist() for array in splitter(b"\n".join(raw) + b"\n"))
    found, first, offset = [], 0, 0
    for line, bytes_, end in zip(flat, raw, ends, strict=True):
        here = [(starts[i] - offset, stops[i] - offset) for i in range(first, end)]
        if len(bytes_) != len(line):
            here = _characters(bytes_, here)
        found.append(_with_signs(line, here))
        first, offset = end, offset + len(bytes_) + 1
    return found


def _characters(raw: bytes, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places in bytes as places in characters."""
    number, at = [0], 0
    edges = [edge for place in places for edge in place]
    for edge in edges:
        number.append(number[-1] + len(raw[at:edge].decode("utf-8", "surrogatepass")))
        at = edge
    return list(zip(number[1::2], number[2::2], strict=True))


def _with_signs(line: str, words: list[tuple[int, int]]) -> Cut:
    places: list[tuple[int, int]] = []
    at = 0
    for start, stop in [*words, (len(line), len(line))]:
        if start > at:
            places += [match.span() for match in _SIGNS.finditer(line, at, start)]
        if stop > start:
            places.append((start, stop))
        at = stop
    tokens = [line[start:stop] for start, stop in places]
    return Cut(tokens, [start for start, _ in places], [stop for _, stop in places])
