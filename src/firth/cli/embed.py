"""`firth embed`: vectors of words, or of lines, in a file for other programs.

A model of documents (counts, lsa, pvdbow, pvdm) makes a row of each line by its own mathematics;
all others take the mean of the line's words. The documents that it was trained on have their own
vectors, asked for by their ids. The rows of counts and ppmi are sparse: .npz, as scipy.sparse
reads it. Of an ELMo each word of a line has its own vectors, see `contextual`.
"""

from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import (
    is_model,
    open_fitted,
    open_vectors,
    reader,
    tokenizer_like,
)
from firth.cli.options import COMMON, HYPHEN, Common
from firth.errors import CorpusError, EncodingError, FormatError, MissingExtraError, SettingError
from firth.files import must_not_exist, whole_file
from firth.vectors.rows import is_sparse

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from firth.text.vocabulary import Vocabulary
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

ENDINGS = (".npy", ".parquet", ".txt", ".tsv")
SPARSE = (".npz",)
#: kinds of models whose rows are documents
DOCUMENTS = ("counts", "lsa", "pvdbow", "pvdm")
#: those that infer the row of a new document
INFERRED = ("pvdbow", "pvdm")
#: the Python that does the same
CALLS = {
    "counts": "firth.DocumentCounts.transform({model}, lines)",
    "lsa": "firth.LSA.transform({model}, lines)",
    "pvdbow": "firth.infer({model}, lines).vectors",
    "pvdm": "firth.infer({model}, lines).vectors",
}


def embed(
    model: str,
    file: str = "-",
    /,
    *,
    out: Annotated[str, Parameter(name=["-o", "--output"])],
    of: Literal["words", "lines", "documents", "tokens"] | None = None,
    layers: str | None = None,
    dtype: Literal["float16", "float32"] | None = None,
    tokenizer: str | None = None,
    fold_case: bool | None = None,
    encoding: str | None = None,
    device: str | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """Vectors of words (one a line), or of lines, as .npy, .npz, .parquet or text.

    The vector of a line is the mean of the vectors of its known words; with a model of the kind
    counts, lsa, pvdbow or pvdm it is the row of that document, as of a new one. One row for each
    line of FILE, in its order; what holds no known word gets a row of zeros, and is named.

    An ELMo gives the vectors of each word in its line: OUT.npy is float16[words, layers, 2 dim],
    word after word; the words of line i (from 0) are those from offsets[i] to offsets[i + 1] of
    OUT.offsets.npy, and what they are stands in OUT.tokens.jsonl, a line a list.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    file
        What to embed; - or nothing is standard input.
    out
        Where to write: .npy (float32 matrix), .parquet (text, vector), .txt or .tsv (text,
        TAB, numbers); with a model of the kind counts or ppmi: .npz (sparse matrix of scipy);
        with an elmo: .npy (float16[words, layers, 2 dim], one word after another), beside it
        .offsets.npy (where each line begins) and .tokens.jsonl (its words).
    of
        Whether a line of FILE is one word, a text, or the id of a document that the model was
        trained on; default: words, but lines with a model of the kind counts, lsa, pvdbow or
        pvdm. Of words, counts gives one-hot rows. Tokens: each word of a text, the default with an
        elmo and only there.
    layers
        ELMo: all of them, the top one, their average, or numbers such as 0,2 (0: the spelling
        alone); default: all.
    dtype
        ELMo: of the numbers; default: float16.
    tokenizer
        How to cut lines into words; default: as the model was trained.
    fold_case
        Whether to ignore case in lines; default: as the model was trained.
    encoding
        ELMo: of FILE, utf-8, latin-1 or another; default: utf-8.
    device
        ELMo: where it computes, auto, cpu, cuda, cuda:1 or mps; default: auto.
    overwrite
        Replace the output if it exists.
    """
    path = Path(out)
    fitted = open_fitted(model) if is_model(model) else None
    if fitted is not None and fitted.kind == "elmo" and of in (None, "tokens"):
        from firth.cli import contextual

        contextual.embed(
            contextual.Asked(
                model, file, path, layers or "all", dtype or "float16", tokenizer, fold_case,
                encoding or "utf-8", device or "auto", overwrite, common,
            ),
            fitted,
        )  # fmt: skip
        return
    _must_not_be_said(of, layers=layers, dtype=dtype, encoding=encoding, device=device)
    kind = "vectors" if fitted is None else fitted.kind
    sparse = kind == "counts"
    if fitted is not None and fitted.vectors is not None:
        sparse = is_sparse(fitted.vectors.matrix)
    endings = SPARSE if sparse else ENDINGS
    if path.suffix not in endings:
        raise SettingError(
            f"-o {out}: the ending '{path.suffix}' is not one of {', '.join(endings)}"
            + (f", as the rows of a model of the kind {kind} are sparse." if sparse else ".")
        )
    if path.suffix == ".parquet":
        _arrow()
    must_not_exist(path, overwrite)
    if of == "documents":
        texts, matrix, unknown = _known_documents(model, fitted, file)
        output.call(common.verbose, f"firth.load({model!r}).documents[{texts[:3]!r}...]")
        write(path, texts, matrix, overwrite)
        _tell(out, matrix, unknown, "documents", common)
        return
    lines_wanted = kind in DOCUMENTS if of is None else of == "lines"
    if fitted is not None:
        vectors, corpus = fitted.vectors, fitted.corpus
        vocabulary = fitted.vocabulary if vectors is None else vectors.vocabulary
    else:
        vectors = open_vectors(model)
        vocabulary = vectors.vocabulary
        # a vocabulary with capitals was not case-folded
        folded = all(name == name.casefold() for name in vectors.names[:1000])
        corpus = {"tokenizer": "words", "fold_case": folded}
    if lines_wanted:
        cut = tokenizer_like(corpus, tokenizer, fold_case)
    phrases = None if fitted is None else fitted.phrases
    texts = _lines(file)
    if lines_wanted:
        lines = [cut(line) for line in texts]
        tokens = lines if phrases is None else [phrases.apply(line) for line in lines]
    else:
        read = reader(fitted)
        texts = [line.strip() for line in texts]
        words = [read(text) for text in texts]
    if fitted is not None and kind in DOCUMENTS and lines_wanted:
        # which joins phrases itself
        matrix, unknown = of_documents(fitted, lines), _unknown(vocabulary, tokens)
        call = CALLS[kind].format(model=f"firth.load({model!r})")
        output.call(common.verbose, call)
    elif vectors is None and kind in INFERRED:
        raise FormatError(
            model,
            f"a model of the kind {kind} that has no vectors of words",
            "lines or documents",
            "Give --of lines, or train with another objective than hierarchical-softmax.",
        )
    elif vectors is None:
        from firth.static.counts import one_hot

        matrix = one_hot(words, vocabulary, zeros_for_unknown=True)
        unknown = _unknown(vocabulary, [words])
        output.call(common.verbose, "firth.static.counts.one_hot(words, fitted.vocabulary)")
    elif lines_wanted:
        matrix, unknown = of_lines(vectors, tokens)
        output.call(
            common.verbose,
            "vectors[[word for word in tokens if word in vectors]].mean(axis=0)  # each line",
        )
    else:
        matrix, unknown = of_words(vectors, words)
        output.call(common.verbose, f"firth.load_vectors({model!r})[{words[:3]!r}...]")
    write(path, texts, matrix, overwrite)
    empty = None
    if lines_wanted and kind in INFERRED:
        empty = np.flatnonzero(~matrix.any(axis=1)).tolist()
    _tell(out, matrix, unknown, "words", common, empty)


def _must_not_be_said(of: str | None, **given: str | None) -> None:
    """
    Raises:
        SettingError: something that only the tokens of an ELMo have.
    """
    said = [f"--{name}" for name, value in given.items() if value is not None]
    if of == "tokens" or said:
        raise SettingError(
            f"{'--of tokens' if of == 'tokens' else said[0]} is for the words of lines by an ELMo "
            "(a model of the kind elmo); leave it out."
        )


def _tell(
    out: str,
    matrix: Any,
    unknown: list[str],
    what: str,
    common: Common,
    empty: list[int] | None = None,
) -> None:
    """What was written, and what is not known.

    what: words or documents.  empty: rows that are zero; None if they are not told.
    """
    rows, dim = (int(size) for size in matrix.shape)
    if common.json:
        more = {} if empty is None else {"empty": empty}
        output.write_json({"path": out, "rows": rows, "dim": dim, "unknown": unknown, **more})
        return
    output.write(f"{rows:,} vectors of {dim} numbers are in {out}")
    if unknown:
        output.say(f"firth: {len(unknown):,} {what} are not in the model: {_some(unknown)}")
    if empty:
        lines = _some([str(row + 1) for row in empty])
        output.say(f"firth: {len(empty):,} lines hold no known word, their rows are 0: {lines}")


def _some(words: list[str]) -> str:
    return ", ".join(words[:20]) + (" …" if len(words) > 20 else "")


def _known_documents(
    model: str, fitted: Fitted | None, file: str
) -> tuple[list[str], np.ndarray, list[str]]:
    """(ids, their vectors, those that the model does not have).

    Raises:
        FormatError: the model has no vectors of documents.
    """
    if fitted is None or fitted.documents is None:
        raise FormatError(model, "no vectors of documents", "a model of the kind pvdbow or pvdm")
    documents = fitted.documents
    ids = [line.strip() for line in _lines(file)]
    matrix = np.zeros((len(ids), documents.dim), np.float32)
    known = [row for row, one in enumerate(ids) if one in documents]
    matrix[known] = documents[[ids[row] for row in known]]
    return ids, matrix, [one for one in dict.fromkeys(ids) if one not in documents]


def of_documents(fitted: Fitted, lines: list[list[str]]) -> np.ndarray | csr_array:
    """The row of each line, as a model of documents makes it; sparse for counts."""
    if fitted.kind in INFERRED:
        from firth.static.infer import infer

        return infer(fitted, lines).vectors
    if fitted.kind == "lsa":
        from firth.static.lsa import LSA

        return LSA.transform(fitted, lines)
    from firth.static.counts import DocumentCounts

    return DocumentCounts.transform(fitted, lines)


def _unknown(vocabulary: Vocabulary, lines: list[list[str]]) -> list[str]:
    """The words that are not in the vocabulary, each once."""
    return [word for word in dict.fromkeys(itertools.chain(*lines)) if word not in vocabulary]


def of_words(vectors: Vectors, words: list[str]) -> tuple[Any, list[str]]:
    """float32[n, d] of `words`, zeros for unknown ones; and these, each once.

    Words never seen are made of their n-grams, where the vectors have any.  Sparse if the vectors
    are.
    """
    if is_sparse(vectors.matrix):
        return _means(vectors, [[word] for word in words])
    ids = vectors.vocabulary.ids(words)
    matrix = np.zeros((len(words), vectors.dim), np.float32)
    known = ids >= 0
    matrix[known] = vectors.matrix[ids[known]]
    if vectors.subwords is not None:
        unseen = np.flatnonzero(~known)
        matrix[unseen], known[unseen] = vectors.subwords.of([words[row] for row in unseen])
    unknown = dict.fromkeys(
        word for word, is_known in zip(words, known, strict=True) if not is_known
    )
    return matrix, list(unknown)


def of_lines(vectors: Vectors, lines: list[list[str]]) -> tuple[Any, list[str]]:
    """float32[n, d]: the mean over the known words of each line; and the unknown, each once.

    Sparse if the vectors are.
    """
    if is_sparse(vectors.matrix):
        return _means(vectors, lines)
    matrix = np.zeros((len(lines), vectors.dim), np.float32)
    unknown: dict[str, None] = {}
    for row, words in enumerate(lines):
        if vectors.subwords is not None:
            some, without = of_words(vectors, words)
            unknown.update(dict.fromkeys(without))
            size = len(words) - sum(word in without for word in words)
            matrix[row] = some.sum(axis=0, dtype=np.float64) / max(size, 1)
            continue
        ids = vectors.vocabulary.ids(words)
        unknown.update(dict.fromkeys(w for w, i in zip(words, ids, strict=True) if i < 0))
        known = ids[ids >= 0]
        if len(known):
            matrix[row] = vectors.matrix[known].mean(axis=0, dtype=np.float64)
    return matrix, list(unknown)


def _means(vectors: Vectors, lines: list[list[str]]) -> tuple[csr_array, list[str]]:
    """As `of_lines`, for sparse vectors: a matrix of shares times theirs."""
    from scipy.sparse import csr_array

    rows = [ids[ids >= 0] for ids in map(vectors.vocabulary.ids, lines)]
    sizes = np.array([len(ids) for ids in rows], np.int64)
    shares = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    columns = np.concatenate(rows) if rows else np.empty(0, np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    chosen = csr_array((shares, columns, offsets), shape=(len(lines), len(vectors)))
    return chosen @ vectors.matrix, _unknown(vectors.vocabulary, lines)


def write(path: Path, texts: list[str], matrix: Any, overwrite: bool) -> None:
    """`texts` and `matrix` float32[n, d] into the format that the ending of `path` names.

    matrix: sparse for .npz.
    """
    with whole_file(path, overwrite) as temporary:
        if path.suffix == ".npz":
            from scipy.sparse import save_npz

            # given a name, numpy would add an ending to it
            with temporary.open("wb") as file:
                save_npz(file, matrix)
        elif path.suffix == ".npy":
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
