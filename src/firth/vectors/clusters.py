"""K-means word classes, as word2vec's `-classes` (word2vec.c, end of TrainModel).

    start     class of row i = i mod k
    centroid  (sum of its rows) / (1 + their number), scaled to unit length
    assign    the class of largest dot product; the rows are not scaled; ties: the lowest class

Ten rounds by default, no other stop, float32 throughout, so that the classes are the original's.
Departs from it: a class whose rows sum to zero gets a zero centroid, not NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.files import whole_file

BLOCK = 65536


def kmeans(matrix: np.ndarray, k: int, iterations: int = 10) -> np.ndarray:
    """int64[V]: the class in 0..k-1 of each row of `matrix` float32[V, d]."""
    rows = len(matrix)
    classes = np.arange(rows) % k
    for _ in range(iterations):
        centroids = np.zeros((k, matrix.shape[1]), np.float32)
        for start in range(0, rows, BLOCK):
            np.add.at(centroids, classes[start : start + BLOCK], matrix[start : start + BLOCK])
        centroids /= (1 + np.bincount(classes, minlength=k)).astype(np.float32)[:, None]
        lengths = np.sqrt((centroids * centroids).sum(axis=1, keepdims=True))
        np.divide(centroids, lengths, out=centroids, where=lengths > 0)
        for start in range(0, rows, BLOCK):
            products = matrix[start : start + BLOCK] @ centroids.T
            classes[start : start + BLOCK] = products.argmax(axis=1)
    return classes


def write_classes(path: str | Path, names: Iterable[str], classes: Sequence[int]) -> None:
    """One line a word: `word SP class`, as word2vec writes it.

    Raises:
        FormatError: a name that holds a line end.
    """
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        for name, number in zip(names, classes, strict=True):
            if "\n" in name:
                raise FormatError(path, f"the name {name!r}", "names without a line end")
            file.write(f"{name} {number}\n".encode())


def read_classes(path: str | Path) -> dict[str, int]:
    """word -> class, of a file by `write_classes` or word2vec.

    Raises:
        FormatError: a line that is not `word SP class`.
    """
    classes: dict[str, int] = {}
    for number, line in enumerate(Path(path).read_bytes().splitlines(), start=1):
        word, _, digits = line.rpartition(b" ")
        if not digits.isdigit():
            raise FormatError(
                path, f"{line[:40]!r} on line {number}", "a word, a blank and a class number"
            )
        classes[word.decode("utf-8", "replace")] = int(digits)
    return classes
