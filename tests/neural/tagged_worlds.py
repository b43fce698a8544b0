"""Sentences whose tags follow from something that a test can leave out."""

import random

SYLLABLES = ["ba", "ko", "ri", "mu", "te", "sa", "lo", "vi", "ne", "du"]


def stem(draw):
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 3)))


def neighbours(n, seed=1):
    """run, play, walk: NOUN behind the, VERB behind to; the word alone does not tell."""
    draw = random.Random(seed)
    found = []
    for _ in range(n):
        words, tags = [], []
        for _ in range(draw.randint(1, 4)):
            before, tag = draw.choice([("the", "NOUN"), ("to", "VERB")])
            words += [before, draw.choice(["run", "play", "walk"])]
            tags += ["DET" if before == "the" else "PART", tag]
        found.append((words, tags))
    return found


def endings(n, seed=1):
    """Words of random syllables: the ending decides, and hardly a word comes twice."""
    draw = random.Random(seed)
    kinds = [("ing", "VERB"), ("ness", "NOUN"), ("ly", "ADV")]
    found = []
    for _ in range(n):
        pairs = [draw.choice(kinds) for _ in range(draw.randint(2, 5))]
        found.append(([stem(draw) + end for end, _ in pairs], [tag for _, tag in pairs]))
    return found


def names(n, seed=1, scheme="IOB2"):
    """mr begins a PER of the words up to a full stop, in an ORG of one word; the rest is O."""
    draw = random.Random(seed)
    found = []
    for _ in range(n):
        words, tags = [], []
        for _ in range(draw.randint(1, 3)):
            kind = draw.choice(["PER", "ORG", "O"])
            if kind == "PER":
                length = draw.randint(1, 3)
                words += ["mr", *(draw.choice(["ba", "ko", "ri"]) for _ in range(length)), "."]
                tags += ["O", "B-PER", *["I-PER"] * (length - 1), "O"]
            elif kind == "ORG":
                words += ["at", draw.choice(["ba", "ko", "ri"])]
                tags += ["O", "B-ORG"]
            else:
                words.append(draw.choice(["so", "then", "but"]))
                tags.append("O")
        found.append((words, tags))
    return found
