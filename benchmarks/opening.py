"""Opening a large fastText .bin: firth maps it, the `fasttext` package reads it.

    python -m benchmarks.opening [--words 200000] [--buckets 2000000] [--dim 100] [--times 3]

Wall seconds of processes: from their start, with all imports, to the first answer: the vector of a
word never seen, and the words nearest to it, for which each program makes the vectors of all
words; the best of three. And of `firth.load` alone. The file (random numbers, 960 MB as above) has
just been written, so it is in the machine's memory.
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

OURS = "import sys, firth; v = firth.load(sys.argv[1]).vectors; "
THEIRS = "import sys, fasttext; m = fasttext.load_model(sys.argv[1]); "
#: (what is asked for, by firth, by the package)
QUESTIONS = (
    (
        "vector",
        f"{OURS}print(*v['neverseen'][:3])",
        f"{THEIRS}print(*m['neverseen'][:3])",
    ),
    (
        "nearest",
        f"{OURS}print(*(s for _, s in v.nearest('neverseen', n=3)))",
        f"{THEIRS}print(*(s for s, _ in m.get_nearest_neighbors('neverseen', 3)))",
    ),
)


def main() -> None:
    parser = options_of(__doc__, "opening")
    parser.add_argument("--words", type=int, default=200_000)
    parser.add_argument("--buckets", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--times", type=int, default=3, help="runs of each")
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
        for what, ours, theirs in QUESTIONS:
            answers = []
            for who, program in (("firth", ours), ("fasttext", theirs)):
                seconds, answer = _timed(program, path, options.times)
                if answer is not None:
                    figures[f"{who}_{what}_seconds"] = seconds
                    answers.append([float(number) for number in answer.split()])
            assert len(answers) < 2 or np.allclose(*answers, atol=1e-5), answers
    for name, value in figures.items():
        print(f"{name:28} {value:,.2f}")
    keep(options.name, {name: round(value, 3) for name, value in figures.items()})


def _timed(program: str, path: Path, times: int) -> tuple[float, str | None]:
    """(the best time, what was printed; None if it failed)."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True
        )
        seconds.append(time.perf_counter() - begin)
        if done.returncode:
            print(done.stderr.strip()[-200:])
            return 0.0, None
    return min(seconds), done.stdout


if __name__ == "__main__":
    main()
