"""Matrices of random numbers, fast: a gigabyte of rows is made in a tenth of a second.

Number c of a matrix is a hash of c and the seed (lowbias32, Wellons 2018): it does not depend on
what was drawn before. So the loop runs at the width of the machine, and a row that training never
touches need not be held: `add_start` makes it where it is needed (vectors/trained_rows.py holds
the others).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firth.compiled import kernel

u4 = np.uint32
FIRST, SECOND = u4(0x7FEB352D), u4(0x846CA68B)
LOWER = 0xFFFFFFFF


class Start(NamedTuple):
    """How the rows of a matrix begin: uniform in +-reach."""

    dim: int
    reach: float
    seed: int


@kernel(inline="always")
def mixed(x):
    """32 bits of a hash of x; every step is cut to 32 bits, else numba would widen them."""
    x = u4(x ^ u4(x >> u4(16)))
    x = u4(x * FIRST)
    x = u4(x ^ u4(x >> u4(15)))
    x = u4(x * SECOND)
    return u4(x ^ u4(x >> u4(16)))


@kernel(inline="always")
def first_of(row, dim, seed):
    """What the first number of a row is the hash of."""
    key = mixed(u4(seed & LOWER) ^ mixed(u4(seed >> 32)))
    place = row * dim
    # beyond 2^32 numbers the key is another one
    return u4(u4(place & LOWER) + mixed(u4(key + u4(place >> 32))))


@kernel(inline="always")
def number(x, scale):
    """A number of 2^24 from -reach to reach; the steps cannot be fused, and round alike."""
    return np.float32(np.int32(u4(x >> u4(8))) - np.int32(1 << 23)) * scale


@kernel
def fill_start(W, rows, start):
    """W[i] = row rows[i] of a matrix as it starts; W float32[n, dim or more], rows int64[n]."""
    dim, reach, seed = start
    scale = np.float32(reach / 2**23)
    for i in range(rows.shape[0]):
        first = first_of(np.int64(rows[i]), dim, seed)
        for j in range(dim):
            W[i, j] = number(mixed(u4(first + u4(j))), scale)


@kernel
def add_start(E, e, row, start):
    """E[e] += a row as it starts."""
    dim, reach, seed = start
    scale = np.float32(reach / 2**23)
    first = first_of(np.int64(row), dim, seed)
    for j in range(dim):
        E[e, j] += number(mixed(u4(first + u4(j))), scale)
