"""What an ELMo is made of and how it learns: its settings, without torch."""

from __future__ import annotations

import re
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


class Sizes(NamedTuple):
    """Settings that a preset gives where the user does not."""

    character_dim: int
    filters: str
    highways: int
    dim: int
    layers: int
    max_size: int
    samples: int
    dropout: float
    input_dropout: float
    batch_tokens: int


#: settings that are not given take these values
PRESETS: dict[str, dict[str, Any]] = {
    # a first look: some minutes
    "tiny": {
        "character_dim": 16, "filters": "1:32,2:32,3:64", "highways": 1, "dim": 128, "layers": 2,
        "max_size": 10_000, "samples": 512, "dropout": 0.1, "input_dropout": 0.1,
        "batch_tokens": 1000, "epochs": 3,
    },
    # ten million words in two hours on two cores
    "small": {
        "character_dim": 16, "filters": "1:32,2:32,3:64,4:128,5:128", "highways": 1, "dim": 256,
        "layers": 2, "max_size": 30_000, "samples": 1024, "dropout": 0.1, "input_dropout": 0.1,
        "batch_tokens": 2000, "epochs": 5,
    },
    # the same text in a night on two cores, or in less than an hour on a graphics card
    "medium": {
        "character_dim": 16, "filters": "1:32,2:32,3:64,4:128,5:256,6:256", "highways": 2,
        "dim": 512, "layers": 2, "max_size": 100_000, "samples": 4096, "dropout": 0.1,
        "input_dropout": 0.1, "batch_tokens": 4000, "epochs": 5,
    },
    # the net of Peters et al. 2018, which took two weeks on three graphics cards
    "original": {
        "character_dim": 16, "filters": "1:32,2:32,3:64,4:128,5:256,6:512,7:1024", "highways": 2,
        "dim": 512, "units": 4096, "projection": True, "cell_clip": 3.0, "projection_clip": 3.0,
        "padding": "counted", "layers": 2, "max_size": 800_000, "samples": 8192, "dropout": 0.1,
        "input_dropout": 0.1, "batch_tokens": 2560, "epochs": 10,
    },
}  # fmt: skip


@dataclass(frozen=True)
class ELMo(Training):
    """Vectors of words in their sentences, from a language model in both directions; `fit` trains
    it. Every setting is explained by `firth train elmo --help`."""

    preset: str = setting(
        "small", "where the values of settings not given come from", choices=tuple(PRESETS)
    )
    characters: str = setting(
        "auto",
        "what words are spelt with; auto: bytes if the text has nearly one per character",
        choices=("auto", "character", "byte"),
    )
    character_min_count: int = setting(
        2, "characters that occur less often are unknown (not for bytes)", low=1
    )
    longest: int = setting(
        50, "characters or bytes of a word at most, its two marks included", low=6, high=1000
    )
    character_dim: int | None = setting(None, "numbers of a character; default: by preset", low=1)
    filters: str | None = setting(
        None, "filters over characters, width:number, with commas; default: by preset"
    )
    activation: str = setting("relu", "of the filters", choices=("relu", "tanh"))
    padding: str | None = setting(
        None,
        "whether filters see what fills a word up to `longest` (counted: they do, as in the "
        "published ELMo); default: by preset, mostly ignored",
        choices=("ignored", "counted"),
    )
    highways: int | None = setting(
        None, "highway layers after the filters; default: by preset", low=0
    )
    dim: int | None = setting(
        None, "numbers of a word, and of each direction's output; default: by preset", low=1
    )
    units: int | None = setting(
        None,
        "numbers in the memory of a layer; default: dim, with a projection 8 times that",
        low=1,
    )
    projection: bool | None = setting(
        None, "layers map their units to dim numbers; default: by preset, mostly no"
    )
    layers: int | None = setting(
        None, "recurrent layers of each direction; default: by preset", low=1
    )
    residual: bool = setting(True, "the input of each layer but the first is added to its output")
    cell_clip: float | None = setting(
        None, "largest number in the memory; 0: no limit; default: by preset, mostly 0", low=0
    )
    projection_clip: float | None = setting(
        None, "largest number in a projected output; 0: no limit; default: as cell_clip", low=0
    )
    min_count: int = setting(1, "words that occur less often are predicted as <unk>", low=1)
    max_size: int | None = setting(
        None, "words that are predicted, the most frequent; default: by preset", low=4
    )
    softmax: str = setting(
        "auto",
        "how the next word's probability is learnt; auto: full, above 4,096 words sampled",
        choices=("auto", "full", "sampled"),
    )
    samples: int | None = setting(
        None, "words drawn for a batch (sampled softmax); default: by preset", low=1
    )
    dropout: float | None = setting(
        None, "share of outputs of layers dropped; default: by preset", low=0, high=0.95
    )
    input_dropout: float | None = setting(
        None, "share of numbers of the words dropped; default: by preset", low=0, high=0.95
    )
    recurrent_dropout: float = setting(0.0, "share of recurrent weights dropped", low=0, high=0.95)
    batch_tokens: int | None = setting(None, "places of a batch; default: by preset", low=1)
    longest_line: int = setting(
        150, "longer lines are cut into pieces in training, nothing is lost", low=2
    )
    carry: bool = setting(
        False, "the text is one stream, the state carried from line to line; else lines stand alone"
    )
    bptt: int = setting(
        20, "places through which the gradient goes back (carry)", low=1, high=100_000
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        projects = PRESETS[self.preset].get("projection", False)
        if self.projection is not None:
            projects = self.projection
        if not projects and self.dim is None:  # both are one
            object.__setattr__(self, "dim", self.units)
        # the wide memory of a preset is for its projection
        fill(self, {k: v for k, v in PRESETS[self.preset].items() if k != "units" or projects})
        assert self.dim is not None  # every preset has one
        left = {
            "padding": "ignored",
            "projection": False,
            "units": 8 * self.dim if self.projection else self.dim,
            "cell_clip": 0.0,
            "projection_clip": self.cell_clip or 0.0,
        }
        for name, value in left.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        assert self.units is not None
        if not self.projection and self.units != self.dim:
            raise SettingError(
                f"units={self.units} and dim={self.dim}: without a projection a layer's output has "
                "as many numbers as its memory, and all layers are as wide as the words; give one "
                "of the two, or projection=true."
            )
        if self.projection and self.units <= self.dim:
            raise SettingError(
                f"units={self.units} and dim={self.dim}: a projection makes fewer numbers; give "
                "more units, or projection=false."
            )
        for width, _ in self.widths:
            if width > self.longest:
                raise SettingError(
                    f"filters={self.filters!r}: a filter of width {width} is wider than words of "
                    f"longest={self.longest}; leave it out."
                )

    @property
    def kind(self) -> str:
        return "elmo"

    @property
    def sizes(self) -> Sizes:
        """What was given, or what the preset says."""
        return Sizes(*(getattr(self, name) for name in Sizes._fields))

    @property
    def widths(self) -> tuple[tuple[int, int], ...]:
        """(width, how many) of the filters.

        Raises:
            SettingError: `filters` says something else.
        """
        text = self.sizes.filters
        pairs = [re.fullmatch(r"\s*(\d+)\s*:\s*(\d+)\s*", part) for part in text.split(",")]
        found = [(int(pair[1]), int(pair[2])) for pair in pairs if pair]
        if len(found) < len(pairs) or any(0 in pair for pair in found):
            raise SettingError(
                f"filters={text!r} cannot be used; wanted width:number, with commas between, such "
                "as 1:32,2:32,3:64."
            )
        return tuple(found)

    @property
    def limits(self) -> tuple[float, float]:
        """(cell_clip, projection_clip); 0: no limit."""
        return self.cell_clip or 0.0, self.projection_clip or 0.0

    def softmax_of(self, words: int) -> str:
        """How the softmax over so many words is learnt."""
        return softmax_over(words, self.softmax)

    def fit(
        self,
        corpus: Corpus | Iterable[str],
        *,
        dev: Corpus | Iterable[str] | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Trains on `corpus`, a line a sentence.

        dev: a held-out text; the state with the lowest perplexity on it is kept.
        checkpoint: a folder to go on from after an interruption, with resume=True.

        Raises:
            CorpusError, EncodingError, VocabularyError: the text cannot be used.
            SettingError: settings that do not go together.  MissingExtraError: no PyTorch.
            FitError: the numbers overflowed.  StorageError: the disk is full.
            Interrupted: Ctrl-C; `fitted` is what was reached.
        """
        from firth.neural import need_torch

        need_torch("ELMo")
        from firth.neural.fit_elmo import fit

        return fit(self, corpus, dev=dev, checkpoint=checkpoint, resume=resume, progress=progress)
