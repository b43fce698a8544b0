"""The one loop of the static models: encode, begin, pass over the blocks, keep what was reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
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
from firth.static.checkpoints import Interrupted
from firth.static.machine import available_cores, size, warning
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

#: blocks between two looks at the clock, at Ctrl-C and at the numbers
SEGMENT = 128
#: the loss of training is taken on every so many-th chunk, as logarithms cost time
MEASURE = 64
#: the epoch number that the noise of held-out measurements is drawn with
HELD_OUT = 2**40


@dataclass
class Tally:
    """The loss of an epoch so far, in float64; a pair's loss is -J in nats."""

    loss: float = 0.0
    measured: int = 0
    pairs: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def add(self, loss: float, measured: int, pairs: int, tokens: int) -> None:
        self.loss += loss
        self.measured += measured
        self.pairs += pairs
        self.tokens += tokens

    def mean(self) -> float | None:
        """Nothing measured (every word was thinned out): no mean."""
        return self.loss / self.measured if self.measured else None


@dataclass
class Run:
    """One training: what is fixed, and where it stands."""

    model: WindowModel
    stream: Stream
    vocabulary: Vocabulary
    corpus: dict[str, Any]
    phrases: PhraseModel | None
    keep: np.ndarray
    chunk: int
    matrices: Matrices
    objective: Objective
    threads: int
    progress: Progress
    edges: np.ndarray = field(init=False)
    epoch: int = 0
    block: int = 0
    tally: Tally = field(default_factory=Tally)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: list[np.ndarray] | None = None
    worse: int = 0

    def __post_init__(self) -> None:
        self.edges = blocks.cut(self.stream)

    @property
    def size(self) -> int:
        """Tokens of the stream."""
        return len(self.stream.ids)

    def rates(self, tokens: int, end: int) -> tuple[float, float]:
        """The learning rate at two places of the present epoch, in tokens."""
        whole, before = self.model.epochs * self.size, self.epoch * self.size
        floor = self.model.rate * 1e-4
        first, last = (self.model.rate * (1 - (before + at) / whole) for at in (tokens, end))
        return max(first, floor), max(last, floor)

    def train_block(self, number: int) -> tuple[float, int, int]:
        """One block of the stream, by the kernel of the model."""
        begin, end = int(self.edges[number]), int(self.edges[number + 1])
        return self._kernel(
            self.stream, self.model.inputs(self.matrices), begin, end, self.rates(begin, end),
            MEASURE, seeded(self.model.seed, self.epoch, number),
        )  # fmt: skip

    def show(self) -> None:
        """Tells the watcher how far it is."""
        tally = self.tally
        figures = {"rate": self.rates(tally.tokens, self.size)[0]}
        loss = tally.mean()
        if loss is not None:
            figures["loss"] = loss
        self.progress.advance(self.epoch * self.size + tally.tokens, **figures)

    def measure(self, held_out: Stream, pool: ThreadPoolExecutor) -> float:
        """Mean loss per pair of a held-out stream; nothing moves (the rate is zero)."""
        edges, results = blocks.cut(held_out), []
        inputs = self.model.held_out(self, held_out)

        def work(number: int) -> None:
            begin, end = int(edges[number]), int(edges[number + 1])
            rng = seeded(self.model.seed, HELD_OUT, number)
            results.append(self._kernel(held_out, inputs, begin, end, (0.0, 0.0), 1, rng))

        _, interrupted = blocks.work_off(work, 0, len(edges) - 1, pool, self.threads, lambda: None)
        if interrupted:
            raise KeyboardInterrupt
        return sum(r[0] for r in results) / max(1, sum(r[1] for r in results))

    def _kernel(self, stream, inputs, begin, end, rates, measure, rng):
        model = self.model
        plan = Plan(
            self.keep, self.matrices.frozen, model.window, model.shrink_windows, self.chunk,
            start.most_times(model), model.divided, measure,
        )  # fmt: skip
        block = blocks.read(stream, begin, end)
        return model.block(self.objective, inputs, block, plan, rates, rng)

    def fitted(self) -> Fitted:
        """The state as it is, without the padding; the arrays are views."""
        return Fitted(
            kind=self.model.kind,
            settings=self.model.to_json(),
            history=self.history,
            corpus=self.corpus,
            phrases=self.phrases,
            **self.model.result(self.vocabulary, self.matrices),
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
        model=model,
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
    held_out = None
    if dev is not None:
        other = dev if isinstance(dev, Corpus) else Corpus(dev, phrases=corpus.phrases)
        held_out = encode(
            other,
            vocabulary=encoded.vocabulary,
            threads=threads,
            every_line=model.every_line,
        ).stream
    with (
        blocks.one_blas_thread(),
        ThreadPoolExecutor(threads) as pool,
        checkpoints.ctrl_c_waits() as ctrl_c,
    ):
        _train(run, pool, held_out, checkpoint, ctrl_c)
    return run.fitted()


def _train(
    run: Run,
    pool: ThreadPoolExecutor,
    held_out: Stream | None,
    checkpoint: Path | None,
    ctrl_c: Callable[[], bool],
) -> None:
    """The epochs that are left.

    Raises:
        FitError, Interrupted: as in `WindowModel.fit`.
    """
    lock = threading.Lock()
    run.progress.start(f"training {run.model.kind}", run.model.epochs * run.size, "words")

    def work(number: int) -> None:
        result = run.train_block(number)
        with lock:
            run.tally.add(*result, tokens=int(run.edges[number + 1] - run.edges[number]))

    saved = time.monotonic()
    try:
        while run.epoch < run.model.epochs:
            while run.block < len(run.edges) - 1:
                began = time.monotonic()
                segment = min(run.block + SEGMENT, len(run.edges) - 1)
                run.block, interrupted = blocks.work_off(
                    work, run.block, segment, pool, run.threads, run.show, ctrl_c
                )
                run.tally.seconds += time.monotonic() - began
                checkpoints.must_be_finite(
                    run.tally.loss, run.epoch, run.rates(0, 0)[0],
                    f"--rate (rate={run.model.rate / 2:g}, say) or --chunk", checkpoint,
                )  # fmt: skip
                run.show()
                if interrupted or ctrl_c():
                    raise KeyboardInterrupt
                if checkpoint and time.monotonic() - saved >= run.model.checkpoint_every:
                    _save_checkpoint(run, checkpoint)
                    saved = time.monotonic()
            if _end_of_epoch(run, pool, held_out):
                break
    except KeyboardInterrupt:
        if checkpoint:
            _save_checkpoint(run, checkpoint)
        raise Interrupted(run.fitted()) from None
    finally:
        run.progress.finish()
    if held_out is not None and run.best is not None:
        for matrix, best in zip(run.matrices.trained, run.best, strict=True):
            matrix[:] = best


def _end_of_epoch(run: Run, pool: ThreadPoolExecutor, held_out: Stream | None) -> bool:
    """Notes the epoch in the history; true if training is to stop."""
    tally = run.tally
    entry = {
        "epoch": run.epoch + 1,
        "loss": tally.mean(),
        "pairs": tally.pairs,
        "words_per_second": round(tally.tokens / tally.seconds) if tally.seconds else None,
        "rate": run.rates(run.size, run.size)[0],
    }
    stop = False
    if held_out is not None:
        entry["held_out_loss"] = run.measure(held_out, pool)
        # epochs before a resumption may have gone without
        earlier = [e["held_out_loss"] for e in run.history if "held_out_loss" in e]
        if not earlier or entry["held_out_loss"] < min(earlier):
            run.best = [matrix.copy() for matrix in run.matrices.trained]
            run.worse = 0
        else:
            run.worse += 1
            stop = run.worse >= run.model.patience
            if stop:
                run.progress.say(
                    f"The held-out loss has not improved for {run.worse} epoch(s): stopped after "
                    f"epoch {run.epoch + 1}, the best state is kept."
                )
    run.history.append(entry)
    run.epoch, run.block, run.tally = run.epoch + 1, 0, Tally()
    return stop


def _save_checkpoint(run: Run, folder: Path) -> None:
    fitted = run.fitted()
    if run.best is not None:
        for number, matrix in enumerate(run.best):
            fitted.state[f"best_{number}"] = matrix
    place = {
        "epoch": run.epoch,
        "block": run.block,
        "worse": run.worse,
        "tally": asdict(run.tally),
    }
    checkpoints.save(fitted, place, folder)


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
    older, place = checkpoints.opened(folder, run.model, free, same_text)
    run.model.restore(run.matrices, older)
    if "best_0" in older.state:
        run.best = [np.zeros_like(matrix) for matrix in run.matrices.trained]
        for number, matrix in enumerate(run.best):
            matrix[:] = older.state[f"best_{number}"]
    run.epoch, run.block, run.worse = place["epoch"], place["block"], place["worse"]
    run.tally = Tally(**place["tally"])
    run.history = list(older.history)
    run.progress.say(f"Going on from epoch {run.epoch + 1}, block {run.block + 1}.")


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
