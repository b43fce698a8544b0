"""PPMI and its truncated SVD: time and memory of the whole command, the solver against ARPACK.

    python -m benchmarks.svd [--max-size 50000] [--dim 300] [--megabytes N] [--no-arpack]

enwiki_a, lower case, words; the settings of `firth train svd` but for those given.

    whole    `firth train svd` on two threads, from the text to the saved model: a process of its
             own, its wall and CPU-seconds and the most memory it held (limits: 4 minutes, 6 GiB)
    ppmi     the same of `firth train ppmi`
    solver   truncated_svd against scipy's svds (ARPACK) on the same float32 matrix, in one process
             with one thread; largest relative difference of a singular value
    quality  of the vectors by eigenvalue weight and with a shift of 5, and of the sparse rows, and
             the seconds it takes to score them: protocol "gensim", Google's analogies among the
             first 30,000 words

Kernels are compiled before anything is timed, into a folder that is thrown away.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Nothing that loads numpy: a child's peak of memory begins with what its parent holds.
from benchmarks.command import Done, run
from benchmarks.common import keep, options_of, plain_words

#: what the whole command may take
WALL_SECONDS, MEMORY = 240, 6 << 30
WEIGHTS = (0.0, 0.5, 1.0)
SHIFT = 5


def train(kind: str, text: Path, model: Path, cache: Path, settings: dict[str, Any]) -> Done:
    """`firth train KIND` on two threads."""
    given = [word for name, value in settings.items() for word in (f"--{name}", value)]
    command = ["-m", "firth", "train", kind, text, "-o", model, "--tokenizer", "whitespace"]
    return run([*command, "--threads", 2, "--overwrite", "--json", *given], cache)


def commands(text: Path, small: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The commands from the text to the saved model."""
    cache, report = folder / "cache", {}
    size = {"max-size": options.max_size}
    svd = size | {"dim": options.dim}
    train("svd", small, folder / "small.firth", cache, svd | {"dim": 20})
    for name, settings in (("svd", svd), ("svd-shift", svd | {"shift": SHIFT}), ("ppmi", size)):
        kind = name.partition("-")[0]
        done = train(kind, text, folder / f"{name}.firth", cache, settings)
        report[name] = {
            **done.figures(),
            "within": done.wall <= WALL_SECONDS and done.peak <= MEMORY,
        }
        print(name, report[name], flush=True)
    return report


def solvers(text: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Ours and ARPACK on one matrix, one thread each."""
    import numpy as np
    from scipy.sparse import random_array
    from scipy.sparse.linalg import svds

    from firth import SVD, Corpus
    from firth.static.ppmi import ppmi
    from firth.static.truncated_svd import truncated_svd

    # compiled, or loaded
    truncated_svd(random_array((2000, 2000), density=0.01, rng=1, dtype=np.float32), 5)
    model = SVD(max_size=options.max_size, dim=options.dim, threads=1)
    counts = model.count(Corpus(text, tokenizer="whitespace"))
    matrix = ppmi(counts, model.smoothing, model.shift)
    report: dict[str, Any] = {"entries": int(matrix.nnz), "pairs": len(counts)}
    del counts
    cpu, wall = time.process_time(), time.perf_counter()
    _, s, _ = truncated_svd(matrix, model.dim, model.seed, threads=1)
    report["firth"] = seconds(cpu, wall)
    print("solver, firth", report["firth"], flush=True)
    if options.arpack:
        start = np.random.default_rng(1).standard_normal(matrix.shape[0], np.float32)
        cpu, wall = time.process_time(), time.perf_counter()
        _, theirs, _ = svds(matrix, k=model.dim, v0=start)
        report["arpack"] = seconds(cpu, wall)
        theirs = np.sort(theirs)[::-1]
        report["largest_relative_difference"] = float(f"{np.max(np.abs(s - theirs) / theirs):.2g}")
        ratio = report["arpack"]["cpu_seconds"] / report["firth"]["cpu_seconds"]
        report["ratio_cpu_seconds"] = round(ratio, 2)
        print("solver, ARPACK", report["arpack"], flush=True)
    report["singular_values"] = {str(i): round(float(s[i - 1]), 2) for i in (1, 2, 10, len(s))}
    return report


def qualities(folder: Path) -> dict[str, Any]:
    """Of the models that `commands` has saved."""
    import numpy as np

    from benchmarks.training import quality
    from firth import Vectors, load

    def scored(vectors: Vectors) -> dict[str, Any]:
        cpu, wall = time.process_time(), time.perf_counter()
        return {**quality(vectors), "scoring": seconds(cpu, wall)}

    names = ("svd", "svd-shift", "ppmi")
    svd, shifted, ppmi = (load(folder / f"{name}.firth") for name in names)
    if svd.vectors is None or shifted.vectors is None or ppmi.vectors is None:
        sys.exit("a model was saved without word vectors")
    s, made = svd.state["singular_values"], svd.settings["eigenvalue_weight"]
    there = s > 0  # a column of nothing stays so under any weight
    report = {}
    for p in WEIGHTS:
        # U diag(s)^p from U diag(s)^made, without a second decomposition
        weight = np.where(there, np.where(there, s, 1) ** (p - made), 0)
        W = svd.vectors.matrix * weight.astype("float32")
        report[f"svd, p = {p:g}"] = scored(Vectors(svd.vocabulary, W))
    report[f"svd, p = {made:g}, shift {SHIFT}"] = scored(shifted.vectors)
    report["ppmi"] = scored(ppmi.vectors)
    return report


def seconds(cpu: float, wall: float) -> dict[str, float]:
    """Since the given readings of the clocks."""
    return {
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
    }


def main() -> None:
    parser = options_of(__doc__, "svd")
    parser.add_argument("--max-size", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--megabytes", type=float, help="of text; all if not given")
    parser.add_argument("--no-arpack", dest="arpack", action="store_false")
    options = parser.parse_args()
    figures: dict[str, Any] = {
        name: getattr(options, name) for name in ("max_size", "dim", "megabytes")
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = plain_words(folder / "text.txt", options.megabytes)
        small = plain_words(folder / "small.txt", 1)
        figures["whole"] = commands(text, small, folder, options)
        os.environ["FIRTH_CACHE"] = str(folder / "cache")
        figures["solver"] = solvers(text, options)
        figures["quality"] = qualities(folder)
    print(json.dumps(figures, indent=1))
    keep(options.name, figures)


if __name__ == "__main__":
    main()
