"""Phrases found and joined in a text: firth beside gensim, and whether both find the same.

    python -m benchmarks.phrases [TEXT] [--megabytes N] [--runs N]

TEXT: words between blanks, a sentence or paragraph a line. Without it, enwiki_a of the shared data
as plain words. Signs _ are replaced by blanks: gensim takes words that hold one for pairs.
Both read the file, find the phrases (gensim: Phrases, then freeze), read it again and join them:
firth into integers, gensim into lists of words, in one thread. CPU-seconds of the process; of
firth the best of the runs, of gensim one run.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from benchmarks.common import keep, options_of, plain_words


def measured(work: Callable[[], Any], runs: int = 1) -> tuple[Any, dict[str, float]]:
    """What `work` gave last, and the CPU- and wall-seconds of the best run."""
    cpu = wall = float("inf")
    for _ in range(runs):
        cpu_began, wall_began = time.process_time(), time.perf_counter()
        result = work()
        cpu = min(cpu, time.process_time() - cpu_began)
        wall = min(wall, time.perf_counter() - wall_began)
    return result, {"cpu_seconds": round(cpu, 3), "wall_seconds": round(wall, 3)}


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def of_firth(path: Path, runs: int, **settings: Any) -> tuple[Any, Any, dict[str, Any]]:
    from firth.text.corpus import Corpus
    from firth.text.phrases import Phrases
    from firth.text.stream import encode

    make = Phrases(threads=1, **settings)
    corpus = Corpus(path, tokenizer="whitespace")
    # compiled or loaded now
    warm = Phrases(threads=1, min_count=1, threshold=0, connector_words=settings["connector_words"])
    small = [["a", "b", "of", "c"]] * 3
    encode(Corpus(small, phrases=warm.fit(small)), min_count=1)
    model, build = measured(lambda: make.fit(corpus), runs)
    joined = corpus.with_phrases(model)
    encoded, apply = measured(lambda: encode(joined, min_count=1, every_line=True), runs)
    return model, encoded, {"build": build, "apply": apply, "peak_memory_mb": peak()}


def of_gensim(path: Path, **settings: Any) -> tuple[Any, Any, dict[str, Any]]:
    from gensim.models.phrases import Phrases

    def lines() -> Any:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield line.split()

    model, build = measured(lambda: Phrases(lines(), **settings))
    frozen, freeze = measured(model.freeze)

    def join() -> int:
        # as a training would use them: gone through, not kept
        return sum(len(line) for line in frozen[lines()])

    tokens, apply = measured(join)
    figures = {"build": build, "freeze": freeze, "apply": apply, "peak_memory_mb": peak()}
    return frozen, tokens, figures


def same_text(path: Path, encoded: Any, frozen: Any) -> bool:
    """Whether each line was joined alike."""
    names, ids = encoded.vocabulary.names, encoded.stream.ids
    start = 0
    with path.open(encoding="utf-8") as file:
        for line, end in zip(file, encoded.stream.ends.tolist(), strict=True):
            if [names[i] for i in ids[start:end].tolist()] != frozen[line.split()]:
                return False
            start = end
    return True


def compared(path: Path, runs: int, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    model, encoded, firth = of_firth(path, runs, **ours)
    frozen, tokens, gensim = of_gensim(path, **theirs)
    total = {
        clock: (
            firth["build"][clock] + firth["apply"][clock],
            gensim["build"][clock] + gensim["freeze"][clock] + gensim["apply"][clock],
        )
        for clock in ("cpu_seconds", "wall_seconds")
    }
    return {
        "phrases": len(model),
        "same_phrases_and_scores": model.phrases == frozen.phrasegrams,
        "same_text": tokens == encoded.tokens and same_text(path, encoded, frozen),
        "firth": firth,
        "gensim": gensim,
        **{f"{clock}_gensim_by_firth": round(b / a, 1) for clock, (a, b) in total.items()},
    }


def main() -> None:
    parser = options_of(__doc__, "phrases")
    parser.add_argument("text", nargs="?", type=Path)
    parser.add_argument("--megabytes", type=float, default=None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connectors", action="store_true", help="also with connector words")
    arguments = parser.parse_args()
    try:
        import gensim  # noqa: F401  (only whether it is there)
    except ImportError:
        sys.exit("gensim is not installed: pip install 'firth[bench]'")
    with tempfile.TemporaryDirectory() as name:
        words = arguments.text or plain_words(Path(name) / "words.txt", arguments.megabytes)
        path = Path(name) / "text.txt"
        left = float("inf") if arguments.megabytes is None else arguments.megabytes * 1e6
        tokens = 0
        with words.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as out:
            for line in lines:
                tokens += len(line.replace("_", " ").split())
                left -= out.write(line.replace("_", " "))
                if left < 0:
                    break
        report: dict[str, Any] = {"bytes": path.stat().st_size, "tokens": tokens}
        report["default"] = compared(path, arguments.runs, {"connector_words": ""}, {})
        if arguments.connectors:
            some = ["a", "an", "the", "of", "and", "or", "in", "on", "at", "to", "for", "with"]
            report["connector words"] = compared(
                path,
                arguments.runs,
                {"connector_words": " ".join(some)},
                {"connector_words": frozenset(some)},
            )
    print(json.dumps(report, indent=1))
    keep(arguments.name, report)


if __name__ == "__main__":
    main()
