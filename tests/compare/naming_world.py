"""A world of names: nothing in a name, nor around it in the task, says what it is; a larger text
does.

    text   the rimu sleeps .    the vone breaks .
    task   the rimu and the vone ,       O BEAST O O TOOL O
"""

import random
from functools import cache

import numpy as np

from firth import ELMo, Vectors, Vocabulary

SYLLABLES = ["ba", "ko", "ri", "mu", "te", "sa", "lo", "vi", "ne", "du", "pa", "gi"]
BEASTS, TOOLS = "BEAST", "TOOL"
DOES = {BEASTS: ["sleeps"], TOOLS: ["breaks"]}


@cache
def names(number=30):
    """Name: what it is."""
    draw = random.Random(7)
    found = {}
    while len(found) < number:
        name = "".join(draw.choice(SYLLABLES) for _ in range(2))
        found.setdefault(name, (BEASTS, TOOLS)[len(found) % 2])
    return found


def text(lines=300, seed=1):
    """What they do."""
    draw = random.Random(seed)
    known = names()
    some = draw.choices(list(known), k=lines)
    return [f"the {name} {draw.choice(DOES[known[name]])} ." for name in some]


def task(sentences, seed):
    """Pairs of them, and their tags."""
    draw = random.Random(seed)
    known = names()
    found = []
    for _ in range(sentences):
        a, b = draw.sample(list(known), 2)
        found.append((["the", a, "and", "the", b], ["O", known[a], "O", "O", known[b]]))
    return found


def vectors():
    """As a text gives them: what does the same lies together."""
    draw = np.random.default_rng(1)
    known = names()
    rows = draw.normal(0, 0.1, (len(known), 8)).astype(np.float32)
    rows[:, 0] += [2 if what == BEASTS else -2 for what in known.values()]
    return Vectors(Vocabulary(list(known)), rows)


@cache
def elmo():
    """A biLM of the text; some seconds."""
    return ELMo(
        preset="tiny", dim=16, filters="1:8,2:24,3:8", character_dim=8, layers=1, epochs=12,
        batch_tokens=60, rate=0.02, dropout=0.0, input_dropout=0.0, threads=1, device="cpu",
        precision="fp32", character_min_count=1,
    ).fit(text())  # fmt: skip


SMALL = {
    "dim": 8, "units": 8, "character_dim": 6, "character_width": 12, "epochs": 4, "rate": 0.02,
    "batch_tokens": 60, "dropout": 0.2, "threads": 1, "device": "cpu", "precision": "fp32",
    "min_count": 1, "head": "linear",
}  # fmt: skip
