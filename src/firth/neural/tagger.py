"""The tagger: a tag for each word of a sentence.

    x_t = [inputs of word t]                                       `words`
    h_t = encoder(x_1 ... x_T)_t          both ways                `encoders`
    e_t = W h_t + b                       one number a tag
    crf     p(y | x) = exp s(x, y) / Z(x)                          `crf`     the tags together
    linear  p(y_t | x) = softmax(e_t)                              each tag by itself

Huang, Xu & Yu 2015, 1508.01991; Lample et al. 2016, 1603.01360; Ma & Hovy 2016, 1603.01354. One
mask of dropout for a whole sentence, before the encoder and behind it (Gal & Ghahramani 2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from firth.errors import FormatError, SettingError
from firth.neural.crf import CRF
from firth.neural.device import device_of
from firth.neural.dropout import LockedDropout
from firth.neural.elmo_layers import ElmoLayers
from firth.neural.encoders import Encoder, EncoderSettings
from firth.neural.padding import Padding
from firth.neural.symbols import Symbols
from firth.neural.tag_labels import TagLabels
from firth.neural.tagger_settings import KIND, Tagger
from firth.neural.weights import arrays_of, take, tensors_of
from firth.neural.words import Characters, Elmo, Given, Lookup, Spelling, WordBatch, WordStack
from firth.neural.words.layers import Layers
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: numbers [lines, K, n K] held at once where the best tags are looked for
HELD = 2**26
#: rows of given vectors that learnt, in the state of a model
TUNED = "tuned_rows"


def computes_on(device: str) -> torch.device:
    """
    Raises:
        SettingError: no such device, or none for taggers.
    """
    found = device_of(device)
    if found.type == "mps":
        raise SettingError(
            "device=mps: the scores of tags add up in float64, which Metal does not have; give "
            "--device cpu."
        )
    return found


def spelling_of(settings: Tagger) -> Spelling:
    """How words are looked up."""
    return Spelling(settings.fold_case, settings.fold_digits)


class TaggerNet(nn.Module):
    """vocabulary: of the lookup.  symbols: of the characters, if they are read.

    vectors, elmo: what else is read of a word.  tuned int64[R]: rows of the vectors that learn.
    """

    def __init__(
        self,
        settings: Tagger,
        labels: TagLabels,
        vocabulary: Vocabulary,
        symbols: Symbols | None = None,
        vectors: Vectors | None = None,
        elmo: Layers | None = None,
        tuned: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.settings, self.labels = settings, labels
        inputs: dict[str, nn.Module] = {}
        if settings.dim:
            inputs["lookup"] = Lookup(
                vocabulary, settings.dim, spelling_of(settings), settings.word_dropout
            )
        if symbols is not None:
            inputs["characters"] = Characters(
                symbols, settings.characters, settings.character_dim, settings.character_width
            )
        if vectors is not None:
            inputs["vectors"] = Given(vectors, tuned)
        if elmo is not None:
            inputs["elmo"] = Elmo(elmo, settings.elmo_layers, settings.elmo_norm)
        self.words = WordStack(inputs)
        self.input_dropout = LockedDropout(settings.dropout)
        self.output_dropout = LockedDropout(settings.dropout)
        self.encoder: Encoder | None = None
        width = self.words.width
        if settings.encoder != "none":
            self.encoder = Encoder(
                EncoderSettings(
                    cell=settings.encoder,
                    inputs=width,
                    units=settings.units,
                    layers=settings.layers,
                    directions=2,
                    connection=settings.connection,
                    dropout=settings.dropout,
                    recurrent_dropout=settings.recurrent_dropout,
                )
            )
            width = self.encoder.outputs
        self.to_tags = nn.Linear(width, len(labels))
        self.crf = CRF(len(labels), labels.allowed()) if settings.head == "crf" else None

    @property
    def device(self) -> torch.device:
        return self.to_tags.weight.device

    def places(self, wanted: int, n: int = 1) -> int:
        """Places of a batch, at most `wanted`, whose n best of K tags can be found in memory."""
        return max(1, min(wanted, HELD // (n * len(self.labels) ** 2)))

    def emissions(self, parts: Mapping[str, Any], batch: WordBatch) -> Tensor:
        """parts: what `words.prepare` gave of the batch's sentences. -> e Tensor[B, T, K]."""
        h = self.input_dropout(self.words(parts, batch))
        if self.encoder is not None:
            h, _ = self.encoder(h, lengths=batch.lengths)
            h = self.output_dropout(h)
        with torch.autocast(h.device.type, enabled=False):  # scores of a CRF add up along a line
            return self.to_tags(h.float())

    def loss(self, parts: Mapping[str, Any], batch: WordBatch, tags: Tensor) -> Tensor:
        """-log p(tags) a word; tags int64[B, T], -1 where padded."""
        e = self.emissions(parts, batch)
        if self.crf is not None:
            nll = self.crf.nll(e, tags, batch.lengths).sum()
        else:
            nll = F.cross_entropy(e.float().flatten(0, 1), tags.flatten(), reduction="sum",
                                  ignore_index=-1)  # fmt: skip
        loss = nll / int(batch.lengths.sum())
        mix = self.mix
        if self.settings.elmo_penalty and mix is not None:
            loss = loss + self.settings.elmo_penalty * mix.penalty()
        return loss

    @torch.no_grad()
    def best(self, e: Tensor, lengths: Tensor, n: int = 1) -> tuple[Tensor, Tensor]:
        """The n most probable labels int64[B, n, T] of each sentence, and log p float64[B, n].

        -1 after its end, and -inf where there are not so many. With a linear head n is 1.
        """
        if self.crf is not None:
            labels, scores = self.crf.n_best(e, n, lengths)
            return labels, scores - self.crf.log_partition(e, lengths)[:, None]
        padding = Padding(lengths, e.shape[1], e.device)
        log_p, labels = torch.log_softmax(e.double(), -1).max(-1)
        mask = padding.mask.squeeze(-1)
        total = log_p.masked_fill(~mask, 0.0).sum(1)
        return labels.masked_fill(~mask, -1)[:, None], total[:, None]

    @torch.no_grad()
    def labelled(self, e: Tensor, lengths: Tensor) -> Tensor:
        """The most probable labels int64[B, T], -1 after a sentence's end."""
        if self.crf is not None:
            return self.crf.viterbi(e, lengths)[0]
        mask = Padding(lengths, e.shape[1], e.device).mask.squeeze(-1)
        return e.argmax(-1).masked_fill(~mask, -1)

    @torch.no_grad()
    def marginals(self, e: Tensor, lengths: Tensor) -> Tensor:
        """p(y_t = j | x): Tensor[B, T, K]; 0 after a sentence's end."""
        if self.crf is not None:
            return self.crf.marginals(e, lengths)
        padding = Padding(lengths, e.shape[1], e.device)
        return padding.cleared(torch.softmax(e.float(), -1))

    @property
    def mix(self) -> Any:
        """The mix of an ELMo's layers, if there is one."""
        elmo = dict(self.words.items()).get("elmo")
        return None if elmo is None else elmo.mix

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights by name, for the state of a model, and which rows of vectors they are."""
        given = dict(self.words.items()).get("vectors")
        rows = None if given is None else given.tuned_rows
        return arrays_of(self) | ({} if rows is None else {TUNED: rows})

    def take(self, arrays: Mapping[str, Any]) -> None:
        """Sets the weights to those that `arrays` gave.

        Raises:
            FormatError: another architecture's.
        """
        take(self, tensors_of(arrays), "the tagger")


def net_of(
    fitted: Fitted,
    device: torch.device | str = "cpu",
    threads: int = 0,
    layers: Layers | None = None,
) -> TaggerNet:
    """The net of a trained model, ready to answer.

    layers: those that it learnt from, if they are not in it (`fit_tagger.fit`).

    Raises:
        FormatError: the model is of another kind, or its weights do not fit its settings.
    """
    if fitted.kind != KIND or fitted.labels is None:
        raise FormatError(
            "the model", f"one of kind {fitted.kind}", "a tagger",
            "Train one: firth train tagger.",
        )  # fmt: skip
    settings = Tagger.from_json(fitted.settings)
    labels = TagLabels.of_json(fitted.labels.names, fitted.corpus)
    symbols = None
    if settings.characters != "none":
        symbols = Symbols.of_json(fitted.corpus.get("symbols") or {})
    vectors = fitted.parts["vectors"].vectors if "vectors" in fitted.parts else None
    if "elmo" in fitted.parts:
        layers = ElmoLayers(
            fitted.parts["elmo"], settings.elmo_layers, device=str(device), threads=threads
        )
    tuned = fitted.state.get(TUNED)
    if tuned is not None:
        tuned = np.asarray(tuned, np.int64)
    net = TaggerNet(settings, labels, fitted.vocabulary, symbols, vectors, layers, tuned)
    net.take(fitted.state)
    return net.to(device).eval()
