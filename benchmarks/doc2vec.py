"""PV-DBOW and PV-DM against gensim's Doc2Vec, on the film reviews of IMDB.

    python -m benchmarks.doc2vec [--kinds dbow dm] [--reviews 100000] [--epochs 10] [--seeds 3]

One process, one thread each, the same text (train, test and unsup of IMDB, mixed once; lower case,
words and marks), the same settings. gensim trains by its fastest way (corpus_file), where its PV-DM
takes windows of full reach whatever `shrink_windows` says; so does ours unless asked. Reading the
text and building the vocabulary are left out on both sides. Then logistic regression (scikit-learn,
standardised, C = 1) on the vectors that training gave the reviews of train, and its accuracy on
those of test; for firth also on vectors inferred for test by the trained model. All reviews are in
the training of the vectors, without their labels, as in gensim's own notebook.

    --recipe        only firth, with the settings of docs/doc2vec.md, on all cores
    --words N       only the first N words of the mixed reviews: a look at the speed, no accuracy
"""

from __future__ import annotations

import os
import random
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from benchmarks.common import keep, options_of, wanted
from benchmarks.training import TrainingTime
from firth import PVDBOW, PVDM, Corpus
from firth.static.infer import infer

DIM = 100
KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    # name: firth's class and settings, gensim's settings
    "dbow": (PVDBOW, {}, {"dm": 0}),
    "dbow-words": (PVDBOW, {"words": True}, {"dm": 0, "dbow_words": 1}),
    "dbow-hs": (PVDBOW, {"objective": "hierarchical-softmax"}, {"dm": 0, "hs": 1, "negative": 0}),
    "dm": (PVDM, {}, {"dm": 1, "dm_mean": 1}),
    "dm-sum": (PVDM, {"combine": "sum"}, {"dm": 1, "dm_mean": 0}),
    "dm-concatenation": (PVDM, {"combine": "concatenation"}, {"dm": 1, "dm_concat": 1}),
}
#: what both are given
SAME = {"window": 5, "min_count": 5, "subsample": 1e-3, "negatives": 5, "rate": 0.025}
RECIPE = {"dim": 100, "epochs": 20, "subsample": 0.0, "min_count": 2}


class Reviews:
    """The reviews as both programs read them, one a line, and the labels of some."""

    def __init__(self, folder: Path, many: int, words: int | None = None) -> None:
        import gzip

        found = []
        for part, share in (("train", 4), ("test", 4), ("unsup", 2)):
            path = wanted("data", "imdb", f"{part}.tsv.gz")
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                rows = [line.rstrip("\n").split("\t") for line in lines]
            random.Random(1).shuffle(rows)
            # label, stars, number, text
            found += [(part, row[0], row[3]) for row in rows[: many // share]]
        random.Random(2).shuffle(found)
        self.path = folder / "reviews.txt"
        rows_of: dict[str, list[int]] = {"train": [], "test": []}
        labels: dict[str, list[bool]] = {"train": [], "test": []}
        self.lines: list[str] = []
        left = float("inf") if words is None else words
        for part, label, text in found:
            tokens = re.findall(r"\w+|[^\w\s]", text.replace("<br />", " ").lower())
            if left <= 0:
                break
            left -= len(tokens)
            if part in rows_of:
                rows_of[part].append(len(self.lines))
                labels[part].append(label == "pos")
            self.lines.append(" ".join(tokens))
        self.path.write_text("\n".join(self.lines) + "\n", "utf-8")
        self.rows = {part: np.array(rows) for part, rows in rows_of.items()}
        self.labels = {part: np.array(some) for part, some in labels.items()}

    def accuracy(self, train: np.ndarray, test: np.ndarray) -> float:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(train, self.labels["train"])
        return round(100 * float(model.score(test, self.labels["test"])), 2)

    def scores(self, documents: np.ndarray) -> dict[str, float]:
        train, test = (documents[self.rows[part]] for part in ("train", "test"))
        return {"accuracy": self.accuracy(train, test)}


def by_firth(
    kind: str, reviews: Reviews, epochs: int, seed: int, score: bool, **other: Any
) -> dict[str, Any]:
    model_class, settings, _ = KINDS[kind]
    clock = TrainingTime()
    given = {"dim": DIM, "threads": 1, **SAME, **settings, "epochs": epochs, "seed": seed, **other}
    model = model_class(**given)
    fitted = model.fit(Corpus(reviews.path, tokenizer="whitespace"), progress=clock)
    assert fitted.documents is not None
    found = measured(clock.cpu, clock.wall, model.epochs * fitted.corpus["tokens"])
    found["losses"] = [round(entry["loss"], 4) for entry in fitted.history]
    if score:
        found |= reviews.scores(fitted.documents.matrix)
        test = [reviews.lines[row] for row in reviews.rows["test"]]
        began = time.process_time()
        inferred = infer(fitted, test, threads=model.threads)
        found["inferred_per_cpu_second"] = round(len(test) / (time.process_time() - began))
        train = fitted.documents.matrix[reviews.rows["train"]]
        found["accuracy_inferred"] = reviews.accuracy(train, inferred.vectors)
    return found


def by_gensim(kind: str, reviews: Reviews, epochs: int, seed: int, score: bool) -> dict[str, Any]:
    from gensim.models.doc2vec import Doc2Vec

    names = {"subsample": "sample", "negatives": "negative", "rate": "alpha"}
    settings = {names.get(name, name): value for name, value in SAME.items()} | KINDS[kind][2]
    model = Doc2Vec(vector_size=DIM, workers=1, seed=seed, epochs=epochs, **settings)
    model.build_vocab(corpus_file=str(reviews.path))
    began = time.process_time(), time.perf_counter()
    model.train(
        corpus_file=str(reviews.path),
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=epochs,
    )
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    found = measured(cpu, wall, epochs * model.corpus_total_words)
    if score:
        found |= reviews.scores(model.dv.vectors)
        some = [reviews.lines[row].split() for row in reviews.rows["test"][:200]]
        began = time.process_time()
        for words in some:
            model.infer_vector(words)
        found["inferred_per_cpu_second"] = round(len(some) / (time.process_time() - began))
    return found


def measured(cpu: float, wall: float, words: int) -> dict[str, Any]:
    return {
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "words_per_cpu_second": round(words / cpu),
    }


def compared(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """gensim's mean time over firth's, and the mean accuracies."""

    def mean(name: str, figure: str) -> float:
        return statistics.mean(run[figure] for run in runs[name])

    result: dict[str, Any] = {}
    for figure in ("cpu_seconds", "wall_seconds"):
        result[f"ratio_{figure}"] = round(mean("gensim", figure) / mean("firth", figure), 2)
    if "accuracy" in runs["firth"][0]:
        ours, theirs = mean("firth", "accuracy"), mean("gensim", "accuracy")
        result["accuracy"] = {
            "firth": round(ours, 2),
            "gensim": round(theirs, 2),
            "difference": round(ours - theirs, 2),
        }
    return {**result, "runs": runs}


def main() -> None:
    parser = options_of(__doc__, "doc2vec")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["dbow", "dm"])
    parser.add_argument("--reviews", type=int, default=100_000)
    parser.add_argument("--words", type=int)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"reviews": options.reviews}
    with tempfile.TemporaryDirectory() as folder:
        small = Reviews(Path(folder), 400)
        for kind in options.kinds:  # compiled before anything is timed
            by_firth(kind, small, 1, 1, score=not options.words)
        reviews = Reviews(Path(folder), options.reviews, options.words)
        if options.recipe:
            figures["recipe"] = RECIPE
            seeds = range(1, options.seeds + 1)
            figures["runs"] = []
            for seed in seeds:
                recipe = {**RECIPE, "threads": 0}
                epochs = recipe.pop("epochs")
                figures["runs"].append(by_firth("dbow", reviews, epochs, seed, True, **recipe))
                print("recipe", f"seed {seed}", figures["runs"][-1], flush=True)
            keep(options.name, figures)
            return
        figures["epochs"] = options.epochs
        for kind in options.kinds:
            runs: dict[str, list[dict[str, Any]]] = {"firth": [], "gensim": []}
            for seed in range(1, options.seeds + 1):
                for name, train in (("firth", by_firth), ("gensim", by_gensim)):
                    score = not options.words
                    runs[name].append(train(kind, reviews, options.epochs, seed, score))
                    print(kind, name, f"seed {seed}", runs[name][-1], flush=True)
            figures[kind] = compared(runs)
            print(kind, {k: v for k, v in figures[kind].items() if k != "runs"}, flush=True)
    keep(options.name, figures)


if __name__ == "__main__":
    main()
