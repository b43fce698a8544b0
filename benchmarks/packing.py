"""Lines of different lengths: padded or packed? The rule of firth.neural.padding.PACKS_BELOW.

    python -m benchmarks.packing [--runs N]

For each cell, two sizes and several shares of real positions: the time of the padded way in parts
of that of the packed one (above 1: packing pays), in training (forward and backward) and without
gradients. One thread, CPU-seconds, the best of N runs; float32, lengths spread evenly around
their mean. The share at which the two are equal stands below each size, between two measured ones
by a straight line.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from typing import Any

import torch
from torch import Tensor

from benchmarks.common import keep, options_of
from firth.neural.cells import CELLS, Cell
from firth.neural.padding import Padding

#: lines, inputs, units, positions
SIZES = ((32, 300, 256, 60), (16, 100, 100, 30))
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 0.97)


def seconds(cell: Cell, x: Tensor, padding: Padding, way: str, training: bool, runs: int) -> float:
    """CPU-seconds of one pass, the best of so many."""
    weights, state = list(cell.parameters()), cell.start(x.shape[0])
    best = float("inf")
    for _ in range(runs + 1):  # the first warms up
        begun = time.process_time()
        with torch.set_grad_enabled(training):
            h, _ = getattr(cell, way)(x, state, weights, padding)
            if training:
                h.sum().backward()
        best = min(best, time.process_time() - begun)
    return best


def lengths_of(lines: int, time: int, share: float) -> Tensor:
    """int64[lines], evenly spread around share * time, as widely as 1 ... time allows."""
    spread = min(share, 1 - share)
    positions = torch.linspace(share - spread, share + spread, lines) * time
    return positions.round().long().clamp(1, time)


def even(points: list[tuple[float, float]]) -> float | None:
    """The share at which the ratio passes 1; None if it does not."""
    for (low, above), (high, below) in zip(points, points[1:], strict=False):
        if above >= 1 > below:
            return round(low + (high - low) * (above - 1) / (above - below), 2)
    return None


def main() -> None:
    parser = options_of(__doc__, "packing")
    parser.add_argument("--runs", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    found: list[dict[str, Any]] = []
    for name, kind in CELLS.items():
        for lines, inputs, units, positions in SIZES:
            cell, x = kind(inputs, units), torch.randn(lines, positions, inputs)
            for training in (True, False):
                points = []
                for share in SHARES:
                    padding = Padding(lengths_of(lines, positions, share), positions)
                    padded, packed = (
                        seconds(cell, x, padding, way, training, options.runs)
                        for way in ("_padded", "_packed")
                    )
                    points.append((round(padding.useful, 2), round(padded / packed, 2)))
                size = [lines, inputs, units, positions]
                ratio = {f"{share:.2f}": value for share, value in points}
                row = {"cell": name, "size": size, "training": training, "padded/packed": ratio}
                found.append(row | {"even_at": even(points)})
                print(found[-1], flush=True)
    keep(options.name, {"torch": torch.__version__, "rows": found})


if __name__ == "__main__":
    main()
