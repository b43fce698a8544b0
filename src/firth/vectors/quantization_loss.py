"""What is lost when vectors are made smaller, in numbers that say what they are of.

relative error        sqrt(sum |x - y|^2 / sum |x|^2)       y: what became of the row x
neighbours kept       share of the 10 nearest words of x, by cosine, that are among the 10
                      nearest of y; mean over words drawn at random from the vocabulary
similarity            Spearman's correlation with human scores, before and after
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firth.vectors.quantized import Rows, blocks
from firth.vectors.vectors import Vectors

NEIGHBORS = 10
#: words whose neighbours are compared
WORDS = 500


@dataclass(frozen=True)
class Loss:
    """bytes_*: of the matrices.  ngrams_error: of the n-gram rows; None if there are none.

    similarity: per file its name and Spearman's correlation "before" and "after".
    """

    bytes_before: int
    bytes_after: int
    relative_error: float
    neighbors_kept: float
    words: int
    ngrams_error: float | None = None
    similarity: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        document = {
            "bytes": {"before": self.bytes_before, "after": self.bytes_after},
            "relative_error": self.relative_error,
            "neighbors_kept": self.neighbors_kept,
            "words": self.words,
        }
        if self.ngrams_error is not None:
            document["ngrams_error"] = self.ngrams_error
        return document | {"similarity": self.similarity}


def loss(
    before: Vectors,
    after: Vectors,
    similarity: Iterable[str | Path] = (),
    words: int = WORDS,
    seed: int = 1,
) -> Loss:
    """What `after` has lost of `before`, over the same vocabulary.

    similarity: files of word pairs with human scores, as `evaluate_similarity` reads them.
    words: how many to compare the neighbours of.
    """
    kept, drawn = neighbors_kept(before, after, words, seed)
    ngrams = [getattr(vectors, "subwords", None) for vectors in (before, after)]
    error = None
    if ngrams[0] is not None and ngrams[1] is not None:
        error = relative_error(ngrams[0].matrix, ngrams[1].matrix)
    return Loss(
        size_of(before),
        size_of(after),
        relative_error(before.matrix, after.matrix),
        kept,
        drawn,
        error,
        similarities(before, after, similarity),
    )


def size_of(vectors: Vectors) -> int:
    """Bytes of the matrix and of the n-gram rows."""
    subwords = getattr(vectors, "subwords", None)
    return int(vectors.matrix.nbytes) + (0 if subwords is None else int(subwords.matrix.nbytes))


def relative_error(x: np.ndarray | Rows, y: np.ndarray | Rows) -> float:
    """sqrt(sum |x - y|^2 / sum |x|^2) over all rows; 0 for a matrix of zeros that stays one."""
    lost = whole = 0.0
    for first, rows in blocks(x):
        difference = rows - y[first : first + len(rows)]
        lost += float(np.square(difference, dtype=np.float64).sum())
        whole += float(np.square(rows, dtype=np.float64).sum())
    if whole == 0:
        return 0.0 if lost == 0 else float("inf")
    return float(np.sqrt(lost / whole))


def similarities(
    before: Vectors, after: Vectors, files: Iterable[str | Path]
) -> list[dict[str, Any]]:
    """Per file its name and Spearman's correlation "before" and "after"."""
    from firth.vectors.evaluate import evaluate_similarity

    found = []
    for file in files:
        reports = [evaluate_similarity(vectors, file) for vectors in (before, after)]
        first, second = (report.spearman for report in reports)
        found.append({"name": reports[0].name, "before": first, "after": second})
    return found


def neighbors_kept(
    before: Vectors, after: Vectors, words: int = WORDS, seed: int = 1
) -> tuple[float, int]:
    """The share of the nearest words that stayed among the nearest, and of how many words.

    Words drawn at random; 1.0 if there is but one word.
    """
    n = min(NEIGHBORS, len(before) - 1)
    if n < 1:
        return 1.0, len(before)
    size = min(words, len(before))
    drawn = np.random.default_rng(seed).choice(len(before), size, replace=False)
    queries = [before.names[row] for row in drawn]
    pairs = zip(before.nearest(queries, n), after.nearest(queries, n), strict=True)
    shared = [
        len({found.word for found in first} & {found.word for found in second})
        for first, second in pairs
    ]
    return sum(shared) / (n * size), size
