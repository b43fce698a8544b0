"""float32 as the shortest decimal that reads back as the same float32, as `str(np.float32)`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def shortest(rows: np.ndarray) -> Iterator[str]:
    """The numbers of each row of float32[n, D], split by blanks.

    `%.kg` is correctly rounded, so the smallest k that reads back gives the shortest digits.
    Numbers that numpy writes otherwise (no fraction, large, tiny, powers of two) are its own.
    """
    for row in rows:
        texts = ("%.8g " * len(row) % tuple(row.tolist())).split()
        nine = np.array(texts, np.float64).astype(np.float32) != row
        size = np.abs(row)
        mantissa, _ = np.frexp(size)
        plain = (size >= 1e-4) & (size < 1e6) & (mantissa != 0.5) & (row != np.rint(row))
        for at in range(len(row)):
            texts[at] = _one(texts[at], row[at], nine[at], plain[at])
        yield " ".join(texts)


def _one(text: str, value: np.float32, nine: bool, plain: bool) -> str:
    if not plain:
        return str(value)
    if nine:
        return f"{float(value):.9g}"
    shorter = f"{float(value):.7g}"
    if np.float32(shorter) != value:
        return text
    return min((t for t in (f"{float(value):.6g}", shorter) if np.float32(t) == value), key=len)
