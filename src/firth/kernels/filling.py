"""Matrices of random numbers, fast: a gigabyte of rows is made in a tenth of a second.

Number c of a matrix is a hash of c and the seed (lowbias32, Wellons 2018): it does not depend on
what was drawn before, so the loop runs at the width of the machine, and the same on any number of
threads.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel

u4 = np.uint32
FIRST, SECOND = u4(0x7FEB352D), u4(0x846CA68B)


@kernel(inline="always")
def mixed(x):
    """32 bits of a hash of x; every step is cut to 32 bits, else numba would widen them."""
    x = u4(x ^ u4(x >> u4(16)))
    x = u4(x * FIRST)
    x = u4(x ^ u4(x >> u4(15)))
    x = u4(x * SECOND)
    return u4(x ^ u4(x >> u4(16)))


@kernel
def fill_uniform(W, dim, reach, seed):
    """W[i, j] uniform in +-reach for j < dim, in steps of reach / 2^23.

    W float32[n, dim or more]; seed int64.
    """
    scale, half = np.float32(reach / 2**23), np.float32(reach)
    key = mixed(u4(seed & 0xFFFFFFFF) ^ mixed(u4(seed >> 32)))
    for i in range(W.shape[0]):
        place = i * dim
        # beyond 2^32 numbers the key is another one
        first = u4(u4(place & 0xFFFFFFFF) + mixed(u4(key + u4(place >> 32))))
        for j in range(dim):
            x = mixed(u4(first + u4(j)))
            W[i, j] = np.float32(np.int32(u4(x >> u4(8)))) * scale - half
