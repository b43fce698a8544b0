"""The loop of the classifier: pass over the blocks, note the epoch, keep what was reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firth.kernels.classifier import Examples, train_block
from firth.kernels.features import Types, WordNgrams
from firth.kernels.rng import seeded
from firth.progress import Progress
from firth.static import blocks, checkpoints
from firth.static.checkpoints import Interrupted
from firth.static.classifier import FastTextClassifier
from firth.static.classifier_model import Model, continued, fitted_of, objective_of, weights
from firth.static.fit import Tally
from firth.static.held_out import HeldOut
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted

#: tokens a block, about: some milliseconds of work
TOKENS = 40_000
#: blocks between two looks at the clock and at the numbers
SEGMENT = 128


@dataclass
class Run:
    """One training: what is fixed, and where it stands."""

    settings: FastTextClassifier
    model: Model
    examples: Examples
    texts: np.ndarray  # int64: those that have a label
    types: Types
    runs: WordNgrams
    corpus: dict[str, Any]
    phrases: Any
    threads: int
    progress: Progress
    objective: Any = field(init=False)
    weight: np.ndarray = field(init=False)
    order: np.ndarray = field(init=False)
    edges: np.ndarray = field(init=False)
    done: np.ndarray = field(init=False)
    epoch: int = 0
    block: int = 0
    tally: Tally = field(default_factory=Tally)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: list[np.ndarray] | None = None
    worse: int = 0

    def __post_init__(self) -> None:
        counts = np.bincount(self.examples.labels, minlength=len(self.model.U))
        self.weight, other = weights(self.settings, counts, len(self.texts))
        self.objective = objective_of(self.settings, self.model, other)
        lengths = np.diff(self.examples.ends, prepend=0)[self.texts]
        self.size = int(lengths.sum() + len(lengths))  # </s> counts
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """The order of the texts in the present epoch, and its blocks."""
        self.order = self.texts
        if self.settings.shuffle:
            rng = np.random.default_rng([self.settings.seed, self.epoch])
            self.order = rng.permutation(self.texts)
        ends = self.examples.ends
        lengths = ends[self.order] - np.where(self.order > 0, ends[self.order - 1], 0) + 1
        done = np.cumsum(lengths)
        cuts = np.searchsorted(done, np.arange(TOKENS, self.size, TOKENS))
        self.edges = np.unique(np.concatenate([[0], cuts, [len(self.order)]]))
        self.done = np.concatenate([[0], done])[self.edges]

    def rate(self, tokens: int) -> float:
        """The learning rate after so many tokens of the present epoch."""
        whole = self.settings.epochs * self.size
        return self.settings.rate * max(0.0, 1 - (self.epoch * self.size + tokens) / whole)

    def train_block(self, number: int) -> tuple[float, int, int]:
        span = int(self.edges[number]), int(self.edges[number + 1])
        rates = self.rate(int(self.done[number])), self.rate(int(self.done[number + 1]))
        rng = seeded(self.settings.seed, self.epoch, number)
        with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
            return train_block(
                self.objective, self.model.inputs, self.examples, self.order, span, self.types,
                self.runs, self.weight, rates, rng,
            )  # fmt: skip

    def show(self) -> None:
        """Tells the watcher how far it is."""
        figures = {"rate": self.rate(self.tally.tokens)}
        loss = self.tally.mean()
        if loss is not None:
            figures["loss"] = loss
        self.progress.advance(self.epoch * self.size + self.tally.tokens, **figures)

    def fitted(self) -> Fitted:
        """The state as it is, without the padding; the arrays are views."""
        return fitted_of(
            self.settings, self.model, self.corpus, phrases=self.phrases, history=self.history
        )


def train(
    run: Run,
    pool: ThreadPoolExecutor,
    held_out: HeldOut | None,
    checkpoint: Path | None,
    ctrl_c: Callable[[], bool],
) -> None:
    """The epochs that are left.

    Raises:
        FitError, Interrupted: as in `FastTextClassifier.fit`.
    """
    lock = threading.Lock()
    settings = run.settings
    run.progress.start(f"training {settings.kind}", settings.epochs * run.size, "words")

    def work(number: int) -> None:
        loss, texts, rows = run.train_block(number)
        with lock:
            run.tally.add(loss, texts, rows, int(run.done[number + 1] - run.done[number]))

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
                    run.tally.loss, run.epoch, run.rate(0), f"--rate (rate={settings.rate / 2:g}, "
                    "say)", checkpoint,
                )  # fmt: skip
                run.show()
                if interrupted or ctrl_c():
                    raise KeyboardInterrupt
                if checkpoint and time.monotonic() - saved >= settings.checkpoint_every:
                    _save_checkpoint(run, checkpoint)
                    saved = time.monotonic()
            if _end_of_epoch(run, pool, held_out):
                break
    except KeyboardInterrupt:
        if checkpoint:
            _save_checkpoint(run, checkpoint)
        raise Interrupted(run.fitted()) from None
    finally:
        run.progress.finish()
    if held_out is not None and run.best is not None:
        for matrix, best in zip(run.model.trained, run.best, strict=True):
            matrix[:] = best


def _end_of_epoch(run: Run, pool: ThreadPoolExecutor, held_out: HeldOut | None) -> bool:
    """Notes the epoch in the history; true if training is to stop."""
    tally = run.tally
    entry: dict[str, Any] = {
        "epoch": run.epoch + 1,
        "loss": tally.mean(),
        "examples": tally.measured,
        "words_per_second": round(tally.tokens / tally.seconds) if tally.seconds else None,
        "rate": run.rate(run.size),
    }
    stop = False
    if held_out is not None:
        entry["held_out_f1"] = held_out.f1(run.model, pool)
        # epochs before a resumption may have gone without
        earlier = [e["held_out_f1"] for e in run.history if "held_out_f1" in e]
        if not earlier or entry["held_out_f1"] > max(earlier):
            run.best = [matrix.copy() for matrix in run.model.trained]
            run.worse = 0
        else:
            run.worse += 1
            stop = run.worse >= run.settings.patience
            if stop:
                run.progress.say(
                    f"The held-out F1 has not improved for {run.worse} epoch(s): stopped after "
                    f"epoch {run.epoch + 1}, the best state is kept."
                )
    run.history.append(entry)
    run.epoch, run.block, run.tally = run.epoch + 1, 0, Tally()
    if run.epoch < run.settings.epochs:
        run.begin_epoch()
    return stop


def _save_checkpoint(run: Run, folder: Path) -> None:
    fitted = run.fitted()
    if run.best is not None:
        for number, matrix in enumerate(run.best):
            fitted.state[f"best_{number}"] = matrix[:, : run.settings.dim]
    place = {"epoch": run.epoch, "block": run.block, "worse": run.worse, "tally": asdict(run.tally)}
    checkpoints.save(fitted, place, folder)


def resume_from(run: Run, folder: Path) -> None:
    """Puts `run` where the checkpoint stopped.

    Raises:
        FormatError, SettingError: as `checkpoints.opened`.
    """
    model, names, dim = run.model, run.model.names, run.settings.dim

    def same(one: Vocabulary | None, other: Vocabulary) -> bool:
        counts = None if one is None else one.counts
        alike = one is not None and list(one) == list(other)
        return alike and np.array_equal(np.asarray(counts), np.asarray(other.counts))

    def same_text(older: Fitted) -> bool:
        return same(older.vocabulary, names.words) and same(older.labels, names.labels)

    free = {"threads", "checkpoint_every"}
    older, place = checkpoints.opened(folder, run.settings, free, same_text)
    was = continued(run.settings, names, older)
    for matrix, found in zip(model.trained, was.trained, strict=True):
        matrix[:] = found
    # other held-out texts touch other rows: the best is what is best for them
    if "best_0" in older.state and len(older.state["best_1"]) == len(model.Z):
        run.best = [np.zeros_like(matrix) for matrix in model.trained]
        for number, matrix in enumerate(run.best):
            matrix[:, :dim] = older.state[f"best_{number}"]
    run.epoch, run.block, run.worse = place["epoch"], place["block"], place["worse"]
    run.tally = Tally(**place["tally"])
    run.history = list(older.history)
    if run.epoch < run.settings.epochs:
        run.begin_epoch()
    run.progress.say(f"Going on from epoch {run.epoch + 1}, block {run.block + 1}.")
