"""`firth embed`: vectors of words, or of lines, in a file for other programs."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import is_folder_of_ours, open_fitted, open_vectors, tokenizer_like
from firth.cli.options import COMMON, HYPHEN, Common
from firth.errors import CorpusError, EncodingError, MissingExtraError, SettingError
from firth.files import must_not_exist, whole_file

if TYPE_CHECKING:
    from firth.vectors.vectors import Vectors

ENDINGS = (".npy", ".parquet", ".txt", ".tsv")


def embed(
    model: str,
    file: str = "-",
    /,
    *,
    out: Annotated[str, Parameter(name=["-o", "--output"])],
    of: Literal["words", "lines"] = "words",
    tokenizer: str | None = None,
    fold_case: bool | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """Vectors of words (one a line), or of lines, as .npy, .parquet or text.

    The vector of a line is the mean of the vectors of its known words. One row for each line of
    FILE, in its order; what holds no known word gets a row of zeros, and is named.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    file
        What to embed; - or nothing is standard input.
    out
        Where to write: .npy (float32 matrix), .parquet (text, vector), .txt or .tsv (text,
        TAB, numbers).
    of
        Whether a line of FILE is one word or a text.
    tokenizer
        How to cut lines into words; default: as the model was trained.
    fold_case
        Whether to ignore case in lines; default: as the model was trained.
    overwrite
        Replace the output if it exists.
    """
    path = Path(out)
    if path.suffix not in ENDINGS:
        raise SettingError(
            f"-o {out}: the ending '{path.suffix}' is not one of {', '.join(ENDINGS)}."
        )
    if path.suffix == ".parquet":
        _arrow()
    must_not_exist(path, overwrite)
    if is_folder_of_ours(model):
        fitted = open_fitted(model)
        vectors, corpus = fitted.vectors, fitted.corpus
    else:
        vectors = open_vectors(model)
        # a vocabulary with capitals was not case-folded
        folded = all(name == name.casefold() for name in vectors.names[:1000])
        corpus = {"tokenizer": "words", "fold_case": folded}
    if of == "lines":
        cut = tokenizer_like(corpus, tokenizer, fold_case)
    lines = _lines(file)
    if of == "words":
        texts = [line.strip() for line in lines]
        matrix, unknown = of_words(vectors, texts)
        output.call(common.verbose, f"firth.load_vectors({model!r})[{texts[:3]!r}...]")
    else:
        texts = lines
        matrix, unknown = of_lines(vectors, [cut(line) for line in texts])
        output.call(
            common.verbose,
            "vectors[[word for word in tokens if word in vectors]].mean(axis=0)  # each line",
        )
    write(path, texts, matrix, overwrite)
    document = {"path": out, "rows": len(texts), "dim": vectors.dim, "unknown": unknown}
    if common.json:
        output.write_json(document)
        return
    output.write(f"{len(texts):,} vectors of {vectors.dim} numbers are in {out}")
    if unknown:
        shown = ", ".join(unknown[:20]) + (" …" if len(unknown) > 20 else "")
        output.say(f"firth: {len(unknown):,} words are not in the model: {shown}")


def of_words(vectors: Vectors, words: list[str]) -> tuple[np.ndarray, list[str]]:
    """float32[n, d] of `words`, zeros for unknown ones; and these, each once."""
    ids = vectors.vocabulary.ids(words)
    matrix = np.zeros((len(words), vectors.dim), np.float32)
    known = ids >= 0
    matrix[known] = vectors.matrix[ids[known]]
    unknown = dict.fromkeys(word for word, row in zip(words, ids, strict=True) if row < 0)
    return matrix, list(unknown)


def of_lines(vectors: Vectors, lines: list[list[str]]) -> tuple[np.ndarray, list[str]]:
    """float32[n, d]: the mean over the known words of each line; and the unknown, each once."""
    matrix = np.zeros((len(lines), vectors.dim), np.float32)
    unknown: dict[str, None] = {}
    for row, words in enumerate(lines):
        ids = vectors.vocabulary.ids(words)
        unknown.update(dict.fromkeys(w for w, i in zip(words, ids, strict=True) if i < 0))
        known = ids[ids >= 0]
        if len(known):
            matrix[row] = vectors.matrix[known].mean(axis=0, dtype=np.float64)
    return matrix, list(unknown)


def write(path: Path, texts: list[str], matrix: np.ndarray, overwrite: bool) -> None:
    """`texts` and `matrix` float32[n, d] into the format that the ending of `path` names."""
    with whole_file(path, overwrite) as temporary:
        if path.suffix == ".npy":
            with temporary.open("wb") as file:
                np.save(file, matrix)
        elif path.suffix == ".parquet":
            arrow = _arrow()
            from pyarrow import parquet

            values = arrow.array(matrix.ravel(), arrow.float32())
            column = arrow.FixedSizeListArray.from_arrays(values, matrix.shape[1])
            parquet.write_table(arrow.table({"text": texts, "vector": column}), temporary)
        else:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                for text, row in zip(texts, matrix, strict=True):
                    numbers = " ".join(format(value, ".6g") for value in row.tolist())
                    file.write(f"{text.replace(chr(9), ' ')}\t{numbers}\n")


def _lines(file: str) -> list[str]:
    """The lines of `file`, or of standard input, without their ends.

    Raises:
        CorpusError: nothing there. EncodingError: not UTF-8.
    """
    if file in ("-", HYPHEN):
        blob, name = sys.stdin.buffer.read(), "standard input"
    else:
        try:
            blob, name = Path(file).read_bytes(), file
        except OSError as error:
            raise CorpusError(f"{file} cannot be read: {error.strerror}.") from None
    try:
        text = blob.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{name}: byte 0x{blob[error.start]:02X} at offset {error.start} is not UTF-8; convert "
            "the file first (iconv -f latin1 -t utf-8)."
        ) from None
    if not text.strip():
        raise CorpusError(f"{name} is empty; wanted one word or one text a line.")
    return [line.rstrip("\r\n") for line in io.StringIO(text, newline="\n")]


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("writing .parquet", "pyarrow", "tables") from None
    return pyarrow
