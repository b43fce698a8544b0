"""What the files of a model folder hold: vectors, n-grams, documents, state; written and read.

The layout is in fitted.py. What is read is mapped, and checked against what it must be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.documents import DocumentVectors
from firth.vectors.model_folder import (
    DOCUMENTS,
    IDS,
    MODEL,
    NGRAMS,
    STATE,
    SUBWORDS,
    listed,
)
from firth.vectors.quantized import ProductQuantized, share_centroids
from firth.vectors.quantized_tensors import PARTS, matrix_of, tensors_of
from firth.vectors.rows import is_sparse
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors

#: what words and n-grams that were quantised together share; kept once, with the words
SHARED = ("centroids", "norm_centroids")


def save_subwords(folder: Path, subwords: SubwordRows, words: Any) -> None:
    rule = subwords.subwords
    tensors = tensors_of(subwords.matrix, "ngrams")
    if share_centroids(words, subwords.matrix):
        tensors = {k: v for k, v in tensors.items() if k.partition(".")[2] not in SHARED}
    if rule.pruned is not None:
        tensors |= {"pruned": rule.pruned[0], "pruned_rows": rule.pruned[1]}
    write_tensors(folder / SUBWORDS, tensors)
    if rule.ngrams is not None:
        rule.ngrams.save(folder / NGRAMS)


def subwords_in(folder: Path, model: dict[str, Any], words: Any) -> SubwordRows:
    """The rows of n-grams, mapped, and the rule.  words: their rows, which may share centroids."""
    file, files = folder / SUBWORDS, model["files"]
    tensors = map_tensors(file)
    if isinstance(words, ProductQuantized) and "ngrams.codes" in tensors:
        for part in SHARED:
            if getattr(words, part) is not None:
                tensors.setdefault(f"ngrams.{part}", getattr(words, part))
    about = model.get("subwords")
    numbers = [about.get(name) for name in ("min_n", "max_n", "buckets")] if about else []
    if len(numbers) != 3 or any(type(number) is not int for number in numbers):
        raise FormatError(folder / MODEL, f"{about!r} under 'subwords'", "min_n, max_n, buckets")
    pruned = (tensors["pruned"], tensors["pruned_rows"]) if "pruned" in tensors else None
    ngrams = listed(folder, NGRAMS, files) if NGRAMS in files else None
    try:
        matrix = matrix_of(tensors, "ngrams", file)
    except KeyError:
        raise FormatError(file, "none under 'ngrams'", "the rows of n-grams") from None
    rows = numbers[2] if pruned is None else len(pruned[0])
    if tuple(matrix.shape) != (rows, model["dim"]):
        found = "x".join(map(str, matrix.shape))
        raise FormatError(file, f"{found} rows of n-grams", f"{rows}x{model['dim']}")
    rule = Subwords(numbers[0], numbers[1], numbers[2], ngrams, pruned)
    return SubwordRows(rule, matrix)


def state_in(file: Path) -> dict[str, Any]:
    """The tensors by name; those of one quantised matrix as `Rows`."""
    tensors = map_tensors(file)
    state: dict[str, Any] = {}
    for name in tensors:
        whole, _, part = name.rpartition(".")
        if whole and part in PARTS:
            try:
                state.setdefault(whole, matrix_of(tensors, whole, file))
                continue
            except KeyError:
                pass  # a tensor of its own that happens to end so: net.crf.start
        state[name] = tensors[name]
    return state


def put_together(
    folder: Path, model: dict[str, Any], vocabulary: Vocabulary, state: dict[str, Any]
) -> Vectors:
    """Vectors made of the rows of words in `state` and those of n-grams."""
    rows = state.get("words")
    if rows is None or tuple(rows.shape) != (len(vocabulary), model["dim"]):
        found = "none" if rows is None else "x".join(map(str, rows.shape))
        wanted = f"{len(vocabulary)}x{model['dim']} rows of words"
        raise FormatError(folder / STATE, f"{found} under 'words'", wanted)
    subwords = subwords_in(folder, model, rows)
    return Vectors(vocabulary, ComposedRows(vocabulary, rows, subwords), subwords=subwords)


def tensors_of_vectors(vectors: Vectors) -> dict[str, np.ndarray]:
    matrix, norms = vectors.matrix, vectors.norms
    if not is_sparse(matrix):
        if isinstance(matrix, ComposedRows):
            matrix = matrix.whole()
        return {**tensors_of(matrix, "vectors"), "norms": norms}
    return {
        "offsets": matrix.indptr.astype(np.int64),
        "columns": matrix.indices.astype(np.int32, copy=False),
        "values": matrix.data,
        "norms": norms,
    }


def vectors_in(file: Path, vocabulary: Vocabulary, dim: int) -> Vectors:
    """The mapped vectors, dense or sparse, checked against what they must be."""
    tensors, words = map_tensors(file), len(vocabulary)
    _must_be(file, tensors, "norms", (words,))
    if "offsets" not in tensors:
        try:
            matrix = matrix_of(tensors, "vectors", file)
        except KeyError:
            raise FormatError(file, "none under 'vectors'", f"float32[{words}, {dim}]") from None
        if isinstance(matrix, np.ndarray):
            _must_be(file, tensors, "vectors", (words, dim))
        elif tuple(matrix.shape) != (words, dim):
            raise FormatError(file, f"{matrix!r} under 'vectors'", f"[{words}, {dim}]")
        return Vectors(vocabulary, matrix, tensors["norms"])
    from scipy.sparse import csr_array

    size = len(tensors.get("columns", ()))
    _must_be(file, tensors, "offsets", (words + 1,), np.int64)
    _must_be(file, tensors, "columns", (size,), np.int32)
    _must_be(file, tensors, "values", (size,))
    offsets, columns = tensors["offsets"], tensors["columns"]
    if offsets[0] != 0 or offsets[-1] != size or np.any(np.diff(offsets) < 0):
        raise FormatError(file, "offsets out of order", f"rising ones from 0 to {size}")
    if size and (columns.max() >= dim or columns.min() < 0):
        raise FormatError(file, f"a column {columns.max()}", f"columns below {dim}")
    # indices of one type, or scipy would copy them all
    matrix = csr_array((words, dim), dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = tensors["values"], columns, offsets
    return Vectors(vocabulary, matrix, tensors["norms"])


def documents_in(folder: Path, files: dict[str, Any], dim: int | None) -> DocumentVectors:
    """The mapped vectors of documents, with their ids if they have any."""
    file = folder / DOCUMENTS
    tensors = map_tensors(file)
    matrix = tensors.get("documents", np.empty(0))
    if dim is None:  # words have no vectors
        dim = matrix.shape[-1]
    _must_be(file, tensors, "documents", (len(matrix), dim))
    if "norms" in tensors:  # early models have none
        _must_be(file, tensors, "norms", (len(matrix),))
    names = None
    if IDS in files:
        names = listed(folder, IDS, files)
        if len(names) != len(matrix):
            raise FormatError(folder / IDS, f"{len(names)} ids", f"{len(matrix)} of them")
    return DocumentVectors(matrix, names, tensors.get("norms"))


def _must_be(
    file: Path,
    tensors: dict[str, np.ndarray],
    name: str,
    shape: tuple[int, ...],
    dtype: Any = np.float32,
) -> None:
    """
    Raises:
        FormatError: no such tensor, or of another shape or type.
    """
    tensor = tensors.get(name)
    if tensor is None or tensor.shape != shape or tensor.dtype != dtype:
        found = "none" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
        raise FormatError(file, f"{found} under '{name}'", f"{np.dtype(dtype).name}{list(shape)}")
