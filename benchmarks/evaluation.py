"""Analogy evaluation against gensim's `evaluate_word_analogies`, in one process.

    python benchmarks/evaluation.py [--json F]

CPU-seconds, one thread; vectors golden/eval_vectors.txt.gz (20,000 x 50), questions google.txt,
of the shared folder (FIRTH_SHARED, or ../shared beside the repository).
"""

from __future__ import annotations

# ruff: noqa: E402  (threads are set before numpy is loaded)
import argparse
import json
import os
import sys
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from firth.vectors.evaluate import evaluate_analogies
from firth.vectors.formats import load_vectors

SHARED = Path(os.environ.get("FIRTH_SHARED", Path(__file__).parents[2] / "shared"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    options = parser.parse_args()
    source = SHARED / "golden" / "eval_vectors.txt.gz"
    questions = SHARED / "data" / "analogy" / "en" / "google.txt.gz"
    if not source.exists():
        sys.exit(f"no {source}; set FIRTH_SHARED to the folder of shared data")
    vectors = load_vectors(source)
    figures: dict[str, float] = {}
    scores = {}
    for protocol in ("gensim", "word2vec", "glove", "fasttext", "firth"):
        begin = time.process_time()
        report = evaluate_analogies(vectors, questions, protocol)
        figures[f"firth_{protocol}_cpu_seconds"] = time.process_time() - begin
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
        figures["gensim_cpu_seconds"] = time.process_time() - begin
        figures["ratio"] = figures["gensim_cpu_seconds"] / figures["firth_gensim_cpu_seconds"]
        if score != scores["gensim"]:
            sys.exit(f"the scores differ: gensim {score}, firth {scores['gensim']}")
    for name, value in figures.items():
        print(f"{name:28} {value:,.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
