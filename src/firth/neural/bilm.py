"""The bidirectional language model of ELMo (Peters et al. 2018, 1802.05365, 3.1 and 3.2).

    x_t = characters(w_t)                                       of the spelling alone
    f^0_t = b^0_t = x_t
    g^j_t = LSTM^j_f(f^{j-1}_t, g^j_{t-1})                      left to right,  j = 1 ... L
    e^j_t = LSTM^j_b(b^{j-1}_t, e^j_{t+1})                      right to left
    f^j_t = g^j_t [+ f^{j-1}_t]     b^j_t = e^j_t [+ b^{j-1}_t]       [ ]: residual, j > 1
    p(w_{t+1} | w_1 ... w_t) = softmax(U f^L_t + c)
    p(w_{t-1} | w_t ... w_T) = softmax(U b^L_t + c)
    loss = 1/2 (mean of -log p in one direction + that in the other)

x_t, U and c are shared by both directions, the LSTMs are not. Each line has a border on either
side: f begins at w_0 = <s>, b at w_{T+1} = </s>, and both predict the border at the far end. The
2L + 1 representations of w_t are x_t, f^j_t, b^j_t; as L + 1 vectors of one width, which a mix
needs:

    h_0 = [x; x]        h_j = [f^j; b^j]                        Tensor[B, T, 2 dim]

Departs from the published net, if not told otherwise: no projection inside the LSTMs, no limits to
their numbers (`--preset original` has both), the state begins anew with each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.errors import FormatError, SettingError
from firth.neural.cells import State
from firth.neural.characters import CharacterCNN, CharacterSettings
from firth.neural.direction import Direction
from firth.neural.dropout import LockedDropout
from firth.neural.elmo_settings import ELMo
from firth.neural.padding import Padding
from firth.neural.softmax import FullSoftmax, SampledSoftmax
from firth.neural.symbols import Symbols
from firth.neural.two_ways import TwoWays
from firth.neural.weights import PREFIX, arrays_of, take, tensors_of
from firth.vectors.fitted import Fitted

#: what begins and ends a sentence, as words
BORDERS = ("<s>", "</s>")
#: scores of words computed at once: bounds the memory
AT_ONCE = 16_000_000


class BiLM(nn.Module):
    """
    symbols: those that words are spelt with.
    words: of the softmax, numbered by falling count; 0: there is none (published weights).
    """

    def __init__(self, settings: ELMo, symbols: Symbols, words: int) -> None:
        super().__init__()
        self.settings, sizes = settings, settings.sizes
        self.dim = sizes.dim
        #: L
        self.layers = sizes.layers
        #: of each of the L + 1 representations
        self.width = 2 * sizes.dim
        features = sum(many for _, many in settings.widths)
        self.characters = CharacterCNN(
            CharacterSettings(
                symbols=len(symbols),
                longest=symbols.longest,
                dim=sizes.character_dim,
                filters=settings.widths,
                activation=settings.activation,
                highways=sizes.highways,
                outputs=0 if features == sizes.dim else sizes.dim,
                padding=settings.padding or "ignored",
            )
        )
        self.forwards, self.backwards = Direction(settings), Direction(settings)
        self.input_dropout = LockedDropout(sizes.input_dropout)
        self.output_dropout = LockedDropout(sizes.dropout)
        self.softmax: FullSoftmax | None = None
        if words and settings.softmax_of(words) == "sampled":
            self.softmax = SampledSoftmax(sizes.dim, words, sizes.samples)
        elif words:
            self.softmax = FullSoftmax(sizes.dim, words)
        begin, end = symbols.word
        rows = [[begin, mark, end] for mark in symbols.sentence]
        self.register_buffer("borders", torch.tensor(rows), persistent=False)
        self.borders: Tensor

    def reset(self, counts: np.ndarray | None = None) -> None:
        """Draws the output rows small, as bilm-tf does; the other parts have drawn their own.

        counts: int64[V], how often the text has each word (`FullSoftmax.expect`).
        """
        if self.softmax is not None:
            nn.init.normal_(self.softmax.weight, 0, self.dim**-0.5)
            nn.init.zeros_(self.softmax.bias)
            if counts is not None:
                self.softmax.expect(counts)

    @property
    def device(self) -> torch.device:
        return self.borders.device

    def representations(
        self, ids: Tensor, lengths: Tensor, tokens: Tensor, sentence_lengths: Tensor
    ) -> list[Tensor]:
        """Words in their sentences -> h_0 ... h_L, each Tensor[B, T, 2 dim], 0 at the padding.

        ids int[W, N], lengths int[W]: words as `Symbols.spelled` gives them.
        tokens int64[B, T]: rows of ids, a sentence each; what stands after its end is padding.
        sentence_lengths int64[B]
        """
        B, T = tokens.shape
        if not T:
            return [self.borders.new_zeros(B, 0, self.width, dtype=self._dtype)] * (self.layers + 1)
        padding = Padding(sentence_lengths, T, self.device)
        tokens = tokens.to(self.device).masked_fill(~padding.mask[..., 0], -1)
        used, places = torch.unique(tokens.clamp(min=0), return_inverse=True)
        used = used.to(ids.device)
        ids, lengths = self._with_borders(ids[used], lengths.to(ids.device)[used])
        words = self.characters(ids, lengths)
        x = F.embedding(places, words[2:])
        found = [torch.cat([x, x], -1)]
        first, last = (words[n].expand(B, 1, -1) for n in range(2))
        f, _ = self.forwards(torch.cat([first, x], 1))
        b, _ = self.backwards(torch.cat([last, padding.reversed(x)], 1))
        for left, right in zip(f, b, strict=True):
            found.append(torch.cat([left[:, 1:], padding.reversed(right[:, 1:])], -1))
        return [padding.cleared(h) for h in found]

    def _with_borders(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The same words after the two borders."""
        size = max(ids.shape[1], self.borders.shape[1])
        rows = [F.pad(one, (0, size - one.shape[1])) for one in (self.borders.to(ids), ids)]
        own = torch.full((2,), self.borders.shape[1]).to(lengths)
        return torch.cat(rows), torch.cat([own, lengths])

    @property
    def _dtype(self) -> torch.dtype:
        return self.characters.embedding.dtype

    def hidden(
        self, batch: TwoWays, states: list[list[State]] | None = None
    ) -> tuple[Tensor, Tensor, list[list[State]]]:
        """f^L and b^L Tensor[B, T, dim], each in the order of its reading, and the states after.

        states: of the forward and of the backward layers; zeros if not given.
        """
        x = self.characters(batch.ids, batch.lengths)
        tops, after = [], []
        for number, direction in enumerate((self.forwards, self.backwards)):
            given = self.input_dropout(F.embedding(batch.words[number], x))
            outputs, last = direction(given, None if states is None else states[number])
            tops.append(self.output_dropout(outputs[-1]))
            after.append(last)
        return tops[0], tops[1], after

    def loss(
        self, batch: TwoWays, states: list[list[State]] | None = None
    ) -> tuple[Tensor, list[list[State]]]:
        """The mean over both directions of what training makes smaller, and the states after."""
        f, b, after = self.hidden(batch, states)
        h = torch.cat([f.reshape(-1, self.dim), b.reshape(-1, self.dim)])
        targets = batch.targets.reshape(-1)
        counted = torch.nonzero(targets >= 0).squeeze(1)
        softmax = self._softmax()
        return softmax.loss(h.index_select(0, counted), targets[counted]), after

    def nll(self, batch: TwoWays) -> tuple[Tensor, Tensor]:
        """-log p of each word, forward and backward, by the full softmax: Tensor[B, T], 0 where no
        target counts."""
        f, b, _ = self.hidden(batch)
        return self._nll(f, batch.targets[0]), self._nll(b, batch.targets[1])

    def _nll(self, h: Tensor, targets: Tensor) -> Tensor:
        softmax = self._softmax()
        found = h.new_zeros(targets.shape, dtype=torch.float32)
        counted = targets >= 0
        each = max(1, AT_ONCE // len(softmax.weight))
        parts = zip(h[counted].split(each), targets[counted].split(each), strict=True)
        values = [softmax.nll(rows, wanted) for rows, wanted in parts]
        found[counted] = torch.cat(values) if values else found[counted]
        return found

    def _softmax(self) -> FullSoftmax:
        if self.softmax is None:
            raise SettingError(
                "This ELMo has no softmax, as published weights have none: it gives vectors of "
                "words, and predicts none."
            )
        return self.softmax

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name, for the state of a model."""
        return arrays_of(self)

    def take(self, arrays: Mapping[str, Any]) -> None:
        """Sets the weights to those that `arrays` gave.

        Raises:
            FormatError: another architecture's.
        """
        take(self, tensors_of(arrays), "the ELMo")


def symbols_of(fitted: Fitted) -> Symbols:
    """What the words of a trained model are spelt with; its borders are the words `BORDERS`.

    Raises:
        FormatError: it is another kind of model, or damaged.
    """
    _must_be_elmo(fitted)
    try:
        return Symbols.of_json(fitted.corpus["symbols"])
    except (KeyError, SettingError) as error:
        raise FormatError(
            "the ELMo", f"no symbols of words ({error})", "those it was trained with",
            "The model is damaged; train it again.",
        ) from None  # fmt: skip


def bilm_of(fitted: Fitted, device: torch.device | str = "cpu") -> BiLM:
    """The net of a trained model, ready to answer.

    Raises:
        FormatError: the model is of another kind, or its weights do not fit its settings.
    """
    _must_be_elmo(fitted)
    settings = ELMo.from_json(fitted.settings)
    words = len(fitted.vocabulary) if PREFIX + "softmax.weight" in fitted.state else 0
    net = BiLM(settings, symbols_of(fitted), words)
    net.take(fitted.state)
    return net.to(device).eval()


def _must_be_elmo(fitted: Fitted) -> None:
    if fitted.kind != "elmo":
        raise FormatError(
            "the model", f"one of kind {fitted.kind}", "an ELMo", "Train one: firth train elmo."
        )
