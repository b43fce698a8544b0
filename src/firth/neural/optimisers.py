"""What makes a step of a gradient g: torch's optimisers by name, with their state by name.

    sgd      w -= rate * g                                                 Robbins & Monro 1951
    adam     w -= rate * m / (sqrt(v) + eps)   m, v: running means of g, g^2      Kingma & Ba 2015
    adamw    as adam; the pull of weights towards 0 goes past m and v    Loshchilov & Hutter 2019
    adagrad  w -= rate * g / (sqrt(s + sum g^2) + eps)        s: initial_sum, Duchi et al. 2011

Biases and gains (vectors) are not pulled towards 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from firth.neural.training import RATES, Training


def first_rate(settings: Training) -> float:
    """The learning rate at its highest."""
    return RATES[settings.optimiser] if settings.rate is None else settings.rate


def trained(net: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that learn, by name; a shared one once."""
    return {name: weight for name, weight in net.named_parameters() if weight.requires_grad}


def optimiser_of(net: nn.Module, settings: Training) -> Optimizer:
    """The optimiser of the weights of `net` that learn."""
    weights = list(trained(net).values())
    groups = [
        {
            "params": [weight for weight in weights if weight.ndim > 1],
            "weight_decay": settings.weight_decay,
        },
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    rate = first_rate(settings)
    # one pass over a weight and its moments: 8 ms instead of 28 for adam, 6 instead of 17 for
    # adagrad (13 M weights, one core)
    devices = {weight.device.type for weight in weights}
    fused = devices <= {"cpu", "cuda"}
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=rate, fused=fused)
    if settings.optimiser == "adagrad":
        return torch.optim.Adagrad(
            groups,
            lr=rate,
            initial_accumulator_value=settings.initial_sum,
            fused=devices == {"cpu"},
        )
    kind = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, lr=rate, fused=fused)


def set_rate(optimiser: Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def state_of(optimiser: Optimizer, net: nn.Module) -> dict[str, Tensor]:
    """What the optimiser remembers: "WEIGHT/WHAT" -> Tensor, WEIGHT as `net` names it."""
    found = {}
    for name, weight in trained(net).items():
        for what, value in optimiser.state.get(weight, {}).items():
            if isinstance(value, Tensor):
                found[f"{name}/{what}"] = value
    return found


def take_state(optimiser: Optimizer, net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Puts back what `state_of` gave."""
    weights = trained(net)
    for key, value in tensors.items():
        name, _, what = key.rpartition("/")
        weight = weights[name]
        state: dict[str, Any] = optimiser.state[weight]
        old = state.get(what)
        # counts of steps stay where the optimiser wants them; moments lie beside their weight
        device = old.device if isinstance(old, Tensor) else weight.device
        state[what] = value.to(device, copy=True)
