"""Which of several processes this is, as torchrun says; without torch."""

from __future__ import annotations

import os

from firth.errors import SettingError


def place() -> tuple[int, int]:
    """(number of this process, how many there are): (0, 1) without torchrun.

    Raises:
        SettingError: the environment says nonsense.
    """
    try:
        rank, world = (
            int(os.environ.get(name, value)) for name, value in (("RANK", "0"), ("WORLD_SIZE", "1"))
        )
    except ValueError as error:
        raise SettingError(
            f"RANK and WORLD_SIZE must be whole numbers ({error}); torchrun sets them."
        ) from None
    # schedulers of clusters set RANK alone
    return (rank, world) if world > 1 else (0, 1)
