"""Files of questions: analogies in sections, and pairs of words with a human score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firth.errors import FormatError
from firth.vectors.formats.source import opened


@dataclass(frozen=True)
class Section:
    """A part of an analogy file: its name and its questions (a, b, c, d)."""

    name: str
    questions: tuple[tuple[str, str, str, str], ...]


def read_analogies(path: str | Path) -> list[Section]:
    """Lines `: section`, then four words a line; plain or compressed.

    Questions before the first section are a section "questions". Sections of one name are one.

    Raises:
        FormatError: a line that is not four words, bytes that are not UTF-8: with the line.
    """
    path = Path(path)
    sections: dict[str, list[tuple[str, str, str, str]]] = {}
    name = "questions"
    for number, line in _lines(path):
        if line.startswith(":"):
            name = line[1:].strip()
            sections.setdefault(name, [])
            continue
        words = line.split()
        if len(words) != 4:
            raise FormatError(
                path,
                f"{len(words)} words on line {number}: {line[:60]!r}",
                "four words of an analogy, or ': section'",
            )
        a, b, c, d = words
        sections.setdefault(name, []).append((a, b, c, d))
    if not any(sections.values()):
        raise FormatError(path, "no questions", "four words a line")
    return [Section(name, tuple(questions)) for name, questions in sections.items()]


def read_pairs(path: str | Path) -> list[tuple[str, str, float]]:
    """Lines `a TAB b TAB score` (or split by blanks); `#` begins a comment; a first line without
    a number is a header.

    Raises:
        FormatError: a line that is not two words and a number: with the line.
    """
    path = Path(path)
    pairs: list[tuple[str, str, float]] = []
    header = False
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        parts = line.split("\t") if "\t" in line else line.split()
        try:
            a, b, score = parts[0].strip(), parts[1].strip(), float(parts[2])
        except (IndexError, ValueError):
            if not pairs and not header and len(parts) >= 3:
                header = True
                continue
            raise FormatError(
                path, f"{line[:60]!r} on line {number}", "two words and a number, split by tabs"
            ) from None
        if score != score:
            raise FormatError(path, f"the score nan on line {number}", "a number")
        pairs.append((a, b, score))
    if not pairs:
        raise FormatError(path, "no pairs", "two words and a number a line")
    return pairs


def _lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines that are not blank."""
    with opened(path) as file:
        data = file.read()
    try:
        lines = data.decode("utf-8").removeprefix("\ufeff").split("\n")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        place = error.start - data.rfind(b"\n", 0, error.start)
        raise FormatError(
            path, f"a byte that is not UTF-8 on line {number}, byte {place}", "UTF-8"
        ) from None
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
