"""firth: a person's own text as word vectors that answer questions."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firth.compare.learning_curve import learning_curve as learning_curve
    from firth.errors import FirthError as FirthError
    from firth.neural.contextual import Contextual as Contextual
    from firth.neural.elmo_settings import ELMo as ELMo
    from firth.neural.settings import LanguageModel as LanguageModel
    from firth.neural.tagger_settings import Tagger as Tagger
    from firth.static.autotune import autotune as autotune
    from firth.static.cbow import CBOW as CBOW
    from firth.static.classifier import FastTextClassifier as FastTextClassifier
    from firth.static.classify import Classifier as Classifier
    from firth.static.cooccurrence import Cooccurrence as Cooccurrence
    from firth.static.counts import DocumentCounts as DocumentCounts
    from firth.static.fasttext import FastText as FastText
    from firth.static.glove import GloVe as GloVe
    from firth.static.infer import Inference as Inference
    from firth.static.infer import infer as infer
    from firth.static.lsa import LSA as LSA
    from firth.static.ppmi import PPMI as PPMI
    from firth.static.pvdbow import PVDBOW as PVDBOW
    from firth.static.pvdm import PVDM as PVDM
    from firth.static.quantize import ModelQuantization as ModelQuantization
    from firth.static.quantize import quantize as quantize
    from firth.static.skipgram import SkipGram as SkipGram
    from firth.static.svd import SVD as SVD
    from firth.static.window_counts import WindowCounts as WindowCounts
    from firth.text.corpus import Corpus as Corpus
    from firth.text.labelled import Labelled as Labelled
    from firth.text.phrase_model import PhraseModel as PhraseModel
    from firth.text.phrases import Phrases as Phrases
    from firth.text.tagged import Tagged as Tagged
    from firth.text.vocabulary import Vocabulary as Vocabulary
    from firth.vectors.documents import DocumentVectors as DocumentVectors
    from firth.vectors.evaluate import evaluate_analogies as evaluate_analogies
    from firth.vectors.evaluate import evaluate_similarity as evaluate_similarity
    from firth.vectors.fitted import Fitted as Fitted
    from firth.vectors.fitted import load as load
    from firth.vectors.formats import load_vectors as load_vectors
    from firth.vectors.quantize import quantize_vectors as quantize_vectors
    from firth.vectors.vectors import Vectors as Vectors

__version__ = "0.1.0"

# loaded at first use, so that `import firth` is quick and needs no compiler
_PLACES = {
    "CBOW": "firth.static.cbow",
    "Classifier": "firth.static.classify",
    "Contextual": "firth.neural.contextual",
    "Cooccurrence": "firth.static.cooccurrence",
    "Corpus": "firth.text.corpus",
    "DocumentCounts": "firth.static.counts",
    "DocumentVectors": "firth.vectors.documents",
    "ELMo": "firth.neural.elmo_settings",
    "FastText": "firth.static.fasttext",
    "FastTextClassifier": "firth.static.classifier",
    "FirthError": "firth.errors",
    "Fitted": "firth.vectors.fitted",
    "GloVe": "firth.static.glove",
    "Inference": "firth.static.infer",
    "LSA": "firth.static.lsa",
    "Labelled": "firth.text.labelled",
    "LanguageModel": "firth.neural.settings",
    "ModelQuantization": "firth.static.quantize",
    "PPMI": "firth.static.ppmi",
    "PVDBOW": "firth.static.pvdbow",
    "PVDM": "firth.static.pvdm",
    "PhraseModel": "firth.text.phrase_model",
    "Phrases": "firth.text.phrases",
    "SVD": "firth.static.svd",
    "SkipGram": "firth.static.skipgram",
    "Tagged": "firth.text.tagged",
    "Tagger": "firth.neural.tagger_settings",
    "Vectors": "firth.vectors.vectors",
    "Vocabulary": "firth.text.vocabulary",
    "WindowCounts": "firth.static.window_counts",
    "autotune": "firth.static.autotune",
    "evaluate_analogies": "firth.vectors.evaluate",
    "evaluate_similarity": "firth.vectors.evaluate",
    "infer": "firth.static.infer",
    "learning_curve": "firth.compare.learning_curve",
    "load": "firth.vectors.fitted",
    "load_vectors": "firth.vectors.formats",
    "quantize": "firth.static.quantize",
    "quantize_vectors": "firth.vectors.quantize",
}

# made of torch; `from firth import *` is without them where it is not installed
_OF_TORCH = {"Contextual", "learning_curve"}

__all__ = sorted(name for name in _PLACES if name not in _OF_TORCH or find_spec("torch"))


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'firth' has no attribute '{name}'")
    try:
        value = getattr(importlib.import_module(_PLACES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from firth.errors import MissingExtraError

        raise MissingExtraError(f"firth.{name}", "torch", "neural") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
