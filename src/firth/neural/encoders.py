"""Layers of cells: from a line of vectors to a line of vectors that know their neighbours.

    x^l_t = norm(h^{l-1}_t)                         h^0 = x
    f^l_t = cell(x^l_t, f^l_{t-1})                  left to right;  [f, b] if two directions
    b^l_t = cell(x^l_t, b^l_{t+1})                  right to left (HCT, NN)
    h^l_t = f^l_t                                   connection "none"
            f^l_t + h^{l-1}_t                       "residual"      He et al. 2016
            g * f^l_t + (1 - g) * h^{l-1}_t         "highway"       Srivastava et al. 2015
                g = sigma(W_g h^{l-1}_t + b_g)

x Tensor[B, T, inputs] -> h Tensor[B, T, outputs]; outputs = directions x the width of a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from firth.errors import SettingError, did_you_mean
from firth.neural.cells import CELLS, Cell, State
from firth.neural.connections import CONNECTIONS, connection_of
from firth.neural.dropout import LockedDropout, checked_share, weight_dropout
from firth.neural.norms import NORMS, norm_of
from firth.neural.padding import Padding

#: of each layer from the first, and in it left to right before right to left
States: TypeAlias = list[State]


@dataclass(frozen=True)
class EncoderSettings:
    """What an encoder is made of."""

    #: width of x
    inputs: int
    #: H, width of a cell's hidden state, in each direction
    units: int
    cell: str = "lstm"
    layers: int = 1
    #: 2: each layer reads left to right and right to left
    directions: Literal[1, 2] = 1
    #: how a layer's output meets its input, where both have the same width
    connection: str = "none"
    #: of the input of each layer
    norm: str = "none"
    #: share dropped between the layers, one mask per line; the last output is the caller's to drop
    dropout: float = 0.0
    #: share of the recurrent weights dropped, one mask per call
    recurrent_dropout: float = 0.0
    #: P of lstmp; 0: half of units
    projection: int = 0
    #: reads right to left only
    reverse: bool = False

    def __post_init__(self) -> None:
        for name, known in (("cell", CELLS), ("connection", CONNECTIONS), ("norm", NORMS)):
            value = getattr(self, name)
            if value not in known:
                raise SettingError(
                    f"{name}={value!r} is not one of {', '.join(known)}."
                    f"{did_you_mean(value, known)}"
                )
        for name in ("inputs", "units", "layers"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name}={getattr(self, name)}; wanted at least 1.")
        if self.directions not in (1, 2):
            raise SettingError(f"directions={self.directions}; wanted 1 or 2.")
        if self.reverse and self.directions == 2:
            raise SettingError("reverse=True with directions=2, which reads both ways; leave one.")
        checked_share(self.dropout, "dropout")
        checked_share(self.recurrent_dropout, "recurrent_dropout")


class Layer(nn.Module):
    """One layer: norm, one or two cells, connection."""

    def __init__(self, settings: EncoderSettings, inputs: int) -> None:
        super().__init__()
        cell = CELLS[settings.cell]
        self.inputs = inputs
        #: for each cell, whether it reads right to left
        self.turns = (False, True) if settings.directions == 2 else (settings.reverse,)
        self.norm = norm_of(settings.norm, inputs)
        self.cells = nn.ModuleList(
            cell(inputs, settings.units, projection=settings.projection) for _ in self.turns
        )
        self.outputs = sum(cell.outputs for cell in self._cells())
        self.connection = connection_of(settings.connection, inputs, self.outputs)
        self.recurrent_dropout = settings.recurrent_dropout

    def _cells(self) -> Iterator[Cell]:
        for cell in self.cells:
            assert isinstance(cell, Cell)  # for the type checker, which knows only modules
            yield cell

    def start(self, batch: int) -> States:
        """Zeros for each cell."""
        return [cell.start(batch) for cell in self._cells()]

    def forward(self, x: Tensor, state: States, padding: Padding | None) -> tuple[Tensor, States]:
        """x Tensor[B, T, I], one state per cell -> h Tensor[B, T, outputs], states after."""
        outputs, after = [], []
        normed = self.norm(x, padding)
        for cell, turned, before in zip(self._cells(), self.turns, state, strict=True):
            weights = None
            if self.training and self.recurrent_dropout:
                dropped = weight_dropout(cell.weight_hh, self.recurrent_dropout, training=True)
                weights = {"weight_hh": dropped}
            given = _turned(normed, padding) if turned else normed
            h, last = cell(given, before, weights=weights, padding=padding)
            outputs.append(_turned(h, padding) if turned else h)
            after.append(last)
        f = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
        return self.connection(x, f), after  # 0 where x and f are


class Encoder(nn.Module):
    """A stack of layers.

    Without lengths every position of the batch is real. With lengths int[B] the positions of line
    b from lengths[b] on are not: what stands there changes no answer, the output there is 0, the
    state after is that after the line's last real position, and right to left begins there.
    Padded batches are computed padded or packed, whichever is faster (`Padding.packs`).
    """

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        self.settings = settings
        stack: list[Layer] = []
        for _ in range(settings.layers):
            stack.append(Layer(settings, stack[-1].outputs if stack else settings.inputs))
        self.layers = nn.ModuleList(stack)
        self.dropout = LockedDropout(settings.dropout)
        self.outputs = stack[-1].outputs
        #: cells in a layer
        self.directions = settings.directions
        if settings.connection != "none" and all(part.inputs != part.outputs for part in stack):
            raise SettingError(
                f"connection={settings.connection!r} needs a layer as wide as its input; here "
                f"{settings.inputs} numbers go in and {self.outputs} come out. "
                "Take more layers, or make the two equal."
            )

    def start(self, batch: int) -> States:
        """The state before the first position: zeros for each cell."""
        return [part for layer in self._layers() for part in layer.start(batch)]

    def forward(
        self, x: Tensor, state: States | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """x Tensor[B, T, inputs] -> h Tensor[B, T, outputs] of the last layer, the state after."""
        outputs, after = self._run(x, state, lengths)
        return outputs[-1], after

    def layers_of(
        self, x: Tensor, state: States | None = None, lengths: Tensor | None = None
    ) -> list[Tensor]:
        """The output Tensor[B, T, outputs] of each layer, before the dropout that follows it."""
        return self._run(x, state, lengths)[0]

    def _layers(self) -> Iterator[Layer]:
        for layer in self.layers:
            assert isinstance(layer, Layer)  # for the type checker, which knows only modules
            yield layer

    def _run(
        self, x: Tensor, state: States | None, lengths: Tensor | None
    ) -> tuple[list[Tensor], States]:
        state = self.start(x.shape[0]) if state is None else state
        self._check(x, state, lengths)
        padding = None if lengths is None else Padding(lengths, x.shape[1], x.device)
        outputs: list[Tensor] = []
        after: States = []
        h = x if padding is None else padding.cleared(x)
        for n, layer in enumerate(self._layers()):
            given = self.dropout(h) if n else h
            own = state[n * self.directions : (n + 1) * self.directions]
            h, last = layer(given, own, padding)
            outputs.append(h)
            after += last
        return outputs, after

    def _check(self, x: Tensor, state: States, lengths: Tensor | None) -> None:
        if x.dim() != 3 or x.shape[2] != self.settings.inputs or 0 in x.shape:
            raise SettingError(
                f"x of shape {list(x.shape)}; wanted [lines, positions, {self.settings.inputs}], "
                "none of them 0."
            )
        if lengths is not None and lengths.shape != x.shape[:1]:
            raise SettingError(
                f"lengths of shape {list(lengths.shape)}; wanted [{x.shape[0]}], one per line."
            )
        wanted = len(self.layers) * self.directions
        if len(state) != wanted or any(part.shape[0] != x.shape[0] for s in state for part in s):
            found = sorted({part.shape[0] for s in state for part in s})
            raise SettingError(
                f"A state of {len(state)} cells and {found} lines; wanted {wanted} cells and "
                f"{x.shape[0]} lines, as `start` gives."
            )


def _turned(x: Tensor, padding: Padding | None) -> Tensor:
    """x Tensor[B, T, d] from right to left."""
    return x.flip(1) if padding is None else padding.reversed(x)


def detached(state: States) -> States:
    """The same numbers, through which no gradient flows: truncated back-propagation ends here."""
    return [tuple(part.detach() for part in parts) for parts in state]
