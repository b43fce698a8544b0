"""Normalisation of the input of a layer of cells.

    layer  each vector by its own mean and deviation                Ba et al. 2016, 1607.06450
    batch  each of the d numbers by its mean and deviation over all real positions of the batch, in
           evaluation by running means                              Laurent et al. 2016, 1510.01378

Both stand between the layers, once for a whole line, where they cost next to nothing. They depart
from the papers, which normalise W_x x_t (and Ba et al. W_h h_{t-1}) inside each step: that takes a
cell step by step, several times the cost of the fused layer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.neural.padding import Padding

#: names of the normalisations
NORMS = ("none", "layer", "batch")


class NoNorm(nn.Module):
    """y = x."""

    def forward(self, x: Tensor, padding: Padding | None = None) -> Tensor:
        return x


class LayerNorm(nn.Module):
    """y = gain * (x - mean) / deviation + bias, over the last axis."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, padding: Padding | None = None) -> Tensor:
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias)


class BatchNorm(nn.Module):
    """The same over all real positions of the batch.

    The running means move by a tenth with each batch of training. A single position has no
    deviation: it is normalised by the running ones.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, x: Tensor, padding: Padding | None = None) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        real = None if padding is None or padding.useful == 1 else padding.mask.reshape(-1)
        rows = flat if real is None else flat[real]
        if rows.shape[0] == 0:
            return x
        training = self.training and rows.shape[0] > 1
        rows = F.batch_norm(rows, self.mean, self.variance, self.gain, self.bias, training, 0.1)
        if real is not None:
            rows = rows.new_zeros(flat.shape).masked_scatter(real[:, None], rows)
        return rows.view(x.shape)


def norm_of(name: str, width: int) -> nn.Module:
    """The normalisation of that name, of vectors of this width."""
    if name == "none":
        return NoNorm()
    return LayerNorm(width) if name == "layer" else BatchNorm(width)
