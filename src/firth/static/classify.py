"""`Classifier`: the labels of texts by a trained model, batch by batch, and `evaluate`.

A text is cut into tokens as the training text was; what each token stands for is looked up by its
bytes, and from there on texts are lists of rows as in training (kernels/texts.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from firth.errors import SettingError
from firth.kernels.codes import Input
from firth.kernels.hashing import hash_all
from firth.kernels.linear import padded_zeros
from firth.kernels.scores import Output, children_of
from firth.kernels.texts import Reading, mean_texts, score_texts
from firth.static.examples import kept_of, runs_of
from firth.static.held_out import HOW
from firth.static.kernel_inputs import rows_for_kernel, start_of, table_of
from firth.static.label_report import Report
from firth.static.machine import available_cores
from firth.static.spans import Spans
from firth.text.labelled import Labelled, as_labelled
from firth.text.subwords import LINE_END
from firth.vectors.fitted import Fitted
from firth.vectors.trained_rows import TrainedRows

#: characters of text a thread works on at once, about
AT_ONCE = 1 << 17


class Prediction(NamedTuple):
    """A label, and how probable the model holds it to be."""

    label: str
    probability: float


class Classifier:
    """Predicts the labels of texts.

    fitted: a model of the kind fasttext-classifier, trained here or read from a .bin or .ftz.
    tokenizer: only for a model whose texts were cut by a function, or given as tokens: models do
    not hold code.  threads: 0 for all cores.

    Raises:
        SettingError: it is no classifier, or its tokenizer must be given.
    """

    def __init__(
        self,
        fitted: Fitted,
        *,
        tokenizer: str | Callable[[str], list[str]] | None = None,
        threads: int = 0,
    ) -> None:
        vectors, labels = fitted.vectors, getattr(fitted, "labels", None)
        if vectors is None or labels is None or "output" not in fitted.state:
            raise SettingError(
                f"A model of the kind {fitted.kind} has no labels to predict; wanted one of "
                "firth train fasttext-classifier (labels of texts) or firth train tagger (tags of "
                "words)."
            )
        settings = fitted.settings
        self.fitted, self.labels = fitted, labels.names
        self._threads = threads or available_cores()
        self._spans = Spans(fitted, tokenizer)
        subwords = None if vectors.subwords is None else vectors.subwords.subwords
        self._dim = vectors.dim
        rows = fitted.state.get("words", vectors.matrix)
        ngrams: Any = np.empty((0, self._dim), np.float32)
        if vectors.subwords is not None:
            ngrams = vectors.subwords.matrix
        self._inputs = Input(rows_for_kernel(rows), rows_for_kernel(ngrams), start_of(ngrams))
        min_n, max_n, buckets = 0, 0, 0
        if subwords is not None:
            min_n, max_n, buckets = subwords.min_n, subwords.max_n, subwords.buckets
        held = ngrams.buckets if isinstance(ngrams, TrainedRows) else None
        kept = kept_of(subwords, held)
        hash_of_end = np.empty(1, np.int32)
        end = np.frombuffer(LINE_END.encode(), np.uint8)
        hash_all(end, np.zeros(1, np.int64), np.full(1, len(end)), hash_of_end)
        self._reading = Reading(
            table_of(vectors.vocabulary),
            (min_n, max_n, buckets),
            vectors.vocabulary.get(LINE_END),
            int(hash_of_end[0]),
            runs_of(subwords, int(settings.get("word_ngrams", 1)), kept),
        )
        self._output = self._output_of(settings.get("objective", "softmax"))

    def _output_of(self, objective: str) -> Output:
        L = len(self.labels)
        U = padded_zeros(L, self._dim)
        U[:, : self._dim] = self.fitted.state["output"][:L]
        how, children = HOW[objective], np.empty((0, 2), np.int32)
        if objective == "hierarchical-softmax":
            counts = None if self.fitted.labels is None else self.fitted.labels.counts
            if counts is None:
                raise SettingError(
                    "The labels of this model have no counts, and its tree cannot be built."
                )
            children = children_of(counts)
        original = self.fitted.corpus.get("program") == "fasttext"
        return Output(U, np.arange(L, dtype=np.int32)[None], how, original, children)

    def top(
        self, texts: Iterable[str] | Iterable[Sequence[str]], k: int = 1, threshold: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """(labels int32[n, k], probabilities float32[n, k]), the most probable first.

        A label is its place in `labels`; -1 (probability 0) where there is none: below `threshold`,
        or a text without any feature the model knows.  k: -1 for all labels.
        """
        labels, p, _ = self.scored(texts, k, threshold)
        return labels, p

    def scored(
        self,
        texts: Iterable[str] | Iterable[Sequence[str]],
        k: int = 1,
        threshold: float = 0.0,
        *,
        added: float = 0.0,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `top`, and int32[n]: how many features each text has.

        added: to each probability on the way to a label; fastText's reports have 1e-5 added.
        """
        k = self.check(k, threshold)
        output = self._output._replace(added=added)

        def work(some: Any) -> tuple[np.ndarray, ...]:
            text, starts, stops, ends = self._spans(some)
            n = len(ends)
            labels, p = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
            size = np.empty(n, np.int32)
            with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
                score_texts(
                    self._reading, self._inputs, output, text, starts, stops, ends,
                    k, threshold, labels, p, size,
                )  # fmt: skip
            return labels, p, size

        parts = self._over(work, texts)
        if not parts:
            none = np.empty((0, k), np.int32)
            return none, none.astype(np.float32), np.empty(0, np.int32)
        if len(parts) == 1:
            return parts[0]
        labels, p, size = map(np.concatenate, zip(*parts, strict=True))
        return labels, p, size

    def predict(
        self, texts: Iterable[str] | Iterable[Sequence[str]], k: int = 1, threshold: float = 0.0
    ) -> list[list[Prediction]]:
        """The best labels of each text, at most k, the most probable first."""
        labels, p = self.top(texts, k, threshold)
        names = self.labels
        return [
            [Prediction(names[i], x) for i, x in zip(row, some, strict=True) if i >= 0]
            for row, some in zip(labels.tolist(), p.tolist(), strict=True)
        ]

    def document_vectors(self, texts: Iterable[str] | Iterable[Sequence[str]]) -> np.ndarray:
        """float32[n, dim]: the mean of the rows of each text's features; zeros if it has none."""

        def work(some: Any) -> np.ndarray:
            text, starts, stops, ends = self._spans(some)
            H = padded_zeros(len(ends), self._dim)
            with np.errstate(over="ignore"):  # uncompiled, hashing says that it wraps
                mean_texts(self._reading, self._inputs, text, starts, stops, ends, H)
            return H[:, : self._dim]

        parts = self._over(work, texts)
        return np.concatenate(parts) if parts else np.empty((0, self._dim), np.float32)

    def evaluate(self, labelled: Labelled | Any, k: int = 1, threshold: float = 0.0) -> Report:
        """See `evaluate`."""
        return evaluate(self, labelled, k, threshold)

    def check(self, k: int, threshold: float) -> int:
        """How many labels k means.

        Raises:
            SettingError: k or the threshold is out of range.
        """
        if k != -1 and k < 1:
            raise SettingError(f"k={k} is out of range; wanted at least 1, or -1 for all labels.")
        if not threshold <= 1 or not threshold >= 0:
            raise SettingError(f"threshold={threshold} is out of range; wanted 0 to 1.")
        return len(self.labels) if k == -1 else min(k, len(self.labels))

    def _over(self, work: Callable[[Any], Any], texts: Iterable[Any]) -> list[Any]:
        """work(texts) piece by piece, on all threads if it is worth it."""
        if isinstance(texts, str):
            raise SettingError("texts is one string; give a list of texts: [text].")
        if isinstance(texts, list) and texts and sum(map(len, texts)) + len(texts) <= AT_ONCE:
            return [work(texts)]  # no more Python than needed where a call is short
        pieces = _pieces(texts)
        first = list(itertools.islice(pieces, 2))
        if len(first) < 2 or self._threads == 1:
            return [work(some) for some in itertools.chain(first, pieces)]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(work, itertools.chain(first, pieces)))


def evaluate(
    fitted: Fitted | Classifier,
    labelled: Labelled | Any,
    k: int = 1,
    threshold: float = 0.0,
) -> Report:
    """Predicts labelled texts, cut as the model's own, and counts (label_report.py).

    labelled: a `Labelled`, or what makes one.  k: labels a text, at most; -1 for all that reach
    the threshold.

    Raises:
        CorpusError: no text has a label that the model knows, or it cannot be read.
    """
    from firth.static.evaluate_labels import counted

    model = fitted if isinstance(fitted, Classifier) else Classifier(fitted)
    return counted(model, as_labelled(labelled), k, threshold)


def _pieces(texts: Iterable[Any]) -> Iterator[list[Any]]:
    """Some texts at a time."""
    held: list[Any] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text) + 1
        if size > AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held
