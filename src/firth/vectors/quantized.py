"""Rows that are not held as float32: product quantised, float16, int8 with a scale a row.

    ProductQuantized   x_m ~ C_m[code_m], x_m the m-th part of x, dsub numbers long    Jegou,
                       (the last may be shorter); 256 centroids C_m a part              Douze &
                       with norms:  x ~ N[norm_code] C[code], C made of x / |x|         Schmid 2011
    Float16Rows        x rounded to half precision
    Int8Rows           x ~ scale * code, code in -127..127, one scale a row

`Rows` is to a matrix what a generator is to a list: some rows are worked out when asked for.
The codes may be mapped from a file (`quantized_tensors`). How codes are made: `quantize`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from firth.errors import FormatError

#: centroids of a part: what one byte can name
CENTROIDS = 256
#: numbers worked out at once where all rows are gone through: 32 MB of float32
AT_ONCE = 1 << 23


class Rows(ABC):
    """float32[n, d] that is not held as such. `rows[3]`, `rows[2:5]` and `rows[[4, 1]]` are arrays.

    np.asarray(rows) works all of them out.
    """

    dtype = np.dtype(np.float32)
    ndim = 2
    shape: tuple[int, int]

    @abstractmethod
    def take(self, rows: np.ndarray) -> np.ndarray:
        """float32[k, d] of `rows` int64[k], each in 0..n-1 (not checked)."""

    @abstractmethod
    def span(self, first: int, last: int) -> Rows:
        """Rows first to last, sharing the memory."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes that are held (or mapped)."""

    def block(self, first: int, last: int) -> np.ndarray:
        """float32[last - first, d], worked out."""
        return self.take(np.arange(first, min(last, self.shape[0])))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[np.ndarray]:
        for _, some in blocks(self):
            yield from some

    def __getitem__(self, wanted: Any) -> np.ndarray:
        """float32[d] of a number; float32[k, d] of a slice, of numbers or of a mask."""
        if isinstance(wanted, int | np.integer):
            row = int(wanted) + (len(self) if wanted < 0 else 0)
            return self.take(self._checked(np.array([row])))[0]
        if isinstance(wanted, slice):
            first, last, step = wanted.indices(len(self))
            if step == 1:
                return self.block(first, max(first, last))
            return self.take(np.arange(len(self))[wanted])
        rows = np.asarray(wanted)
        if rows.dtype == bool:
            if rows.shape != (len(self),):
                raise IndexError(f"a mask of shape {rows.shape} does not fit {len(self)} rows.")
            rows = np.flatnonzero(rows)
        rows = rows.astype(np.int64, copy=False)
        flat = self._checked(np.where(rows < 0, rows + len(self), rows).reshape(-1))
        return self.take(flat).reshape(*rows.shape, self.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = np.empty(self.shape, np.float32)
        for first, rows in blocks(self):
            whole[first : first + len(rows)] = rows
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __repr__(self) -> str:
        n, d = self.shape
        return f"{type(self).__name__}({n:,} rows, {d} dimensions, {self.nbytes:,} bytes)"

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise IndexError(f"a row out of range; there are {len(self)} rows.")
        return rows


class ProductQuantized(Rows):
    """Codes into centroids, laid out as fastText lays them out.

    codes: uint8[n, q], q = ceil(d / dsub).
    centroids: float32[256 * d], part by part; part m is [256, dsub] (the last [256, d - m dsub]).
    norm_codes: uint8[n], norm_centroids: float32[256]; None if the norms are in the codes.

    Raises:
        FormatError: shapes that do not fit together.
    """

    def __init__(
        self,
        codes: np.ndarray,
        centroids: np.ndarray,
        dim: int,
        dsub: int,
        norm_codes: np.ndarray | None = None,
        norm_centroids: np.ndarray | None = None,
    ) -> None:
        if dim < 1 or dsub < 1:
            raise FormatError("layout", f"dim {dim} and dsub {dsub}", "both at least 1")
        parts = -(-dim // dsub)
        must_fit("codes", codes.shape, (len(codes), parts))
        must_fit("centroids", centroids.shape, (CENTROIDS * dim,))
        if norm_codes is not None and norm_centroids is not None:
            must_fit("norm_codes", norm_codes.shape, (len(codes),))
            must_fit("norm_centroids", norm_centroids.shape, (CENTROIDS,))
        self.shape = (len(codes), dim)
        self.codes, self.centroids, self.dsub = codes, centroids, int(dsub)
        self.norm_codes, self.norm_centroids = norm_codes, norm_centroids

    @property
    def nbytes(self) -> int:
        arrays = (self.codes, self.centroids, self.norm_codes, self.norm_centroids)
        return sum(array.nbytes for array in arrays if array is not None)

    def part(self, m: int) -> np.ndarray:
        """float32[256, d_m]: the centroids of part m, sharing the memory."""
        dim, first = self.shape[1], m * self.dsub
        width = min(self.dsub, dim - first)
        return self.centroids[CENTROIDS * first : CENTROIDS * (first + width)].reshape(-1, width)

    def take(self, rows: np.ndarray) -> np.ndarray:
        norms = None if self.norm_codes is None else self.norm_codes[rows]
        return self._decode(self.codes[rows], norms)

    def block(self, first: int, last: int) -> np.ndarray:
        norms = None if self.norm_codes is None else self.norm_codes[first:last]
        return self._decode(self.codes[first:last], norms)

    def span(self, first: int, last: int) -> ProductQuantized:
        return ProductQuantized(
            self.codes[first:last],
            self.centroids,
            self.shape[1],
            self.dsub,
            None if self.norm_codes is None else self.norm_codes[first:last],
            self.norm_centroids,
        )

    def _decode(self, codes: np.ndarray, norm_codes: np.ndarray | None) -> np.ndarray:
        dim, dsub = self.shape[1], self.dsub
        full = dim // dsub
        rows = np.empty((len(codes), dim), np.float32)
        # the whole parts at once: one table of full * 256 centroids
        table = self.centroids[: CENTROIDS * full * dsub].reshape(-1, dsub)
        places = codes[:, :full] + np.arange(full, dtype=np.int32) * CENTROIDS
        whole = table.take(places.reshape(-1), axis=0)
        rows[:, : full * dsub] = whole.reshape(len(codes), full * dsub)
        if full * dsub < dim:
            rows[:, full * dsub :] = self.part(full)[codes[:, full]]
        if norm_codes is not None and self.norm_centroids is not None:
            rows *= self.norm_centroids[norm_codes][:, None]
        return rows


class Float16Rows(Rows):
    """half: float16[n, d]"""

    def __init__(self, half: np.ndarray) -> None:
        self.half = half
        self.shape = (half.shape[0], half.shape[1])

    @property
    def nbytes(self) -> int:
        return self.half.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.half[rows].astype(np.float32)

    def block(self, first: int, last: int) -> np.ndarray:
        return self.half[first:last].astype(np.float32)

    def span(self, first: int, last: int) -> Float16Rows:
        return Float16Rows(self.half[first:last])


class Int8Rows(Rows):
    """codes: int8[n, d], scales: float32[n]; a row is scale * codes.

    Raises:
        FormatError: shapes that do not fit together.
    """

    def __init__(self, codes: np.ndarray, scales: np.ndarray) -> None:
        must_fit("scales", scales.shape, (len(codes),))
        self.codes, self.scales = codes, scales
        self.shape = (codes.shape[0], codes.shape[1])

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.scales.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        return self.codes[rows] * self.scales[rows][:, None]

    def block(self, first: int, last: int) -> np.ndarray:
        return self.codes[first:last] * self.scales[first:last, None]

    def span(self, first: int, last: int) -> Int8Rows:
        return Int8Rows(self.codes[first:last], self.scales[first:last])


def joined(first: Rows, second: Rows) -> ProductQuantized:
    """The rows of both, one after the other.

    Raises:
        FormatError: they are not product quantised by the same centroids.
    """
    if not share_centroids(first, second):
        raise FormatError("rows", "codes of different centroids", "one product quantiser for both")
    a, b = cast(ProductQuantized, first), cast(ProductQuantized, second)
    norms = None
    if a.norm_codes is not None and b.norm_codes is not None:
        norms = np.concatenate([a.norm_codes, b.norm_codes])
    codes = np.concatenate([a.codes, b.codes])
    return ProductQuantized(codes, a.centroids, a.shape[1], a.dsub, norms, a.norm_centroids)


def share_centroids(a: Any, b: Any) -> bool:
    """Whether both are product quantised, by the same centroids."""
    if not (isinstance(a, ProductQuantized) and isinstance(b, ProductQuantized)):
        return False
    if (a.shape[1], a.dsub) != (b.shape[1], b.dsub):
        return False
    if a.norm_centroids is None or b.norm_centroids is None:
        norms = a.norm_centroids is b.norm_centroids
    else:
        norms = np.array_equal(a.norm_centroids, b.norm_centroids)
    return norms and np.array_equal(a.centroids, b.centroids)


class Stacked(Rows):
    """The rows of one matrix, then those of another; both stay where they are."""

    def __init__(self, first: np.ndarray | Rows, second: np.ndarray | Rows) -> None:
        self.parts = first, second
        self.edge = first.shape[0]
        self.shape = (self.edge + second.shape[0], first.shape[1])

    @property
    def nbytes(self) -> int:
        return self.parts[0].nbytes + self.parts[1].nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self.shape[1]), np.float32)
        early = rows < self.edge
        found[early] = self.parts[0][rows[early]]
        found[~early] = self.parts[1][rows[~early] - self.edge]
        return found

    def block(self, first: int, last: int) -> np.ndarray:
        if last <= self.edge:
            return self.parts[0][first:last]
        if first >= self.edge:
            return self.parts[1][first - self.edge : last - self.edge]
        return np.concatenate([self.parts[0][first:], self.parts[1][: last - self.edge]])

    def span(self, first: int, last: int) -> Stacked:
        edge = self.edge
        return Stacked(
            _span(self.parts[0], min(first, edge), min(last, edge)),
            _span(self.parts[1], max(0, first - edge), max(0, last - edge)),
        )


def _span(matrix: np.ndarray | Rows, first: int, last: int) -> np.ndarray | Rows:
    return matrix.span(first, last) if isinstance(matrix, Rows) else matrix[first:last]


def blocks(matrix: np.ndarray | Rows) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, float32 rows) of `matrix`, block by block, so many that they fit in memory."""
    step = max(1, AT_ONCE // max(1, matrix.shape[1]))
    for first in range(0, matrix.shape[0], step):
        yield first, matrix[first : first + step]


def must_fit(name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """
    Raises:
        FormatError: the shape of `name` is not what it must be.
    """
    if tuple(found) != wanted:
        raise FormatError(name, f"shape {tuple(found)}", f"{wanted}")
