"""What a tagger is made of and how it learns: its settings, without torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth.neural.training import Training
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.text.tag_schemes import scheme_named

if TYPE_CHECKING:
    from firth.text.tagged import Tagged
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

KIND = "tagger"
#: passes over the sentences where neither they nor a time are given
EPOCHS = 30
#: names that others give to schemes; settings hold ours (`scheme_named`)
ALSO = ("BIO", "IOB", "BIOES")
SCHEMES = ("auto", "none", "IO", "IOB1", "IOB2", "IOBES", "BILOU", "BMES", *ALSO)
ENCODERS = ("lstm", "gru", "rnn", "irnn", "none")


@dataclass(frozen=True)
class Tagger(Training):
    """A tag for each word of a sentence; `fit` learns it from sentences that have theirs. Every
    setting is explained by `firth train tagger --help`."""

    # what the words are made of
    dim: int = setting(100, "numbers a word that are learnt by tagging; 0: none", low=0)
    min_count: int = setting(1, "words that occur less often become <unk>", low=1)
    fold_case: bool = setting(True, "the learnt numbers (dim) ignore the case of letters")
    fold_digits: bool = setting(True, "the learnt numbers (dim) take every digit for a 0")
    word_dropout: float = setting(
        1.0, "a: a word seen c times is <unk> in training with the probability a / (a + c)", low=0
    )
    characters: str = setting(
        "cnn", "what reads the spelling of a word", choices=("cnn", "rnn", "none")
    )
    character_unit: str = setting(
        "auto",
        "what spelling is read in: characters or bytes; auto: bytes if nearly all characters have "
        "one",
        choices=("auto", "character", "byte"),
    )
    character_dim: int = setting(30, "length of a character's vector", low=1)
    character_width: int = setting(100, "numbers a word that come from its spelling", low=4)
    longest: int = setting(30, "characters of a word that are read, with two marks", low=6)
    tune: bool = setting(False, "the given vectors of words in the text go on learning")
    max_vectors: int | None = setting(
        None, "given vectors that the model keeps, the first ones; default: all", low=1
    )
    elmo_layers: str = setting(
        "mix", "what is taken of an ELMo's layers", choices=("mix", "top", "average")
    )
    elmo_norm: str = setting(
        "layer", "normalisation of an ELMo's layers before they are mixed",
        choices=("none", "layer", "batch"),
    )  # fmt: skip
    elmo_penalty: float = setting(
        0.0, "factor of the sum of squares of the mix's s_j, which holds it near the mean", low=0
    )
    # what reads the sentence
    encoder: str = setting("lstm", "what reads the sentence, both ways", choices=ENCODERS)
    units: int = setting(200, "numbers in the hidden state, in each direction", low=1)
    layers: int = setting(1, "recurrent layers, one upon the other", low=1)
    connection: str = setting(
        "none", "what goes past a layer", choices=("none", "residual", "highway")
    )
    dropout: float = setting(
        0.5, "share dropped of what goes into and comes out of the encoder", low=0, high=0.95
    )
    recurrent_dropout: float = setting(0.0, "share of recurrent weights dropped", low=0, high=0.95)
    # what chooses the tags
    head: str = setting(
        "crf", "how tags are chosen: those of a sentence together, or each by itself",
        choices=("crf", "linear"),
    )  # fmt: skip
    scheme: str = setting(
        "auto", "how tags write spans; none: they are no spans; auto: what they look like",
        choices=SCHEMES,
    )  # fmt: skip
    learns: str = setting(
        "IOBES", "the scheme that spans are learnt in; answers come in the scheme of the data",
        choices=("same", "IOB2", "IOBES", "BIO", "BIOES"),
    )  # fmt: skip
    batch_tokens: int | None = setting(
        None, "words of a batch, padding included; default: a 300th of the text, from 100 to 600",
        low=1,
    )  # fmt: skip
    clip_norm: float = setting(5.0, "longest gradient, as a norm; 0: no limit", low=0)
    epochs: int | None = setting(
        None, f"passes over the sentences, at most; default: {EPOCHS}", low=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is None and not self.minutes:
            object.__setattr__(self, "epochs", EPOCHS)
        for name in ("scheme", "learns"):
            if getattr(self, name) in ALSO:
                object.__setattr__(self, name, scheme_named(getattr(self, name)))

    @property
    def kind(self) -> str:
        return KIND

    def batch_of(self, words: int) -> int:
        """Words of a batch of so long a text: a short one has to have steps enough too."""
        return self.batch_tokens or min(600, max(100, words // 300))

    def fit(
        self,
        tagged: Tagged | Iterable[Any],
        *,
        dev: Tagged | Iterable[Any] | None = None,
        vectors: Vectors | None = None,
        elmo: Fitted | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Learns from `tagged`, whatever a `Tagged` is or is made of.

        dev: held-out sentences; the state with the best F1 (tags without spans: accuracy) on
        them is kept.
        vectors: of words, read beside those learnt here; they stay as they are but with `tune`.
        elmo: a biLM (kind elmo), which stays as it is; the mix of its layers is learnt.
        checkpoint: a folder to go on from after an interruption, with resume=True.

        Raises:
            CorpusError, EncodingError: the sentences cannot be read, or there are none.
            VocabularyError: tags that break the scheme they are said to have.
            SettingError: settings that do not go together, or PyTorch is not installed.
            FitError: the numbers overflowed.  StorageError: the disk is full.
            Interrupted: Ctrl-C; `fitted` is what was reached.
        """
        from firth.neural import need_torch

        need_torch("A tagger")
        from firth.neural.fit_tagger import fit

        return fit(
            self,
            tagged,
            dev=dev,
            vectors=vectors,
            elmo=elmo,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
