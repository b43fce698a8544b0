"""Settings: one frozen dataclass per model, from which options, help, JSON and tables are made.

    @dataclass(frozen=True)
    class SkipGram(Settings):
        dim: int = setting(100, "length of a vector", low=1)

A field's type, default, meaning and range stand in that one line.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Self

from firth.errors import SettingError, did_you_mean


def setting(
    default: Any,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] | None = None,
) -> Any:
    """A dataclass field that knows what it means (with its unit) and which values it takes."""
    metadata = {
        "meaning": meaning,
        "low": low,
        "high": high,
        "choices": tuple(choices) if choices is not None else None,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of every settings class: checks each field against its declared type and range."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            checked = check(field, hints[field.name], getattr(self, field.name))
            object.__setattr__(self, field.name, checked)

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings that `to_json` gave.

        Raises:
            SettingError: a name this class does not have, or a value outside its range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise SettingError(
                    f"{cls.__name__} has no setting '{name}'.{did_you_mean(name, known)} "
                    f"It takes: {', '.join(known)}."
                )
        return cls(**values)


def check(field: dataclasses.Field[Any], hint: Any, value: Any) -> Any:
    """`value` as the type of `field`; a SettingError names it and what is allowed."""
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None:
        if type(None) in kinds:
            return None
        raise SettingError(f"{field.name} is not set; wanted {_wanted(field, kinds)}.")
    if bool in kinds:
        if isinstance(value, bool):
            return value
        raise SettingError(f"{field.name}={value!r} is not true or false.")
    if float in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    elif int in kinds and isinstance(value, float) and value.is_integer():
        value = int(value)
    elif not isinstance(value, tuple(k for k in kinds if k in (int, float, str))) or isinstance(
        value, bool
    ):
        raise SettingError(
            f"{field.name}={value!r} cannot be used; wanted {_wanted(field, kinds)}."
        )
    low, high = field.metadata.get("low"), field.metadata.get("high")
    choices = field.metadata.get("choices")
    if choices is not None and value not in choices:
        raise SettingError(
            f"{field.name}={value!r} is not one of {', '.join(choices)}."
            f"{did_you_mean(str(value), choices)}"
        )
    if isinstance(value, int | float) and (
        not math.isfinite(value)
        or (low is not None and value < low)
        or (high is not None and value > high)
    ):
        raise SettingError(f"{field.name}={value} is out of range; wanted {_wanted(field, kinds)}.")
    return value


def _wanted(field: dataclasses.Field[Any], kinds: tuple[Any, ...]) -> str:
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if field.metadata.get("choices"):
        return f"one of {', '.join(field.metadata['choices'])}"
    kind = "a whole number" if int in kinds else "a number" if float in kinds else "text"
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} of at least {low}"
    if high is not None:
        return f"{kind} of at most {high}"
    return kind


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def byte_count(text: int | str) -> int:
    """500000, "500MB", "2 GB" or "1.5g" as a number of bytes.

    Raises:
        SettingError: it is none of these.
    """
    if isinstance(text, int):
        return text
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kmgt]?)i?b?\s*", text.lower())
    if not found:
        raise SettingError(
            f"memory={text!r} is not a number of bytes; give one such as 500MB or 2GB."
        )
    return int(float(found[1]) * _UNITS[found[2]])
