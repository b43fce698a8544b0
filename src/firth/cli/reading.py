"""How a text that was typed is read: the options of it, the corpus, the Python that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from firth.cli.models import must_exist, resolve_tokenizer
from firth.errors import SettingError

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.text.corpus import Corpus
    from firth.text.labelled import Labelled

#: option -> what `Corpus` takes if nothing is said
READING: dict[str, Any] = {
    "tokenizer": "words",
    "column": None,
    "fold_case": None,
    "encoding": "utf-8",
    "encoding_errors": "strict",
    "phrases": None,
}


class Reading:
    """The options of `READING` that were given.

    given: may hold other options too.

    Raises:
        SettingError, FormatError: a tokenizer or phrases that are not there.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: given.get(name, default) for name, default in READING.items()}
        column = self._given["column"]
        if column is not None and column.isdigit():
            self._given["column"] = int(column)
        self._read = self._given | {"tokenizer": resolve_tokenizer(self._given["tokenizer"])}
        if self._given["phrases"] is not None:
            from firth.text.phrases import PhraseModel

            must_exist(self._given["phrases"])
            self._read["phrases"] = PhraseModel.load(self._given["phrases"])

    def corpus(self, *sources: str) -> Corpus:
        """The text of files, folders, globs or - (standard input)."""
        from firth.text.corpus import Corpus

        return Corpus(*sources, **self._read)

    def counts(self, folder: str) -> Cooccurrence:
        """Counts made before; how a text is read has no meaning for them.

        Raises:
            SettingError: something was said about it.
        """
        from firth.static.cooccurrence import Cooccurrence

        for name in self._said():
            option = "--" + name.replace("_", "-")
            raise SettingError(
                f"{option} says how a text is read, but {folder} holds counts; give it where they "
                "are made (firth cooccurrence), or give the text."
            )
        return Cooccurrence.load(folder)

    def python(self, *sources: str) -> str:
        """The Python that makes the corpus."""
        values = {name: repr(self._given[name]) for name in self._said()}
        if "phrases" in values:
            values["phrases"] = f"PhraseModel.load({values['phrases']})"
        more = "".join(f", {name}={value}" for name, value in values.items())
        return f"Corpus({', '.join(map(repr, sources))}{more})"

    def _said(self) -> list[str]:
        return [name for name, default in READING.items() if self._given[name] != default]


#: option -> (what `Labelled` calls it, what it takes if nothing is said)
LABELS: dict[str, tuple[str, Any]] = {
    "column": ("text", None),
    "label_column": ("label", None),
    "label_prefix": ("prefix", "__label__"),
    "label_separator": ("separator", None),
}


class LabelledReading(Reading):
    """The options of `READING` and `LABELS` that were given, for texts with labels."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        label = given.get("label_column")
        self._given |= {name: given.get(name, LABELS[name][1]) for name in LABELS if name in given}
        self._given["column"] = self._read["column"]
        if label is not None and label.isdigit():
            self._given["label_column"] = int(label)

    def corpus(self, *sources: str) -> Labelled:  # type: ignore[override]  # goes where a corpus goes
        from firth.text.labelled import Labelled

        named = {
            LABELS[name][0] if name in LABELS else name: self._read.get(name, value)
            for name, value in self._given.items()
        }
        return Labelled(*sources, **named)

    def python(self, *sources: str) -> str:
        more = ""
        for name, value in self._given.items():
            called, default = LABELS.get(name, (name, READING.get(name)))
            if value != default:
                shown = f"PhraseModel.load({value!r})" if name == "phrases" else repr(value)
                more += f", {called}={shown}"
        return f"Labelled({', '.join(map(repr, sources))}{more})"
