"""Analogy evaluation against gensim's `evaluate_word_analogies`, in one process.

    python -m benchmarks.evaluation

CPU-seconds, one thread; vectors golden/eval_vectors.txt.gz (20,000 x 50), questions google.txt,
of the shared folder (FIRTH_SHARED, or ../shared beside the repository).
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.common import keep, options_of, wanted
from firth.vectors.evaluate import evaluate_analogies
from firth.vectors.formats import load_vectors


def main() -> None:
    options = options_of(__doc__, "evaluation").parse_args()
    questions = wanted("data", "analogy", "en", "google.txt.gz")
    vectors = load_vectors(wanted("golden", "eval_vectors.txt.gz"))
    figures: dict[str, Any] = {}
    scores = {}
    for protocol in ("gensim", "word2vec", "glove", "fasttext", "firth"):
        begin = time.process_time()
        report = evaluate_analogies(vectors, questions, protocol)
        figures[f"firth_{protocol}_cpu_seconds"] = round(time.process_time() - begin, 3)
        scores[protocol] = report.accuracy
    try:
        from gensim.models import KeyedVectors
    except ImportError:
        print('gensim is not installed: pip install "firth[bench]"')
    else:
        keyed = KeyedVectors(vectors.dim)
        keyed.add_vectors(vectors.names, vectors.matrix)
        begin = time.process_time()
        score, _ = keyed.evaluate_word_analogies(str(questions))
        theirs = time.process_time() - begin
        figures["gensim_cpu_seconds"] = round(theirs, 3)
        figures["ratio"] = round(theirs / figures["firth_gensim_cpu_seconds"], 2)
        if score != scores["gensim"]:
            sys.exit(f"the scores differ: gensim {score}, firth {scores['gensim']}")
    for name, value in figures.items():
        print(f"{name:28} {value:,.2f}")
    keep(options.name, figures)


if __name__ == "__main__":
    main()
