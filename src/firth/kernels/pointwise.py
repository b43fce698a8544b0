"""Pointwise mutual information of the entries of a sparse matrix of counts."""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel


@kernel
def positive_pmi(offsets, columns, values, log_row, log_column, shift, ends, kept, out):
    """The entries above zero of log X_ij - log_row[i] - log_column[j] - shift.

    log_row float64[V]; log_column float64[V].
    Fills ends int64[V + 1], kept int32 and out float32 (as long as the entries); returns how many.
    """
    n = 0
    ends[0] = 0
    for i in range(offsets.shape[0] - 1):
        for k in range(offsets[i], offsets[i + 1]):
            j = np.int64(columns[k])
            x = np.log(values[k]) - log_row[i] - log_column[j] - shift
            if x > 0:
                kept[n] = j
                out[n] = x
                n += 1
        ends[i + 1] = n
    return n
