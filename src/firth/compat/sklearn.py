"""Documents as scikit-learn transformers: raw texts in, rows for a classifier out.

    make_pipeline(TfIdf(), LogisticRegression()).fit(texts, labels)

Parameters are the settings of `DocumentCounts` and `LSA`. A document is a string, cut by
`tokenizer`, or a list of tokens, taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any, Self

import numpy as np

from firth.errors import CorpusError, MissingExtraError
from firth.static.counts import DocumentCounts
from firth.static.lsa import LSA
from firth.text.corpus import Corpus
from firth.vectors.fitted import Fitted

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingExtraError("firth.compat.sklearn", "scikit-learn", "sklearn") from None

Documents = Iterable[str] | Iterable[list[str]]
TokenizerLike = str | Callable[[str], list[str]]


class _OfDocuments(TransformerMixin, BaseEstimator):
    """What the transformers share. After `fit`, `fitted_` is the model as firth knows it."""

    tokenizer: TokenizerLike
    fold_case: bool | None
    fitted_: Fitted

    #: the settings that the parameters are those of
    _kind: type[DocumentCounts] = DocumentCounts

    def _settings(self) -> DocumentCounts:
        names = {field.name for field in fields(self._kind)}
        given = self.get_params(deep=False)
        return self._kind(**{name: given[name] for name in names & given.keys()})

    def fit(self, X: Documents, y: Any = None) -> Self:
        """Learns the words of the documents `X`; `y` is not looked at."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Documents, y: Any = None) -> Any:
        """`fit`, and the rows of `X`."""
        self.fitted_, rows = self._settings().fit_transform(self._corpus(X))
        return rows

    def transform(self, X: Documents) -> Any:
        """A row for each of the documents `X`; words that `fit` did not see count nowhere."""
        check_is_fitted(self)
        if not (documents := _listed(X)):
            return self._settings().transform(self.fitted_, [])
        corpus = self._corpus(documents)
        return self._settings().transform(self.fitted_, corpus, threads=self._settings().threads)

    def _corpus(self, X: Documents) -> Corpus:
        return Corpus(_listed(X), tokenizer=self.tokenizer, fold_case=self.fold_case)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class _Counts(_OfDocuments):
    """Transformers whose columns are words."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """object[V]: the word of each column."""
        check_is_fitted(self)
        return np.array(self.fitted_.vocabulary.names, object)


class BagOfWords(_Counts):
    """How often each word stands in each document: sparse int64[D, V].

    binary: 1 for a word that is there, however often.  The others: see `DocumentCounts`.
    """

    def __init__(
        self,
        *,
        binary: bool = False,
        tokenizer: TokenizerLike = "words",
        fold_case: bool | None = None,
        min_count: int = 1,
        max_size: int | None = None,
        min_df: int = 1,
        max_df: float = 1.0,
        drop: str = "",
        threads: int = 1,
    ) -> None:
        self.binary = binary
        self.tokenizer = tokenizer
        self.fold_case = fold_case
        self.min_count = min_count
        self.max_size = max_size
        self.min_df = min_df
        self.max_df = max_df
        self.drop = drop
        self.threads = threads

    def _settings(self) -> DocumentCounts:
        return replace(super()._settings(), weighting="binary" if self.binary else "count")


class TfIdf(_Counts):
    """TF-IDF of each word in each document: sparse float64[D, V].

    weighting: tf-idf-smooth is scikit-learn's own, tf-idf that of textbooks; all of
    `weighting.WEIGHTINGS` may be given.  The others: see `DocumentCounts`.
    """

    def __init__(
        self,
        *,
        weighting: str = "tf-idf-smooth",
        tokenizer: TokenizerLike = "words",
        fold_case: bool | None = None,
        min_count: int = 1,
        max_size: int | None = None,
        min_df: int = 1,
        max_df: float = 1.0,
        drop: str = "",
        threads: int = 1,
    ) -> None:
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.fold_case = fold_case
        self.min_count = min_count
        self.max_size = max_size
        self.min_df = min_df
        self.max_df = max_df
        self.drop = drop
        self.threads = threads


class LSAVectors(ClassNamePrefixFeaturesOutMixin, _OfDocuments):
    """Each document as `dim` numbers, by latent semantic analysis: float32[D, dim].

    See `LSA` for the parameters. The vectors of words are in `fitted_.vectors`.
    """

    _kind = LSA

    def __init__(
        self,
        *,
        dim: int = 100,
        weighting: str = "tf-idf-smooth",
        tokenizer: TokenizerLike = "words",
        fold_case: bool | None = None,
        min_count: int = 1,
        max_size: int | None = None,
        min_df: int = 1,
        max_df: float = 1.0,
        drop: str = "",
        threads: int = 1,
        seed: int = 1,
    ) -> None:
        self.dim = dim
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.fold_case = fold_case
        self.min_count = min_count
        self.max_size = max_size
        self.min_df = min_df
        self.max_df = max_df
        self.drop = drop
        self.threads = threads
        self.seed = seed

    @property
    def _n_features_out(self) -> int:
        # what ClassNamePrefixFeaturesOutMixin asks for
        assert self.fitted_.vectors is not None
        return self.fitted_.vectors.dim


def _listed(X: Documents) -> list[Any]:
    """
    Raises:
        CorpusError: one string instead of many, or no documents at all.
    """
    if isinstance(X, str):
        raise CorpusError(
            f"Documents are a list of strings; found the string {X[:40]!r}. Give [text]."
        )
    return list(X)
