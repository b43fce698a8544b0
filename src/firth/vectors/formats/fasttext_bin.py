"""fastText's `.bin` and `.ftz` as word vectors: words, and n-grams for words never seen.

A plain file is mapped and words are put together when asked for, so that a large one opens at
once. Of a classifier these are its words' rows, not its labels. What is written is a model of
word vectors whose output rows are zero; a whole model is written by `fasttext_model`.
"""

from __future__ import annotations

from pathlib import Path

from firth.vectors.formats import fasttext_file, fasttext_model
from firth.vectors.formats.table import Reading
from firth.vectors.vectors import Vectors


def read(path: Path, reading: Reading) -> Vectors:
    """The vectors of the words, in the order of the dictionary.

    Raises:
        FormatError: with the byte offset.
    """
    return fasttext_model.read(path, reading.errors).must_have_vectors(path).head(reading.limit)


def write(vectors: Vectors, path: Path) -> None:
    """
    Raises:
        FormatError: a name, or n-grams, that the format cannot hold.
    """
    contents = fasttext_model.of_vectors(vectors, path)
    with path.open("wb") as file:
        fasttext_file.write(contents, file)
