"""What a recurrent network remembers, made visible: gradients through time, and gates.

    g_t = || d loss_T / d h_t ||        t = 1 ... T          (Pascanu, Mikolov & Bengio 2013)

loss_T depends on the last position only, so g_t says how much of what happened at t can still be
learnt from T. By the chain rule d loss_T / d h_t is a product of T - t Jacobians
d h_{k+1} / d h_k: with norms below 1 it vanishes, above 1 it explodes, exponentially.

h_t counts in full: as an output of its layer and as what the next step starts from. Of an LSTM
there is || d loss_T / d c_t || too, along the memory.

No weight is changed here, nothing is dropped out, and the gradients of the weights are left alone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from firth.errors import SettingError
from firth.neural.cells import Cell

if TYPE_CHECKING:
    from firth.neural.language_model import LanguageNet


@dataclass(frozen=True)
class Gradients:
    """The curve of one layer; norms are means over the texts or inputs of a batch.

    name: which layer or cell.  hidden: float64[T], g_1 ... g_T.
    memory: float64[T], the same for c_t; None for cells without one.
    """

    name: str
    hidden: np.ndarray
    memory: np.ndarray | None = None

    @property
    def factor(self) -> float:
        """By what g is multiplied from one step to the one before, as a geometric mean."""
        positive = self.hidden[self.hidden > 0]
        if len(positive) < 2:
            return math.nan
        return float((positive[0] / positive[-1]) ** (1 / (len(positive) - 1)))

    def reach(self, share: float = 0.01) -> int:
        """Steps back from T over which g stays above `share` of g_T; T - 1 if it always does."""
        below = np.flatnonzero(self.hidden < share * self.hidden[-1])
        return len(self.hidden) - 1 - (int(below[-1]) + 1 if len(below) else 0)

    def to_json(self) -> dict[str, Any]:
        memory = None if self.memory is None else self.memory.tolist()
        return {
            "name": self.name,
            "hidden": self.hidden.tolist(),
            "memory": memory,
            "factor": self.factor,
            "reach": self.reach(),
        }


@dataclass
class Trace:
    """The states of one cell, step by step: each a Tensor[B, H] of the graph."""

    cell: Cell
    inputs: list[Tensor] = field(default_factory=list)
    #: h_0 ... h_T and, of an lstm, c_0 ... c_T
    states: list[tuple[Tensor, ...]] = field(default_factory=list)


@contextmanager
def traced(net: nn.Module) -> Iterator[list[Trace]]:
    """While it lasts, every cell in `net` runs step by step and leaves its states in the list,
    which is filled in the order in which the cells are called.

    The fused layer computes the same numbers, but its h_t are not seen by its own later steps:
    d loss / d h_t would lack all that goes through the recurrence.
    """
    traces: list[Trace] = []

    def again(
        cell: nn.Module, given: tuple[Any, ...], named: dict[str, Any], _: object
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        assert isinstance(cell, Cell)
        x = given[0]
        state = given[1] if len(given) > 1 else named.get("state")
        if named.get("padding") is not None:
            raise SettingError("Gradients through time are drawn of texts of equal length.")
        state = cell.start(len(x)) if state is None else state
        trace = Trace(cell, [], [state])
        for t in range(x.shape[1]):
            trace.inputs.append(x[:, t])
            trace.states.append(cell.step(x[:, t], trace.states[-1]))
        traces.append(trace)
        return torch.stack([after[0] for after in trace.states[1:]], 1), trace.states[-1]

    cells = [module for module in net.modules() if isinstance(module, Cell)]
    hooks = [cell.register_forward_hook(again, with_kwargs=True) for cell in cells]
    training = net.training
    net.eval()
    try:
        yield traces
    finally:
        for hook in hooks:
            hook.remove()
        net.train(training)


def gradients_of(traces: Sequence[Trace], loss: Tensor, names: Sequence[str]) -> list[Gradients]:
    """The curves of the traces' cells for `loss`, a scalar: the sum over the batch of loss_T."""
    wanted = [part for trace in traces for state in trace.states[1:] for part in state]
    found = iter(torch.autograd.grad(loss, wanted, allow_unused=True))
    curves = []
    for trace, name in zip(traces, names, strict=True):
        parts = len(trace.states[0])
        norms = np.zeros((len(trace.states) - 1, parts))
        for t in range(len(norms)):
            for part in range(parts):
                slope = next(found)
                # None: nothing of it reaches the loss, as of the last c of a layer that is not read
                if slope is not None:
                    norms[t, part] = float(slope.cpu().double().norm(dim=-1).mean())
        curves.append(Gradients(name, norms[:, 0], norms[:, 1] if parts > 1 else None))
    return curves


def gradients_of_cell(
    cell: Cell, x: Tensor, name: str | None = None, *, generator: torch.Generator | None = None
) -> Gradients:
    """The curve of one cell reading x Tensor[B, T, I], for loss_T = v . h_T.

    v is a random direction of length 1, another for each row, so that g_T = 1 whatever the cell.
    """
    v = torch.randn(len(x), cell.outputs, generator=generator, dtype=x.dtype).to(x.device)
    v = v / v.norm(dim=-1, keepdim=True)
    with traced(cell) as traces:
        h, _ = cell(x)
        return gradients_of(traces, (h[:, -1] * v).sum(), [name or cell.name])[0]


def must_be_long(length: int) -> None:
    if length < 2:
        raise SettingError(f"length={length}; a gradient through time needs at least 2 steps.")


def must_recur(net: LanguageNet) -> None:
    """
    Raises:
        SettingError: the window model, in which nothing goes from one step to the next.
    """
    if net.settings.encoder == "window":
        raise SettingError(
            "This language model has the encoder window, which carries nothing from one step to "
            "the next; gradients and gates are of rnn, irnn, lstm and gru."
        )


def gradients_of_net(net: LanguageNet, ids: Tensor, name: str = "") -> list[Gradients]:
    """The curves of all layers, the lowest first, for loss_T = -log p(u_{T+1} | u_1 ... u_T).

    ids: int64[B, T + 1].

    Raises:
        SettingError: the encoder is no recurrent one, or T is below 2.
    """
    must_recur(net)
    must_be_long(ids.shape[1] - 1)
    # a copy in float64, which not every accelerator has: after some hundred steps a gradient that
    # vanishes is below what float32 can hold
    net, ids = copy.deepcopy(net).cpu().double(), ids.cpu()
    with traced(net) as traces:
        h, _ = net.hidden(ids[:, :-1])
        loss = net.nll(h[:, -1:], ids[:, -1:]).sum()
        return gradients_of(traces, loss, names_of_layers(traces, name))


def names_of_layers(traces: Sequence[Trace], name: str) -> list[str]:
    """What each layer is called: the model, if it has a name, the cell, which layer of several."""
    several = len(traces) > 1
    return [
        " ".join(part for part in (name, trace.cell.name, f"layer {n}" if several else "") if part)
        for n, trace in enumerate(traces, 1)
    ]


@dataclass(frozen=True)
class Clipping:
    """EMB's algorithm 1 on one batch: norm of the gradient of all weights, before and after."""

    norm: float
    threshold: float

    @property
    def clipped(self) -> float:
        """0 as a threshold clips nothing."""
        return min(self.norm, self.threshold) if self.threshold > 0 else self.norm


def clipping_of(net: LanguageNet, ids: Tensor) -> Clipping:
    """What clipping by norm does to the step that `ids` int64[B, T + 1] would make: the gradient
    of the mean -log p over all B T units, and the threshold that the model trained with."""
    training = net.training
    net.eval()
    ids = ids.to(net.device)
    h, _ = net.hidden(ids[:, :-1])
    loss = net.nll(h, ids[:, 1:]).mean()
    weights = [weight for weight in net.parameters() if weight.requires_grad]
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    net.train(training)
    square = sum(float(slope.cpu().double().square().sum()) for slope in found if slope is not None)
    return Clipping(math.sqrt(square), float(net.settings.clip_norm))


@torch.no_grad()
def written(net: LanguageNet, first: int, length: int, batch: int, seed: int) -> Tensor:
    """Text of the model's own: int64[batch, length] drawn from its distribution, after `first`.

    What it is looked at with when there is no other text.
    """
    training = net.training
    net.eval()
    generator = torch.Generator().manual_seed(seed)
    ids = torch.full((batch, 1), first, device=net.device)
    found, state = [ids], None
    while len(found) < length:
        h, state = net.hidden(found[-1], state)
        p = net.log_probabilities(h[:, -1]).exp().cpu()
        found.append(torch.multinomial(p, 1, generator=generator).to(net.device))
    net.train(training)
    return torch.cat(found, 1)
