"""A word's vector from its characters, computed once for each distinct word of a batch.

cnn   filters over 2, 3 and 4 symbols, the strongest answer of each      `characters`
rnn   x = [f_n; b_1], the last states of an LSTM along the symbols and of one against them
                                                      Ling et al. 2015; Lample et al. 2016
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.errors import SettingError
from firth.neural.characters import CharacterCNN, CharacterSettings, tensors
from firth.neural.encoders import Encoder, EncoderSettings
from firth.neural.padding import Padding
from firth.neural.symbols import Symbols
from firth.neural.words.batch import WordBatch, Words


class CharacterRNN(nn.Module):
    """Words as rows of symbols -> x Tensor[W, outputs]; half of it from each direction."""

    def __init__(self, symbols: int, dim: int, outputs: int) -> None:
        super().__init__()
        if outputs % 2:
            raise SettingError(
                f"character_width={outputs} cannot be halved between two directions; give an even "
                "number."
            )
        self.embedding = nn.Parameter(torch.empty(symbols, dim))
        self.encoder = Encoder(EncoderSettings(inputs=dim, units=outputs // 2, directions=2))
        self.outputs = outputs
        self.reset()

    def reset(self, generator: torch.Generator | None = None) -> None:
        bound = (3 / self.embedding.shape[1]) ** 0.5
        with torch.no_grad():
            self.embedding.uniform_(-bound, bound, generator=generator)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids int[W, N], lengths int[W] -> Tensor[W, outputs]."""
        if lengths.device.type == "cpu":
            ids = ids[:, : int(lengths.max())]
        h, _ = self.encoder(F.embedding(ids.long(), self.embedding), lengths=lengths)
        half = self.outputs // 2
        ahead = Padding(lengths, h.shape[1], h.device).last(h[..., :half], h[:, 0, :half])
        return torch.cat([ahead, h[:, 0, half:]], -1)


class Characters(nn.Module):
    """kind: "cnn" or "rnn".  width: of x."""

    def __init__(self, symbols: Symbols, kind: str, dim: int, width: int) -> None:
        super().__init__()
        self.symbols, self.width = symbols, width
        self.net: CharacterCNN | CharacterRNN
        if kind == "rnn":
            self.net = CharacterRNN(len(symbols), dim, width)
        else:
            filters = ((2, width // 4), (3, width - 2 * (width // 4)), (4, width // 4))
            self.net = CharacterCNN(
                CharacterSettings(
                    symbols=len(symbols),
                    longest=symbols.longest,
                    dim=dim,
                    filters=filters,
                    highways=0,
                )
            )

    def prepare(self, words: Words) -> dict[str, Tensor]:
        """ids int[W, N], lengths int64[W]: the distinct words as rows of symbols."""
        ids, lengths = tensors(self.symbols.spelled(words.names), self.net.embedding.device)
        return {"ids": ids, "lengths": lengths}

    def forward(self, part: dict[str, Tensor], batch: WordBatch) -> Tensor:
        """-> Tensor[B, T, width]."""
        x = self.net(part["ids"][batch.distinct], part["lengths"][batch.distinct])
        return F.embedding(batch.place, x)
