"""`PhraseModel`: which words are joined to one, what `Phrases.fit` gives, and its files.

    news.phrases/
      model.json   format, version, kind "phrases", firth version, number of phrases, delimiter,
                   connector words, settings, corpus, history, size and CRC-32 of the other file
      phrases.tsv  one line a phrase: pass TAB score TAB count TAB word TAB word (TAB word...)
                   words escaped as in a vocabulary; UTF-8; by pass, then in falling order of scores

Never pickle; written under a temporary name and renamed. A model trained on text with phrases has
such a folder in its own, whose phrases are read when they are first needed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firth.errors import FormatError, SettingError
from firth.files import firth_version, rescue, whole_folder
from firth.text.vocabulary import escaped, unescaped

KIND, VERSION = "phrases", 1
MODEL, FILE = "model.json", "phrases.tsv"


@dataclasses.dataclass(frozen=True)
class Phrase:
    """name: as it stands in the joined text.  count: how often its words stood so."""

    name: str
    score: float
    count: int


@dataclasses.dataclass
class Pass:
    """What is joined in one going through a text, in falling order of the scores.

    phrases: the words of each: first, connector words if any, last.
    """

    phrases: list[tuple[str, ...]]
    scores: list[float]
    counts: list[int]


class PhraseModel:
    """Passes of phrases, the later ones over the words that the earlier ones have joined.

    settings, corpus: JSON objects.  history: one JSON object a pass.
    """

    kind = KIND

    def __init__(
        self,
        passes: Iterable[Pass],
        *,
        delimiter: str = "_",
        connector_words: Iterable[str] = (),
        settings: dict[str, Any] | None = None,
        corpus: dict[str, Any] | None = None,
        history: list[dict[str, Any]] | None = None,
    ) -> None:
        self.delimiter, self.connector_words = delimiter, list(connector_words)
        self.settings, self.corpus = settings or {}, corpus or {}
        self.history = history or []
        self._passes: list[Pass] | None = list(passes)
        self._joins: list[dict[tuple[str, ...], str]] | None = None
        #: what was opened but not read yet: phrases.tsv, its CRC-32
        self._file: tuple[Path, int] | None = None
        self._size = 0

    @property
    def passes(self) -> list[Pass]:
        return self._read()

    def _read(self) -> list[Pass]:
        if self._passes is None:
            assert self._file is not None
            self._passes = _read_phrases(*self._file)
        return self._passes

    def __len__(self) -> int:
        """Phrases of all passes."""
        if self._passes is None:
            return self._size
        return sum(len(one.phrases) for one in self._passes)

    def __bool__(self) -> bool:
        """A model is one, phrases or not."""
        return True

    def __repr__(self) -> str:
        return f"PhraseModel({len(self):,} phrases, {len(self.passes)} passes)"

    @property
    def phrases(self) -> dict[str, float]:
        """The score of each phrase, by its name in the joined text; first pass first."""
        return {
            self.delimiter.join(words): score
            for one in self.passes
            for words, score in zip(one.phrases, one.scores, strict=True)
        }

    def top(self, n: int = 10) -> list[Phrase]:
        """The `n` phrases with the highest scores, of all passes; equal ones by name."""
        every = [
            Phrase(self.delimiter.join(words), score, count)
            for one in self.passes
            for words, score, count in zip(one.phrases, one.scores, one.counts, strict=True)
        ]
        return sorted(every, key=lambda one: (-one.score, one.name))[:n]

    def apply(self, tokens: Iterable[str]) -> list[str]:
        """`tokens`, a line, with its phrases joined: pass by pass, from left to right.

        A word that was joined begins no other phrase of the same pass.
        """
        line = list(tokens)
        if self._joins is None:
            self._joins = [
                {words: self.delimiter.join(words) for words in one.phrases} for one in self.passes
            ]
            self._connectors = frozenset(self.connector_words)
        for joins in self._joins:
            line = _join(line, joins, self._connectors)
        return line

    def digest(self) -> str:
        """The same for models that join alike."""
        text = repr([self.delimiter, self.connector_words, [one.phrases for one in self.passes]])
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Writes the model folder: whole, or not at all.

        Raises:
            ModelExistsError: `path` is there and `overwrite` is false.
            StorageError: disk full, or the place cannot be written; an older model stays whole.
        """
        with whole_folder(path, overwrite) as folder:
            content = self._as_file()
            (folder / FILE).write_bytes(content)
            model = {
                "format": "firth",
                "kind": KIND,
                "version": VERSION,
                "firth": firth_version(),
                "phrases": len(self),
                "delimiter": self.delimiter,
                "connector_words": self.connector_words,
                "settings": self.settings,
                "corpus": self.corpus,
                "history": self.history,
                "files": {FILE: {"bytes": len(content), "crc32": zlib.crc32(content)}},
            }
            # escaped, so that words that are no Unicode can stand in it
            text = json.dumps(model, indent=1)
            (folder / MODEL).write_text(text + "\n", encoding="utf-8")

    def _as_file(self) -> bytes:
        lines = []
        for number, one in enumerate(self.passes, 1):
            for words, score, count in zip(one.phrases, one.scores, one.counts, strict=True):
                told = "\t".join(map(escaped, words))
                lines.append(f"{number}\t{score!r}\t{count}\t{told}\n")
        return "".join(lines).encode("utf-8", "surrogatepass")

    @staticmethod
    def load(path: str | Path) -> PhraseModel:
        """Reads what `save` wrote.

        Raises:
            FormatError: not such a folder, damaged, truncated, or of a newer firth.
        """
        model = PhraseModel.open(path)
        model._read()
        return model

    @staticmethod
    def open(path: str | Path) -> PhraseModel:
        """As `load`, but the phrases are read when they are first needed (FormatError: then)."""
        folder = Path(path)
        model = _read_model(folder)
        opened = PhraseModel(
            [],
            delimiter=model["delimiter"],
            connector_words=model["connector_words"],
            settings=model["settings"],
            corpus=model["corpus"],
            history=model["history"],
        )
        opened._passes, opened._size = None, model["phrases"]
        opened._file = folder / FILE, model["files"][FILE]["crc32"]
        return opened


def as_model(phrases: Any) -> PhraseModel | None:
    """`phrases` if it is a phrase model, or None.

    Raises:
        SettingError: it is something else.
    """
    if phrases is None or isinstance(phrases, PhraseModel):
        return phrases
    raise SettingError(
        f"phrases={phrases!r:.60} is no phrase model; give what Phrases(...).fit(corpus) gives, or "
        "PhraseModel.load(folder)."
    )


def _join(
    tokens: list[str], joins: dict[tuple[str, ...], str], connectors: frozenset[str]
) -> list[str]:
    """One pass over a line: see `phrase_kernels.join_over`."""
    joined: list[str] = []
    held: list[str] = []  # a word that may begin a phrase, and the connectors behind it
    for token in tokens:
        if token in connectors:
            (held or joined).append(token)
            continue
        if held:
            name = joins.get((*held, token))
            if name is not None:
                joined.append(name)
                held = []
                continue
            joined += held
        held = [token]
    return joined + held


def _read_model(folder: Path) -> dict[str, Any]:
    rescue(folder)
    wanted = "a folder of phrases, as firth train phrases writes it"
    file = folder / MODEL
    if not file.is_file():
        found = f"no {MODEL} in it" if folder.is_dir() else "nothing there"
        raise FormatError(folder, "a file" if folder.is_file() else found, wanted)
    try:
        model = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(file, f"damaged JSON ({error})", "the description of phrases") from None
    kind = model.get("kind") if isinstance(model, dict) else None
    if kind != KIND:
        raise FormatError(folder, f"a model of the kind {kind!r}", wanted)
    _check_version(file, model.get("version"))
    kinds = {
        "phrases": int,
        "delimiter": str,
        "connector_words": list,
        "settings": dict,
        "corpus": dict,
        "history": list,
        "files": dict,
    }
    for name, type_ in kinds.items():
        if type(model.get(name)) is not type_:
            raise FormatError(
                file, f"{model.get(name)!r} under '{name}'", f"a value of type {type_.__name__}"
            )
    entry = model["files"].get(FILE)
    if not isinstance(entry, dict) or {type(entry.get(k)) for k in ("bytes", "crc32")} != {int}:
        raise FormatError(file, f"no whole entry for {FILE} under 'files'", "its size and crc32")
    phrases = folder / FILE
    size = phrases.stat().st_size if phrases.is_file() else None
    if size != entry["bytes"]:
        found = "no such file" if size is None else f"{size} bytes"
        raise FormatError(phrases, found, f"{entry['bytes']} bytes", "Copy the folder again.")
    return model


def _check_version(file: Path, version: Any) -> None:
    if version != VERSION:
        raise FormatError(
            file, f"version {version!r}", f"version {VERSION}", "Upgrade firth, or copy it again."
        )


def _read_phrases(path: Path, crc32: int) -> list[Pass]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(path, str(error.strerror), "a file of phrases") from None
    if zlib.crc32(content) != crc32:
        raise FormatError(
            path, "bytes that are not those written (CRC-32 differs)", "the file as it was saved"
        )
    passes: list[Pass] = []
    line = ""
    try:
        # not splitlines: words may hold other ends of lines
        for line in content.decode("utf-8", "surrogatepass").split("\n")[:-1]:
            number, score, count, first, *others = line.split("\t")
            if int(number) == len(passes) + 1:
                passes.append(Pass([], [], []))
            one = passes[int(number) - 1]
            one.scores.append(float(score))
            one.counts.append(int(count))
            one.phrases.append((unescaped(first), *map(unescaped, others)))
    except (ValueError, IndexError) as error:
        found = f"the line {line!r:.60} ({error})"
        raise FormatError(path, found, "pass, score, count and words") from None
    return passes
