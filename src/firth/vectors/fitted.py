"""`Fitted`: what training gives back, and the folder it is kept in.

    wiki.firth/
      model.json           format, version, kind, firth version, words, dim, settings, corpus,
                           history, and the size and CRC-32 of each other file
      vocabulary.tsv       escaped name TAB count, row by row
      vectors.safetensors  "vectors" float32[words, dim], "norms" float32[words]; or, sparse,
                           "offsets" int64[words + 1], "columns" int32, "values" float32 and
                           "norms"; or, quantised, what `quantized_tensors` says; not there
                           if a kind has no word vectors, or they are put together from
                           quantised rows: "words" of the state, and those of n-grams
      subwords.safetensors  "ngrams" float32[buckets, dim]: rows of n-grams (only if there are any)
      ngrams.tsv           exact n-grams, row by row; not there if they are hashed
      labels.tsv           escaped label TAB count (only of classifiers)
      documents.safetensors  "documents" float32[documents, dim] and "norms" (only if there are any)
      documents.tsv        their ids, escaped, row by row; not there if they are numbered
      phrases/             the phrases that the text was read with (only if there were any)
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

from firth.errors import FormatError, SettingError
from firth.files import rescue, whole_folder
from firth.text.subwords import Subwords
from firth.text.vocabulary import Vocabulary
from firth.vectors.documents import DocumentVectors
from firth.vectors.quantized import Float16Rows, Int8Rows, ProductQuantized, share_centroids
from firth.vectors.quantized_tensors import PARTS, matrix_of, tensors_of
from firth.vectors.rows import is_sparse
from firth.vectors.subwords import ComposedRows, SubwordRows
from firth.vectors.tensors import map_tensors, write_tensors
from firth.vectors.vectors import Vectors

FORMAT = "firth"
VERSION = 2
MODEL, VOCABULARY, VECTORS, STATE = (
    "model.json",
    "vocabulary.tsv",
    "vectors.safetensors",
    "state.safetensors",
)
DOCUMENTS, IDS, PHRASES = "documents.safetensors", "documents.tsv", "phrases"
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


@dataclasses.dataclass
class Fitted:
    """A trained model.

    kind: what trained it ("skipgram", "cbow"…; "vectors" if they came from a file).
    vectors: of its words; None for kinds that have none (counts), whose words are `names`.
    state: arrays that resuming needs, float32 ones perhaps as Rows (quantised).
    settings, corpus: JSON objects.
    history: one JSON object an epoch (mean loss per pair, words/s, rate).
    documents: their vectors, for kinds that have them.
    phrases: the PhraseModel that the text was read with.
    labels: what a classifier tells apart, row by row of its output.
    """

    kind: str
    vectors: Vectors | None
    state: dict[str, Any] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    corpus: dict[str, Any] = dataclasses.field(default_factory=dict)
    documents: DocumentVectors | None = None
    phrases: Any = None
    names: Vocabulary | None = None
    labels: Vocabulary | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        """The words, row by row."""
        if self.vectors is not None:
            return self.vectors.vocabulary
        assert self.names is not None
        return self.names

    def must_have_vectors(self, path: str | Path) -> Vectors:
        """Its vectors.

        Raises:
            FormatError: it has none.
        """
        if self.vectors is None:
            raise FormatError(
                path,
                f"a model of kind {self.kind}",
                "one with word vectors",
                "It turns documents into rows: firth embed."
                if self.kind == "counts"
                else "There are none in it.",
            )
        return self.vectors

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Writes the model folder: whole, or not at all.

        Raises:
            ModelExistsError: `path` is there and `overwrite` is false.
            StorageError: disk full, or the place cannot be written; an older model stays whole.
        """
        with whole_folder(path, overwrite) as folder:
            self.vocabulary.save(folder / VOCABULARY)
            if self.vectors is not None:
                if not self._is_put_together():
                    write_tensors(folder / VECTORS, _tensors_of(self.vectors))
                if self.vectors.subwords is not None:
                    _save_subwords(folder, self.vectors.subwords, self._rows_of_words())
            if self.labels is not None:
                self.labels.save(folder / LABELS)
            if self.state:
                tensors = [tensors_of(matrix, name) for name, matrix in self.state.items()]
                write_tensors(folder / STATE, {k: v for some in tensors for k, v in some.items()})
            if self.documents is not None:
                matrix, norms = self.documents.matrix, self.documents.norms
                write_tensors(folder / DOCUMENTS, {"documents": matrix, "norms": norms})
                if self.documents.names is not None:
                    self.documents.names.save(folder / IDS)
            if self.phrases is not None:
                self.phrases.save(folder / PHRASES)
            model = {
                "format": FORMAT,
                "version": self._version(),
                "kind": self.kind,
                "firth": _firth_version(),
                "words": len(self.vocabulary),
                "dim": None if self.vectors is None else self.vectors.dim,
                "settings": self.settings,
                "corpus": self.corpus,
                "history": self.history,
                **self._about_subwords(),
                "files": {
                    file.relative_to(folder).as_posix(): _describe(file)
                    for file in sorted(folder.rglob("*"))
                    if file.is_file()
                },
            }
            text = json.dumps(model, indent=1, ensure_ascii=False, default=_plain)
            (folder / MODEL).write_text(text + "\n", encoding="utf-8")

    def _version(self) -> int:
        """The first version of the format that can hold this."""
        plain = self.vectors is not None and isinstance(self.vectors.matrix, np.ndarray)
        more = (self.documents, self.phrases, self.labels)
        plain = plain and all(one is None for one in more) and not self._about_subwords()
        return 1 if plain else VERSION

    def _is_put_together(self) -> bool:
        """Whether the vectors are made of quantised rows in `state`, which take less room."""
        matrix = None if self.vectors is None else self.vectors.matrix
        return (
            isinstance(matrix, ComposedRows)
            and isinstance(matrix.words, ProductQuantized | Float16Rows | Int8Rows)
            and matrix.words is self.state.get("words")
        )

    def _rows_of_words(self) -> Any:
        return self.state.get("words", None if self.vectors is None else self.vectors.matrix)

    def _about_subwords(self) -> dict[str, Any]:
        """How words are cut, for model.json."""
        if self.vectors is None or self.vectors.subwords is None:
            return {}
        rule = self.vectors.subwords.subwords
        return {"subwords": {"min_n": rule.min_n, "max_n": rule.max_n, "buckets": rule.buckets}}

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
        files = model["files"]
        state = _state(folder / STATE) if STATE in files else {}
        vectors = phrases = documents = None
        if VECTORS in files:
            vectors = _vectors(folder / VECTORS, vocabulary, model["dim"])
            if SUBWORDS in files:
                rows = state.get("words", vectors.matrix)
                vectors.subwords = _subwords(folder, model, rows)
        elif SUBWORDS in files:
            vectors = _put_together(folder, model, vocabulary, state)
        if DOCUMENTS in files:
            documents = _documents(folder, files, model["dim"])
        if any(name.startswith(PHRASES + "/") for name in files):
            from firth.text.phrase_model import PhraseModel

            phrases = PhraseModel.open(folder / PHRASES)
        return Fitted(
            kind=model["kind"],
            vectors=vectors,
            state=state,
            settings=model["settings"],
            history=model["history"],
            corpus=model["corpus"],
            documents=documents,
            phrases=phrases,
            names=vocabulary,
            labels=_listed(folder, LABELS, files) if LABELS in files else None,
        )


def _put_together(
    folder: Path, model: dict[str, Any], vocabulary: Vocabulary, state: dict[str, Any]
) -> Vectors:
    """Vectors made of the rows of words in `state` and those of n-grams."""
    rows = state.get("words")
    if rows is None or tuple(rows.shape) != (len(vocabulary), model["dim"]):
        found = "none" if rows is None else "x".join(map(str, rows.shape))
        wanted = f"{len(vocabulary)}x{model['dim']} rows of words"
        raise FormatError(folder / STATE, f"{found} under 'words'", wanted)
    subwords = _subwords(folder, model, rows)
    return Vectors(vocabulary, ComposedRows(vocabulary, rows, subwords), subwords=subwords)


#: what words and n-grams that were quantised together share; kept once, with the words
SHARED = ("centroids", "norm_centroids")


def _save_subwords(folder: Path, subwords: SubwordRows, words: Any) -> None:
    rule = subwords.subwords
    tensors = tensors_of(subwords.matrix, "ngrams")
    if share_centroids(words, subwords.matrix):
        tensors = {k: v for k, v in tensors.items() if k.partition(".")[2] not in SHARED}
    if rule.pruned is not None:
        tensors |= {"pruned": rule.pruned[0], "pruned_rows": rule.pruned[1]}
    write_tensors(folder / SUBWORDS, tensors)
    if rule.ngrams is not None:
        rule.ngrams.save(folder / NGRAMS)


def _subwords(folder: Path, model: dict[str, Any], words: Any) -> SubwordRows:
    """The rows of n-grams, mapped, and the rule.  words: their rows, which may share centroids."""
    file, files = folder / SUBWORDS, model["files"]
    tensors = map_tensors(file)
    if isinstance(words, ProductQuantized) and "ngrams.codes" in tensors:
        for part in SHARED:
            if getattr(words, part) is not None:
                tensors.setdefault(f"ngrams.{part}", getattr(words, part))
    about = model.get("subwords")
    numbers = [about.get(name) for name in ("min_n", "max_n", "buckets")] if about else []
    if len(numbers) != 3 or any(type(number) is not int for number in numbers):
        raise FormatError(folder / MODEL, f"{about!r} under 'subwords'", "min_n, max_n, buckets")
    pruned = (tensors["pruned"], tensors["pruned_rows"]) if "pruned" in tensors else None
    ngrams = _listed(folder, NGRAMS, files) if NGRAMS in files else None
    try:
        matrix = matrix_of(tensors, "ngrams", file)
    except KeyError:
        raise FormatError(file, "none under 'ngrams'", "the rows of n-grams") from None
    rows = numbers[2] if pruned is None else len(pruned[0])
    if tuple(matrix.shape) != (rows, model["dim"]):
        found = "x".join(map(str, matrix.shape))
        raise FormatError(file, f"{found} rows of n-grams", f"{rows}x{model['dim']}")
    rule = Subwords(numbers[0], numbers[1], numbers[2], ngrams, pruned)
    return SubwordRows(rule, matrix)


def _state(file: Path) -> dict[str, Any]:
    """The tensors by name; those of one quantised matrix as `Rows`."""
    tensors = map_tensors(file)
    state: dict[str, Any] = {}
    for name in tensors:
        whole, _, part = name.rpartition(".")
        if whole and part in PARTS:
            state.setdefault(whole, matrix_of(tensors, whole, file))
        else:
            state[name] = tensors[name]
    return state


def _listed(folder: Path, name: str, files: dict[str, Any]) -> Vocabulary:
    """A list of names, checked."""
    if _crc(folder / name) != files[name]["crc32"]:
        raise _damaged(folder / name)
    return Vocabulary.load(folder / name)


def _tensors_of(vectors: Vectors) -> dict[str, np.ndarray]:
    matrix, norms = vectors.matrix, vectors.norms
    if not is_sparse(matrix):
        if isinstance(matrix, ComposedRows):
            matrix = matrix.whole()
        return {**tensors_of(matrix, "vectors"), "norms": norms}
    return {
        "offsets": matrix.indptr.astype(np.int64),
        "columns": matrix.indices.astype(np.int32, copy=False),
        "values": matrix.data,
        "norms": norms,
    }


def _vectors(file: Path, vocabulary: Vocabulary, dim: int) -> Vectors:
    """The mapped vectors, dense or sparse, checked against what they must be."""
    tensors, words = map_tensors(file), len(vocabulary)
    _must_be(file, tensors, "norms", (words,))
    if "offsets" not in tensors:
        try:
            matrix = matrix_of(tensors, "vectors", file)
        except KeyError:
            raise FormatError(file, "none under 'vectors'", f"float32[{words}, {dim}]") from None
        if isinstance(matrix, np.ndarray):
            _must_be(file, tensors, "vectors", (words, dim))
        elif tuple(matrix.shape) != (words, dim):
            raise FormatError(file, f"{matrix!r} under 'vectors'", f"[{words}, {dim}]")
        return Vectors(vocabulary, matrix, tensors["norms"])
    from scipy.sparse import csr_array

    size = len(tensors.get("columns", ()))
    _must_be(file, tensors, "offsets", (words + 1,), np.int64)
    _must_be(file, tensors, "columns", (size,), np.int32)
    _must_be(file, tensors, "values", (size,))
    offsets, columns = tensors["offsets"], tensors["columns"]
    if offsets[0] != 0 or offsets[-1] != size or np.any(np.diff(offsets) < 0):
        raise FormatError(file, "offsets out of order", f"rising ones from 0 to {size}")
    if size and (columns.max() >= dim or columns.min() < 0):
        raise FormatError(file, f"a column {columns.max()}", f"columns below {dim}")
    # indices of one type, or scipy would copy them all
    matrix = csr_array((words, dim), dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = tensors["values"], columns, offsets
    return Vectors(vocabulary, matrix, tensors["norms"])


def _documents(folder: Path, files: dict[str, Any], dim: int | None) -> DocumentVectors:
    """The mapped vectors of documents, with their ids if they have any."""
    file = folder / DOCUMENTS
    tensors = map_tensors(file)
    matrix = tensors.get("documents", np.empty(0))
    if dim is None:  # words have no vectors
        dim = matrix.shape[-1]
    _must_be(file, tensors, "documents", (len(matrix), dim))
    if "norms" in tensors:  # early models have none
        _must_be(file, tensors, "norms", (len(matrix),))
    names = None
    if IDS in files:
        if _crc(folder / IDS) != files[IDS]["crc32"]:
            raise _damaged(folder / IDS)
        names = Vocabulary.load(folder / IDS)
        if len(names) != len(matrix):
            raise FormatError(folder / IDS, f"{len(names)} ids", f"{len(matrix)} of them")
    return DocumentVectors(matrix, names, tensors.get("norms"))


def _must_be(
    file: Path,
    tensors: dict[str, np.ndarray],
    name: str,
    shape: tuple[int, ...],
    dtype: Any = np.float32,
) -> None:
    """
    Raises:
        FormatError: no such tensor, or of another shape or type.
    """
    tensor = tensors.get(name)
    if tensor is None or tensor.shape != shape or tensor.dtype != dtype:
        found = "none" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
        raise FormatError(file, f"{found} under '{name}'", f"{np.dtype(dtype).name}{list(shape)}")


def load(path: str | Path, encoding_errors: str = "strict") -> Fitted:
    """`Fitted.load`: what `save` wrote; or the model in a .bin or .ftz of fastText.

    encoding_errors: "replace" for files of fastText with words cut inside a character.

    Raises:
        FormatError: as in `Fitted.load`; with the offset, in a file of fastText.
        SettingError: encoding_errors is neither "strict" nor "replace".
    """
    if encoding_errors not in ("strict", "replace"):
        raise SettingError(f"encoding_errors={encoding_errors!r} is not one of strict, replace.")
    if is_fasttext(path):
        from firth.vectors.formats import fasttext_model

        return fasttext_model.read(path, encoding_errors)
    return Fitted.load(path)


def is_fasttext(path: str | Path) -> bool:
    """Whether it begins as a .bin or .ftz of fastText does."""
    if not Path(path).is_file():
        return False
    from firth.vectors.formats.sniff import sniff

    try:
        return sniff(path) == "fasttext-bin"
    except FormatError:
        return False  # whoever opens it says what is wrong


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
