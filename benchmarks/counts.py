"""Document-word matrices: DocumentCounts against scikit-learn's vectorizers, in one process.

    python -m benchmarks.counts [--megabytes N] [--runs N]

enwiki_a of the shared data: words between blanks in lower case, a document a line, from a file on
the disk to a matrix in memory. CPU-seconds of the whole process, one thread each, the best of the
runs. The two matrices must be equal, column by column; if not, the program ends with an error.

Then what the rows are good for: logistic regression on them, trained on the 6,920 sentences of
SST-2, accuracy on its 872 held-out ones (dev); the numbers of tf-idf are small, so it gets C 1000
where the others have scikit-learn's C 1.
"""

from __future__ import annotations

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import keep, options_of, plain_words, wanted

PAIRS = {"count": "CountVectorizer", "tf-idf-smooth": "TfidfVectorizer"}


def timed(work: Callable[[], Any], runs: int) -> tuple[Any, float]:
    """What `work` gives, and the CPU-seconds of its best run."""
    best, result = float("inf"), None
    for _ in range(runs):
        result = None  # the memory of the run before is free again
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return result, best


def equal(ours: Any, names: list[str], theirs: Any, places: dict[str, int]) -> bool:
    """Whether the matrices are the same, theirs in the order of our columns."""
    if ours.shape != theirs.shape:
        return False
    columns = np.array([places[name] for name in names])
    theirs = theirs.tocsr()[:, columns]
    theirs.sort_indices()
    return (
        np.array_equal(ours.indptr, theirs.indptr)
        and np.array_equal(ours.indices, theirs.indices)
        and bool(np.allclose(ours.data, theirs.data, rtol=1e-12, atol=0))
    )


def compared(path: Path, weighting: str, runs: int) -> dict[str, Any]:
    from sklearn.feature_extraction import text

    from firth.static.counts import DocumentCounts
    from firth.text.corpus import Corpus

    model = DocumentCounts(weighting=weighting, threads=1)

    def firth() -> Any:
        return model.fit_transform(Corpus(path, tokenizer="whitespace"))

    def sklearn() -> Any:
        # what stands between blanks, as above; its own pattern drops words of one letter
        vectorizer = getattr(text, PAIRS[weighting])(token_pattern=r"\S+", lowercase=False)
        with path.open(encoding="utf-8", newline="\n") as lines:
            return vectorizer, vectorizer.fit_transform(lines)

    DocumentCounts(weighting=weighting, threads=1).fit_transform(["compiled or loaded now"])
    (fitted, ours), quick = timed(firth, runs)
    (vectorizer, theirs), slow = timed(sklearn, runs)
    if not equal(ours, fitted.vocabulary.names, theirs, vectorizer.vocabulary_):
        sys.exit(f"{weighting}: the matrices differ")
    tokens = fitted.corpus["tokens"]
    return {
        "documents": ours.shape[0],
        "words": ours.shape[1],
        "entries": int(ours.nnz),
        "tokens": tokens,
        "firth_cpu_seconds": round(quick, 3),
        "sklearn_cpu_seconds": round(slow, 3),
        "firth_tokens_per_cpu_second": round(tokens / quick),
        "sklearn_tokens_per_cpu_second": round(tokens / slow),
        "ratio": round(slow / quick, 2),
        "equal": True,
    }


def accuracies() -> dict[str, float]:
    """Accuracy on SST-2's held-out sentences, by weighting."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from firth.compat.sklearn import TfIdf
    from firth.static.weighting import WEIGHTINGS

    labels, texts = labelled("train")
    dev_labels, dev_texts = labelled("dev")
    results = {}
    models: dict[str, Any] = {name: TfIdf(weighting=name) for name in WEIGHTINGS}
    models["scikit-learn TfidfVectorizer()"] = TfidfVectorizer()
    for name, model in models.items():
        classifier = LogisticRegression(C=1000 if name == "tf-idf" else 1, max_iter=2000)
        pipeline = make_pipeline(model, classifier).fit(texts, labels)
        results[name] = round(pipeline.score(dev_texts, dev_labels), 4)
    return results


def labelled(part: str) -> tuple[list[str], list[str]]:
    """(labels, sentences) of SST-2."""
    with gzip.open(
        wanted("data", "classify", "sst2", f"{part}.tsv.gz"), "rt", encoding="utf-8"
    ) as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    return [row[0] for row in rows], [row[1] for row in rows]


def main() -> None:
    parser = options_of(__doc__, "counts")
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = plain_words(Path(folder) / "text.txt", arguments.megabytes)
        report: dict[str, Any] = {"megabytes": arguments.megabytes}
        for weighting in PAIRS:
            report[weighting] = compared(path, weighting, arguments.runs)
    report["sst2_dev_accuracy"] = accuracies()
    from importlib.metadata import version

    report["scikit-learn"] = version("scikit-learn")
    print(json.dumps(report, indent=1))
    keep(arguments.name, report)


if __name__ == "__main__":
    main()
