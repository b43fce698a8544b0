"""SVD: PPMI rows of V numbers, brought down to d.

    PPMI ~ U_d diag(s_d) V_d^T          the best approximation of rank d (Eckart & Young 1936)
    W = U_d diag(s_d)^p                 the vectors, p the eigenvalue weight
    C = V_d diag(s_d)^p                 the same of contexts; W + C with `combine="sum"`

p = 1 is the plain truncated SVD of the notes (FA). Levy, Goldberg & Dagan 2015 advise p = 0 or 1/2
and no shift; docs/ppmi-svd.md has what that made of one text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firth.errors import SettingError
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.static.ppmi import PPMI, ppmi

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted


@dataclass(frozen=True)
class SVD(PPMI):
    """Truncated singular value decomposition of PPMI; `fit` computes it. Every setting is
    explained by `firth train svd --help`."""

    dim: int = setting(100, "length of a vector", low=1)
    eigenvalue_weight: float = setting(0.5, "exponent of the singular values (p)", low=0, high=2)
    combine: str = setting(
        "word", "what the vectors are: of words, or word + context", choices=("word", "sum")
    )
    seed: int = setting(1, "of the start of the solver; one seed gives the same bits", low=0)

    @property
    def kind(self) -> str:
        return "svd"

    def fit(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]] | Cooccurrence,
        *,
        progress: Progress = SILENT,
    ) -> Fitted:
        """Counts `corpus` (or takes the counts given) and decomposes its PPMI.

        state: "singular_values" float64[dim], "contexts" float32[V, dim] (V_d).

        Raises:
            CorpusError, VocabularyError: nothing to learn from, or nothing above the shift.
            SettingError: more dimensions than words, or settings that do not fit the counts.
        """
        from firth.static.machine import available_cores, size
        from firth.static.truncated_svd import truncated_svd
        from firth.vectors.fitted import Fitted
        from firth.vectors.vectors import Vectors

        counts = self.count(corpus, progress=progress)
        words = len(counts.vocabulary)
        if self.dim > words:
            raise SettingError(
                f"dim={self.dim} is more than the {words:,} words there are; give a smaller --dim, "
                "or keep more words by --min-count."
            )
        matrix = ppmi(counts, self.smoothing, self.shift)
        held = 3 * 8 * matrix.nnz + 4 * words * 5 * self.dim
        progress.say(f"{words:,} words, {matrix.nnz:,} numbers above zero: about {size(held)}.")
        notes = {**counts.corpus, "pairs": len(counts), "positive": int(matrix.nnz)}
        vocabulary, phrases = counts.vocabulary, counts.phrases
        del counts
        U, s, V = truncated_svd(
            matrix, self.dim, self.seed, threads=self.threads or available_cores(),
            progress=progress,
        )  # fmt: skip
        weight = np.where(s > 0, s**self.eigenvalue_weight, 0).astype(np.float32)
        W = U * weight
        if self.combine == "sum":
            W += V * weight
        return Fitted(
            kind=self.kind,
            vectors=Vectors(vocabulary, W),
            state={"singular_values": s, "contexts": V},
            settings=self.to_json(),
            corpus=notes,
            phrases=phrases,
        )
