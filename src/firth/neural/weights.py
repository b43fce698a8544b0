"""The weights of a net as arrays in the state of a model, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from firth.errors import FormatError

#: what their names begin with there
PREFIX = "net."


def arrays_of(net: nn.Module) -> dict[str, np.ndarray]:
    """float32 arrays by name."""
    state = net.state_dict()
    return {PREFIX + name: value.float().cpu().numpy() for name, value in state.items()}


def tensors_of(arrays: Mapping[str, Any]) -> dict[str, Tensor]:
    """What `arrays_of` gave, as tensors by the names of the net; other arrays are left out."""
    return {
        name.removeprefix(PREFIX): torch.from_numpy(np.array(value, np.float32))
        for name, value in arrays.items()
        if name.startswith(PREFIX)
    }


def take(net: nn.Module, given: Mapping[str, Tensor], what: str) -> None:
    """Sets the weights of a net.  what: the net, for the message.

    Raises:
        FormatError: they are another architecture's.
    """
    own = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in given.items()}
    if own != found:
        name = next(n for n in sorted(own | found) if own.get(n) != found.get(n))
        raise FormatError(
            f"the weights of {what}",
            f"{name} of shape {found.get(name, 'none')}",
            f"{own.get(name, 'none')}, as its settings say",
            "The model is damaged, or of another version; train it again.",
        )
    net.load_state_dict(dict(given))
