"""Vectors of words that have n-grams: the mean of the word's own row and theirs."""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel
from firth.kernels.codes import Input, mean_row
from firth.kernels.features import room
from firth.kernels.linear import padded
from firth.static.examples import types_of
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary


@kernel
def _compose(inputs, offsets, ngrams, out):
    """out[w] = mean of row w and the rows ngrams[offsets[w]:offsets[w + 1]], none of them fresh."""
    most = 0
    for w in range(out.shape[0]):
        most = max(most, offsets[w + 1] - offsets[w])
    rows = room(1, most)
    for w in range(out.shape[0]):
        rows.words[0] = w
        rows.ends[0, 0] = 1
        n = 0
        for j in range(offsets[w], offsets[w + 1]):
            rows.ngrams[n] = ngrams[j]
            n += 1
        rows.ends[1, 0] = n
        mean_row(out, w, inputs, rows, 0)


def composed(
    vocabulary: Vocabulary, inputs: Input, subwords: Subwords, kept: np.ndarray
) -> np.ndarray:
    """float32[V, padded(dim)] from padded rows of words and n-grams; kept: `examples.kept_of`."""
    types = types_of(vocabulary, vocabulary, subwords, kept)
    out = np.empty((len(vocabulary), padded(inputs.W.shape[1])), np.float32)
    _compose(inputs, types.offsets, types.ngrams, out)
    return out
