"""`Vectors`: a vocabulary and its matrix, and the questions one can ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.vectors import search
from firth.vectors.clusters import kmeans
from firth.vectors.rows import checked, dense, is_sparse, norms_of, span, unit

if TYPE_CHECKING:
    from firth.text.vocabulary import Vocabulary
    from firth.vectors.subwords import SubwordRows

Triple = tuple[str, str, str]


class Neighbor(NamedTuple):
    """A word and how near it is: a cosine, or the score of an analogy."""

    word: str
    similarity: float


class Vectors:
    """Words and float32[V, d], in memory or mapped from a file.

    vocabulary: the names, row by row.
    matrix: float32[V, d], or a scipy csr_array of it (PPMI: as many columns as words).
    norms: float32[V], the length of each row; worked out at first use if not given.
    subwords: the rows of n-grams, which give words never seen a vector; None: they have none.

    A row of zeros has similarity 0 to every word, itself included.

    Raises:
        VocabularyError: there are not as many names as rows.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        matrix: Any,
        norms: np.ndarray | None = None,
        subwords: SubwordRows | None = None,
    ) -> None:
        matrix = checked(matrix)
        if matrix.ndim != 2 or matrix.shape[0] != len(vocabulary):
            raise VocabularyError(
                f"{len(vocabulary)} names do not fit a matrix of shape {matrix.shape}; "
                "give one row for each name."
            )
        self.vocabulary = vocabulary
        self.matrix = matrix
        self._norms = norms
        self.subwords = subwords

    @property
    def dim(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def names(self) -> list[str]:
        return self.vocabulary.names

    @property
    def norms(self) -> np.ndarray:
        """float32[V]: the length of each row."""
        if self._norms is None:
            self._norms = norms_of(self.matrix)
        return self._norms

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        """Whether it is a word of the vocabulary; `known` is about words never seen too."""
        return word in self.vocabulary

    def known(self, word: str) -> bool:
        """Whether there is a vector of `word`: its own, or one that its n-grams give."""
        if word in self.vocabulary:
            return True
        return self.subwords is not None and bool(self.subwords.of([word])[1][0])

    def __getitem__(self, word: str | Sequence[str]) -> np.ndarray:
        """float32[d] of one word, float32[n, d] of a list of words.

        A word that was never seen gets the mean of its n-grams, if these vectors have any.

        Raises:
            UnknownWordError: the nearest names are offered.
        """
        if isinstance(word, str):
            return self._dense([word])[0]
        return self._dense(word)

    def __repr__(self) -> str:
        return f"Vectors({len(self):,} words, {self.dim} dimensions)"

    def id(self, word: str) -> int:
        """The row of `word`.

        Raises:
            UnknownWordError: the nearest names are offered.
        """
        return self.vocabulary.id(word)

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """int64[n]: the rows of `words`; an unknown one raises as in `id`."""
        return np.array([self.id(word) for word in words], np.int64)

    def head(self, limit: int | None) -> Vectors:
        """The first `limit` rows, sharing their memory; all of them for None.

        Raises:
            SettingError: the limit is below 1.
        """
        if limit is None or limit >= len(self):
            return self
        _at_least("limit", limit, 1)
        from firth.text.vocabulary import Vocabulary

        counts = self.vocabulary.counts
        vocabulary = Vocabulary(
            self.names[:limit], counts=None if counts is None else counts[:limit]
        )
        norms = None if self._norms is None else self._norms[:limit]
        return Vectors(vocabulary, span(self.matrix, 0, limit), norms, self.subwords)

    # ignored: a str is a Sequence of str too, and is meant as one word
    @overload
    def nearest(  # type: ignore[overload-overlap]
        self, query: str, n: int = 10, exclude: Iterable[str] = (), limit: int | None = None
    ) -> list[Neighbor]: ...
    @overload
    def nearest(
        self, query: np.ndarray, n: int = 10, exclude: Iterable[str] = (), limit: int | None = None
    ) -> Any: ...
    @overload
    def nearest(
        self,
        query: Sequence[str | np.ndarray],
        n: int = 10,
        exclude: Iterable[str] = (),
        limit: int | None = None,
    ) -> list[list[Neighbor]]: ...
    def nearest(
        self,
        query: Any,
        n: int = 10,
        exclude: Iterable[str] = (),
        limit: int | None = None,
    ) -> Any:
        """The n words of largest cosine, exact; ties in the order of the vocabulary.

        query: a word, a vector float32[d], or a list (or array [q, d]) of them, which is
            answered as one product and gives a list of lists.
        exclude: words not to answer; a word asked for is never its own answer.
        limit: look only among the first `limit` words.

        Raises:
            UnknownWordError, SettingError
        """
        single = isinstance(query, str) or (isinstance(query, np.ndarray) and query.ndim == 1)
        queries = [query] if single else list(query)
        rows = self._rows(limit)
        _at_least("n", n, 1)
        also = [self._row(word) for word in exclude]
        own = [self._row(one) if isinstance(one, str) else -1 for one in queries]
        excluded = [_rows_of([row, *also]) for row in own]
        vectors = self._rows_for(queries)
        found = search.nearest_rows(
            span(self.matrix, 0, rows), self.norms[:rows], vectors, n, excluded
        )
        answers = [self._answers(*one) for one in found]
        return answers[0] if single else answers

    @overload
    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        n: int = 10,
        method: str = "add",
        limit: int | None = None,
    ) -> list[Neighbor]: ...
    @overload
    def analogy(
        self,
        a: Sequence[Triple],
        b: None = None,
        c: None = None,
        n: int = 10,
        method: str = "add",
        limit: int | None = None,
    ) -> list[list[Neighbor]]: ...
    def analogy(
        self,
        a: Any,
        b: str | None = None,
        c: str | None = None,
        n: int = 10,
        method: str = "add",
        limit: int | None = None,
    ) -> Any:
        """a is to b as c is to: the n best words, exact, without a, b and c.

        a: a word, with `b` and `c`; or a list of triples (a, b, c), giving a list of lists.
        method: "add" (3CosAdd) or "mul" (3CosMul), see `search`.

        Raises:
            UnknownWordError, SettingError
        """
        single = isinstance(a, str)
        if method not in ("add", "mul"):
            raise SettingError(f"method={method!r} is not one of add, mul.")
        if single and (b is None or c is None):
            raise SettingError("an analogy needs three words: a is to b as c is to what?")
        triples: list[Any] = [(a, b, c)] if single else list(a)
        if any(isinstance(triple, str) or len(triple) != 3 for triple in triples):
            raise SettingError("a list of analogies takes triples (a, b, c) of words.")
        rows = self._rows(limit)
        _at_least("n", n, 1)
        ids = np.array([[self._row(word) for word in triple] for triple in triples], np.int64)
        ids = ids.reshape(-1, 3)
        a_rows, b_rows, c_rows = (
            self.matrix[ids[:, column]]
            if (ids[:, column] >= 0).all()
            else self._dense([triple[column] for triple in triples])
            for column in range(3)
        )
        found = search.analogy_rows(
            span(self.matrix, 0, rows),
            self.norms[:rows],
            (a_rows, b_rows, c_rows),
            n,
            [_rows_of(row) for row in ids],
            method,
        )
        answers = [self._answers(*one) for one in found]
        return answers[0] if single else answers

    def similarity(self, a: Any, b: Any) -> Any:
        """The cosine of two words, as a number; of two lists of equal length, float64[n]."""
        first, second = self._given(a), self._given(b)
        cosine = (unit(first) * unit(second)).sum(axis=-1)
        return float(cosine) if cosine.ndim == 0 else cosine

    def odd_one_out(self, words: Any) -> Any:
        """The word least like the mean of all (unit vectors); a list of lists gives a list.

        Raises:
            SettingError: fewer than three words.
        """
        if words and not isinstance(words[0], str):
            return [self.odd_one_out(some) for some in words]
        if len(words) < 3:
            raise SettingError(f"found {len(words)} words, an odd one out needs at least 3.")
        rows = unit(self._dense(words))
        return words[int(np.argmin((rows * rows.mean(axis=0)).sum(axis=1)))]

    def clusters(self, k: int, iterations: int = 10) -> np.ndarray:
        """int64[V]: the class of each word, as word2vec's `-classes` (see `clusters`)."""
        _at_least("k", k, 1)
        self.must_be_dense("clusters")
        return kmeans(self.matrix, k, iterations)

    def must_be_dense(self, what: str) -> None:
        """
        Raises:
            SettingError: the rows are sparse, and `what` takes dense ones.
        """
        if is_sparse(self.matrix):
            raise SettingError(
                f"These vectors are sparse, {self.dim:,} numbers a word, and {what} takes dense "
                "ones; train the kind svd, which makes such vectors dense."
            )

    def save(self, path: str | Path, format: str | None = None, overwrite: bool = True) -> None:
        """Writes the vectors; `format` as in `formats`, by default told from the name.

        Raises:
            FormatError: a name that the format cannot hold.
            StorageError, ModelExistsError
        """
        from firth.vectors.formats import save_vectors

        save_vectors(self, path, format=format, overwrite=overwrite)

    def _rows(self, limit: int | None) -> int:
        if limit is None:
            return len(self)
        _at_least("limit", limit, 1)
        return min(limit, len(self))

    def _given(self, words: Any) -> np.ndarray:
        if isinstance(words, str):
            return self._dense([words])[0]
        if isinstance(words, np.ndarray):
            return words
        return np.array([self._given(word) for word in words]).reshape(-1, self.dim)

    def _dense(self, words: Iterable[str]) -> np.ndarray:
        """float32[n, d] of these words."""
        words = list(words)
        rows = np.array([self._row(word) for word in words], np.int64)
        if (rows >= 0).all():
            return dense(self.matrix[rows])
        assert self.subwords is not None
        vectors = np.empty((len(words), self.dim), np.float32)
        vectors[rows >= 0] = dense(self.matrix[rows[rows >= 0]])
        unseen = np.flatnonzero(rows < 0)
        vectors[unseen] = self.subwords.of([words[at] for at in unseen])[0]
        return vectors

    def _row(self, word: str) -> int:
        """The row of `word`, -1 if its n-grams give its vector.

        Raises:
            UnknownWordError: the nearest names are offered.
        """
        row = self.vocabulary.get(word)
        if row < 0 and self.known(word):
            return -1
        return row if row >= 0 else self.id(word)

    def _rows_for(self, queries: list[Any]) -> Any:
        """The vectors of words and of queries that are vectors; sparse if all can be."""
        if is_sparse(self.matrix) and all(isinstance(one, str) for one in queries):
            return self.matrix[self.ids(queries)]
        vectors = np.empty((len(queries), self.dim), np.float64)
        for at, one in enumerate(queries):
            vectors[at] = self._dense([one])[0] if isinstance(one, str) else self._vector(one)
        return vectors

    def _vector(self, query: Any) -> np.ndarray:
        vector = np.asarray(query, np.float64)
        if vector.shape != (self.dim,):
            raise SettingError(
                f"found a query of shape {vector.shape}; these vectors have {self.dim} numbers."
            )
        if not np.isfinite(vector).all():
            raise SettingError("the query vector holds nan or infinity; all must be finite.")
        return vector

    def _answers(self, rows: np.ndarray, scores: np.ndarray) -> list[Neighbor]:
        return [
            Neighbor(self.vocabulary[int(row)], float(score))
            for row, score in zip(rows, scores, strict=True)
        ]


def _rows_of(rows: Iterable[int]) -> np.ndarray:
    """Those that are rows of the vocabulary."""
    return np.array([row for row in rows if row >= 0], np.int64)


def _at_least(name: str, value: int, low: int) -> None:
    if value < low:
        raise SettingError(f"{name}={value} is out of range; wanted at least {low}.")
