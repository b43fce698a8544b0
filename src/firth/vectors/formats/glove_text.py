"""GloVe's `vectors.txt` from its parameters, in its three models, and `gradsq.txt`.

    model 0  word, D numbers, bias, D numbers of the context, its bias
    model 1  word, D numbers
    model 2  word, D numbers: word + context
    gradsq   word, D + 1 sums of squares of the word, D + 1 of the context

Six decimals, single blanks, none at the end. The last row of the vectors is `<unk>`: the mean of
the last 100 words (of all, if there are fewer), which the header, if there is one, does not
count; the header names D in model 0 too, where a row is longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from firth.errors import FormatError, SettingError
from firth.files import whole_file
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats.glove_binary import GloVeParameters
from firth.vectors.formats.glove_vocab import UNKNOWN, must_not_be_unknown
from firth.vectors.formats.names import BLANKS, decode_names, encoded
from firth.vectors.formats.rows import is_header
from firth.vectors.formats.source import compressing, opened

#: words whose mean stands for those unknown
RARE = 100


def write(
    vocabulary: Vocabulary,
    parameters: GloVeParameters,
    path: str | Path,
    model: int = 2,
    header: bool = False,
    overwrite: bool = True,
) -> None:
    """Writes `vectors.txt`, byte for byte as GloVe does (`-model`, `-write-header`).

    Raises:
        SettingError: another model than 0, 1 and 2; rows that are not as many as words.
        FormatError: a name with a blank in it, or `<unk>`.
        ModelExistsError, StorageError
    """
    path = Path(path)
    if model not in (0, 1, 2):
        raise SettingError(f"model={model!r} is not one of 0, 1, 2, which GloVe writes.")
    _must_fit(path, vocabulary, parameters)
    line = " %f" * (2 * (parameters.dim + 1) if model == 0 else parameters.dim)
    with whole_file(path, overwrite) as temporary, compressing(temporary, path.name) as file:
        if header:
            file.write(f"{len(parameters)} {parameters.dim}\n".encode())
        blocks = zip(parameters.rows(False), parameters.rows(True), strict=True)
        joined = (_joined(word, context, model) for word, context in blocks)
        file.writelines(_lines(path, vocabulary, joined, line))
        unknown = _joined(_mean(parameters, False), _mean(parameters, True), model)
        file.write((UNKNOWN + line % tuple(unknown[0].tolist()) + "\n").encode())


def write_gradsq(
    vocabulary: Vocabulary, squares: GloVeParameters, path: str | Path, overwrite: bool = True
) -> None:
    """Writes `gradsq.txt`, which has neither header nor `<unk>`.

    Raises:
        As `write`.
    """
    path = Path(path)
    _must_fit(path, vocabulary, squares)
    with whole_file(path, overwrite) as temporary, compressing(temporary, path.name) as file:
        blocks = zip(squares.rows(False), squares.rows(True), strict=True)
        joined = (np.hstack(block) for block in blocks)
        file.writelines(_lines(path, vocabulary, joined, " %f" * (2 * (squares.dim + 1))))


def _must_fit(path: Path, vocabulary: Vocabulary, parameters: GloVeParameters) -> None:
    must_not_be_unknown(path, vocabulary)
    if len(vocabulary) != len(parameters):
        raise SettingError(
            f"{path}: {len(vocabulary):,} words for {len(parameters):,} rows; give the vocabulary "
            "of these parameters."
        )


def _lines(
    path: Path, vocabulary: Vocabulary, blocks: Iterable[np.ndarray], line: str
) -> Iterator[bytes]:
    names = encoded(path, vocabulary.names, BLANKS, "GloVe text")
    rows = (row for block in blocks for row in block.tolist())
    for name, row in zip(names, rows, strict=True):
        yield b"%b%b\n" % (name, (line % tuple(row)).encode())


def _joined(word: np.ndarray, context: np.ndarray, model: int) -> np.ndarray:
    """Rows as a model has them, of rows that end in the bias."""
    if model == 0:
        return np.hstack([word, context])
    return word[:, :-1] if model == 1 else word[:, :-1] + context[:, :-1]


def _mean(parameters: GloVeParameters, context: bool) -> np.ndarray:
    """float64[1, D + 1]: the mean of the last rows, added up in GloVe's order and rounding."""
    vectors = parameters.context if context else parameters.word
    biases = parameters.context_bias if context else parameters.word_bias
    rare = min(RARE, len(vectors))
    total = np.zeros(parameters.dim + 1)
    for row in np.column_stack([vectors[-rare:], biases[-rare:]]).astype(np.float64):
        total += row / rare
    return total[None]


def read(
    path: str | Path, dim: int, encoding_errors: str = "strict"
) -> tuple[Vocabulary, GloVeParameters]:
    """The words and numbers of a `vectors.txt` of model 0, or of a `gradsq.txt`.

    dim: D; a row has 2 (D + 1) numbers. Models 1 and 2 are vectors, and opened by `load_vectors`.
    A last row `<unk>` is left out.

    Raises:
        FormatError: with the line number.
    """
    path = Path(path)
    names: list[bytes] = []
    lines: list[int] = []
    rows: list[np.ndarray] = []
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and is_header(line):
                continue
            name, *tokens = line.rstrip(b"\r\n").split(b" ")
            rows.append(_row(path, number, name, tokens, 2 * (dim + 1)))
            names.append(name)
            lines.append(number)
    if names and names[-1] == UNKNOWN.encode():
        names.pop()
        rows.pop()
    if not names:
        raise FormatError(path, "no words", "lines of a word and its numbers")
    blob = b"".join(name + b"\n" for name in names)
    texts = decode_names(path, blob, encoding_errors, lambda row: f"line {lines[row]}")
    table = np.array(rows)
    word, context = table[:, : dim + 1], table[:, dim + 1 :]
    return Vocabulary(texts), GloVeParameters(
        word[:, :dim], word[:, dim], context[:, :dim], context[:, dim]
    )


def _row(path: Path, number: int, name: bytes, tokens: list[bytes], wanted: int) -> np.ndarray:
    expected = f"a word and {wanted} numbers, 2 (D + 1) for D = {wanted // 2 - 1}"
    if not name or len(tokens) != wanted:
        raise FormatError(path, f"{len(tokens)} numbers on line {number}", expected)
    try:
        row = np.array([float(token) for token in tokens])
    except ValueError:
        raise FormatError(path, f"what is no number on line {number}", expected) from None
    if not np.isfinite(row).all():
        raise FormatError(path, f"nan or infinity on line {number}", "finite numbers")
    return row
