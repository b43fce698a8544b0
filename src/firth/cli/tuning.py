"""`firth train fasttext-classifier DATA --autotune FILE`: the options, the search, its table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from firth.cli import output
from firth.cli.options import call_of, hyphens
from firth.cli.reading import Reading
from firth.errors import SettingError
from firth.progress import SILENT, Progress

if TYPE_CHECKING:
    from firth.text.labelled import Labelled
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

GROUP = Group("Autotune", sort_key=4)


def _about(text: str) -> Parameter:
    return Parameter(group=GROUP, help=text)


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Tuning:
    """What the search for settings is told."""

    autotune: Annotated[
        str | None,
        _about(
            "Labelled texts to measure on: tries settings after settings, beside those that are "
            "given here with another value than the default, and keeps the best model."
        ),
    ] = None
    autotune_seconds: Annotated[float, _about("The time for the search.")] = 300
    autotune_metric: Annotated[
        str,
        _about(
            "What is made large: f1, f1:LABEL, precisionAtRecall:R[:LABEL], "
            "recallAtPrecision:P[:LABEL], in percent."
        ),
    ] = "f1"
    autotune_size: Annotated[
        str | None,
        _about("Bytes that the model may have as a .ftz (2M, say): it is quantised to fit."),
    ] = None
    autotune_predictions: Annotated[int, _about("Labels predicted a text; -1: all.")] = 1
    autotune_trials: Annotated[int | None, _about("Stop after so many trials.")] = None

    def check(self, given: dict[str, Any]) -> None:
        """
        Raises:
            SettingError: options that go without --autotune only, or only with it.
        """
        if self.autotune is None:
            for field in dataclasses.fields(self):
                if getattr(self, field.name) != field.default:
                    option = "--" + field.name.replace("_", "-")
                    raise SettingError(
                        f"{option} is about the search for settings; give --autotune FILE too."
                    )
            return
        for name, why in (
            ("dev", "it measures on its own file"),
            ("continue_from", "each trial begins anew"),
            ("resume", "a search is not kept while it runs"),
        ):
            if given.get(name):
                option = "--" + name.replace("_", "-")
                raise SettingError(f"{option} cannot be given with --autotune: {why}.")

    def named(self) -> dict[str, Any]:
        """The arguments of `autotune` that are not the defaults."""
        values = {
            "seconds": (self.autotune_seconds, 300),
            "metric": (self.autotune_metric, "f1"),
            "model_size": (self.autotune_size, None),
            "predictions": (self.autotune_predictions, 1),
            "trials": (self.autotune_trials, None),
        }
        return {name: value for name, (value, default) in values.items() if value != default}

    def python(
        self, settings: Any, data: list[str], reading: Reading, given: dict[str, Any]
    ) -> str:
        """The Python that does the same."""
        arguments = [reading.python(*data), reading.python(*hyphens([str(self.autotune)]))]
        arguments += [f"{name}={value!r}" for name, value in self.named().items()]
        arguments.append(f"settings={call_of(settings)}")
        if given.get("init_from"):
            arguments.append(f"init_from=load_vectors({given['init_from']!r})")
        out = str(given["out"])
        return f"fitted, trials = autotune({', '.join(arguments)}); fitted.save({out!r})"


NO_TUNING = Tuning()


@dataclasses.dataclass
class Tuned:
    """Stands where the settings of a training stand: `fit` is the search."""

    settings: Any
    dev: Any  # Labelled
    tuning: Tuning

    def fit(
        self, labelled: Labelled, *, init_from: Vectors | None = None, progress: Progress = SILENT
    ) -> Fitted:
        """The best model; what was tried is in its corpus["autotune"]."""
        from firth.static.autotune import autotune

        fitted, _ = autotune(
            labelled,
            self.dev,
            settings=self.settings,
            init_from=init_from,
            progress=progress,
            **self.tuning.named(),
        )
        return fitted


def tell(fitted: Fitted) -> None:
    """The settings that were tried, a line each."""
    from firth.static.trials import Trials

    trials = Trials.from_json(fitted.corpus["autotune"])
    heads, *rows = trials.rows()
    output.table(rows, heads)
