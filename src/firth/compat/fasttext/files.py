"""Files in and out: labelled texts, `.bin` and `.ftz`."""

from __future__ import annotations

import os
from pathlib import Path

from firth.errors import FormatError
from firth.text.labelled import Labelled
from firth.vectors.fitted import Fitted


def labelled(path: str, prefix: str) -> Labelled:
    """The texts of a file as fastText reads them: split at blanks, case kept."""
    return Labelled(path, prefix=prefix, tokenizer="blanks", encoding_errors="replace")


def must_open(path: str, otherwise: str) -> None:
    """
    Raises:
        ValueError: `otherwise`; there is no such file.
    """
    if not os.path.isfile(path):
        raise ValueError(otherwise)


def read(path: str | Path) -> Fitted:
    """A `.bin` or `.ftz` of fastText, old ones too; or a model folder of firth.

    Raises:
        ValueError: there is none, or it is damaged (FormatError, which says where).
    """
    if os.path.isdir(path):
        fitted = Fitted.load(path)
        if fitted.kind not in ("fasttext", "fasttext-classifier"):
            raise FormatError(path, f"a model of kind {fitted.kind}", "a fastText model")
        return fitted
    must_open(str(path), f"{path} cannot be opened for loading!")
    from firth.vectors.formats import fasttext_model

    return fasttext_model.read(path, errors="replace")


def write(fitted: Fitted, path: str | Path) -> None:
    """As the original: whatever `path` ends with, quantised models as such.

    Raises:
        ValueError: the folder is not there (StorageError), or a name that it cannot hold.
    """
    from firth.vectors.formats import fasttext_model

    fasttext_model.write(fitted, path)
