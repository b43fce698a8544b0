"""The one loop that trains every neural model.

    g = d loss / d w over `accumulate` batches               mean over their units
    g <- g min(1, clip_norm / ||g||)                         Pascanu et al. 2013; EMB, algorithm 1
    w <- step of the optimiser along g, at the rate of the schedule
    every epoch: measure on held-out text, keep the best w, perhaps stop early

A `Task` says what is trained: its net, its batches, its loss. Nothing of a single task is here.
Without held-out text there is no best: the last weights are kept, and the loss of training is
what `patience` and the schedule `plateau` watch.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn

from firth.errors import FitError, SettingError
from firth.interrupts import Interrupted, ctrl_c_waits
from firth.neural import checkpoints, optimisers, resuming, schedules
from firth.neural.best import Best
from firth.neural.budget import Budget
from firth.neural.device import autocast_of, described, threads_of, with_threads
from firth.neural.distributed import Processes, joined
from firth.neural.lock import locked
from firth.neural.log import Log
from firth.neural.records import Outcome, Place, Signals, Step, Tally, diverged, entry_of, told
from firth.neural.task import Batch, Task
from firth.neural.training import Training
from firth.progress import SILENT, Progress

__all__ = ["Batch", "Interrupted", "Outcome", "Task", "seed_all", "train"]

#: steps between two looks at the numbers of a graphics card, which has to wait for a look
LOOK = 25
#: so many times the loss of the first step, and training has gone astray; an irnn that overshoots
#: comes back from thousands
ABSURD = 1e9
#: writing checkpoints of better weights takes at most this part of the time
WRITING = 0.05


def seed_all(seed: int) -> None:
    """Of torch's generators: what a net begins with."""
    torch.manual_seed(seed)


def train(
    task: Task,
    settings: Training,
    *,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
    evaluate_first: bool = False,
) -> Outcome:
    """Trains `task.net`, which holds the best weights in the end.

    folder: for checkpoints and log.jsonl.  resume: go on from the checkpoint there.
    evaluate_first: measure before the first step too.

    Raises:
        FitError: the loss or a gradient is not a number any more; the net holds the last good
            weights.
        Interrupted: Ctrl-C; the net holds the best weights, `history` what was reached.
        FormatError, SettingError: the checkpoint is damaged, or of another training; another
            training writes the folder.
        StorageError: the disk is full.
    """
    if resume and folder is None:
        raise SettingError("To resume, give the checkpoint folder of the run that stopped.")
    weights = optimisers.trained(task.net)
    if not weights:
        raise SettingError("The net has no weights that learn; do not freeze all of them.")
    device = next(iter(weights.values())).device
    with (
        joined(device) as processes,
        locked(folder) if folder and processes.first else contextlib.nullcontext(),
        with_threads(threads_of(settings.threads)),
        ctrl_c_waits() as ctrl_c,
    ):
        if not processes.first:
            progress = SILENT
        loop = Loop(task, settings, folder, progress, processes, device)
        with resuming.nothing_left_empty(folder if processes.first else None):
            if resume and folder is not None:
                resuming.resume(loop, folder)
            else:
                loop.begin()
            return loop.run(ctrl_c, evaluate_first)


class Loop:
    """One training: what is fixed, and where it stands."""

    def __init__(
        self,
        task: Task,
        settings: Training,
        folder: Path | None,
        progress: Progress,
        processes: Processes,
        device: torch.device,
    ) -> None:
        self.task, self.settings, self.folder, self.progress = task, settings, folder, progress
        self.processes, self.device, self.net = processes, device, task.net
        self.weights = list(optimisers.trained(self.net).values())
        self.optimiser = optimisers.optimiser_of(self.net, settings)
        processes.same_start(self.net)
        self.best = Best(self.net, settings.average)
        steps = max(processes.most(task.steps()), 1)
        self.per_epoch = math.ceil(steps / settings.accumulate)
        self.budget = Budget(settings, self.per_epoch)
        self.look = 1 if device.type == "cpu" else LOOK
        self.place, self.tally = Place(), Tally()
        self.unseen: list[Step] = []
        self.history: list[dict[str, Any]] = []
        kept = None if settings.log is None else Path(settings.log)
        self.log = Log(folder, kept) if processes.first else Log(None)
        self.saved = time.monotonic()
        self.writing = self.speed = 0.0

    def begin(self) -> None:
        """Before the first step: generators, an empty folder."""
        # each process drops other numbers, and none the ones its net begins with
        seed = (self.settings.seed + 1) * 0x9E3779B97F4A7C15 + self.processes.rank
        torch.manual_seed(seed % 2**63)
        if self.processes.first and self.folder is not None:
            (self.folder / checkpoints.NAME).unlink(missing_ok=True)
        self.log.begin([])

    def run(self, ctrl_c: Callable[[], bool], evaluate_first: bool) -> Outcome:
        """The steps that are left."""
        where = described(self.device, self.settings.precision)
        others = f", {self.processes.world} processes" if self.processes.world > 1 else ""
        self.progress.say(f"Training on {where}{others}.")
        self.progress.start(f"training {self.settings.kind}", 1000, "tokens")
        self.net.train()
        try:
            if evaluate_first and not self.history and not self.place.step:
                self.measure()
            stopped = self.epochs(ctrl_c)
        except KeyboardInterrupt:
            self.best.put_back()
            raise Interrupted(history=self.history) from None
        finally:
            self.progress.finish()
        self.best.put_back()
        best = self.place.best if self.best.weights else (self.history or [{}])[-1]
        return Outcome(self.history, best, self.budget.seconds(), stopped)

    def epochs(self, ctrl_c: Callable[[], bool]) -> str:
        """Pass after pass over the batches; what ended them."""
        place, settings, every = self.place, self.settings, self.settings.evaluate_every
        fresh = not place.batch
        while not 0 < settings.patience <= place.worse:
            if fresh:
                self.task.begin(place.epoch)
            batches = self.task.batches(place.epoch, place.batch)
            while True:
                group = list(islice(batches, settings.accumulate))
                signals = self.signals(group, ctrl_c())
                if signals.interrupted:
                    if self.folder is not None:
                        resuming.save(self, self.folder)
                    raise KeyboardInterrupt
                if place.step and signals.p >= 1:
                    return self.end()
                if signals.save and self.folder is not None:
                    resuming.save(self, self.folder)
                if not signals.batches:
                    break
                began = time.monotonic()
                self.step(group, signals)
                self.tally.seconds += time.monotonic() - began
                if every and place.step % every == 0 and self.measure():
                    return "patience"
            place.epoch, place.batch, fresh = place.epoch + 1, 0, True
            if not every:
                self.measure()
        return "patience"

    def end(self) -> str:
        """Measures what is not measured yet; why training is over."""
        if self.tally.steps or self.unseen:
            self.measure()
        if self.place.step >= self.budget.steps:
            return "epochs"
        if self.place.step == 1:
            self.progress.say(
                f"A step takes longer than minutes={self.settings.minutes:g}; one was made."
            )
        return "minutes"

    def signals(self, group: list[Any], interrupted: bool) -> Signals:
        """What all processes agree on before a step; the first one's clock counts."""
        first = self.processes.first
        since = time.monotonic() - self.saved
        due = first and self.folder is not None and since >= self.settings.checkpoint_every
        batches, units, tokens, p, stop, save = self.processes.sums(
            len(group),
            sum(batch.units for batch in group),
            sum(batch.tokens for batch in group),
            self.budget.part(self.place.step) if first else 0.0,
            interrupted,
            due,
        )
        return Signals(int(batches), int(units), int(tokens), p, bool(stop), bool(save))

    def rate(self, p: float) -> float:
        """The learning rate of the next step."""
        fall = schedules.factor(self.settings.schedule, p, self.place.halvings)
        warm = schedules.warm(self.place.step, self.settings.warmup)
        return optimisers.first_rate(self.settings) * warm * fall

    def step(self, group: list[Any], signals: Signals) -> None:
        """One step of the optimiser along the mean gradient of `group`."""
        settings, place, tally = self.settings, self.place, self.tally
        place.rate = rate = self.rate(signals.p)
        total = torch.zeros((), dtype=self.weights[0].dtype, device=self.device)
        for batch in group:
            if not batch.units:
                continue  # nothing to learn from, and no mean
            with autocast_of(self.device, settings.precision):
                loss = self.task.loss(batch)
            (loss * (batch.units / signals.units)).backward()
            total += loss.detach() * batch.units
        self.processes.add_gradients(self.weights, total)
        if settings.clip_value:
            nn.utils.clip_grad_value_(self.weights, settings.clip_value)
        norm = nn.utils.clip_grad_norm_(self.weights, settings.clip_norm or math.inf)
        self.unseen.append(Step(place.step + 1, rate, signals.units, total, norm))
        if len(self.unseen) >= self.look:
            self.look_at()
        optimisers.set_rate(self.optimiser, rate)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.best.average is not None:
            self.best.average.update()
        tally.tokens += signals.tokens
        tally.steps += 1
        place.step += 1
        place.batch += settings.accumulate

    def look_at(self) -> None:
        """Adds up the numbers of the last steps.

        Raises:
            FitError: one of them is not finite, or absurd. On the CPU, the step was not made yet.
        """
        if not self.unseen:
            return
        steps, self.unseen = self.unseen, []
        losses = torch.stack([step.loss for step in steps]).tolist()
        norms = torch.stack([step.norm for step in steps]).tolist()
        for step, loss, norm in zip(steps, losses, norms, strict=True):
            mean = loss / max(1, step.units)
            if self.place.first is None:
                self.place.first = mean
            # a softmax of absurd scores has a loss that is finite, and nothing learns from it
            absurd = mean > ABSURD * max(1.0, abs(self.place.first))
            if absurd or not (math.isfinite(loss) and math.isfinite(norm)):
                self.best.rescue()
                saved = self.folder is not None and (self.folder / checkpoints.NAME).is_file()
                kept = self.folder if saved else None
                raise diverged(step, loss, norm, self.place.epoch, kept)
            self.tally.loss += loss
            self.tally.norm += norm
            self.tally.units += step.units
        if self.look > 1:
            self.best.note_good()
        if self.tally.seconds:
            self.speed = self.tally.tokens / self.tally.seconds
        self.progress.advance(
            1000 * min(1.0, self.budget.part(self.place.step)),
            loss=mean,
            rate=steps[-1].rate,
            speed=self.speed,
        )
        if estimate := self.budget.estimate():
            self.progress.say(estimate)

    def measure(self) -> bool:
        """Notes where training stands, on held-out text too; true if it is to stop."""
        self.look_at()
        self.processes.mean_buffers(self.net)
        began, tally, place = time.monotonic(), self.tally, self.place
        figures = self.processes.same(self.figures() if self.processes.first else None)
        self.budget.measuring = time.monotonic() - began
        place.seconds = self.budget.seconds()
        entry = entry_of(place, tally, self.per_epoch, figures)
        name, watched = next(iter(figures.items()), ("loss", entry["loss"]))
        if figures and not math.isfinite(watched):
            self.best.rescue()
            raise FitError(
                f"The {name.replace('_', ' ')} became {watched:g} after step {place.step}; lower "
                "--rate or --clip-norm."
            )
        self.history.append(entry)
        self.log.add(entry)
        self.progress.say(told(entry, figures))
        self.tally = Tally()
        better = watched is not None and improves(name, entry, place.best)
        if better:
            place.best, place.worse = entry, 0
            if figures:
                self.best.note()
                self.save_best()
        elif watched is not None:
            place.worse, place.halvings = place.worse + 1, place.halvings + 1
        return 0 < self.settings.patience <= place.worse

    def save_best(self) -> None:
        """Better weights go to disk at once, if that takes little of the time."""
        little = self.writing <= WRITING * (time.monotonic() - self.saved)
        if self.folder is not None and self.processes.same(little):
            resuming.save(self, self.folder)

    def figures(self) -> dict[str, float]:
        """Those of the task, which leave no trace: not in the net, not in the generators."""
        cards = [self.device] if self.device.type == "cuda" else []
        self.net.eval()
        try:
            with self.best.shown(), torch.random.fork_rng(cards):
                return self.task.evaluate()
        finally:
            self.net.train()


def improves(name: str, entry: dict[str, Any], best: dict[str, Any]) -> bool:
    """Whether a measurement is better than the best: by `name`, then by the loss of training.

    F1 stays at 0 for the first epochs, and a small text has few values of it: of two equal ones
    the one that has learnt more is better. At 0 nothing is left to get better.
    """
    if entry[name] != best.get(name):
        return entry[name] < best.get(name, math.inf)
    return entry[name] > 0 and name != "loss" and _loss(entry) < _loss(best)


def _loss(entry: dict[str, Any]) -> float:
    return math.inf if entry["loss"] is None else entry["loss"]
