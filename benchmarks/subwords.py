"""fastText word vectors against the `fasttext` package: CPU-seconds, similarity, unseen words.

    python -m benchmarks.subwords [--kinds skipgram plain cbow] [--words 4000000] [--seeds 3]

One process, the same text (the first words of enwiki_a, lower case), dimension 100, window 5, 5
negatives, t = 1e-4, rate 0.05, noise power 0.5, 2,000,000 buckets, 5 epochs: the package's
defaults. The time is that of the whole call on both sides, reading the text included. The package
runs with ten threads, as with fewer it leaves rows of its input matrix unset (its CPU-seconds are
summed; with one thread they are the same within some per cent); firth with one. The package takes
no seed for word vectors: its runs differ by their threads. It counts its passes in words of the
whole text but reads only those that are frequent enough: 5 epochs at minimum count 50 are 5.7
passes, so that firth makes 6 there (`passes`).

Quality: Spearman x 100 on three sets of pairs, with minimum count 5; and with minimum count 50,
where many words are never seen and get a vector from their n-grams.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from benchmarks.common import keep, options_of, plain_words, wanted
from firth import Corpus, FastText
from firth.vectors.correlation import spearman
from firth.vectors.questions import read_pairs

#: name: firth's settings, the package's, minimum counts
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, ...]]] = {
    "skipgram": ({}, {"model": "skipgram"}, (5, 50)),
    "plain": ({"max_n": 0, "min_n": 0}, {"model": "skipgram", "maxn": 0, "minn": 0}, (5,)),
    "cbow": ({"model": "cbow"}, {"model": "cbow"}, (5, 50)),
}
SETS = ("ws353", "simlex999", "mturk771")


def first_words(source: Path, target: Path, words: int) -> Path:
    """The first lines of a text that hold so many words."""
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for line in lines:
            if words <= 0:
                break
            words -= len(line.split())
            out.write(line)
    return target


def scores(vector: Any, known: Any) -> dict[str, float]:
    """Spearman x 100 of each set over the pairs whose words have a vector.

    vector(word): float32[d], zeros if it has none.  known(word): whether it was seen.
    """
    found: dict[str, float] = {}
    unseen = total = 0
    for name in SETS:
        gold, cosines = [], []
        for a, b, score in read_pairs(wanted("data", "similarity", "en", f"{name}.tsv")):
            a, b = a.lower(), b.lower()
            x, y = vector(a).astype(float), vector(b).astype(float)
            lengths = np.linalg.norm(x) * np.linalg.norm(y)
            if lengths > 0:
                gold.append(score)
                cosines.append(x @ y / lengths)
                total += 1
                unseen += not (known(a) and known(b))
        found[name] = round(100 * spearman(np.array(gold), np.array(cosines)), 2)
    return found | {"pairs": total, "pairs_with_unseen": unseen}


def passes(text: Path, min_count: int, epochs: int) -> int:
    """How often the package reads the frequent words of a text in so many epochs, rounded."""
    lines = text.read_text(encoding="utf-8").splitlines()
    counts = Counter(word for line in lines for word in line.split())
    counts["</s>"] = len(lines)
    kept = sum(count for count in counts.values() if count >= min_count)
    return round(epochs * counts.total() / kept)


def by_firth(kind: str, text: Path, min_count: int, epochs: int, seed: int) -> dict[str, Any]:
    model = FastText(
        preset="original",
        min_count=min_count,
        epochs=epochs,
        seed=seed,
        threads=1,
        **KINDS[kind][0],
    )
    began = time.process_time(), time.perf_counter()
    vectors = model.fit(Corpus(text, tokenizer="whitespace")).vectors
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    assert vectors is not None
    none = np.zeros(vectors.dim, np.float32)

    def vector(word: str) -> np.ndarray:
        return vectors[word] if vectors.known(word) else none

    return measured(cpu, wall) | scores(vector, vectors.__contains__)


def by_package(kind: str, text: Path, min_count: int, epochs: int, seed: int) -> dict[str, Any]:
    import fasttext

    began = time.process_time(), time.perf_counter()
    model = fasttext.train_unsupervised(
        str(text), minCount=min_count, epoch=epochs, thread=10, verbose=0, **KINDS[kind][1]
    )
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    return measured(cpu, wall) | scores(model.get_word_vector, set(model.words).__contains__)


def measured(cpu: float, wall: float) -> dict[str, Any]:
    return {"cpu_seconds": round(cpu, 2), "wall_seconds": round(wall, 2)}


def compared(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The package's mean time over firth's, and the means of the scores of both."""

    def mean(name: str, figure: str) -> float:
        return round(statistics.mean(run[figure] for run in runs[name]), 2)

    ratio = mean("fasttext", "cpu_seconds") / mean("firth", "cpu_seconds")
    result: dict[str, Any] = {"ratio_cpu_seconds": round(ratio, 2)}
    for score in (*SETS, "pairs", "pairs_with_unseen"):
        result[score] = {name: mean(name, score) for name in runs}
    return {**result, "runs": runs}


def main() -> None:
    parser = options_of(__doc__, "subwords")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--words", type=int, default=4_000_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, Any] = {"epochs": options.epochs, "words": options.words}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = plain_words(folder / "whole.txt", 8e-6 * options.words)
        text = first_words(whole, folder / "text.txt", options.words)
        small = first_words(whole, folder / "small.txt", 100_000)
        for kind in options.kinds:  # compiled before anything is timed
            by_firth(kind, small, 5, 1, 1)
        for kind in options.kinds:
            for min_count in KINDS[kind][2]:
                runs: dict[str, list[dict[str, Any]]] = {"firth": [], "fasttext": []}
                epochs = {
                    "firth": passes(text, min_count, options.epochs),
                    "fasttext": options.epochs,
                }
                for seed in range(1, options.seeds + 1):
                    for who, train in (("firth", by_firth), ("fasttext", by_package)):
                        runs[who].append(train(kind, text, min_count, epochs[who], seed))
                        print(kind, min_count, who, f"seed {seed}", runs[who][-1], flush=True)
                figures[f"{kind}, min count {min_count}"] = found = {
                    "epochs": epochs,
                    **compared(runs),
                }
                print({k: v for k, v in found.items() if k != "runs"}, flush=True)
                keep(options.name, figures)


if __name__ == "__main__":
    main()
