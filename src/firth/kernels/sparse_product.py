"""Rows of a sparse matrix times a dense one."""

from __future__ import annotations

from firth.compiled import kernel
from firth.kernels.linear import add_rows, clear_row


@kernel
def multiply(offsets, columns, values, first, last, dense, out):
    """out[i] = sum_j values[i, j] dense[j] for rows first <= i < last.

    dense, out: float32, their width a multiple of WIDTH (see linear).
    """
    for i in range(first, last):
        start, stop = offsets[i], offsets[i + 1]
        n = stop - start
        clear_row(out, i)
        weights = values[start:stop].reshape(1, n)
        add_rows(out, i, weights, 0, dense, columns[start:stop].reshape(1, n), 0, n)
