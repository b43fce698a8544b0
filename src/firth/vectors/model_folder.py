"""A model folder from outside: its description, and whether its files are those written.

The layout is in fitted.py; what the files hold in folder_parts.py.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from firth.errors import FormatError
from firth.files import rescue
from firth.text.vocabulary import Vocabulary

FORMAT = "firth"
VERSION = 2
MODEL, VOCABULARY, VECTORS, STATE = (
    "model.json",
    "vocabulary.tsv",
    "vectors.safetensors",
    "state.safetensors",
)
DOCUMENTS, IDS, PHRASES = "documents.safetensors", "documents.tsv", "phrases"
PARTS = "parts"
SUBWORDS, NGRAMS, LABELS = "subwords.safetensors", "ngrams.tsv", "labels.tsv"
#: folders of ours that hold something else, and what they are for
NOT_FITTED = {
    "phrases": "Text is read with it: --phrases, firth phrases, PhraseModel.load.",
    "cooccurrence": "Models are trained on it: firth train glove, Cooccurrence.load.",
}
_TYPES = {
    "kind": str,
    "words": int,
    "settings": dict,
    "corpus": dict,
    "history": list,
    "files": dict,
}


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
    if model.get("kind") in NOT_FITTED:
        raise FormatError(
            folder,
            f"a model of the kind {model['kind']}",
            "one of words",
            NOT_FITTED[model["kind"]],
        )
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
    put_together = STATE in model["files"] and SUBWORDS in model["files"]
    has_none = model.get("dim", 0) is None or put_together
    needed = [VOCABULARY] if has_none else [VOCABULARY, VECTORS]
    for name in needed:
        if name not in model["files"]:
            raise FormatError(file, f"no entry for {name} under 'files'", "its size and crc32")
    if type(model.get("dim", "")) not in (int, type(None)):
        raise FormatError(file, f"{model.get('dim')!r} under 'dim'", "a value of type int")
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
    check_sizes(folder, model)
    for name, entry in model["files"].items():
        if crc_of(folder / name) != entry["crc32"]:
            raise damaged(folder / name)


def check_sizes(folder: Path, model: dict[str, Any]) -> None:
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


def describe(file: Path) -> dict[str, int]:
    return {"bytes": file.stat().st_size, "crc32": crc_of(file)}


def crc_of(file: Path) -> int:
    crc = 0
    with open(file, "rb") as stream:
        while chunk := stream.read(1 << 22):
            crc = zlib.crc32(chunk, crc)
    return crc


def damaged(file: Path) -> FormatError:
    return FormatError(
        file, "bytes that are not those written (CRC-32 differs)", "the file as it was saved"
    )


def listed(folder: Path, name: str, files: dict[str, Any]) -> Vocabulary:
    """A list of names, checked."""
    if crc_of(folder / name) != files[name]["crc32"]:
        raise damaged(folder / name)
    return Vocabulary.load(folder / name)


def parts_in(files: dict[str, Any]) -> list[str]:
    """The names of the models inside a model."""
    paths = [name.split("/") for name in files]
    return sorted({path[1] for path in paths if path[0] == PARTS and path[2:] == [MODEL]})
