"""Planted worlds: texts whose truth is known because we made them."""

import random

import numpy as np


def checkerboard(lines=600, words=20, length=12, seed=1, stray=0.0):
    """Even words stand beside even words, odd ones beside odd ones; `stray` of them go astray."""
    rng = random.Random(seed)
    sides = [[f"w{2 * i + side}" for i in range(words // 2)] for side in range(2)]
    text = [rng.choices(sides[rng.randrange(2)], k=length) for _ in range(lines)]
    if not stray:
        return text
    return [[f"w{int(w[1:]) ^ 1}" if rng.random() < stray else w for w in line] for line in text]


def checkerboard_score(vectors):
    """Share of words whose nearest five are all of their own side; chance is about 0.02."""
    good = [
        all(int(n.word[1:]) % 2 == int(word[1:]) % 2 for n in vectors.nearest(word, n=5))
        for word in vectors.names
    ]
    return float(np.mean(good))


def paradigms(lines=3000, seed=1):
    """Sentences of one pattern whose slots are filled by interchangeable words."""
    rng = random.Random(seed)
    slots = [[f"{name}{i}" for i in range(6)] for name in ("det", "adj", "noun", "verb", "adv")]
    return [[rng.choice(slot) for slot in slots] for _ in range(lines)]


def paradigm_score(vectors):
    """Share of words whose nearest three are of their own slot; chance is about 0.005."""
    good = [
        all(n.word[:-1] == word[:-1] for n in vectors.nearest(word, n=3)) for word in vectors.names
    ]
    return float(np.mean(good))


def bursts(lines=4000, seed=1):
    """Lines of many words, and here and there one word sixty times (printed matrices do that)."""
    rng = random.Random(seed)
    words = [f"v{i}" for i in range(3000)]
    text = []
    for _ in range(lines):
        text.append(rng.choices(words, k=20))
        if rng.random() < 0.05:
            text.append([rng.choice(words)] * 60)
    return text
