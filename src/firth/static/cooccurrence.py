"""`Cooccurrence`: which words stand near which, as sorted triples, and the folder they live in.

    text.counts/
      model.json      format, kind "cooccurrence", words, pairs, settings, corpus, size and CRC-32
                      of the vocabulary
      vocabulary.tsv  escaped name TAB count, row by row
      offsets.npy     int64[V + 1]: row i is entries offsets[i] to offsets[i + 1]
      columns.npy     int32[pairs], ascending in a row
      values.npy      float64[pairs], above zero

Never pickle; written under a temporary name and renamed, opened by memory map.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.errors import FormatError
from firth.files import storage_error, whole_folder
from firth.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

KIND, VERSION = "cooccurrence", 1
MODEL, VOCABULARY = "model.json", "vocabulary.tsv"
_ARRAYS = {"offsets": np.int64, "columns": np.int32, "values": np.float64}


@dataclasses.dataclass
class Cooccurrence:
    """X[i, j]: how much of word j stands in the windows of word i, where that is not zero.

    offsets int64[V + 1], columns int32[n], values float64[n]: in memory, or mapped from files.
    settings: window, direction, weighting….  corpus: as in `Fitted`.
    """

    vocabulary: Vocabulary
    offsets: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    corpus: dict[str, Any] = dataclasses.field(default_factory=dict)
    phrases: Any = None

    @property
    def kind(self) -> str:
        return KIND

    def __len__(self) -> int:
        """Pairs that were seen together."""
        return len(self.columns)

    @property
    def matrix(self) -> csr_array:
        """X as a scipy array float64[V, V], sharing the memory."""
        from scipy.sparse import csr_array

        size = len(self.vocabulary)
        return csr_array((self.values, self.columns, self.offsets), shape=(size, size))

    def row(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """(columns, values) of one word.

        Raises:
            UnknownWordError: the nearest names are offered.
        """
        i = self.vocabulary.id(word)
        part = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return self.columns[part], self.values[part]

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Writes the folder: whole, or not at all.

        Raises:
            ModelExistsError, StorageError
        """
        with whole_folder(path, overwrite) as folder:
            self.vocabulary.save(folder / VOCABULARY)
            try:
                for name, dtype in _ARRAYS.items():
                    with open(folder / f"{name}.npy", "wb") as file:
                        np.save(file, np.asarray(getattr(self, name), dtype))
            except OSError as error:
                raise storage_error(error, path) from None
            names = (folder / VOCABULARY).read_bytes()
            described = {
                "format": "firth",
                "kind": KIND,
                "version": VERSION,
                "words": len(self.vocabulary),
                "pairs": len(self),
                "settings": self.settings,
                "corpus": self.corpus,
                "vocabulary": {"bytes": len(names), "crc32": zlib.crc32(names)},
            }
            text = json.dumps(described, indent=1, ensure_ascii=False)
            (folder / MODEL).write_text(text + "\n", encoding="utf-8")
            if self.phrases is not None:
                self.phrases.save(folder / "phrases")

    @staticmethod
    def load(path: str | Path) -> Cooccurrence:
        """Opens what `save` wrote, by memory map.

        Raises:
            FormatError: not such a folder, damaged, truncated, or of a newer firth.
        """
        folder = Path(path)
        model = _read_model(folder)
        names = folder / VOCABULARY
        wanted = model["vocabulary"]
        if not names.is_file() or zlib.crc32(names.read_bytes()) != wanted["crc32"]:
            raise FormatError(names, "other bytes than were written", "the file as it was saved")
        shapes = {"offsets": model["words"] + 1, "columns": model["pairs"], "values": None}
        arrays = {}
        for name, dtype in _ARRAYS.items():
            arrays[name] = _map(folder / f"{name}.npy", dtype, shapes[name] or model["pairs"])
        offsets = arrays["offsets"]
        if offsets[0] != 0 or offsets[-1] != model["pairs"] or np.any(np.diff(offsets) < 0):
            raise FormatError(folder / "offsets.npy", "offsets out of order", "rising ones")
        phrases = None
        if (folder / "phrases").is_dir():
            from firth.text.phrases import PhraseModel

            phrases = PhraseModel.load(folder / "phrases")
        return Cooccurrence(
            Vocabulary.load(names),
            **arrays,
            settings=model["settings"],
            corpus=model["corpus"],
            phrases=phrases,
        )


def is_counts(path: str | Path) -> bool:
    """Whether `path` is a folder of counts (it may still be damaged)."""
    try:
        with open(Path(path) / MODEL, "rb") as file:
            return json.load(file).get("kind") == KIND
    except (OSError, ValueError, AttributeError):
        return False


def _read_model(folder: Path) -> dict[str, Any]:
    file = folder / MODEL
    if not file.is_file():
        raise FormatError(folder, f"no {MODEL} in it", "a folder of co-occurrence counts")
    try:
        model = json.loads(file.read_bytes())
    except ValueError as error:
        raise FormatError(file, f"damaged JSON ({error})", "the description of counts") from None
    if not isinstance(model, dict) or model.get("kind") != KIND:
        found = model.get("kind") if isinstance(model, dict) else model
        raise FormatError(file, f"the kind {found!r}", f'the kind "{KIND}"')
    if model.get("version") != VERSION:
        raise FormatError(
            file, f"version {model.get('version')!r}", f"version {VERSION}", "Upgrade firth."
        )
    kinds = {"words": int, "pairs": int, "settings": dict, "corpus": dict, "vocabulary": dict}
    for name, kind in kinds.items():
        if type(model.get(name)) is not kind:
            raise FormatError(file, f"{model.get(name)!r} under '{name}'", kind.__name__)
    if type(model["vocabulary"].get("crc32")) is not int:
        raise FormatError(file, "no crc32 of the vocabulary", "a whole number")
    return model


def _map(file: Path, dtype: Any, items: int) -> np.ndarray:
    try:
        array = np.load(file, mmap_mode="r" if items else None)
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(file, f"a damaged array ({error})", f"{items:,} numbers") from None
    if array.dtype != dtype or array.shape != (items,):
        raise FormatError(file, f"{array.dtype}{list(array.shape)}", f"{np.dtype(dtype)}[{items}]")
    return array
