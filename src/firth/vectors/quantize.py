"""Fewer bytes for a matrix of vectors: product quantisation, float16, int8; and what was lost.

Product quantisation (Jegou, Douze & Schmid 2011) cuts a row x of d numbers into parts x_m of dsub
numbers, and keeps of each part the number of the nearest of 256 centroids:

    x = (x_1 .. x_q),  q = ceil(d / dsub)        the last part may be shorter
    code_m = argmin_j |x_m - C_mj|^2             C_m: k-means of the m-th parts
    with norms: the parts are of x / |x|, and |x| is quantised with 256 centroids of its own

That is fastText's: 25 iterations, at most 65,536 rows learnt from. Departs from it: k-means++
chooses the rows to begin with; the same rows are learnt from for every part; a centroid without
points moves to the point farthest from its own; fewer than 256 rows are kept exactly, where
fastText refuses.
The result depends on the seed, not on the number of threads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.errors import SettingError
from firth.settings import Settings, setting
from firth.vectors.quantized import (
    AT_ONCE,
    CENTROIDS,
    Float16Rows,
    Int8Rows,
    ProductQuantized,
    Rows,
    blocks,
)
from firth.vectors.rows import norms_of
from firth.vectors.vectors import Vectors

if TYPE_CHECKING:
    from firth.vectors.fitted import Fitted

ITERATIONS = 25
#: rows that the centroids are learnt from
POINTS = 65536
WAYS = ("pq", "float16", "int8")
QUANTIZED = (ProductQuantized, Float16Rows, Int8Rows)
#: the largest number of half precision
HALF_MAX = 65504


@dataclasses.dataclass(frozen=True)
class Quantization(Settings):
    """How a matrix is made smaller."""

    to: str = setting(
        "pq",
        "pq: bytes that name centroids; float16: half the bytes; int8: a quarter",
        choices=WAYS,
    )
    dsub: int = setting(2, "pq: numbers that one byte stands for", low=1)
    norms: bool = setting(False, "pq: quantise the lengths of the rows apart, for a byte more each")
    seed: int = setting(1, "pq: start of the random numbers", low=0)
    threads: int = setting(0, "pq: processor cores to use; 0: all", low=0)

    def apply(self, matrix: Any) -> Rows:
        """`matrix` float32[n, d], made smaller.

        Raises:
            SettingError: it holds nan or infinity, or more than half precision can.
        """
        if self.to == "float16":
            return float16(matrix)
        if self.to == "int8":
            return int8(matrix)
        return product_quantized(matrix, self.dsub, self.norms, self.seed, self.threads)


def quantize_vectors(
    vectors: Vectors,
    to: str = "pq",
    *,
    dsub: int = 2,
    norms: bool = False,
    seed: int = 1,
    threads: int = 0,
) -> Vectors:
    """The same words with a smaller matrix; of vectors with n-grams these are quantised too.

    The arguments: see `Quantization`. A word of the vocabulary gets the row of what was its whole
    vector, n-grams and all; the rows of the n-grams are for words beside the vocabulary.

    Raises:
        SettingError: the vectors are sparse, or quantised already.
    """
    how = Quantization(to=to, dsub=dsub, norms=norms, seed=seed, threads=threads)
    must_be_whole(vectors.matrix, "These vectors")
    vectors.must_be_dense("quantisation")
    subwords = getattr(vectors, "subwords", None)
    if subwords is None:
        return Vectors(vectors.vocabulary, how.apply(vectors.matrix))
    ngrams = type(subwords)(subwords.subwords, how.apply(subwords.matrix))
    return Vectors(vectors.vocabulary, how.apply(vectors.matrix), subwords=ngrams)


def must_be_whole(matrix: Any, what: str) -> None:
    """
    what: begins the sentence, in the plural.

    Raises:
        SettingError: `matrix` is quantised already.
    """
    if isinstance(matrix, QUANTIZED):
        raise SettingError(
            f"{what} are quantised already, what they lost is lost; quantise the model that they "
            "were made from."
        )


def must_be_trainable(fitted: Fitted) -> None:
    """
    Raises:
        SettingError: the model is quantised, so that no training can go on from it.
    """
    matrices = list(fitted.state.values())
    if fitted.vectors is not None:
        matrix, subwords = fitted.vectors.matrix, fitted.vectors.subwords
        matrices += [matrix, getattr(matrix, "words", None), getattr(subwords, "matrix", None)]
    if "quantization" in fitted.corpus or any(isinstance(one, QUANTIZED) for one in matrices):
        raise SettingError(
            "The model to continue is quantised, and the small steps of training would be lost in "
            "it; train the model that it was made from, then quantise again."
        )


def float16(matrix: Any) -> Float16Rows:
    """Half precision: a number x is off by at most |x| / 2048, or 2^-25 if it is tiny.

    Raises:
        SettingError: nan, infinity, or a number beyond 65,504.
    """
    half = np.empty(matrix.shape, np.float16)
    for first, rows in blocks(matrix):
        largest = float(np.abs(_finite(rows, first)).max(initial=0))
        if largest > HALF_MAX:
            raise SettingError(
                f"these vectors hold numbers as large as {largest:.6g}, half precision ends at "
                f"{HALF_MAX}; quantise to int8 or pq."
            )
        half[first : first + len(rows)] = rows
    return Float16Rows(half)


def int8(matrix: Any) -> Int8Rows:
    """Bytes with a scale a row, max |x| / 127: a number is off by at most half of the scale.

    Raises:
        SettingError: nan or infinity.
    """
    codes = np.empty(matrix.shape, np.int8)
    scales = np.empty(matrix.shape[0], np.float32)
    for first, rows in blocks(matrix):
        largest = np.abs(_finite(rows, first)).max(axis=1, initial=0)
        scale = (largest / np.float32(127)).astype(np.float32)
        # what is too small for a scale is zero
        wide = scale.astype(np.float64)
        inverse = np.divide(1, wide, out=np.zeros_like(wide), where=scale > 0)
        scaled = np.rint(rows * inverse[:, None])
        codes[first : first + len(rows)] = np.clip(scaled, -127, 127)
        scales[first : first + len(rows)] = scale
    return Int8Rows(codes, scales)


def product_quantized(
    matrix: Any, dsub: int = 2, norms: bool = False, seed: int = 1, threads: int = 0
) -> ProductQuantized:
    """Product quantisation of `matrix` float32[n, d] (an array or Rows); see above.

    Raises:
        SettingError: nan or infinity, dsub below 1.
    """
    how = Quantization(dsub=dsub, norms=norms, seed=seed, threads=threads)
    n, d = matrix.shape
    starts = range(0, d, how.dsub)
    # drawn once for all parts: rows that are worked out or mapped are gone through once
    chosen = np.sort(_random(seed, d).choice(n, min(n, POINTS), replace=False))
    lengths = norms_of(matrix) if norms else None
    by = _inverse(lengths)
    sample = _scaled(_finite(matrix[chosen], int(chosen[0]) if n else 0), by, chosen)
    points = np.ascontiguousarray(sample.T)

    def learn(first: int) -> np.ndarray:
        return _centroids(points[first : first + how.dsub], _random(seed, first))

    parts = _each(learn, starts, how.threads)
    codes = np.empty((n, len(starts)), np.uint8)

    def encode(first: int) -> None:
        rows = _finite(matrix[first : first + step], first)
        x = np.ascontiguousarray(_scaled(rows, by, slice(first, first + step)).T)
        for m, start in enumerate(starts):
            codes[first : first + step, m] = _codes(x[start : start + how.dsub], parts[m])

    step = max(1, min(POINTS, AT_ONCE // d))
    _each(encode, range(0, n, step), how.threads)
    flat = np.concatenate([part.reshape(-1) for part in parts])
    if lengths is None:
        return ProductQuantized(codes, flat, d, how.dsub)
    centroids = _centroids(lengths[None, chosen], _random(seed, d + 1))
    norm_codes = _codes(lengths[None], centroids)
    return ProductQuantized(codes, flat, d, how.dsub, norm_codes, centroids.reshape(-1))


def _random(seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng([seed, part])


def _each(work: Callable[[int], Any], items: Iterable[int], threads: int) -> list[Any]:
    """`work` on each item, in order, by several threads; an error ends what has not begun."""
    pool = ThreadPoolExecutor(threads or None)
    try:
        return list(pool.map(work, items))
    finally:
        pool.shutdown(cancel_futures=True)


def _centroids(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """float32[256, d]: k-means of the points x float32[d, n]; all of them if they are so few."""
    from firth.kernels.kmeans import assign, begin, move

    d, n = x.shape
    c = np.zeros((CENTROIDS, d), np.float32)
    if n <= CENTROIDS:
        c[:n] = x.T
        return c
    codes, before = np.empty(n, np.uint8), np.empty(n, np.uint8)
    distances = np.empty(n, np.float32)
    begin(x, c, random.random(CENTROIDS), distances)
    for iteration in range(ITERATIONS):
        assign(x, c, codes, distances)
        if iteration and np.array_equal(codes, before):
            break  # nothing would change any more
        before[:] = codes
        move(x, c, codes, distances)
    return c


def _codes(x: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """uint8[n]: the nearest centroid of each of x float32[d, n]."""
    from firth.kernels.kmeans import assign

    codes = np.empty(x.shape[1], np.uint8)
    assign(x, centroids, codes, np.empty(x.shape[1], np.float32))
    return codes


def _inverse(lengths: np.ndarray | None) -> np.ndarray | None:
    if lengths is None:
        return None
    return np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def _scaled(rows: np.ndarray, by: np.ndarray | None, which: Any) -> np.ndarray:
    return rows if by is None else rows * by[which, None]


def _finite(rows: np.ndarray, first: int) -> np.ndarray:
    """`rows`, the first of which has the number `first`.

    Raises:
        SettingError: nan or infinity.
    """
    if not np.isfinite(rows).all():
        raise SettingError(
            f"vectors from row {first:,} on hold nan or infinity; only finite numbers can be "
            "quantised."
        )
    return rows
