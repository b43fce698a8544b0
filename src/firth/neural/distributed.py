"""Several processes that train one net, as torchrun starts them: each has its share of the batches.

    g = sum over processes r of  units_r / units * g_r        g_r: of the mean loss of share r

So the step is the one that a single process would make of all the shares together. Gradients are
added in one piece after the backward pass, not by torch's DistributedDataParallel: that needs the
loss to come out of one module's forward, and every weight to take part in it (an adaptive softmax
leaves clusters out that have no target in a batch).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from firth.errors import SettingError
from firth.neural.place import place

__all__ = ["Processes", "joined", "place"]

#: how long processes wait for the first one, which measures alone; torchrun ends all if one dies
PATIENCE = timedelta(hours=12)


class Processes:
    """The processes of a training; alone, every method does nothing."""

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world

    @property
    def first(self) -> bool:
        """Whether this one measures, writes and talks."""
        return self.rank == 0

    def sums(self, *numbers: float) -> list[float]:
        """The sum of each number over the processes."""
        if self.world == 1:
            return list(numbers)
        tensor = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(tensor)
        return tensor.tolist()

    def most(self, number: int) -> int:
        """The largest of a number over the processes."""
        if self.world == 1:
            return number
        tensor = torch.tensor(number)
        dist.all_reduce(tensor, dist.ReduceOp.MAX)
        return int(tensor)

    def same(self, thing: Any) -> Any:
        """What the first process has."""
        if self.world == 1:
            return thing
        box = [thing]
        dist.broadcast_object_list(box)
        return box[0]

    def gather(self, thing: Any) -> list[Any]:
        """What each process has, in the first; nothing in the others."""
        if self.world == 1:
            return [thing]
        box: list[Any] | None = [None] * self.world if self.first else None
        dist.gather_object(thing, box)
        return box or []

    def same_start(self, net: nn.Module) -> None:
        """All begin with the weights of the first."""
        if self.world > 1:
            for tensor in [*net.parameters(), *net.buffers()]:
                dist.broadcast(tensor.data, 0)

    def mean_buffers(self, net: nn.Module) -> None:
        """Running means (of batch normalisation) become the mean over the processes."""
        if self.world > 1:
            for buffer in net.buffers():
                if buffer.is_floating_point():
                    dist.all_reduce(buffer)
                    buffer /= self.world

    def add_gradients(self, weights: Sequence[nn.Parameter], loss: Tensor) -> None:
        """The gradients, and the summed loss, of all processes together.

        A weight that no process used keeps no gradient, as in a single process.
        """
        if self.world == 1:
            return
        used = [float(weight.grad is not None) for weight in weights]
        pieces = [
            torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights
        ]
        shares = torch.tensor(used, dtype=loss.dtype, device=loss.device)
        flat = torch.cat([piece.reshape(-1) for piece in pieces] + [shares, loss.reshape(1)])
        dist.all_reduce(flat)
        sizes = [piece.numel() for piece in pieces]
        *parts, shares, total = flat.split([*sizes, len(used), 1])
        for weight, part, users in zip(weights, parts, shares.tolist(), strict=True):
            weight.grad = part.view_as(weight) if users else None
        loss.copy_(total[0])


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """The processes that torchrun started, joined while this lasts.

    Raises:
        SettingError: they cannot be joined.
    """
    rank, world = place()
    if world == 1:
        yield Processes()
        return
    ours = not dist.is_initialized()
    if ours:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        try:
            dist.init_process_group(backend, timeout=PATIENCE)
        except (ValueError, RuntimeError) as error:
            raise SettingError(
                f"The {world} processes of WORLD_SIZE cannot be joined ({error}); start them with "
                "torchrun --nproc-per-node."
            ) from None
    try:
        yield Processes(rank, world)
    finally:
        if ours:
            dist.destroy_process_group()
