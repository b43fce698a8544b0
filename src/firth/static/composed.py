"""Vectors of words that have n-grams: the mean of the word's own row and theirs."""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel
from firth.kernels.classifier import Input
from firth.kernels.codes import mean_row
from firth.kernels.features import AHEAD
from firth.kernels.linear import padded
from firth.static.examples import types_of
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary


@kernel
def _compose(inputs, offsets, ngrams, words, out):
    """out[w] = mean of row w and the rows ngrams[offsets[w]:offsets[w + 1]].

    words int32: 0, 1, 2, … and AHEAD places more; ngrams int32: AHEAD places more.
    """
    for w in range(out.shape[0]):
        n = offsets[w + 1] - offsets[w]
        mean_row(out, w, inputs, words, w, 1, ngrams, offsets[w], n)


def composed(
    vocabulary: Vocabulary, W: np.ndarray, Z: np.ndarray, subwords: Subwords
) -> np.ndarray:
    """float32[V, padded(dim)]: W, Z rows of words and n-grams, padded."""
    types = types_of(vocabulary, vocabulary, subwords)
    words = np.zeros(len(vocabulary) + AHEAD, np.int32)
    words[: len(vocabulary)] = np.arange(len(vocabulary))
    ngrams = np.concatenate([types.ngrams, np.zeros(AHEAD, np.int32)])
    out = np.empty((len(vocabulary), padded(W.shape[1])), np.float32)
    _compose(Input(W, Z), types.offsets, ngrams, words, out)
    return out
