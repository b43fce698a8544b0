"""`import firth` loads nothing heavy and is quick; so does what `firth neighbors` needs."""

import subprocess
import sys

import pytest

HEAVY = ["numba", "scipy", "torch", "matplotlib", "rich", "pandas", "pyarrow"]
SECONDS = 0.3


def loaded_by(statement: str) -> tuple[float, set[str]]:
    """Seconds that `statement` takes in a fresh Python, and the heavy packages it brought in."""
    program = (
        "import sys, time\n"
        "start = time.perf_counter()\n"
        f"{statement}\n"
        "print(time.perf_counter() - start, *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, *modules = done.stdout.split()
    return float(seconds), set(modules) & set(HEAVY)


@pytest.mark.parametrize(
    "statement",
    [
        "import firth",
        "from firth import Vectors, Vocabulary, load",
        "import firth.cli.main",
    ],
)
def test_nothing_heavy_is_loaded(statement):
    assert loaded_by(statement)[1] == set()


def test_the_check_would_notice():
    assert loaded_by("import firth, rich")[1] == {"rich"}


def test_import_is_quick():
    # the best of three: other work on the machine is not ours
    assert min(loaded_by("import firth")[0] for _ in range(3)) < SECONDS


def test_the_clock_would_notice():
    # generous: a sleep of twice the limit stands for a heavy import
    assert loaded_by(f"import time; time.sleep({2 * SECONDS}); import firth")[0] > SECONDS
