"""fastText's `.bin` and `.ftz` as a model of ours, and back.

    word      (its row + the rows of its n-grams) / (1 + their number), worked out when asked for
    classifier  the rows themselves; labels with their counts, and the output rows

Matrices stay where they are: a plain file is mapped. What a file says and ours do not need
(settings of the original, labels of word vectors) is kept in `corpus`, so that a file which is
read and written again is the same, byte for byte.

In files of word vectors with hierarchical softmax a turn to the second child (code 1) is the
positive one, with us (as in word2vec.c) the first: those output rows change their sign.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.files import whole_file
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.formats import fasttext_file, fasttext_reader
from firth.vectors.formats.fasttext_file import CBOW, HEADER, SKIPGRAM, SUPERVISED, FastTextFile
from firth.vectors.formats.fasttext_names import counts_of, encoded, vocabularies
from firth.vectors.formats.names import check_finite
from firth.vectors.quantized import ProductQuantized, Rows, Stacked, joined
from firth.vectors.rows import is_sparse
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.vectors import Vectors

#: the numbers of the losses, and our names
LOSSES = {1: "hierarchical-softmax", 2: "negative-sampling", 3: "softmax", 4: "one-vs-all"}
KINDS = ("fasttext", "fasttext-classifier")
#: what stands before a label in texts of fastText, and in its files; models of ours are without
PREFIX = "__label__"
#: what a corpus keeps of the file that a model came from, to write it again
FILE = "fasttext_file"
#: rows whose numbers are looked at when a file is opened: all of a mapped one would be read
CHECKED = 1000


def read(path: str | Path, errors: str = "strict") -> Fitted:
    """The model of a .bin or .ftz: kind "fasttext" or "fasttext-classifier".

    errors: "replace" to read on, with one warning, where a name is not UTF-8.

    Raises:
        FormatError: with the offset; also what no model can hold.
    """
    path = Path(path)
    return fitted_of(path, fasttext_reader.read(path), errors)


def fitted_of(path: Path, contents: FastTextFile, errors: str = "strict") -> Fitted:
    """`contents` of the file `path` as a model."""
    header, words = contents.header, contents.words
    supervised = header["model"] == SUPERVISED
    vocabulary, rest = vocabularies(path, contents, errors)
    inputs = contents.inputs
    own: Any
    ngrams: Any
    if isinstance(inputs, np.ndarray):
        check_finite(path, inputs[:CHECKED], lambda row: f"row {row + 1} of the input matrix")
        own, ngrams = inputs[:words], inputs[words:]
    else:
        own, ngrams = inputs.span(0, words), inputs.span(words, inputs.shape[0])
    subwords = None
    if header["buckets"] or contents.pruned is not None:
        pruned = None
        if contents.pruned is not None:
            order = np.argsort(contents.pruned[:, 0], kind="stable")
            pruned = (contents.pruned[order, 0], contents.pruned[order, 1])
        rule = Subwords(header["min_n"], header["max_n"], header["buckets"], pruned=pruned)
        subwords = SubwordRows(rule, ngrams)
    state: dict[str, Any] = {"counts": contents.counts[:words], "output": contents.outputs}
    matrix: Any = own
    if subwords is not None and header["max_n"] > 0:
        matrix = ComposedRows(vocabulary, own, subwords)
        state["words"] = own
    if contents.pruned is not None:
        state["pruned"] = contents.pruned
    objective = LOSSES[header["loss"]]
    if objective == "hierarchical-softmax" and not supervised:
        state["output"] = -np.asarray(contents.outputs)[: max(words - 1, 0)]
    labels, about = None, {}
    kept: dict[str, Any] = {
        "header": header, "t": contents.t, "quantise_output": contents.quantise_output
    }  # fmt: skip
    if supervised:
        # the file does not say what the prefix is; nearly all have the usual one
        usual = all(name.startswith(PREFIX) for name in rest)
        about = {"label_prefix": PREFIX if usual else ""}
        names = [name.removeprefix(about["label_prefix"]) for name in rest]
        labels = Vocabulary(names, contents.counts[words:])
    elif len(rest):  # word vectors of a labelled text: the dictionary has the labels too
        kept["labels"] = list(zip(rest.names, contents.counts[words:].tolist(), strict=True))
    known = ("dim", "window", "epochs", "min_count", "negatives", "buckets", "min_n", "max_n")
    settings: dict[str, Any] = {name: header[name] for name in known} | {"objective": objective}
    if supervised:
        del settings["window"]
        settings["word_ngrams"] = header["word_ngrams"]
    else:
        settings["model"] = "cbow" if header["model"] == CBOW else "skipgram"
        settings |= {"subsample": contents.t, "exact_ngrams": False}
    return Fitted(
        kind="fasttext-classifier" if supervised else "fasttext",
        vectors=Vectors(vocabulary, matrix, subwords=subwords),
        state=state,
        settings=settings,
        corpus={
            "sources": [path.name],
            "tokenizer": "whitespace",
            "fold_case": False,
            "tokens": contents.tokens,
            "program": "fasttext",
            FILE: kept,
            **about,
        },
        labels=labels,
    )


def write(fitted: Fitted, path: str | Path, overwrite: bool = True) -> None:
    """Writes the model as the `fasttext` package reads it.

    Raises:
        FormatError: what such a file cannot hold.
        ModelExistsError, StorageError
    """
    contents = contents_of(fitted, Path(path))
    with whole_file(path, overwrite) as temporary, temporary.open("wb") as file:
        fasttext_file.write(contents, file)


def contents_of(fitted: Fitted, path: Path) -> FastTextFile:
    """What the file of a model holds.

    Raises:
        FormatError: as `write`.
    """
    vectors = fitted.must_have_vectors(path)
    contents = of_vectors(vectors, path, fitted.state.get("words"))
    header, settings, state = contents.header, fitted.settings, fitted.state
    if fitted.kind in KINDS:
        classifier = fitted.kind == "fasttext-classifier"
        objective = settings.get("objective", "negative-sampling")
        loss = next((number for number, name in LOSSES.items() if name == objective), 2)
        header |= {
            "window": settings.get("window", 5),
            "epochs": settings.get("epochs", 5),
            "min_count": settings.get("min_count", 1),
            "negatives": settings.get("negatives", 5),
            "word_ngrams": settings.get("word_ngrams", 1),
            "loss": loss,
            "model": CBOW if settings.get("model") == "cbow" else SKIPGRAM,
        }
        contents.t = settings.get("subsample", 1e-4)
        # word vectors that were quantised are kept without
        outputs = contents.outputs if "output" not in state and not classifier else state["output"]
        labels, prefix = fitted.labels, fitted.corpus.get("label_prefix", PREFIX)
        if labels is None:
            pairs, prefix = fitted.corpus.get(FILE, {}).get("labels", []), ""
            labels = Vocabulary([name for name, _ in pairs], [count for _, count in pairs])
        if labels is not None:
            contents.names += encoded([prefix + name for name in labels], path)
            contents.counts = np.concatenate([contents.counts, counts_of(labels)])
        if classifier:
            header["model"] = SUPERVISED
            assert fitted.labels is not None
            missing = len(fitted.labels) - outputs.shape[0]
        else:
            missing = contents.words - outputs.shape[0]
            if objective == "hierarchical-softmax":
                outputs = -np.asarray(outputs)
        if missing > 0:  # a tree has an inner node less than leaves, the file a row for each
            outputs = np.concatenate([outputs, np.zeros((missing, vectors.dim), np.float32)])
        contents.outputs = outputs
        contents.quantise_output = isinstance(outputs, ProductQuantized)
    contents.tokens = int(fitted.corpus.get("tokens", contents.tokens))
    if "pruned" in state and contents.pruned is not None:
        contents.pruned = state["pruned"]
    if FILE in fitted.corpus:
        # only what the matrices do not decide
        known = fitted.corpus[FILE]["header"]
        names = ["window", "epochs", "min_count", "negatives", "word_ngrams", "rate_updates"]
        if vectors.subwords is None:
            names += ["min_n", "max_n"]
        for name in names:
            header[name] = known.get(name, header[name])
        contents.t = fitted.corpus[FILE]["t"]
        if not isinstance(contents.inputs, ProductQuantized):
            # asked for in training, where it does nothing
            contents.quantise_output = fitted.corpus[FILE]["quantise_output"]
    return contents


def of_vectors(vectors: Vectors, path: Path, own: Any = None) -> FastTextFile:
    """The file of word vectors alone: a skip-gram model whose output rows are zero.

    own: float32[V, d], the words' own rows; if not given, what they must be is worked out.

    Raises:
        FormatError: as `write`.
    """
    if is_sparse(vectors.matrix):
        raise FormatError(path, "sparse vectors", "dense ones", "Train the kind svd.")
    rule = None if vectors.subwords is None else vectors.subwords.subwords
    if rule is not None and rule.ngrams is not None:
        raise FormatError(
            path,
            "exact n-grams",
            "hashed ones, which are all that fastText's format holds",
            "Train without exact_ngrams, or write the vectors as text.",
        )
    if own is None:
        own = vectors.matrix
        if rule is not None and rule.max_n > 0:
            own = own.words if isinstance(own, ComposedRows) else _own_rows(vectors)
    ngrams = None if vectors.subwords is None else vectors.subwords.matrix
    inputs = own if ngrams is None else _stacked(own, ngrams)
    pruned = None
    if rule is not None and rule.pruned is not None:
        if not isinstance(inputs, ProductQuantized):
            raise FormatError(
                path,
                "n-grams of which some were left out, with rows that are not product quantised",
                "codes of one product quantiser, which are all that such files of fastText hold",
                "Quantise to pq, or without a cutoff.",
            )
        pruned = np.column_stack(rule.pruned).astype(np.int32)
    numbers = (vectors.dim, 5, 5, 1, 5, 1, 2, SKIPGRAM, 0, 0, 0, 100)
    header = dict(zip(HEADER, numbers, strict=True))
    if rule is not None:
        header |= {"buckets": rule.buckets, "min_n": rule.min_n, "max_n": rule.max_n}
    names, counts = encoded(vectors.names, path), counts_of(vectors.vocabulary)
    outputs = np.zeros((len(vectors), vectors.dim), np.float32)
    return FastTextFile(
        header, 1e-4, names, len(vectors), counts, int(counts.sum()), pruned, inputs, outputs
    )


def _stacked(own: Any, ngrams: Any) -> np.ndarray | Rows:
    if isinstance(own, ProductQuantized) and isinstance(ngrams, ProductQuantized):
        try:
            return joined(own, ngrams)
        except FormatError:
            pass  # quantised apart: the file has one quantiser for both, so they are written out
    return Stacked(own, ngrams)


def _own_rows(vectors: Vectors) -> np.ndarray:
    """float32[V, d]: the rows of words that, with those of their n-grams, make these vectors."""
    assert vectors.subwords is not None
    sums, sizes = vectors.subwords.sums(vectors.names)
    return np.asarray(vectors.matrix) * (1 + sizes)[:, None].astype(np.float32) - sums
