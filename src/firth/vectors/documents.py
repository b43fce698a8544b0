"""`DocumentVectors`: the ids of documents and their matrix, and which documents are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from firth.errors import SettingError, UnknownWordError, VocabularyError, did_you_mean
from firth.vectors import search
from firth.vectors.rows import norms_of, unit

if TYPE_CHECKING:
    from firth.text.vocabulary import Vocabulary

Id = str | int | np.integer[Any]


class NearDocument(NamedTuple):
    """A document's id and how near it is: a cosine."""

    document: str
    similarity: float


class DocumentVectors:
    """Documents and float32[D, d], in memory or mapped from a file.

        documents["review-17"]      documents[17]      documents[["pos", "neg"]]
        documents.nearest("review-17", n=5)
        documents.nearest(infer(fitted, ["a new text"]).vectors)

    matrix: float32[D, d].
    names: the ids, row by row; None: documents are numbered, and "17" is the id of row 17.
    norms: float32[D], the length of each row; worked out at first use if not given.

    An id is text; a whole number is a row. A row of zeros (a document without a known word) has
    similarity 0 to every other. NumPy takes it for its matrix: np.asarray(documents).

    Raises:
        VocabularyError: there are not as many ids as rows, or one stands there twice.
    """

    def __init__(
        self, matrix: np.ndarray, names: Vocabulary | None = None, norms: np.ndarray | None = None
    ) -> None:
        matrix = np.asarray(matrix)
        if matrix.ndim != 2 or (names is not None and len(names) != len(matrix)):
            raise VocabularyError(
                f"{0 if names is None else len(names)} ids do not fit a matrix of shape "
                f"{matrix.shape}; give one row for each document."
            )
        self.matrix, self.names, self._norms = matrix, names, norms

    @property
    def dim(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.matrix.shape

    @property
    def norms(self) -> np.ndarray:
        """float32[D]: the length of each row."""
        if self._norms is None:
            self._norms = norms_of(self.matrix)
        return self._norms

    @property
    def empty(self) -> np.ndarray:
        """bool[D]: documents whose row is zero, as they hold no known word."""
        return self.norms == 0

    @property
    def ids(self) -> list[str]:
        """All ids, row by row."""
        if self.names is None:
            return [str(row) for row in range(len(self))]
        return self.names.names

    def __len__(self) -> int:
        return len(self.matrix)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy:
            return np.array(self.matrix, dtype)
        return np.asarray(self.matrix, dtype)

    def __repr__(self) -> str:
        return f"DocumentVectors({len(self):,} documents, {self.dim} dimensions)"

    def __contains__(self, document: object) -> bool:
        return isinstance(document, str | int | np.integer) and self._find(document) >= 0

    def __getitem__(self, document: Id | Sequence[Id]) -> np.ndarray:
        """float32[d] of one document, float32[n, d] of a list of them.

        Raises:
            UnknownWordError: ids nearby are offered.
        """
        if isinstance(document, str | int | np.integer):
            return np.array(self.matrix[self.row(document)])
        return np.array(self.matrix[self.rows(document)])

    def id(self, row: int) -> str:
        """The id of a row."""
        return str(int(row)) if self.names is None else self.names[int(row)]

    def row(self, document: Id) -> int:
        """The row of a document.

        Raises:
            UnknownWordError: ids nearby are offered.
        """
        found = self._find(document)
        if found >= 0:
            return found
        if self.names is None or not isinstance(document, str):
            raise UnknownWordError(
                f"There is no document {document!r}; rows go from 0 to {len(self) - 1:,}."
            )
        near = did_you_mean(document, self.names.nearest_names(document))
        raise UnknownWordError(
            f"'{document}' is not among the {len(self):,} documents of this model.{near}"
        )

    def rows(self, documents: Iterable[Id]) -> np.ndarray:
        """int64[n]: the rows of documents; an unknown one raises as in `row`."""
        return np.array([self.row(one) for one in documents], np.int64)

    def _find(self, document: Id) -> int:
        if isinstance(document, str):
            if self.names is not None:
                return self.names.get(document)
            if not (document.isascii() and document.isdigit() and str(int(document)) == document):
                return -1
            document = int(document)
        return int(document) if 0 <= document < len(self) else -1

    @overload
    def nearest(  # type: ignore[overload-overlap]  # a string is a sequence of strings, too
        self, query: Id, n: int = 10, exclude: Iterable[Id] = ()
    ) -> list[NearDocument]: ...
    @overload
    def nearest(self, query: np.ndarray, n: int = 10, exclude: Iterable[Id] = ()) -> Any: ...
    @overload
    def nearest(
        self, query: Sequence[Id | np.ndarray], n: int = 10, exclude: Iterable[Id] = ()
    ) -> list[list[NearDocument]]: ...
    def nearest(self, query: Any, n: int = 10, exclude: Iterable[Id] = ()) -> Any:
        """The n documents of largest cosine, exact; ties in the order of the rows.

        query: a document, a vector float32[d] (of a new text, or a word's in the same space), or
            a list (or array [q, d]) of them, which gives a list of lists.
        exclude: documents not to answer; one asked for is never its own answer.

        Raises:
            UnknownWordError, SettingError
        """
        if n < 1:
            raise SettingError(f"n={n} is out of range; wanted at least 1.")
        single = isinstance(query, str | int | np.integer)
        single = single or (isinstance(query, np.ndarray) and query.ndim == 1)
        queries = [query] if single else list(query)
        also = [self.row(one) for one in exclude]
        vectors = np.empty((len(queries), self.dim), np.float64)
        excluded = []
        for at, one in enumerate(queries):
            if isinstance(one, str | int | np.integer):
                row = self.row(one)
                vectors[at] = self.matrix[row]
                excluded.append(np.array([row, *also], np.int64))
            else:
                vectors[at] = self._vector(one)
                excluded.append(np.array(also, np.int64))
        found = search.nearest_rows(self.matrix, self.norms, vectors, n, excluded)
        answers = [
            [
                NearDocument(self.id(row), float(score))
                for row, score in zip(rows, scores, strict=True)
            ]
            for rows, scores in found
        ]
        return answers[0] if single else answers

    def similarity(self, a: Id, b: Id) -> float:
        """The cosine of two documents."""
        one, other = unit(self[[a, b]])
        return float(one @ other)

    def _vector(self, query: Any) -> np.ndarray:
        vector = np.asarray(query, np.float64)
        if vector.shape != (self.dim,):
            raise SettingError(
                f"found a query of shape {vector.shape}; these documents have {self.dim} numbers."
            )
        if not np.isfinite(vector).all():
            raise SettingError("the query vector holds nan or infinity; all must be finite.")
        return vector
