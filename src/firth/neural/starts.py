"""How a gradient fares in cells that have learnt nothing yet, by how they begin.

    h_t = tanh(W_h h_{t-1} + ...)    d h_t / d h_{t-1} = diag(1 - h_t^2) W_h

W_h from U(-1/sqrt H, 1/sqrt H) has eigenvalues of at most some 1/sqrt 3: the gradient vanishes.
Four times as large, it explodes. W_h = I without a bend (irnn) keeps it. A gate starts half open,
so that an lstm begins by forgetting half at each step; a bias of 4 on the forget gate opens it to
sigma(4) = 0.98 (Gers et al. 2000; Jozefowicz et al. 2015).
"""

from __future__ import annotations

import torch

from firth.errors import SettingError
from firth.neural.cells import CELLS, LSTM, Cell
from firth.neural.seeing import Gradients, gradients_of_cell, must_be_long

#: ways to begin: name -> (cell, factor of the recurrent weights, forget bias if it is not drawn)
STARTS: dict[str, tuple[str, float, float | None]] = {
    "rnn": ("rnn", 1.0, None),
    "rnn, weights x 4": ("rnn", 4.0, None),
    "irnn": ("irnn", 1.0, None),
    "lstm": ("lstm", 1.0, None),
    "lstm, forget bias 4": ("lstm", 1.0, 4.0),
    "gru": ("gru", 1.0, None),
}


def untrained(
    start: str, inputs: int, units: int, generator: torch.Generator | None = None
) -> Cell:
    """A cell as one of `STARTS` says, in float64.

    Raises:
        SettingError: there is no such start.
    """
    if start not in STARTS:
        raise SettingError(f"{start!r} is not a way to begin; there are: {'; '.join(STARTS)}.")
    name, scale, bias = STARTS[start]
    cell = CELLS[name](inputs, units).double()
    if isinstance(cell, LSTM):
        cell.reset(generator, forget_bias=bias)
    else:
        cell.reset(generator)
    with torch.no_grad():
        cell.weight_hh.mul_(scale)
    return cell


def gradients_untrained(
    start: str,
    length: int = 50,
    *,
    inputs: int = 32,
    units: int = 64,
    batch: int = 8,
    size: float = 1.0,
    seed: int = 1,
) -> Gradients:
    """The curve of an untrained cell (`STARTS`) over random inputs from N(0, size^2), float64.

    Raises:
        SettingError: no such start, or a length below 2.
    """
    must_be_long(length)
    generator = torch.Generator().manual_seed(seed)
    cell = untrained(start, inputs, units, generator)
    x = size * torch.randn(batch, length, inputs, generator=generator, dtype=torch.float64)
    return gradients_of_cell(cell, x, start, generator=generator)
