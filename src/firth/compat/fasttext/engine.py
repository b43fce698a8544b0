"""`Engine`: what the package's models keep under `model.f`, on a `Fitted` of firth.

Method names and return shapes are those of its compiled module. The input matrix is the rows of
the words, then those of the n-grams; ids of words, n-grams and labels count as there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.compat.fasttext import matrices
from firth.compat.fasttext.arguments import Args, model_name, of_settings
from firth.compat.fasttext.tokens import first_line, readable, tokens_of, words_of
from firth.text.subwords import LINE_END, Subwords, fnv1a
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.quantize import QUANTIZED
from firth.vectors.vectors import Vectors

if TYPE_CHECKING:
    from firth.compat.fasttext.predictions import Reporter
    from firth.static.meter import Meter

PREFIX = "__label__"


class Engine:
    """A model and the questions asked of it.

    Raises:
        ValueError: a question that the model has no answer to.
    """

    def __init__(self) -> None:
        self._args = Args()
        self._fitted: Fitted | None = None
        self._reporter: Reporter | None = None

    def take(self, fitted: Fitted, args: Args | None = None) -> None:
        """From now on the answers are those of `fitted`."""
        self._fitted, self._reporter = fitted, None
        self._args = args or of_settings(fitted.settings, fitted.kind)
        self._args.dim = self.vectors.dim

    @property
    def fitted(self) -> Fitted:
        """The model as firth knows it."""
        if self._fitted is None:
            raise ValueError("Model never trained: train one, or load it from a file.")
        return self._fitted

    @property
    def vectors(self) -> Vectors:
        return self.fitted.must_have_vectors("the model")

    @property
    def words(self) -> Vocabulary:
        return self.vectors.vocabulary

    @property
    def prefix(self) -> str:
        """What stands before the name of a label."""
        return str(self.fitted.corpus.get("label_prefix", PREFIX) or "")

    @property
    def labels(self) -> list[str]:
        """With their prefix."""
        return [self.prefix + name for name in self.fitted.labels or ()]

    @property
    def reporter(self) -> Reporter:
        if self._args.model != model_name.supervised:
            raise ValueError("Model needs to be supervised for prediction!")
        if self._reporter is None:
            from firth.compat.fasttext.predictions import Reporter

            self._reporter = Reporter(self.fitted, max(0, self._args.thread))
        return self._reporter

    @property
    def subwords(self) -> Subwords | None:
        given = self.vectors.subwords
        return None if given is None else given.subwords

    def loadModel(self, path: str) -> None:
        from firth.compat.fasttext.files import read

        self.take(read(path))

    def saveModel(self, path: str) -> None:
        from firth.compat.fasttext.files import write

        write(self.fitted, path)

    def getArgs(self) -> Args:
        return self._args

    def isQuant(self) -> bool:
        return isinstance(matrices.word_rows(self.fitted), QUANTIZED)

    # words and labels

    def getWordId(self, word: str) -> int:
        row = self.words.get(word)
        label = self.getLabelId(word) if row < 0 else -1
        return label + len(self.words) if label >= 0 else row

    def getLabelId(self, label: str) -> int:
        if self.fitted.labels is None or not label.startswith(self.prefix):
            return -1
        return self.fitted.labels.get(label.removeprefix(self.prefix))

    def getVocab(self, on_unicode_error: str = "strict") -> tuple[list[str], list[int]]:
        names = [readable(name, on_unicode_error) for name in self.words]
        return names, _counts(self.words, self.fitted.state.get("counts"))

    def getLabels(self, on_unicode_error: str = "strict") -> tuple[list[str], list[int]]:
        names = [readable(name, on_unicode_error) for name in self.labels]
        return names, _counts(self.fitted.labels, None)

    def getSubwordId(self, subword: str) -> int:
        rule = self.subwords
        if rule is None or not rule.buckets:
            raise ValueError("This model has no n-grams (bucket 0), so that none has an index.")
        return len(self.words) + int(fnv1a([subword])[0] % rule.buckets)

    def getSubwords(
        self, word: str, on_unicode_error: str = "strict"
    ) -> tuple[list[str], list[int]]:
        row, rule = self.words.get(word), self.subwords
        names, ids = ([word], [row]) if row >= 0 else ([], [])
        if rule is not None:
            names += rule.strings(word)
            ids += (rule.rows([word])[1] + len(self.words)).tolist()
        return [readable(name, on_unicode_error) for name in names], ids

    def tokenize(self, text: str) -> list[str]:
        return tokens_of(text)

    def getLine(self, text: str, on_unicode_error: str = "strict") -> tuple[list[str], list[str]]:
        words: list[str] = []
        labels: list[str] = []
        for token in tokens_of(text):
            if token not in self.words and token.startswith(self._args.label):
                if self.getLabelId(token) >= 0:
                    labels.append(readable(token, on_unicode_error))
                continue
            words.append(readable(token, on_unicode_error))
            if token == LINE_END:
                break
        return words, labels

    def multilineGetLine(
        self, texts: Sequence[str], on_unicode_error: str = "strict"
    ) -> tuple[list[list[str]], list[list[str]]]:
        pairs = [self.getLine(text, on_unicode_error) for text in texts]
        return [words for words, _ in pairs], [labels for _, labels in pairs]

    # vectors

    def word_vector(self, word: str) -> np.ndarray:
        """float32[d]; zeros for an unknown word without n-grams."""
        vectors = self.vectors
        if word in vectors or vectors.known(word):
            return np.array(vectors[word], np.float32)
        return np.zeros(vectors.dim, np.float32)

    def getWordVector(self, vector: np.ndarray, word: str) -> None:
        vector[:] = self.word_vector(word)

    def input_vector(self, index: int) -> np.ndarray:
        """float32[d]: a row of the input matrix."""
        return matrices.input_vector(self.fitted, index)

    def getInputVector(self, vector: np.ndarray, index: int) -> None:
        vector[:] = self.input_vector(index)

    def sentence_vector(self, text: str) -> np.ndarray:
        """float32[d]: of a classifier the mean of the features' rows, else the mean of the words'
        vectors, each of length 1, without those that are zero."""
        if self._args.model == model_name.supervised:
            return self.reporter.classifier.document_vectors([first_line(text)])[0]
        total, n = np.zeros(self.vectors.dim, np.float32), 0
        for word in words_of(text):
            row = self.word_vector(word)
            length = np.linalg.norm(row)
            if length > 0:
                total += row / length
                n += 1
        return total / np.float32(max(n, 1))

    def getSentenceVector(self, vector: np.ndarray, text: str) -> None:
        vector[:] = self.sentence_vector(text)

    def getNN(self, word: str, k: int, on_unicode_error: str = "strict") -> list[tuple[float, str]]:
        return self._nearest(self.word_vector(word), k, {word}, on_unicode_error)

    def getAnalogies(
        self, a: str, b: str, c: str, k: int, on_unicode_error: str = "strict"
    ) -> list[tuple[float, str]]:
        query = np.zeros(self.vectors.dim, np.float32)
        for word, sign in ((a, 1), (b, -1), (c, 1)):
            row = self.word_vector(word)
            query += sign * row / (np.linalg.norm(row) + np.float32(1e-8))
        return self._nearest(query, k, {a, b, c}, on_unicode_error)

    def _nearest(
        self, query: np.ndarray, k: int, without: set[str], on_unicode_error: str
    ) -> list[tuple[float, str]]:
        if k < 1:
            raise ValueError(f"k={k} is out of range; wanted at least 1.")
        known = [word for word in without if word in self.words]
        found = self.vectors.nearest(query, n=k, exclude=known)
        return [(score, readable(name, on_unicode_error)) for name, score in found]

    # matrices

    def getInputMatrix(self) -> np.ndarray:
        self._must_be_dense()
        return matrices.input_matrix(self.fitted)

    def getOutputMatrix(self) -> np.ndarray:
        self._must_be_dense()
        return matrices.output_matrix(self.fitted)

    def setMatrices(self, input_matrix: np.ndarray, output_matrix: np.ndarray) -> None:
        self._must_be_dense()
        self.take(matrices.with_matrices(self.fitted, input_matrix, output_matrix), self._args)

    def _must_be_dense(self) -> None:
        if self.isQuant():
            raise ValueError("Can't get quantized Matrix")

    # labels of texts

    def predict(
        self, text: str, k: int = 1, threshold: float = 0.0, on_unicode_error: str = "strict"
    ) -> list[tuple[float, str]]:
        reporter = self.reporter
        names = reporter.names(self.prefix, on_unicode_error)
        labels, scores = reporter.top([first_line(text)], k, threshold)
        both = zip(scores[0].tolist(), labels[0].tolist(), strict=True)
        return [(score, names[label]) for score, label in both if label >= 0]

    def multilinePredict(
        self,
        texts: Sequence[str],
        k: int = 1,
        threshold: float = 0.0,
        on_unicode_error: str = "strict",
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        if not texts:
            return [], []
        reporter = self.reporter
        names = reporter.names(self.prefix, on_unicode_error)
        labels, scores = reporter.top(list(map(first_line, texts)), k, threshold)
        if labels.size and labels.min() >= 0:
            return [[names[i] for i in row] for row in labels.tolist()], list(scores)
        found = [[names[i] for i in row if i >= 0] for row in labels.tolist()]
        return found, [row[: len(some)] for row, some in zip(scores, found, strict=True)]

    def meter(self, path: str, k: int, threshold: float, missed: bool) -> Meter:
        """What the predictions for the texts of a file are worth.

        missed: labels that were not predicted count in the curves too.
        """
        from firth.compat.fasttext.files import labelled, must_open
        from firth.static.meter import measure

        must_open(path, "Test file cannot be opened!")
        texts, classifier = labelled(path, self._args.label), self.reporter.classifier
        return measure(classifier, texts, k, max(0.0, min(threshold, 1.0)), missed=missed)

    def test(self, path: str, k: int = 1, threshold: float = 0.0) -> tuple[int, float, float]:
        meter = self.meter(path, k, threshold, missed=False)
        return meter.examples, meter.precision(), meter.recall()

    def testLabel(
        self, path: str, k: int = 1, threshold: float = 0.0
    ) -> dict[str, dict[str, float]]:
        meter = self.meter(path, k, threshold, missed=False)
        measures = {"precision": meter.precision, "recall": meter.recall, "f1score": meter.f1}
        return {
            name: {what: of(label) for what, of in measures.items()}
            for label, name in enumerate(self.labels)
        }

    def getMeter(self, path: str, k: int = -1) -> Meter:
        return self.meter(path, k, 0.0, missed=True)

    def quantize(
        self,
        input: str,
        qout: bool,
        cutoff: int,
        retrain: bool,
        epoch: int,
        lr: float,
        thread: int,
        verbose: int,
        dsub: int,
        qnorm: bool,
    ) -> None:
        from firth.compat.fasttext.smaller import smaller

        fitted = smaller(
            self.fitted, input=input, prefix=self._args.label, output_too=bool(qout),
            cutoff=cutoff, retrain=bool(retrain), epoch=epoch, lr=lr, thread=thread,
            verbose=verbose, dsub=dsub, norms=bool(qnorm),
        )  # fmt: skip
        self.take(fitted, dataclasses.replace(self._args, qout=bool(qout), input=input))


def _counts(names: Vocabulary | None, counts: Any) -> list[int]:
    if counts is None and names is not None:
        counts = names.counts
    return [0] * len(names or ()) if counts is None else np.asarray(counts).tolist()
