"""Co-occurrence cut into tiles, and the order in which threads may work on them.

    words    | bands: words of about equal weight; a pair of bands is a field
    fields   | tiles: `width` words by `width` words; their rows stay in the core's own cache

Fields in one round share no word and no context (round r joins band a with band p[a + r]):
whatever threads work on them, and in whatever order, the result is the same to the bit. That is
what Hogwild training, GloVe's own included, cannot give.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from firth.kernels.rng import seeded
from firth.kernels.tiles import count_tiles, fill_tiles
from firth.kernels.weighted_least_squares import Entries, order_of
from firth.static.cooccurrence import Cooccurrence
from firth.static.growing import Budget, Growing

#: bands to have, about, where there are pairs enough
BANDS = 32
#: pairs a field should have: some tenths of a millisecond of work
FIELD = 4096
#: tiles along a side of a band, at most
SIDE = 8
#: bytes an entry takes
ENTRY = 12


def parts_of(epoch: int) -> int:
    """In how many parts an epoch goes over all entries, each tile giving a share to each part.

    A field worked on all at once pulls the words' biases its way, while steps are still large: the
    loss after one epoch is then half as much again as that of entries in random order, after five
    6 %, after ten nothing (20 MB of Wikipedia). In parts it is within some per cent from the
    first epochs on; more parts cost time, as tiles come into the cache more often.
    """
    return 8 if epoch == 0 else 4 if epoch < 5 else 2 if epoch < 10 else 1


@dataclass
class Tiles:
    """The entries, ready to train on.

    edges int64[bands + 1]: the first word of each band.
    first int64[tiles + 1]: the first entry of each tile, field after field, row of bands by row.
    fields int64[bands, bands + 1]: the first tile of each field, and of the next row of bands.
    """

    entries: Entries
    edges: np.ndarray
    first: np.ndarray
    fields: np.ndarray

    @property
    def bands(self) -> int:
        return len(self.edges) - 1

    def __len__(self) -> int:
        return int(self.first[-1])

    def tiles(self, a: int, b: int) -> np.ndarray:
        """int64[tiles + 1]: where the tiles of field (a, b) begin."""
        return self.first[self.fields[a, b] : self.fields[a, b + 1] + 1]

    def order(self, seed: int, epoch: int, part: int, a: int, b: int) -> np.ndarray:
        """int32[n]: the entries of field (a, b) that a part of an epoch visits, from its first."""
        number = (part * self.bands + a) * self.bands + b
        return order_of(self.tiles(a, b), part, parts_of(epoch), seeded(seed, epoch, number))

    def corner(self, a: int, b: int) -> tuple[int, int]:
        """The words that row 0 and column 0 of field (a, b) stand for."""
        return int(self.edges[a]), int(self.edges[b])

    def rounds(self, seed: int, epoch: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """(part, fields) of each round of an epoch; of the fields, those with most to do first.

        Each field comes once in each part, with another share of its entries.
        """
        draw = np.random.default_rng([seed, epoch])
        for part in range(parts_of(epoch)):
            shifts, turn = draw.permutation(self.bands), draw.permutation(self.bands)
            for shift in shifts:
                fields = [(a, int(turn[(a + shift) % self.bands])) for a in range(self.bands)]
                yield part, sorted(fields, key=lambda field: (-np.ptp(self.tiles(*field)), field))


def tiled(
    counts: Cooccurrence, x_max: float, alpha: float, memory: int, pool: ThreadPoolExecutor
) -> Tiles:
    """`counts` in tiles, in memory if they fit into `memory` bytes, else in a file."""
    words, offsets = len(counts.vocabulary), counts.offsets
    width, bands = shape_of(words, len(counts))
    edges = cut(np.asarray(offsets), width, bands)
    sides = -(-np.diff(edges) // width)  # tiles along each band
    columns = np.arange(-(-words // width)) * width
    band = np.searchsorted(edges, columns, "right") - 1
    corners = edges[band]
    before = np.append(0, np.cumsum(sides))
    budget = Budget(memory)
    kinds = (np.uint16, np.uint16, np.float32, np.float32)
    expected = min(len(counts), memory // ENTRY)
    tapes = [Growing(kind, budget, expected) for kind in kinds]

    def work(a: int) -> tuple[np.ndarray, Entries]:
        """The entries of band `a` of rows, sorted."""
        start, stop = int(offsets[edges[a]]), int(offsets[edges[a + 1]])
        own = np.array(offsets[edges[a] : edges[a + 1] + 1]) - start
        # copies: of a map, compiled code would have to be made again
        js = np.array(counts.columns[start:stop])
        log_x = np.log(np.asarray(counts.values[start:stop], np.float32))
        f = np.exp(np.float32(alpha) * np.minimum(log_x - np.float32(np.log(x_max)), 0))
        # the tiles of a field row by row: column q, row r is tile sides[a] before[b] + r sides[b]
        bands = np.stack([sides[a] * before[band] + columns // width - before[band], sides[band]])
        bands = np.ascontiguousarray(bands.T)
        first = count_tiles(own, js, width, bands, int(sides[a] * before[-1]))
        out = Entries(*(np.empty(stop - start, kind) for kind in kinds))
        fill_tiles(own, js, log_x, f, width, bands, first, corners, out)
        return first, out

    firsts, total = [], 0
    waiting: deque[Future[tuple[np.ndarray, Entries]]] = deque()
    for a in range(len(sides) + 2):
        if a < len(sides):
            waiting.append(pool.submit(work, a))
        if a >= 2 or a >= len(sides):  # two at a time are in memory
            if not waiting:
                break
            first, out = waiting.popleft().result()
            for tape, part in zip(tapes, out, strict=True):
                tape.append(part)
            firsts.append(first[:-1] + total)
            total += len(out.row)
    fields = np.stack([base + side * before for base, side in zip(
        np.append(0, np.cumsum(sides * before[-1]))[:-1], sides, strict=True
    )])  # fmt: skip
    entries = Entries(*(np.asarray(tape.finish()) for tape in tapes))
    return Tiles(entries, edges, np.concatenate([*firsts, [total]]).astype(np.int64), fields)


def shape_of(words: int, pairs: int) -> tuple[int, int]:
    """(words along the side of a tile, bands to have)."""
    bands = int(np.clip(np.sqrt(pairs / FIELD), 1, BANDS))
    return max(1, min(words // bands, max(256, words // 1024))), bands


def cut(offsets: np.ndarray, width: int, bands: int) -> np.ndarray:
    """int64[bands + 1]: words cut into bands, each of whole tiles (the last may be shorter)."""
    words, most = len(offsets) - 1, offsets[-1] / bands
    edges = [0]
    while edges[-1] < words:
        start = edges[-1]
        heavy = int(np.searchsorted(offsets, offsets[start] + most))
        sides = min(SIDE, max(1, (heavy - start) // width))
        edges.append(min(words, start + sides * width))
    return np.array(edges, np.int64)
