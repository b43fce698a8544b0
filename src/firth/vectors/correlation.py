"""Pearson and Spearman, with their p-values and a bootstrap interval; nan where undefined.

The steps are scipy's, so that the digits are; scipy itself is loaded only for the p-values.
"""

from __future__ import annotations

import math

import numpy as np


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of float64[n] and float64[n]."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(np.dot(x / _length(x), y / _length(y)), -1, 1))


def _length(x: np.ndarray) -> float:
    largest = np.abs(x).max()
    # with an axis numpy sums in pairs, as scipy has it
    return float(largest * np.linalg.norm(x / largest, axis=-1))


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the ranks."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(np.corrcoef(np.column_stack([ranks(x), ranks(y)]), rowvar=False)[1, 0])


def ranks(x: np.ndarray) -> np.ndarray:
    """float64[n]: 1 for the smallest; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]


def spearman_interval(
    x: np.ndarray, y: np.ndarray, resamples: int, seed: int = 1
) -> tuple[float, float] | None:
    """95 % of the correlations of pairs drawn anew."""
    if len(x) < 3:
        return None
    random = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = random.integers(0, len(x), len(x))
        values.append(pearson(ranks(x[drawn]), ranks(y[drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5]) if not np.isnan(values).all() else (0, 0)
    return float(low), float(high)


def spearman_p(r: float, n: int) -> float:
    """2 P(t > |r| sqrt((n - 2) / (1 - r^2))), Student's t with n - 2 degrees of freedom."""
    from scipy.special import stdtr

    if r != r or n < 3:
        return math.nan
    if abs(r) >= 1:
        return 0.0
    t = r * math.sqrt((n - 2) / ((r + 1) * (1 - r)))
    return float(2 * stdtr(n - 2, -abs(t)))


def pearson_p(r: float, n: int) -> float:
    """2 P(R > |r|), R = 2 B - 1 with B of the beta distribution (n / 2 - 1, n / 2 - 1)."""
    from scipy.special import betaincc

    if r != r or n < 3:
        return math.nan
    half = n / 2 - 1
    return float(2 * betaincc(half, half, (abs(r) + 1) / 2))
