"""The names in a fastText file: bytes there, a vocabulary here."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats.fasttext_file import FastTextFile
from firth.vectors.formats.names import decode_names


def vocabularies(path: Path, contents: FastTextFile, errors: str) -> tuple[Vocabulary, Vocabulary]:
    """The words; the labels, as they are named in the file.

    Raises:
        FormatError: names that are not UTF-8; one that stands there twice.
    """
    names, words = contents.names, contents.words
    raw = names.split(b"\n")[:-1]
    edges = np.append(0, np.flatnonzero(np.frombuffer(names, np.uint8) == 10) + 1)
    parts = []
    for what, first, last in (("word", 0, words), ("label", words, len(raw))):
        some, counts = names[edges[first] : edges[last]], contents.counts[first:last]
        if len(set(raw[first:last])) != last - first:
            double = _first_double(raw[first:last])
            raise FormatError(
                path, f"the {what} {double[:60]!r} twice", "names that differ from each other"
            )
        try:
            some.decode()
            part = Vocabulary.from_lines(some, edges[first : last + 1] - edges[first], counts)
        except UnicodeDecodeError:
            part = Vocabulary(_replaced(path, some, errors, what), counts)
        parts.append(part)
    return parts[0], parts[1]


def _replaced(path: Path, names: bytes, errors: str, what: str) -> list[str]:
    """Names of which some are not UTF-8.

    Raises:
        FormatError: the first of them, unless errors="replace".
    """
    texts = decode_names(path, names, errors, lambda i: f"{what} {i + 1}")
    raw = names.split(b"\n")[:-1]
    changed = [
        i for i, (text, name) in enumerate(zip(texts, raw, strict=True)) if text.encode() != name
    ]
    if len(set(texts)) != len(texts):  # two that differ only where they are not UTF-8
        for i in changed:
            texts[i] = raw[i].decode("utf-8", "backslashreplace")
    warnings.warn(
        f"{path}: {len(changed)} of the {len(raw)} {what}s not UTF-8 (the first is "
        f"{raw[changed[0]][:60]!r}, held as {texts[changed[0]]!r}).",
        stacklevel=2,
    )
    return texts


def _first_double(names: list[bytes]) -> bytes:
    seen: set[bytes] = set()
    for name in names:
        if name in seen:
            break
        seen.add(name)
    return name


def encoded(names: list[str], path: Path) -> bytes:
    """The names, a line feed after each.

    Raises:
        FormatError: the first that fastText cannot hold.
    """
    for name in names:
        if not name or "\0" in name or "\n" in name:
            raise FormatError(
                path,
                f"the name {name!r}, which fastText's format cannot hold",
                "names without a zero byte or a line end, and not empty",
                "Rename it.",
            )
    try:
        return "".join(f"{name}\n" for name in names).encode()
    except UnicodeEncodeError as error:
        name = error.object[: error.end].rpartition("\n")[2]
        raise FormatError(
            path, f"the name beginning {name!r}", "names that UTF-8 can hold", "Rename it."
        ) from None


def counts_of(vocabulary: Vocabulary) -> np.ndarray:
    """int64[n]; fastText has no unknown counts, so they are 1."""
    known = vocabulary.counts
    return np.ones(len(vocabulary), np.int64) if known is None else np.asarray(known, np.int64)
