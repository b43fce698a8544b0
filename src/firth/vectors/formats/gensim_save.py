"""gensim `.save`: KeyedVectors, or a model with `.wv`, of gensim 3 and 4. Read only.

The main file is a pickle (see `pickles`); large arrays lie beside it, `X.vectors.npy` or
`X.wv.vectors.npy` (`.npz` if X is compressed). FastText vectors, which gensim does not store
but sums again from words and n-grams, are summed here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.text.subwords import Subwords
from firth.vectors.formats.names import check_finite, make_vectors
from firth.vectors.formats.pickles import DAMAGE, Kept, KeptArray, unpickle
from firth.vectors.formats.source import COMPRESSED, opened
from firth.vectors.formats.table import Reading
from firth.vectors.subwords import SubwordRows
from firth.vectors.vectors import Vectors


def read(path: Path, reading: Reading) -> Vectors:
    """The vectors and, if known, the counts.

    Raises:
        FormatError: a pickle that names more than data, is damaged, or holds no vectors; a
            file beside it is missing.
    """
    with opened(path) as file:
        model = unpickle(path, file)
    if not isinstance(model, Kept):
        raise FormatError(path, f"a pickled {type(model).__name__}", "KeyedVectors or Word2Vec")
    prefix = ""
    inner = getattr(model, "wv", None)
    if isinstance(inner, Kept):
        model, prefix = inner, "wv."
    names = getattr(model, "index_to_key", None) or getattr(model, "index2word", None)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        kind = type(model).__name__
        raise FormatError(path, f"a gensim {kind} without words", "KeyedVectors or Word2Vec")
    matrix, subwords = _matrix(path, model, prefix, names)
    if matrix.ndim != 2 or len(matrix) < len(names):
        raise FormatError(
            path, f"{len(names)} words and an array of shape {matrix.shape}", "a row each"
        )
    matrix = np.asarray(matrix[: len(names)], np.float32)[: reading.limit]
    check_finite(path, matrix, lambda row: f"row {row + 1}")
    counts = _counts(path, model, prefix, names)
    vectors = make_vectors(
        path, names[: reading.limit], matrix, None if counts is None else counts[: reading.limit]
    )
    vectors.subwords = subwords
    return vectors


def _matrix(
    path: Path, model: Kept, prefix: str, names: list[str]
) -> tuple[np.ndarray, SubwordRows | None]:
    for attribute in ("vectors", "syn0"):
        array = _array(path, model, prefix, attribute)
        if array is not None:
            return array, None
    words = _array(path, model, prefix, "vectors_vocab")
    ngrams = _array(path, model, prefix, "vectors_ngrams")
    if words is None or ngrams is None:
        raise FormatError(path, "no array of vectors", "vectors, syn0, or those of FastText")
    low, high = getattr(model, "min_n", 0), getattr(model, "max_n", 0)
    rows = SubwordRows(Subwords(low, high, len(ngrams)), np.asarray(ngrams, np.float32))
    sums, sizes = rows.sums(names)
    composed = (np.asarray(words[: len(names)], np.float32) + sums) / (1 + sizes)[:, None]
    return composed.astype(np.float32), rows


def _array(path: Path, model: Kept, prefix: str, attribute: str) -> np.ndarray | None:
    """An array of the pickle, or of the file beside it that the pickle names."""
    value = model.__dict__.get(attribute)
    if isinstance(value, KeptArray):
        try:
            return value.array()
        except DAMAGE as error:
            raise FormatError(path, f"{error} under '{attribute}'", "an array of numbers") from None
    if attribute not in (model.__dict__.get("__numpys") or ()):
        return None
    packed = path.name.endswith(COMPRESSED[:2])
    side = path.with_name(f"{path.name}.{prefix}{attribute}.{'npz' if packed else 'npy'}")
    if not side.exists():
        raise FormatError(
            path,
            f"no {side.name} beside it",
            "it: gensim keeps large arrays apart",
            "Copy all files that share the name.",
        )
    try:
        if packed:
            with np.load(side, allow_pickle=False) as archive:
                return archive["val"]
        return np.load(side, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise FormatError(side, f"a damaged file ({error})", "an array of numpy") from None


def _counts(path: Path, model: Kept, prefix: str, names: list[str]) -> np.ndarray | None:
    expandos: Any = model.__dict__.get("expandos")
    if isinstance(expandos, dict) and isinstance(expandos.get("count"), KeptArray):
        try:
            counts = expandos["count"].array().astype(np.int64)
        except DAMAGE:
            return None
        return counts if len(counts) == len(names) else None
    entries = model.__dict__.get("vocab")  # gensim 3: word -> Vocab(count, index)
    if isinstance(entries, dict) and all(
        isinstance(getattr(entries.get(name), "count", None), int) for name in names
    ):
        return np.array([entries[name].count for name in names], np.int64)
    return None
