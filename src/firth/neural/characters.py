"""A word's vector from its spelling: filters over characters, the strongest answer of each.

    C = rows of the embedding, one a symbol: Tensor[n, d]          n symbols of the word
    u^w_t = W^w (C_t, ..., C_{t+w-1}) + b^w                         filters of width w
    y = a(max_t u^w_t), those of all widths side by side            a: relu or tanh
    y <- q * relu(W_H y + b_H) + (1 - q) * y     q = sigma(W_q y + b_q)      highway, if any
    x = W_P y + b_P                                                 projection, if any

Kim et al. 2016, 1508.06615; in ELMo Peters et al. 2018. a rises, so that it may follow the maximum.

padding "ignored": t runs over the word's own symbols; one shorter than a filter is filled up with
zeros. "counted": every word is filled up to `longest` with the symbol of padding, which has a
row of its own, and t runs over all of it, as in the published ELMo: there a filter may answer to
the padding. With "ignored" a batch is as long as its longest word, and so the less work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.errors import SettingError, did_you_mean
from firth.neural.connections import Highway
from firth.neural.symbols import Spelled

#: (width, how many) of a small model, and of the published ELMo
FILTERS = ((1, 32), (2, 32), (3, 64), (4, 128), (5, 128))
ELMO_FILTERS = ((1, 32), (2, 32), (3, 64), (4, 128), (5, 256), (6, 512), (7, 1024))
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
PADDINGS = ("ignored", "counted")
#: words up to so many symbols are computed together, so that one long word does not fill up all
GROUPS = (8, 12, 16, 24, 32)
#: words from which it is worth it
GROUPED_FROM = 64


@dataclass(frozen=True)
class CharacterSettings:
    """What the network is made of."""

    #: how many symbols there are; the last one is padding (`Symbols`)
    symbols: int
    #: symbols of a word at most
    longest: int = 50
    #: d, width of a symbol's row
    dim: int = 16
    #: (width w, how many) of the filters
    filters: tuple[tuple[int, int], ...] = FILTERS
    activation: str = "relu"
    #: highway layers
    highways: int = 1
    #: width of x; 0: no projection, x is as wide as there are filters
    outputs: int = 0
    #: whether filters see the padding
    padding: str = "ignored"

    def __post_init__(self) -> None:
        for name, known in (("activation", ACTIVATIONS), ("padding", PADDINGS)):
            value = getattr(self, name)
            if value not in known:
                raise SettingError(
                    f"{name}={value!r} is not one of {', '.join(known)}."
                    f"{did_you_mean(value, known)}"
                )
        for name, least in (
            ("symbols", 2),
            ("longest", 1),
            ("dim", 1),
            ("highways", 0),
            ("outputs", 0),
        ):
            if getattr(self, name) < least:
                raise SettingError(f"{name}={getattr(self, name)}; wanted at least {least}.")
        if not self.filters:
            raise SettingError("No filters; wanted pairs (width, how many) such as (3, 64).")
        for width, many in self.filters:
            if not 1 <= width <= self.longest or many < 1:
                raise SettingError(
                    f"Filters ({width}, {many}): wanted a width from 1 to longest={self.longest} "
                    "and at least one of them."
                )


class CharacterHighway(nn.Module):
    """y Tensor[W, F] -> the same; q is 0.12 at the start, most of y passes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.carry = Highway(width)

    def forward(self, y: Tensor) -> Tensor:
        return self.carry(y, torch.relu(self.transform(y)))


class CharacterCNN(nn.Module):
    """Words as rows of symbols -> their vectors. The same word has the same vector, anywhere."""

    def __init__(self, settings: CharacterSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Parameter(torch.empty(settings.symbols, settings.dim))
        self.filters = nn.ModuleList(
            nn.Conv1d(settings.dim, many, width) for width, many in settings.filters
        )
        features = sum(many for _, many in settings.filters)
        self.highways = nn.ModuleList(CharacterHighway(features) for _ in range(settings.highways))
        self.projection = nn.Linear(features, settings.outputs) if settings.outputs else None
        #: width of x
        self.outputs = settings.outputs or features
        self.reset()

    def reset(self, generator: torch.Generator | None = None) -> None:
        """As the published ELMo began."""
        with torch.no_grad():
            self.embedding.uniform_(-1, 1, generator=generator)
            for layer in self._convolutions():
                if self.settings.activation == "relu":
                    layer.weight.uniform_(-0.05, 0.05, generator=generator)
                else:
                    deviation = (layer.in_channels * layer.kernel_size[0]) ** -0.5
                    layer.weight.normal_(0, deviation, generator=generator)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # made with a bias
            for part in [*self.highways.modules(), self.projection]:
                if isinstance(part, nn.Linear):
                    part.weight.normal_(0, part.in_features**-0.5, generator=generator)
                    nn.init.zeros_(part.bias)
            for part in self.highways.modules():
                if isinstance(part, Highway):
                    nn.init.constant_(part.gate.bias, -2.0)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids int[W, N], N up to `longest`; lengths int[W]: symbols of each word -> x [W, outputs].

        What stands in a row after the word's end changes no answer.
        """
        self._check(ids, lengths)
        if not len(ids):
            return self.embedding.new_zeros(0, self.outputs)
        y = self._features(ids.to(self.embedding.device), lengths.to(self.embedding.device))
        y = ACTIVATIONS[self.settings.activation](y)
        for highway in self.highways:
            y = highway(y)
        return y if self.projection is None else self.projection(y)

    def of_tokens(self, tokens: Tensor, ids: Tensor, lengths: Tensor) -> Tensor:
        """tokens int64[B, T]: rows of the table ids int[V, N], lengths int[V]; below 0: padding.

        -> Tensor[B, T, outputs], 0 at the padding. Each distinct word is computed once.
        """
        if not len(ids):
            if bool((tokens >= 0).any()):
                raise SettingError("Tokens of a table of words without a row; give the words.")
            return self.embedding.new_zeros(*tokens.shape, self.outputs)
        distinct, place = torch.unique(tokens.clamp(min=-1), return_inverse=True)
        rows = distinct.clamp(min=0).to(ids.device)  # of padding: computed, then left out
        x = F.embedding(
            place.to(self.embedding.device), self(ids[rows], lengths.to(ids.device)[rows])
        )
        return x.masked_fill((tokens < 0).to(x.device)[..., None], 0.0)

    def _convolutions(self) -> Iterator[nn.Conv1d]:
        for layer in self.filters:
            assert isinstance(layer, nn.Conv1d)  # for the type checker, which knows only modules
            yield layer

    def _features(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """max_t u_t of all filters: Tensor[W, F]."""
        if self.settings.padding == "counted":
            place = torch.arange(self.settings.longest, device=ids.device)
            ids = F.pad(ids.long(), (0, self.settings.longest - ids.shape[1]))
            ids = ids.masked_fill(place >= lengths[:, None], self.settings.symbols - 1)
            return self._strongest(ids, torch.full_like(lengths, self.settings.longest))
        if lengths.device.type != "cpu" or len(ids) < GROUPED_FROM:
            # elsewhere the longest word is not looked up: that would wait for the device
            return self._strongest(ids, lengths)
        order = torch.argsort(lengths, stable=True)
        bounds = torch.searchsorted(lengths[order], torch.tensor(GROUPS), right=True)
        parts = [
            self._strongest(ids[some], lengths[some])
            for some in order.tensor_split(bounds)
            if len(some)
        ]
        return torch.cat(parts).index_select(0, torch.argsort(order))

    def _strongest(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The same, all words filled up with zeros to one length.

        All filters are one product: they are filled up with zeros to one width, a third more to
        compute. A convolution is compiled for each new number and length of words, which on a CPU
        takes longer than to compute it.
        """
        widest = max(width for width, _ in self.settings.filters)
        longest = int(lengths.max()) if lengths.device.type == "cpu" else ids.shape[1]
        # at each of the word's symbols a filter begins, as if it were followed by zeros
        size = longest + widest - 1
        ids = F.pad(ids[:, :longest].long(), (0, size - min(longest, ids.shape[1])))
        place = torch.arange(size, device=ids.device)
        outside = place >= lengths[:, None]
        x = F.embedding(ids.masked_fill(outside, 0), self.embedding)
        x = x.masked_fill(outside[..., None], 0.0)
        windows = torch.cat([x[:, k : k + longest] for k in range(widest)], 2)
        weight = torch.cat(
            [
                F.pad(layer.weight.transpose(1, 2), (0, 0, 0, widest - layer.kernel_size[0]))
                for layer in self._convolutions()
            ]
        )
        bias = torch.cat([layer.bias for layer in self._convolutions()])  # type: ignore[misc]  # made with one
        u = F.linear(windows, weight.flatten(1), bias)
        found = []
        sizes = [many for _, many in self.settings.filters]
        for (width, _), some in zip(self.settings.filters, u.split(sizes, 2), strict=True):
            # the last t at which the word still fills the filter; one t at least
            last = (lengths - width).clamp(min=0)
            behind = (place[:longest] > last[:, None])[..., None]
            found.append(some.masked_fill(behind, -torch.inf).max(1).values)
        return torch.cat(found, 1)

    def _check(self, ids: Tensor, lengths: Tensor) -> None:
        if ids.dim() != 2 or ids.shape[1] > self.settings.longest or ids.shape[:1] != lengths.shape:
            raise SettingError(
                f"Words of shape {list(ids.shape)} with lengths of shape {list(lengths.shape)}; "
                f"wanted [words, symbols up to longest={self.settings.longest}] and [words]."
            )
        # on another device this would wait for it, at each batch
        if len(ids) and ids.device.type == lengths.device.type == "cpu":
            low, high = (int(bound) for bound in torch.aminmax(lengths))
            if low < 1 or high > ids.shape[1]:
                raise SettingError(
                    f"A word of {low if low < 1 else high} symbols in rows of {ids.shape[1]}; "
                    f"wanted 1 to {ids.shape[1]}."
                )
            inside = torch.arange(ids.shape[1]) < lengths[:, None]
            low, high = (int(bound) for bound in torch.aminmax(ids[inside]))
            if low < 0 or high >= self.settings.symbols:
                raise SettingError(
                    f"A symbol {low if low < 0 else high} among {self.settings.symbols}; were the "
                    "words spelt with the symbols of this model?"
                )


def tensors(spelled: Spelled, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """ids, lengths of the words, on the device."""
    return torch.as_tensor(spelled.ids).to(device), torch.as_tensor(spelled.lengths).to(device)


def places(sentences: Sequence[Sequence[str]]) -> tuple[list[str], Tensor, Tensor]:
    """The distinct words of a batch, tokens int64[B, T] (which of them; -1: padding), lengths."""
    number: dict[str, int] = {}
    rows = [[number.setdefault(word, len(number)) for word in words] for words in sentences]
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    tokens = torch.full((len(rows), max(map(len, rows), default=0)), -1)
    for line, row in zip(tokens, rows, strict=True):
        line[: len(row)] = torch.tensor(row, dtype=torch.int64)
    return list(number), tokens, lengths
