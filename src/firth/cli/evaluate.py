"""`firth evaluate`: word similarities and analogies, always with what was covered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import open_vectors
from firth.cli.options import COMMON, Common
from firth.errors import SettingError

Protocol = Literal["firth", "gensim", "word2vec", "glove", "fasttext"]


def evaluate(
    model: str,
    /,
    *,
    similarity: Annotated[list[str] | None, Parameter(negative=())] = None,
    analogies: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Protocol = "firth",
    common: Common = COMMON,
) -> None:
    """Score a model on word similarities and analogies.

    With --json: {"similarity": {name: {"spearman", "pearson", "pairs", "covered"}}, "analogies":
    {name: {"accuracy", "correct", "asked", "covered", "sections": {...}}}}; a name is that of the
    file without its endings. Where vectors have n-grams, words never seen get a vector from them,
    and "inferred" says for how many pairs.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    similarity
        A file of "word word score" lines; may be given several times.
    analogies
        A file of "a b c d" lines in ": section"s; may be given several times.
    protocol
        Whose rules to count by: firth's, or those of the program named.
    """
    from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity

    if not similarity and not analogies:
        raise SettingError(
            "there is nothing to evaluate on; give --similarity FILE or --analogies FILE."
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
