"""What PV-DBOW and PV-DM share: documents with ids, their rows, going on, held-out documents."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.static.window_model import WindowModel

if TYPE_CHECKING:
    from firth.kernels.paragraphs import Paragraphs
    from firth.static.document_ids import DocumentIds
    from firth.static.start import Matrices
    from firth.text.corpus import Corpus
    from firth.text.labelled import Labelled, Tape
    from firth.text.stream import Encoded, Stream
    from firth.text.vocabulary import Vocabulary
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

#: an id or several, and the text or its tokens
Pair = tuple[str | list[str], str | list[str]]

#: rate x tokens of one document in a chunk, at most: the length of its row's step (found by trying)
STEP = 0.4


class Steps(NamedTuple):
    """How large chunks are; see `kernels.paragraphs.Paragraphs`."""

    length: int
    piece: int
    most: int
    parts: int
    hidden: int
    sets: int


@dataclass
class Fixed:
    """What training does not change.  still: words stay as they are, only documents learn."""

    ids: DocumentIds
    steps: Steps
    still: bool = False


@dataclass(frozen=True)
class DocumentModel(WindowModel):
    """What is common to models of documents."""

    epochs: int = setting(10, "passes over the corpus", low=1)
    piece: int = setting(16, "tokens of one document worked on at once, at most", low=1, high=4096)
    exact: bool = setting(False, "pair by pair as in the paper: two to four times slower")
    unique_ids: bool = setting(False, "an id that two documents have is an error")

    @property
    def every_line(self) -> bool:
        return True

    @property
    def more_rows(self) -> int:
        """Rows of W after those of words."""
        return 0

    @property
    def noise_sets(self) -> int:
        """Sets of noise words a chunk."""
        return 1

    def load(self, ids: float) -> tuple[float, float]:
        """(pairs of a token, pairs that move the row of a word where it stands) in a chunk.

        ids: rows of a document, on average.
        """
        raise NotImplementedError  # each model has its own

    @property
    def infer_steps(self) -> tuple[int, int]:
        """Tokens of a step of inference, and noise words (negative sampling): one document is
        worked on at a time, and must meet many, not to learn which ones were drawn."""
        return 16, 64

    @property
    def infer_block(self) -> Any:
        """The kernel that infers documents; see pvdbow.infer_block."""
        raise NotImplementedError  # each model has its own

    def paragraphs(
        self, Q: np.ndarray, ids: DocumentIds, W: np.ndarray, steps: Steps, *, still: bool
    ) -> Paragraphs:
        """What the kernel is given.  still: see `Fixed`."""
        raise NotImplementedError  # each model has its own

    def rows_of_words(self, matrices: Matrices, words: int) -> np.ndarray | None:
        """float32[V, padded(dim)]: the rows that are kept as the vectors of words, if any."""
        return matrices.W[:words]

    def fit(
        self,
        corpus: Corpus | Labelled | Iterable[str] | Iterable[list[str]] | Iterable[Pair],
        *,
        dev: Corpus | Iterable[str] | Iterable[list[str]] | None = None,
        init_from: Vectors | Fitted | None = None,
        freeze: bool = False,
        continue_from: Fitted | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Trains on documents.

        corpus: lines, each a document, numbered from 0; or pairs (id, text), (list of ids, text);
        or a Labelled, whose labels are the ids. All documents of one id share its row. One without
        a known word keeps its place; its row is zero.
        dev: held-out documents; their vectors are inferred after each epoch to measure the loss.
        init_from: vectors that words of the same name start from; `freeze` keeps them so.
        continue_from: a model to train further: its words and documents stay, new ones join; with
        `freeze` its words stay as they are, and only documents learn.
        The rest, and what is raised: see `WindowModel.fit`.
        """
        from firth.static.fit import fit

        text, tape = as_documents(corpus)
        return fit(
            self,
            text,
            dev=dev,
            init_from=init_from,
            freeze=freeze,
            continue_from=continue_from,
            checkpoint=Path(checkpoint) if checkpoint is not None else None,
            resume=resume,
            progress=progress,
            tape=tape,
        )

    def must_teach(self, encoded: Encoded) -> None:
        """
        Raises:
            VocabularyError: the text holds one word only, which predicts nothing.
        """
        if len(encoded.vocabulary) < 2:
            raise VocabularyError(
                f"The vocabulary holds one word, '{encoded.vocabulary[0]}'; training needs two or "
                "more. Lower --min-count, or check the tokenizer."
            )

    def input_rows(self, words: int) -> int:
        return words + self.more_rows if self.has_word_rows else 0

    def matrices(self, encoded: Encoded) -> Matrices:
        from firth.kernels.linear import padded_zeros
        from firth.static.document_ids import named, numbered
        from firth.static.start import Matrices, keep_probability, output_rows, uniform

        vocabulary, stream = encoded.vocabulary, encoded.stream
        words, lines = len(vocabulary), len(stream.ends)
        tape: Tape | None = encoded.tape
        ids = numbered(lines) if tape is None else named(tape, lines, self.unique_ids)
        W = uniform(self.input_rows(words), self.dim, 0.5, self.seed)
        U = padded_zeros(output_rows(self, words), self.output_dim)
        counts = np.asarray(vocabulary.counts)
        steps = self.steps(counts, keep_probability(counts, self.subsample), ids)
        Q = uniform(ids.size, self.dim, 0.5, [self.seed, 1])
        Q[~with_words(ids, stream)] = 0
        return Matrices(W, U, np.zeros(len(W), np.bool_), {"documents": Q}, Fixed(ids, steps))

    def steps(self, counts: np.ndarray, keep: np.ndarray, ids: DocumentIds) -> Steps:
        """How large chunks are, so that no row makes too long a step (see `start.chunk_length`)."""
        from firth.static.start import chunk_length, most_times

        pairs, per_word = self.load(max(1.0, len(ids.rows) / max(1, len(ids.offsets) - 1)))
        length = chunk_length(self, counts, keep, pairs, per_word)
        piece = min(self.piece, length, round(STEP / max(self.rate, 1e-6)))
        parts = max(1, 2 * length // max(1, piece))
        hidden = max(ids.most, parts * min(2, ids.most))
        most = most_times(self, per_word)
        return Steps(length, max(1, piece), most, parts, hidden, self.noise_sets)

    def inputs(self, matrices: Matrices) -> Paragraphs:
        fixed, Q = matrices.fixed, matrices.more["documents"]
        return self.paragraphs(Q, fixed.ids, matrices.W, fixed.steps, still=fixed.still)

    def held_out(self, run: Any, stream: Stream) -> Paragraphs:
        from firth.static.document_ids import numbered
        from firth.static.infer import infer_rows

        matrices: Matrices = run.matrices
        Q = infer_rows(
            self, matrices.W, run.objective, run.keep, stream,
            epochs=self.epochs, rate=self.rate, seed=self.seed, threads=run.threads,
        )  # fmt: skip
        ids = numbered(len(stream.ends))
        return self.paragraphs(Q, ids, matrices.W, matrices.fixed.steps, still=True)

    def result(self, vocabulary: Vocabulary, matrices: Matrices) -> dict[str, Any]:
        from firth.vectors.documents import DocumentVectors
        from firth.vectors.vectors import Vectors

        words, dim = len(vocabulary), self.dim
        rows = self.rows_of_words(matrices, words)
        state = {
            "output": self.packed(matrices.U),
            "counts": np.asarray(vocabulary.counts),
        }
        if self.more_rows:
            state["more_words"] = matrices.W[words:, :dim]
        return {
            "vectors": None if rows is None else Vectors(vocabulary, rows[:, :dim]),
            "names": vocabulary,
            "documents": DocumentVectors(
                matrices.more["documents"][:, :dim], matrices.fixed.ids.names
            ),
            "state": state,
        }

    def packed(self, U: np.ndarray) -> np.ndarray:
        """Output rows without their padding."""
        return U[:, : self.dim]

    def take(self, matrices: Matrices, older: Fitted) -> None:
        """The documents of an older model go on, those of the text that it does not have join."""
        from firth.kernels.linear import padded_zeros
        from firth.static.document_ids import after

        if older.documents is None:
            raise SettingError("The model to continue has no vectors of documents.")
        fresh = matrices.more["documents"]
        matrices.fixed.ids, new = after(older.documents, matrices.fixed.ids)
        before, dim = len(older.documents), self.dim
        Q = padded_zeros(matrices.fixed.ids.size, dim)
        Q[:before, :dim] = older.documents.matrix
        Q[before:] = fresh[new]
        matrices.more["documents"] = Q
        if self.more_rows:
            matrices.W[-self.more_rows :, :dim] = older.state["more_words"]

    def freeze(self, matrices: Matrices) -> None:
        matrices.frozen[:] = True
        matrices.fixed.still = True

    def restore(self, matrices: Matrices, older: Fitted) -> None:
        Q, dim = matrices.more["documents"], self.dim
        if older.documents is None or len(older.documents) != len(Q):
            found = 0 if older.documents is None else len(older.documents)
            raise SettingError(
                f"The checkpoint was made from another text, of {found:,} documents, this one has "
                f"{len(Q):,}; give the same text, or start anew without resuming."
            )
        Q[:, :dim] = older.documents.matrix
        if self.has_word_rows:
            words = len(older.vocabulary)
            matrices.W[:words, :dim] = self.word_rows(older).matrix
            if self.more_rows:
                matrices.W[words:, :dim] = older.state["more_words"]
        output = self.output_of(older)
        matrices.U[:, : output.shape[1]] = output


def as_documents(corpus: Any) -> tuple[Corpus, Tape | None]:
    """The text, and the tape on which the ids are noted while it is read (None: numbered)."""
    from firth.text.corpus import Corpus
    from firth.text.labelled import Labelled

    if isinstance(corpus, Corpus):
        return corpus, None
    if not isinstance(corpus, Labelled | str | bytes | dict) and isinstance(corpus, Iterable):
        iterator = iter(corpus)
        first = next(iterator, None)
        if iterator is corpus:
            corpus = itertools.chain([] if first is None else [first], iterator)
        if isinstance(first, tuple) and len(first) == 2:
            corpus = Labelled(corpus)
    if isinstance(corpus, Labelled):
        return corpus.corpus, corpus.taped()
    return Corpus(corpus), None


def with_words(ids: DocumentIds, stream: Stream) -> np.ndarray:
    """bool[rows]: whether any document of the row holds a known word."""
    found = np.zeros(ids.size, np.bool_)
    lines = np.diff(np.asarray(stream.ends), prepend=0) > 0
    found[ids.rows[np.repeat(lines, np.diff(ids.offsets))]] = True
    return found
