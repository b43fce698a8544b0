"""The mix of a biLM's layers that a task learns for itself.

    y_t = gamma * sum_j softmax(s)_j h^j_t          Peters et al. 2018, 1802.05365, eq. 1

h^j Tensor[B, T, d]  layer j of J, the token representation first; of a frozen biLM or of stored
files, float16 too: computed in float32         s Tensor[J], gamma Tensor[]  learnt by the task

    norm "layer"   each h^j_t less its mean, by its deviation                  Ba et al. 2016
    norm "batch"   h^j less its mean, by its deviation, both over all real positions of the batch
                   and all d numbers: what the original's code calls layer normalisation

Neither has weights of its own. With "batch" the vector of a word depends on which lines stand in
the batch with it, and so does a prediction; it is there to repeat what was published.

Nothing is dropped here, so that one run of the biLM serves many mixes (`mixed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.errors import SettingError, did_you_mean
from firth.neural.padding import Padding

#: names of the normalisations of the layers
NORMS = ("none", "layer", "batch")
#: added to a variance, as in the original
EPSILON = 1e-12


class ScalarMix(nn.Module):
    """layers: J. It begins as the mean of the layers: s = 0, gamma = 1."""

    def __init__(self, layers: int, norm: str = "none") -> None:
        super().__init__()
        if layers < 1:
            raise SettingError(f"layers={layers} to mix; wanted at least 1.")
        if norm not in NORMS:
            raise SettingError(
                f"norm={norm!r} is not one of {', '.join(NORMS)}.{did_you_mean(norm, NORMS)}"
            )
        self.norm = norm
        self.s = nn.Parameter(torch.zeros(layers))
        self.gamma = nn.Parameter(torch.ones(()))

    def forward(self, layers: Sequence[Tensor] | Tensor, lengths: Tensor | None = None) -> Tensor:
        """layers: J of Tensor[B, T, d], or Tensor[J, B, T, d] -> y Tensor[B, T, d].

        With lengths int[B] what stands after a line's end counts nowhere, and y is 0 there.
        """
        return mixed([self], layers, lengths)[0]

    def weights(self) -> list[float]:
        """softmax(s): how much of each layer is taken; they add up to 1."""
        return torch.softmax(self.s.detach().double(), 0).tolist()

    def penalty(self) -> Tensor:
        """sum_j s_j^2: added to the loss with a factor, it holds the mix near the mean.

        The original's regularisation: with the factor 1 next to the mean, with 0.001 free.
        """
        return self.s.square().sum()

    def extra_repr(self) -> str:
        return f"{len(self.s)}, norm={self.norm!r}"


def mixed(
    mixes: Iterable[ScalarMix], layers: Sequence[Tensor] | Tensor, lengths: Tensor | None = None
) -> list[Tensor]:
    """What each mix makes of the same layers; each normalisation is computed once.

    layers, lengths: as in `ScalarMix.forward`.

    Raises:
        SettingError: another number of layers than a mix has; layers of different shapes.
    """
    given = list(layers)
    shapes = {tuple(h.shape) for h in given}
    if len(shapes) != 1 or given[0].dim() != 3:
        seen = ", ".join(str(list(shape)) for shape in sorted(shapes)) or "none"
        raise SettingError(f"Layers to mix of shapes {seen}; wanted one [lines, positions, d].")
    B, T, _ = given[0].shape
    padding = None
    if lengths is not None:
        if lengths.shape != (B,):
            raise SettingError(
                f"lengths of shape {list(lengths.shape)}; wanted [{B}], one per line."
            )
        padding = Padding(lengths, T, given[0].device)
    ready: dict[str, list[Tensor]] = {}
    found = []
    for mix in mixes:
        if len(mix.s) != len(given):
            raise SettingError(f"{len(given)} layers for a mix of {len(mix.s)}.")
        if mix.norm not in ready:
            ready[mix.norm] = [_normed(_wide(h), mix.norm, padding) for h in given]
        share = mix.gamma * torch.softmax(mix.s, 0)
        first, *others = ready[mix.norm]
        y = share[0] * first
        for j, h in enumerate(others, 1):
            y = y + share[j] * h
        found.append(y)
    return found


def _wide(h: Tensor) -> Tensor:
    """h in float32, or float64 if it is that."""
    return h.to(torch.promote_types(h.dtype, torch.float32))


def _normed(h: Tensor, norm: str, padding: Padding | None) -> Tensor:
    """h Tensor[B, T, d] normalised; 0 after the ends of lines, whatever stood there."""
    h = h if padding is None else padding.cleared(h)
    if norm == "none":
        return h
    if norm == "layer":
        return F.layer_norm(h, h.shape[-1:], eps=EPSILON)
    real = h.numel() if padding is None else int(padding.lengths_here.sum()) * h.shape[-1]
    mean = h.sum() / max(real, 1)
    centred = h - mean if padding is None else padding.cleared(h - mean)
    return centred * torch.rsqrt(centred.square().sum() / max(real, 1) + EPSILON)
