"""fastText's classifier: a text is the mean of its features' rows, and that predicts its labels.

    h = 1/n sum_{i=1..n} w_i;   J(h, labels): softmax, hierarchical softmax, negative sampling, or
    one question a label (kernels/labels.py)           Joulin, Grave, Bojanowski & Mikolov 2016
                                                       (1607.01759), section 2
    features of a text: its words and </s>; with max_n, the character n-grams of each; with
    word_ngrams, each run of 2 … word_ngrams words (kernels/features.py)

W float32[V, d]        rows of words         Z float32[buckets, d]  rows of n-grams, hashed
U float32[labels, d]   output rows

Of a text with several labels one is drawn at each visit; one-vs-all learns from all of them.

Departs from the original: every row starts at random (there only a tenth for each thread); the
order of the texts is drawn anew in each epoch (shuffle=False: as they stand, so that a file sorted
by label is learnt badly, as there); the logistic function and its logarithm are not read from
tables; the rate falls with the texts that have a label, and is refreshed at each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth.errors import SettingError
from firth.progress import SILENT, Progress
from firth.settings import Settings, setting

if TYPE_CHECKING:
    from firth.text.labelled import Labelled
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

OBJECTIVES = ("softmax", "hierarchical-softmax", "negative-sampling", "one-vs-all")


@dataclass(frozen=True)
class FastTextClassifier(Settings):
    """A classifier of texts; `fit` trains it. Every setting is explained by
    `firth train fasttext-classifier --help`."""

    dim: int = setting(100, "length of a vector", low=1)
    epochs: int = setting(5, "passes over the texts", low=1)
    rate: float = setting(0.1, "first learning rate; falls linearly to 0", low=0)
    objective: str = setting("softmax", "what is maximised", choices=OBJECTIVES)
    word_ngrams: int = setting(1, "words of the longest run that is a feature", low=1, high=100)
    min_n: int = setting(0, "characters of the shortest n-gram", low=0, high=100)
    max_n: int = setting(0, "characters of the longest n-gram; 0: no n-grams", low=0, high=100)
    buckets: int = setting(2_000_000, "rows that n-grams are hashed into", low=0, high=1 << 30)
    min_count: int = setting(1, "words that occur less often have no row", low=1)
    min_count_label: int = setting(0, "labels that occur less often are left out", low=0)
    negatives: int = setting(5, "drawn labels a text (negative sampling)", low=1)
    noise_power: float = setting(0.5, "exponent of the counts in the noise distribution")
    class_weights: str = setting(
        "none",
        "balanced: each label counts as much as any other, however rare",
        choices=("none", "balanced"),
    )
    shuffle: bool = setting(True, "draw the order of the texts anew in each epoch")
    threads: int = setting(0, "processor cores to use; 0: all", low=0)
    seed: int = setting(
        1, "of the random numbers; one thread and one seed give the same bits", low=0
    )
    patience: int = setting(3, "epochs without a better held-out F1 before stopping", low=1)
    checkpoint_every: float = setting(60.0, "seconds between checkpoints", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_n > 0 and self.min_n > self.max_n:
            raise SettingError(
                f"min_n={self.min_n} is above max_n={self.max_n}; give min_n of at most max_n, or "
                "max_n=0 for no character n-grams."
            )
        if self.buckets == 0 and (self.max_n > 0 or self.word_ngrams > 1):
            what = (
                f"character n-grams (max_n={self.max_n})"
                if self.max_n > 0
                else f"runs of words (word_ngrams={self.word_ngrams})"
            )
            raise SettingError(
                f"buckets=0 leaves no row for {what}; give buckets=2000000, say, or max_n=0 and "
                "word_ngrams=1 for none of them."
            )

    @property
    def kind(self) -> str:
        """The word for it on the command line."""
        return "fasttext-classifier"

    @property
    def rows_of_ngrams(self) -> int:
        """Rows of Z: none if there are no n-grams of either kind."""
        return self.buckets if self.max_n > 0 or self.word_ngrams > 1 else 0

    def fit(
        self,
        labelled: Labelled | Any,
        *,
        dev: Labelled | Any | None = None,
        init_from: Vectors | Fitted | None = None,
        continue_from: Fitted | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Trains on `labelled`: a `Labelled`, or what makes one (a file, pairs of label and text).

        dev: held-out examples; after each epoch they are predicted, training stops when the F1 has
        not improved for `patience` epochs, and the best state is returned.
        init_from: vectors that words of the same name start from; words of theirs that the texts
        do not have join too, as in the original.
        continue_from: a classifier to train further; its words, labels and n-grams stay what they
        are, and what is new in the texts is left out.
        checkpoint: a folder to keep the state in while training; `resume` goes on from there. It
        is left for the caller to delete once the result is safe.

        Raises:
            CorpusError, VocabularyError: nothing to learn from: no labels, or only one.
            SettingError: settings that do not fit the given vectors, model or checkpoint.
            FitError: the numbers overflowed.
            Interrupted: Ctrl-C; `.fitted` is what was reached.
        """
        from firth.static.fit_classifier import fit

        return fit(
            self,
            labelled,
            dev=dev,
            init_from=init_from,
            continue_from=continue_from,
            checkpoint=Path(checkpoint) if checkpoint is not None else None,
            resume=resume,
            progress=progress,
        )
