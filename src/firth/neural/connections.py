"""How the output of a layer meets its input, for deep stacks.

    residual  y = f + x                                       He et al. 2016, 1512.03385
    highway   y = g * f + (1 - g) * x    g = sigma(W x + b)   Srivastava et al. 2015, 1505.00387

f the layer's output, x its input, both Tensor[B, T, d]. Where their widths differ there is none.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: names of the connections
CONNECTIONS = ("none", "residual", "highway")


class NoConnection(nn.Module):
    """y = f."""

    def forward(self, x: Tensor, f: Tensor) -> Tensor:
        return f


class Residual(nn.Module):
    """y = f + x."""

    def forward(self, x: Tensor, f: Tensor) -> Tensor:
        return f + x


class Highway(nn.Module):
    """y = g * f + (1 - g) * x.

    b = -1 at the start: most of x passes, as Srivastava et al. advise for some ten layers.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, -1.0)

    def forward(self, x: Tensor, f: Tensor) -> Tensor:
        # not torch.lerp, which refuses the mixed types of autocast
        return x + torch.sigmoid(self.gate(x)) * (f - x)


def connection_of(name: str, inputs: int, outputs: int) -> nn.Module:
    """The connection of that name around a layer of these widths."""
    if name == "none" or inputs != outputs:
        return NoConnection()
    return Residual() if name == "residual" else Highway(inputs)
