"""The Elman network (Elman 1990), as in EMB:

    h_t = tanh(W_x x_t + b_x + W_h h_{t-1} + b_h)

W_x weight_ih [H, I]    W_h weight_hh [H, H]    b_x bias_ih, b_h bias_hh [H]

EMB writes sigma for the non-linearity and one bias b = b_x + b_h; here, as in torch, sigma is tanh
and the bias comes in two parts (cuDNN's layout), of which only the sum matters.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import _VF, Tensor
from torch.nn import functional as F

from firth.neural.cells.cell import Cell, State


class RNN(Cell):
    """Rewrites its whole state at each step: gradients through time vanish or explode."""

    name: ClassVar[str] = "rnn"
    _layer = staticmethod(_VF.rnn_tanh)

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        return (
            torch.tanh(
                F.linear(x, self.weight_ih, self.bias_ih)
                + F.linear(h, self.weight_hh, self.bias_hh)
            ),
        )
