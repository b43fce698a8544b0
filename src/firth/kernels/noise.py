"""The noise distribution P(w) ~ count(w)^noise_power, drawn by the alias method.

Walker 1977, Vose 1991: V cells of equal weight, each shared by at most two words. Eight bytes
a word (word2vec.c: a table of 400 MB), two random numbers a draw, exact to float32.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel
from firth.kernels.rng import below, uniform


@kernel
def alias_table(weights):
    """(threshold float32[V], alias int32[V]) of weights float64[V], all positive."""
    V = weights.shape[0]
    p = weights * (V / weights.sum())
    alias = np.arange(V).astype(np.int32)
    small, large = np.empty(V, np.int64), np.empty(V, np.int64)
    n_small = n_large = 0
    for w in range(V):
        if p[w] < 1:
            small[n_small] = w
            n_small += 1
        else:
            large[n_large] = w
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        poor, rich = small[n_small], large[n_large - 1]
        alias[poor] = rich
        p[rich] -= 1 - p[poor]
        if p[rich] < 1:
            n_large -= 1
            small[n_small] = rich
            n_small += 1
    # what rounding left over fills its own cell
    for i in range(n_small):
        p[small[i]] = 1
    for i in range(n_large):
        p[large[i]] = 1
    return p.astype(np.float32), alias


@kernel(inline="always")
def draw(threshold, alias, rng):
    """A word int64 from the table."""
    w = below(rng, threshold.shape[0])
    if uniform(rng) < threshold[w]:
        return w
    return np.int64(alias[w])
