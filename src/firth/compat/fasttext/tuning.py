"""Autotune with the package's arguments."""

from __future__ import annotations

import re
from typing import Any

from firth.compat.fasttext.arguments import OURS, Args
from firth.compat.fasttext.files import labelled, must_open
from firth.compat.fasttext.shown import Shown
from firth.errors import SettingError
from firth.static.autotune import autotune
from firth.static.classifier import FastTextClassifier
from firth.text.labelled import Labelled
from firth.vectors.fitted import Fitted

UNITS = {"": 1, "k": 1000, "m": 1000_000, "g": 1000_000_000}


def tune(
    args: Args, settings: FastTextClassifier, texts: Labelled, given: Any, shown: Shown
) -> Fitted:
    """The best model of the search; what the caller has given keeps its value.

    Raises:
        ValueError: a file that is not there, no metric, no size; not enough time for one trial.
    """
    path = args.autotuneValidationFile
    must_open(path, "Validation file cannot be opened!")
    fixed = {OURS.get(name, name) for name in args.manual}
    fitted, trials = autotune(
        texts,
        labelled(path, args.label),
        seconds=args.autotuneDuration,
        model_size=size_of(args.autotuneModelSize),
        metric=args.autotuneMetric,
        predictions=args.autotunePredictions,
        settings=settings,
        fixed=fixed & set(type(settings).__dataclass_fields__),
        init_from=given,
        progress=shown,
    )
    shown.say(trials.table())
    return fitted


def size_of(text: str) -> int | None:
    """Bytes: "2M" is 2,000,000; None for "".

    Raises:
        SettingError: it is no size.
    """
    if not text:
        return None
    found = re.fullmatch(r"(\d+)([kmg]?)", text.lower())
    if not found:
        raise SettingError(
            f"Unable to parse model size {text}: wanted a whole number of bytes, or one such as "
            "500K, 2M, 1G."
        )
    return int(found[1]) * UNITS[found[2]]
