"""A cell of any kind with an input and a state, and the derivatives of all it gives."""

import torch
from torch import nn

from firth.neural.cells import CELLS

B, T, I, H = 3, 7, 5, 8  # noqa: E741  (I: inputs, as in the equations)


def made(name, dtype=torch.float64, inputs=I, units=H, seed=0):
    """A cell, an input, and a state that is not zero."""
    generator = torch.Generator().manual_seed(seed)
    cell = CELLS[name](inputs, units).to(dtype)
    cell.reset(generator)
    for parameter in cell.parameters():  # no bias 0 or identity that would hide a mistake
        nn.init.normal_(parameter, 0, 0.4, generator=generator)
    x = torch.randn(B, T, inputs, generator=generator, dtype=dtype)
    state = tuple(torch.randn(s.shape, generator=generator, dtype=dtype) for s in cell.start(B))
    return cell, x, state


def gradients(run, cell, x, state):
    """The derivatives of a sum over everything `run` gives, by parameter, x and state."""
    x = x.clone().requires_grad_()
    state = tuple(s.clone().requires_grad_() for s in state)
    h, after = run(x, state)
    scale = torch.linspace(0.5, 1.5, h.numel(), dtype=h.dtype).view_as(h)
    loss = (scale * h).sum() + sum((s * s).sum() for s in after)
    named = dict(cell.named_parameters()) | {"x": x} | {f"s{n}": s for n, s in enumerate(state)}
    found = torch.autograd.grad(loss, list(named.values()))
    return dict(zip(named, found, strict=True))
