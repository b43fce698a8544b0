"""The arguments of the package: names, aliases, defaults, and what they are called in firth."""

from __future__ import annotations

import enum
import multiprocessing
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firth.errors import SettingError, did_you_mean


class loss_name(enum.IntEnum):
    """What is maximised, by its number in a .bin file."""

    hs = 1
    ns = 2
    softmax = 3
    ova = 4


class model_name(enum.IntEnum):
    """What is trained, by its number in a .bin file."""

    cbow = 1
    skipgram = 2
    supervised = 3


OBJECTIVES = {
    loss_name.hs: "hierarchical-softmax",
    loss_name.ns: "negative-sampling",
    loss_name.softmax: "softmax",
    loss_name.ova: "one-vs-all",
}
LOSSES = {objective: loss for loss, objective in OBJECTIVES.items()}

UNSUPERVISED: dict[str, Any] = {
    "model": "skipgram",
    "lr": 0.05,
    "dim": 100,
    "ws": 5,
    "epoch": 5,
    "minCount": 5,
    "minCountLabel": 0,
    "minn": 3,
    "maxn": 6,
    "neg": 5,
    "wordNgrams": 1,
    "loss": "ns",
    "bucket": 2_000_000,
    "thread": multiprocessing.cpu_count() - 1,
    "lrUpdateRate": 100,
    "t": 1e-4,
    "label": "__label__",
    "verbose": 2,
    "pretrainedVectors": "",
    "seed": 0,
    "autotuneValidationFile": "",
    "autotuneMetric": "f1",
    "autotunePredictions": 1,
    "autotuneDuration": 300,
    "autotuneModelSize": "",
}
SUPERVISED: dict[str, Any] = UNSUPERVISED | {
    "model": "supervised",
    "lr": 0.1,
    "minCount": 1,
    "minn": 0,
    "maxn": 0,
    "loss": "softmax",
}
#: in the order in which they may be given without their names
TRAINING = (
    *("lr", "dim", "ws", "epoch", "minCount", "minCountLabel", "minn", "maxn", "neg"),
    *("wordNgrams", "loss", "bucket", "thread", "lrUpdateRate", "t", "label", "verbose"),
    "pretrainedVectors",
)
TAKEN_UNSUPERVISED = ("input", "model", *TRAINING)
TAKEN_SUPERVISED = (
    *("input", *TRAINING, "seed", "autotuneValidationFile", "autotuneMetric"),
    *("autotunePredictions", "autotuneDuration", "autotuneModelSize"),
)
ALIASES = {
    "min_count": "minCount",
    "word_ngrams": "wordNgrams",
    "lr_update_rate": "lrUpdateRate",
    "label_prefix": "label",
    "pretrained_vectors": "pretrainedVectors",
}
#: what our settings are called here
THEIRS = {
    "rate": "lr",
    "window": "ws",
    "epochs": "epoch",
    "min_count": "minCount",
    "min_count_label": "minCountLabel",
    "min_n": "minn",
    "max_n": "maxn",
    "negatives": "neg",
    "word_ngrams": "wordNgrams",
    "objective": "loss",
    "buckets": "bucket",
    "threads": "thread",
    "subsample": "t",
    "prefix": "label",
}
OURS = {theirs: ours for ours, theirs in THEIRS.items()}


@dataclass
class Args:
    """All that training and quantising can be told; the defaults of the original program."""

    input: str = ""
    output: str = ""
    lr: float = 0.05
    dim: int = 100
    ws: int = 5
    epoch: int = 5
    minCount: int = 5
    minCountLabel: int = 0
    neg: int = 5
    wordNgrams: int = 1
    loss: loss_name = loss_name.ns
    model: model_name = model_name.skipgram
    bucket: int = 2_000_000
    minn: int = 3
    maxn: int = 6
    thread: int = 12
    lrUpdateRate: int = 100
    t: float = 1e-4
    label: str = "__label__"
    verbose: int = 2
    pretrainedVectors: str = ""
    saveOutput: bool = False
    seed: int = 0
    qout: bool = False
    retrain: bool = False
    qnorm: bool = False
    cutoff: int = 0
    dsub: int = 2
    autotuneValidationFile: str = ""
    autotuneMetric: str = "f1"
    autotunePredictions: int = 1
    autotuneDuration: int = 300
    autotuneModelSize: str = ""
    manual: set[str] = field(default_factory=set, repr=False)

    def setManual(self, name: str) -> None:
        """Autotune leaves `name` as it is."""
        self.manual.add(name)


def read_args(
    positional: Sequence[Any],
    named: Mapping[str, Any],
    taken: Sequence[str],
    defaults: Mapping[str, Any],
) -> Args:
    """What was given, with the defaults for the rest.

    Raises:
        TypeError: an argument that is not taken, that is given twice, or of another type.
        ValueError: no such model or loss.
    """
    if len(positional) > len(taken):
        raise TypeError(f"{len(positional)} arguments were given, at most {len(taken)} are taken")
    given = dict(zip(taken, positional, strict=False))
    for name, value in named.items():
        known = ALIASES.get(name, name)
        if known not in taken:
            near = did_you_mean(name, [*taken, *ALIASES])
            raise TypeError(f"unexpected keyword argument '{name}'.{near}".removesuffix("."))
        if known in given:
            raise TypeError(f"multiple values for argument '{known}'")
        given[known] = value
    if "input" not in given:
        raise ValueError("No file was given to train on; give its path first.")
    values = {**defaults, **given}
    values["model"] = _of(model_name, values["model"], "model name")
    values["loss"] = _of(loss_name, values["loss"], "loss name")
    if type(values["autotuneModelSize"]) is int:
        values["autotuneModelSize"] = str(values["autotuneModelSize"])
    args = Args(manual=set(given) - {"input"})
    for name, value in values.items():
        setattr(args, name, _checked(name, value, getattr(args, name)))
    if args.wordNgrams <= 1 and args.maxn == 0 and not args.autotuneValidationFile:
        args.bucket = 0
    return args


def _of(names: Any, value: Any, what: str) -> Any:
    if isinstance(value, str) and value in names.__members__:
        return names[value]
    raise ValueError(f"Unrecognized {what}: {value!r} is none of {', '.join(names.__members__)}.")


def _checked(name: str, value: Any, like: Any) -> Any:
    """`value`, of the type of `like`.

    Raises:
        TypeError: it cannot be.
    """
    if isinstance(like, enum.Enum):
        return value
    if isinstance(like, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hasattr(value, "item") and not isinstance(value, str):  # a number of numpy
        value = value.item()
    if hasattr(value, "__fspath__") and isinstance(like, str):
        value = value.__fspath__()
    if not isinstance(value, type(like)) or (type(value) is bool and type(like) is not bool):
        raise TypeError(
            f"{name}={value!r} is of type {type(value).__name__}; wanted {type(like).__name__}"
        )
    return value


def renamed(error: SettingError) -> SettingError:
    """The error with the names that settings have here."""

    def theirs(found: re.Match[str]) -> str:
        return THEIRS.get(found[1], found[1]) + found[2]

    return SettingError(re.sub(r"\b(\w+)(=| is not set)", theirs, str(error)))


def of_settings(settings: Mapping[str, Any], kind: str) -> Args:
    """The arguments that a trained model, or a file, tells of."""
    args = Args()
    for ours, theirs in {"dim": "dim", "seed": "seed", **THEIRS}.items():
        value = settings.get(ours)
        if value is None or ours in ("objective", "prefix"):
            continue
        setattr(args, theirs, type(getattr(args, theirs))(value))
    args.loss = LOSSES.get(str(settings.get("objective")), args.loss)
    args.model = model_name.skipgram
    if kind == "fasttext-classifier":
        args.model = model_name.supervised
    elif settings.get("model") == "cbow":
        args.model = model_name.cbow
    return args
