"""Small texts and small biLMs for the tests of ELMo."""

import random

from firth.neural.elmo_settings import ELMo

WORDS = ["the", "cat", "Katze", "sat", "naïve", "猫", "on"]


def animals(lines=120, seed=1):
    """Animals do what animals do."""
    draw = random.Random(seed)
    subjects, verbs = ["the cat", "a dog", "the bird"], ["sat", "ran away", "sang a song"]
    return [f"{draw.choice(subjects)} {draw.choice(verbs)} ." for _ in range(lines)]


def pairs(lines=200, seed=1):
    """cat so cats: what stands first says what stands last, and the other way."""
    draw = random.Random(seed)
    names = [draw.choice(["green", "cat", "two"]) for _ in range(lines)]
    return [f"{name} so {name}s" for name in names]


def small(**changes):
    """Settings of a net that trains in a second."""
    plain = {
        "preset": "tiny", "dim": 12, "filters": "1:8,2:8,3:8", "character_dim": 5, "layers": 2,
        "epochs": 3, "batch_tokens": 60, "rate": 0.01, "dropout": 0.1, "input_dropout": 0.1,
        "threads": 1, "device": "cpu", "checkpoint_every": 0.0, "character_min_count": 1,
    }  # fmt: skip
    return ELMo(**(plain | changes))
