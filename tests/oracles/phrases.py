"""Phrases by their definition, with strings and dictionaries."""

import math
from collections import Counter


def candidates(line, connectors=()):
    """(first, connectors between, last) of each place of a line, as (words of the candidate)."""
    held = []
    for word in line:
        if word in connectors:
            if held:
                held.append(word)
            continue
        if held:
            yield (*held, word)
        held = [word]


def counted(lines, connectors=()):
    """(Counter of words, Counter of candidates, tokens)."""
    words = Counter(word for line in lines for word in line if word not in connectors)
    pairs = Counter(pair for line in lines for pair in candidates(line, connectors))
    return words, pairs, sum(map(len, lines))


def scored(lines, scoring="vocabulary", min_count=5, threshold=10.0, connectors=()):
    """{words of a phrase: (score, count)} of one pass."""
    words, pairs, tokens = counted(lines, connectors)
    found = {}
    for pair, n_ab in pairs.items():
        n_a, n_b = words[pair[0]], words[pair[-1]]
        if n_ab < min_count:
            continue
        if scoring == "npmi":
            p_a, p_b, p_ab = n_a / tokens, n_b / tokens, n_ab / tokens
            score = math.log(p_ab / (p_a * p_b)) / -math.log(p_ab)
        else:
            factor = tokens if scoring == "tokens" else len(words) + len(pairs)
            score = (n_ab - min_count) / (n_a * n_b) * factor
        if score > threshold:
            found[pair] = score, n_ab
    return found


def joined(line, phrases, connectors=(), delimiter="_"):
    """A line with `phrases` joined, from left to right: tries each place, longest reach unknown."""
    out, i = [], 0
    while i < len(line):
        end = i + 1
        while end < len(line) and line[end] in connectors:
            end += 1
        words = tuple(line[i : end + 1])
        if line[i] not in connectors and end < len(line) and words in phrases:
            out.append(delimiter.join(words))
            i = end + 1
        else:
            out.append(line[i])
            i += 1
    return out
