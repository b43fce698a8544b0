"""Small files of fastText made here, so that damage can be done to any part of them."""

import io

import numpy as np

from firth.vectors.formats import fasttext_file
from firth.vectors.formats.fasttext_file import HEADER, FastTextFile
from firth.vectors.quantized import ProductQuantized

WORDS, LABELS, BUCKETS, DIM = 7, 3, 11, 4


def quantised(rows, dim, norms, seed=1):
    rng = np.random.default_rng(seed)
    parts = -(-dim // 2)
    codes = rng.integers(0, 256, (rows, parts)).astype(np.uint8)
    centroids = rng.normal(size=256 * dim).astype(np.float32)
    if not norms:
        return ProductQuantized(codes, centroids, dim, 2)
    norm_codes = rng.integers(0, 256, rows).astype(np.uint8)
    return ProductQuantized(
        codes, centroids, dim, 2, norm_codes, rng.random(256).astype(np.float32)
    )


def contents(kind="words"):
    """A file of `kind`: words, classifier, pruned (with norms, both matrices quantised)."""
    rng = np.random.default_rng(2)
    labels = 0 if kind == "words" else LABELS
    names = [f"wörd{i}" for i in range(WORDS)] + [f"__label__{i}" for i in range(labels)]
    numbers = (DIM, 5, 5, 1, 5, 2, 3, 3 if labels else 2, BUCKETS, 2, 3, 100)
    pruned = np.array([[8, 1], [2, 0], [10, 2]], np.int32) if kind == "pruned" else None
    rows = WORDS + (BUCKETS if pruned is None else len(pruned))
    out = labels or WORDS
    if kind == "pruned":
        inputs, outputs = quantised(rows, DIM, norms=True), quantised(out, DIM, norms=True)
    else:
        inputs = rng.normal(size=(rows, DIM)).astype(np.float32)
        outputs = rng.normal(size=(out, DIM)).astype(np.float32)
    return FastTextFile(
        header=dict(zip(HEADER, numbers, strict=True)),
        t=1e-4,
        names="".join(f"{name}\n" for name in names).encode(),
        words=WORDS,
        counts=np.array([2**40 + 255, 256, 65536, 9, 3, 2, 1, *([5] * labels)], np.int64),
        tokens=1000,
        pruned=pruned,
        inputs=inputs,
        outputs=outputs,
        quantise_output=kind == "pruned",
    )


def bytes_of(file):
    stream = io.BytesIO()
    fasttext_file.write(file, stream)
    return stream.getvalue()
