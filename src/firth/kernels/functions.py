"""The logistic function and its logarithm.

    s(x) = 1 / (1 + e^-x) = 1/2 + 1/2 tanh(x / 2)

tanh by the rational approximation of Eigen and XLA (degree 13 over 6, |x| clamped to 9), which
compiles to a few vector instructions where a call to the C library would not: error below
2e-7 everywhere, so that no table is needed. Scores beyond the clamp saturate (word2vec.c) and
are not skipped (gensim).
"""

from __future__ import annotations

import math

import numpy as np

from firth.compiled import kernel

f4 = np.float32
# odd numerator and even denominator, highest power first
_P = tuple(
    f4(c)
    for c in (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11,
        5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    )
)  # fmt: skip
_Q = tuple(
    f4(c)
    for c in (
        1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03,
    )
)  # fmt: skip
HALF, NINE = f4(0.5), f4(9.0)


@kernel(inline="always")
def sigmoid(x):
    """s(x) in float32."""
    y = min(max(HALF * x, -NINE), NINE)
    z = y * y
    p = _P[0] * z + _P[1]
    p = p * z + _P[2]
    p = p * z + _P[3]
    p = p * z + _P[4]
    p = p * z + _P[5]
    p = (p * z + _P[6]) * y
    q = ((_Q[0] * z + _Q[1]) * z + _Q[2]) * z + _Q[3]
    return HALF + HALF * p / q


@kernel
def log_sigmoid(x):
    """log s(x) in float64, without overflow; NaN stays NaN."""
    x = float(x)
    if x < 0:
        return x - math.log1p(math.exp(x))
    return -math.log1p(math.exp(-x))
