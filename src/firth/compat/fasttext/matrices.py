"""The input and the output matrix as the package shows them, whole.

The input matrix is the rows of the words, then those of the n-grams. The output matrix has a row
for each label, or each word; of a tree the last is not used. In a tree over words the package's
second child is the positive one, ours (as in word2vec.c) the first: those rows change their sign.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from firth.vectors.fitted import Fitted
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.vectors import Vectors


def word_rows(fitted: Fitted) -> Any:
    """float32[V, d] or Rows: the words' own rows."""
    return fitted.state.get("words", _vectors(fitted).matrix)


def _vectors(fitted: Fitted) -> Vectors:
    return fitted.must_have_vectors("the model")


def _ngrams(fitted: Fitted) -> int:
    given = _vectors(fitted).subwords
    return 0 if given is None else len(given.matrix)


def _outputs(fitted: Fitted) -> int:
    return len(fitted.vocabulary if fitted.labels is None else fitted.labels)


def _sign(fitted: Fitted) -> int:
    tree = fitted.settings.get("objective") == "hierarchical-softmax"
    return -1 if tree and fitted.labels is None else 1


def input_vector(fitted: Fitted, index: int) -> np.ndarray:
    """float32[d]: a row of the input matrix.

    Raises:
        ValueError: there is no such row.
    """
    words, given = len(fitted.vocabulary), _vectors(fitted).subwords
    rows = words + _ngrams(fitted)
    if not 0 <= index < rows:
        raise ValueError(f"index {index} is out of range; the input matrix has {rows:,} rows.")
    if index < words or given is None:
        return np.array(word_rows(fitted)[index], np.float32)
    return np.array(given.matrix[index - words], np.float32)


def input_matrix(fitted: Fitted) -> np.ndarray:
    """float32[words + n-grams, d], a copy."""
    vectors, words = _vectors(fitted), len(fitted.vocabulary)
    matrix = np.empty((words + _ngrams(fitted), vectors.dim), np.float32)
    matrix[:words] = word_rows(fitted)[:]
    if vectors.subwords is not None:
        matrix[words:] = vectors.subwords.matrix[:]
    return matrix


def output_matrix(fitted: Fitted) -> np.ndarray:
    """float32[labels or words, d], a copy."""
    output = fitted.state.get("output")
    if output is None:
        raise ValueError("This model holds no output matrix; it was made smaller without it.")
    matrix = np.zeros((_outputs(fitted), _vectors(fitted).dim), np.float32)
    matrix[: len(output)] = _sign(fitted) * np.asarray(output)[:]
    return matrix


def with_matrices(fitted: Fitted, inputs: np.ndarray, outputs: np.ndarray) -> Fitted:
    """The model with other numbers; they may have another dim.

    Raises:
        ValueError: not as many rows as the model has.
    """
    vectors, words = _vectors(fitted), len(fitted.vocabulary)
    wanted = {"input": words + _ngrams(fitted), "output": _outputs(fitted)}
    for what, given in (("input", inputs), ("output", outputs)):
        if given.ndim != 2 or len(given) != wanted[what]:
            raise ValueError(
                f"The {what} matrix has the shape {given.shape}; this model has {wanted[what]:,} "
                f"{what} rows."
            )
    dim = int(inputs.shape[1])
    if outputs.shape[1] != dim:
        raise ValueError(
            f"The input rows have {dim} numbers, the output rows {outputs.shape[1]}; both must "
            "have as many."
        )
    whole = np.array(inputs, np.float32)
    old = len(fitted.state.get("output", outputs))
    output = _sign(fitted) * np.array(outputs[:old], np.float32)
    state = {**fitted.state, "output": output}
    matrix: Any = whole[:words]
    subwords = None
    if vectors.subwords is not None:
        subwords = SubwordRows(vectors.subwords.subwords, whole[words:])
        if subwords.subwords.max_n > 0:
            state["words"] = matrix
            matrix = ComposedRows(fitted.vocabulary, matrix, subwords)
    return dataclasses.replace(
        fitted,
        vectors=Vectors(fitted.vocabulary, matrix, subwords=subwords),
        state=state,
        settings={**fitted.settings, "dim": dim},
    )
