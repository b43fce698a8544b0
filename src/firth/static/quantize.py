"""Trained models made smaller: word vectors, and classifiers of fastText's kind.

Of a classifier with rows W of words, Z of n-grams, U of labels (Joulin et al. 2016, 1612.03651):

    cutoff       only so many rows of W and Z stay, those of largest norm, and </s> in any case;
                 words without a row leave the vocabulary, n-grams without one are passed over
    retraining   the rows that stay, and U, learn on from the labelled texts
    pq           W and Z by one product quantiser; U too with `output_too`, always in parts of 2

These are fastText's rules, and what comes out fits its .ftz files. Departs from it: kept n-grams
are in the order of their buckets, not of their norms; labels fewer than 256 are kept exactly,
where fastText refuses to quantise U.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.errors import SettingError
from firth.progress import SILENT, Progress
from firth.settings import setting
from firth.text.subwords import LINE_END, Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.quantization_loss import relative_error
from firth.vectors.quantize import Quantization, must_be_whole, product_quantized, quantize_vectors
from firth.vectors.quantized import Stacked
from firth.vectors.rows import norms_of
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.vectors import Vectors

if TYPE_CHECKING:
    from firth.text.labelled import Labelled

#: numbers that one byte stands for in the output rows, as in fastText
OUTPUT_DSUB = 2
CLASSIFIER = "fasttext-classifier"
#: kinds whose state does more than let training go on
OF_DOCUMENTS = ("lsa", "pvdbow", "pvdm")


@dataclasses.dataclass(frozen=True)
class ModelQuantization(Quantization):
    """How a model is made smaller; the settings after `threads` are for classifiers."""

    cutoff: int = setting(0, "classifiers: input rows that stay; 0: all", low=0)
    output_too: bool = setting(False, "classifiers: quantise the rows of the labels too")
    epochs: int | None = setting(
        None, "retraining: passes over the texts; default: as it was trained", low=1
    )
    rate: float | None = setting(
        None, "retraining: first learning rate; default: as it was trained", low=0
    )


def quantize(
    fitted: Fitted,
    how: ModelQuantization | None = None,
    retrain: Labelled | Any | None = None,
    progress: Progress = SILENT,
) -> Fitted:
    """A smaller model that answers nearly the same, and cannot be trained further.

    retrain: labelled texts on which the rows that `how.cutoff` leaves learn on, before they are
    quantised (what `FastTextClassifier.fit` takes).

    What was done and lost is in the result's corpus["quantization"].

    Raises:
        SettingError: it is quantised already, sparse, of documents, or has no vectors; a cutoff or
            retraining for what is no classifier; retraining without a cutoff.
        CorpusError, VocabularyError: texts to retrain on that cannot be used.
    """
    how = how or ModelQuantization()
    if fitted.kind == CLASSIFIER:
        return _classifier(fitted, how, retrain, progress)
    for name, given in (
        ("cutoff", how.cutoff),
        ("output_too", how.output_too),
        ("retraining", retrain is not None),
    ):
        if given:
            raise SettingError(
                f"{name} is for classifiers of the kind {CLASSIFIER}; this model is of kind "
                f"{fitted.kind}."
            )
    if fitted.vectors is None:
        raise SettingError(
            f"A model of kind {fitted.kind} has no word vectors, and nothing in it to quantise."
        )
    if fitted.kind in OF_DOCUMENTS:
        raise SettingError(
            f"A model of kind {fitted.kind} works out vectors of new documents with all that it "
            "has learnt, which is not quantised; quantise its word vectors alone: "
            "quantize_vectors(fitted.vectors), or firth convert them to a file first."
        )
    shared = {name: getattr(how, name) for name in ("dsub", "norms", "seed", "threads")}
    vectors = quantize_vectors(fitted.vectors, how.to, **shared)
    note = {**_settings(how, classifier=False), "errors": _errors(fitted.vectors, vectors)}
    # what training needs is left out: the rows it would go on from are gone
    return dataclasses.replace(
        fitted, vectors=vectors, state={}, corpus={**fitted.corpus, "quantization": note}
    )


def _errors(before: Vectors, after: Vectors) -> dict[str, float]:
    errors = {"words": relative_error(before.matrix, after.matrix)}
    if before.subwords is not None and after.subwords is not None:
        errors["ngrams"] = relative_error(before.subwords.matrix, after.subwords.matrix)
    return errors


def _settings(how: ModelQuantization, classifier: bool) -> dict[str, Any]:
    own = {"cutoff", "output_too", "epochs", "rate"}
    pq = {"dsub", "norms", "seed"}
    return {
        name: value
        for name, value in how.to_json().items()
        if name != "threads"
        and (classifier or name not in own)
        and (how.to == "pq" or name not in pq)
        and value is not None
    }


@dataclasses.dataclass
class _Input:
    """The input rows of a classifier: those of words, and of n-grams if there are any."""

    words: Vocabulary
    W: Any
    subwords: Subwords | None
    Z: Any

    @staticmethod
    def of(fitted: Fitted) -> _Input:
        vectors = fitted.vectors
        assert vectors is not None  # classifiers have them
        given = vectors.subwords
        W = fitted.state.get("words", vectors.matrix)
        if given is None:
            return _Input(vectors.vocabulary, W, None, np.empty((0, vectors.dim), np.float32))
        return _Input(vectors.vocabulary, W, given.subwords, given.matrix)

    @property
    def sizes(self) -> dict[str, int]:
        return {"words": len(self.W), "ngrams": len(self.Z)}

    def fitted(self, older: Fitted, output: Any) -> Fitted:
        """`older` with these rows."""
        subwords = None if self.subwords is None else SubwordRows(self.subwords, self.Z)
        state: dict[str, Any] = {"output": output}
        if self.words.counts is not None:
            state["counts"] = np.asarray(self.words.counts)
        matrix = self.W
        if subwords is not None and subwords.subwords.max_n > 0:
            state["words"] = self.W
            matrix = ComposedRows(self.words, self.W, subwords)
        vectors = Vectors(self.words, matrix, subwords=subwords)
        return dataclasses.replace(older, vectors=vectors, state=state)


def _classifier(
    fitted: Fitted, how: ModelQuantization, retrain: Any | None, progress: Progress
) -> Fitted:
    given, output = _Input.of(fitted), fitted.state["output"]
    for matrix in (given.W, given.Z, output):
        must_be_whole(matrix, "The rows of this classifier")
    if retrain is not None and not how.cutoff:
        raise SettingError(
            "Retraining makes up for the rows that a cutoff takes away; give a cutoff too, the "
            "number of rows to keep, or leave the retraining out."
        )
    kept = given
    if 0 < how.cutoff < sum(given.sizes.values()):
        kept = pruned(given, how.cutoff)
        if retrain is not None:
            fitted = _retrained(kept.fitted(fitted, output), how, retrain, progress)
            kept, output = _Input.of(fitted), fitted.state["output"]
    smaller = _quantized(kept, how)
    U = output
    if how.output_too:
        parts = dataclasses.replace(how, dsub=OUTPUT_DSUB)
        U = parts.apply(output)
    errors = {"input": relative_error(Stacked(kept.W, kept.Z), Stacked(smaller.W, smaller.Z))}
    if how.output_too:
        errors["output"] = relative_error(output, U)
    note = {
        **_settings(how, classifier=True),
        "retrained": retrain is not None and kept is not given,
        "rows": {"before": given.sizes, "after": kept.sizes},
        "errors": errors,
    }
    corpus = {**fitted.corpus, "quantization": note}
    return dataclasses.replace(smaller.fitted(fitted, U), corpus=corpus)


def _quantized(given: _Input, how: ModelQuantization) -> _Input:
    if how.to != "pq":
        return dataclasses.replace(given, W=how.apply(given.W), Z=how.apply(given.Z))
    whole = Stacked(given.W, given.Z)
    rows = product_quantized(whole, how.dsub, how.norms, how.seed, how.threads)
    words = len(given.W)
    return dataclasses.replace(given, W=rows.span(0, words), Z=rows.span(words, len(rows)))


def pruned(given: _Input, cutoff: int) -> _Input:
    """The `cutoff` rows of largest norm, </s> among them."""
    words = len(given.W)
    norms = np.concatenate([norms_of(given.W), norms_of(given.Z)])
    end = given.words.get(LINE_END)
    if end >= 0:
        norms[end] = np.inf
    kept = np.sort(np.argsort(-norms, kind="stable")[:cutoff])
    own, ngrams = kept[kept < words], kept[kept >= words] - words
    counts = given.words.counts
    names = Vocabulary(
        [given.words[int(row)] for row in own], None if counts is None else np.asarray(counts)[own]
    )
    W, Z = np.array(given.W[own]), np.array(given.Z[ngrams])
    if given.subwords is None:
        return _Input(names, W, None, Z)
    return _Input(names, W, _rule(given.subwords, ngrams), Z)


def _rule(rule: Subwords, rows: np.ndarray) -> Subwords:
    """Which n-grams have a row when only `rows`, rising, are left."""
    if rule.ngrams is not None:
        counts = rule.ngrams.counts
        left = Vocabulary(
            [rule.ngrams[int(row)] for row in rows],
            None if counts is None else np.asarray(counts)[rows],
        )
        return dataclasses.replace(rule, buckets=len(left), ngrams=left)
    if rule.pruned is None:
        buckets = rows
    else:
        of_row = np.empty(len(rule.pruned[0]), np.int64)
        of_row[rule.pruned[1]] = rule.pruned[0]
        buckets = of_row[rows]
    order = np.argsort(buckets)
    places = np.arange(len(rows), dtype=np.int32)[order]
    return dataclasses.replace(rule, pruned=(buckets[order].astype(np.int32), places))


def _retrained(fitted: Fitted, how: ModelQuantization, labelled: Any, progress: Progress) -> Fitted:
    """Its rows after more epochs; all else is that of `fitted`."""
    from firth.static.classifier import FastTextClassifier

    known = {field.name for field in dataclasses.fields(FastTextClassifier)}
    settings = {name: value for name, value in fitted.settings.items() if name in known}
    settings["threads"] = how.threads
    for name in ("epochs", "rate"):
        if getattr(how, name) is not None:
            settings[name] = getattr(how, name)
    again = FastTextClassifier.from_json(settings).fit(
        labelled, continue_from=fitted, progress=progress
    )
    return dataclasses.replace(
        fitted, vectors=again.vectors, state=again.state, history=[*fitted.history, *again.history]
    )
