"""Texts made here for the tests of `firth.compat.fasttext`."""

import random

TOPICS = {
    "kitchen": ["banana", "bread", "oven", "dish", "bake", "flour", "pan", "spoon", "soup", "salt"],
    "garden": ["rose", "soil", "seed", "rake", "bloom", "root", "hedge", "lawn", "tulip", "moss"],
    "harbour": ["ship", "rope", "anchor", "tide", "sail", "crew", "deck", "port", "wave", "mast"],
}
COMMON = ["the", "a", "is", "to", "of", "and", "which", "best"]


def labelled_lines(lines, seed=1, several=False):
    """Lines of fastText's format: the words tell the topic."""
    rng = random.Random(seed)
    result = []
    for _ in range(lines):
        topics = rng.sample(sorted(TOPICS), 2 if several and rng.random() < 0.3 else 1)
        words = [rng.choice(TOPICS[rng.choice(topics)]) for _ in range(5)]
        words += rng.choices(COMMON, k=4)
        rng.shuffle(words)
        result.append(" ".join([*(f"__label__{topic}" for topic in topics), *words]))
    return result


def plain_lines(lines, seed=1):
    """Text without labels; each line has a topic."""
    return [line.split(" ", 1)[1] for line in labelled_lines(lines, seed)]


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)
