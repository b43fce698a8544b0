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
      parts/NAME/          models that this one is made of, each a whole folder like this one
                           (given vectors, an ELMo; only if there are any)
      state.safetensors    what resuming needs, by name (only if there is any)

Never pickle. Written under a temporary name and renamed; opened by memory map. Opening checks
the sizes of all files and the CRC of the vocabulary (a wrong name would be silent);
`verify` reads everything.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError, SettingError
from firth.files import firth_version, whole_folder
from firth.text.vocabulary import Vocabulary
from firth.vectors.documents import DocumentVectors
from firth.vectors.folder_parts import (
    documents_in,
    put_together,
    save_subwords,
    state_in,
    subwords_in,
    tensors_of_vectors,
    vectors_in,
)
from firth.vectors.model_folder import (
    DOCUMENTS,
    FORMAT,
    IDS,
    LABELS,
    MODEL,
    PARTS,
    PHRASES,
    STATE,
    SUBWORDS,
    VECTORS,
    VERSION,
    VOCABULARY,
    check_sizes,
    describe,
    listed,
    parts_in,
    read_model,
    verify,
)
from firth.vectors.quantized import Float16Rows, Int8Rows, ProductQuantized
from firth.vectors.quantized_tensors import tensors_of
from firth.vectors.subwords import ComposedRows
from firth.vectors.tensors import write_tensors
from firth.vectors.vectors import Vectors

__all__ = ["Fitted", "is_fasttext", "load", "read_model", "verify"]


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
    parts: other models that this one reads, by name, kept in it whole.
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
    parts: dict[str, Fitted] = dataclasses.field(default_factory=dict)

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
                    write_tensors(folder / VECTORS, tensors_of_vectors(self.vectors))
                if self.vectors.subwords is not None:
                    save_subwords(folder, self.vectors.subwords, self._rows_of_words())
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
            for name, part in self.parts.items():
                (folder / PARTS).mkdir(exist_ok=True)
                part.save(folder / PARTS / name)
            model = {
                "format": FORMAT,
                "version": self._version(),
                "kind": self.kind,
                "firth": firth_version(),
                "words": len(self.vocabulary),
                "dim": None if self.vectors is None else self.vectors.dim,
                "settings": self.settings,
                "corpus": self.corpus,
                "history": self.history,
                **self._about_subwords(),
                "files": {
                    file.relative_to(folder).as_posix(): describe(file)
                    for file in sorted(folder.rglob("*"))
                    if file.is_file()
                },
            }
            text = json.dumps(model, indent=1, ensure_ascii=False, default=_plain)
            (folder / MODEL).write_text(text + "\n", encoding="utf-8")

    def _version(self) -> int:
        """The first version of the format that can hold this."""
        plain = self.vectors is not None and isinstance(self.vectors.matrix, np.ndarray)
        more = (self.documents, self.phrases, self.labels, *self.parts.values())
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
        check_sizes(folder, model)
        vocabulary = listed(folder, VOCABULARY, model["files"])
        if len(vocabulary) != model["words"]:
            raise FormatError(
                folder / VOCABULARY, f"{len(vocabulary)} names", f"{model['words']} of them"
            )
        files = model["files"]
        state = state_in(folder / STATE) if STATE in files else {}
        vectors = phrases = documents = None
        if VECTORS in files:
            vectors = vectors_in(folder / VECTORS, vocabulary, model["dim"])
            if SUBWORDS in files:
                rows = state.get("words", vectors.matrix)
                vectors.subwords = subwords_in(folder, model, rows)
        elif SUBWORDS in files:
            vectors = put_together(folder, model, vocabulary, state)
        if DOCUMENTS in files:
            documents = documents_in(folder, files, model["dim"])
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
            labels=listed(folder, LABELS, files) if LABELS in files else None,
            parts={name: Fitted.load(folder / PARTS / name) for name in parts_in(files)},
        )


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


def _plain(value: Any) -> Any:
    """numpy numbers and arrays, paths and dataclasses as JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored in {MODEL}")
