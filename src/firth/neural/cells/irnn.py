"""The recurrent network that begins as the identity (Le, Jaitly & Hinton 2015, 1504.00941):

    h_t = max(0, W_x x_t + b_x + W_h h_{t-1} + b_h)        W_h = scale I, b = 0 at the start

W_x weight_ih [H, I]    W_h weight_hh [H, H]    b_x bias_ih, b_h bias_hh [H]

With W_h = I and positive h the state adds up its inputs, and d h_T / d h_t = 1: nothing vanishes
before training begins. A scale below 1 forgets (the paper takes 0.01 for speech).

The paper draws W_x from N(0, 0.001); here from U(-1/sqrt H, 1/sqrt H) as in the other cells: so
small an input would leave the upper layers of a deep net without any.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import _VF, Tensor, nn
from torch.nn import functional as F

from firth.neural.cells.cell import Cell, State


class IRNN(Cell):
    """Carries its state unchanged until it learns otherwise; what it adds is not bounded."""

    name: ClassVar[str] = "irnn"
    _layer = staticmethod(_VF.rnn_relu)

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        return (
            torch.relu(
                F.linear(x, self.weight_ih, self.bias_ih)
                + F.linear(h, self.weight_hh, self.bias_hh)
            ),
        )

    @torch.no_grad()
    def reset(self, generator: torch.Generator | None = None, *, scale: float = 1.0) -> None:
        super().reset(generator)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)
        self.weight_hh.copy_(scale * torch.eye(self.units))
