"""The folder that model2vec and sentence-transformers (StaticEmbedding) share.

    model.safetensors  "embeddings" [V, d] (ours, model2vec) or "embedding.weight"
    tokenizer.json     of the library `tokenizers`; ours is WordLevel: a word is a row
    config.json, modules.json, config_sentence_transformers.json

Both libraries want a row for unknown words. If no name can serve, a row of zeros named [UNK] is
added at the end and marked in config.json, so that reading the folder back leaves it out.
Read: WordLevel, WordPiece, BPE and Unigram vocabularies; the tensors `mapping` and `weights` of
model2vec are applied.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError
from firth.files import whole_folder
from firth.vectors.formats.names import check_finite, make_vectors
from firth.vectors.formats.safetensors_file import matrix_of
from firth.vectors.formats.table import Reading
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors

UNKNOWN = ("[UNK]", "<unk>")
#: words with inner apostrophes and full stops stay whole, other marks stand alone
WORD = r"\w+(?:['’.]\w+)*"


def read(path: Path, reading: Reading) -> Vectors:
    """The vectors of either layout, also in a folder `0_StaticEmbedding`.

    Raises:
        FormatError: a file is missing or damaged, or rows and names do not fit.
    """
    folder = path
    if not (folder / "tokenizer.json").exists():
        folder = path / "0_StaticEmbedding"
    weights = next(
        (
            folder / name
            for name in ("model.safetensors", "embeddings.safetensors")
            if (folder / name).exists()
        ),
        folder / "model.safetensors",
    )
    tensors = map_tensors(weights)
    names = _names(folder / "tokenizer.json")
    config = _json(path / "config.json") if (path / "config.json").exists() else {}
    matrix = matrix_of(weights, tensors)
    if "mapping" in tensors:
        mapping = tensors["mapping"].astype(np.int64)
        if len(mapping) and not 0 <= int(mapping.min()) <= int(mapping.max()) < len(matrix):
            raise FormatError(weights, "a mapping beyond the rows", f"rows below {len(matrix)}")
        matrix = matrix[mapping]
    if len(names) != len(matrix):
        raise FormatError(path, f"{len(names)} names and {len(matrix)} rows", "one for each row")
    if "weights" in tensors:
        matrix = matrix * np.asarray(tensors["weights"], np.float32).reshape(-1, 1)
    added = config.get("firth", {}) if isinstance(config, dict) else {}
    if isinstance(added, dict) and added.get("added") == names[-1:]:
        names, matrix = names[:-1], matrix[:-1]
    check_finite(weights, matrix, lambda row: f"row {row + 1}")
    return make_vectors(path, names, matrix).head(reading.limit)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FormatError(path, "no such file", "the tokenizer of the vectors") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"damaged JSON ({error})", "JSON") from None


def _names(path: Path) -> list[str]:
    """Token of each row."""
    tokenizer = _json(path)
    try:
        vocabulary = tokenizer["model"]["vocab"]
        if isinstance(vocabulary, list):  # Unigram: [token, score]
            rows = {token: row for row, (token, _) in enumerate(vocabulary)}
        else:
            rows = {str(token): int(row) for token, row in vocabulary.items()}
        for token in tokenizer.get("added_tokens") or []:
            rows.setdefault(token["content"], int(token["id"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FormatError(path, "no vocabulary under model.vocab", "a tokenizer.json") from None
    names = sorted(rows, key=rows.__getitem__)
    if [rows[name] for name in names] != list(range(len(names))):
        raise FormatError(path, "token ids with gaps or doubles", "0, 1, 2 …")
    return names


def write(vectors: Vectors, path: Path) -> None:
    """Writes the folder; both libraries load it.

    Raises:
        FormatError: a name with a lone surrogate.
    """
    names = list(vectors.names)
    unknown = next((name for name in UNKNOWN if name in vectors), None)
    added = [] if unknown else [UNKNOWN[0]]
    names += added
    try:
        tokenizer = json.dumps(_tokenizer(names, unknown or UNKNOWN[0]), ensure_ascii=False)
        encoded = tokenizer.encode("utf-8")
    except UnicodeEncodeError:
        bad = next(name for name in names if not _encodes(name))
        raise FormatError(
            path, f"the name {bad!r}, which UTF-8 cannot hold", "no lone surrogates"
        ) from None
    matrix = np.asarray(vectors.matrix)
    if added:
        matrix = np.concatenate([matrix, np.zeros((1, vectors.dim), np.float32)])
    with whole_folder(path, overwrite=True) as folder:
        write_tensors(folder / "model.safetensors", {"embeddings": matrix})
        (folder / "tokenizer.json").write_bytes(encoded)
        _write(folder / "config.json", _config(vectors, added))
        _write(folder / "modules.json", _modules())
        _write(
            folder / "config_sentence_transformers.json",
            {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
        )


def _encodes(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _config(vectors: Vectors, added: list[str]) -> dict[str, Any]:
    return {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": "firth",
        "apply_pca": None,
        "sif_coefficient": None,
        "hidden_dim": vectors.dim,
        "seq_length": 1000000,
        "normalize": False,
        "embedding_dtype": "float32",
        "firth": {"added": added},
    }


def _modules() -> list[dict[str, Any]]:
    kind = "sentence_transformers.models.StaticEmbedding"
    return [{"idx": 0, "name": "0", "path": ".", "type": kind}]


def _tokenizer(names: list[str], unknown: str) -> dict[str, Any]:
    """tokenizer.json: blanks split, words and marks are tokens; lower-cased if all names are."""
    folded = all(name == name.lower() for name in names if name not in UNKNOWN)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": names.index(unknown),
                "content": unknown,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
        ],
        "normalizer": {"type": "Lowercase"} if folded else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {
                    "type": "Split",
                    "pattern": {"Regex": WORD},
                    "behavior": "Isolated",
                    "invert": False,
                },
            ],
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {name: row for row, name in enumerate(names)},
            "unk_token": unknown,
        },
    }
