"""The window language model's encoder: the last words side by side, one hidden layer.

    x_t = (e_{t-n+1}, ..., e_t)        h_t = tanh(W x_t + b)             Bengio et al. 2003; EMB

Nothing older than n units is known; what a recurrent network adds is the rest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = list[tuple[Tensor, ...]]


class WindowEncoder(nn.Module):
    """x Tensor[B, T, inputs] -> h Tensor[B, T, units]; its state is the last n - 1 inputs."""

    def __init__(self, inputs: int, units: int, window: int) -> None:
        super().__init__()
        self.window, self.inputs, self.outputs = window, inputs, units
        self.hidden = nn.Linear(window * inputs, units)

    def start(self, batch: int) -> State:
        """Before the text: zeros in the places of words."""
        return [(self.hidden.weight.new_zeros(batch, self.window - 1, self.inputs),)]

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """lengths are not needed: a place sees only what stands before it."""
        before = (self.start(len(x)) if state is None else state)[0][0]
        x = torch.cat([before.to(x.dtype), x], 1)
        places = x.shape[1] - self.window + 1
        # Tensor[B, T, n * inputs]: the places t - n + 1 ... t side by side
        beside = torch.cat([x[:, n : n + places] for n in range(self.window)], -1)
        return torch.tanh(self.hidden(beside)), [(x[:, places:],)]
