"""Small things to train: a line through points, a stream of letters with a carried state."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from firth.progress import Progress


@dataclass
class Rows:
    x: Tensor
    y: Tensor

    @property
    def tokens(self) -> int:
        return len(self.x)

    @property
    def units(self) -> int:
        return len(self.x)


class Line:
    """y = w . x, to be found; `held_out`: whether there are held-out points."""

    def __init__(self, batches=8, rows=4, held_out=True, seed=0, rank=0, world=1):
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(batches * rows, 3, generator=generator)
        self.y = self.x @ torch.tensor([[1.0], [2.0], [3.0]])
        self.rows, self.held_out = rows, held_out
        self.net = nn.Linear(3, 1)
        with torch.no_grad():
            self.net.weight.zero_()
            self.net.bias.zero_()
        self.share = slice(rank * rows // world, (rank + 1) * rows // world)
        self.measured = 0

    def steps(self):
        return len(self.x) // self.rows

    def begin(self, epoch):
        pass

    def batches(self, epoch, skip):
        for number in range(skip, self.steps()):
            place = slice(number * self.rows, (number + 1) * self.rows)
            yield Rows(self.x[place][self.share], self.y[place][self.share])

    def loss(self, batch):
        return ((self.net(batch.x) - batch.y) ** 2).mean()

    @torch.no_grad()
    def evaluate(self):
        self.measured += 1
        if not self.held_out:
            return {}
        return {"held_out_loss": float(((self.net(self.x) - self.y) ** 2).mean())}

    def carried(self):
        return {}

    def carry(self, tensors):
        assert not tensors


class LetterNet(nn.Module):
    def __init__(self, letters, units, dropout):
        super().__init__()
        self.embedding = nn.Embedding(letters, units)
        self.cell = nn.GRU(units, units, batch_first=True)
        self.norm = nn.BatchNorm1d(units)  # running means must be kept too
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(units, letters, bias=False)
        self.out.weight = self.embedding.weight  # tied

    def forward(self, ids, state):
        h, state = self.cell(self.embedding(ids), state)
        h = self.norm(h.transpose(1, 2)).transpose(1, 2)
        return self.out(self.dropout(h)), state


@dataclass
class Window:
    ids: Tensor
    targets: Tensor

    @property
    def tokens(self) -> int:
        return self.ids.numel()

    @property
    def units(self) -> int:
        return self.ids.numel()


class Letters:
    """The next of few letters, from a stream in columns; the state is carried."""

    def __init__(self, seed=0, dropout=0.3, columns=4, height=33, window=4, units=8, text=7):
        torch.manual_seed(seed)
        self.net = LetterNet(5, units, dropout)
        generator = torch.Generator().manual_seed(text)
        noise = torch.randint(0, 2, (columns, height), generator=generator)
        self.ids = (torch.arange(height)[None] + noise) % 5
        self.window, self.state = window, None
        self.calls = 0

    def steps(self):
        return (self.ids.shape[1] - 1) // self.window

    def begin(self, epoch):
        self.state = None

    def batches(self, epoch, skip):
        for number in range(skip, self.steps()):
            place = number * self.window
            yield Window(
                self.ids[:, place : place + self.window],
                self.ids[:, place + 1 : place + 1 + self.window],
            )

    def loss(self, batch):
        self.calls += 1
        scores, state = self.net(batch.ids, self.state)
        self.state = state.detach()
        return nn.functional.cross_entropy(scores.flatten(0, 1), batch.targets.flatten())

    @torch.no_grad()
    def evaluate(self):
        torch.rand(3)  # a task may draw numbers here; training must not notice
        scores, _ = self.net(self.ids[:, :-1], None)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), self.ids[:, 1:].flatten())
        return {"held_out_loss": float(loss)}

    def carried(self):
        return {} if self.state is None else {"h": self.state}

    def carry(self, tensors):
        self.state = tensors.get("h")


class Heard(Progress):
    """What was said."""

    def __init__(self):
        self.said = []
        self.figures = []

    def say(self, text):
        self.said.append(text)

    def advance(self, done, **figures):
        self.figures.append((done, figures))
