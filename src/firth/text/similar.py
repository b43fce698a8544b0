"""Names that look like a word somebody typed: what an error message offers.

Comparing letter by letter with every name takes seconds on 400,000 of them. So the names are first
sifted by the pairs of neighbouring bytes they share with the word (a set of 64 hashed pairs in one
integer each), and only the best of them are compared properly.
"""

from __future__ import annotations

import numpy as np

from firth.errors import nearest

#: names that are compared properly
SIFTED = 200
#: bytes sifted at once: bounds the memory
CHUNK = 4_000_000

_BITS = np.array([bin(i).count("1") for i in range(1 << 16)], np.uint8)


def candidates_of_list(word: str, names: list[str]) -> np.ndarray:
    """As `candidates`, of names that are strings."""
    blob = "\n".join(names).encode("utf-8", "surrogatepass")
    text = np.frombuffer(blob, np.uint8)
    if sum(map(len, names[:100])) and blob.count(b"\n") == len(names) - 1:
        ends = np.append(np.flatnonzero(text == 10), len(text))
        return candidates(word, text, np.append(0, ends[:-1] + 1), ends)
    sizes = [len(name.encode("utf-8", "surrogatepass")) for name in names]
    stops = np.cumsum(sizes) + np.arange(len(sizes))
    return candidates(word, text, stops - sizes, stops)


def candidates(
    word: str, text: np.ndarray, starts: np.ndarray, stops: np.ndarray, n: int = SIFTED
) -> np.ndarray:
    """int64[<= n]: the names that share most pairs of bytes with `word`, in any case of letters.

    text: uint8[bytes]; name i is text[starts[i]:stops[i]].
    """
    asked = np.frombuffer(word.lower().encode("utf-8", "surrogatepass"), np.uint8)
    wanted = np.bitwise_or.reduce(_pairs(asked), initial=np.uint64(0))
    size = int(_count(np.array([wanted]))[0])
    if not size or not len(starts):
        return np.empty(0, np.int64)
    scores = np.zeros(len(starts), np.float32)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + CHUNK)))
        begin, end = starts[first], stops[last - 1]
        pairs = _pairs(text[begin:end])
        edges = np.stack([starts[first:last], stops[first:last]], 1).ravel() - begin
        # a pair belongs to its first byte, the last byte of a name begins none
        edges[1::2] = np.maximum(edges[1::2] - 1, edges[::2])
        long = edges[1::2] > edges[::2]
        sets = np.zeros(last - first, np.uint64)
        if long.any():
            kept = np.stack([edges[::2][long], edges[1::2][long]], 1).ravel()
            sets[long] = np.bitwise_or.reduceat(np.append(pairs, np.uint64(0)), kept)[::2]
        shared = _count(sets & wanted).astype(np.float32)
        scores[first:last] = 2 * shared / (size + _count(sets))
        first = last
    # equal scores: the more frequent name, which comes first
    order = np.argsort(-scores, kind="stable")[:n]
    return order[scores[order] > 0]


def best(word: str, names: list[str], n: int) -> list[str]:
    """The `n` of `names` most like `word`; one that differs only in case comes first."""
    same = [name for name in names if name.casefold() == word.casefold()]
    rest = [name for name in names if name not in same]
    return (same + nearest(word, rest, n))[:n]


def _pairs(text: np.ndarray) -> np.ndarray:
    """uint64[len - 1]: for each byte and its next, one bit of 64."""
    lower = text | ((text >= 65) & (text <= 90)).astype(np.uint8) << 5
    mixed = lower[:-1].astype(np.uint16) * np.uint16(31) + lower[1:] * np.uint16(7)
    return np.uint64(1) << (mixed & np.uint16(63)).astype(np.uint64)


def _count(sets: np.ndarray) -> np.ndarray:
    """uint8[n]: how many bits are set."""
    return _BITS[np.ascontiguousarray(sets).view(np.uint16).reshape(-1, 4)].sum(1, dtype=np.uint8)
