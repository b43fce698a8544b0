"""The gated recurrent unit (Cho et al. 2014), in torch's form, which oneDNN and cuDNN share:

    r_t  = sigma(U_r x_t + b_r + W_r h_{t-1} + d_r)            reset gate
    z_t  = sigma(U_z x_t + b_z + W_z h_{t-1} + d_z)            update gate
    n_t  = tanh (U_n x_t + b_n + r_t * (W_n h_{t-1} + d_n))    new state
    h_t  = (1 - z_t) * n_t + z_t * h_{t-1}

U: rows of weight_ih [3H, I]    W: rows of weight_hh [3H, H]    b: of bias_ih, d: of bias_hh
The three blocks of H rows stand in torch's order: r, z, n.

EMB differs in two ways (`step_of_the_notes`):

* The sign of the update gate. EMB's u is the share of the *new* state: (1 - u) h_{t-1} + u h~_t;
  torch's z is the share of the *old* one: z = 1 - u. As sigma(-a) = 1 - sigma(a), the same function
  with the rows of z negated.
* The place of the reset gate. EMB, as Cho et al., multiplies the state before the product,
  W (r * h); torch multiplies the product, r * (W h + d): another function, of the same power in
  practice, whose products with h can all be made at once.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import _VF, Tensor
from torch.nn import functional as F

from firth.neural.cells.cell import Cell, State


class GRU(Cell):
    """One state, two gates: keeps, or replaces, each number of its state."""

    name: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    _layer = staticmethod(_VF.gru)

    def gate_values(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, Tensor]:
        """x Tensor[B, I], the state before -> r, z, n, each Tensor[B, H]."""
        r_x, z_x, n_x = F.linear(x, self.weight_ih, self.bias_ih).chunk(3, dim=-1)
        r_h, z_h, n_h = F.linear(state[0], self.weight_hh, self.bias_hh).chunk(3, dim=-1)
        r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
        return r, z, torch.tanh(n_x + r * n_h)

    def step(self, x: Tensor, state: State) -> State:
        _, z, n = self.gate_values(x, state)
        return ((1 - z) * n + z * state[0],)

    def step_of_the_notes(self, x: Tensor, state: State) -> State:
        """The same parameters read by EMB's equations; the rows of z are those of u:

        u = sigma(W_u h + U_u x + b_u)      r = sigma(W_r h + U_r x + b_r)
        h~ = tanh(W_h (r * h) + U_h x + b_h)          (1 - u) * h + u * h~
        """
        (h,) = state
        U_r, U_u, U_h = self.weight_ih.chunk(3)
        W_r, W_u, W_h = self.weight_hh.chunk(3)
        b_r, b_u, b_h = (self.bias_ih + self.bias_hh).chunk(3)
        u = torch.sigmoid(F.linear(h, W_u) + F.linear(x, U_u, b_u))
        r = torch.sigmoid(F.linear(h, W_r) + F.linear(x, U_r, b_r))
        new = torch.tanh(F.linear(r * h, W_h) + F.linear(x, U_h, b_h))
        return ((1 - u) * h + u * new,)
