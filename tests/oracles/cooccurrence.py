"""Co-occurrence from its definition, in fractions: slow and plain."""

from collections import Counter
from fractions import Fraction


def counted(lines, window, direction="both", weighting="harmonic", min_count=1):
    """{(word, neighbour): weight} of lists of tokens; rare words take no place."""
    seen = Counter(token for line in lines for token in line)
    found = Counter()
    for line in lines:
        line = [token for token in line if seen[token] >= min_count]
        for p, word in enumerate(line):
            for q, other in enumerate(line):
                near = {
                    "both": 0 < abs(p - q) <= window,
                    "left": 0 < p - q <= window,
                    "right": 0 < q - p <= window,
                }
                if near[direction]:
                    found[word, other] += Fraction(1, abs(p - q) if weighting == "harmonic" else 1)
    return found
