"""Sorting the entries of a sparse matrix into tiles, whose rows stay in cache."""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel


@kernel
def tile_of(column, row, width, bands):
    """The tile of an entry, counted from the first of its band of rows.

    width: rows and columns of a tile.
    bands int64[columns of tiles, 2]: the first tile of the entry's row of tiles, and by how much
    it rises with each row of tiles.
    """
    q = column // width
    return bands[q, 0] + row // width * bands[q, 1]


@kernel
def count_tiles(offsets, columns, width, bands, tiles):
    """int64[tiles + 1]: where each tile begins among the entries of these rows."""
    first = np.zeros(tiles + 1, np.int64)
    for i in range(offsets.shape[0] - 1):
        for k in range(offsets[i], offsets[i + 1]):
            first[tile_of(np.int64(columns[k]), i, width, bands) + 1] += 1
    for t in range(tiles):
        first[t + 1] += first[t]
    return first


@kernel
def fill_tiles(offsets, columns, log_x, f, width, bands, first, corners, out):
    """Puts the entries of these rows into their tiles, in order.

    first: as from `count_tiles`.  corners int64[columns of tiles]: the column that counts as 0.
    out: Entries to be filled.
    """
    at = first.copy()
    for i in range(offsets.shape[0] - 1):
        for k in range(offsets[i], offsets[i + 1]):
            j = np.int64(columns[k])
            t = tile_of(j, i, width, bands)
            e = at[t]
            at[t] = e + 1
            out.row[e] = i
            out.column[e] = j - corners[j // width]
            out.log_x[e] = log_x[k]
            out.f[e] = f[k]
