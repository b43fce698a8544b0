"""Planted worlds of labelled texts: their truth is known because we made them."""

import random

TOPICS = ("sport", "news", "food", "art")


def topics(texts=400, seed=1, several=False, order=None):
    """(labels, tokens): half of the words of a text are those of its topic, half of all topics.

    several: a third of the texts have two topics.  order: None, or "sorted" by label.
    """
    rng = random.Random(seed)
    common = [f"the{i}" for i in range(12)]
    found = []
    for _ in range(texts):
        labels = rng.sample(TOPICS, 2 if several and rng.random() < 1 / 3 else 1)
        words = [f"{rng.choice(labels)}{rng.randrange(15)}" for _ in range(6)]
        words += rng.choices(common, k=6)
        rng.shuffle(words)
        found.append((labels, words))
    if order == "sorted":
        found.sort(key=lambda one: one[0])
    return found


def order_matters(texts=400, seed=1):
    """The label is the order in which two words stand: words alone say nothing."""
    rng = random.Random(seed)
    found = []
    for _ in range(texts):
        a, b = rng.sample(["x", "y", "z"], 2)
        filler = rng.choices(["p", "q", "r"], k=2)
        found.append((["rising" if a < b else "falling"], [filler[0], a, b, filler[1]]))
    return found


def endings(texts=400, seed=1):
    """The label is the ending of words that never come twice."""
    rng = random.Random(seed)
    found = []
    for i in range(texts):
        label = rng.choice(["ing", "ung", "ness"])
        stem = "".join(rng.choices("bcdfgklmprst", k=5))
        found.append(([label], [f"{stem}{i}{label}"]))
    return found


def accuracy(classifier, examples):
    """Share of texts whose best label is one of their own."""
    labels, _ = classifier.top([text for _, text in examples])
    right = [
        number >= 0 and classifier.labels[number] in own
        for (own, _), number in zip(examples, labels[:, 0].tolist(), strict=True)
    ]
    return sum(right) / len(right)


def lines(examples):
    """fastText's format."""
    return [
        " ".join([*(f"__label__{label}" for label in labels), *words]) for labels, words in examples
    ]
