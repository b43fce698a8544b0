"""`Scorer`: what a language model says about text: perplexity, scores of sentences, what is next.

    loss = -1/N sum_t log p(u_t | u_1 ... u_{t-1})          nats a unit, line ends among the N
    perplexity = e^loss        bits per character = N loss / (characters ln 2)

Always by the full distribution, in float32, whatever softmax and precision the model learnt with.
The unknown unit counts as the unit it is, so that perplexities compare only between models with
one vocabulary; bits per character and byte compare across units too, as long as little is unknown.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from firth.errors import SettingError
from firth.neural.device import device_of, threads_of, with_threads
from firth.neural.language_model import State, net_of
from firth.neural.streams import Columns
from firth.progress import SILENT, Progress
from firth.text.unit_reader import UnitReader
from firth.text.units import UnitStream
from firth.vectors.fitted import Fitted

#: probabilities computed at once: bounds the memory
AT_ONCE = 8_000_000
#: lines sorted by length, so that a batch holds like ones
SORTED = 4096


class NextUnit(NamedTuple):
    """A unit, and how probable it is that it comes next."""

    unit: str
    probability: float


class UnitScore(NamedTuple):
    """A unit of a text, and the natural logarithm of its probability after those before it."""

    unit: str
    logprob: float


@dataclass(frozen=True)
class SentenceScore:
    """logprob: natural logarithm of p(the sentence and its end), from a fresh state.

    units: with the line end.  unknown: units that the model does not have; they count as <unk>.
    """

    logprob: float
    units: int
    unknown: int

    @property
    def perplexity(self) -> float:
        return perplexity_of(-self.logprob / self.units)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "perplexity": self.perplexity}


@dataclass(frozen=True)
class Perplexity:
    """loss: nats a unit.  tokens: units that were predicted, line ends included.

    unknown: those of them that the model does not have, or that are <unk> in the text.
    characters, bytes: of the text that the units spell, line ends included.
    per_line: score of each line from a fresh state; None if it was not asked for.
    """

    unit: str
    loss: float
    tokens: int
    unknown: int
    lines: int
    characters: int
    bytes: int
    per_line: list[SentenceScore] | None = None

    @property
    def perplexity(self) -> float:
        return perplexity_of(self.loss)

    @property
    def bits_per_character(self) -> float:
        return self._bits(self.characters)

    @property
    def bits_per_byte(self) -> float:
        return self._bits(self.bytes)

    @property
    def unknown_share(self) -> float:
        """Of the units that are no line ends."""
        return self.unknown / max(1, self.tokens - self.lines)

    def _bits(self, size: int) -> float:
        return self.loss * self.tokens / (max(1, size) * math.log(2))

    def to_json(self) -> dict[str, Any]:
        found = {
            "perplexity": self.perplexity,
            "unit": self.unit,
            "tokens": self.tokens,
            "unknown": self.unknown,
            "unknown_share": self.unknown_share,
            "lines": self.lines,
            "loss": self.loss,
            "bits_per_character": self.bits_per_character,
            "bits_per_byte": self.bits_per_byte,
        }
        if self.per_line is not None:
            found["per_line"] = [one.to_json() for one in self.per_line]
        return found


class Scorer:
    """
    fitted: a model of the kind language-model.  threads: 0 for the cores that idle.
    tokenizer: only for a model whose words were cut by a function, which a model does not hold.

    Raises:
        FormatError: it is another kind of model, or damaged.
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
        self.net = net_of(fitted, device_of(device))
        self.reader = UnitReader(
            self.net.settings.unit,
            fitted.vocabulary,
            fitted.corpus,
            tokenizer=tokenizer,
            phrases=fitted.phrases,
        )
        self._threads = threads_of(threads)

    def perplexity(
        self,
        text: Any,
        *,
        per_line: bool = False,
        columns: int = 1,
        progress: Progress = SILENT,
    ) -> Perplexity:
        """How well the model predicts a text, whatever a Corpus takes.

        The text is one stream of lines, the state carried from each to the next: the convention of
        published tables.
        per_line: each line begins with a fresh state instead, and has its own score.
        columns: stretches of the text read side by side, each from a fresh state; more is faster,
        and a little worse at their beginnings.

        Raises:
            CorpusError, EncodingError: the text cannot be read, or holds nothing.
            SettingError: a Corpus that is cut otherwise than the model's text.
        """
        if columns < 1:
            raise SettingError(f"columns={columns} is out of range; wanted at least 1.")
        stream = self.reader.stream(text, progress)
        scores = None
        if per_line:
            scores = list(self._scored(_lines_of(stream), progress))
            nll = -math.fsum(one.logprob for one in scores)
        else:
            nll = self._nll(stream, columns, progress)
        return Perplexity(
            self.reader.unit,
            nll / len(stream.ids),
            len(stream.ids),
            stream.unknown,
            stream.lines,
            stream.characters,
            stream.bytes,
            scores,
        )

    def score(self, sentences: Iterable[str | Sequence[str]]) -> list[SentenceScore]:
        """How probable each sentence is; one given as a list is taken unit by unit as it is."""
        if isinstance(sentences, str):
            raise SettingError("score takes a list of sentences; for one of them, [sentence].")
        lines = []
        for one in sentences:
            names = self.reader.cut(one) if isinstance(one, str) else list(one)
            lines.append(np.append(self.reader.ids(names), self.reader.line_end))
        return list(self._scored(lines, SILENT))

    def units(self, sentence: str | Sequence[str]) -> list[UnitScore]:
        """How probable each unit of a sentence is after those before it; the last is its end."""
        names = self.reader.cut(sentence) if isinstance(sentence, str) else list(sentence)
        ids = np.append(self.reader.ids(names), self.reader.line_end)
        with self._computing():
            nll = self._nll_of([ids])[0]
        ending = self.reader.vocabulary[self.reader.line_end]
        return [UnitScore(name, -float(x)) for name, x in zip([*names, ending], nll, strict=True)]

    def distribution(self, prompt: str = "") -> np.ndarray:
        """p(next unit | prompt) float32[V], in the order of the vocabulary.

        The prompt stands at the beginning of a line; without one, this is how lines begin.
        """
        log_p, _ = self.advance(self.prompt_ids(prompt))
        return np.exp(log_p).astype(np.float32)

    def next(self, prompt: str = "", k: int = 10) -> list[NextUnit]:
        """The k most probable units after the prompt."""
        if k < 1:
            raise SettingError(f"k={k} is out of range; wanted at least 1.")
        p = self.distribution(prompt)
        best = np.argsort(-p, kind="stable")[:k]
        return [NextUnit(self.reader.vocabulary[int(i)], float(p[i])) for i in best]

    def prompt_ids(self, prompt: str) -> np.ndarray:
        """int32[units]: what the model reads before it goes on after `prompt`, a line end first."""
        ids = self.reader.ids(self.reader.cut(prompt))
        return np.insert(ids, 0, self.reader.line_end)

    def advance(
        self, ids: np.ndarray | Sequence[int], state: State | None = None
    ) -> tuple[np.ndarray, State]:
        """log p(next unit) float64[V] after ids int[T], and the state then."""
        with self._computing():
            given = torch.as_tensor(np.asarray(ids, np.int64), device=self.net.device)[None]
            for start in range(0, given.shape[1], 10_000):  # a prompt may be a book
                h, state = self.net.hidden(given[:, start : start + 10_000], state)
            assert state is not None
            log_p = self.net.log_probabilities(h[:, -1])[0]
        return log_p.cpu().double().numpy(), state

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        with torch.inference_mode(), with_threads(self._threads):
            yield

    def _nll(self, stream: UnitStream, columns: int, progress: Progress) -> float:
        """The sum of -log p over a text, the state carried."""
        length = self._places(columns)
        held = Columns(stream.ids, self.reader.line_end, columns, length)
        total, done, state = 0.0, 0, None
        progress.start("scoring", len(stream.ids), "units")
        with self._computing():
            for window in held.windows():
                h, state = self.net.hidden(window.inputs.to(self.net.device), state)
                nll = self.net.nll(h, window.targets.to(self.net.device))
                total += float(nll.cpu().double().sum())
                done += window.units
                progress.advance(done, loss=total / done)
        progress.finish()
        return total

    def _scored(self, lines: list[np.ndarray], progress: Progress) -> Iterator[SentenceScore]:
        """lines: ids with the line end.  Like lengths go together, the order stays."""
        unknown = self.reader.unknown
        progress.start("scoring", len(lines), "lines")
        for start in range(0, len(lines), SORTED):
            some = lines[start : start + SORTED]
            order = sorted(range(len(some)), key=lambda i: len(some[i]))
            found: dict[int, float] = {}
            for batch in self._batches(order, some):
                with self._computing():
                    rows = self._nll_of([some[i] for i in batch])
                found |= {i: math.fsum(row) for i, row in zip(batch, rows, strict=True)}
            progress.advance(start + len(some))
            for i, ids in enumerate(some):
                yield SentenceScore(-found[i], len(ids), int((ids == unknown).sum()))
        progress.finish()

    def _batches(self, order: list[int], lines: list[np.ndarray]) -> Iterator[list[int]]:
        """Lines of `order` (by rising length) that fit into memory together."""
        batch: list[int] = []
        for i in order:
            if batch and (len(batch) + 1) * len(lines[i]) > self._places(1):
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _nll_of(self, lines: list[np.ndarray]) -> list[np.ndarray]:
        """-log p of each unit, float64[units], each line from a fresh state.

        What is padded stands after a line's end, which no unit before it sees.
        """
        length = max(map(len, lines))
        targets = np.full((len(lines), length), -1, np.int64)
        inputs = np.full((len(lines), length), self.reader.line_end, np.int64)
        for row, ids in enumerate(lines):
            targets[row, : len(ids)] = ids
            inputs[row, 1 : len(ids)] = ids[:-1]
        places = max(1, self._places(len(lines)))
        parts, state = [], None
        for start in range(0, length, places):
            place = slice(start, start + places)
            given = torch.from_numpy(inputs[:, place]).to(self.net.device)
            h, state = self.net.hidden(given, state)
            nll = self.net.nll(h, torch.from_numpy(targets[:, place]).to(self.net.device))
            parts.append(nll.cpu().double().numpy())
        found = np.concatenate(parts, 1)
        return [found[row, : len(ids)] for row, ids in enumerate(lines)]

    def _places(self, columns: int) -> int:
        """How many places of so many columns are computed at once."""
        return max(1, min(2048, AT_ONCE // (columns * len(self.reader.vocabulary))))


def perplexity_of(loss: float) -> float:
    """e^loss; infinite where that is no float."""
    return math.exp(loss) if loss < 700 else math.inf


def _lines_of(stream: UnitStream) -> list[np.ndarray]:
    """The ids of each line, with its end."""
    stops = np.flatnonzero(stream.ids == stream.line_end) + 1
    return np.split(stream.ids, stops[:-1])
