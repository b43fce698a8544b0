"""GloVe in float64, written out from its equations, on entries in a given order."""

import numpy as np


def started(parameters, dim):
    """A float64 copy of what the compiled training starts from: w, G, b, g of both sides."""
    half = parameters.W.shape[1] // 2
    sides = []
    for W, B in ((parameters.W, parameters.B), (parameters.C, parameters.D)):
        values, squares = W[:, :dim], W[:, half : half + dim]
        sides.append([np.array(x, np.float64) for x in (values, squares, B[:, 0], B[:, 1])])
    return sides


def weight(x, x_max, alpha):
    """f of (9)."""
    return min(1.0, (x / x_max) ** alpha)


def loss(sides, entries, x_max, alpha):
    """J of (8) over (i, j, X_ij)."""
    (w, _, b, _), (c, _, d, _) = sides
    return sum(
        0.5 * weight(x, x_max, alpha) * (w[i] @ c[j] + b[i] + d[j] - np.log(x)) ** 2
        for i, j, x in entries
    )


def epoch(sides, entries, x_max, alpha, rate, clip, free_bias=True):
    """One step for each entry, in order; the sum of the losses before each."""
    (w, G, b, g), (c, H, d, h) = sides
    total = 0.0
    for i, j, x in entries:
        e = w[i] @ c[j] + b[i] + d[j] - np.log(x)
        f = weight(x, x_max, alpha)
        total += 0.5 * f * e * e
        step = rate * np.clip(f * e * c[j], -clip, clip)
        back = rate * np.clip(f * e * w[i], -clip, clip)
        w[i] -= step / np.sqrt(G[i])
        c[j] -= back / np.sqrt(H[j])
        G[i] += step**2
        H[j] += back**2
        bias = f * e if free_bias else rate * np.clip(f * e, -clip, clip)
        b[i] -= bias / np.sqrt(g[i])
        d[j] -= bias / np.sqrt(h[j])
        g[i] += bias**2
        h[j] += bias**2
    return total
