"""GloVe's `vocab.txt`: `word SP count\\n`; the line of a word is its number in the other files.

The order of the file is kept, not made: vocab_count sorts by falling count and breaks ties with a
signed `char`, so that there words beyond ASCII stand before the others, against the order of
their bytes. What belongs to a file by number must keep to it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firth.errors import FormatError, SettingError
from firth.files import whole_file
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats.names import BLANKS, decode_names, encoded
from firth.vectors.formats.source import compressing, opened

#: the row that GloVe adds to its vectors
UNKNOWN = "<unk>"


def read(path: str | Path, encoding_errors: str = "strict") -> Vocabulary:
    """The words and counts of `path`, in its order; it may be compressed.

    encoding_errors: "strict" or "replace".

    Raises:
        FormatError: with the line number.
    """
    path = Path(path)
    with opened(path) as file:
        data = file.read()
    if not data:
        raise FormatError(path, "an empty file", "lines of a word and its count")
    if not data.endswith(b"\n"):
        raise FormatError(
            path,
            f"a last line without an end (line {data.count(10) + 1})",
            "lines of a word and its count, each ended",
            "The file is truncated; copy it again.",
        )
    words, counts = [], []
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        # an editor may have left a carriage return
        fields = line.rstrip(b"\r").split(b" ")
        if len(fields) != 2 or not fields[0] or not fields[1].isdigit() or len(fields[1]) > 18:
            found = line[:60].decode("utf-8", "replace")
            raise FormatError(path, f"{found!r} on line {number}", "a word, a blank and its count")
        words.append(fields[0])
        counts.append(int(fields[1]))
    blob = b"".join(word + b"\n" for word in words)
    names = decode_names(path, blob, encoding_errors, lambda row: f"line {row + 1}")
    _must_differ(path, names)
    return Vocabulary(names, counts)


def _must_differ(path: Path, names: list[str]) -> None:
    lines: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        first = lines.setdefault(name, number)
        if first != number:
            raise FormatError(
                path,
                f"{name!r} on line {number} and on line {first}",
                "each word once",
                "The numbers of words would be off; make the file again.",
            )


def write(vocabulary: Vocabulary, path: str | Path, overwrite: bool = True) -> None:
    """Writes `path` as vocab_count does, in the order of `vocabulary`.

    Raises:
        FormatError: a name with a blank in it, or `<unk>`, which GloVe refuses.
        SettingError: the counts are not known.
        ModelExistsError, StorageError
    """
    path = Path(path)
    counts = vocabulary.counts
    if counts is None:
        raise SettingError(
            f"{path}: GloVe's vocabulary has a count beside each word, and here none is known; "
            "write the names by vocabulary.save instead."
        )
    must_not_be_unknown(path, vocabulary)
    with whole_file(path, overwrite) as temporary, compressing(temporary, path.name) as file:
        names = encoded(path, vocabulary.names, BLANKS, "GloVe's vocab.txt")
        file.writelines(
            b"%b %d\n" % pair for pair in zip(names, np.asarray(counts).tolist(), strict=True)
        )


def must_not_be_unknown(path: Path, vocabulary: Vocabulary) -> None:
    """
    Raises:
        FormatError: a word is called as the row that GloVe adds; it refuses such a vocabulary.
    """
    if UNKNOWN in vocabulary:
        raise FormatError(
            path,
            f"the word '{UNKNOWN}' in the vocabulary",
            "a vocabulary without it, as GloVe adds a row of that name",
            "Rename it in the text, as <raw_unk> say.",
        )
