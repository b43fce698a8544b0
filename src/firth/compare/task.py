"""A task of tagging, as it is compared by: its sentences, and the figure that counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firth.neural.tag_labels import NONE, TagLabels, must_keep, nearly_spans
from firth.neural.tag_text import TaggedText, tell_strange
from firth.neural.tagger_settings import Tagger
from firth.progress import SILENT, Progress
from firth.text.tag_schemes import SPELT, converted
from firth.text.tagged import Sentence, Tagged


@dataclass(frozen=True)
class Task:
    """train: sentences of at least a word.  name: of them.  dev, test: held out.

    figure: "f1" of spans, "accuracy" of tags that are none.  scheme: of the training tags; of those
    that differ from IOBES in letters alone, IOBES.
    """

    train: list[Sentence]
    name: str
    dev: TaggedText | None
    test: TaggedText
    figure: str
    scheme: str

    @staticmethod
    def read(
        train: Tagged | Iterable[Any],
        dev: Tagged | Iterable[Any] | None,
        test: Tagged | Iterable[Any],
        settings: Tagger,
        progress: Progress = SILENT,
    ) -> Task:
        """The scheme of all training sentences is that of small parts too, which may look like
        another. Tags that break it are repaired once, as conlleval reads them. What is odd about
        the tags is said.

        Raises:
            CorpusError: they cannot be read, or hold no word.
            VocabularyError: tags that break the scheme that was given; held-out or test tags that
                are none of spans, where those of training are.
        """
        text = TaggedText.read(train, "training text")
        if settings.scheme not in ("auto", NONE):
            must_keep(settings.scheme, zip(text.places, text.tags, strict=True))
        labels = TagLabels.of(text.tags, settings.scheme, settings.learns)
        if settings.scheme == "auto" and not labels.spans:
            doubt = nearly_spans(text.tags, text.places)
            if doubt:
                progress.say(f"note: {doubt}")
        held_out = None if dev is None else TaggedText.read(dev, "held-out text")
        tested = TaggedText.read(test, "test text")
        for part, what in ((held_out, "held-out text"), (tested, "test text")):
            if part is not None:
                tell_strange(labels, part, what, progress)
        scheme = "IOBES" if labels.scheme in SPELT else labels.scheme
        tags: Iterable[list[str]] = text.tags
        if labels.spans:
            tags = (converted(some, None, scheme) for some in text.tags)
        pairs = zip(text.words.sentences, tags, strict=True)
        return Task(
            [Sentence(list(words), some) for words, some in pairs if words],
            _name_of(text),
            held_out,
            tested,
            "f1" if labels.spans else "accuracy",
            scheme,
        )

    def held_out(self) -> list[Sentence] | None:
        """The held-out sentences, as they were read: their file may be another by now."""
        return None if self.dev is None else _pairs(self.dev)

    def texts(self) -> Iterator[Sequence[Sequence[str]]]:
        """The words of all sentences: to learn from, held out, test."""
        yield [sentence.words for sentence in self.train]
        for part in (self.dev, self.test):
            if part is not None:
                yield part.words.sentences

    def about(self) -> dict[str, Any]:
        """JSON: of each part its name and size, and a digest of words and tags."""
        return {
            "figure": self.figure,
            "train": _about(self.name, self.train),
            "dev": None if self.dev is None else _about(_name_of(self.dev), _pairs(self.dev)),
            "test": _about(_name_of(self.test), _pairs(self.test)),
        }


def _name_of(text: TaggedText) -> str:
    return ", ".join(Path(name).name for name in text.source.summary()["sources"])


def _pairs(text: TaggedText) -> list[Sentence]:
    pairs = zip(text.words.sentences, text.tags, strict=True)
    return [Sentence(list(words), tags) for words, tags in pairs]


def _about(name: str, sentences: Sequence[Sentence]) -> dict[str, Any]:
    digest = hashlib.blake2b(digest_size=8)
    for words, tags in sentences:
        digest.update(repr((words, tags)).encode("utf-8", "surrogatepass"))
    return {
        "name": name,
        "sentences": len(sentences),
        "words": sum(len(sentence.words) for sentence in sentences),
        "digest": digest.hexdigest(),
    }
