"""Counting co-occurrence and training GloVe: speed, and the loss against a float64 twin.

    python -m benchmarks.glove [--epochs 5] [--megabytes N] [--program FOLDER] [--no-twin]

enwiki_a, lower case, words, window 10, 1/distance, min count 5; dim 100, x_max 10. One thread; then
counting with memory=256MB, and both with two threads.
--program: the folder with cooccur, shuffle, glove and vocab_count of the original (0.2, C, double
precision, one thread): run on the same text, and its loss printed beside ours.
--seeds N with it: also WS-353, SimLex-999 and analogies of the vectors of both, N runs each.
The twin is the original's mathematics in float64, entry by entry, from the same start: once in the
order in which firth visits the entries, once with all of them shuffled in each epoch. Its loss is
taken as ours, over all entries at the parameters reached.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

from benchmarks.common import keep, options_of, plain_words
from benchmarks.training import quality
from firth import Corpus, GloVe, load_vectors
from firth.compiled import kernel
from firth.progress import SILENT
from firth.static import count_windows, fit_glove
from firth.static.cooccurrence import Cooccurrence
from firth.static.tiles import tiled
from firth.static.window_counts import WindowCounts
from firth.text.stream import encode

#: numbers of a vector
DIM = 100


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    seconds = time.process_time() - cpu, time.perf_counter() - wall
    names = ("cpu_seconds", "wall_seconds")
    return result, {n: round(s, 2) for n, s in zip(names, seconds, strict=True)}


def counting(text: Path) -> tuple[Cooccurrence, dict[str, Any]]:
    """The counts, and tokens per CPU-second: of counting alone, and with reading the text."""
    report: dict[str, Any] = {}
    first: Any = None
    for name, threads, memory in (
        ("in memory", 1, None),
        ("memory=256MB", 1, "256MB"),
        ("in memory, two threads", 2, None),
    ):
        settings = WindowCounts(threads=threads, memory=memory)
        best: dict[str, Any] = {}
        for _ in range(5):
            found = work = encoded = None  # what the last run held is free again
            encoded, reading = timed(
                lambda n=threads: encode(Corpus(text, tokenizer="whitespace"), threads=n)
            )
            size = count_windows.memory_of(settings)
            work = count_windows.plan(settings, encoded, size, threads)
            found, took = timed(lambda work=work: work.go(SILENT))
            tokens = len(encoded.stream.ids)
            run = {
                **took,
                "tokens_per_cpu_second": round(tokens / took["cpu_seconds"]),
                "with_reading": round(tokens / (took["cpu_seconds"] + reading["cpu_seconds"])),
                "parts": -(-tokens // work.tokens),
                "on_disk": isinstance(found[1], np.memmap),
            }
            if not best or run["cpu_seconds"] < best["cpu_seconds"]:
                best = run
        assert encoded is not None
        assert found is not None
        if first is None:
            first = Cooccurrence(encoded.vocabulary, *found)
        best["same_triples"] = all(
            np.array_equal(a, b)
            for a, b in zip((first.offsets, first.columns, first.values), found, strict=True)
        )
        report[name] = best
        print("counting", name, best, flush=True)
    report |= {"tokens": tokens, "words": len(first.vocabulary), "pairs": len(first)}
    return first, report


def training(counts: Cooccurrence, epochs: int, threads: int) -> tuple[fit_glove.Run, dict]:
    model = GloVe(dim=DIM, threads=threads, epochs=epochs)
    with ThreadPoolExecutor(threads) as pool:
        tiles, cutting = timed(lambda: tiled(counts, model.x_max, model.alpha, 2**40, pool))
        parameters = fit_glove.fresh(model, len(counts.vocabulary))
        run = fit_glove.Run(model, counts.vocabulary, {}, None, tiles, parameters, threads, SILENT)
        _, took = timed(lambda: fit_glove._train(run, pool, None))
    pairs = epochs * len(counts)
    return run, {
        **took,
        "pairs_per_cpu_second": round(pairs / took["cpu_seconds"]),
        "pairs_per_second": round(pairs / took["wall_seconds"]),
        "cutting_cpu_seconds": cutting["cpu_seconds"],
        "losses": [round(entry["loss"], 6) for entry in run.history],
    }


@kernel
def twin_epoch(rows, columns, values, order, w, c, b, d, G, H, g, h, x_max, alpha, rate):
    """One step for each entry in the order given, all in float64; the mean loss before each."""
    total = 0.0
    for k in order:
        i, j, x = rows[k], columns[k], values[k]
        dot = 0.0
        for q in range(w.shape[1]):
            dot += w[i, q] * c[j, q]
        e = dot + b[i] + d[j] - np.log(x)
        fe = e * min(1.0, (x / x_max) ** alpha)
        total += 0.5 * fe * e
        for q in range(w.shape[1]):
            step, back = rate * fe * c[j, q], rate * fe * w[i, q]
            w[i, q] -= step / np.sqrt(G[i, q])
            c[j, q] -= back / np.sqrt(H[j, q])
            G[i, q] += step * step
            H[j, q] += back * back
        b[i] -= fe / np.sqrt(g[i])
        d[j] -= fe / np.sqrt(h[j])
        g[i] += fe * fe
        h[j] += fe * fe
    return total / order.shape[0]


@kernel
def loss_of(rows, columns, values, w, c, b, d, x_max, alpha):
    """J over the entries, at fixed parameters, per entry."""
    total = 0.0
    for k in range(rows.shape[0]):
        i, j, x = rows[k], columns[k], values[k]
        dot = 0.0
        for q in range(w.shape[1]):
            dot += np.float64(w[i, q]) * np.float64(c[j, q])
        e = dot + b[i] + d[j] - np.log(x)
        total += 0.5 * min(1.0, (x / x_max) ** alpha) * e * e
    return total / rows.shape[0]


def twin(
    counts: Cooccurrence, run: fit_glove.Run, epochs: int, same: bool, step_by_step: bool = False
) -> dict[str, Any]:
    """The loss of both after the same number of epochs from the same start.

    same: the entries in the order in which firth visited them; else all of them shuffled.
    step_by_step: train again, and take the loss of both after each epoch.
    """
    model = run.model
    words = len(counts.vocabulary)
    rows = np.repeat(np.arange(words, dtype=np.int32), np.diff(counts.offsets))
    at = rows, counts.columns, counts.values
    start = fit_glove.fresh(model, words)
    half, dim = start.W.shape[1] // 2, model.dim
    w, c = (np.array(x[:, :dim], np.float64) for x in (start.W, start.C))
    G, H = (np.array(x[:, half : half + dim], np.float64) for x in (start.W, start.C))
    b, d = (np.array(x[:, 0], np.float64) for x in (start.B, start.D))
    g, h = (np.array(x[:, 1], np.float64) for x in (start.B, start.D))
    learnt, rule = (w, c, b, d, G, H, g, h), (model.x_max, model.alpha, model.rate)
    tiled_at = by_tiles(run) if same else at
    draw, online = np.random.default_rng(7), []
    state = run.state()
    parts = [state[name] for name in ("word", "context", "word_bias", "context_bias")]
    curve = []
    took = 0.0
    if step_by_step:
        _begin_again(run, start)
    for epoch in range(epochs):
        began = time.process_time()
        if same:
            total = 0.0
            for part, fields in run.tiles.rounds(model.seed, epoch):
                for field in fields:
                    order = run.tiles.order(model.seed, epoch, part, *field)
                    if len(order):
                        order = order + run.tiles.tiles(*field)[0]
                        total += len(order) * twin_epoch(*tiled_at, order, *learnt, *rule)
            online.append(total / len(rows))
        else:
            order = draw.permutation(len(rows))
            online.append(twin_epoch(*at, order, *learnt, *rule))
        print("twin", "same" if same else "random", online[-1], flush=True)
        took += time.process_time() - began
        if step_by_step:
            _one_epoch(run, epoch)
        if step_by_step or epoch == epochs - 1:
            ours = loss_of(*at, *(np.ascontiguousarray(x) for x in parts), *rule[:2])
            theirs = loss_of(*at, w, c, b, d, *rule[:2])
            curve.append((epoch + 1, round(ours, 5), round(theirs, 5)))
    return {
        **({"curve: epochs, firth, twin": curve} if step_by_step else {}),
        "losses": [round(x, 6) for x in online],
        "loss_at_the_end": round(theirs, 6),
        "firth_at_the_end": round(ours, 6),
        "firth_over_twin": round(ours / theirs, 5),
        "pairs_per_cpu_second": round(epochs * len(rows) / took),
    }


def _begin_again(run: fit_glove.Run, start: Any) -> None:
    for array, first in zip(run.parameters, start, strict=True):
        array[:] = first


def _one_epoch(run: fit_glove.Run, epoch: int) -> None:
    run.epoch = epoch
    with ThreadPoolExecutor(run.threads) as pool:
        for part, fields in run.tiles.rounds(run.model.seed, epoch):
            run.one_round(part, fields, pool)


def by_tiles(run: fit_glove.Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows, columns, values) of the entries as they lie in the tiles."""
    entries, tiles = run.tiles.entries, run.tiles
    rows, columns = entries.row.astype(np.int32), entries.column.astype(np.int32)
    for a in range(tiles.bands):
        for b in range(tiles.bands):
            first, corner = tiles.tiles(a, b), tiles.corner(a, b)
            rows[first[0] : first[-1]] += corner[0]
            columns[first[0] : first[-1]] += corner[1]
    return rows, columns, np.exp(entries.log_x.astype(np.float64))


def original(folder: Path, text: Path, work: Path, tokens: int, epochs: int) -> dict[str, Any]:
    """The C program on the same text, one thread."""
    report: dict[str, Any] = {}

    def run(name: str, options: str, source: Path, target: Path) -> str:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.perf_counter()
        command = [str(folder / name), *options.split()]
        with source.open("rb") as given, target.open("wb") as out:
            done = subprocess.run(
                command, stdin=given, stdout=out, stderr=subprocess.PIPE, check=True, cwd=work
            )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        wall = time.perf_counter() - wall
        report[name] = {"cpu_seconds": round(cpu, 2), "wall_seconds": round(wall, 2)}
        print(name, report[name], flush=True)
        return done.stderr.decode()

    vocabulary, counted, shuffled = (work / name for name in ("vocab", "counts", "shuffled"))
    run("vocab_count", "-min-count 5 -verbose 0", text, vocabulary)
    run("cooccur", f"-memory 4 -vocab-file {vocabulary} -window-size 10 -verbose 0", text, counted)
    run("shuffle", "-memory 4 -seed 1 -verbose 0", counted, shuffled)
    report["pairs"] = counted.stat().st_size // 16
    settings = (
        f"-input-file {shuffled} -vocab-file {vocabulary} -save-file {work / 'vectors'} "
        f"-vector-size {DIM} -threads 1 -iter {epochs} -x-max 10 -binary 1 -seed 1 -verbose 2"
    )
    said = run("glove", settings, shuffled, work / "out")
    report["losses"] = [float(x) for x in re.findall(r"cost: ([0-9.]+)", said)]
    counting = sum(report[name]["cpu_seconds"] for name in ("cooccur", "shuffle"))
    report["cooccur"]["tokens_per_cpu_second"] = round(tokens / report["cooccur"]["cpu_seconds"])
    report["with_shuffle_tokens_per_cpu_second"] = round(tokens / counting)
    pairs = epochs * report["pairs"]
    report["glove"]["pairs_per_cpu_second"] = round(pairs / report["glove"]["cpu_seconds"])
    return report


def scores_of_both(
    folder: Path, text: Path, work: Path, counts: Cooccurrence, epochs: int, seeds: int
) -> dict[str, Any]:
    """Quality of firth's vectors and the original's, same text and settings, a run a seed."""
    runs: dict[str, list[dict[str, float]]] = {"firth": [], "original": []}
    vocabulary, counted, shuffled = (work / name for name in ("vocab", "counts", "shuffled"))
    for seed in range(1, seeds + 1):
        fitted = GloVe(dim=DIM, epochs=epochs, seed=seed, threads=1).fit(counts)
        runs["firth"].append(quality(fitted.must_have_vectors("firth")))
        with counted.open("rb") as given, shuffled.open("wb") as out:
            command = [folder / "shuffle", "-memory", "4", "-seed", str(seed), "-verbose", "0"]
            subprocess.run(command, stdin=given, stdout=out, check=True, cwd=work)
        settings = (
            f"-input-file {shuffled} -vocab-file {vocabulary} -save-file {work / 'vectors'} "
            f"-vector-size {DIM} -threads 1 -iter {epochs} -x-max 10 -seed {seed} -verbose 0"
        )
        subprocess.run([str(folder / "glove"), *settings.split()], check=True, cwd=work)
        vectors = load_vectors(work / "vectors.txt", format="glove", limit=len(counts.vocabulary))
        runs["original"].append(quality(vectors))
        print("seed", seed, {name: run[-1] for name, run in runs.items()}, flush=True)
    means = {
        name: {score: round(statistics.mean(run[score] for run in some), 2) for score in some[0]}
        for name, some in runs.items()
    }
    return {"epochs": epochs, "means": means, "runs": runs}


def main() -> None:
    parser = options_of(__doc__, "glove")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--megabytes", type=float, help="of text; all if not given")
    parser.add_argument("--program", type=Path, help="folder of the original's programs")
    parser.add_argument("--seeds", type=int, default=0, help="compare scores with the original's")
    parser.add_argument("--no-twin", action="store_true")
    parser.add_argument("--curve", action="store_true", help="the loss after each epoch")
    options = parser.parse_args()
    report: dict[str, Any] = {"epochs": options.epochs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = plain_words(folder / "small.txt", 1)
        GloVe(epochs=1, min_count=1).fit(Corpus(small, tokenizer="whitespace"))  # compiled now
        text = plain_words(folder / "text.txt", options.megabytes)
        counts, report["counting"] = counting(text)
        for threads in (1, 2):
            run, report[f"training, threads={threads}"] = training(counts, options.epochs, threads)
            print("training", threads, report[f"training, threads={threads}"], flush=True)
        if not options.no_twin:
            n, curve = options.epochs, options.curve
            if not curve:
                report["twin, same order"] = twin(counts, run, n, same=True)
            report["twin, random order"] = twin(counts, run, n, same=False, step_by_step=curve)
        if options.program:
            tokens = report["counting"]["tokens"]
            report["original"] = original(
                options.program.absolute(), text, folder, tokens, options.epochs
            )
            ours, theirs = report["training, threads=1"], report["original"]
            report["ratios_of_cpu_seconds"] = {
                "counting, theirs with shuffle": round(
                    report["counting"]["in memory"]["with_reading"]
                    / theirs["with_shuffle_tokens_per_cpu_second"],
                    2,
                ),
                "training": round(
                    ours["pairs_per_cpu_second"] / theirs["glove"]["pairs_per_cpu_second"], 2
                ),
            }
            if options.seeds:
                report["scores"] = scores_of_both(
                    options.program.absolute(), text, folder, counts, options.epochs, options.seeds
                )
    print(report)
    keep(options.name, report)


if __name__ == "__main__":
    main()
