"""The LSTM whose memory and output are held within limits, as in ELMo's own program (bilm-tf):

    c_t = clip(f_t * c_{t-1} + i_t * c~_t, C)           clip(x, C) = min(max(x, -C), C)
    h_t = clip(W_p (o_t * tanh(c_t)), P)                 with a projection
    h_t = o_t * tanh(c_t)                                without

i_t, f_t, c~_t, o_t as of the LSTM. Sak, Senior & Beaufays 2014 (1402.1128); C = P = 3 there and in
Peters et al. 2018. No fused layer has limits, so that this one goes step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.neural.cells.cell import State
from firth.neural.cells.lstm import LSTM
from firth.neural.padding import Padding


class ClippedLSTM(LSTM):
    """cell: C.  output: P.  0: no limit.  projection: 0 for none."""

    name: ClassVar[str] = "clipped-lstm"

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        projection: int = 0,
        cell: float = 3.0,
        output: float = 3.0,
    ) -> None:
        nn.Module.__init__(self)
        self.cell_clip, self.output_clip = cell, output
        self._make(inputs, units, outputs=projection or units)

    def step(self, x: Tensor, state: State) -> State:
        return self._step(F.linear(x, self.weight_ih, self.bias_ih), state, self.weight_hh)

    def _step(self, a: Tensor, state: State, weight_hh: Tensor) -> State:
        """a Tensor[B, 4H]: what x adds to the gates."""
        i, f, new, o = (a + F.linear(state[0], weight_hh, self.bias_hh)).chunk(4, dim=-1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(new)
        c = _clipped(c, self.cell_clip)
        h = torch.sigmoid(o) * torch.tanh(c)
        if self.outputs != self.units:
            h = _clipped(F.linear(h, self.weight_hr), self.output_clip)
        return h, c

    def forward(
        self,
        x: Tensor,
        state: State | None = None,
        *,
        weights: Mapping[str, Tensor] | None = None,
        padding: Padding | None = None,
    ) -> tuple[Tensor, State]:
        state = self.start(x.shape[0]) if state is None else state
        if padding is not None:
            return self.unrolled(x, state, padding=padding)
        weight_hh = (weights or {}).get("weight_hh", self.weight_hh)
        a = F.linear(x, self.weight_ih, self.bias_ih)  # of all positions at once
        outputs = []
        for t in range(x.shape[1]):
            state = self._step(a[:, t], state, weight_hh)
            outputs.append(state[0])
        h = torch.stack(outputs, 1) if outputs else a.new_zeros(*x.shape[:2], self.outputs)
        return h, tuple(part.to(self.weight_hh.dtype) for part in state)


def _clipped(x: Tensor, limit: float) -> Tensor:
    return x.clamp(-limit, limit) if limit else x
