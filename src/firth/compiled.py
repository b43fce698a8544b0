"""`kernel`: compile a function of numbers with numba, cached on disk and never stale.

numba's own cache looks only at the file that holds a function: edit a shared helper and its
callers stay old. So the cache folder bears the digest of every source file that holds kernels:
a change anywhere in them starts a fresh folder.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

#: sums may be reordered and fused; NaN and infinity keep their meaning, so that they are noticed
FAST = {"reassoc", "contract", "nsz", "arcp"}


@functools.cache
def sources_digest() -> str:
    """Digest of all kernel sources and of the versions that compile them."""
    import llvmlite
    import numba
    import numpy

    digest = hashlib.blake2b(digest_size=10)
    for module in (numba, llvmlite, numpy):
        digest.update(module.__version__.encode())
    for path in sorted(HERE.rglob("*.py")):
        source = path.read_bytes()
        if b"@kernel" in source or path.parent.name == "kernels":
            digest.update(path.relative_to(HERE).as_posix().encode())
            digest.update(source)
    return digest.hexdigest()


def cache_root() -> Path:
    """Where firth keeps what it can make again: FIRTH_CACHE, else the user's cache folder."""
    if "FIRTH_CACHE" in os.environ:
        return Path(os.environ["FIRTH_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "firth"


@functools.cache
def kernel_cache() -> Path:
    """The folder of compiled kernels for the present sources; older ones are deleted."""
    root = cache_root() / "kernels"
    try:
        folder = root / sources_digest()
        folder.mkdir(parents=True, exist_ok=True)
        siblings = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in siblings[:-4]:
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        return folder
    except OSError:
        # a home that cannot be written: compile anew in each run rather than fail
        return Path(tempfile.mkdtemp(prefix="firth-kernels-"))


def is_cold() -> bool:
    """True if nothing has been compiled yet for the present sources."""
    return not any(kernel_cache().rglob("*.nbc"))


def kernel(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Compiles `function`: releases the interpreter lock, no bounds checks, cached on disk.

    Under NUMBA_DISABLE_JIT=1 the function stays plain Python, and gives the same numbers.
    `options` are numba's (inline, fastmath, boundscheck…).
    """
    if function is None:
        return functools.partial(kernel, **options)
    import numba

    settings: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "cache": True,
        "fastmath": FAST,
    } | options
    # numba reads the folder when the decorator runs
    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(kernel_cache())
    try:
        return numba.njit(**settings)(function)
    finally:
        numba.config.CACHE_DIR = previous
