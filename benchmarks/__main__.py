"""All benchmarks, one after another, each in a process of its own.

    python -m benchmarks [--full] [NAME ...]

Short settings are for a look, in some minutes; their results are kept as benchmarks/results/
NAME-short.json. --full takes what each program takes by itself: hours, on an idle machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.common import ROOT

#: name: its short settings
SHORT = {
    "encoding": ["--megabytes", "10"],
    "evaluation": [],
    "loading": ["--words", "50000", "--gensim-words", "5000"],
    "training": [
        *("--kinds", "sg100", "cbow100"),
        *("--epochs", "1", "--seeds", "1", "--megabytes", "10"),
    ],
    "doc2vec": ["--reviews", "8000", "--epochs", "5", "--seeds", "1"],
    "phrases": ["--megabytes", "10"],
    "counts": ["--megabytes", "5"],
    "representations": ["--megabytes", "5", "--epochs", "2", "--again"],
    "glove": ["--megabytes", "5", "--epochs", "2"],
    "svd": ["--megabytes", "5", "--max-size", "5000", "--dim", "50"],
    "subwords": ["--kinds", "skipgram", "--words", "300000", "--epochs", "1", "--seeds", "1"],
    "opening": ["--words", "20000", "--buckets", "100000"],
    "packing": ["--runs", "3"],
    "command": ["--megabytes", "10", "--epochs", "1"],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SHORT))
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    for name in options.names:
        if name not in SHORT:
            parser.error(f"{name!r} is not a benchmark; there are: {', '.join(SHORT)}")
    failed = []
    for name in options.names or SHORT:
        settings = [] if options.full else [*SHORT[name], "--name", f"{name}-short"]
        print(f"== python -m benchmarks.{' '.join([name, *settings])}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *settings]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            failed.append(name)
    if failed:
        sys.exit(f"these did not end well: {', '.join(failed)}")


if __name__ == "__main__":
    main()
