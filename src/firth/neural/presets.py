"""What settings that were not given are: a preset's, or a rule's; without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firth.neural.training import Training

#: above so many words the softmax is learnt from samples unless it is said how
SAMPLED_FROM = 4096


def fill(settings: Training, preset: Mapping[str, Any]) -> None:
    """Sets what is None to what the preset says; a time that is given says how long to train."""
    for name, value in preset.items():
        given = getattr(settings, name) is not None or (name == "epochs" and settings.minutes)
        if not given:
            object.__setattr__(settings, name, value)


def softmax_over(words: int, softmax: str) -> str:
    """How a softmax over so many words is learnt, where "auto" leaves it open."""
    if softmax != "auto":
        return softmax
    return "sampled" if words > SAMPLED_FROM else "full"
