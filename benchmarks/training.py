"""Skip-gram and CBOW against gensim: CPU-seconds of training and the quality of both.

    python -m benchmarks.training [--kinds sg100 sg300 cbow100 hs100] [--epochs 3] [--seeds 3]

One process, one thread each, the same text (enwiki_a, lower case, words), window 5, 5 negatives,
t = 1e-3, min count 5, the same rate. gensim trains by its fastest way (corpus_file). Reading the
text and building the vocabulary are left out on both sides. Quality by the protocol "gensim" with
the first 30,000 words for analogies.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.common import keep, options_of, plain_words, wanted
from firth import CBOW, Corpus, SkipGram, Vectors, Vocabulary
from firth.progress import Progress
from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity

KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    # name: firth's class and settings, gensim's settings
    "sg100": (SkipGram, {"dim": 100}, {"vector_size": 100, "sg": 1}),
    "sg300": (SkipGram, {"dim": 300}, {"vector_size": 300, "sg": 1}),
    "cbow100": (CBOW, {"dim": 100, "rate": 0.025}, {"vector_size": 100, "sg": 0}),
    "cbow100-rate.05": (
        CBOW,
        {"dim": 100, "rate": 0.05},
        {"vector_size": 100, "sg": 0, "alpha": 0.05},
    ),
    "hs100": (
        SkipGram,
        {"dim": 100, "objective": "hierarchical-softmax"},
        {"vector_size": 100, "sg": 1, "hs": 1, "negative": 0},
    ),
}


class TrainingTime(Progress):
    """CPU-seconds and wall seconds between the start and the end of training."""

    def start(self, task: str, total: float | None, unit: str) -> None:
        if task.startswith("training"):
            self.began = time.process_time(), time.perf_counter()

    def finish(self) -> None:
        if hasattr(self, "began"):
            self.cpu = time.process_time() - self.began[0]
            self.wall = time.perf_counter() - self.began[1]


def quality(vectors: Vectors) -> dict[str, float]:
    scores = {}
    for name in ("ws353", "simlex999"):
        path = wanted("data", "similarity", "en", f"{name}.tsv")
        scores[name] = 100 * evaluate_similarity(vectors, path, protocol="gensim").spearman
    path = wanted("data", "analogy", "en", "google.txt.gz")
    report = evaluate_analogies(vectors, path, protocol="gensim", limit=30_000)
    scores["analogies"] = 100 * report.accuracy
    return {name: round(score, 2) for name, score in scores.items()}


def by_firth(kind: str, text: Path, epochs: int, seed: int) -> dict[str, Any]:
    model_class, settings, _ = KINDS[kind]
    clock = TrainingTime()
    model = model_class(**settings, epochs=epochs, seed=seed, threads=1)
    fitted = model.fit(Corpus(text, tokenizer="whitespace"), progress=clock)
    words = epochs * fitted.corpus["tokens"]
    return measured(clock.cpu, clock.wall, words, quality(fitted.vectors))


def by_gensim(kind: str, text: Path, epochs: int, seed: int) -> dict[str, Any]:
    from gensim.models import Word2Vec

    settings = {"window": 5, "min_count": 5, "sample": 1e-3, "negative": 5} | KINDS[kind][2]
    model = Word2Vec(**settings, workers=1, seed=seed, epochs=epochs)
    model.build_vocab(corpus_file=str(text))
    began = time.process_time(), time.perf_counter()
    model.train(
        corpus_file=str(text),
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=epochs,
    )
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    vectors = Vectors(Vocabulary(model.wv.index_to_key), model.wv.vectors)
    return measured(cpu, wall, epochs * model.corpus_total_words, quality(vectors))


def measured(cpu: float, wall: float, words: int, scores: dict[str, float]) -> dict[str, Any]:
    return {
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "words_per_cpu_second": round(words / cpu),
        **scores,
    }


def main() -> None:
    parser = options_of(__doc__, "training")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, help="of text; all if not given")
    options = parser.parse_args()
    figures: dict[str, Any] = {"epochs": options.epochs}
    with tempfile.TemporaryDirectory() as folder:
        text = plain_words(Path(folder) / "text.txt", options.megabytes)
        for kind in options.kinds:  # compiled before anything is timed
            small = plain_words(Path(folder) / "small.txt", 1)
            by_firth(kind, small, 1, 1)
        for kind in options.kinds:
            runs: dict[str, list[dict[str, Any]]] = {"firth": [], "gensim": []}
            for seed in range(1, options.seeds + 1):
                for name, train in (("firth", by_firth), ("gensim", by_gensim)):
                    runs[name].append(train(kind, text, options.epochs, seed))
                    print(kind, name, f"seed {seed}", runs[name][-1], flush=True)
            figures[kind] = compared(runs)
            print(kind, {k: v for k, v in figures[kind].items() if k != "runs"}, flush=True)
    keep(options.name, figures)


def compared(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """gensim's mean time over firth's, and the means of the scores, firth's less gensim's."""

    def mean(name: str, figure: str) -> float:
        return statistics.mean(run[figure] for run in runs[name])

    result: dict[str, Any] = {}
    for figure in ("cpu_seconds", "wall_seconds"):
        result[f"ratio_{figure}"] = round(mean("gensim", figure) / mean("firth", figure), 2)
    for score in ("ws353", "simlex999", "analogies"):
        ours, theirs = mean("firth", score), mean("gensim", score)
        result[score] = {
            "firth": round(ours, 2),
            "gensim": round(theirs, 2),
            "difference": round(ours - theirs, 2),
        }
    return {**result, "runs": runs}


if __name__ == "__main__":
    main()
