"""Opening vectors: word2vec text against gensim, firth's own folder, `neighbors` as a process.

    python -m benchmarks.loading [--words 400000] [--dim 300] [--gensim-words 20000]

CPU-seconds of one process, one thread (OPENBLAS_NUM_THREADS=1). gensim reads the first
`--gensim-words` rows and its time is scaled: its loop costs the same for each row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from benchmarks.common import keep, options_of
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted, load
from firth.vectors.formats import load_vectors
from firth.vectors.vectors import Vectors

PROCESS = """
import sys
from firth.vectors.fitted import load
for word, similarity in load(sys.argv[1]).vectors.nearest("w7", n=10):
    print(word, similarity)
"""


def write_text(path: Path, words: int, dim: int) -> None:
    """As gensim writes it; 2,000 different rows, the words all different."""
    rows = np.random.default_rng(0).normal(0, 0.3, (2000, dim)).astype(np.float32)
    texts = [" ".join(map(str, row)) for row in rows]
    with open(path, "w") as file:
        file.write(f"{words} {dim}\n")
        file.writelines(f"w{i} {texts[i % 2000]}\n" for i in range(words))


def main() -> None:
    parser = options_of(__doc__, "loading")
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--gensim-words", type=int, default=20_000)
    options = parser.parse_args()
    figures: dict[str, float] = {"words": options.words, "dim": options.dim}
    with tempfile.TemporaryDirectory() as folder:
        text, model = Path(folder, "v.txt"), Path(folder, "v.firth")
        write_text(text, options.words, options.dim)
        figures["text_megabytes"] = text.stat().st_size / 1e6
        small = Path(folder, "small.txt")
        write_text(small, 12_000, options.dim)
        load_vectors(small)  # compiles, if nothing is compiled yet

        begin = time.process_time()
        vectors = load_vectors(text)
        ours = time.process_time() - begin
        figures["firth_text_cpu_seconds"] = ours

        random = np.random.default_rng(0)
        matrix = random.standard_normal((options.words, options.dim), dtype=np.float32)
        counts = np.arange(options.words, 0, -1)
        names = Vocabulary(vectors.names, counts=counts)
        Fitted("skipgram", Vectors(names, matrix)).save(model)
        del vectors, matrix
        openings, processes = [], []
        for _ in range(5):
            begin = time.perf_counter()
            load(model)
            openings.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", PROCESS, str(model)], check=True, capture_output=True
            )
            processes.append(time.perf_counter() - begin)
        figures["firth_folder_open_ms"] = 1000 * min(openings)
        figures["neighbors_process_seconds"] = min(processes)

        try:
            from gensim.models import KeyedVectors
        except ImportError:
            print('gensim is not installed: pip install "firth[bench]"')
        else:
            begin = time.process_time()
            KeyedVectors.load_word2vec_format(str(text), limit=options.gensim_words)
            theirs = (time.process_time() - begin) * options.words / options.gensim_words
            figures["gensim_text_cpu_seconds"] = theirs
            figures["ratio_text"] = theirs / ours
    for name, value in figures.items():
        print(f"{name:28} {value:,.2f}")
    keep(options.name, {name: round(value, 4) for name, value in figures.items()})


if __name__ == "__main__":
    main()
