"""A process of trainings by several: python two_processes.py FOLDER JOBS.

JOBS: JSON [[name, port, settings]...]; for each, FOLDER/NAME.RANK.safetensors is what the net
holds in the end, and FOLDER/NAME.RANK.json its history, or its error. Starting a process takes
longer than all jobs.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from firth.errors import FirthError
from firth.neural import checkpoints, streams
from firth.neural.bilm import BiLM
from firth.neural.distributed import place
from firth.neural.elmo_text import ElmoColumns, read_text
from firth.neural.fit_elmo import ElmoTraining
from firth.neural.fit_language_model import LanguageModelling
from firth.neural.language_model import LanguageNet
from firth.neural.settings import LanguageModel
from firth.neural.train import train
from firth.neural.training import Training
from firth.text.corpus import Corpus
from firth.vectors.tensors import write_tensors
from neural.elmo_worlds import animals, small
from neural.training_worlds import Heard, Letters, Line


class Uneven(Line):
    """The second process has a batch less, and no use for the bias."""

    def __init__(self, rank, world):
        super().__init__(rank=rank, world=world)
        self.rank = rank

    def steps(self):
        return 8 - self.rank

    def batches(self, epoch, skip):
        yield from list(super().batches(epoch, 0))[skip : self.steps()]


class Unused(Line):
    """A weight that takes part in the loss of no process, or of the second only."""

    def __init__(self, rank, world):
        super().__init__(rank=rank, world=world)
        self.rank = rank
        self.net.nobodys = torch.nn.Parameter(torch.ones(3))
        self.net.seconds = torch.nn.Parameter(torch.ones(3))

    def loss(self, batch):
        loss = super().loss(batch)
        return loss + (self.net.seconds**2).sum() if self.rank == 1 else loss


class Diverging(Line):
    """The second process's loss is not a number any more after some steps."""

    def __init__(self, rank, world):
        super().__init__(rank=rank, world=world)
        self.rank = rank

    def loss(self, batch):
        loss = super().loss(batch)
        self.measured += 0.1
        return loss * float("nan") if self.rank == 1 and self.measured > 0.55 else loss


class Columns(Letters):
    """Each process has its columns; begins elsewhere, as nobody gave it the others' seed."""

    def __init__(self, rank, world, after=None):
        super().__init__(seed=rank)
        self.after = after
        each = len(self.ids) // world
        self.ids = self.ids[rank * each : (rank + 1) * each]

    def loss(self, batch):
        if self.calls == self.after:
            raise Killed
        return super().loss(batch)


def fifths(rank, world):
    """A language model that reads five columns: two fall to the first process, three to the
    second."""
    made = LanguageModel(preset="tiny", dim=6, units=6, dropout=0.0, input_dropout=0.0)
    torch.manual_seed(1)
    net = LanguageNet(made, 9)
    net.reset(np.arange(9, 0, -1))
    ids = np.random.default_rng(1).integers(0, 9, 103).astype(np.int32)
    columns = streams.Columns(ids, 0, 5, 4).part(rank, world)
    return LanguageModelling(net, columns, None, "fp32")


def thirds(rank, world):
    """An ELMo that reads three columns."""
    made = small(dropout=0.0, input_dropout=0.0, carry=True)
    text = read_text(Corpus(animals(20)), made)
    torch.manual_seed(1)
    net = BiLM(made, text.symbols, len(text.vocabulary))
    net.reset(text.vocabulary.counts)
    columns = ElmoColumns(text, 21, 7).part(rank, world)
    return ElmoTraining(net, text, columns, None, "fp32")


class Killed(Exception):
    """Both processes die here, without a word."""


TASKS = {
    "line": Line, "uneven": Uneven, "unused": Unused, "diverging": Diverging, "columns": Columns,
    "killed": lambda rank, world: Columns(rank, world, after=11), "resumed": Columns,
    "fifths": fifths, "thirds": thirds,
}  # fmt: skip


def work(folder, name, settings):
    rank, world = place()
    task, heard = TASKS[name](rank=rank, world=world), Heard()
    try:
        outcome = train(
            task,
            Training(**settings),
            folder=folder / ("killed" if name == "resumed" else name),
            resume=name == "resumed",
            progress=heard,
        )
        told = {"history": outcome.history, "stopped": outcome.stopped, "said": heard.said}
    except (FirthError, Killed) as error:
        told = {"error": str(error)}
    assert not distributed.is_initialized()
    held = {n: t.detach().numpy() for n, t in checkpoints.content(task.net).items()}
    write_tensors(folder / f"{name}.{rank}.safetensors", held)
    (folder / f"{name}.{rank}.json").write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, port, settings in json.loads(sys.argv[2]):
        if port:  # torchrun has one itself
            os.environ["MASTER_PORT"] = str(port)
        work(Path(sys.argv[1]), name, settings)
