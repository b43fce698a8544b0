"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as in EMB:

    f_t  = sigma(U_f x_t + W_f h_{t-1} + b_f)          forget gate: what is kept
    i_t  = sigma(U_i x_t + W_i h_{t-1} + b_i)          input gate: what is written
    o_t  = sigma(U_o x_t + W_o h_{t-1} + b_o)          output gate: what is read
    c~_t = tanh (U_c x_t + W_c h_{t-1} + b_c)          new content
    c_t  = f_t * c_{t-1} + i_t * c~_t
    h_t  = o_t * tanh(c_t)

U: rows of weight_ih [4H, I]    W: of weight_hh [4H, H]    b: of bias_ih + bias_hh [4H]
The four blocks of H rows stand in torch's order: i, f, c~, o.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import _VF, Tensor
from torch.nn import functional as F

from firth.neural.cells.cell import Cell, State, one_piece
from firth.neural.padding import Padding

#: sigma(SHUT) is 0 and sigma(-SHUT) is 1, exactly, in float64 and all narrower types
SHUT = -1e4


class LSTM(Cell):
    """Adds to its memory c instead of rewriting it: d c_t / d c_{t-1} = f_t along the memory."""

    name: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    _layer = staticmethod(_VF.lstm)

    @torch.no_grad()
    def reset(
        self, generator: torch.Generator | None = None, *, forget_bias: float | None = None
    ) -> None:
        """As every cell. With a forget_bias all of b_f begins at that: a memory that fades over
        1 / (1 - sigma(b_f)) steps, 4 for 1 (Jozefowicz et al. 2015, 4.1), 21 for 3."""
        super().reset(generator)
        if forget_bias is not None:
            self.bias_ih[self.units : 2 * self.units] = forget_bias
            self.bias_hh[self.units : 2 * self.units] = 0

    def start(self, batch: int) -> State:
        (h,) = super().start(batch)
        return h, h.new_zeros(batch, self.units)

    def gate_values(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x Tensor[B, I], the state before -> i, f, c~, o, each Tensor[B, H]."""
        a = F.linear(x, self.weight_ih, self.bias_ih)
        a = a + F.linear(state[0], self.weight_hh, self.bias_hh)
        i, f, new, o = a.chunk(4, dim=-1)
        return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(new), torch.sigmoid(o)

    def step(self, x: Tensor, state: State) -> State:
        i, f, new, o = self.gate_values(x, state)
        c = f * state[1] + i * new
        h = o * torch.tanh(c)
        return h, c

    def _padded(
        self, x: Tensor, state: State, flat: list[Tensor], padding: Padding
    ) -> tuple[Tensor, State]:
        """As of every cell; the fused layer gives c only after the last position, so each line
        holds its c after its own end: a further input is 1 there, which shuts i and opens f."""
        hold = flat[0].new_zeros(4, self.units, 1)
        hold[0], hold[1] = SHUT, -SHUT
        weights = one_piece([torch.cat([flat[0], hold.view(-1, 1)], 1), *flat[1:]])
        after_end = (~padding.mask).to(x.dtype)
        h, (_, c) = self._fused(torch.cat([padding.cleared(x), after_end], -1), state, weights)
        return padding.cleared(h), (padding.last(h, state[0]), c)

    def _over_time(self, x: Tensor) -> bool:
        # oneDNN's layer over time, which torch takes for these types without a projection
        return x.is_cuda or x.dtype in (torch.float32, torch.bfloat16)
