"""Planted worlds for recurrent networks: tasks that only a memory of the far past solves.

    adding    x_t = (v_t, m_t), v_t ~ U(0, 1), m_t = 1 at two positions, one in each half, else 0;
              wanted after the last step: the sum of the two marked values
              Hochreiter & Schmidhuber 1997, 5.4; as posed by Le, Jaitly & Hinton 2015, 3.1
    copy      S symbols, a gap of blanks, a mark, S blanks; wanted during the last S: the symbols
              Hochreiter & Schmidhuber 1997, 5; Arjovsky, Shah & Bengio 2016, 4.1

Both have a known score without memory, so that learning cannot be mistaken: the adding problem
answered with 1 has the mean square error 1/6 (the variance of the sum of two uniform numbers), and
a symbol guessed costs log K nats.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from firth.errors import SettingError

#: mean square error of the adding problem without memory
ADDING_WITHOUT_MEMORY = 1 / 6


def adding(batch: int, length: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """x float32[B, T, 2] and the wanted sums float32[B]."""
    if length < 2:
        raise SettingError(f"length={length} of the adding problem; wanted at least 2.")
    values = torch.rand(batch, length, generator=generator)
    half = length // 2
    first = torch.randint(0, half, (batch, 1), generator=generator)
    second = torch.randint(half, length, (batch, 1), generator=generator)
    marked = torch.cat([first, second], 1)
    marks = torch.zeros(batch, length).scatter_(1, marked, 1.0)
    return torch.stack([values, marks], -1), values.gather(1, marked).sum(1)


def copy(
    batch: int, gap: int, generator: torch.Generator, *, symbols: int = 5, kinds: int = 4
) -> tuple[Tensor, Tensor]:
    """ids int64[B, 2 symbols + gap + 1], and what is wanted at each position, -1 where nothing is.

    kinds: K; ids 0 ... K - 1 are symbols, K the blank, K + 1 the mark before the answer.
    """
    if min(symbols, kinds) < 1 or gap < 0:
        raise SettingError(
            f"symbols={symbols}, kinds={kinds}, gap={gap} of the copy task; "
            "wanted at least 1, 1 and 0."
        )
    said = torch.randint(0, kinds, (batch, symbols), generator=generator)
    blank = torch.full((batch, gap), kinds)
    mark = torch.full((batch, 1), kinds + 1)
    ids = torch.cat([said, blank, mark, torch.full_like(said, kinds)], 1)
    wanted = torch.cat([torch.full((batch, symbols + gap + 1), -1), said], 1)
    return ids, wanted


def copy_without_memory(kinds: int = 4) -> float:
    """Nats per symbol of the copy task without memory: log K."""
    return math.log(kinds)
