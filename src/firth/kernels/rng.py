"""Random numbers: xorshift64* (Vigna 2016), one state a block, seeded by (seed, epoch, block).

Only this file and features.py know uint64: every index they give out is int64 (mixed arithmetic
would wrap differently compiled and uncompiled).
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel


@kernel
def seeded(seed: int, epoch: int, block: int) -> np.ndarray:
    """State uint64[1] of its own for each (seed, epoch, block), mixed by splitmix64."""
    x = np.uint64(seed)
    for part in (epoch, block):
        x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(part) + np.uint64(0x632BE59BD9B4E019)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    state = np.empty(1, np.uint64)
    state[0] = x | np.uint64(1)  # zero would stay zero
    return state


@kernel(inline="always")
def next_bits(rng):
    """The next 64 random bits."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    return x * np.uint64(0x2545F4914F6CDD1D)


@kernel(inline="always")
def below(rng, n):
    """A uniform int64 from 0 to n - 1; n below 2^31."""
    return np.int64(((next_bits(rng) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@kernel(inline="always")
def uniform(rng):
    """A uniform float32 in [0, 1), in steps of 2^-24."""
    return np.float32(np.int64(next_bits(rng) >> np.uint64(40))) * np.float32(2.0**-24)
