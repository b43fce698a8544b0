"""float32 as the shortest decimal that reads back as the same float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def shortest(rows: np.ndarray) -> Iterator[str]:
    """The numbers of each row of float32[n, D], split by blanks, as numpy (and gensim) write them.

    `str` of a numpy scalar is the quickest exact way there is: printf with trial of 7, 8 and 9
    digits was measured at three times its time.
    """
    for row in np.asarray(rows):
        yield " ".join(map(str, row))
