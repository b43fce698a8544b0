"""How small a classifier must be made so that its .ftz has at most so many bytes.

Counted exactly as `formats.fasttext_file` lays them out: which rows stay for which cutoff is
known (the largest norms), and what each costs: its codes, and its name with a count or its place
in the list of kept n-grams.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from firth.progress import SILENT, Progress
from firth.static.quantize import ModelQuantization, quantize
from firth.text.labelled import Labelled
from firth.text.subwords import LINE_END
from firth.vectors.fitted import Fitted
from firth.vectors.rows import norms_of

#: a model of fewer rows is not worth having (kCutoffLimit of fastText's autotune.cc); from so many
#: labels on their rows are quantised too
FEWEST = 256
#: header, sizes of the dictionary, two bytes for quantised matrices
HEADER = 64 + 28 + 2
#: of a quantised matrix, without codes and centroids; of its norms
MATRIX, NORMS = 1 + 8 + 8 + 4 + 16, 16 + 4 * 256
CENTROIDS = 4 * 256
#: a count, a kind and the zero behind a name
ENTRY = 8 + 1 + 1
NGRAM = 4 + 4


class _Counter(io.BytesIO):
    """A file that only counts."""

    size = 0

    def write(self, data: Any) -> int:
        self.size += memoryview(data).nbytes
        return len(data)


def bytes_of(fitted: Fitted) -> int:
    """How large its .bin or .ftz is."""
    from firth.vectors.formats import fasttext_file, fasttext_model

    counter = _Counter()
    fasttext_file.write(fasttext_model.contents_of(fitted, Path("model")), counter)
    return counter.size


def cutoff_for(fitted: Fitted, size: int, dsub: int, norms: bool, output_too: bool) -> int:
    """Input rows that can stay if its .ftz is to have at most `size` bytes; below 0 if none.

    As many as there are if all of them can.
    """
    vectors, labels = fitted.vectors, fitted.labels
    assert vectors is not None and labels is not None  # it is a classifier
    dim, given = vectors.dim, vectors.subwords
    prefix = fitted.corpus.get("label_prefix", "__label__") or ""
    left = size - HEADER - MATRIX - CENTROIDS * dim - (NORMS if norms else 0)
    left -= sum(len((prefix + name).encode()) + ENTRY for name in labels)
    if output_too:
        left -= MATRIX + CENTROIDS * dim + len(labels) * (-(-dim // 2) + norms)
        left -= NORMS if norms else 0
    else:
        left -= 16 + 4 * dim * len(labels)
    rows = fitted.state.get("words", vectors.matrix)
    names = np.array([len(name.encode("utf-8", "surrogatepass")) for name in vectors.vocabulary])
    ngrams = 0 if given is None else len(given.matrix)
    codes = -(-dim // dsub) + norms
    costs = np.concatenate([codes + ENTRY + names, np.full(ngrams, codes + NGRAM)])
    if costs.sum() - NGRAM * ngrams <= left:  # without a cutoff no n-gram is listed
        return len(costs)
    lengths = norms_of(rows)
    if given is not None:
        lengths = np.concatenate([lengths, norms_of(given.matrix)])
    end = vectors.vocabulary.get(LINE_END)
    if end >= 0:
        lengths[end] = np.inf
    order = np.argsort(-lengths, kind="stable")
    return int(np.searchsorted(np.cumsum(costs[order]), left, "right"))


def fitting(
    fitted: Fitted,
    labelled: Labelled,
    size: int,
    dsub: int,
    progress: Progress = SILENT,
) -> Fitted | None:
    """The model in at most `size` bytes: as it is, or quantised, pruned and trained on; None if
    less than 256 rows would be left.
    """
    vectors = fitted.vectors
    assert vectors is not None and fitted.labels is not None  # it is a classifier
    rows = len(vectors) + (0 if vectors.subwords is None else len(vectors.subwords.matrix))
    if 4 * rows * vectors.dim <= size and bytes_of(fitted) <= size:
        return fitted
    output_too = len(fitted.labels) >= FEWEST
    cutoff = cutoff_for(fitted, size, dsub, True, output_too)
    if cutoff < min(FEWEST, rows):
        return None
    whole = cutoff >= rows
    how = ModelQuantization(
        dsub=dsub,
        norms=True,
        threads=int(fitted.settings.get("threads", 0)),
        seed=int(fitted.settings.get("seed", 1)),
        cutoff=0 if whole else cutoff,
        output_too=output_too,
    )
    smaller = quantize(fitted, how, None if whole else labelled, progress)
    return smaller if bytes_of(smaller) <= size else None
