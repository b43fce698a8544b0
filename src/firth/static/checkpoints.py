"""What every training does alike with what it has reached: keep it, go on from it, give up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FitError, SettingError
from firth.interrupts import Interrupted, ctrl_c_waits
from firth.settings import Settings
from firth.vectors.fitted import Fitted, load

__all__ = ["Interrupted", "ctrl_c_waits", "must_be_finite", "opened", "save"]


def save(fitted: Fitted, place: dict[str, Any], folder: Path) -> None:
    """The state as a model folder, with the place in the training among its corpus notes."""
    fitted.corpus = {**fitted.corpus, "checkpoint": place}
    fitted.save(folder, overwrite=True)


def opened(
    folder: Path, model: Settings, free: set[str], same_text: Any
) -> tuple[Fitted, dict[str, Any]]:
    """A checkpoint of the same training, and the place where it stopped.

    free: settings that do not change what is computed.
    same_text(older): whether it was made from the same text.

    Raises:
        FormatError: no checkpoint there, or a damaged one.
        SettingError: it belongs to another run.
    """
    older = load(folder)
    place = older.corpus.get("checkpoint")
    if place is None:
        raise SettingError(f"{folder} is a finished model, not a checkpoint; start anew.")
    now = model.to_json()
    for name, was in older.settings.items():
        if now.get(name) != was and name not in free:
            raise SettingError(
                f"{folder} was made with {name}={was}, this run has {name}={now.get(name)}; give "
                "the same settings, or start anew without resuming."
            )
    if not same_text(older):
        raise SettingError(
            f"{folder} was made from another text, of {len(older.vocabulary):,} words; give the "
            "same text, or start anew without resuming."
        )
    return older, place


def must_be_finite(loss: float, epoch: int, rate: float, lower: str, folder: Path | None) -> None:
    """
    lower: what to lower, in words.  folder: of checkpoints.

    Raises:
        FitError: the loss is not a number any more.
    """
    if np.isfinite(loss):
        return
    kept = (
        f"the last good state is in {folder}"
        if folder is not None and folder.is_dir()
        else "nothing was saved"
    )
    raise FitError(
        f"The loss overflowed in epoch {epoch + 1} at learning rate {rate:.4g}; lower {lower}; "
        f"{kept}."
    )
