"""The LSTM with a projection (Sak, Senior & Beaufays 2014, 1402.1128; the layers of ELMo):

    i_t, f_t, c~_t, o_t, c_t   as of the LSTM, with W [4H, P]
    h_t = W_p (o_t * tanh(c_t))

W_p weight_hr [P, H]: a wide memory c [H], a narrow output and recurrence h [P], P < H.

Departs from ELMo's own program (bilm-tf), which clips c and h to [-3, 3]; and from Sak et al. in
having no peepholes and no second, non-recurrent projection: as torch's layer, and cuDNN's.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import ClassVar

import torch
from torch import _VF, Tensor, nn
from torch.nn import functional as F

from firth.errors import SettingError
from firth.neural.cells.cell import State
from firth.neural.cells.lstm import LSTM


class LSTMP(LSTM):
    """Memory of H numbers, output and recurrence of P.

    projection: P, at least 1 and below H; H // 2 if 0.
    """

    name: ClassVar[str] = "lstmp"

    def __init__(self, inputs: int, units: int, *, projection: int = 0) -> None:
        nn.Module.__init__(self)
        projection = projection or units // 2
        if not 1 <= projection < units:
            raise SettingError(
                f"projection={projection} of an lstmp cell of {units} units; wanted from 1 to "
                f"{units - 1}. Without a projection the cell is lstm."
            )
        self._make(inputs, units, outputs=projection)

    def step(self, x: Tensor, state: State) -> State:
        i, f, new, o = self.gate_values(x, state)
        c = f * state[1] + i * new
        h = F.linear(o * torch.tanh(c), self.weight_hr)
        return h, c

    def _fused(self, x: Tensor, state: State, flat: list[Tensor]) -> tuple[Tensor, State]:
        if x.device.type == "cpu":
            _hear_the_warning()
        return super()._fused(x, state, flat)

    def _over_time(self, x: Tensor) -> bool:
        return x.is_cuda  # oneDNN's layer has no projection

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.units}, projection={self.outputs}"


@cache
def _hear_the_warning() -> None:
    """torch says once per process that oneDNN has no LSTM with projections and that it takes its
    own, which is what we want: it says so here, to nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x, h, c = torch.zeros(1, 1, 1), torch.zeros(1, 1, 1), torch.zeros(1, 1, 2)
        weights = [torch.zeros(shape) for shape in ((8, 1), (8, 1), (8,), (8,), (1, 2))]
        _VF.lstm(x, [h, c], weights, True, 1, 0.0, False, False, True)
