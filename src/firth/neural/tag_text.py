"""Tagged sentences as a tagger learns from them: all in memory, as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from firth.errors import CorpusError
from firth.neural.sentences import padded
from firth.neural.tag_labels import TagLabels
from firth.neural.words import WordBatch, Words
from firth.progress import Progress
from firth.text.tagged import Tagged, as_tagged


@dataclass
class TaggedText:
    """words: of all sentences.  tags: theirs, as they stand there.  places: for messages."""

    words: Words
    tags: list[list[str]]
    places: list[str]
    source: Tagged

    @staticmethod
    def read(tagged: Tagged | Iterable[Any], what: str = "text") -> TaggedText:
        """
        what: it is called in messages.

        Raises:
            CorpusError: as `Tagged`; or no sentence has a word.
        """
        source = as_tagged(tagged)
        sentences, tags, places = [], [], []
        for place, sentence in source.placed():
            sentences.append(sentence.words)
            tags.append(sentence.tags)
            places.append(place)
        words = Words(sentences)
        if not len(words.ids):
            raise CorpusError(
                f"The {what} has {len(sentences)} sentence(s), and not one word in them; give "
                "sentences with words and their tags."
            )
        return TaggedText(words, tags, places, source)

    @property
    def tokens(self) -> int:
        return len(self.words.ids)

    def summary(self) -> dict[str, Any]:
        """For the model, as JSON."""
        return {**self.source.summary(), "sentences": len(self.words), "tokens": self.tokens}


@dataclass
class TagBatch(WordBatch):
    """tags int64[B, T], -1 where padded.  text: which text they are of."""

    tags: Tensor
    text: str
    #: words, each a term of the loss
    units: int

    @property
    def tokens(self) -> int:
        return self.units


@dataclass
class TagBatches:
    """labels int64[N]: those of all words of `text`."""

    words: Words
    labels: np.ndarray
    text: str

    def batch(self, numbers: np.ndarray) -> TagBatch:
        """The sentences `numbers`."""
        starts, lengths = self.words.starts[numbers], self.words.lengths[numbers]
        ids, sizes = padded(self.words.ids, starts, lengths)
        tags, _ = padded(self.labels, starts, lengths)
        return TagBatch(numbers, ids, sizes, tags, self.text, int(lengths.sum()))


def tell_strange(labels: TagLabels, text: TaggedText, what: str, progress: Progress) -> None:
    """Says which tags of another text than that of training are never predicted.

    what: the text is called in the message.

    Raises:
        VocabularyError: one is no tag of a span, where those of training are; names its place.
    """
    labels.as_answers(text.tags, text.places)
    lacking = labels.strange(text.tags)
    if lacking:
        some = ", ".join(f"{tag} ({n:,})" for tag, n in lacking.most_common(5))
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        progress.say(
            f"note: tags of the {what} that training does not have: {some}{more}; they are never "
            "predicted."
        )
