"""`ElmoScorer`: how well a biLM predicts a text, in both directions.

    loss_f = -1/N sum_t log p(w_{t+1} | w_1 ... w_t)        nats a word, borders among the N
    loss_b = -1/N sum_t log p(w_{t-1} | w_t ... w_T)
    perplexity = e^{(loss_f + loss_b) / 2}

Always by the full distribution, in float32; each line from a fresh state, whole up to `LONGEST`
words and else in pieces. A word that is not in the vocabulary is predicted as <unk>, and read as it
is spelt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from firth.errors import FormatError
from firth.neural.bilm import BORDERS, bilm_of, symbols_of
from firth.neural.device import device_of, threads_of, with_threads
from firth.neural.elmo_text import must_be_known, read_text
from firth.neural.fit_elmo import MEASURED, held_out_losses
from firth.neural.scoring import perplexity_of
from firth.progress import SILENT, Progress
from firth.text.as_trained import corpus_of, tokenizer_of
from firth.text.corpus import Corpus
from firth.text.units import UNKNOWN
from firth.vectors.fitted import Fitted


@dataclass(frozen=True)
class TwoWayPerplexity:
    """forward_loss, backward_loss: nats a prediction.

    tokens: predictions of one direction, a border for each line among them.
    unknown: words that are predicted as <unk>.
    words_cut: longer than the model reads.  characters_unknown: of all `characters`.
    lines_cut: longer than `LONGEST` words, and read in pieces.
    """

    forward_loss: float
    backward_loss: float
    tokens: int
    unknown: int
    lines: int
    words_cut: int
    characters: int
    characters_unknown: int
    lines_cut: int

    @property
    def loss(self) -> float:
        """The mean of both directions."""
        return (self.forward_loss + self.backward_loss) / 2

    @property
    def perplexity(self) -> float:
        return perplexity_of(self.loss)

    @property
    def unknown_share(self) -> float:
        """Of the words."""
        return self.unknown / max(1, self.tokens - self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "perplexity": self.perplexity,
            "forward_perplexity": perplexity_of(self.forward_loss),
            "backward_perplexity": perplexity_of(self.backward_loss),
            "unit": "word",
            "tokens": self.tokens,
            "unknown": self.unknown,
            "unknown_share": self.unknown_share,
            "lines": self.lines,
            "loss": self.loss,
            "words_cut": self.words_cut,
            "characters": self.characters,
            "characters_unknown": self.characters_unknown,
            "lines_cut": self.lines_cut,
        }


class ElmoScorer:
    """
    fitted: a model of the kind elmo.  threads: 0 for the cores that idle.
    tokenizer: only for a model whose words were cut by a function, which a model does not hold.

    Raises:
        FormatError: it is another kind of model, damaged, or has no softmax (published weights).
        SettingError: no such device; the tokenizer must be given.
    """

    def __init__(
        self,
        fitted: Fitted,
        *,
        device: str = "auto",
        threads: int = 0,
        tokenizer: str | Callable[[str], list[str]] | None = None,
    ) -> None:
        self.net = bilm_of(fitted, device_of(device))
        if self.net.softmax is None:
            raise FormatError(
                "the ELMo", "no softmax", "one, to predict words with",
                "Published weights have none: they give vectors, but no perplexity.",
            )  # fmt: skip
        missing = [name for name in (*BORDERS, UNKNOWN) if name not in fitted.vocabulary]
        if missing:
            raise FormatError(
                "the vocabulary of the ELMo", f"no {missing[0]!r}",
                "the borders of a line and the word that stands for unknown ones",
                "The model is damaged; train it again.",
            )  # fmt: skip
        self.vocabulary, self.symbols = fitted.vocabulary, symbols_of(fitted)
        self.tokenizer = tokenizer_of(fitted.corpus, tokenizer)
        self._phrases = fitted.phrases
        self._threads = threads_of(threads)

    def corpus(
        self, source: Any, *, column: str | int | None = None, encoding: str = "utf-8"
    ) -> Corpus:
        """`source`, whatever a Corpus takes, cut as the model's text was.

        Raises:
            SettingError: it is a Corpus, and is cut otherwise.
            CorpusError: as `Corpus` does.
        """
        return corpus_of(source, self.tokenizer, self._phrases, column=column, encoding=encoding)

    def perplexity(self, text: Any, *, progress: Progress = SILENT) -> TwoWayPerplexity:
        """How well the model predicts a text, whatever a Corpus takes.

        Raises:
            CorpusError, EncodingError: it cannot be read, holds nothing, or nothing that is known.
            SettingError: a Corpus that is cut otherwise than the model's text.
        """
        read = read_text(
            self.corpus(text),
            self.net.settings,
            known=(self.vocabulary, self.symbols),
            longest_line=MEASURED,
            progress=progress,
        )
        must_be_known(read)
        with torch.inference_mode(), with_threads(self._threads):
            forward, backward = held_out_losses(self.net, read, progress=progress)
        spelt = read.spelled.summary(read.counts)
        return TwoWayPerplexity(
            forward,
            backward,
            read.predictions,
            read.unknown,
            read.lines,
            spelt["cut"],
            spelt["characters"],
            spelt["unknown"],
            read.cut,
        )
