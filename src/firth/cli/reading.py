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
    from firth.text.tagged import Tagged

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

    def held_out(self, *sources: str) -> Any:
        """The text on which the loss is measured."""
        return self.corpus(*sources)

    def python_held_out(self, *sources: str) -> str:
        """The Python that makes it."""
        return self.python(*sources)

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


def must_fit_units(unit: str, given: Mapping[str, Any]) -> None:
    """
    Raises:
        SettingError: how words are cut was said, and a language model reads no words.
    """
    for name in ("tokenizer", "fold_case", "phrases"):
        if unit != "word" and given.get(name, READING[name]) != READING[name]:
            raise SettingError(
                f"--{name.replace('_', '-')} is of words, but --unit {unit} takes the text as it "
                "is written; leave it out, or give --unit word."
            )


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


#: option -> what `Labelled` calls it
IDS = {"id_column": "label", "id_prefix": "prefix", "id_separator": "separator"}


class DocumentReading(Reading):
    """The options of `READING` and `IDS` that were given, for documents with ids or numbered.

    Raises:
        SettingError: a column and a prefix of ids; a separator without a column.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self._ids = {name: given[name] for name in IDS if given.get(name) is not None}
        if "id_column" in self._ids and "id_prefix" in self._ids:
            raise SettingError(
                "--id-column is of tables, --id-prefix of lines of text; give one of them."
            )
        if "id_separator" in self._ids and "id_column" not in self._ids:
            raise SettingError("--id-separator parts the cells of --id-column; give both.")
        column = self._ids.get("id_column", "")
        if column.isdigit():
            self._ids["id_column"] = int(column)

    def corpus(self, *sources: str) -> Any:
        if not self._ids:
            return super().corpus(*sources)
        from firth.text.labelled import Labelled

        read = dict(self._read)
        text = read.pop("column")
        return Labelled(*sources, text=text, **self._named(), **read)

    def held_out(self, *sources: str) -> Any:
        return super().corpus(*sources)

    def python(self, *sources: str) -> str:
        plain = super().python(*sources)
        if not self._ids:
            return plain
        more = "".join(f", {name}={value!r}" for name, value in self._named().items())
        plain = plain.replace("column=", "text=", 1)
        return f"Labelled{plain.removeprefix('Corpus').removesuffix(')')}{more})"

    def python_held_out(self, *sources: str) -> str:
        return super().python(*sources)

    def _named(self) -> dict[str, Any]:
        return {IDS[name]: value for name, value in self._ids.items()}


#: option -> what `Tagged` takes if nothing is said
TAGS: dict[str, Any] = {
    "columns": None, "comments": None, "encoding": "utf-8", "encoding_errors": "strict",
}  # fmt: skip


class TaggedReading:
    """The options of `TAGS` that were given, for sentences with tags."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: given.get(name, default) for name, default in TAGS.items()}

    def corpus(self, *sources: str) -> Tagged:
        """The sentences of files, folders, globs or - (standard input)."""
        from firth.text.tagged import Tagged

        return Tagged(*sources, **self._given)

    def held_out(self, *sources: str) -> Tagged:
        return self.corpus(*sources)

    def python(self, *sources: str) -> str:
        """The Python that makes them."""
        said = {name: self._given[name] for name in TAGS if self._given[name] != TAGS[name]}
        more = "".join(f", {name}={value!r}" for name, value in said.items())
        return f"Tagged({', '.join(map(repr, sources))}{more})"

    def python_held_out(self, *sources: str) -> str:
        return self.python(*sources)
