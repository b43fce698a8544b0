"""Entries (row, column, value) that come in any order, put in order of row and column."""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel


@kernel
def scatter(rows, columns, values, places, ends, to_columns, to_values):
    """Puts each entry at the next free place of its row; the entries placed before one was full.

    rows, columns int32[n], values float64[n].  places int64[V]: the next free place of a row,
    moved on.  ends int64[V]: where the room of a row ends.
    """
    for n in range(rows.shape[0]):
        row = rows[n]
        place = places[row]
        if place >= ends[row]:
            return n
        to_columns[place] = columns[n]
        to_values[place] = values[n]
        places[row] = place + 1
    return rows.shape[0]


@kernel
def sort_rows(offsets, columns, values):
    """Sorts each row by column, in place.

    offsets int64[V + 1].  The place of the first entry whose column stands twice in its row,
    or -1.
    """
    for row in range(offsets.shape[0] - 1):
        start, stop = offsets[row], offsets[row + 1]
        order = np.argsort(columns[start:stop])
        columns[start:stop] = columns[start:stop][order]
        values[start:stop] = values[start:stop][order]
        for place in range(start + 1, stop):
            if columns[place] == columns[place - 1]:
                return place
    return -1
