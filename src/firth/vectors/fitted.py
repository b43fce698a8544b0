"""`Fitted`: what training gives back, and the folder it is kept in.

    wiki.firth/
      model.json           format, version, kind, firth version, words, dim, settings, corpus,
                           history, and the size and CRC-32 of each other file
      vocabulary.tsv       escaped name TAB count, row by row
      vectors.safetensors  "vectors" float32[words, dim], "norms" float32[words]
      state.safetensors    what resuming needs, by name (only if there is any)

Never pickle. Written under a temporary name and renamed; opened by memory map. Opening checks
the sizes of all files and the CRC of the vocabulary (a wrong name would be silent);
`verify` reads everything.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.files import rescue, whole_folder
from firth.text.vocabulary import Vocabulary
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors

FORMAT = "firth"
VERSION = 1
MODEL, VOCABULARY, VECTORS, STATE = (
    "model.json",
    "vocabulary.tsv",
    "vectors.safetensors",
    "state.safetensors",
)
_TYPES = {
    "kind": str,
    "words": int,
    "dim": int,
    "settings": dict,
    "corpus": dict,
    "history": list,
    "files": dict,
}


@dataclasses.dataclass
class Fitted:
    """A trained model.

    kind: what trained it ("skipgram", "cbow"…; "vectors" if they came from a file).
    state: arrays that resuming needs.  settings, corpus: JSON objects.
    history: one JSON object an epoch (mean loss per pair, words/s, rate).
    """

    kind: str
    vectors: Vectors
    state: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    corpus: dict[str, Any] = dataclasses.field(default_factory=dict)
    documents: Any = None
    phrases: Any = None

    @property
    def vocabulary(self) -> Vocabulary:
        return self.vectors.vocabulary

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Writes the model folder: whole, or not at all.

        Raises:
            ModelExistsError: `path` is there and `overwrite` is false.
            StorageError: disk full, or the place cannot be written; an older model stays whole.
        """
        with whole_folder(path, overwrite) as folder:
            self.vectors.vocabulary.save(folder / VOCABULARY)
            write_tensors(
                folder / VECTORS, {"vectors": self.vectors.matrix, "norms": self.vectors.norms}
            )
            if self.state:
                write_tensors(folder / STATE, self.state)
            model = {
                "format": FORMAT,
                "version": VERSION,
                "kind": self.kind,
                "firth": _firth_version(),
                "words": len(self.vectors),
                "dim": self.vectors.dim,
                "settings": self.settings,
                "corpus": self.corpus,
                "history": self.history,
                "files": {file.name: _describe(file) for file in sorted(folder.iterdir())},
            }
            text = json.dumps(model, indent=1, ensure_ascii=False, default=_plain)
            (folder / MODEL).write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> Fitted:
        """Opens a model folder by memory map.

        Raises:
            FormatError: not a model folder, damaged, truncated, or of a newer firth.
        """
        folder = Path(path)
        model = read_model(folder)
        _check_sizes(folder, model)
        if _crc(folder / VOCABULARY) != model["files"][VOCABULARY]["crc32"]:
            raise _damaged(folder / VOCABULARY)
        vocabulary = Vocabulary.load(folder / VOCABULARY)
        if len(vocabulary) != model["words"]:
            raise FormatError(
                folder / VOCABULARY, f"{len(vocabulary)} names", f"{model['words']} of them"
            )
        tensors = map_tensors(folder / VECTORS)
        wanted = {"vectors": (model["words"], model["dim"]), "norms": (model["words"],)}
        for name, shape in wanted.items():
            tensor = tensors.get(name)
            if tensor is None or tensor.shape != shape or tensor.dtype != np.float32:
                found = "none" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
                raise FormatError(
                    folder / VECTORS, f"{found} under '{name}'", f"float32{list(shape)}"
                )
        return Fitted(
            kind=model["kind"],
            vectors=Vectors(vocabulary, tensors["vectors"], tensors["norms"]),
            state=map_tensors(folder / STATE) if STATE in model["files"] else {},
            settings=model["settings"],
            history=model["history"],
            corpus=model["corpus"],
        )


def load(path: str | Path) -> Fitted:
    """`Fitted.load`: what `save` wrote."""
    return Fitted.load(path)


def read_model(folder: Path) -> dict[str, Any]:
    """The checked content of `model.json`.

    Raises:
        FormatError: as in `Fitted.load`.
    """
    rescue(folder)
    if not folder.exists():
        raise FormatError(folder, "nothing there", "a model folder", "Check the name.")
    if not folder.is_dir():
        raise FormatError(
            folder, "a file", "a model folder", "Vector files are opened by load_vectors."
        )
    file = folder / MODEL
    if not file.is_file():
        raise FormatError(folder, f"a folder without {MODEL}", "a model folder of firth")
    try:
        model = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(file, f"damaged JSON ({error})", "the description of a model") from None
    if not isinstance(model, dict) or model.get("format") != FORMAT:
        raise FormatError(file, "JSON that is not firth's", f'an object with "format": "{FORMAT}"')
    version = model.get("version")
    if type(version) is not int or version < 1:
        raise FormatError(file, f"format version {version!r}", "a whole number of at least 1")
    if version > VERSION:
        raise FormatError(
            file,
            f"format version {version}, written by firth {model.get('firth')}",
            f"version {VERSION}",
            "The model is from a newer firth: upgrade with pip install -U firth.",
        )
    for name, kind in _TYPES.items():
        if type(model.get(name)) is not kind:
            raise FormatError(
                file, f"{model.get(name)!r} under '{name}'", f"a value of type {kind.__name__}"
            )
    for name in (VOCABULARY, VECTORS):
        if name not in model["files"]:
            raise FormatError(file, f"no entry for {name} under 'files'", "its size and crc32")
    for name, entry in model["files"].items():
        if not isinstance(entry, dict) or {type(entry.get(k)) for k in ("bytes", "crc32")} != {int}:
            raise FormatError(file, f"a damaged entry for {name}", "its size and crc32")
    return model


def verify(path: str | Path) -> None:
    """Reads every byte of a model folder and compares it with what was written.

    Raises:
        FormatError: the first file that differs.
    """
    folder = Path(path)
    model = read_model(folder)
    _check_sizes(folder, model)
    for name, entry in model["files"].items():
        if _crc(folder / name) != entry["crc32"]:
            raise _damaged(folder / name)


def _check_sizes(folder: Path, model: dict[str, Any]) -> None:
    for name, entry in model["files"].items():
        file = folder / name
        if not file.is_file():
            raise FormatError(folder, f"no {name}", f"it, with {entry['bytes']} bytes")
        size = file.stat().st_size
        if size != entry["bytes"]:
            what = "truncated" if size < entry["bytes"] else "changed"
            raise FormatError(
                file,
                f"{size} bytes",
                f"{entry['bytes']} bytes",
                f"The file was {what}; copy it again.",
            )


def _describe(file: Path) -> dict[str, int]:
    return {"bytes": file.stat().st_size, "crc32": _crc(file)}


def _crc(file: Path) -> int:
    crc = 0
    with open(file, "rb") as stream:
        while chunk := stream.read(1 << 22):
            crc = zlib.crc32(chunk, crc)
    return crc


def _damaged(file: Path) -> FormatError:
    return FormatError(
        file, "bytes that are not those written (CRC-32 differs)", "the file as it was saved"
    )


def _firth_version() -> str:
    import importlib.metadata  # slow, and only saving needs it

    try:
        return importlib.metadata.version("firth")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _plain(value: Any) -> Any:
    """numpy numbers and arrays, paths and dataclasses as JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored in {MODEL}")
