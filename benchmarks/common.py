"""What the benchmarks share: the data folder, a text, the machine, where results are kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("FIRTH_SHARED", ROOT.parent / "shared"))
RESULTS = Path(__file__).parent / "results"


def wanted(*parts: str) -> Path:
    """A file of the shared data folder, or a way out that says where it is looked for."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        sys.exit(f"no {path}; set FIRTH_SHARED to the folder of shared data")
    return path


def options_of(doc: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the option that all have: the name of the file of results."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", default=name, help="of the file in benchmarks/results")
    return parser


def plain_words(target: Path, megabytes: float | None = None) -> Path:
    """enwiki_a as both programs read it alike: lower case, words between blanks, a paragraph a
    line; at most so many MB."""
    import gzip

    source = wanted("data", "text", "enwiki_a.txt.gz")
    left = float("inf") if megabytes is None else megabytes * 1e6
    with gzip.open(source, "rt", encoding="utf-8") as lines, open(target, "w") as out:
        for line in lines:
            words = re.findall(r"\w+", line.lower())
            if words:
                left -= out.write(" ".join(words) + "\n")
            if left < 0:
                break
    return target


def machine() -> dict[str, Any]:
    """The computer and the versions, to stand beside every figure."""
    model = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    names = ("numpy", "numba", "scipy", "gensim")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: _version(name) for name in names},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def keep(name: str, figures: dict[str, Any]) -> None:
    """Writes benchmarks/results/NAME.json with the command and the machine."""
    RESULTS.mkdir(exist_ok=True)
    # the command as a person would repeat it, without the folders of this machine
    words = [Path(word).name if os.sep in word else word for word in sys.argv[1:]]
    command = " ".join([f"python -m benchmarks.{Path(sys.argv[0]).stem}", *words])
    whole = {"command": command, "machine": machine(), **figures}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(whole, indent=1) + "\n")
    print(f"kept in {path.relative_to(ROOT)}")
