"""Tokens per second of a language model in training: firth's loop against a plain torch loop.

    python -m benchmarks.language_speed [--windows 20] [--rounds 3] [--threads 1]

One process, the medium LSTM of Zaremba et al. (2014): 2 layers of 650 units, batch 20, 35 steps of
back-propagation, 10,000 words, dropout 0.5. The plain loop is what a tutorial writes: nn.Embedding,
nn.LSTM, nn.Linear, cross-entropy, clipping, SGD, fp32. Each round runs all of them one after the
other; the ratios are those of the best round of each, so that other work on the machine counts
least. `exact` computes the same numbers as the plain loop; the others are what `precision` and
`softmax` offer: bf16 products with fp32 weights, the adaptive softmax (another, smaller model),
the sampled one (the same model, an estimate of its gradient).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common import keep, options_of
from firth import LanguageModel
from firth.neural.fit_language_model import LanguageModelling
from firth.neural.language_model import LanguageNet
from firth.neural.streams import Columns
from firth.neural.train import train

WORDS, UNITS, LAYERS, BATCH, BPTT = 10_000, 650, 2, 20, 35
SIZES: dict[str, Any] = {
    "dim": UNITS, "units": UNITS, "layers": LAYERS, "batch_size": BATCH, "bptt": BPTT,
    "dropout": 0.5, "input_dropout": 0.5, "optimiser": "sgd", "rate": 1.0, "clip_norm": 5.0,
    "schedule": "constant", "epochs": 1, "preset": "medium", "device": "cpu",
}  # fmt: skip
WAYS: dict[str, dict[str, Any]] = {
    "exact": {"tied": False, "precision": "fp32"},
    "exact, tied": {"precision": "fp32"},
    "bf16": {"tied": False, "precision": "bf16"},
    "adaptive, fp32": {"tied": False, "softmax": "adaptive", "precision": "fp32"},
    "adaptive, bf16": {"tied": False, "softmax": "adaptive", "precision": "bf16"},
    "sampled, bf16": {"tied": False, "softmax": "sampled", "precision": "bf16"},
    "sampled, bf16, tied": {"softmax": "sampled", "precision": "bf16"},
}


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.embedding = nn.Embedding(WORDS, UNITS)
        self.lstm = nn.LSTM(UNITS, UNITS, LAYERS, dropout=0.5, batch_first=True)
        self.output = nn.Linear(UNITS, WORDS)

    def forward(self, ids: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        h, state = self.lstm(self.drop(self.embedding(ids)), state)
        return self.output(self.drop(h)), state


def plain(columns: Columns) -> None:
    """A pass of the loop of a tutorial."""
    net = Plain()
    optimiser = torch.optim.SGD(net.parameters(), lr=1.0)
    state = None
    for window in columns.windows():
        optimiser.zero_grad()
        scores, state = net(window.inputs, state)
        state = tuple(one.detach() for one in state)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), window.targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        float(loss.detach())


def by_firth(columns: Columns, way: dict[str, Any], threads: int) -> None:
    settings = LanguageModel(**SIZES, **way, threads=threads)
    net = LanguageNet(settings, WORDS)
    net.reset()
    train(LanguageModelling(net, columns, None, settings.precision), settings)


def measured(run: Callable[[], None], tokens: int) -> tuple[float, float]:
    """Tokens per second of CPU and of wall time."""
    began = time.process_time(), time.perf_counter()
    run()
    return tokens / (time.process_time() - began[0]), tokens / (time.perf_counter() - began[1])


def main() -> None:
    parser = options_of(__doc__, "language-speed")
    parser.add_argument("--windows", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(1)
    # words as frequent as in a text: the rank follows Zipf's law
    tokens = options.windows * BATCH * BPTT
    shares = 1 / np.arange(1, WORDS + 1)
    ids = rng.choice(WORDS, tokens, p=shares / shares.sum()).astype(np.int32)
    columns = Columns(ids, 0, BATCH, BPTT)
    warm = Columns(ids[: 2 * BATCH * BPTT], 0, BATCH, BPTT)
    runs: dict[str, Callable[[Columns], None]] = {"plain": plain}
    for name, way in WAYS.items():
        runs[name] = lambda columns, way=way: by_firth(columns, way, options.threads)
    best = {name: (0.0, 0.0) for name in runs}
    for _ in range(options.rounds):
        for name, run in runs.items():
            run(warm)
            found = measured(lambda run=run: run(columns), tokens)
            best[name] = (max(best[name][0], found[0]), max(best[name][1], found[1]))
            print(f"{name:22} {found[0]:8.0f} tokens per CPU-s {found[1]:8.0f} per s", flush=True)
    keep(
        options.name,
        {
            "threads": options.threads,
            "tokens": tokens,
            "rounds": options.rounds,
            "runs": {
                name: {
                    "tokens_per_cpu_second": round(cpu),
                    "tokens_per_second": round(wall),
                    "ratio_cpu": round(cpu / best["plain"][0], 2),
                    "ratio_wall": round(wall / best["plain"][1], 2),
                }
                for name, (cpu, wall) in best.items()
            },
        },
    )


if __name__ == "__main__":
    main()
