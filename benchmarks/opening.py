"""Opening a large fastText .bin: firth maps it, the `fasttext` package reads it.

    python -m benchmarks.opening [--words 200000] [--buckets 2000000] [--dim 100]

Wall seconds of processes: from their start, with all imports, to the first answer (the vector of a
word never seen), the best of three; and of `firth.load` alone. The file (random numbers, 960 MB as
above) has just been written, so it is in the machine's memory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import keep, options_of
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import load
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.vectors import Vectors

OURS = "import sys, firth; print(firth.load(sys.argv[1]).vectors['neverseen'][:3])"
THEIRS = "import sys, fasttext; print(fasttext.load_model(sys.argv[1])['neverseen'][:3])"


def main() -> None:
    parser = options_of(__doc__, "opening")
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--buckets", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=100)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.bin")
        names = Vocabulary([f"word{i}" for i in range(options.words)])
        ngrams = random.standard_normal((options.buckets, options.dim), np.float32)
        own = random.standard_normal((options.words, options.dim), np.float32)
        subwords = SubwordRows(Subwords(3, 6, options.buckets), ngrams)
        vectors = Vectors(names, ComposedRows(names, own, subwords), subwords=subwords)
        vectors.save(path, format="fasttext-bin")
        del ngrams, own, subwords, vectors
        figures["megabytes"] = path.stat().st_size / 1e6
        begin = time.perf_counter()
        load(path)
        figures["firth_load_seconds"] = time.perf_counter() - begin
        answers = {}
        for who, program in (("firth", OURS), ("fasttext", THEIRS)):
            seconds = []
            for _ in range(3):
                begin = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, "-c", program, str(path)], capture_output=True, text=True
                )
                seconds.append(time.perf_counter() - begin)
            answers[who] = done.stdout
            if done.returncode:
                print(f"{who}: {done.stderr.strip()[-200:]}")
            else:
                figures[f"{who}_process_seconds"] = min(seconds)
    if "fasttext_process_seconds" in figures:
        ours, theirs = (
            [float(n) for n in text.strip(" []\n").split()] for text in answers.values()
        )
        assert np.allclose(ours, theirs, atol=1e-6), answers
    for name, value in figures.items():
        print(f"{name:28} {value:,.2f}")
    keep(options.name, {name: round(value, 3) for name, value in figures.items()})


if __name__ == "__main__":
    main()
