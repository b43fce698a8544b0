"""Models of windows are trained: encode, begin, and hand a `Run` to the loop (passes.py)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.kernels.linear import padded
from firth.kernels.objectives import Objective
from firth.kernels.rng import seeded
from firth.kernels.windows import Plan
from firth.progress import SILENT, Progress
from firth.static import blocks, checkpoints, start
from firth.static.machine import available_cores, size, warning
from firth.static.passes import Passes, Watched, train
from firth.static.start import Matrices
from firth.static.window_model import WindowModel
from firth.text.corpus import Corpus
from firth.text.labelled import Tape
from firth.text.phrase_model import PhraseModel
from firth.text.stream import Encoded, Stream, encode
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.quantize import must_be_trainable
from firth.vectors.vectors import Vectors

Text = Corpus | Iterable[str] | Iterable[list[str]]

#: the loss of training is taken on every so many-th chunk, as logarithms cost time
MEASURE = 64
#: the epoch number that the noise of held-out measurements is drawn with
HELD_OUT = 2**40


@dataclass(kw_only=True)
class Run(Passes):
    """One training of a model of windows."""

    settings: WindowModel
    stream: Stream
    vocabulary: Vocabulary
    corpus: dict[str, Any]
    phrases: PhraseModel | None
    keep: np.ndarray
    chunk: int
    matrices: Matrices
    objective: Objective

    def __post_init__(self) -> None:
        self.edges = blocks.cut(self.stream)

    @property
    def size(self) -> int:
        """Tokens of the stream."""
        return len(self.stream.ids)

    @property
    def trained(self) -> list[np.ndarray]:
        return self.matrices.trained

    @property
    def remedy(self) -> str:
        return f"--rate (rate={self.settings.rate / 2:g}, say) or --chunk"

    def rate(self, tokens: int) -> float:
        whole, before = self.settings.epochs * self.size, self.epoch * self.size
        rate = self.settings.rate
        return max(rate * (1 - (before + tokens) / whole), rate * 1e-4)

    def tokens(self, number: int) -> int:
        return int(self.edges[number + 1] - self.edges[number])

    def counted(self) -> dict[str, int]:
        return {"pairs": self.tally.pairs}

    def train_block(self, number: int) -> tuple[float, int, int]:
        begin, end = int(self.edges[number]), int(self.edges[number + 1])
        return self._kernel(
            self.stream, self.settings.inputs(self.matrices), begin, end,
            (self.rate(begin), self.rate(end)), MEASURE,
            seeded(self.settings.seed, self.epoch, number),
        )  # fmt: skip

    def measure(self, held_out: Stream, pool: ThreadPoolExecutor) -> float:
        """Mean loss per pair of a held-out stream; nothing moves (the rate is zero)."""
        edges, results = blocks.cut(held_out), []
        inputs = self.settings.held_out(self, held_out)

        def work(number: int) -> None:
            begin, end = int(edges[number]), int(edges[number + 1])
            rng = seeded(self.settings.seed, HELD_OUT, number)
            results.append(self._kernel(held_out, inputs, begin, end, (0.0, 0.0), 1, rng))

        _, interrupted = blocks.work_off(work, 0, len(edges) - 1, pool, self.threads, lambda: None)
        if interrupted:
            raise KeyboardInterrupt
        return sum(r[0] for r in results) / max(1, sum(r[1] for r in results))

    def _kernel(self, stream, inputs, begin, end, rates, measure, rng):
        model = self.settings
        plan = Plan(
            self.keep, self.matrices.frozen, model.window, model.shrink_windows, self.chunk,
            start.most_times(model), model.divided, measure,
        )  # fmt: skip
        block = blocks.read(stream, begin, end)
        return model.block(self.objective, inputs, block, plan, rates, rng)

    def fitted(self) -> Fitted:
        return Fitted(
            kind=self.settings.kind,
            settings=self.settings.to_json(),
            history=self.history,
            corpus=self.corpus,
            phrases=self.phrases,
            **self.settings.result(self.vocabulary, self.matrices),
        )


def fit(
    model: WindowModel,
    corpus: Text,
    *,
    dev: Text | None = None,
    init_from: Vectors | Fitted | None = None,
    freeze: bool = False,
    continue_from: Fitted | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
    tape: Tape | None = None,
) -> Fitted:
    """See `WindowModel.fit`.

    tape: the ids of documents, which reading the corpus notes on it.
    """
    if init_from is not None and continue_from is not None:
        raise SettingError("init_from and continue_from cannot be given together; choose one.")
    if continue_from is not None:
        must_be_trainable(continue_from)
    # documents can be added to a model whose words stay as they are
    adding = freeze and continue_from is not None and model.every_line
    if freeze and init_from is None and not adding:
        raise SettingError("freeze keeps the vectors of init_from as they are; give init_from.")
    if freeze and not model.can_freeze:
        raise SettingError(
            f"freeze keeps vectors as they are, but those of {model.kind} are made of rows that "
            "words share; leave it out, or train without n-grams (max_n=0)."
        )
    if resume and checkpoint is None:
        raise SettingError("To resume, give the checkpoint folder of the run that stopped.")
    threads = model.threads or available_cores()
    corpus = _corpus(corpus)
    if continue_from is not None and corpus.phrases is None and continue_from.phrases is not None:
        corpus = corpus.with_phrases(continue_from.phrases)
        progress.say(f"The {len(continue_from.phrases):,} phrases of the model are joined.")
    encoded = encode(
        corpus,
        min_count=model.min_count,
        max_size=model.max_size,
        threads=threads,
        vocabulary=continue_from.vocabulary if continue_from and adding else None,
        keep=continue_from.vocabulary if continue_from and not adding else None,
        progress=progress,
        every_line=model.every_line,
    )
    model.must_teach(encoded)
    encoded.tape = tape
    documents = len(encoded.stream.ends) if model.every_line else 0
    tokens = len(encoded.stream.ids)
    progress.say(memory_estimate(model, len(encoded.vocabulary), tokens, documents))
    matrices = model.matrices(encoded)
    if init_from is not None:
        taken, words = start.given(model, matrices, encoded.vocabulary, init_from, freeze)
        progress.say(f"{taken:,} of {words:,} words start from the given vectors.")
    if continue_from is not None:
        start.continued(model, matrices, encoded.vocabulary, continue_from, progress)
        model.take(matrices, continue_from)
    objective = start.objective_of(
        model, np.asarray(encoded.vocabulary.counts), matrices.U, progress
    )
    if adding:
        model.freeze(matrices)
        objective = objective._replace(learns=False)
    counts = np.asarray(encoded.vocabulary.counts)
    keep = start.keep_probability(counts, model.subsample, model.tokens(encoded))
    run = Run(
        settings=model,
        stream=encoded.stream,
        vocabulary=encoded.vocabulary,
        corpus=_summary(corpus, encoded),
        phrases=corpus.phrases,
        keep=keep,
        chunk=start.chunk_length(model, counts, keep),
        matrices=matrices,
        objective=objective,
        threads=threads,
        progress=progress,
    )
    if resume and checkpoint is not None:
        _resume(run, checkpoint)
    watched = None
    if dev is not None:
        other = dev if isinstance(dev, Corpus) else Corpus(dev, phrases=corpus.phrases)
        held_out = encode(
            other,
            vocabulary=encoded.vocabulary,
            threads=threads,
            every_line=model.every_line,
        ).stream
        watched = Watched("held_out_loss", "loss", -1, lambda pool: run.measure(held_out, pool))
    with (
        blocks.one_blas_thread(),
        ThreadPoolExecutor(threads) as pool,
        checkpoints.ctrl_c_waits() as ctrl_c,
    ):
        train(run, pool, watched, checkpoint, ctrl_c)
    return run.fitted()


def _resume(run: Run, folder: Path) -> None:
    """Puts `run` where the checkpoint stopped.

    Raises:
        FormatError, SettingError: as `checkpoints.opened`.
    """

    def same_text(older: Fitted) -> bool:
        counts = np.asarray(run.vocabulary.counts)
        same = list(older.vocabulary) == list(run.vocabulary)
        return same and np.array_equal(older.state["counts"], counts)

    free = {"threads", "checkpoint_every"}
    older, place = checkpoints.opened(folder, run.settings, free, same_text)
    run.settings.restore(run.matrices, older)
    run.stand(older, place)


def memory_estimate(model: WindowModel, words: int, tokens: int, documents: int = 0) -> str:
    """One sentence: what training will hold in memory, and a warning if that is too much.

    documents: those that have a row, at most.
    """
    rows = model.input_rows(words) + documents
    matrices = 4 * padded(model.dim) * rows
    matrices += 4 * padded(model.output_dim) * start.output_rows(model, words)
    text = (
        f"{words:,} words, {tokens:,} tokens: the matrices take {size(matrices)}, "
        f"the ids {size(4 * tokens)}."
    )
    return text + warning(matrices)


def _corpus(text: Text) -> Corpus:
    return text if isinstance(text, Corpus) else Corpus(text)


def must_have_neighbours(encoded: Encoded) -> None:
    """
    Raises:
        VocabularyError: no word of the stream has another one beside it.
    """
    words = len(encoded.vocabulary)
    if words < 2:
        raise VocabularyError(
            f"The vocabulary holds one word, '{encoded.vocabulary[0]}'; training needs two or "
            "more. Lower --min-count, or check the tokenizer."
        )
    ends = np.asarray(encoded.stream.ends)
    if len(ends) == 0 or np.diff(ends, prepend=0).max() < 2:
        raise VocabularyError(
            f"No line of the corpus holds two of the {words} words, so that no word has a "
            "neighbour to learn from; give a text with a sentence or paragraph a line."
        )


def _summary(corpus: Corpus, encoded: Encoded) -> dict[str, Any]:
    return {
        **corpus.summary(),
        "lines": encoded.lines,
        "tokens": encoded.tokens,
        "types": encoded.types,
        "kept_tokens": len(encoded.stream.ids),
    }
