"""How fast text becomes integers: words per CPU-second, from plain text to ids on the disk.

    python -m benchmarks.encoding [TEXT] [--megabytes N] [--types 10000000]

TEXT: a plain or packed text; it is unpacked first, to N MB at most. Without it, enwiki_a of the
shared data.
CPU-seconds of the whole process (all threads) are given; each figure is the best of three runs.
Beside them the same work in plain Python (str.split, Counter, dict) on a tenth of the text.
--types N: also N distinct words, twice each, for the memory that takes (in a process of its own).
"""

from __future__ import annotations

import itertools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import keep, options_of, wanted


def measured(work: Callable[[], int], runs: int = 3) -> dict[str, float]:
    """`work` gives the number of words: words per CPU-second of the best run."""
    best = wall = float("inf")
    words = 0
    for _ in range(runs):
        cpu, clock = time.process_time(), time.perf_counter()
        words = work()
        best = min(best, time.process_time() - cpu)
        wall = min(wall, time.perf_counter() - clock)
    return {
        "words": words,
        "cpu_seconds": round(best, 3),
        "wall_seconds": round(wall, 3),
        "words_per_cpu_second": round(words / best),
    }


def plain_python(path: Path) -> int:
    """What a reader would write: two passes, a dict, min_count 5."""
    lines = list(itertools.islice(path.open(encoding="utf-8"), 20_000))
    counts = Counter(token for line in lines for token in line.split())
    names = sorted((w for w, n in counts.items() if n >= 5), key=lambda w: (-counts[w], w))
    numbers = {word: i for i, word in enumerate(names)}
    ids = [numbers[token] for line in lines for token in line.split() if token in numbers]
    np.array(ids, np.int32)
    return counts.total()


def encodings(path: Path) -> dict[str, Any]:
    from firth.text.corpus import Corpus
    from firth.text.stream import encode

    with tempfile.TemporaryDirectory() as folder:

        def run(tokenizer: str, threads: int = 1) -> int:
            corpus = Corpus(path, tokenizer=tokenizer)
            return encode(corpus, threads=threads, folder=Path(folder)).tokens

        for tokenizer in ("whitespace", "words", "characters"):  # compiled or loaded now
            encode(Corpus(["a b c"], tokenizer=tokenizer), min_count=1)
        results = {name: measured(lambda n=name: run(n)) for name in ("whitespace", "words")}
        results["words, 2 threads"] = measured(lambda: run("words", 2))
        results["characters"] = measured(lambda: run("characters"), 1)
    results["plain Python, whitespace"] = measured(lambda: plain_python(path), 1)
    results["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return results


def many_types(types: int, folder: Path) -> dict[str, Any]:
    """Writes `types` distinct words, twice each, and encodes them in a process of its own."""
    path = folder / "types.txt"
    with path.open("w") as file:
        for _ in range(2):
            for first in range(0, types, 100_000):
                words = range(first, min(first + 100_000, types))
                file.write(" ".join(f"word{n * 2654435761 % (1 << 32):x}" for n in words) + "\n")
    code = (
        "import json, resource, sys, time;"
        "from firth.text.corpus import Corpus; from firth.text.stream import encode;"
        "e = encode(Corpus(sys.argv[1], tokenizer=sys.argv[2]), min_count=int(sys.argv[3]));"
        "rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024;"
        "print(json.dumps({'types': e.types, 'kept': len(e.vocabulary), 'peak_memory_mb': rss,"
        " 'cpu_seconds': round(time.process_time(), 1)}))"
    )
    results = {}
    for tokenizer, min_count in (("whitespace", 2), ("words", 2)):
        command = [sys.executable, "-c", code, str(path), tokenizer, str(min_count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results[f"{tokenizer}, min_count={min_count}"] = json.loads(done.stdout)
    return results


def main() -> None:
    parser = options_of(__doc__, "encoding")
    parser.add_argument("text", nargs="?", type=Path)
    parser.add_argument("--megabytes", type=float, default=float("inf"))
    parser.add_argument("--types", type=int, default=0)
    arguments = parser.parse_args()
    text = arguments.text or wanted("data", "text", "enwiki_a.txt.gz")

    from firth.text.opening import Chunks

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "text.txt"
        with plain.open("wb") as file:
            for chunk in Chunks(text):
                full = file.tell() + len(chunk) > arguments.megabytes * 1e6
                # whole lines, so that no character is cut
                file.write(chunk[: chunk.rfind(b"\n") + 1] if full else chunk)
                if full:
                    break
        report: dict[str, Any] = {"text": text.name, "bytes": plain.stat().st_size}
        report |= encodings(plain)
        if arguments.types:
            needed = arguments.types * 30
            if shutil.disk_usage(folder).free < needed:
                sys.exit(f"{folder}: {needed / 1e6:,.0f} MB are needed; set TMPDIR.")
            report["types"] = many_types(arguments.types, folder)
    print(json.dumps(report, indent=1))
    keep(arguments.name, report)


if __name__ == "__main__":
    main()
