"""`firth evaluate`: word similarities and analogies, always with what was covered; labels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import is_folder_of_ours, kind_of, open_vectors
from firth.cli.options import COMMON, Common
from firth.errors import SettingError

Protocol = Literal["firth", "gensim", "word2vec", "glove", "fasttext"]


def evaluate(
    model: str,
    data: str | None = None,
    /,
    *,
    similarity: Annotated[list[str] | None, Parameter(negative=())] = None,
    analogies: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Protocol = "firth",
    column: str | None = None,
    label_column: str | None = None,
    label_separator: str | None = None,
    k: Annotated[int, Parameter(name=["-k", "--labels"])] = 1,
    threshold: float = 0.0,
    per_line: Annotated[bool, Parameter(negative=())] = False,
    tokenizer: str | None = None,
    encoding: str = "utf-8",
    device: str = "auto",
    common: Common = COMMON,
) -> None:
    """Score a model on similarities and analogies, a classifier on labelled texts, a language model
    on text.

    With --json: {"similarity": {name: {"spearman", "pearson", "pairs", "covered"}}, "analogies":
    {name: {"accuracy", "correct", "asked", "covered", "sections": {...}}}}; a name is that of the
    file without its endings. Where vectors have n-grams, words never seen get a vector from them,
    and "inferred" says for how many pairs. Of a classifier: {"examples", "accuracy", "precision",
    "recall", "f1", "macro_f1", "labels": {label: {"precision", "recall", "f1", "support"}},
    "calibration": {"expected_error", "bins"}, "left_out"}. Of a language model: {"perplexity",
    "unit", "tokens", "unknown", "unknown_share", "lines", "loss" (nats a unit),
    "bits_per_character", "bits_per_byte"}, with --per-line also "per_line": [{"logprob", "units",
    "unknown", "perplexity"}].

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    data
        For a classifier: labelled texts in fastText's format, or a table with --column and
        --label-column; for a language model: text, its lines read one after another. - is standard
        input.
    similarity
        A file of "word word score" lines; may be given several times.
    analogies
        A file of "a b c d" lines in ": section"s; may be given several times.
    protocol
        Whose rules to count by: firth's, or those of the program named.
    column
        The column of a table that holds the text, by name or number.
    label_column
        The column of a table that holds the labels, by name or number.
    label_separator
        What stands between several labels in one cell.
    k
        Labels predicted for a text, at most; -1 for all that reach the threshold.
    threshold
        Leave out labels that are less probable.
    per_line
        Language model: begin each line with a fresh state, and score it by itself.
    tokenizer
        Language model: only for one trained with module:function, which is not called on its word.
    encoding
        Language model: of the text.
    device
        Language model: auto, cpu, cuda, cuda:1, mps.
    """
    if data is not None and is_folder_of_ours(model) and kind_of(model) == "language-model":
        # only who has a language model needs its file
        from firth.cli.language_models import evaluate_language, must_be_plain

        must_be_plain(
            similarity=similarity, analogies=analogies, label_column=label_column,
            label_separator=label_separator, labels=k != 1, threshold=threshold,
        )  # fmt: skip
        evaluate_language(model, data, column, tokenizer, encoding, per_line, device, common)
        return
    for name, given in (("per-line", per_line), ("tokenizer", tokenizer)):
        if given:
            raise SettingError(f"--{name} is for language models; {model} is none. Leave it out.")
    if data is not None:
        if similarity or analogies:
            raise SettingError(
                f"{data} holds labelled texts for a classifier, --similarity and --analogies are "
                "for word vectors; give one or the other."
            )
        from firth.cli.evaluate_labels import evaluate_labels

        evaluate_labels(model, data, column, label_column, label_separator, k, threshold, common)
        return
    from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity

    if not similarity and not analogies:
        raise SettingError(
            "there is nothing to evaluate on; give --similarity FILE or --analogies FILE, or, for "
            "a classifier, a file of labelled texts, for a language model, a file of text."
        )
    vectors = open_vectors(model)
    output.call(common.verbose, f"vectors = firth.load_vectors({model!r})")
    document: dict[str, dict[str, Any]] = {"similarity": {}, "analogies": {}}
    for path in similarity or []:
        output.call(common.verbose, f"firth.evaluate_similarity(vectors, {path!r}, {protocol!r})")
        report: Any = evaluate_similarity(vectors, path, protocol=protocol)
        document["similarity"][_key(report, path, document["similarity"])] = report.to_json()
    for path in analogies or []:
        output.call(common.verbose, f"firth.evaluate_analogies(vectors, {path!r}, {protocol!r})")
        report = evaluate_analogies(vectors, path, protocol=protocol)
        document["analogies"][_key(report, path, document["analogies"])] = report.to_json()
    if common.json:
        output.write_json(document)
        return
    if document["similarity"]:
        columns = ["similarity", "spearman", "pearson", "pairs", "covered"]
        if any("inferred" in report for report in document["similarity"].values()):
            columns.append("inferred")
        rows = [[name, *_row(report, columns)] for name, report in document["similarity"].items()]
        output.table(rows, columns)
    if document["analogies"]:
        columns = ["analogies", "accuracy", "correct", "asked", "covered"]
        rows = []
        for name, report in document["analogies"].items():
            for section, part in report["sections"].items():
                rows.append([section, *_row(part, columns)])
            rows.append([name, *_row(report, columns)])
        output.table(rows, columns)


def _key(report: Any, path: str, taken: dict[str, Any]) -> str:
    """The name of a report, that of its file; the whole path if another one bears it."""
    return path if report.name in taken else report.name


def _row(report: dict[str, Any], columns: list[str]) -> list[object]:
    return ["none" if report[name] is None else report[name] for name in columns[1:]]
