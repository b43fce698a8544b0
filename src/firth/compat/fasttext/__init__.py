"""The `fasttext` package's functions on firth: change one line and a program runs.

    import firth.compat.fasttext as fasttext          # was: import fasttext

Names, arguments, defaults and return shapes are those of fasttext 0.9.2 for Python, and so are
`.bin` and `.ftz` files. What differs in meaning is listed in docs/fasttext-migration.md.
"""

from firth.compat.fasttext import FastText as FastText
from firth.compat.fasttext import util as util
from firth.compat.fasttext.FastText import (
    BOW,
    EOS,
    EOW,
    cbow,
    load_model,
    skipgram,
    supervised,
    tokenize,
    train_supervised,
    train_unsupervised,
)

__all__ = [
    "BOW",
    "EOS",
    "EOW",
    "FastText",
    "cbow",
    "load_model",
    "skipgram",
    "supervised",
    "tokenize",
    "train_supervised",
    "train_unsupervised",
    "util",
]
