"""The settings that skip-gram and CBOW share, and `fit`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth.progress import SILENT, Progress
from firth.settings import Settings, setting

if TYPE_CHECKING:
    import numpy as np

    from firth.static.fit import Run
    from firth.static.start import Matrices
    from firth.text.corpus import Corpus
    from firth.text.stream import Encoded, Stream
    from firth.text.vocabulary import Vocabulary
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

OBJECTIVES = ("negative-sampling", "hierarchical-softmax", "softmax", "sampled-softmax")


@dataclass(frozen=True)
class WindowModel(Settings):
    """What is common to models that predict inside a sliding window."""

    dim: int = setting(100, "length of a vector", low=1)
    window: int = setting(5, "words to each side that count as context, at most", low=1, high=1000)
    min_count: int = setting(5, "words that occur less often are left out", low=1)
    max_size: int | None = setting(None, "keep at most so many words, the most frequent", low=2)
    epochs: int = setting(5, "passes over the corpus", low=1)
    objective: str = setting("negative-sampling", "what is maximised", choices=OBJECTIVES)
    negatives: int = setting(5, "noise words a pair (negative sampling)", low=1)
    noise_power: float = setting(0.75, "exponent of the counts in the noise distribution")
    samples: int = setting(64, "drawn words in the sum (sampled softmax)", low=1)
    subsample: float = setting(
        1e-3, "words more frequent than this share are thinned out; 0: none", low=0, high=1
    )
    shrink_windows: bool = setting(True, "draw each window's reach from 1 to `window`")
    rate: float = setting(0.025, "first learning rate; falls linearly to rate / 10000", low=0)
    threads: int = setting(0, "processor cores to use; 0: all", low=0)
    seed: int = setting(
        1, "of the random numbers; one thread and one seed give the same bits", low=0
    )
    exact: bool = setting(False, "pair by pair as in the paper: some ten times slower")
    shared: int = setting(24, "noise words a chunk shares (negative sampling)", low=1)
    chunk: int = setting(128, "tokens worked on at once, at most", low=1, high=4096)
    patience: int = setting(1, "epochs without a better held-out loss before stopping", low=1)
    checkpoint_every: float = setting(60.0, "seconds between checkpoints", low=0)

    @property
    def kind(self) -> str:
        """The word for it on the command line."""
        raise NotImplementedError  # each model has its own

    @property
    def block(self) -> Any:
        """The kernel that trains on one block of the stream."""
        raise NotImplementedError  # each model has its own

    @property
    def pairs_per_token(self) -> float:
        """Pairs of a token on average, away from line ends."""
        return self.window + 1 if self.shrink_windows else 2 * self.window

    @property
    def divided(self) -> bool:
        """Whether the error is divided among the rows of a mean (CBOW)."""
        return False

    @property
    def can_freeze(self) -> bool:
        """Whether given vectors can be kept as they are."""
        return True

    @property
    def every_line(self) -> bool:
        """Whether lines without words count, as each line is a document."""
        return False

    @property
    def has_word_rows(self) -> bool:
        """Whether words have input rows (those of W)."""
        return True

    @property
    def output_dim(self) -> int:
        """Numbers of an output row."""
        return self.dim

    def input_rows(self, words: int) -> int:
        """Rows of W."""
        return words

    def tokens(self, encoded: Encoded) -> int:
        """What a word's share of the text is taken of: the words that are kept (word2vec.c)."""
        assert encoded.vocabulary.counts is not None
        return int(encoded.vocabulary.counts.sum())

    def must_teach(self, encoded: Encoded) -> None:
        """
        Raises:
            VocabularyError: there is nothing to learn from.
        """
        from firth.static.fit import must_have_neighbours

        must_have_neighbours(encoded)

    def matrices(self, encoded: Encoded) -> Matrices:
        """The matrices as training begins."""
        from firth.static.start import fresh

        return fresh(self, len(encoded.vocabulary))

    def inputs(self, matrices: Matrices) -> Any:
        """What the kernel is given as its second argument."""
        return matrices.W

    def result(self, vocabulary: Vocabulary, matrices: Matrices) -> dict[str, Any]:
        """What has been learnt, as arguments of `Fitted`; views without the padding."""
        import numpy as np

        from firth.vectors.vectors import Vectors

        counts = np.asarray(vocabulary.counts)
        return {
            "vectors": Vectors(vocabulary, matrices.W[: len(vocabulary), : self.dim]),
            "state": {"output": matrices.U[:, : self.dim], "counts": counts},
        }

    def word_rows(self, older: Fitted) -> Vectors:
        """The input rows of the words of an older model."""
        return older.must_have_vectors("The model to continue")

    def must_fit(self, older: Fitted) -> None:
        """
        Raises:
            SettingError: a model to continue, of the same kind and length, is made otherwise.
        """

    def output_of(self, older: Fitted) -> np.ndarray:
        """The output rows of an older model, as they stand in U."""
        return older.state["output"]

    def freeze(self, matrices: Matrices) -> None:
        """Words stay as they are from now on, and only documents learn."""
        raise NotImplementedError  # asked only of models whose lines are documents

    def held_out(self, run: Run, stream: Stream) -> Any:
        """What the kernel is given to measure the loss of a held-out stream."""
        return self.inputs(run.matrices)

    def take(self, matrices: Matrices, older: Fitted) -> None:
        """Takes further matrices from a model to continue; `older` may have other words."""

    def restore(self, matrices: Matrices, older: Fitted) -> None:
        """Takes everything from a checkpoint of the same training."""
        matrices.W[:, : self.dim] = self.word_rows(older).matrix
        matrices.U[:, : self.dim] = older.state["output"]

    def fit(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]],
        *,
        dev: Corpus | Iterable[str] | Iterable[list[str]] | None = None,
        init_from: Vectors | Fitted | None = None,
        freeze: bool = False,
        continue_from: Fitted | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Trains on `corpus`.

        dev: held-out text; training stops when its loss has not improved for `patience` epochs,
        and the best state is returned.
        init_from: vectors that words of the same name start from; `freeze` keeps them so.
        continue_from: a model to train further; its words stay, new ones join.
        checkpoint: a folder to keep the state in while training; `resume` goes on from there. It
        is left for the caller to delete once the result is safe.

        Raises:
            CorpusError, VocabularyError: nothing to learn from.
            SettingError: settings that do not fit the given vectors or checkpoint.
            FitError: the numbers overflowed.
            Interrupted: Ctrl-C; `.fitted` is what was reached.
        """
        from firth.static.fit import fit

        return fit(
            self,
            corpus,
            dev=dev,
            init_from=init_from,
            freeze=freeze,
            continue_from=continue_from,
            checkpoint=Path(checkpoint) if checkpoint is not None else None,
            resume=resume,
            progress=progress,
        )
