"""Sentences of like length in one batch, so that little of it is padding.

    sorted by length, cut where the next sentence would make   longest x number > batch_tokens
    each epoch: sentences of one length change places, and so do the batches

Where the cuts fall depends on the lengths alone, so that every epoch has as many batches. Which
sentences stand in batch b of epoch e depends on (seed, e, b) alone: a training goes on in the
middle of an epoch as if it had not stopped. Measured on a BiLSTM: 2.5 times the speed of batches
at random (39 % of whose places were real, here 97 %).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from firth.errors import SettingError

#: words of a line that a trained biLM reads at once: each takes kilobytes until the line is done,
#: and a text may be a single line
LONGEST = 10_000


class SentenceBatches:
    """
    lengths: int[N], of sentence 0, 1, ...; those of length 0 take no part.
    batch_tokens: places of a batch, padding included; a sentence that is longer stands alone.
    """

    def __init__(
        self, lengths: np.ndarray | Sequence[int], batch_tokens: int, seed: int = 1
    ) -> None:
        if batch_tokens < 1:
            raise SettingError(f"batch_tokens={batch_tokens} is out of range; wanted at least 1.")
        self.lengths = np.asarray(lengths, np.int64)
        self.seed = seed
        self._rank, self._world = 0, 1
        order = np.argsort(self.lengths, kind="stable")
        self._sorted = order[np.searchsorted(self.lengths[order], 1) :]
        self._cuts = _cuts(self.lengths[self._sorted], batch_tokens)

    def part(self, rank: int, world: int) -> SentenceBatches:
        """Every `world`-th batch from number `rank`: the share of one of several processes."""
        found = object.__new__(SentenceBatches)
        found.__dict__.update(self.__dict__, _rank=rank, _world=world)
        return found

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(range(self._rank, self._all, self._world))

    @property
    def _all(self) -> int:
        return len(self._cuts) - 1

    def batches(self, epoch: int, skip: int = 0) -> Iterator[np.ndarray]:
        """Numbers of sentences int64[B], batch after batch; `skip` batches are passed over."""
        rng = np.random.default_rng((self.seed, epoch))
        keys = rng.random(len(self._sorted), np.float32)
        mixed = self._sorted[np.lexsort((keys, self.lengths[self._sorted]))]
        order = rng.permutation(self._all)
        for b in order[self._rank + skip * self._world :: self._world]:
            yield mixed[self._cuts[b] : self._cuts[b + 1]]

    def in_order(self) -> Iterator[np.ndarray]:
        """The batches by rising length, nothing mixed: to measure, or to run a trained net."""
        for b in range(self._rank, self._all, self._world):
            yield self._sorted[self._cuts[b] : self._cuts[b + 1]]


def _cuts(lengths: np.ndarray, batch_tokens: int) -> np.ndarray:
    """int64[batches + 1]: where batches begin and end in sorted lengths int64[N]."""
    cuts = [0]
    while (start := cuts[-1]) < len(lengths):
        stops = range(start + 1, min(start + batch_tokens // int(lengths[start]), len(lengths)) + 1)

        def places(stop: int, start: int = start) -> int:
            return (stop - start) * int(lengths[stop - 1])

        cuts.append(start + max(1, bisect_right(stops, batch_tokens, key=places)))
    return np.array(cuts, np.int64)


def in_pieces(
    starts: np.ndarray, lengths: np.ndarray, longest: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Lines int[N], lengths int[N] cut into pieces of like length, `longest` at most."""
    if longest is None or lengths.max(initial=0) <= longest:
        return starts, lengths
    parts = np.maximum(-(-lengths // longest), 1)
    line = np.repeat(np.arange(len(lengths)), parts)
    part = np.arange(len(line)) - (np.cumsum(parts) - parts)[line]
    # as many in each as can be, so that no piece is a word or two
    first, last = (lengths[line] * (part + more) // parts[line] for more in (0, 1))
    return starts[line] + first, last - first


def told_long(lines: int) -> str:
    """What is said of lines that are longer than `LONGEST`."""
    some = "line" if lines == 1 else "lines"
    return (
        f"{lines:,} {some} of more than {LONGEST:,} words: read in pieces, each from a fresh state."
    )


def padded(
    ids: np.ndarray, starts: np.ndarray, lengths: np.ndarray, padding: int = -1
) -> tuple[Tensor, Tensor]:
    """Pieces of ids int[N], each from starts[b] on and lengths[b] long, side by side.

    -> int64[B, T] with `padding` after the ends, T the longest of them; lengths int64[B].
    """
    place = np.arange(int(lengths.max(initial=0)))
    inside = place < lengths[:, None]
    rows = np.full(inside.shape, padding, np.int64)
    rows[inside] = ids[(starts[:, None] + place)[inside]]
    return torch.from_numpy(rows), torch.from_numpy(lengths.astype(np.int64))
