"""What every recurrent cell is: its equations, and the same layer fused.

    s_t = step(x_t, s_{t-1})        h_t = s_t[0]                        t = 1 ... T

x Tensor[B, T, I]  inputs, batch first        h Tensor[B, T, outputs]  outputs
State: a tuple of Tensor[B, .]: (h,) of rnn, irnn and gru; (h, c) of lstm and lstmp.

`step` is the equations; `unrolled` repeats it; `forward` is torch's fused layer over the same
parameters, which is what runs in training (oneDNN on a CPU, cuDNN on a GPU). The parameters have
the names, shapes and order of gates of `torch.nn.LSTM` and its like: weight_ih [G H, I],
weight_hh [G H, outputs], bias_ih and bias_hh [G H], weight_hr [P, H] of a projection.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor, nn

from firth.errors import SettingError
from firth.neural.padding import Padding

State: TypeAlias = tuple[Tensor, ...]


class Cell(nn.Module):
    """One layer in one direction.

    inputs: I, width of x.  units: H, width of the hidden state.
    """

    name: ClassVar[str]
    #: G, blocks of H rows in weight_ih and weight_hh
    gates: ClassVar[int] = 1

    def __init__(self, inputs: int, units: int, *, projection: int = 0) -> None:
        super().__init__()
        if projection:
            raise SettingError(
                f"projection={projection} is not for {self.name}; only lstmp projects its outputs."
            )
        self._make(inputs, units, outputs=units)

    def _make(self, inputs: int, units: int, outputs: int) -> None:
        for name, value in (("inputs", inputs), ("units", units), ("outputs", outputs)):
            if value < 1:
                raise SettingError(f"{name}={value} of a {self.name} cell; wanted at least 1.")
        self.inputs, self.units, self.outputs = inputs, units, outputs
        rows = self.gates * units
        self.weight_ih = nn.Parameter(torch.empty(rows, inputs))
        self.weight_hh = nn.Parameter(torch.empty(rows, outputs))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        self.bias_hh = nn.Parameter(torch.empty(rows))
        if outputs != units:
            self.weight_hr = nn.Parameter(torch.empty(outputs, units))
        self.reset()

    def reset(self, generator: torch.Generator | None = None) -> None:
        """Draws every parameter from U(-1/sqrt H, 1/sqrt H), as torch does."""
        bound = 1 / math.sqrt(self.units)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def start(self, batch: int) -> State:
        """The state before the first step: zeros."""
        return (self.weight_hh.new_zeros(batch, self.outputs),)

    def step(self, x: Tensor, state: State) -> State:
        """x Tensor[B, I], the state before -> the state after, by the equations above."""
        raise NotImplementedError  # each cell has its own

    def unrolled(
        self, x: Tensor, state: State | None = None, *, padding: Padding | None = None
    ) -> tuple[Tensor, State]:
        """As `forward`, step by step: slow, to be read, looked into, and tested against."""
        state = self.start(x.shape[0]) if state is None else state
        outputs = []
        for t in range(x.shape[1]):
            after = self.step(x[:, t], state)
            if padding is None:
                outputs.append(after[0])
            else:  # a line that has ended keeps its state and puts out 0
                inside = padding.mask[:, t]
                outputs.append(after[0] * inside)
                after = tuple(torch.where(inside, a, b) for a, b in zip(after, state, strict=True))
            state = after
        return torch.stack(outputs, 1), state

    def forward(
        self,
        x: Tensor,
        state: State | None = None,
        *,
        weights: Mapping[str, Tensor] | None = None,
        padding: Padding | None = None,
    ) -> tuple[Tensor, State]:
        """x Tensor[B, T, I], the state before -> h Tensor[B, T, outputs], the state after.

        weights: tensors that stand in for parameters of the same names (a masked weight_hh).
        padding: which positions are real; elsewhere h is 0, and the state after is that after the
            last real one. No answer depends on what x holds at the others.

        The state has the type of the parameters, also where autocast makes h narrower.
        """
        state = self.start(x.shape[0]) if state is None else state
        named: dict[str, Tensor] = dict(self.named_parameters(recurse=False))
        if weights is not None:
            if unknown := weights.keys() - named.keys():
                raise SettingError(
                    f"A {self.name} cell has no weight '{min(unknown)}'; it has {', '.join(named)}."
                )
            named.update(weights)
        flat = one_piece(list(named.values()))
        if padding is None:
            h, after = self._fused(x, state, flat)
        elif padding.packs(fused=self._over_time(x)):
            h, after = self._packed(x, state, flat, padding)
        else:
            h, after = self._padded(x, state, flat, padding)
        return h, tuple(part.to(self.weight_hh.dtype) for part in after)

    #: torch's layer over time: (x, state, weights, …) -> h, and each part of the state after
    _layer: ClassVar[Callable[..., tuple[Tensor, ...]]]

    def _fused(self, x: Tensor, state: State, flat: list[Tensor]) -> tuple[Tensor, State]:
        """All steps of all lines. What the backward pass needs is kept wherever gradients are
        recorded, in evaluation too (nn.LSTM does so only in training; cuDNN then refuses)."""
        hx = _stacked(state)
        h, *after = self._layer(x, hx, flat, True, 1, 0.0, torch.is_grad_enabled(), False, True)
        return h, tuple(part.squeeze(0) for part in after)

    def _packed(
        self, x: Tensor, state: State, flat: list[Tensor], padding: Padding
    ) -> tuple[Tensor, State]:
        """Only real positions are computed, by a batch that shrinks."""
        data, sizes = padding.pack(x)
        hx = _stacked(tuple(part[padding.order] for part in state))
        h, *after = self._layer(data, sizes, hx, flat, True, 1, 0.0, torch.is_grad_enabled(), False)
        found = tuple(part.squeeze(0)[padding.back] for part in after)
        return padding.unpack(h), padding.chosen(found, state)

    def _padded(
        self, x: Tensor, state: State, flat: list[Tensor], padding: Padding
    ) -> tuple[Tensor, State]:
        """All positions are computed; what stands after the end is set to 0."""
        h, _ = self._fused(padding.cleared(x), state, flat)
        return padding.cleared(h), (padding.last(h, state[0]),)

    def _over_time(self, x: Tensor) -> bool:
        """Whether `_fused` is one kernel over all of time, and `_packed` on a CPU is not."""
        return x.is_cuda

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.units}"


def _stacked(state: State) -> Tensor | list[Tensor]:
    """The state as torch's layers take it: a first axis for layers, a list if there is c."""
    parts = [part.unsqueeze(0) for part in state]
    return parts if len(parts) > 1 else parts[0]


def one_piece(weights: list[Tensor]) -> list[Tensor]:
    """The same weights; on a GPU as views of one piece of memory, matrices before biases, as cuDNN
    wants them: else torch copies them so at every call, and warns."""
    if not weights[0].is_cuda:
        return weights
    order = sorted(range(len(weights)), key=lambda n: -weights[n].dim())
    whole = torch.cat([weights[n].reshape(-1) for n in order])
    parts = whole.split([weights[n].numel() for n in order])
    views = {n: part.view_as(weights[n]) for n, part in zip(order, parts, strict=True)}
    return [views[n] for n in range(len(weights))]
