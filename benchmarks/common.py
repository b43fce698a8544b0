"""What the benchmarks share: the data folder, a text, the machine, where results are kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from collections.abc import Sequence
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


def plain_words(
    target: Path, megabytes: float | None = None, texts: Sequence[str] = ("enwiki_a",)
) -> Path:
    """Texts as both programs read them alike: lower case, words between blanks, a paragraph a
    line; at most so many MB of all.

    texts: names in the data folder, or files, plain or .gz.
    """
    import gzip

    left = float("inf") if megabytes is None else megabytes * 1e6
    with open(target, "w", encoding="utf-8") as out:
        for text in texts:
            named = Path(text).suffix == ""
            source = wanted("data", "text", f"{text}.txt.gz") if named else Path(text)
            opener: Any = gzip.open if source.suffix == ".gz" else open
            with opener(source, "rt", encoding="utf-8") as lines:
                for line in lines:
                    if left < 0:
                        break
                    words = re.findall(r"\w+", line.lower())
                    if words:
                        left -= out.write(" ".join(words) + "\n")
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
    names = ("numpy", "numba", "scipy", "gensim", "torch")
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


def command() -> str:
    """That which runs, as a person would repeat it, without the folders of this machine."""
    words = [Path(word).name if os.sep in word else word for word in sys.argv[1:]]
    return " ".join([f"python -m benchmarks.{Path(sys.argv[0]).stem}", *words])


def keep(name: str, figures: dict[str, Any]) -> None:
    """Writes benchmarks/results/NAME.json with the command and the machine."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"command": command(), "machine": machine(), **figures}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(whole, indent=1) + "\n")
    print(f"kept in {path.relative_to(ROOT)}")
