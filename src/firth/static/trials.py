"""The settings that autotune has tried, and what came of each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from firth.static.autotune_search import SEARCHED, Choice

#: headings of the table: settings of the search, then what came of them
COLUMNS = {
    "epochs": "epochs", "rate": "rate", "dim": "dim", "word_ngrams": "word n-grams",
    "min_n": "min n", "max_n": "max n", "buckets": "buckets", "dsub": "dsub",
}  # fmt: skip


@dataclass
class Trial:
    """One run.

    began, seconds: when, counted from the beginning, and how long.  score: None if there is none,
    and `note` says why.  bytes: of its .bin or .ftz, if the size is limited.
    """

    number: int
    settings: dict[str, Any]
    dsub: int | None
    began: float
    seconds: float = 0.0
    score: float | None = None
    bytes: int | None = None
    note: str = ""

    @staticmethod
    def of(number: int, choice: Choice, began: float, limited: bool) -> Trial:
        settings = {name: getattr(choice.settings, name) for name in SEARCHED}
        settings["buckets"] = choice.settings.rows_of_ngrams
        return Trial(number, settings, choice.dsub if limited else None, began)


@dataclass
class Trials:
    """All of them, in order.

    metric: what was made large.  seconds: the time that was given.  model_size: the bytes.
    """

    metric: str
    seconds: float | None
    model_size: int | None
    trials: list[Trial] = field(default_factory=list)

    @property
    def best(self) -> Trial | None:
        """The first of the highest score."""
        scored = [trial for trial in self.trials if trial.score is not None]
        return max(scored, key=lambda trial: trial.score or 0.0, default=None)

    def __len__(self) -> int:
        return len(self.trials)

    def to_json(self) -> dict[str, Any]:
        best = self.best
        return {
            "metric": self.metric,
            "seconds": self.seconds,
            "model_size": self.model_size,
            "best": None if best is None else best.number,
            "score": None if best is None else best.score,
            "trials": [dataclasses.asdict(trial) for trial in self.trials],
        }

    @staticmethod
    def from_json(told: dict[str, Any]) -> Trials:
        """The opposite of `to_json`."""
        trials = [Trial(**trial) for trial in told["trials"]]
        return Trials(told["metric"], told["seconds"], told["model_size"], trials)

    def rows(self) -> list[list[str]]:
        """Headings, then a row for each trial; the best is marked."""
        limited = self.model_size is not None
        names = [name for name in COLUMNS if limited or name != "dsub"]
        heads = ["trial", *(COLUMNS[name] for name in names), "seconds", self.metric]
        rows = [[*heads, *(["bytes"] if limited else []), "note"]]
        best = self.best
        for trial in self.trials:
            values = {**trial.settings, "dsub": trial.dsub}
            row = [f"{'*' if trial is best else ''}{trial.number}"]
            row += [
                f"{values[name]:.4g}" if name == "rate" else str(values[name]) for name in names
            ]
            row += [f"{trial.seconds:.1f}", "-" if trial.score is None else f"{trial.score:.4f}"]
            if limited:
                row.append("-" if trial.bytes is None else f"{trial.bytes:,}")
            rows.append([*row, trial.note])
        return rows

    def table(self) -> str:
        """The rows as text, a line each."""
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
        lines = (
            "  ".join([*(c.rjust(w) for c, w in zip(row[:-1], widths, strict=True)), row[-1]])
            for row in rows
        )
        return "\n".join(line.rstrip() for line in lines)
