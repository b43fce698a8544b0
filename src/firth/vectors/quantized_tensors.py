"""Matrices as the tensors of a safetensors file, quantised or not, and back.

M             float32[n, d]
M.half        float16[n, d]
M.int8        int8[n, d], M.scales float32[n]
M.codes       uint8[n, q], M.centroids float32[256 d], M.layout int64 (d, dsub); with norms
              M.norm_codes uint8[n], M.norm_centroids float32[256]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.vectors.quantized import Float16Rows, Int8Rows, ProductQuantized, Rows, must_fit
from firth.vectors.trained_rows import TrainedRows

#: endings of the tensors of a quantised matrix (`tensors_of`)
PARTS = {
    "held",
    "buckets",
    "start",
    "codes",
    "centroids",
    "layout",
    "norm_codes",
    "norm_centroids",
    "half",
    "int8",
    "scales",
}


def tensors_of(matrix: np.ndarray | Rows, name: str) -> dict[str, np.ndarray]:
    """`matrix` as arrays that a safetensors file takes, under names that begin with `name`.

    Rows of any other class are worked out.
    """
    if isinstance(matrix, ProductQuantized):
        tensors = {
            f"{name}.codes": matrix.codes,
            f"{name}.centroids": matrix.centroids,
            f"{name}.layout": np.array([matrix.shape[1], matrix.dsub], np.int64),
        }
        if matrix.norm_codes is not None and matrix.norm_centroids is not None:
            tensors[f"{name}.norm_codes"] = matrix.norm_codes
            tensors[f"{name}.norm_centroids"] = matrix.norm_centroids
        return tensors
    if isinstance(matrix, Float16Rows):
        return {f"{name}.half": matrix.half}
    if isinstance(matrix, Int8Rows):
        return {f"{name}.int8": matrix.codes, f"{name}.scales": matrix.scales}
    if isinstance(matrix, TrainedRows) and matrix.first == 0:
        return {
            f"{name}.held": matrix.rows,
            f"{name}.buckets": np.asarray(matrix.buckets, np.int32),
            f"{name}.start": np.array([matrix.shape[0], matrix.seed], np.int64),
            f"{name}.reach": np.array([matrix.reach], np.float64),
        }
    return {name: np.asarray(matrix)}


def matrix_of(
    tensors: Mapping[str, np.ndarray], name: str, path: str | Path | None = None
) -> np.ndarray | Rows:
    """The opposite of `tensors_of`, sharing the memory of `tensors`. path: for the messages.

    Raises:
        KeyError: there is no such matrix.  FormatError: its parts do not fit together.
    """

    def of(part: str, dtype: Any, ndim: int) -> np.ndarray:
        full = f"{name}.{part}"
        where = full if path is None else path
        if full not in tensors:
            raise FormatError(where, f"no tensor '{full}'", "all parts of a quantised matrix")
        tensor = tensors[full]
        if tensor.dtype != dtype or tensor.ndim != ndim:
            raise FormatError(
                where,
                f"tensor '{full}' of type {tensor.dtype} and shape {tensor.shape}",
                f"{np.dtype(dtype)} of {ndim} dimension{'s' * (ndim > 1)}",
            )
        return tensor

    if name in tensors:
        return tensors[name]
    try:
        if f"{name}.half" in tensors:
            return Float16Rows(of("half", np.float16, 2))
        if f"{name}.int8" in tensors:
            return Int8Rows(of("int8", np.int8, 2), of("scales", np.float32, 1))
        if f"{name}.held" in tensors:
            start, reach = of("start", np.int64, 1), of("reach", np.float64, 1)
            must_fit("start", start.shape, (2,))
            must_fit("reach", reach.shape, (1,))
            rows, buckets = of("held", np.float32, 2), of("buckets", np.int32, 1)
            size, seed = start.tolist()
            return TrainedRows(rows, buckets, size, float(reach[0]), seed)
        if f"{name}.codes" not in tensors:
            raise KeyError(name)
        layout = of("layout", np.int64, 1)
        must_fit("layout", layout.shape, (2,))
        norms = f"{name}.norm_codes" in tensors
        return ProductQuantized(
            of("codes", np.uint8, 2),
            of("centroids", np.float32, 1),
            int(layout[0]),
            int(layout[1]),
            of("norm_codes", np.uint8, 1) if norms else None,
            of("norm_centroids", np.float32, 1) if norms else None,
        )
    except FormatError as error:
        if path is None or error.path == path:
            raise
        raise FormatError(path, f"{name}.{error.path} {error.found}", error.expected) from None
