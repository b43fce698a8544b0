"""Training a language model: the text as columns, the net, the one loop, the model it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from firth.errors import CorpusError, SettingError
from firth.neural import checkpoints
from firth.neural import train as loop
from firth.neural.device import autocast_of, device_of
from firth.neural.distributed import place
from firth.neural.encoders import detached
from firth.neural.language_model import LanguageNet, State
from firth.neural.settings import LanguageModel
from firth.neural.streams import Columns, Window
from firth.progress import SILENT, Progress
from firth.text.corpus import Corpus
from firth.text.units import UnitStream, read_units
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: columns and places of a held-out text
HELD_OUT = (10, 70)


class LanguageModelling:
    """What the loop trains (`train.Task`): windows in order, the state carried from one to the
    next."""

    def __init__(
        self, net: LanguageNet, columns: Columns, held_out: Columns | None, precision: str
    ) -> None:
        self.net, self.columns, self.held_out, self.precision = net, columns, held_out, precision
        self.watches = "" if held_out is None else checkpoints.digest(held_out.targets.numpy())
        self.state: State | None = None

    def steps(self) -> int:
        return len(self.columns)

    def begin(self, epoch: int) -> None:
        self.state = None

    def batches(self, epoch: int, skip: int) -> Iterator[Window]:
        return self.columns.windows(skip)

    def loss(self, batch: Window) -> Tensor:
        device = self.net.device
        inputs, targets = batch.inputs.to(device), batch.targets.to(device)
        h, state = self.net.hidden(inputs, self.state)
        self.state = detached(state)
        return self.net.loss(h, targets)

    def evaluate(self) -> dict[str, float]:
        if self.held_out is None:
            return {}
        nll = held_out_loss(self.net, self.held_out, self.precision)
        return {"held_out_loss": nll, "held_out_perplexity": float(np.exp(min(nll, 700.0)))}

    def carried(self) -> dict[str, Tensor]:
        if self.state is None:
            return {}
        return {
            f"{layer}.{part}": tensor
            for layer, tensors in enumerate(self.state)
            for part, tensor in enumerate(tensors)
        }

    def carry(self, tensors: dict[str, Tensor]) -> None:
        if not tensors:
            self.state = None
            return
        names = sorted(tuple(map(int, name.split("."))) for name in tensors)
        layers = 1 + max(layer for layer, _ in names)
        self.state = [
            tuple(
                tensors[f"{layer}.{part}"].to(self.net.device)
                for other, part in names
                if other == layer
            )
            for layer in range(layers)
        ]


@torch.no_grad()
def held_out_loss(net: LanguageNet, columns: Columns, precision: str = "fp32") -> float:
    """Mean -log p over a text, in nats a unit, by the full distribution."""
    training = net.training
    net.eval()
    total, units, state = 0.0, 0, None
    for window in columns.windows():
        with autocast_of(net.device, precision):
            h, state = net.hidden(window.inputs.to(net.device), state)
            nll = net.nll(h, window.targets.to(net.device))
        total += float(nll.cpu().double().sum())
        units += window.units
    net.train(training)
    return total / units


def fit(
    settings: LanguageModel,
    corpus: Corpus | Iterable[str],
    *,
    dev: Corpus | Iterable[str] | None = None,
    init_from: Vectors | None = None,
    freeze: bool = False,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """See `LanguageModel.fit`."""
    if freeze and init_from is None:
        raise SettingError("freeze keeps the vectors of init_from as they are; give init_from.")
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    device = device_of(settings.device)
    text = read_units(
        corpus,
        settings.unit,
        min_count=settings.min_count,
        max_size=settings.max_size,
        pieces=settings.pieces,
        progress=progress,
    )
    must_be_long_enough(text, settings)
    held_out = None
    if dev is not None:
        held_out = read_units(
            cut_like(corpus, dev),
            settings.unit,
            vocabulary=text.vocabulary,
            pieces=text.pieces or settings.pieces,
            progress=progress,
        )
        must_be_known(held_out)
    loop.seed_all(settings.seed)
    net = LanguageNet(settings, len(text.vocabulary))
    net.reset(text.vocabulary.counts)
    if init_from is not None:
        start_from(net, text, init_from, freeze, progress)
    net.to(device)
    progress.say(size_of(net, text))
    rank, world = place()
    first = text.line_end
    sizes = settings.sizes
    columns = Columns(text.ids, first, sizes.batch_size, sizes.bptt).part(rank, world)
    other = None if held_out is None else Columns(held_out.ids, first, *HELD_OUT)
    task = LanguageModelling(net, columns, other, settings.precision)
    try:
        outcome = loop.train(task, settings, folder=checkpoint, resume=resume, progress=progress)
    except loop.Interrupted as stopped:
        stopped.fitted = fitted_of(settings, net, text, corpus, stopped.history)
        raise
    return fitted_of(settings, net, text, corpus, outcome.history)


def cut_like(corpus: Corpus, dev: Corpus | Iterable[str]) -> Corpus:
    """A held-out text, cut into words as the text is: perplexities mean nothing otherwise.

    Raises:
        SettingError: it is a Corpus, and is cut in another way.
    """
    own = corpus.summary()
    if not isinstance(dev, Corpus):
        dev = Corpus(dev, fold_case=own["fold_case"], phrases=corpus.phrases)
        dev.tokenizer = corpus.tokenizer
        return dev
    given = dev.summary()
    ways = [(one["tokenizer"], one["fold_case"]) for one in (own, given)]
    if "given" not in (own["tokenizer"], given["tokenizer"]) and ways[0] != ways[1]:
        raise SettingError(
            f"The held-out text is cut by the tokenizer {ways[1][0]} with fold_case={ways[1][1]}, "
            f"the text by {ways[0][0]} with fold_case={ways[0][1]}; give both the same."
        )
    return dev


def fitted_of(
    settings: LanguageModel,
    net: LanguageNet,
    text: UnitStream,
    corpus: Corpus,
    history: list[dict[str, Any]],
) -> Fitted:
    """The model as it is kept."""
    arrays = net.arrays()
    embedding = arrays.pop("net.embedding")
    return Fitted(
        kind=settings.kind,
        vectors=Vectors(text.vocabulary, embedding),
        state=arrays,
        settings=settings.to_json(),
        history=history,
        corpus={**corpus.summary(), **text.summary()},
        phrases=corpus.phrases,
    )


def must_be_long_enough(text: UnitStream, settings: LanguageModel) -> None:
    """
    Raises:
        CorpusError: not one window fits into the text.
        VocabularyError: there is one unit only.
    """
    bptt = settings.sizes.bptt
    if len(text.ids) < bptt + 1:
        raise CorpusError(
            f"The text holds {len(text.ids)} units of kind {settings.unit}, fewer than one window "
            f"of bptt={bptt}; give a longer text, or a smaller --bptt."
        )


def must_be_known(text: UnitStream) -> None:
    """
    Raises:
        CorpusError: the held-out text holds unknown units only.
    """
    if text.unknown and text.unknown >= text.units:
        raise CorpusError(
            f"None of the {text.units:,} units of the held-out text is in the vocabulary; check "
            "its language, the tokenizer and --unit."
        )


def start_from(
    net: LanguageNet, text: UnitStream, given: Vectors, freeze: bool, progress: Progress
) -> None:
    """Puts given vectors in the place of the embeddings of the units they share."""
    dim = net.settings.sizes.dim
    if given.dim != dim:
        raise SettingError(
            f"dim={dim}, but the vectors to start from have {given.dim} numbers; give --dim "
            f"{given.dim}."
        )
    taken = 0
    with torch.no_grad():
        for number, name in enumerate(text.vocabulary):
            if given.known(name):
                net.embedding[number] = torch.from_numpy(np.array(given[name], np.float32))
                taken += 1
    if freeze:
        net.embedding.requires_grad_(False)
    progress.say(f"{taken:,} of {len(text.vocabulary):,} units start from the given vectors.")


def size_of(net: LanguageNet, text: UnitStream) -> str:
    """One sentence about what is trained on what."""
    weights = sum(one.numel() for one in net.parameters())
    return (
        f"{len(text.vocabulary):,} units, {len(text.ids):,} of them in the text; "
        f"{weights:,} weights."
    )
