"""Training a tagger: sentences as numbers, the net, the one loop, the model it gives."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from firth.errors import SettingError
from firth.neural import train as loop
from firth.neural.distributed import place
from firth.neural.elmo_layers import ElmoLayers, without_softmax
from firth.neural.sentences import SentenceBatches
from firth.neural.symbols import Symbols
from firth.neural.tag_labels import NONE, TagLabels, must_keep, nearly_spans
from firth.neural.tag_text import TagBatch, TagBatches, TaggedText, tell_strange
from firth.neural.tagger import TaggerNet, computes_on, spelling_of
from firth.neural.tagger_settings import Tagger
from firth.neural.words import Given, Words
from firth.neural.words.layers import Layers
from firth.neural.words.lookup import vocabulary_of
from firth.progress import SILENT, Progress
from firth.text.span_scores import span_scores, tag_scores
from firth.text.tag_schemes import scheme_of
from firth.text.tagged import Tagged
from firth.text.temporary import folder
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: words of a batch of held-out sentences
HELD_OUT = 4000


class HeldOut:
    """Sentences whose tags are predicted after each epoch, in float32, as the model will."""

    def __init__(self, text: TaggedText, net: TaggerNet) -> None:
        self.text, self.net = text, net
        self.parts = net.words.prepare(text.words)
        self.batches = SentenceBatches(text.words.lengths, net.places(HELD_OUT))
        self.gold = net.labels.as_answers(text.tags, text.places)

    @torch.no_grad()
    def figures(self) -> dict[str, float]:
        """1 - F1 of spans, 1 - accuracy of tags without, first: lower is better."""
        found: list[list[str]] = [[] for _ in self.gold]
        for numbers in self.batches.in_order():
            batch = self.text.words.batch(numbers)
            batch.ids = batch.ids.to(self.net.device)
            e = self.net.emissions(self.parts, batch)
            labels = self.net.labelled(e, batch.lengths).tolist()
            for number, ids, n in zip(
                numbers.tolist(), labels, batch.lengths.tolist(), strict=True
            ):
                found[number] = self.net.labels.tags(ids[:n])
        if self.net.labels.spans:
            scores = span_scores(self.gold, found)
            figures = {"held_out_error": 1 - scores.f1, "held_out_f1": scores.f1}
            return figures | {"held_out_accuracy": scores.accuracy}
        accuracy = tag_scores(self.gold, found).accuracy
        return {"held_out_error": 1 - accuracy, "held_out_accuracy": accuracy}


class Tagging:
    """What the loop trains (`train.Task`)."""

    def __init__(
        self,
        net: TaggerNet,
        parts: Mapping[str, Any],
        text: TagBatches,
        batches: SentenceBatches,
        held_out: HeldOut | None,
    ) -> None:
        """parts: what `net.words.prepare` gave of the text."""
        self.net, self.parts, self.text = net, parts, text
        self.order, self.held_out = batches, held_out

    def steps(self) -> int:
        return len(self.order)

    def begin(self, epoch: int) -> None:
        """Nothing is carried from sentence to sentence."""

    def batches(self, epoch: int, skip: int) -> Iterator[TagBatch]:
        return map(self.text.batch, self.order.batches(epoch, skip))

    def loss(self, batch: TagBatch) -> Tensor:
        device = self.net.device
        batch.ids = batch.ids.to(device)
        return self.net.loss(self.parts, batch, batch.tags.to(device))

    def evaluate(self) -> dict[str, float]:
        return {} if self.held_out is None else self.held_out.figures()

    def carried(self) -> dict[str, Tensor]:
        return {}

    def carry(self, tensors: dict[str, Tensor]) -> None:
        """There was nothing."""


def fit(
    settings: Tagger,
    tagged: Tagged | Iterable[Any],
    *,
    dev: Tagged | Iterable[Any] | None = None,
    vectors: Vectors | None = None,
    elmo: Fitted | None = None,
    layers: Layers | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """See `Tagger.fit`.

    layers: an ELMo's, of these sentences, kept by whoever has many trainings read them; the model
    is then without that ELMo, and needs them again (`tagger.net_of`).
    """
    must_fit(settings, vectors, elmo or layers)
    device = computes_on(settings.device)
    text = TaggedText.read(tagged)
    held_out = None if dev is None else TaggedText.read(dev, "held-out text")
    labels = labels_of(settings, text, progress)
    if held_out is not None:
        tell_strange(labels, held_out, "held-out text", progress)
    words = text.words
    vocabulary = vocabulary_of(words, spelling_of(settings), settings.min_count)
    symbols = None
    if settings.characters != "none":
        symbols = Symbols.learnt(
            words.names, words.counts, unit=settings.character_unit, longest=settings.longest
        )
        cut = symbols.spelled(words.names).summary(words.counts)["cut"]
        if cut:
            progress.say(
                f"note: {cut:,} of {text.tokens:,} words lose their ends, being longer than "
                f"longest={settings.longest} with two marks."
            )
    vectors = vectors_kept(settings, vectors, words, progress)
    parts = {} if vectors is None else {"vectors": Fitted("vectors", vectors)}
    if elmo is not None:
        parts["elmo"] = without_softmax(elmo)
        size = sum(array.nbytes for array in parts["elmo"].state.values())
        progress.say(f"The model keeps the ELMo, without its softmax ({size / 1e6:,.1f} MB).")
    with ExitStack() as held:
        if elmo is not None:
            # on disk as long as the training lasts
            # Windows and network disks keep what is mapped; a model is not lost for that
            scratch = held.enter_context(
                TemporaryDirectory(prefix="firth-", dir=folder(), ignore_cleanup_errors=True)
            )
            layers = ElmoLayers(
                elmo, settings.elmo_layers, device=settings.device, threads=settings.threads,
                folder=Path(scratch), progress=progress,
            )  # fmt: skip
        # an ELMo that was opened has drawn numbers too
        loop.seed_all(settings.seed)
        tuned = None
        if vectors is not None and settings.tune:
            rows = np.unique(Given.numbers_of(vectors, words.names))
            tuned = rows[rows >= 0] if rows[-1] >= 0 else None
        net = TaggerNet(settings, labels, vocabulary, symbols, vectors, layers, tuned)
        net.to(device)
        progress.say(size_of(net, text))
        rank, world = place()
        batch = settings.batch_of(text.tokens)
        order = SentenceBatches(words.lengths, batch, settings.seed)
        ready = net.words.prepare(words)
        whose = fingerprint(text, held_out, ready)
        batches = TagBatches(words, labels.ids(text.tags), whose)
        watched = None if held_out is None else HeldOut(held_out, net)
        task = Tagging(net, ready, batches, order.part(rank, world), watched)

        def fitted(history: list[dict[str, Any]]) -> Fitted:
            return fitted_of(settings, net, text, vocabulary, symbols, parts, history)

        try:
            outcome = loop.train(
                task, settings, folder=checkpoint, resume=resume, progress=progress
            )
        except loop.Interrupted as stopped:
            stopped.fitted = fitted(stopped.history)
            raise
        return fitted(outcome.history)


def fingerprint(text: TaggedText, held_out: TaggedText | None, parts: Mapping[str, Any]) -> str:
    """Another one when the sentences are others, or what vectors or an ELMo give of them."""
    sources = [each.source.fingerprint() for each in (text, held_out) if each is not None]
    if "vectors" in parts:
        sources.append(f"{zlib.crc32(parts['vectors']['rows'].cpu().numpy())}")
    if "elmo" in parts:
        longest = np.argsort(text.words.lengths)[-1:]
        sources.append(f"{zlib.crc32(parts['elmo'].batch(longest).contiguous().numpy())}")
    return " ".join(sources)


def labels_of(settings: Tagger, text: TaggedText, progress: Progress) -> TagLabels:
    """The tags of the training text, and what they are; says so.

    Raises:
        VocabularyError: they break the scheme that was given.
    """
    if settings.scheme not in ("auto", NONE):
        must_keep(settings.scheme, zip(text.places, text.tags, strict=True))
    labels = TagLabels.of(text.tags, settings.scheme, settings.learns)
    if not labels.spans:
        progress.say(f"{len(labels)} tags, which are no spans.")
        doubt = nearly_spans(text.tags, text.places) if settings.scheme == "auto" else ""
        if doubt:
            progress.say(f"note: {doubt}")
        return labels
    progress.say(f"Tags of spans in {labels.scheme}, learnt in {labels.learnt}: {len(labels)}.")
    broken = scheme_of(text.tags)[1] if settings.scheme == "auto" else 0
    if broken:
        progress.say(
            f"note: {broken:,} tags break {labels.scheme}; they are read as conlleval reads them, "
            "and repaired."
        )
    return labels


def fitted_of(
    settings: Tagger,
    net: TaggerNet,
    text: TaggedText,
    vocabulary: Vocabulary,
    symbols: Symbols | None,
    parts: dict[str, Fitted],
    history: list[dict[str, Any]],
) -> Fitted:
    """The model as it is kept."""
    corpus = {**text.summary(), **net.labels.to_json()}
    if symbols is not None:
        corpus["symbols"] = symbols.to_json()
    return Fitted(
        kind=settings.kind,
        vectors=None,
        state=net.arrays(),
        settings=settings.to_json(),
        history=history,
        corpus=corpus,
        names=vocabulary,
        labels=Vocabulary(net.labels.names),
        parts=parts,
    )


def size_of(net: TaggerNet, text: TaggedText) -> str:
    """One sentence about what is trained on what."""
    weights = sum(one.numel() for one in net.parameters())
    inputs = ", ".join(f"{name} {each.width}" for name, each in net.words.items())
    return (
        f"{len(text.words):,} sentences, {text.tokens:,} words; numbers a word: {inputs}; "
        f"{weights:,} weights."
    )


def must_fit(settings: Tagger, vectors: Vectors | None, elmo: Fitted | Layers | None) -> None:
    """
    Raises:
        SettingError: nothing of a word is read; settings about vectors without vectors.
    """
    reads = settings.dim or settings.characters != "none"
    if not reads and vectors is None and elmo is None:
        raise SettingError(
            "dim=0 and characters=none leave nothing of a word to read; give one of them, "
            "or vectors, or an elmo."
        )
    if vectors is None and settings.tune:
        raise SettingError("tune=true lets given vectors learn on; give vectors (--vectors).")


def vectors_kept(
    settings: Tagger, vectors: Vectors | None, words: Words, progress: Progress
) -> Vectors | None:
    """The given vectors that the model keeps; says how many words of the text they have."""
    if vectors is None:
        return None
    vectors = vectors.head(settings.max_vectors)
    have, of = Given(vectors).covered(words)
    size = vectors.matrix.nbytes
    if vectors.subwords is not None:
        size += vectors.subwords.matrix.nbytes
    progress.say(
        f"The given vectors have {have / of:.1%} of the {of:,} words; the model keeps all "
        f"{len(vectors):,} of them ({size / 1e6:,.0f} MB)."
    )
    return vectors
