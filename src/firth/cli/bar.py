"""The progress bar: done, speed, loss and time left, on standard error; silent when piped."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from firth.cli.output import say
from firth.neural.place import place
from firth.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class PlainProgress(Progress):
    """No bar: only the sentences worth reading, once each."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def say(self, text: str) -> None:
        if text not in self.said:
            self.said.add(text)
            self.show(text)

    def show(self, text: str) -> None:
        say(text)


class BarProgress(PlainProgress):
    """A bar by rich, drawn ten times a second at most."""

    def __init__(self) -> None:
        super().__init__()
        self.bar: Bar | None = None
        self.task: TaskID | None = None

    def start(self, task: str, total: float | None, unit: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self.finish()
        self.unit = unit
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self.bar.start()
        self.task = self.bar.add_task(task, total=total, figures="")

    def advance(self, done: float, **figures: float) -> None:
        if self.bar is None or self.task is None:
            return
        task = self.bar.tasks[0]
        speed = figures.get("speed", task.speed)
        parts = [f"{speed:,.0f} {self.unit}/s"] if speed else []
        if "trial" in figures:  # of autotune
            parts = [f"trial {figures['trial']:.0f}"]
        if "best" in figures:
            parts.append(f"best {figures['best']:.4f}")
        loss = figures.get("loss", math.nan)
        if not math.isnan(loss):
            parts.append(f"loss {loss:.4g}")
        self.bar.update(self.task, completed=done, figures=" · ".join(parts))

    def finish(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = self.task = None

    def show(self, text: str) -> None:
        if self.bar is not None:
            self.bar.console.print(text, highlight=False, markup=False)
        else:
            say(text)


class NoProgress(PlainProgress):
    """Not even sentences: of several processes, one talks."""

    def show(self, text: str) -> None:
        pass


def progress() -> PlainProgress:
    """A bar if a person watches standard error, else none."""
    if place()[0] > 0:
        return NoProgress()
    return BarProgress() if sys.stderr.isatty() else PlainProgress()
