"""What a language model is made of and how it learns: its settings, without torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from firth.errors import SettingError
from firth.neural.presets import fill, softmax_over
from firth.neural.training import Training
from firth.progress import SILENT, Progress
from firth.settings import setting

if TYPE_CHECKING:
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors


class Sizes(NamedTuple):
    """Settings that a preset gives where the user does not."""

    dim: int
    units: int
    layers: int
    dropout: float
    input_dropout: float
    embedding_dropout: float
    recurrent_dropout: float
    batch_size: int
    bptt: int


ENCODERS = ("window", "rnn", "irnn", "lstm", "gru")

#: settings that are not given take these values
PRESETS: dict[str, dict[str, Any]] = {
    # a first look: some minutes
    "tiny": {
        "dim": 128, "units": 128, "layers": 1, "epochs": 5, "batch_size": 20, "bptt": 35,
        "dropout": 0.1, "input_dropout": 0.1, "embedding_dropout": 0.0, "recurrent_dropout": 0.0,
    },
    # a million words in three quarters of an hour on one core
    "small": {
        "dim": 300, "units": 300, "layers": 2, "epochs": 28, "batch_size": 20, "bptt": 35,
        "dropout": 0.3, "input_dropout": 0.25, "embedding_dropout": 0.05, "recurrent_dropout": 0.15,
    },
    # some hours on two cores, minutes on a graphics card
    "medium": {
        "dim": 650, "units": 650, "layers": 2, "epochs": 40, "batch_size": 20, "bptt": 35,
        "dropout": 0.5, "input_dropout": 0.5, "embedding_dropout": 0.1, "recurrent_dropout": 0.3,
    },
}  # fmt: skip


@dataclass(frozen=True)
class LanguageModel(Training):
    """What comes next in a text; `fit` trains it. Every setting is explained by `firth train
    language-model --help`."""

    preset: str = setting(
        "small", "where the values of settings not given come from", choices=tuple(PRESETS)
    )
    unit: str = setting(
        "word", "what the text is made of", choices=("word", "character", "subword")
    )
    min_count: int = setting(1, "units that occur less often become <unk>", low=1)
    max_size: int | None = setting(None, "at most so many units, the most frequent", low=2)
    pieces: int = setting(8000, "subwords in the vocabulary (unit subword)", low=300)
    encoder: str = setting("lstm", "what remembers the text so far", choices=ENCODERS)
    dim: int | None = setting(None, "length of a unit's vector; default: by preset", low=1)
    units: int | None = setting(
        None, "numbers in the hidden state of a layer; default: by preset", low=1
    )
    layers: int | None = setting(
        None, "recurrent layers, one upon the other; default: by preset", low=1
    )
    window: int = setting(5, "units that the window encoder sees", low=1, high=1000)
    connection: str = setting(
        "none", "what goes past a layer", choices=("none", "residual", "highway")
    )
    norm: str = setting(
        "none", "normalisation of the input of each layer", choices=("none", "layer", "batch")
    )
    tied: bool = setting(True, "the output rows are the vectors of the units")
    softmax: str = setting(
        "auto",
        "how the next unit's probability is learnt; auto: full, above 4,096 units sampled",
        choices=("auto", "full", "sampled", "adaptive"),
    )
    samples: int = setting(1024, "words drawn for a batch (sampled softmax)", low=1)
    dropout: float | None = setting(
        None, "share of outputs of layers dropped; default: by preset", low=0, high=0.95
    )
    input_dropout: float | None = setting(
        None, "share of numbers of the vectors dropped; default: by preset", low=0, high=0.95
    )
    embedding_dropout: float | None = setting(
        None, "share of units without a vector in a batch; default: by preset", low=0, high=0.95
    )
    recurrent_dropout: float | None = setting(
        None, "share of recurrent weights dropped; default: by preset", low=0, high=0.95
    )
    batch_size: int | None = setting(
        None, "columns that the text is cut into; default: by preset", low=1
    )
    bptt: int | None = setting(
        None,
        "units through which the gradient goes back in time; default: by preset",
        low=1,
        high=100_000,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        fill(self, PRESETS[self.preset])
        if self.softmax == "adaptive" and self.tied:
            raise SettingError(
                "tied=true cannot go with softmax=adaptive, whose rare words have narrower rows; "
                "give tied=false, or softmax full or sampled."
            )

    @property
    def kind(self) -> str:
        return "language-model"

    @property
    def sizes(self) -> Sizes:
        """What was given, or what the preset says."""
        return Sizes(*(getattr(self, name) for name in Sizes._fields))

    def softmax_of(self, words: int) -> str:
        """How the softmax over so many units is learnt."""
        return softmax_over(words, self.softmax)

    def fit(
        self,
        corpus: Corpus | Iterable[str],
        *,
        dev: Corpus | Iterable[str] | None = None,
        init_from: Vectors | None = None,
        freeze: bool = False,
        checkpoint: Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Trains on `corpus`, a line a sentence or paragraph; the order of its lines counts.

        dev: a held-out text; the state with the lowest perplexity on it is kept.
        init_from: vectors that the units they share start from.  freeze: they stay as they are.
        checkpoint: a folder to go on from after an interruption, with resume=True.

        Raises:
            CorpusError, EncodingError, VocabularyError: the text cannot be used.
            SettingError: settings that do not go together, or PyTorch is not installed.
            FitError: the numbers overflowed.  StorageError: the disk is full.
            Interrupted: Ctrl-C; `fitted` is what was reached.
        """
        from firth.neural import need_torch

        need_torch()
        from firth.neural.fit_language_model import fit

        return fit(
            self,
            corpus,
            dev=dev,
            init_from=init_from,
            freeze=freeze,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
