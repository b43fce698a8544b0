"""What the gates of an LSTM or a GRU do while it reads a text.

    i, f, o  of an lstm, r, z  of a gru: from 0 (shut) to 1 (open), for each unit and step

They come from the equations (`LSTM.gate_values`, `GRU.gate_values`), step by step: the fused layers
keep them to themselves. The hidden states beside them are equal to the fused layer's, which a test
holds them to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from firth.errors import SettingError
from firth.neural.cells import GRU, LSTM, Cell
from firth.neural.seeing import Trace, names_of_layers, traced

if TYPE_CHECKING:
    from firth.neural.language_model import LanguageNet


@dataclass(frozen=True)
class Gates:
    """What the gates of one layer did over one text.

    values: name of a gate -> float32[T, H]; lstm: input, forget, new, output, memory (c_t) and
    hidden (h_t); gru: reset, update, new and hidden. `update` is torch's z, the share of the *old*
    state that is kept.
    """

    name: str
    cell: str
    values: dict[str, np.ndarray]

    def saturated(self, gate: str, margin: float = 0.1) -> tuple[float, float]:
        """The shares of values below `margin` (shut) and above 1 - `margin` (open), as drawn by
        Karpathy, Johnson and Li (2015)."""
        values = self.values[gate]
        return float((values < margin).mean()), float((values > 1 - margin).mean())


#: gates proper, with values from 0 to 1
GATES = {"lstm": ("input", "forget", "output"), "gru": ("reset", "update")}


@torch.no_grad()
def gates(net: LanguageNet | Cell, given: Tensor) -> list[Gates]:
    """What the gates of all layers did over one text, the lowest layer first.

    given: int64[T] for a language model; of a cell its inputs Tensor[T, I].

    Raises:
        SettingError: the encoder has no gates.
    """
    one = isinstance(net, Cell)
    cell = net.name if isinstance(net, Cell) else net.settings.encoder
    if cell in ("window", "rnn", "irnn"):
        raise SettingError(f"The encoder {cell} has no gates; lstm and gru have.")
    with traced(net) as traces:
        if isinstance(net, Cell):
            net(given[None])
        else:
            net.hidden(given[None].to(net.device))
    names = [traces[0].cell.name] if one else names_of_layers(traces, "")
    return [
        Gates(name, trace.cell.name, _values(trace))
        for name, trace in zip(names, traces, strict=True)
    ]


def _values(trace: Trace) -> dict[str, np.ndarray]:
    rows: dict[str, list[Tensor]] = {}
    cell = trace.cell
    names: tuple[str, ...]
    for x, before, after in zip(trace.inputs, trace.states, trace.states[1:], strict=False):
        values: tuple[Tensor, ...]
        if isinstance(cell, LSTM):
            values = (*cell.gate_values(x, before), after[1])
            names = ("input", "forget", "new", "output", "memory")
        else:
            assert isinstance(cell, GRU)
            values = cell.gate_values(x, before)
            names = ("reset", "update", "new")
        named = dict(zip(names, values, strict=True))
        named["hidden"] = after[0]
        for name, value in named.items():
            rows.setdefault(name, []).append(value[0])
    return {name: torch.stack(some).float().cpu().numpy() for name, some in rows.items()}
