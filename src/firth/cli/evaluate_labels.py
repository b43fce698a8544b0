"""`firth evaluate MODEL DATA`: a classifier on labelled texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firth.cli import output
from firth.cli.options import Common, hyphens
from firth.cli.predict import open_classifier
from firth.cli.reading import LabelledReading

if TYPE_CHECKING:
    from firth.static.label_report import Report


def evaluate_labels(
    model: str,
    data: str,
    column: str | None,
    label_column: str | None,
    label_separator: str | None,
    k: int,
    threshold: float,
    common: Common,
) -> None:
    """See `evaluate`."""
    from firth.static.classify import Classifier

    fitted = open_classifier(model)
    classifier = Classifier(fitted)
    reading = LabelledReading(
        {
            "column": column,
            "label_column": label_column,
            "label_separator": label_separator,
            "label_prefix": fitted.corpus.get("label_prefix") or "__label__",
        }
    )
    (data,) = hyphens([data])
    output.call(
        common.verbose, f"Classifier(load({model!r})).evaluate({reading.python(data)}, k={k})"
    )
    report = classifier.evaluate(reading.corpus(data), k, threshold)
    if common.json:
        output.write_json(report.to_json())
    else:
        tell(report)


def tell(report: Report) -> None:
    """The whole, each label, and how far the probabilities can be trusted."""
    error = report.calibration["expected_error"]
    names = ["examples", "accuracy", "precision", "recall", "f1", "macro f1", "calibration error"]
    whole = [report.examples, report.accuracy, report.precision, report.recall, report.f1]
    output.table([[*whole, report.macro_f1, error]], names)
    columns = ["label", "precision", "recall", "f1", "support"]
    rows = sorted(report.labels.items(), key=lambda item: -item[1]["support"])
    output.table(
        [[name, *(entry[column] for column in columns[1:])] for name, entry in rows], columns
    )
    bins = [entry for entry in report.calibration["bins"] if entry["examples"]]
    output.table(
        [
            [f"{one['from']:.1f} to {one['to']:.1f}", one["probability"], one["accuracy"],
             one["examples"]]
            for one in bins
        ],
        ["probability", "mean", "accuracy", "examples"],
    )  # fmt: skip
    for what, count in report.left_out.items():
        if count:
            output.say(f"firth: {count:,} texts do not count: {what.replace('_', ' ')}")
