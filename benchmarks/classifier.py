"""The classifier against the `fasttext` package: CPU-seconds, accuracy, lines predicted a second.

    python -m benchmarks.classifier [--sets imdb trec] [--seeds 3]

One process, the same files (lower case, words between blanks, the training lines in one random
order), the same settings: dimension 100, words and bigrams, 2,000,000 buckets, 5 epochs, softmax;
rate 0.1 for IMDB, 0.5 for TREC-6. One thread each. The time is that of the whole call on both
sides, reading the text included; each trains once before, so that neither waits for memory that
was never touched (or for compiling). Prediction: the test lines all at once (the package:
`multilinePredict`), and one after another.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.common import keep, options_of, wanted
from firth import Classifier, FastTextClassifier, Labelled

#: name: folder of the data, columns of label and text, rate
SETS: dict[str, tuple[tuple[str, ...], int, int, float]] = {
    "imdb": (("imdb",), 0, 3, 0.1),
    "trec": (("classify", "trec"), 0, 2, 0.5),
}
DIM, EPOCHS, BUCKETS = 100, 5, 2_000_000
#: lines predicted one after another
SINGLE = 500


def prepared(name: str, part: str, folder: Path) -> Path:
    """A file in fastText's format."""
    places, label, text, _ = SETS[name]
    source = wanted("data", *places, f"{part}.tsv.gz")
    lines = []
    with gzip.open(source, "rt", encoding="utf-8") as rows:
        for row in rows:
            cells = row.rstrip("\n").split("\t")
            words = re.findall(r"\w+|[^\w\s]", cells[text].replace("<br />", " ").lower())
            lines.append(f"__label__{cells[label]} {' '.join(words)}")
    if part == "train":
        random.Random(1).shuffle(lines)
    target = folder / f"{name}.{part}"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """(result, CPU-seconds, seconds)."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def theirs(train: Path, test: Path, lines: list[str], rate: float, seed: int) -> dict[str, Any]:
    import fasttext

    model, cpu, wall = timed(
        lambda: fasttext.train_supervised(
            str(train), dim=DIM, epoch=EPOCHS, lr=rate, wordNgrams=2, bucket=BUCKETS, thread=1,
            seed=seed, verbose=0,
        )
    )  # fmt: skip
    ended = [line + "\n" for line in lines]
    _, batch, _ = timed(lambda: model.f.multilinePredict(ended, 1, 0.0, "strict"))
    _, single, _ = timed(lambda: [model.f.predict(one, 1, 0.0, "strict") for one in ended[:SINGLE]])
    return {
        "cpu_seconds": cpu,
        "seconds": wall,
        "accuracy": model.test(str(test))[1],
        "lines_per_cpu_second": len(lines) / batch,
        "one_line_microseconds": single / len(ended[:SINGLE]) * 1e6,
    }


def ours(train: Path, test: Path, lines: list[str], rate: float, seed: int) -> dict[str, Any]:
    settings = FastTextClassifier(
        dim=DIM, epochs=EPOCHS, rate=rate, word_ngrams=2, buckets=BUCKETS, threads=1, seed=seed
    )
    fitted, cpu, wall = timed(lambda: settings.fit(Labelled(train, tokenizer="whitespace")))
    model = Classifier(fitted, threads=1)
    model.predict(lines[:1])
    _, batch, _ = timed(lambda: model.top(lines))
    _, single, _ = timed(lambda: [model.predict([one]) for one in lines[:SINGLE]])
    return {
        "cpu_seconds": cpu,
        "seconds": wall,
        "accuracy": model.evaluate(test).precision,
        "lines_per_cpu_second": len(lines) / batch,
        "one_line_microseconds": single / len(lines[:SINGLE]) * 1e6,
    }


def compared(name: str, folder: Path, seeds: int) -> dict[str, Any]:
    train, test = prepared(name, "train", folder), prepared(name, "test", folder)
    lines = [line.split(" ", 1)[1] for line in test.read_text("utf-8").splitlines()]
    rate = SETS[name][3]
    runs: dict[str, list[dict[str, Any]]] = {"firth": [], "fasttext": []}
    for seed in range(seeds + 1):
        for program, work in (("firth", ours), ("fasttext", theirs)):
            found = work(train, test, lines, rate, seed)
            if seed:  # the first is for warming up
                runs[program].append(found)
                figures = {key: round(value, 4) for key, value in found.items()}
                print(f"{name}, seed {seed}, {program}: {figures}", flush=True)
    mean = {
        program: {key: statistics.mean(run[key] for run in some) for key in some[0]}
        for program, some in runs.items()
    }
    one, other = mean["firth"], mean["fasttext"]
    ratios = {
        "cpu_ratio": other["cpu_seconds"] / one["cpu_seconds"],
        "wall_ratio": other["seconds"] / one["seconds"],
        "accuracy_difference": one["accuracy"] - other["accuracy"],
        "prediction_ratio": one["lines_per_cpu_second"] / other["lines_per_cpu_second"],
    }
    print(f"{name}: { ({key: round(value, 4) for key, value in ratios.items()}) }")
    return {"rate": rate, **ratios, "means": mean, "runs": runs}


def main() -> None:
    parser = options_of(__doc__, "classifier")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {name: compared(name, Path(folder), options.seeds) for name in options.sets}
    settings = {"dim": DIM, "epochs": EPOCHS, "word_ngrams": 2, "buckets": BUCKETS, "threads": 1}
    keep(options.name, {"settings": settings, "sets": found})


if __name__ == "__main__":
    main()
