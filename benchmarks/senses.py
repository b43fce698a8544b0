"""Do contextual neighbours tell two senses of a word apart?

    python -m benchmarks.senses ELMO [--vectors MODEL] [--name senses]

20 ambiguous words, two senses each, six sentences a sense, written for this (senses.tsv: word,
sense, sentence with the word marked). Of each occurrence the nearest of the other eleven of the
same word, by cosine, should have the same sense:

    nearest   share of occurrences of which it has; by chance 5 / 11 = 0.4545
    pairs     how often two of one sense are nearer than two of different senses; by chance 0.5

of each layer and of their average, and of controls: `untrained`, the same net with weights as they
are drawn (mean of three); `around`, the mean of the spelling vectors of the other words of the
sentence; `static`, the mean of their word vectors, where --vectors gives some. What stands equally
near counts by its share. Shown are the failures of the top layer.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import math
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import firth
from benchmarks.common import keep, options_of
from firth.neural.bilm import BiLM
from firth.neural.occurrences import Marked, marked_in
from firth.vectors.vectors import Vectors

SENTENCES = Path(__file__).with_name("senses.tsv")
#: nearer than this is equally near
EQUAL = 1e-6


class Line(NamedTuple):
    word: str
    sense: str
    sentence: Marked


class Score(NamedTuple):
    nearest: float
    pairs: float


def lines_of(model: firth.Contextual) -> list[Line]:
    rows = [row.split("\t") for row in SENTENCES.read_text("utf-8").splitlines()]
    return [Line(word, sense, marked_in(text, model.cut)) for word, sense, text in rows]


def vectors_of(model: firth.Contextual, lines: list[Line]) -> dict[str, np.ndarray]:
    """[lines, width] of each layer of the marked words, of their average, and of those around."""
    found = model.of([line.sentence.words for line in lines])
    whole = np.stack([h[:, line.sentence.place] for h, line in zip(found, lines, strict=True)])
    ways = {f"layer {j}": whole[:, j] for j in range(model.layers)}
    ways["average"] = whole.mean(1)
    around = [
        np.delete(h[0], line.sentence.place, axis=0).mean(0)
        for h, line in zip(found, lines, strict=True)
    ]
    return ways | {"around": np.stack(around)}


def static_of(vectors: Vectors, lines: list[Line]) -> np.ndarray:
    """[lines, dim]: the mean of the vectors of the known words around."""
    rows = []
    for line in lines:
        words, place = line.sentence
        others = [word.lower() for word in words[:place] + words[place + 1 :]]
        rows.append(np.mean([vectors[word] for word in others if word in vectors], axis=0))
    return np.stack(rows)


def scored(lines: list[Line], h: np.ndarray) -> tuple[Score, dict[str, float], list[str]]:
    """Of all words, `nearest` word by word, and the failures."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        groups[line.word].append(number)
    unit = h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-12)
    words, pairs, failures = {}, [], []
    for word, rows in groups.items():
        near = unit[rows] @ unit[rows].T
        senses = np.array([lines[row].sense for row in rows])
        same = senses[:, None] == senses
        other = ~np.eye(len(rows), dtype=bool)
        right = []
        for i in range(len(rows)):
            best = near[i][other[i]].max()
            among = other[i] & (near[i] >= best - EQUAL)
            right.append(float(same[i][among].mean()))
            if right[-1] < 0.5:
                j = int(np.flatnonzero(among)[0])
                texts = (" ".join(lines[rows[k]].sentence.words) for k in (i, j))
                failures.append(f"{word}, {senses[i]}: " + "  --  nearest: ".join(texts))
        words[word] = float(np.mean(right))
        alike, different = near[same & other], near[~same]
        gaps = alike[:, None] - different
        pairs.append(float(((gaps > EQUAL) + 0.5 * (np.abs(gaps) <= EQUAL)).mean()))
    return Score(float(np.mean(list(words.values()))), float(np.mean(pairs))), words, failures


def untrained(model: firth.Contextual, lines: list[Line], seeds: int = 3) -> dict[str, list[float]]:
    """[nearest, pairs] of the top layer and of the average, of nets that have learnt nothing."""
    found = defaultdict(list)
    trained = model.net
    for seed in range(seeds):
        torch.manual_seed(seed)
        model.net = BiLM(trained.settings, model.symbols, words=0).to(model.device).eval()
        ways = vectors_of(model, lines)
        for way in (f"layer {model.layers - 1}", "average"):
            found[f"untrained, {way}"].append(scored(lines, ways[way])[0])
    model.net = trained
    return {way: np.mean(scores, axis=0).tolist() for way, scores in found.items()}


def main() -> None:
    parser = options_of(__doc__, "senses")
    parser.add_argument("model", metavar="ELMO")
    parser.add_argument("--vectors", help="word vectors of the same text, for `static`")
    parser.add_argument("--failures", type=int, default=20, help="how many to show")
    options = parser.parse_args()
    model = firth.Contextual(firth.load(options.model), device="cpu", threads=1)
    lines = lines_of(model)
    ways = vectors_of(model, lines)
    if options.vectors:
        ways["static"] = static_of(firth.load_vectors(options.vectors), lines)
    found = {way: scored(lines, h) for way, h in ways.items()}
    scores = {way: list(score) for way, (score, _, _) in found.items()} | untrained(model, lines)
    print(
        f"{len(lines)} occurrences of {len({line.word for line in lines})} words; by chance 0.4545"
    )
    for way, (nearest, pairs) in scores.items():
        error = math.sqrt(nearest * (1 - nearest) / len(lines))
        print(f"{way:24} nearest {nearest:.4f} +- {error:.4f}   pairs {pairs:.4f}")
    _, words, failures = found[f"layer {model.layers - 1}"]
    for word, share in sorted(words.items(), key=lambda one: -one[1]):
        print(f"  {word:10} {share:.3f}")
    print(f"{len(failures)} failures of the top layer, among them:")
    for failure in failures[: options.failures]:
        print(f"  {failure}")
    keep(
        options.name,
        {
            "occurrences": len(lines),
            "scores": {way: {"nearest": a, "pairs": b} for way, (a, b) in scores.items()},
            "words": words,
            "failures": failures,
        },
    )


if __name__ == "__main__":
    main()
