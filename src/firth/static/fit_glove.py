"""The training of GloVe: count, cut into tiles, pass over the rounds, keep what was reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.weighted_least_squares import Parameters, train
from firth.progress import Progress
from firth.static import checkpoints, count_windows
from firth.static.checkpoints import Interrupted
from firth.static.cooccurrence import Cooccurrence
from firth.static.glove import GloVe
from firth.static.machine import available_cores, size, warning
from firth.static.tiles import ENTRY, Tiles, tiled
from firth.text.corpus import Corpus
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.quantize import must_be_trainable
from firth.vectors.vectors import Vectors

#: state -> (which parameter, its part)
STATE = {
    "word": ("W", "value"),
    "context": ("C", "value"),
    "word_bias": ("B", "value"),
    "context_bias": ("D", "value"),
    "gradsq_word": ("W", "squares"),
    "gradsq_context": ("C", "squares"),
    "gradsq_word_bias": ("B", "squares"),
    "gradsq_context_bias": ("D", "squares"),
}


@dataclass
class Run:
    """One training: what is fixed, and where it stands."""

    model: GloVe
    vocabulary: Vocabulary
    corpus: dict[str, Any]
    phrases: Any
    tiles: Tiles
    parameters: Parameters
    threads: int
    progress: Progress
    epoch: int = 0
    round: int = 0
    loss: float = 0.0
    pairs: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    def field(self, part: int, a: int, b: int) -> tuple[float, int]:
        """Trains on a part of one field, by its own random state; (loss, pairs)."""
        model, first = self.model, self.tiles.tiles(a, b)
        if first[-1] == first[0]:
            return 0.0, 0
        order = self.tiles.order(model.seed, self.epoch, part, a, b)
        loss = train(
            self.parameters, self.tiles.entries, int(first[0]), self.tiles.corner(a, b), order,
            np.float32(model.rate), np.float32(model.clip), model.bias_update == "original",
        )  # fmt: skip
        return loss, len(order)

    def one_round(self, part: int, fields: list[tuple[int, int]], pool: ThreadPoolExecutor) -> None:
        """All fields of a round."""
        futures = [pool.submit(self.field, part, a, b) for a, b in fields]
        for future in futures:  # summed in the order of the fields, not of the threads
            loss, pairs = future.result()
            self.loss += loss
            self.pairs += pairs

    def show(self) -> None:
        done = self.epoch * len(self.tiles) + self.pairs
        figures = {"loss": self.loss / self.pairs} if self.pairs else {}
        self.progress.advance(done, **figures)

    def state(self) -> dict[str, np.ndarray]:
        """The parameters by the names of `STATE`; the arrays are views."""
        return {name: self._part(*place) for name, place in STATE.items()}

    def _part(self, name: str, part: str) -> np.ndarray:
        array = getattr(self.parameters, name)
        if name in ("B", "D"):
            return array[:, int(part == "squares")]
        first = array.shape[1] // 2 if part == "squares" else 0
        return array[:, first : first + self.model.dim]

    def fitted(self) -> Fitted:
        """The state as it is."""
        state = self.state()
        return Fitted(
            kind=self.model.kind,
            vectors=Vectors(self.vocabulary, combined(self.model.combine, state)),
            state={name: np.ascontiguousarray(array) for name, array in state.items()},
            settings=self.model.to_json(),
            history=self.history,
            corpus=self.corpus,
            phrases=self.phrases,
        )


def combined(how: str, state: dict[str, np.ndarray]) -> np.ndarray:
    """float32[V, dim] or, side by side, float32[V, 2 dim]."""
    if how == "sum":
        return state["word"] + state["context"]
    if how == "concatenation":
        return np.hstack([state["word"], state["context"]])
    return np.ascontiguousarray(state["word"])


def fit(
    model: GloVe,
    corpus: Any,
    *,
    init_from: Vectors | Fitted | None,
    continue_from: Fitted | None,
    checkpoint: Path | None,
    resume: bool,
    progress: Progress,
) -> Fitted:
    """See `GloVe.fit`."""
    if init_from is not None and continue_from is not None:
        raise SettingError("init_from and continue_from cannot be given together; choose one.")
    if continue_from is not None:
        must_be_trainable(continue_from)
    if resume and checkpoint is None:
        raise SettingError("To resume, give the checkpoint folder of the run that stopped.")
    older = None if continue_from is None else _older(model, continue_from)
    keep = continue_from.vocabulary if continue_from is not None else None
    if continue_from is not None and not isinstance(corpus, Cooccurrence):
        corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
        if corpus.phrases is None and continue_from.phrases is not None:
            corpus = corpus.with_phrases(continue_from.phrases)
            progress.say(f"The {len(continue_from.phrases):,} phrases of the model are joined.")
    counts = count_windows.count(model, corpus, progress, keep=keep)
    threads = model.threads or available_cores()
    words = len(counts.vocabulary)
    progress.say(memory_estimate(model, words, len(counts)))
    parameters = fresh(model, words)
    summary = {**counts.corpus, "pairs": len(counts), "counts": counts.settings}
    with ThreadPoolExecutor(threads) as pool:
        memory = count_windows.memory_of(model)
        tiles = tiled(counts, model.x_max, model.alpha, memory, pool)
        run = Run(
            model, counts.vocabulary, summary, counts.phrases, tiles, parameters, threads, progress
        )
        if init_from is not None:
            _start_from(run, init_from)
        if older is not None and continue_from is not None:
            _go_on_from(run, continue_from.vocabulary, older)
        if resume and checkpoint is not None:
            _resume(run, checkpoint)
        del counts
        with checkpoints.ctrl_c_waits() as ctrl_c:
            _train(run, pool, checkpoint, ctrl_c)
    return run.fitted()


def fresh(model: GloVe, words: int) -> Parameters:
    """Everything from U(-1/2, 1/2) / dim, biases too, as the original; sums of squares at 1."""
    draw = np.random.default_rng(model.seed)

    def rows() -> tuple[np.ndarray, np.ndarray]:
        half = padded(model.dim)
        W = padded_zeros(words, 2 * half)
        W[:, half:] = 1
        B = np.ones((words, 2), np.float32)
        for start in range(0, words, 4096):
            part = W[start : start + 4096, : model.dim]
            part[:] = (draw.random(part.shape, np.float32) - np.float32(0.5)) / model.dim
        B[:, 0] = (draw.random(words, np.float32) - np.float32(0.5)) / model.dim
        return W, B

    return Parameters(*rows(), *rows())


def _train(
    run: Run,
    pool: ThreadPoolExecutor,
    checkpoint: Path | None,
    ctrl_c: Callable[[], bool] = lambda: False,
) -> None:
    """The epochs that are left.

    Raises:
        FitError, Interrupted: as in `GloVe.fit`.
    """
    model, total = run.model, len(run.tiles)
    run.progress.start("training glove", model.epochs * total, "pairs")
    saved = time.monotonic()
    try:
        while run.epoch < model.epochs:
            rounds = list(run.tiles.rounds(model.seed, run.epoch))
            while run.round < len(rounds):
                began = time.monotonic()
                run.one_round(*rounds[run.round], pool)
                run.round += 1
                run.seconds += time.monotonic() - began
                checkpoints.must_be_finite(
                    run.loss, run.epoch, model.rate, f"--rate (rate={model.rate / 2:g}, say)",
                    checkpoint,
                )  # fmt: skip
                run.show()
                if ctrl_c():
                    raise KeyboardInterrupt
                if checkpoint and time.monotonic() - saved >= model.checkpoint_every:
                    _save_checkpoint(run, checkpoint)
                    saved = time.monotonic()
            run.history.append(
                {
                    "epoch": run.epoch + 1,
                    "loss": run.loss / total,
                    "pairs": total,
                    "pairs_per_second": round(total / run.seconds) if run.seconds else None,
                    "rate": model.rate,
                }
            )
            run.epoch, run.round = run.epoch + 1, 0
            run.loss, run.pairs, run.seconds = 0.0, 0, 0.0
    except KeyboardInterrupt:
        if checkpoint:
            _save_checkpoint(run, checkpoint)
        raise Interrupted(run.fitted()) from None
    finally:
        run.progress.finish()


def _older(model: GloVe, older: Fitted) -> dict[str, np.ndarray]:
    """The state of a model to continue; sums of squares that it lacks are 1.

    Raises:
        SettingError: another kind, another length, no state, or numbers that are not finite.
    """
    if older.kind != model.kind:
        raise SettingError(f"A {older.kind} model cannot be continued as {model.kind}.")
    if "word" not in older.state or "context" not in older.state:
        raise SettingError(
            "The model to continue has no word and context vectors of its own; start from its "
            "vectors with init_from."
        )
    dim = older.state["word"].shape[1]
    if dim != model.dim:
        raise SettingError(f"The model to continue has dim={dim}, this run {model.dim}; give it.")
    words = len(older.vocabulary)
    state = {}
    for name, (matrix, part) in STATE.items():
        shape = (words,) if matrix in ("B", "D") else (words, dim)
        array = older.state.get(name)
        if array is None:
            array = np.full(shape, float(part == "squares"), np.float32)
        _must_be_numbers(array, older.vocabulary, name)
        state[name] = array
    return state


def _must_be_numbers(array: np.ndarray, vocabulary: Vocabulary, what: str) -> None:
    """
    Raises:
        SettingError: NaN or infinity in a row; its word is named.
    """
    for start in range(0, len(array), 4096):
        good = np.isfinite(array[start : start + 4096])
        good = good if good.ndim == 1 else good.all(axis=1)
        if not good.all():
            word = vocabulary[start + int(np.argmin(good))]
            raise SettingError(
                f"The given vectors hold nan or infinity ({what} of '{word}'); training cannot "
                "start from that: leave the word out, or take a state before it overflowed."
            )


def _rows(run: Run, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """(rows of this run, rows of `vocabulary`) of the words that both have."""
    rows = vocabulary.ids(list(run.vocabulary))
    known = np.flatnonzero(rows >= 0)
    if not len(known):
        raise SettingError(
            f"None of the {len(rows):,} words of the corpus is among the {len(vocabulary):,} given "
            "ones; check the tokenizer and the case."
        )
    run.progress.say(f"{len(known):,} of {len(rows):,} words start from the given vectors.")
    return known, rows[known]


def _start_from(run: Run, source: Vectors | Fitted) -> None:
    """Words begin so that what is kept of them is the given vector: halves, where it is a sum."""
    vectors = source.vectors if isinstance(source, Fitted) else source
    if vectors is not None:
        vectors.must_be_dense("training")
    combine, dim = run.model.combine, run.model.dim
    wanted = 2 * dim if combine == "concatenation" else dim
    if vectors is None or vectors.dim != wanted:
        found = "no vectors" if vectors is None else f"{vectors.dim} numbers each"
        raise SettingError(
            f"The given vectors have {found}; {wanted} fit dim={dim}, combine={combine}."
        )
    mine, theirs = _rows(run, vectors.vocabulary)
    given = vectors.matrix[theirs]
    _must_be_numbers(given, Vocabulary([run.vocabulary[i] for i in mine]), "the vector")
    state = run.state()
    if combine == "concatenation":
        state["word"][mine], state["context"][mine] = given[:, :dim], given[:, dim:]
    elif combine == "sum":
        state["word"][mine] = state["context"][mine] = given / 2
    else:
        state["word"][mine] = given


def _go_on_from(run: Run, vocabulary: Vocabulary, older: dict[str, np.ndarray]) -> None:
    mine, theirs = _rows(run, vocabulary)
    for name, array in run.state().items():
        array[mine] = older[name][theirs]


def _save_checkpoint(run: Run, folder: Path) -> None:
    names = ("epoch", "round", "loss", "pairs", "seconds")
    checkpoints.save(run.fitted(), {name: getattr(run, name) for name in names}, folder)


def _resume(run: Run, folder: Path) -> None:
    """Puts `run` where the checkpoint stopped.

    Raises:
        FormatError, SettingError: as `checkpoints.opened`.
    """

    def same_text(older: Fitted) -> bool:
        same = list(older.vocabulary) == list(run.vocabulary)
        return same and older.corpus.get("pairs") == len(run.tiles)

    free = {"threads", "memory", "checkpoint_every"}
    older, place = checkpoints.opened(folder, run.model, free, same_text)
    for name, array in run.state().items():
        array[:] = older.state[name]
    run.history = list(older.history)
    for name, value in place.items():
        setattr(run, name, value)
    run.progress.say(f"Going on from epoch {run.epoch + 1}, round {run.round + 1}.")


def memory_estimate(model: GloVe, words: int, pairs: int) -> str:
    """One sentence: what training will hold in memory, and a warning if that is too much."""
    matrices = 4 * words * 2 * (2 * padded(model.dim) + 2)
    text = (
        f"{words:,} words, {pairs:,} pairs: the matrices take {size(matrices)}, the pairs "
        f"{size(ENTRY * pairs)}."
    )
    return text + warning(matrices)
