"""Vectors of new documents: their rows learn, words stay as they are.

    q: the row that makes  sum over its tokens of J  large, from 0, in `epochs` passes

With W and U fixed, J is concave in q: there is one best row, and where one starts does not matter;
training starts from small random numbers, this from zero.

Every document has the same random numbers and is worked on alone. So its vector does not depend on
the documents beside it, nor on the number of threads: the same text gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from firth.errors import FormatError, SettingError
from firth.kernels.linear import padded_zeros
from firth.kernels.negative_sampling import NegativeSampling
from firth.kernels.windows import Plan
from firth.progress import SILENT
from firth.static import blocks, pvdbow, pvdm
from firth.static.counts import like_the_model
from firth.static.document_ids import numbered
from firth.static.document_model import STEP, DocumentModel, Steps
from firth.static.machine import available_cores
from firth.static.start import keep_probability, most_times, objective_of
from firth.text.stream import Stream, encode

if TYPE_CHECKING:
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted

KINDS: dict[str, type[DocumentModel]] = {"pvdbow": pvdbow.PVDBOW, "pvdm": pvdm.PVDM}
#: the number of the epoch that the random numbers of inference are drawn with
INFER = 2**41
#: tokens that one thread works on at a time, about
TOKENS = 20_000


class Inferred(NamedTuple):
    """vectors float32[n, dim]; known bool[n]: texts with a known word (else the row is zero)."""

    vectors: np.ndarray
    known: np.ndarray


class Inference:
    """A model of documents made ready for texts it has not seen.

        infer = Inference(fitted)
        vectors, known = infer(["a text", "another"])

    Raises:
        FormatError: no model of documents.
    """

    def __init__(self, fitted: Fitted) -> None:
        if fitted.kind not in KINDS or "output" not in fitted.state:
            raise FormatError(
                fitted.kind, "a model that infers no documents", f"one of {', '.join(KINDS)}"
            )
        self.fitted = fitted
        self.model = KINDS[fitted.kind].from_json(fitted.settings)
        counts = np.asarray(fitted.state["counts"])
        output = self.model.output_of(fitted)
        U = padded_zeros(len(output), self.model.output_dim)
        U[:, : output.shape[1]] = output
        words, dim = len(counts), self.model.dim
        self._W = padded_zeros(self.model.input_rows(words), dim)
        if self.model.has_word_rows:
            self._W[:words, :dim] = self.model.word_rows(fitted).matrix
            if self.model.more_rows:
                self._W[words:, :dim] = fitted.state["more_words"]
        self._keep = keep_probability(counts, self.model.subsample)
        self._objective = objective_of(self.model, counts, U, SILENT)

    def __call__(
        self,
        documents: Corpus | Iterable[str] | Iterable[list[str]],
        *,
        epochs: int | None = None,
        rate: float | None = None,
        seed: int | None = None,
        threads: int = 0,
    ) -> Inferred:
        """The vectors of other documents.

        documents: lines, cut as the text of the model was; lists of tokens, taken as they are; or
        a Corpus, which says itself how it is cut. Words the model does not know count nowhere.
        epochs, rate, seed: as the model was trained, if not given.  threads: 0: all cores.

        Raises:
            SettingError: a value out of range; lines, and the model's text was cut by a function.
        """
        model = self.model
        epochs = model.epochs if epochs is None else epochs
        rate = model.rate if rate is None else rate
        if epochs < 1:
            raise SettingError(f"epochs={epochs} is out of range; wanted at least 1.")
        if not rate >= 0:
            raise SettingError(f"rate={rate} is out of range; wanted a number of at least 0.")
        corpus = like_the_model(self.fitted, documents)
        if corpus is None:
            return Inferred(np.zeros((0, model.dim), np.float32), np.zeros(0, np.bool_))
        if corpus.phrases is None:
            corpus = corpus.with_phrases(self.fitted.phrases)
        threads = threads or available_cores()
        stream = encode(
            corpus, vocabulary=self.fitted.vocabulary, threads=threads, every_line=True
        ).stream
        with blocks.one_blas_thread():
            Q = infer_rows(
                model, self._W, self._objective, self._keep, stream,
                epochs=epochs, rate=rate, seed=model.seed if seed is None else seed,
                threads=threads,
            )  # fmt: skip
        known = np.diff(np.asarray(stream.ends), prepend=0) > 0
        return Inferred(np.ascontiguousarray(Q[:, : model.dim]), known)


def infer(
    fitted: Fitted,
    documents: Corpus | Iterable[str] | Iterable[list[str]],
    *,
    epochs: int | None = None,
    rate: float | None = None,
    seed: int | None = None,
    threads: int = 0,
) -> Inferred:
    """`Inference(fitted)(documents, ...)`; keep an `Inference` where texts come one by one.

    Raises:
        FormatError, SettingError: as there.
    """
    return Inference(fitted)(documents, epochs=epochs, rate=rate, seed=seed, threads=threads)


def infer_rows(
    model: DocumentModel,
    W: np.ndarray,
    objective: Any,
    keep: np.ndarray,
    stream: Stream,
    *,
    epochs: int,
    rate: float,
    seed: int,
    threads: int,
) -> np.ndarray:
    """float32[D, padded(dim)]: a row for each line of `stream` (encoded with `every_line`)."""
    ids, ends = stream.ids, np.asarray(stream.ends)
    D = len(ends)
    Q = padded_zeros(D, model.dim)
    piece, noise = model.infer_steps
    piece = max(1, min(piece, round(STEP / max(rate, 1e-6))))
    _, per_word = model.load(1)
    steps = Steps(piece, piece, most_times(model, per_word), 1, 1, 1)
    given = model.paragraphs(Q, numbered(D), W, steps, still=True)
    plan = Plan(
        keep, np.ones(len(W), np.bool_), model.window, model.shrink_windows, piece,
        steps.most, model.divided, 1 << 30,
    )  # fmt: skip
    falling = np.maximum(np.linspace(rate, 0, epochs + 1), rate * 1e-4)
    still = objective._replace(learns=False)
    if isinstance(still, NegativeSampling):
        still = still._replace(shared=max(noise, still.shared))
    # cut by the text; every document is alone, so that nothing depends on where
    marks = np.searchsorted(ends, np.arange(TOKENS, len(ids), TOKENS))
    edges = np.unique(np.concatenate([[0], marks, [D]])).tolist()

    def work(number: int) -> None:
        first, last = edges[number], edges[number + 1]
        start = int(ends[first - 1]) if first else 0
        some = np.array(ids[start : int(ends[last - 1])], np.int32)
        of_these = np.array(ends[first:last], np.int64) - start
        model.infer_block(still, given, some, of_these, first, plan, falling, seed, INFER)

    with ThreadPoolExecutor(threads) as pool:
        _, interrupted = blocks.work_off(work, 0, len(edges) - 1, pool, threads, lambda: None)
    if interrupted:
        raise KeyboardInterrupt
    return Q
