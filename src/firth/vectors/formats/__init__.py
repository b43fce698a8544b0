"""Vector files: a table of formats, told apart by content, read and written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firth.errors import FormatError, SettingError, did_you_mean
from firth.files import must_not_exist, whole_file
from firth.vectors.formats import (
    fasttext_bin,
    fasttext_vec,
    firth_folder,
    gensim_save,
    glove,
    model2vec,
    projector,
    safetensors_file,
    word2vec_binary,
    word2vec_text,
)
from firth.vectors.formats.cache import cached
from firth.vectors.formats.sniff import sniff
from firth.vectors.formats.source import COMPRESSED
from firth.vectors.formats.table import Format, Reading

if TYPE_CHECKING:
    from firth.vectors.vectors import Vectors

FORMATS = {
    row.name: row
    for row in (
        Format(
            "word2vec-text",
            "word2vec text: a header, then a word and its numbers a line",
            (".txt",),
            word2vec_text.read,
            word2vec_text.write,
        ),
        Format(
            "word2vec-binary",
            "word2vec binary: a header, then words and float32",
            (".bin",),
            word2vec_binary.read,
            word2vec_binary.write,
        ),
        Format(
            "glove",
            "GloVe text: no header, six decimals",
            (".glove",),
            glove.read,
            glove.write,
        ),
        Format(
            "fasttext-vec",
            "fastText .vec: a header, five significant digits",
            (".vec",),
            fasttext_vec.read,
            fasttext_vec.write,
        ),
        Format(
            "fasttext-bin",
            "fastText .bin and .ftz: words, and n-grams for words never seen",
            (".ftz",),
            fasttext_bin.read,
            fasttext_bin.write,
        ),
        Format(
            "safetensors",
            "one safetensors file with its names",
            (".safetensors",),
            safetensors_file.read,
            safetensors_file.write,
        ),
        Format(
            "model2vec",
            "folder of model2vec and of sentence-transformers' StaticEmbedding",
            (".model2vec",),
            model2vec.read,
            model2vec.write,
            folder=True,
        ),
        Format(
            "gensim",
            "gensim .save (read only, without running what the pickle asks for)",
            (),
            gensim_save.read,
            None,
        ),
        Format(
            "projector",
            "TensorFlow projector: X_tensor.tsv and X_metadata.tsv",
            (".tsv",),
            projector.read,
            projector.write,
            folder=True,
            outputs=projector.pair,
        ),
        Format(
            "firth",
            "firth's model folder, opened by memory map",
            (".firth", ""),
            firth_folder.read,
            firth_folder.write,
            folder=True,
        ),
    )
}

__all__ = ["FORMATS", "Format", "format_of", "load_vectors", "save_vectors", "sniff"]


def load_vectors(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    encoding_errors: str = "strict",
    cache: bool = False,
) -> Vectors:
    """The vectors of a file or folder of any format in `FORMATS`.

    format: its name; told by content if None.
    limit: only the first rows.
    encoding_errors: "strict", or "replace" for files with words cut inside a character.
    cache: keep a memory-mapped copy in firth's cache folder, so that the next opening of the
        same file (path, size, time) reads nothing.

    Raises:
        FormatError: with line or offset, what was found and what was expected.
        SettingError: an unknown format name, a limit below 1.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise SettingError(f"limit={limit} is out of range; wanted at least 1.")
    if encoding_errors not in ("strict", "replace"):
        raise SettingError(f"encoding_errors={encoding_errors!r} is not one of strict, replace.")
    row = _format(format or sniff(path))
    reading = Reading(limit, encoding_errors)
    # those two are mapped as they are
    if cache and row.name not in ("firth", "fasttext-bin"):
        return cached(path, row, reading)
    return row.read(path, reading)


def save_vectors(
    vectors: Vectors, path: str | Path, format: str | None = None, overwrite: bool = True
) -> None:
    """Writes `vectors`, whole or not at all; `format` None: by the suffix of `path`.

    Text formats are compressed if the name ends in .gz, .bz2 or .xz.

    Raises:
        FormatError: a name that the format cannot hold; a format that is only read.
        ModelExistsError: the output is there and `overwrite` is false.
        StorageError: disk full, or the place cannot be written.
    """
    path = Path(path)
    row = format_of(path, format)
    if row.write is None:
        writable = ", ".join(name for name, one in FORMATS.items() if one.write)
        raise SettingError(f"{row.name} is only read, not written; choose one of {writable}.")
    if row.name != "firth":
        vectors.must_be_dense(row.name)
    if row.folder:
        for output in row.outputs(path):
            must_not_exist(output, overwrite)
        row.write(vectors, path)
        return
    with whole_file(path, overwrite) as temporary:
        # writers look at the suffix for compression
        inner = temporary.with_name(f"{temporary.name}-{path.suffix}")
        try:
            row.write(vectors, inner)
            inner.replace(temporary)
        except FormatError as error:
            raise FormatError(path, error.found, error.expected, _remedy(error)) from None
        finally:
            inner.unlink(missing_ok=True)


def _remedy(error: FormatError) -> str:
    return str(error).partition(f"expected {error.expected}. ")[2]


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise SettingError(
            f"format '{name}' is not known.{did_you_mean(name, FORMATS)} "
            f"Formats: {', '.join(FORMATS)}."
        )
    return FORMATS[name]


def format_of(path: Path, name: str | None) -> Format:
    """The format called `name`; without one, that which the suffix of `path` tells.

    Raises:
        SettingError: there is no such format, or the suffix tells none.
    """
    return _format(name) if name else _by_suffix(path)


def _by_suffix(path: Path) -> Format:
    name = path.name
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    suffix = Path(name).suffix
    for row in FORMATS.values():
        if suffix in row.suffixes:
            return row
    known = ", ".join(one for row in FORMATS.values() for one in row.suffixes if one)
    raise SettingError(
        f"the name '{path.name}' does not tell a format; give format=, or one of the endings "
        f"{known}."
    )
