"""What the kinds of word vectors are worth, side by side: quality and time on one text.

    python -m benchmarks.representations [--kinds skipgram cbow glove ppmi svd] [--dim 100]

The same text (enwiki_a and enwiki_b, lower case, words), so the same vocabulary: words that occur
five times. Settings of a kind are its own defaults, but for those given. CPU-seconds and wall
seconds of reading and counting, and of training or decomposing, apart. Quality by the protocol
"gensim": Spearman x 100 on WS-353 and SimLex-999, per cent of Google's analogies among all words
and among the first 30,000.

A kind that benchmarks/results/NAME.json has already, with the same settings, is not run again
(but with --again); the table of what is there ends every run.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.common import RESULTS, command, keep, machine, options_of, plain_words, wanted
from benchmarks.training import TrainingTime, quality
from firth import Corpus, Vectors
from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity

#: kind: module, class, settings that are not its defaults
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "skipgram": ("firth.static.skipgram", "SkipGram", {}),
    "cbow": ("firth.static.cbow", "CBOW", {}),
    "glove": ("firth.static.glove", "GloVe", {"x_max": 10.0, "epochs": 25}),
    "ppmi": ("firth.static.ppmi", "PPMI", {}),
    "svd": ("firth.static.svd", "SVD", {}),
}


class Clock:
    """CPU-seconds of this process, and wall seconds, since it was made or last read."""

    def __init__(self) -> None:
        self.at = time.process_time(), time.perf_counter()

    def read(self) -> tuple[float, float]:
        before, self.at = self.at, (time.process_time(), time.perf_counter())
        return self.at[0] - before[0], self.at[1] - before[1]


def model_of(kind: str, common: dict[str, Any]) -> Any:
    """The settings of a kind, with those of `common` that it has."""
    module, name, own = KINDS[kind]
    made = getattr(importlib.import_module(module), name)
    known = made().to_json()
    return made(**{name: value for name, value in (own | common).items() if name in known})


def run(model: Any, text: Path) -> tuple[Any, dict[str, Any]]:
    """The fitted model, and the seconds of each part."""
    corpus = Corpus(text, tokenizer="whitespace")
    clock = Clock()
    if hasattr(model, "count"):
        counts = model.count(corpus)
        before = clock.read()
        fitted = model.fit(counts)
        after = clock.read()
    else:
        training = TrainingTime()
        fitted = model.fit(corpus, progress=training)
        cpu, wall = clock.read()
        after = training.cpu, training.wall
        before = cpu - after[0], wall - after[1]
    return fitted, {
        "reading_cpu_seconds": round(before[0], 2),
        "reading_wall_seconds": round(before[1], 2),
        "training_cpu_seconds": round(after[0], 2),
        "training_wall_seconds": round(after[1], 2),
    }


def scores(vectors: Vectors) -> dict[str, Any]:
    path = wanted("data", "analogy", "en", "google.txt.gz")
    every = evaluate_analogies(vectors, path, protocol="gensim", limit=len(vectors))
    covered = {"analogies_all": every.total.covered}
    for name in ("ws353", "simlex999"):
        pairs = wanted("data", "similarity", "en", f"{name}.tsv")
        covered[name] = evaluate_similarity(vectors, pairs, protocol="gensim").covered
    return {
        **quality(vectors),
        "analogies_all": round(100 * every.accuracy, 2),
        "semantic_all": round(100 * every.semantic.accuracy, 2),
        "syntactic_all": round(100 * every.syntactic.accuracy, 2),
        "covered": covered,
    }


def measured(kind: str, model: Any, text: Path) -> dict[str, Any]:
    """One row of the table, with all that it depends on."""
    fitted, seconds = run(model, text)
    return {
        "settings": model.to_json(),
        "words": len(fitted.vocabulary),
        "tokens": fitted.corpus["tokens"],
        **seconds,
        **scores(fitted.vectors),
        "command": command(),
        "machine": machine(),
    }


def older(name: str, text: dict[str, Any]) -> dict[str, Any]:
    """The kinds that benchmarks/results/NAME.json has; it must be of the same text."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {}
    figures = json.loads(path.read_text())
    if figures["text"] != text:
        sys.exit(f"{path.name} is of another text ({figures['text']}); give another --name")
    return dict(figures["kinds"])


def table(kinds: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "| kind | reading and counting, CPU-s (wall) | training, CPU-s (wall) | WS-353 "
        "| SimLex-999 | analogies, all words | among 30,000 |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in (kind for kind in KINDS if kind in kinds):
        row = kinds[kind]
        times = (
            f"{_few(row[f'{part}_cpu_seconds'])} ({_few(row[f'{part}_wall_seconds'])})"
            for part in ("reading", "training")
        )
        names = ("ws353", "simlex999", "analogies_all", "analogies")
        numbers = (f"{row[name]:.1f}" for name in names)
        lines.append(f"| {' | '.join([_called(kind, row['settings']), *times, *numbers])} |")
    return "\n".join(lines)


def _few(seconds: float) -> str:
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:,.0f}"


def _called(kind: str, settings: dict[str, Any]) -> str:
    """ "glove, 100 numbers, window 10, 25 epochs"."""
    parts = [f"`{kind}`"]
    if "dim" in settings:
        parts.append(f"{settings['dim']} numbers")
    parts.append(f"window {settings['window']}")
    if "epochs" in settings:
        parts.append(f"{settings['epochs']} epoch{'s' * (settings['epochs'] > 1)}")
    return ", ".join(parts)


def main() -> None:
    parser = options_of(__doc__, "representations")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument(
        "--text", nargs="+", default=["enwiki_a", "enwiki_b"], help="of the data folder, or files"
    )
    parser.add_argument("--megabytes", type=float, help="of text; all if not given")
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--epochs", type=int, help="of all kinds that have epochs; else their own")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="run what is there already, too")
    options = parser.parse_args()
    common = {name: getattr(options, name) for name in ("dim", "min_count", "threads")}
    if options.epochs is not None:
        common["epochs"] = options.epochs
    text = {"names": [Path(name).name for name in options.text], "megabytes": options.megabytes}
    kinds = older(options.name, text)
    models = {kind: model_of(kind, common) for kind in options.kinds}
    if not options.again:
        models = {
            kind: model
            for kind, model in models.items()
            if kind not in kinds or kinds[kind]["settings"] != model.to_json()
        }
    with tempfile.TemporaryDirectory() as folder:
        if models:
            whole = plain_words(Path(folder) / "text.txt", options.megabytes, options.text)
            small = plain_words(Path(folder) / "small.txt", 1, options.text)
        for kind, model in models.items():
            quick = common | {"dim": min(options.dim, 20), "epochs": 1}
            run(model_of(kind, quick), small)  # compiled before anything is timed
            kinds[kind] = measured(kind, model, whole)
            print(kind, kinds[kind], flush=True)
            keep(options.name, {"text": text, "kinds": kinds})
    print(table(kinds))


if __name__ == "__main__":
    main()
