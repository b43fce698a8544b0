"""`firth convert` of GloVe's own files: parameters as a model, counts as a folder, and back."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from firth.cli import output
from firth.cli.models import must_exist
from firth.cli.options import Common
from firth.errors import SettingError
from firth.files import must_not_exist
from firth.static.cooccurrence import Cooccurrence, is_counts
from firth.text import temporary
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import load
from firth.vectors.formats import (
    FORMATS,
    format_of,
    glove_binary,
    glove_model,
    glove_records,
    glove_vocab,
    save_vectors,
)

BINARY, RECORDS = "glove-binary", "glove-records"


@dataclass(frozen=True)
class Asked:
    """What was typed after `firth convert`."""

    source: str
    target: str
    from_: str | None
    to: str | None
    limit: int | None
    vocabulary: str | None
    gradsq: str | None
    overwrite: bool
    common: Common


def convert(asked: Asked) -> None:
    """Does what was asked, one end of which is one of GloVe's files.

    Raises:
        SettingError: options that do not go together.
        FormatError, ModelExistsError, StorageError
    """
    _must_go_together(asked)
    how = {
        (BINARY, True): _read_binary,
        (RECORDS, True): _read_records,
        (BINARY, False): _write_binary,
        (RECORDS, False): _write_records,
    }
    reading = asked.from_ in (BINARY, RECORDS)
    how[(asked.from_ if reading else asked.to) or "", reading](asked)


def _must_go_together(asked: Asked) -> None:
    ends = {asked.from_, asked.to}
    if asked.limit is not None:
        raise SettingError(
            f"--limit cuts word vectors; {BINARY} and {RECORDS} are taken whole: leave it out."
        )
    if asked.from_ in (BINARY, RECORDS) and asked.to in (BINARY, RECORDS):
        raise SettingError(
            f"--from {asked.from_} --to {asked.to}: both are files of GloVe; convert to a folder "
            "of firth first, and that to the other."
        )
    if asked.gradsq is not None and BINARY not in ends:
        raise SettingError(f"--gradsq goes with {BINARY}, not with {RECORDS}; leave it out.")
    if asked.from_ in (BINARY, RECORDS) and asked.vocabulary is None:
        raise SettingError(
            f"{asked.from_} holds numbers and no words: give --vocabulary vocab.txt, the file that "
            "GloVe's vocab_count wrote."
        )
    if asked.to in (BINARY, RECORDS):
        if asked.from_ not in (None, "firth"):
            raise SettingError(
                f"--to {asked.to} is written from a folder of firth, not from {asked.from_}."
            )
        paths = [asked.target, asked.vocabulary, asked.gradsq]
        given = [Path(path).absolute() for path in paths if path is not None]
        if len(set(given)) != len(given):
            raise SettingError("OUT, --vocabulary and --gradsq must be different files.")
        for path in given:
            must_not_exist(path, asked.overwrite)
    else:
        for name in (asked.vocabulary, asked.gradsq):
            if name is not None:
                must_exist(name)


def _vocabulary(asked: Asked) -> Vocabulary:
    assert asked.vocabulary is not None  # seen to by _must_go_together
    return glove_vocab.read(asked.vocabulary)


def _read_binary(asked: Asked) -> None:
    format_ = format_of(Path(asked.target), asked.to)
    if asked.gradsq is not None and format_.name != "firth":
        raise SettingError(
            f"--gradsq is kept in a model folder only, and {asked.target} is to be {format_.name}; "
            "leave it out, or give a name that ends in .firth."
        )
    output.call(
        asked.common.verbose,
        f"vocabulary = glove_vocab.read({asked.vocabulary!r}); glove_model.to_fitted(vocabulary, "
        f"glove_binary.read({asked.source!r}, vocabulary)"
        + (
            ""
            if asked.gradsq is None
            else f", glove_binary.read({asked.gradsq!r}, vocabulary, squares=True)"
        )
        + (
            f").save({asked.target!r})"
            if format_.name == "firth"
            else f").vectors.save({asked.target!r}, format={format_.name!r})"
        ),
    )
    vocabulary = _vocabulary(asked)
    parameters = glove_binary.read(asked.source, vocabulary)
    squares = None
    if asked.gradsq is not None:
        squares = glove_binary.read(asked.gradsq, vocabulary, squares=True)
    fitted = glove_model.to_fitted(vocabulary, parameters, squares, {"source": asked.source})
    if format_.name == "firth":
        fitted.save(asked.target, overwrite=asked.overwrite)
    else:
        vectors = fitted.must_have_vectors(asked.source)
        save_vectors(vectors, asked.target, format_.name, asked.overwrite)
    _tell_vectors(asked, len(parameters), parameters.dim)


def _write_binary(asked: Asked) -> None:
    output.call(
        asked.common.verbose,
        f"parameters, squares = glove_model.of_fitted(firth.load({asked.source!r})); "
        f"glove_binary.write(parameters, {asked.target!r})",
    )
    fitted = load(asked.source)
    parameters, squares = glove_model.of_fitted(fitted)
    if asked.gradsq is not None and squares is None:
        raise SettingError(
            f"{asked.source} holds no sums of squares, so there is no {asked.gradsq} to write; "
            "leave --gradsq out."
        )
    if asked.vocabulary is not None:
        glove_vocab.write(fitted.vocabulary, asked.vocabulary, asked.overwrite)
    if asked.gradsq is not None and squares is not None:
        glove_binary.write(squares, asked.gradsq, asked.overwrite)
    glove_binary.write(parameters, asked.target, asked.overwrite)
    _tell_vectors(asked, len(parameters), parameters.dim)


def _read_records(asked: Asked) -> None:
    files = {
        suffix for row in FORMATS.values() if row.name != "firth" for suffix in row.suffixes
    } - {""}
    if asked.to not in (None, "firth") or Path(asked.target).suffix in files:
        raise SettingError(
            f"{RECORDS} becomes a folder of counts, not a file of vectors; leave --to out and give "
            f"a name as {Path(asked.target).stem}.counts."
        )
    output.call(
        asked.common.verbose,
        f"vocabulary = glove_vocab.read({asked.vocabulary!r}); Cooccurrence(vocabulary, "
        f"*glove_records.read({asked.source!r}, len(vocabulary))).save({asked.target!r})",
    )
    vocabulary = _vocabulary(asked)
    # the records may be more than the memory holds: they are put in order on disk
    with tempfile.TemporaryDirectory(
        prefix="firth-", dir=temporary.folder(), ignore_cleanup_errors=True
    ) as folder:
        arrays = glove_records.read(asked.source, len(vocabulary), folder)
        counts = Cooccurrence(vocabulary, *arrays, corpus={"source": asked.source})
        counts.save(asked.target, overwrite=asked.overwrite)
        pairs = len(counts)
        del arrays, counts
    _tell_pairs(asked, len(vocabulary), pairs)


def _write_records(asked: Asked) -> None:
    if not is_counts(asked.source):
        raise SettingError(
            f"{asked.source} is no folder of counts, which {RECORDS} is written from; make one "
            "with firth cooccurrence TEXT -o FOLDER."
        )
    output.call(
        asked.common.verbose,
        f"counts = Cooccurrence.load({asked.source!r}); glove_records.write({asked.target!r}, "
        "counts.offsets, counts.columns, counts.values)",
    )
    counts = Cooccurrence.load(asked.source)
    if asked.vocabulary is not None:
        glove_vocab.write(counts.vocabulary, asked.vocabulary, asked.overwrite)
    glove_records.write(
        asked.target, counts.offsets, counts.columns, counts.values, asked.overwrite
    )
    _tell_pairs(asked, len(counts.vocabulary), len(counts))


def _tell_vectors(asked: Asked, words: int, dim: int) -> None:
    if asked.common.json:
        output.write_json({"path": asked.target, "words": words, "dim": dim})
    else:
        output.write(f"{words:,} vectors of {dim} numbers are in {asked.target}")


def _tell_pairs(asked: Asked, words: int, pairs: int) -> None:
    if asked.common.json:
        output.write_json({"path": asked.target, "words": words, "pairs": pairs})
    else:
        output.write(f"{pairs:,} pairs of {words:,} words are in {asked.target}")
