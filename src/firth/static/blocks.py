"""The stream cut into blocks, and threads that work them off.

Blocks are cut by the stream, never by the number of threads, and each draws from a random state
of its own: with one thread and one seed every bit repeats, and a run can stop and go on between
any two blocks.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from firth.kernels.windows import Block
from firth.text.stream import Stream

#: tokens a block, about: some ten milliseconds of work
TOKENS = 20_000


def cut(stream: Stream, tokens: int = TOKENS) -> np.ndarray:
    """int64[blocks + 1]: where blocks begin and end; at line ends where lines are short enough."""
    size = len(stream.ids)
    marks = np.arange(0, size, tokens)
    at = np.searchsorted(stream.ends, marks)
    ends = np.asarray(stream.ends)[np.minimum(at, len(stream.ends) - 1)]
    # the end of the line a mark falls in; the mark itself if that is a block away
    edges = np.where(ends - marks < tokens, ends, marks)
    return np.unique(np.concatenate([[0], edges[1:], [size]])).astype(np.int64)


def read(stream: Stream, start: int, stop: int) -> Block:
    """The block from token `start` to `stop`, copied: a map of a file stays on disk."""
    first = int(np.searchsorted(stream.ends, start, "right"))
    last = int(np.searchsorted(stream.ends, stop, "left"))
    ends = np.array(stream.ends[first : last + 1], np.int64) - start
    ends[-1] = stop - start
    return Block(np.array(stream.ids[start:stop], np.int32), ends, first)


def work_off(
    work: Callable[[int], None],
    first: int,
    last: int,
    pool: ThreadPoolExecutor,
    threads: int,
    watch: Callable[[], None],
    ctrl_c: Callable[[], bool] = lambda: False,
) -> tuple[int, bool]:
    """work(i) for first <= i < last on `threads` threads, calling `watch` now and then.

    Ctrl-C, or `ctrl_c` if it waits, lets every thread finish its block. Returns (the first block
    not done, whether there was a Ctrl-C).
    """
    stop = threading.Event()
    lock = threading.Lock()
    numbers = iter(range(first, last))
    done = first

    def next_block() -> int | None:
        with lock:
            return next(numbers, None)

    def run() -> None:
        nonlocal done
        while not stop.is_set():
            block = next_block()
            if block is None:
                return
            try:
                work(block)
            except BaseException:
                stop.set()
                raise
            with lock:
                done += 1

    interrupted = False
    futures = [pool.submit(run) for _ in range(threads)]
    try:
        while wait(futures, timeout=0.1).not_done:
            watch()
            if ctrl_c():
                interrupted = True
                stop.set()
    except KeyboardInterrupt:
        interrupted = True
        stop.set()
        wait(futures)
    for future in futures:
        future.result()
    return done, interrupted


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Holds BLAS to one thread: the threads are ours (above a size OpenBLAS starts its own)."""
    import scipy.linalg.cython_blas  # noqa: F401  numba's np.dot calls this library: load it first
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
