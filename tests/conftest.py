"""What every test may use: corpora made here, the folder of shared data if it is there."""

import os
import signal
from pathlib import Path

# A shell that starts the tests in the background has Ctrl-C ignored; some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before numpy is loaded: the tests share few cores, and each measures one thread.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).parents[1]
# kernels compiled by tests do not fill the user's own cache
os.environ.setdefault("FIRTH_CACHE", str(ROOT / ".cache"))

import random  # noqa: E402  (after the environment is set)

import pytest  # noqa: E402  (the same)


def shared_folder() -> Path:
    return Path(os.environ.get("FIRTH_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data and golden files that is not part of the repository."""
    folder = shared_folder()
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder}; set FIRTH_SHARED to its folder")
    return folder


def checkerboard_lines(lines: int, words: int = 20, length: int = 12, seed: int = 1) -> list[str]:
    """Even words stand beside even words, odd beside odd: what a model must find out."""
    rng = random.Random(seed)
    result = []
    for _ in range(lines):
        side = rng.randrange(2)
        result.append(" ".join(f"w{2 * rng.randrange(words // 2) + side}" for _ in range(length)))
    return result


@pytest.fixture(scope="session")
def checkerboard() -> list[str]:
    return checkerboard_lines(600)


@pytest.fixture(scope="session")
def checkerboard_file(tmp_path_factory, checkerboard) -> Path:
    path = tmp_path_factory.mktemp("corpora") / "checkerboard.txt"
    path.write_text("\n".join(checkerboard) + "\n", encoding="utf-8")
    return path
