"""The language model: what comes next, given what came before.

    p(u_1 ... u_N) = prod_t p(u_t | u_1 ... u_{t-1})                         EMB
    e_t = E[u_t]        h_t = encoder(e_1 ... e_t)        p(u_{t+1} | h_t) = softmax(U h_t + b)

E Tensor[V, d]  embeddings, the vectors of the units
U = E if `tied` (Inan et al. 2017; Press and Wolf 2017); then h_t is first mapped to d numbers where
the encoder has others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from firth.errors import FormatError
from firth.neural.dropout import LockedDropout, embedded
from firth.neural.encoders import Encoder, EncoderSettings
from firth.neural.settings import LanguageModel
from firth.neural.softmax import AdaptiveSoftmax, FullSoftmax, SampledSoftmax, cutoffs_of
from firth.neural.weights import PREFIX, arrays_of, take, tensors_of
from firth.neural.window import WindowEncoder
from firth.vectors.fitted import Fitted

State = list[tuple[Tensor, ...]]


class LanguageNet(nn.Module):
    """words: units of the vocabulary, numbered by falling count."""

    def __init__(self, settings: LanguageModel, words: int) -> None:
        super().__init__()
        self.settings, sizes = settings, settings.sizes
        self.embedding = nn.Parameter(torch.empty(words, sizes.dim))
        self.encoder: Encoder | WindowEncoder
        if settings.encoder == "window":
            self.encoder = WindowEncoder(sizes.dim, sizes.units, settings.window)
        else:
            self.encoder = Encoder(
                EncoderSettings(
                    cell=settings.encoder,
                    inputs=sizes.dim,
                    units=sizes.units,
                    layers=sizes.layers,
                    connection=settings.connection,
                    norm=settings.norm,
                    dropout=sizes.dropout,
                    recurrent_dropout=sizes.recurrent_dropout,
                )
            )
        self.input_dropout = LockedDropout(sizes.input_dropout)
        self.output_dropout = LockedDropout(sizes.dropout)
        width = self.encoder.outputs
        self.to_dim: nn.Module = nn.Identity()
        if settings.tied and width != sizes.dim:
            self.to_dim = nn.Linear(width, sizes.dim)
            width = sizes.dim
        weight = self.embedding if settings.tied else None
        self.softmax: FullSoftmax | AdaptiveSoftmax
        kind = settings.softmax_of(words)
        if kind == "adaptive":
            self.softmax = AdaptiveSoftmax(width, words, cutoffs_of(words))
        elif kind == "sampled":
            self.softmax = SampledSoftmax(width, words, settings.samples, weight)
        else:
            self.softmax = FullSoftmax(width, words, weight)

    def reset(self, counts: np.ndarray | None = None) -> None:
        """Draws embeddings and output rows from U(-0.1, 0.1) (Zaremba et al. 2014, small).

        counts: int64[V], how often the text has each unit (`FullSoftmax.expect`).
        """
        nn.init.uniform_(self.embedding, -0.1, 0.1)
        if isinstance(self.softmax, FullSoftmax):
            nn.init.uniform_(self.softmax.weight, -0.1, 0.1)
            nn.init.zeros_(self.softmax.bias)
            if counts is not None:
                self.softmax.expect(counts)

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    def start(self, batch: int) -> State:
        """The state before the first unit."""
        return self.encoder.start(batch)

    def embedded(self, ids: Tensor) -> Tensor:
        """ids int64[B, T] -> Tensor[B, T, d], with the dropout of training."""
        share = self.settings.sizes.embedding_dropout
        return self.input_dropout(embedded(ids, self.embedding, share, self.training))

    def hidden(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """ids int64[B, T] -> h Tensor[B, T, d] that the softmax takes, and the state after."""
        h, state = self.encoder(self.embedded(ids), state)
        return self.to_dim(self.output_dropout(h)), state

    def log_probabilities(self, h: Tensor) -> Tensor:
        """h Tensor[..., d] -> log p(next unit) Tensor[..., V]."""
        flat = h.reshape(-1, h.shape[-1])
        return self.softmax.log_probabilities(flat).view(*h.shape[:-1], -1)

    def nll(self, h: Tensor, targets: Tensor) -> Tensor:
        """-log p(target) Tensor[B, T]; 0 where the target is below 0."""
        flat = self.softmax.nll(h.reshape(-1, h.shape[-1]), targets.reshape(-1))
        return flat.view(targets.shape)

    def loss(self, h: Tensor, targets: Tensor) -> Tensor:
        """The mean of what training makes smaller (an estimate with the sampled softmax)."""
        return self.softmax.loss(h.reshape(-1, h.shape[-1]), targets.reshape(-1))

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name, for the state of a model; tied rows once."""
        found = arrays_of(self)
        if self.settings.tied and isinstance(self.softmax, FullSoftmax):
            del found[PREFIX + "softmax.weight"]
        return found

    def take(self, arrays: Mapping[str, Any]) -> None:
        """Sets the weights to those that `arrays` gave.

        Raises:
            FormatError: another architecture's.
        """
        given = tensors_of(arrays)
        if self.settings.tied and "embedding" in given:
            given["softmax.weight"] = given["embedding"]
        take(self, given, "the language model")


def net_of(fitted: Fitted, device: torch.device | str = "cpu") -> LanguageNet:
    """The net of a trained model, ready to answer.

    Raises:
        FormatError: the model is of another kind, or its weights do not fit its settings.
    """
    if fitted.kind != "language-model":
        raise FormatError(
            "the model", f"one of kind {fitted.kind}", "a language model",
            "Train one: firth train language-model.",
        )  # fmt: skip
    settings = LanguageModel.from_json(fitted.settings)
    net = LanguageNet(settings, len(fitted.vocabulary))
    # the rows of the embedding are the model's vectors, and kept as such
    vectors = {} if fitted.vectors is None else {PREFIX + "embedding": fitted.vectors.matrix}
    net.take({**fitted.state, **vectors})
    return net.to(device).eval()
