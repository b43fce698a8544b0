"""One direction of a biLM: LSTMs one upon the other, all of one width.

    h^0 = x         g^j_t = LSTM^j(drop(h^{j-1}_t), g^j_{t-1})         x itself is not dropped here
                    h^j_t = g^j_t [+ h^{j-1}_t]                        [ ]: residual, j > 1

An `Encoder` could be this, were it not that its connection goes past the first layer too.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from firth.neural.cells import LSTM, LSTMP, Cell, State
from firth.neural.cells.clipped import ClippedLSTM
from firth.neural.dropout import LockedDropout, weight_dropout
from firth.neural.elmo_settings import ELMo


class Direction(nn.Module):
    """A stack of LSTMs that reads x Tensor[B, T, dim] in the order in which it is given."""

    def __init__(self, settings: ELMo) -> None:
        super().__init__()
        self.residual, self.recurrent_dropout = settings.residual, settings.recurrent_dropout
        self.cells = nn.ModuleList(cell_of(settings) for _ in range(settings.sizes.layers))
        self.dropout = LockedDropout(settings.sizes.dropout)

    def _cells(self) -> Iterator[Cell]:
        for cell in self.cells:
            assert isinstance(cell, Cell)  # for the type checker, which knows only modules
            yield cell

    def start(self, batch: int) -> list[State]:
        return [cell.start(batch) for cell in self._cells()]

    def forward(
        self, x: Tensor, states: list[State] | None = None
    ) -> tuple[list[Tensor], list[State]]:
        """-> the output Tensor[B, T, dim] of each layer, the state of each after."""
        states = self.start(x.shape[0]) if states is None else states
        outputs: list[Tensor] = []
        after: list[State] = []
        for cell, state in zip(self._cells(), states, strict=True):
            weights = None
            if self.training and self.recurrent_dropout:
                dropped = weight_dropout(cell.weight_hh, self.recurrent_dropout, training=True)
                weights = {"weight_hh": dropped}
            given = self.dropout(outputs[-1]) if outputs else x
            h, last = cell(given, state, weights=weights)
            outputs.append(h + outputs[-1] if outputs and self.residual else h)
            after.append(last)
        return outputs, after


def cell_of(settings: ELMo) -> Cell:
    """One layer of one direction."""
    dim, units = settings.sizes.dim, settings.units
    assert units is not None  # the settings have filled it in
    projection = dim if settings.projection else 0
    cell, output = settings.limits
    if cell or output:
        return ClippedLSTM(dim, units, projection=projection, cell=cell, output=output)
    return LSTMP(dim, units, projection=projection) if projection else LSTM(dim, units)
