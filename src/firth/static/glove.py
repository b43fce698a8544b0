"""GloVe: vectors whose products are the logarithms of co-occurrence.

    J = 1/2 sum_{i, j: X_ij > 0} f(X_ij) (w_i . c_j + b_i + d_j - log X_ij)^2
    f(x) = min(1, (x / x_max)^alpha)      Pennington, Socher & Manning 2014, (8), (9); FA, JADS

X[i, j]: how often word j stands in the windows of word i, at distance d counted 1/d. w, b are
kept of words, c, d of contexts; the vector of a word is w + c, as published, or both.

The steps are in kernels/weighted_least_squares. Departs from the original program: numbers are
float32, not float64 (the loss of a float64 twin is the same to four digits); entries are visited
tile by tile in random order, tiles and inside tiles, anew in each epoch, not in one order drawn
once; any number of threads gives the same bits; a number that overflows ends the training
instead of being skipped. The biases learn without rate and clipping as in the original
(`bias_update="original"`); "published" is AdaGrad for them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.static.window_counts import WindowCounts

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors


@dataclass(frozen=True)
class GloVe(WindowCounts):
    """GloVe word vectors; `fit` trains them. Every setting is explained by `firth train glove
    --help`."""

    dim: int = setting(100, "length of a vector", low=1)
    epochs: int = setting(25, "passes over the pairs", low=1)
    x_max: float = setting(10.0, "count from which a pair weighs 1 (x_max)", low=1e-6)
    alpha: float = setting(0.75, "exponent of the weight of rarer pairs", low=0, high=10)
    rate: float = setting(0.05, "learning rate of AdaGrad (eta)", low=0)
    clip: float = setting(100.0, "largest gradient of a number, before the rate", low=0)
    bias_update: str = setting(
        "original",
        "how biases learn: without rate and clipping as the program, or as published",
        choices=("original", "published"),
    )
    combine: str = setting(
        "sum",
        "what the vectors are: word + context, word beside context, or word only",
        choices=("sum", "concatenation", "word"),
    )
    seed: int = setting(1, "of the random numbers; the same bits at any number of threads", low=0)
    checkpoint_every: float = setting(60.0, "seconds between checkpoints", low=0)

    @property
    def kind(self) -> str:
        return "glove"

    def fit(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]] | Cooccurrence,
        *,
        init_from: Vectors | Fitted | None = None,
        continue_from: Fitted | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Counts `corpus` (or takes the counts given) and trains on it.

        init_from: vectors that words of the same name start from.
        continue_from: a GloVe model to train further, one read from the original's files too;
            words it does not have start afresh.
        checkpoint: a folder to keep the state in while training; `resume` goes on from there and
            ends with the same bits. It is left for the caller to delete once the result is safe.

        Raises:
            CorpusError, VocabularyError: nothing to learn from.
            SettingError: settings that do not fit the given counts, vectors or checkpoint.
            FitError: the numbers overflowed.
            Interrupted: Ctrl-C; `.fitted` is what was reached.
        """
        from firth.static.fit_glove import fit

        return fit(
            self,
            corpus,
            init_from=init_from,
            continue_from=continue_from,
            checkpoint=Path(checkpoint) if checkpoint is not None else None,
            resume=resume,
            progress=progress,
        )
