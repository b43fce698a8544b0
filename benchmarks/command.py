"""The whole command, from a text file to a saved model, as a person waits for it.

    python -m benchmarks.command [--megabytes N] [--epochs 5] [--runs 1]

Each is a process of its own and its wall seconds, so nothing else should run on the machine:

    whole       `firth train skipgram` on two threads, and gensim's usual way (LineSentence, two
                workers) with the same settings; the text is enwiki_a, or its first N MB
    threads     training alone, on one thread and on two, by the history of the model
    start       `firth train` on a text of no size: with nothing compiled yet, and after
    neighbors   `firth neighbors` on a model of 400,000 words of 300 numbers
    memory      the most that the training command held, and ids + matrices + 300 MB

Kernels are compiled into a folder that is thrown away, never the user's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

# Neither numpy nor gensim: a child's peak of memory begins with what its parent holds.
from benchmarks.common import keep, options_of, plain_words

MB = 1_000_000
ALLOWED = 300 * MB
DIM = 100

GENSIM = f"""
import sys
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
Word2Vec(
    LineSentence(sys.argv[1]), vector_size={DIM}, window=5, min_count=5, sample=1e-3, sg=1,
    negative=5, alpha=0.025, epochs=int(sys.argv[3]), workers=2,
).save(sys.argv[2])
"""

MODEL = """
import sys
import numpy as np
from firth import Fitted, Vectors, Vocabulary
words, dim = 400_000, 300
vocabulary = Vocabulary([f"w{i}" for i in range(words)], counts=np.arange(words, 0, -1))
matrix = np.random.default_rng(0).standard_normal((words, dim), dtype=np.float32)
Fitted("skipgram", Vectors(vocabulary, matrix)).save(sys.argv[1])
"""

ROW = """
import sys
from firth.kernels.linear import padded
print(4 * padded(int(sys.argv[1])))
"""


class Done(NamedTuple):
    wall: float
    cpu: float
    peak: int  # bytes, resident
    out: str

    def figures(self) -> dict[str, float]:
        return {
            "wall_seconds": round(self.wall, 2),
            "cpu_seconds": round(self.cpu, 2),
            "peak_memory_mb": round(self.peak / MB),
        }


def run(command: list[object], cache: Path) -> Done:
    """Runs Python with `command` to its end; stops the benchmark if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=out,
            stderr=err,
            env=os.environ | {"FIRTH_CACHE": str(cache)},
        )
        # the use of this child alone; getrusage has the largest of all children
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            err.seek(0)
            said = " ".join(map(str, command))
            sys.exit(f"{err.read().decode()}\nexit code {process.returncode}: {said}")
        out.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024
        text = out.read().decode()
    return Done(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, text)


def train(text: Path, model: Path, cache: Path, *more: object) -> Done:
    words = ["-m", "firth", "train", "skipgram", text, "-o", model, "--overwrite", "--json"]
    return run([*words, "--tokenizer", "whitespace", "--dim", DIM, *more], cache)


def starts(folder: Path, cache: Path) -> dict[str, float]:
    """Cold and warm; fills the cache for all that follows."""
    text, model = folder / "tiny.txt", folder / "tiny.firth"
    text.write_text("the cat sat on the mat and the dog sat on the cat\n" * 100)
    small = ("--epochs", 1, "--threads", 2)
    cold = train(text, model, cache, *small)
    warm = min(train(text, model, cache, *small).wall for _ in range(5))
    return {
        "cold_seconds": round(cold.wall, 2),
        "warm_seconds": round(warm, 2),
        "cold_minus_warm_seconds": round(cold.wall - warm, 2),
    }


def neighbors(folder: Path, cache: Path) -> dict[str, float]:
    model = folder / "large.firth"
    run(["-c", MODEL, model], cache)
    ask = ["-m", "firth", "neighbors", model, "w7"]
    return {"wall_seconds_best_of_5": round(min(run(ask, cache).wall for _ in range(5)), 3)}


def training_seconds(document: dict[str, Any]) -> float:
    """Seconds inside training, by the speed that the history has of each epoch."""
    tokens = document["corpus"]["kept_tokens"]
    return sum(tokens / epoch["words_per_second"] for epoch in document["history"])


def memory(done: Done, document: dict[str, Any], cache: Path) -> dict[str, Any]:
    ids = 4 * document["corpus"]["kept_tokens"]
    matrices = 2 * document["words"] * int(run(["-c", ROW, document["dim"]], cache).out)
    return {
        "peak_mb": round(done.peak / MB),
        "ids_mb": round(ids / MB, 1),
        "matrices_mb": round(matrices / MB, 1),
        "bound_mb": round((ids + matrices + ALLOWED) / MB),
        "within": done.peak <= ids + matrices + ALLOWED,
    }


def whole(text: Path, folder: Path, cache: Path, epochs: int, runs: int) -> dict[str, Any]:
    """The command against gensim's, one thread against two, and memory; the best of `runs`."""
    found: dict[str, list[Done]] = {"firth": [], "firth_one_thread": [], "gensim": []}
    gensim = importlib.util.find_spec("gensim") is not None
    if not gensim:
        print('gensim is not installed: pip install "firth[bench]"')
    model, theirs = folder / "model.firth", folder / "gensim.model"
    for _ in range(runs):
        for name, threads in (("firth", 2), ("firth_one_thread", 1)):
            found[name].append(train(text, model, cache, "--epochs", epochs, "--threads", threads))
            print(name, found[name][-1].figures(), flush=True)
        if gensim:
            found["gensim"].append(run(["-c", GENSIM, text, theirs, epochs], cache))
            print("gensim", found["gensim"][-1].figures(), flush=True)
    documents = {name: [json.loads(one.out) for one in found[name]] for name in list(found)[:2]}
    two, one = (min(map(training_seconds, some)) for some in documents.values())
    best = {name: min(some, key=lambda done: done.wall) for name, some in found.items() if some}
    highest = max(found["firth"], key=lambda done: done.peak)
    figures: dict[str, Any] = {name: done.figures() for name, done in best.items()}
    if gensim:
        figures["ratio_wall_seconds"] = round(best["gensim"].wall / best["firth"].wall, 2)
    return {
        "whole": figures,
        "threads": {
            "training_seconds_one": round(one, 2),
            "training_seconds_two": round(two, 2),
            "ratio": round(one / two, 2),
        },
        "memory": memory(highest, documents["firth"][0], cache),
    }


def main() -> None:
    parser = options_of(__doc__, "command")
    parser.add_argument("--megabytes", type=float, help="of text; all if not given")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = folder / "cache"
        text = plain_words(folder / "text.txt", options.megabytes)
        figures: dict[str, Any] = {
            "text_mb": round(text.stat().st_size / MB, 1),
            "epochs": options.epochs,
            "start": starts(folder, cache),
            **whole(text, folder, cache, options.epochs, options.runs),
            "neighbors": neighbors(folder, cache),
        }
    print(json.dumps(figures, indent=1))
    keep(options.name, figures)


if __name__ == "__main__":
    main()
