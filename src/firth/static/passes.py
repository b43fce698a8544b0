"""The loop that models share: pass over the blocks, note each epoch, keep what was reached.

A run says what its blocks, rates and matrices are; the loop knows nothing of the model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from firth.progress import Progress
from firth.static import blocks, checkpoints
from firth.static.checkpoints import Interrupted
from firth.vectors.fitted import Fitted

#: blocks between two looks at the clock, at Ctrl-C and at the numbers
SEGMENT = 128


@dataclass
class Tally:
    """The loss of an epoch so far, in float64: of pairs, or of examples, -J in nats each."""

    loss: float = 0.0
    measured: int = 0
    pairs: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def add(self, loss: float, measured: int, pairs: int, tokens: int) -> None:
        self.loss += loss
        self.measured += measured
        self.pairs += pairs
        self.tokens += tokens

    def mean(self) -> float | None:
        """Nothing measured (every word was thinned out): no mean."""
        return self.loss / self.measured if self.measured else None


class Watched(NamedTuple):
    """The figure of held-out texts that is taken after each epoch; the best state is kept."""

    name: str  # in the history
    what: str  # in a sentence
    sign: int  # -1: the lower the better
    measure: Callable[[ThreadPoolExecutor], float]


@dataclass(kw_only=True)
class Passes:
    """One training, and where it stands. What raises NotImplementedError is the model's to say."""

    settings: Any  # of a model: kind, epochs, patience, checkpoint_every…
    threads: int
    progress: Progress
    #: block b of the epoch is from edges[b] to edges[b + 1]
    edges: np.ndarray = field(init=False)
    epoch: int = 0
    block: int = 0
    tally: Tally = field(default_factory=Tally)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: list[np.ndarray] | None = None
    worse: int = 0

    @property
    def size(self) -> int:
        """Tokens of an epoch."""
        raise NotImplementedError  # the model's to say

    @property
    def trained(self) -> list[np.ndarray]:
        """The matrices that training changes."""
        raise NotImplementedError  # the model's to say

    @property
    def remedy(self) -> str:
        """What to lower if the numbers grow without bound."""
        raise NotImplementedError  # the model's to say

    def rate(self, tokens: int) -> float:
        """The learning rate after so many tokens of the present epoch."""
        raise NotImplementedError  # the model's to say

    def train_block(self, number: int) -> tuple[float, int, int]:
        """(sum of -J, how many were measured, pairs) of one block of the epoch."""
        raise NotImplementedError  # the model's to say

    def tokens(self, number: int) -> int:
        """Tokens of a block."""
        raise NotImplementedError  # the model's to say

    def counted(self) -> dict[str, int]:
        """What the history of the epoch says was trained on."""
        raise NotImplementedError  # the model's to say

    def fitted(self) -> Fitted:
        """The state as it is, without the padding; the arrays are views."""
        raise NotImplementedError  # the model's to say

    def begin_epoch(self) -> None:
        """Called before each epoch but the first."""

    def show(self) -> None:
        """Tells the watcher how far it is."""
        figures = {"rate": self.rate(self.tally.tokens)}
        loss = self.tally.mean()
        if loss is not None:
            figures["loss"] = loss
        self.progress.advance(self.epoch * self.size + self.tally.tokens, **figures)

    def save(self, folder: Path) -> None:
        """A checkpoint."""
        fitted = self.fitted()
        for number, matrix in enumerate(self.best or ()):
            fitted.state[f"best_{number}"] = matrix
        place = {
            "epoch": self.epoch,
            "block": self.block,
            "worse": self.worse,
            "tally": asdict(self.tally),
        }
        checkpoints.save(fitted, place, folder)

    def stand(self, older: Fitted, place: dict[str, Any]) -> None:
        """Goes on from a checkpoint whose matrices have been taken over."""
        best = [older.state.get(f"best_{number}") for number in range(len(self.trained))]
        # other held-out texts may touch other rows: the best is what is best for them
        if all(
            found is not None and found.shape == matrix.shape
            for found, matrix in zip(best, self.trained, strict=True)
        ):
            self.best = [np.zeros_like(matrix) for matrix in self.trained]
            for matrix, found in zip(self.best, best, strict=True):
                matrix[:] = found
        self.epoch, self.block, self.worse = place["epoch"], place["block"], place["worse"]
        self.tally = Tally(**place["tally"])
        self.history = list(older.history)
        self.progress.say(f"Going on from epoch {self.epoch + 1}, block {self.block + 1}.")


def train(
    run: Passes,
    pool: ThreadPoolExecutor,
    watched: Watched | None,
    checkpoint: Path | None,
    ctrl_c: Callable[[], bool],
) -> None:
    """The epochs that are left; at the end the matrices hold the best state, if it is watched.

    Raises:
        FitError: the numbers grow without bound.
        Interrupted: by Ctrl-C; the checkpoint is written.
    """
    lock = threading.Lock()
    settings = run.settings
    run.progress.start(f"training {settings.kind}", settings.epochs * run.size, "words")

    def work(number: int) -> None:
        result = run.train_block(number)
        with lock:
            run.tally.add(*result, tokens=run.tokens(number))

    saved = time.monotonic()
    try:
        while run.epoch < settings.epochs:
            while run.block < len(run.edges) - 1:
                began = time.monotonic()
                segment = min(run.block + SEGMENT, len(run.edges) - 1)
                run.block, interrupted = blocks.work_off(
                    work, run.block, segment, pool, run.threads, run.show, ctrl_c
                )
                run.tally.seconds += time.monotonic() - began
                checkpoints.must_be_finite(
                    run.tally.loss, run.epoch, run.rate(0), run.remedy, checkpoint
                )
                run.show()
                if interrupted or ctrl_c():
                    raise KeyboardInterrupt
                if checkpoint and time.monotonic() - saved >= settings.checkpoint_every:
                    run.save(checkpoint)
                    saved = time.monotonic()
            if end_of_epoch(run, pool, watched):
                break
    except KeyboardInterrupt:
        if checkpoint:
            run.save(checkpoint)
        raise Interrupted(run.fitted()) from None
    finally:
        run.progress.finish()
    if watched is not None and run.best is not None:
        for matrix, best in zip(run.trained, run.best, strict=True):
            matrix[:] = best


def end_of_epoch(run: Passes, pool: ThreadPoolExecutor, watched: Watched | None) -> bool:
    """Notes the epoch in the history; true if training is to stop."""
    tally = run.tally
    entry: dict[str, Any] = {
        "epoch": run.epoch + 1,
        "loss": tally.mean(),
        **run.counted(),
        "words_per_second": round(tally.tokens / tally.seconds) if tally.seconds else None,
        "rate": run.rate(run.size),
    }
    stop = False
    if watched is not None:
        name, sign = watched.name, watched.sign
        entry[name] = watched.measure(pool)
        # epochs before a resumption may have gone without
        earlier = [sign * one[name] for one in run.history if name in one]
        if not earlier or sign * entry[name] > max(earlier):
            run.best = [matrix.copy() for matrix in run.trained]
            run.worse = 0
        else:
            run.worse += 1
            stop = run.worse >= run.settings.patience
            if stop:
                run.progress.say(
                    f"The held-out {watched.what} has not improved for {run.worse} epoch(s): "
                    f"stopped after epoch {run.epoch + 1}, the best state is kept."
                )
    run.history.append(entry)
    run.epoch, run.block, run.tally = run.epoch + 1, 0, Tally()
    if run.epoch < run.settings.epochs:
        run.begin_epoch()
    return stop
