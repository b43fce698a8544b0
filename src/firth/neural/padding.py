"""Lines of different lengths in one batch: which positions are real.

Two ways give the same answers. Padded: all B T positions are computed and those after the end of
a line set to 0. Packed: the batch shrinks as lines end, nothing is wasted, but on a CPU the fused
kernel of the LSTM cannot be used.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor

from firth.errors import SettingError

State: TypeAlias = tuple[Tensor, ...]
#: packing pays below this share of real positions: (one kernel over time, gradients) -> share.
#: Measured with torch 2.13 on one thread of an AMD EPYC (`python -m benchmarks.packing`). The LSTM
#: breaks even below 0.3 (100 units) and at 0.5 (256) in training, at 0.45 and 0.67 without
#: gradients; the others at 0.45 to 0.75 in training, and without gradients at 0.8 or never.
PACKS_BELOW = {
    (True, True): 0.4,
    (True, False): 0.55,
    (False, True): 0.6,
    (False, False): 0.9,
}


class Padding:
    """lengths int[B]: real positions at the start of each line, 0 ... T; time: T."""

    def __init__(self, lengths: Tensor, time: int, device: torch.device | None = None) -> None:
        self.lengths_here = lengths.detach().cpu().to(torch.int64)
        low, high = (int(bound) for bound in torch.aminmax(self.lengths_here))
        if low < 0 or high > time:
            wrong = low if low < 0 else high
            raise SettingError(f"A length of {wrong} in a batch of {time} positions.")
        self.lengths = self.lengths_here.to(device if device is not None else lengths.device)
        self.time = time
        position = torch.arange(time, device=self.lengths.device)
        #: whether a line has no real position at all
        self.empty = low == 0
        #: bool[B, T, 1]
        self.mask = (position < self.lengths[:, None])[..., None]

    @cached_property
    def useful(self) -> float:
        """The share of real positions."""
        return float(self.lengths_here.sum()) / max(self.lengths_here.numel() * self.time, 1)

    def packs(self, fused: bool) -> bool:
        """Whether to pack; fused: padded, the cell has a kernel over all of time (oneDNN's)."""
        return self.useful < PACKS_BELOW[fused, torch.is_grad_enabled()]

    def cleared(self, x: Tensor) -> Tensor:
        """x Tensor[B, T, .] with 0 at the positions that are not real, whatever stood there."""
        return x.masked_fill(~self.mask, 0.0)

    def last(self, h: Tensor, before: Tensor) -> Tensor:
        """h Tensor[B, T, d] -> Tensor[B, d] at each line's end; of an empty line `before`."""
        index = (self.lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, h.shape[-1])
        return self.chosen((h.gather(1, index).squeeze(1),), (before,))[0]

    def chosen(self, after: State, before: State) -> State:
        """The state after, of an empty line the state before."""
        if not self.empty:
            return after
        some = (self.lengths > 0)[:, None]
        return tuple(
            torch.where(some, a, b.to(a.dtype)) for a, b in zip(after, before, strict=True)
        )

    @cached_property
    def _mirror(self) -> Tensor:
        """int64[B, T]: where the reading from right to left finds its t-th position."""
        position = torch.arange(self.time, device=self.lengths.device)
        mirrored = self.lengths[:, None] - 1 - position
        return torch.where(mirrored < 0, position, mirrored)

    def reversed(self, x: Tensor) -> Tensor:
        """x Tensor[B, T, d] with each line turned round inside its own length; its own inverse."""
        return x.gather(1, self._mirror[..., None].expand(-1, -1, x.shape[-1]))

    @cached_property
    def order(self) -> Tensor:
        """int64[B]: lines from long to short."""
        return torch.argsort(self.lengths_here, descending=True, stable=True).to(
            self.lengths.device
        )

    @cached_property
    def back(self) -> Tensor:
        """int64[B]: the inverse of `order`."""
        return torch.argsort(self.order)

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor]:
        """Place b T + t of each packed row, and the sizes of the batch step by step.

        An empty line counts as one position, which `unpack` clears: torch packs no empty line.
        """
        counts = self.lengths_here.clamp(min=1)
        longest = int(counts.max())
        inside = torch.arange(longest)[:, None] < counts[self.order.cpu()]
        t, b = inside.nonzero(as_tuple=True)
        places = self.order.cpu()[b] * self.time + t
        return places.to(self.lengths.device), inside.sum(1)

    def pack(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x Tensor[B, T, d] -> rows Tensor[N, d] by step, and int64[steps] rows of each step."""
        places, sizes = self._places
        x = self.cleared(x) if self.empty else x
        return x.reshape(-1, x.shape[-1])[places], sizes

    def unpack(self, rows: Tensor) -> Tensor:
        """The inverse of `pack`; 0 at the positions that are not real."""
        batch = self.lengths_here.numel()
        flat = rows.new_zeros(batch * self.time, rows.shape[-1])
        return self.cleared(flat.index_copy(0, self._places[0], rows).view(batch, self.time, -1))
