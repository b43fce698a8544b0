"""Training an ELMo: the text in both directions, the net, the one loop, the model it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from firth.neural import checkpoints
from firth.neural import train as loop
from firth.neural.bilm import BiLM
from firth.neural.cells import State
from firth.neural.characters import tensors
from firth.neural.device import autocast_of, device_of
from firth.neural.distributed import place
from firth.neural.elmo_settings import ELMo
from firth.neural.elmo_text import ElmoColumns, ElmoText, must_be_known, read_text
from firth.neural.encoders import detached
from firth.neural.fit_language_model import cut_like
from firth.neural.sentences import LONGEST, SentenceBatches, told_long
from firth.neural.two_ways import TwoWays
from firth.progress import SILENT, Progress
from firth.text.corpus import Corpus
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: places of a batch of held-out text
HELD_OUT = 2000
#: predictions of a piece where a text is measured: of `LONGEST` words and a border
MEASURED = LONGEST + 1
#: words whose vectors are computed at once
WORDS = 4096


class ElmoTraining:
    """What the loop trains (`train.Task`): pieces by length, or columns with the state carried."""

    def __init__(
        self,
        net: BiLM,
        text: ElmoText,
        batches: SentenceBatches | ElmoColumns,
        held_out: ElmoText | None,
        precision: str,
    ) -> None:
        self.net, self.text, self._batches = net, text, batches
        self.held_out, self.precision = held_out, precision
        self.watches = ""
        if held_out is not None:
            self.watches = checkpoints.digest(held_out.ids, held_out.spelled.ids)
        self.states: list[list[State]] | None = None

    def steps(self) -> int:
        return len(self._batches)

    def begin(self, epoch: int) -> None:
        self.states = None

    def batches(self, epoch: int, skip: int) -> Iterator[TwoWays]:
        if isinstance(self._batches, ElmoColumns):
            return self._batches.batches(skip)
        return map(self.text.batch, self._batches.batches(epoch, skip))

    def loss(self, batch: TwoWays) -> Tensor:
        loss, after = self.net.loss(batch.to(self.net.device), self.states)
        if isinstance(self._batches, ElmoColumns):
            self.states = [detached(states) for states in after]
        return loss

    def evaluate(self) -> dict[str, float]:
        if self.held_out is None:
            return {}
        forward, backward = held_out_losses(self.net, self.held_out, self.precision)
        mean = (forward + backward) / 2
        figures = {"held_out": mean, "forward": forward, "backward": backward}
        perplexities = {
            f"{name}_perplexity": float(np.exp(min(loss, 700.0))) for name, loss in figures.items()
        }
        return {"held_out_loss": mean, **perplexities}

    def carried(self) -> dict[str, Tensor]:
        return {
            f"{way}.{layer}.{part}": tensor
            for way, states in enumerate(self.states or [])
            for layer, state in enumerate(states)
            for part, tensor in enumerate(state)
        }

    def carry(self, tensors: dict[str, Tensor]) -> None:
        self.states = None
        if tensors:
            layers = range(self.net.layers)
            self.states = [
                [
                    tuple(tensors[f"{way}.{layer}.{part}"].to(self.net.device) for part in range(2))
                    for layer in layers
                ]
                for way in range(2)
            ]


@torch.no_grad()
def held_out_losses(
    net: BiLM, text: ElmoText, precision: str = "fp32", progress: Progress = SILENT
) -> tuple[float, float]:
    """Mean -log p over a text, forward and backward, in nats a word (a border for each line among
    them), by the full softmax; each line (or piece of one) from a fresh state."""
    training = net.training
    net.eval()
    sums, done = [0.0, 0.0], 0
    progress.start("scoring", text.predictions, "tokens")
    for pieces in text.batches(HELD_OUT, 0).in_order():
        batch = text.batch(pieces).to(net.device)
        with autocast_of(net.device, precision):
            both = net.nll(batch)
        for way, nll in enumerate(both):
            sums[way] += float(nll.cpu().double().sum())
        done += batch.units
        progress.advance(done, loss=sum(sums) / (2 * done))
    progress.finish()
    net.train(training)
    return sums[0] / text.predictions, sums[1] / text.predictions


def fit(
    settings: ELMo,
    corpus: Corpus | Iterable[str],
    *,
    dev: Corpus | Iterable[str] | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """See `ELMo.fit`."""
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    device = device_of(settings.device)
    longest = None if settings.carry else settings.longest_line
    text = read_text(corpus, settings, longest_line=longest, progress=progress)
    held_out = None
    if dev is not None:
        known = text.vocabulary, text.symbols
        held_out = read_text(
            cut_like(corpus, dev), settings, known=known, longest_line=MEASURED, progress=progress
        )
        must_be_known(held_out)
        if held_out.cut:
            progress.say(f"The held-out text has {told_long(held_out.cut)}")
    loop.seed_all(settings.seed)
    net = BiLM(settings, text.symbols, len(text.vocabulary))
    net.reset(text.vocabulary.counts)
    net.to(device)
    progress.say(size_of(net, text))
    batch_tokens = settings.sizes.batch_tokens
    batches: SentenceBatches | ElmoColumns
    if settings.carry:
        batches = ElmoColumns(text, batch_tokens, settings.bptt).part(*place())
    else:
        batches = text.batches(batch_tokens, settings.seed).part(*place())
    task = ElmoTraining(net, text, batches, held_out, settings.precision)
    try:
        outcome = loop.train(task, settings, folder=checkpoint, resume=resume, progress=progress)
    except loop.Interrupted as stopped:
        stopped.fitted = fitted_of(settings, net, text, corpus, stopped.history)
        raise
    return fitted_of(settings, net, text, corpus, outcome.history)


def fitted_of(
    settings: ELMo, net: BiLM, text: ElmoText, corpus: Corpus, history: list[dict[str, Any]]
) -> Fitted:
    """The model as it is kept; its vectors are those of words without a sentence, x."""
    return Fitted(
        kind=settings.kind,
        vectors=Vectors(text.vocabulary, words_alone(net, text)),
        state=net.arrays(),
        settings=settings.to_json(),
        history=history,
        corpus={**corpus.summary(), **text.summary()},
        phrases=corpus.phrases,
    )


@torch.no_grad()
def words_alone(net: BiLM, text: ElmoText) -> np.ndarray:
    """x float32[V, dim] of each word of the vocabulary."""
    training = net.training
    net.eval()
    names = text.vocabulary.names
    parts = []
    for start in range(0, len(names), WORDS):
        spelled = text.symbols.spelled(names[start : start + WORDS])
        parts.append(net.characters(*tensors(spelled, net.device)).float().cpu().numpy())
    net.train(training)
    return np.concatenate(parts)


def size_of(net: BiLM, text: ElmoText) -> str:
    """One sentence about what is trained on what."""
    weights = sum(one.numel() for one in net.parameters())
    cut = int(text.spelled.summary(text.counts)["cut"])
    lost = f", {cut:,} of them cut to {text.symbols.longest}" if cut else ""
    return (
        f"{text.words:,} words{lost}, spelt with {text.symbols.own:,} {text.symbols.unit}s; "
        f"{len(text.vocabulary):,} are predicted; {weights:,} weights."
    )
