"""Latent semantic analysis: documents and words in one space, from a weighted document-word matrix.

    X ~ U S V^T             truncated to dim singular values           Deerwester et al. 1990
    documents    X V = U S                  float32[D, dim]
    words        V S^power                  float32[V, dim], the vectors that are kept
    folded in    x V                        a new document's row x, weighted as X was

X[d, i] is any of the weightings of `DocumentCounts`. With power 1 the products of word vectors are
those of the words' columns of X, as far as dim dimensions hold them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from firth.errors import FormatError
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.static.counts import DocumentCounts, transform
from firth.static.machine import available_cores
from firth.static.truncated_svd import truncated_svd
from firth.static.weighting import WEIGHTINGS
from firth.text.corpus import Corpus
from firth.vectors.documents import DocumentVectors
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

Text = Corpus | Iterable[str] | Iterable[list[str]]


@dataclass(frozen=True)
class LSA(DocumentCounts):
    """Latent semantic analysis; `fit` learns vectors of words and documents. Every setting is
    explained by `firth train lsa --help`."""

    weighting: str = setting("tf-idf-smooth", "how a count becomes a value", choices=WEIGHTINGS)
    dim: int = setting(100, "length of a vector", low=1)
    power: float = setting(1.0, "exponent of the singular values in the vectors of words", low=0)
    seed: int = setting(1, "where the solver starts; one seed gives the same bits", low=0)

    @property
    def kind(self) -> str:
        return "lsa"

    def fit(self, corpus: Text, *, progress: Progress = SILENT) -> Fitted:
        """Learns from `corpus`.

        `.vectors`: those of words; `.documents`: those of the corpus' documents, numbered.
        state: "components" float32[V, dim] (the V above), "singular_values" float64[dim], and what
        `DocumentCounts` keeps.

        Raises:
            CorpusError, VocabularyError: as `DocumentCounts.fit`.
            SettingError: more dimensions than the matrix has.
        """
        return self.fit_transform(corpus, progress=progress)[0]

    def fit_transform(
        self, corpus: Text, *, progress: Progress = SILENT
    ) -> tuple[Fitted, np.ndarray]:
        """As `fit`, and the vectors of the corpus' documents."""
        counted, X = super().fit_transform(corpus, progress=progress)
        threads = self.threads or available_cores()
        _, S, V = truncated_svd(X, self.dim, self.seed, threads=threads, progress=progress)
        documents = _folded(X, V)
        fitted = replace(
            counted,
            vectors=Vectors(counted.vocabulary, V * (S**self.power).astype(np.float32)),
            state={**counted.state, "components": V, "singular_values": S},
            documents=DocumentVectors(documents),
        )
        return fitted, documents

    @staticmethod
    def transform(fitted: Fitted, documents: Text, *, threads: int = 1) -> np.ndarray:
        """float32[D, dim]: other documents, folded in; one without a known word is zero.

        documents: see `DocumentCounts.transform`.

        Raises:
            SettingError, FormatError: as there.
        """
        V = fitted.state.get("components")
        if V is None:
            raise FormatError(fitted.kind, "a model without components", "one of the kind lsa")
        return _folded(transform(fitted, documents, threads=threads), np.asarray(V))


def _folded(X, V: np.ndarray) -> np.ndarray:
    """x V, row by row; X sparse, of shape [D, V]."""
    return np.asarray(X.astype(np.float32) @ V)
