"""Weightings of a document-word matrix: from counts to bags of words, TF-IDF and its variants.

    value[d, i] = local(tf[d, i]) * weight[i]        then each row to length 1, where it says so

tf[d, i] = how often word i stands in document d     |d| = sum_i tf[d, i]
df[i]    = documents that word i stands in           N   = documents, empty ones among them
p[d, i]  = tf[d, i] / sum_d tf[d, i]

    name              local           weight of word i                        rows
    count             tf              1                                       as they are
    binary            1               1                                       as they are
    frequency         tf / |d|        1                                       as they are
    tf-idf            tf / |d|        log10(N / df)                           as they are
    tf-idf-smooth     tf              ln((1 + N) / (1 + df)) + 1              length 1
    tf-idf-sublinear  1 + ln tf       ln((1 + N) / (1 + df)) + 1              length 1
    log-entropy       ln(1 + tf)      1 + sum_d p[d, i] ln p[d, i] / ln N     as they are

Sources: tf-idf as in the lecture notes (FA); -smooth is scikit-learn's TfidfVectorizer as it
comes, -sublinear the same with sublinear_tf=True; log-entropy: Dumais 1991, "Improving the
retrieval of information from external sources".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from firth.kernels import documents


class Weighting(NamedTuple):
    """local: what becomes of a count (of `kernels.documents`); weight: which weight words have.

    unit: whether rows are brought to length 1.
    """

    local: int
    weight: str = "one"
    unit: bool = False


WEIGHTINGS = {
    "count": Weighting(documents.RAW),
    "binary": Weighting(documents.RAW),  # of ones: see `weighted`
    "frequency": Weighting(documents.SHARE),
    "tf-idf": Weighting(documents.SHARE, "log10"),
    "tf-idf-smooth": Weighting(documents.RAW, "smooth", unit=True),
    "tf-idf-sublinear": Weighting(documents.LOG, "smooth", unit=True),
    "log-entropy": Weighting(documents.LOG_PLUS, "entropy"),
}


def word_weights(name: str, counts: csr_array, df: np.ndarray) -> np.ndarray:
    """float64[V]: the weight of each word under the weighting `name`.

    counts: tf, of shape [N, V]; df int64[V], each at least 1.
    """
    N = counts.shape[0]
    kind = WEIGHTINGS[name].weight
    if kind == "log10":
        return np.log10(N / df)
    if kind == "smooth":
        return np.log((1 + N) / (1 + df)) + 1
    if kind == "entropy":
        return _entropy_weights(counts)
    return np.ones(counts.shape[1])


def _entropy_weights(counts: csr_array) -> np.ndarray:
    """1 for a word of one document, 0 for one spread evenly over all; 1 for all if N is 1."""
    N, V = counts.shape
    if N == 1:
        return np.ones(V)
    total = np.bincount(counts.indices, counts.data, minlength=V)
    p = counts.data / total[counts.indices]
    return 1 + np.bincount(counts.indices, p * np.log(p), minlength=V) / math.log(N)


def weighted(name: str, counts: csr_array, weights: np.ndarray) -> csr_array:
    """The matrix under the weighting `name`; int64 for count and binary, else float64.

    counts: tf, of shape [D, V]; weights float64[V], from `word_weights` of the text that was
    learnt from. A value that is 0 (a word of all documents under tf-idf) is stored as such.
    """
    if name == "count":
        return counts
    if name == "binary":
        values = np.ones(counts.nnz, np.int64)
    else:
        local, _, unit = WEIGHTINGS[name]
        values = np.empty(counts.nnz, np.float64)
        offsets = counts.indptr.astype(np.int64)
        documents.weigh(offsets, counts.indices, counts.data, weights, local, unit, values)
    made = csr_array((values, counts.indices, counts.indptr), shape=counts.shape)
    made.has_canonical_format = True
    return made
