"""The module that the package keeps its functions and its model class in.

Signatures are the package's, so that `inspect` and positional calls see the same; that is why
the functions that train take any arguments and check them themselves.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np

from firth.compat.fasttext import arguments
from firth.compat.fasttext.arguments import Args, loss_name, model_name
from firth.compat.fasttext.engine import Engine
from firth.compat.fasttext.meters import _Meter
from firth.compat.fasttext.tokens import tokens_of

__all__ = [
    "BOW",
    "EOS",
    "EOW",
    "cbow",
    "eprint",
    "load_model",
    "loss_name",
    "model_name",
    "read_args",
    "skipgram",
    "supervised",
    "tokenize",
    "train_supervised",
    "train_unsupervised",
    "unsupervised_default",
]

EOS = "</s>"
BOW = "<"
EOW = ">"

unsupervised_default = dict(arguments.UNSUPERVISED)


def eprint(*args: Any, **kwargs: Any) -> None:
    """Prints on the standard error; programs replace it to be left in peace."""
    print(*args, file=sys.stderr, **kwargs)  # noqa: T201  it is what it is for


class _FastText:
    """A model: word vectors with n-grams, or a classifier.

    `load_model`, `train_supervised` and `train_unsupervised` give one. `f` is the model as the
    compiled module of the package would show it, `fitted` as firth knows it.
    """

    def __init__(self, model_path=None, args=None):
        self.f = Engine()
        if model_path is not None:
            self.f.loadModel(model_path)
            args = args or self.f.getArgs()
        self._words: list[str] | None = None
        self._labels: list[str] | None = None
        self.set_args(args)

    @property
    def fitted(self):
        """The `Fitted` of firth: .vectors, .save(folder)…"""
        return self.f.fitted

    def set_args(self, args=None):
        """Makes the arguments of training attributes: lr, dim, ws, epoch…"""
        if args:
            for name in arguments.TRAINING:
                setattr(self, name, getattr(args, name))

    def is_quantized(self):
        """Whether the rows of the words are product quantised."""
        return self.f.isQuant()

    def get_dimension(self):
        """The length of a vector."""
        return self.f.getArgs().dim

    def get_word_vector(self, word):
        """float32[dim]: the mean of the rows of the word and of its n-grams."""
        return self.f.word_vector(word)

    def get_sentence_vector(self, text):
        """float32[dim] of one line: of a classifier, the mean of the rows of its features; of word
        vectors, the mean of the words' vectors, each of length 1."""
        return self.f.sentence_vector(_one_line(text, "predict"))

    def get_nearest_neighbors(self, word, k=10, on_unicode_error="strict"):
        """[(cosine, word)] of the k words nearest to `word`, which may be one never seen."""
        return self.f.getNN(word, k, on_unicode_error)

    def get_analogies(self, wordA, wordB, wordC, k=10, on_unicode_error="strict"):
        """[(cosine, word)] of the k words nearest to A - B + C."""
        return self.f.getAnalogies(wordA, wordB, wordC, k, on_unicode_error)

    def get_word_id(self, word):
        """The row of a word, -1 if it is not in the vocabulary."""
        return self.f.getWordId(word)

    def get_label_id(self, label):
        """The number of a label, -1 if there is no such label."""
        return self.f.getLabelId(label)

    def get_subword_id(self, subword):
        """The row of the input matrix that an n-gram is hashed to."""
        return self.f.getSubwordId(subword)

    def get_subwords(self, word, on_unicode_error="strict"):
        """(the word, if it is known, and its n-grams; the rows of each)."""
        names, ids = self.f.getSubwords(word, on_unicode_error)
        return names, np.array(ids)

    def get_input_vector(self, ind):
        """float32[dim]: a row of the input matrix."""
        return self.f.input_vector(ind)

    def predict(self, text, k=1, threshold=0.0, on_unicode_error="strict"):
        """(labels, probabilities) of a line; of a list of lines, lists of them.

        k: labels at most, -1 for all.  threshold: the least probability of a label.

        Raises:
            ValueError: the model is no classifier; a line end in the text.
        """
        if type(text) is list:
            lines = [_one_line(one, "predict") for one in text]
            return self.f.multilinePredict(lines, k, threshold, on_unicode_error)
        found = self.f.predict(_one_line(text, "predict"), k, threshold, on_unicode_error)
        return tuple(label for _, label in found), np.array([score for score, _ in found])

    def get_input_matrix(self):
        """float32[words + n-grams, dim], a copy; not of a quantised model."""
        return self.f.getInputMatrix()

    def get_output_matrix(self):
        """float32[labels or words, dim], a copy; not of a quantised model."""
        return self.f.getOutputMatrix()

    def get_words(self, include_freq=False, on_unicode_error="strict"):
        """The words of the vocabulary; with include_freq (words, counts)."""
        words, counts = self.f.getVocab(on_unicode_error)
        return (words, np.array(counts)) if include_freq else words

    def get_labels(self, include_freq=False, on_unicode_error="strict"):
        """The labels, with include_freq (labels, counts); of word vectors, the words."""
        if self.f.getArgs().model != model_name.supervised:
            return self.get_words(include_freq)
        labels, counts = self.f.getLabels(on_unicode_error)
        return (labels, np.array(counts)) if include_freq else labels

    def get_line(self, text, on_unicode_error="strict"):
        """(words, known labels) of a line; of a list of lines, lists of them."""
        if type(text) is list:
            lines = [_one_line(one, "get_line") for one in text]
            return self.f.multilineGetLine(lines, on_unicode_error)
        return self.f.getLine(_one_line(text, "get_line"), on_unicode_error)

    def save_model(self, path):
        """Writes the model as a .bin, or a .ftz if it is quantised; the name does not matter."""
        self.f.saveModel(path)

    def test(self, path, k=1, threshold=0.0):
        """(examples, precision, recall) on a file of labelled lines."""
        return self.f.test(path, k, threshold)

    def test_label(self, path, k=1, threshold=0.0):
        """{label: {"precision": …, "recall": …, "f1score": …}} on a file of labelled lines."""
        return self.f.testLabel(path, k, threshold)

    def get_meter(self, path, k=-1):
        """Scores and curves on a file of labelled lines."""
        return _Meter(self, self.f.getMeter(path, k))

    def quantize(
        self,
        input=None,
        qout=False,
        cutoff=0,
        retrain=False,
        epoch=None,
        lr=None,
        thread=None,
        verbose=None,
        dsub=2,
        qnorm=False,
    ):
        """Makes the model smaller by product quantisation.

        cutoff: input rows that stay; 0: all.  retrain: they learn on from the texts of `input`.
        qout: quantise the labels' rows too.  qnorm: quantise norms apart.  dsub: numbers a byte.

        Raises:
            ValueError: it is no classifier, or is quantised already; retrain without input.
        """
        args = self.f.getArgs()
        if retrain and not input:
            raise ValueError("Need input file path if retraining")
        self.f.quantize(
            input or "", qout, cutoff, retrain, epoch or args.epoch, lr or args.lr,
            thread or args.thread, verbose or args.verbose, dsub, qnorm,
        )  # fmt: skip
        self._words = None

    def set_matrices(self, input_matrix, output_matrix):
        """Puts other numbers in the place of both matrices; they may have another dim."""
        self.f.setMatrices(input_matrix.astype(np.float32), output_matrix.astype(np.float32))

    @property
    def words(self):
        """The words of the vocabulary."""
        if self._words is None:
            self._words = self.get_words()
        return self._words

    @property
    def labels(self):
        """The labels; of word vectors, the words."""
        if self._labels is None:
            self._labels = self.get_labels()
        return self._labels

    def __getitem__(self, word):
        return self.get_word_vector(word)

    def __contains__(self, word):
        return word in self.f.words


def _one_line(text: str, what: str) -> str:
    """`text` as the package gives it on, with a line end.

    Raises:
        ValueError: it holds one already.
    """
    if "\n" in text:
        raise ValueError(f"{what} processes one line at a time (remove '\\n')")
    return text + "\n"


def tokenize(text):
    """The tokens of a text, split at fastText's blanks; </s> for each line end."""
    return tokens_of(text)


def load_model(path):
    """The model in a .bin or .ftz file (or a model folder of firth)."""
    return _FastText(model_path=path)


def read_args(arg_list, arg_dict, arg_names, default_values):
    """(values by name, names that were given): what the package makes of a call."""
    args = arguments.read_args(arg_list, arg_dict, arg_names, default_values)
    values = {name: getattr(args, name) for name in ("input", *default_values)}
    return values, args.manual | {"input"}


def train_supervised(*kargs, **kwargs):
    """Trains a classifier on a file of lines with their labels, and returns the model.

    Arguments, in this order or by name: input (the path), lr 0.1, dim 100, ws 5, epoch 5,
    minCount 1, minCountLabel 0, minn 0, maxn 0, neg 5, wordNgrams 1, loss "softmax" (ns, hs, ova),
    bucket 2000000, thread (cores - 1), lrUpdateRate 100, t 1e-4, label "__label__", verbose 2,
    pretrainedVectors "", seed 0, autotuneValidationFile "", autotuneMetric "f1",
    autotunePredictions 1, autotuneDuration 300, autotuneModelSize "".

    Raises:
        TypeError: an unknown argument, or one of another type.
        ValueError: a file that is not there, no labels, a number out of range.
    """
    return _trained(kargs, kwargs, arguments.TAKEN_SUPERVISED, arguments.SUPERVISED)


def train_unsupervised(*kargs, **kwargs):
    """Trains word vectors with character n-grams on a file of text, and returns the model.

    Arguments, in this order or by name: input (the path), model "skipgram" (cbow), lr 0.05,
    dim 100, ws 5, epoch 5, minCount 5, minCountLabel 0, minn 3, maxn 6, neg 5, wordNgrams 1,
    loss "ns" (hs, softmax), bucket 2000000, thread (cores - 1), lrUpdateRate 100, t 1e-4,
    label "__label__", verbose 2, pretrainedVectors "".

    Raises:
        TypeError: an unknown argument, or one of another type.
        ValueError: a file that is not there, no words, a number out of range.
    """
    return _trained(kargs, kwargs, arguments.TAKEN_UNSUPERVISED, unsupervised_default)


def _trained(kargs, kwargs, taken, defaults):
    from firth.compat.fasttext.training import train

    args = arguments.read_args(kargs, kwargs, taken, defaults)
    model = _FastText(args=args)
    fitted = train(args)
    model.f.take(fitted, _reached(args, fitted.settings))
    model.set_args(model.f.getArgs())
    return model


def _reached(args: Args, settings: dict[str, Any]) -> Args:
    """`args` with what autotune has found."""
    if not args.autotuneValidationFile:
        return args
    found = arguments.of_settings(settings, "fasttext-classifier")
    names = ("lr", "dim", "epoch", "minn", "maxn", "wordNgrams", "bucket", "loss")
    return dataclasses.replace(args, **{name: getattr(found, name) for name in names})


def cbow(*kargs, **kwargs):
    """Not supported any more."""
    raise Exception(
        "`cbow` is not supported any more. Please use `train_unsupervised` with model=`cbow`."
    )


def skipgram(*kargs, **kwargs):
    """Not supported any more."""
    raise Exception(
        "`skipgram` is not supported any more. Please use `train_unsupervised` with "
        "model=`skipgram`."
    )


def supervised(*kargs, **kwargs):
    """Not supported any more."""
    raise Exception("`supervised` is not supported any more. Please use `train_supervised`.")
