"""What autotune makes large: F1, or a point of the curve of precision and recall."""

from __future__ import annotations

import math
from typing import NamedTuple

from firth.errors import SettingError, did_you_mean
from firth.static.meter import Meter

WANTED = (
    "f1, f1:LABEL, precisionAtRecall:R, precisionAtRecall:R:LABEL, recallAtPrecision:P or "
    "recallAtPrecision:P:LABEL (R and P in percent)"
)
AT = ("precisionAtRecall", "recallAtPrecision")


class Metric(NamedTuple):
    """kind: f1, precisionAtRecall, recallAtPrecision.  at: a share.  label: None for all."""

    kind: str
    at: float = 0.0
    label: str | None = None

    @staticmethod
    def of(text: str) -> Metric:
        """
        Raises:
            SettingError: `text` names no metric.
        """
        kind, _, rest = text.partition(":")
        if kind == "f1" and text != "f1:":
            return Metric("f1", label=rest or None)
        if kind not in AT:
            raise SettingError(
                f"metric={text!r} is not a metric.{did_you_mean(kind, ['f1', *AT])} "
                f"Wanted {WANTED}."
            )
        number, colon, label = rest.partition(":")
        try:
            at = float(number) / 100
        except ValueError:
            at = math.nan
        if not 0 <= at <= 1:
            raise SettingError(f"metric={text!r}: {number!r} is not a percentage from 0 to 100.")
        if colon and not label:
            raise SettingError(f"metric={text!r} ends with an empty label; leave the colon out.")
        return Metric(kind, at, label or None)

    def score(self, meter: Meter, labels: list[str]) -> float:
        """0 to 1; what is not defined counts as 0.

        Raises:
            SettingError: the label is none of `labels`.
        """
        label = None
        if self.label is not None:
            if self.label not in labels:
                raise SettingError(
                    f"The label '{self.label}' of the metric is none of the {len(labels)} labels "
                    f"of the training texts.{did_you_mean(self.label, labels)}"
                )
            label = labels.index(self.label)
        if self.kind == "f1":
            found = meter.f1(label)
        elif self.kind == "precisionAtRecall":
            found = meter.precision_at_recall(self.at, label)
        else:
            found = meter.recall_at_precision(self.at, label)
        return 0.0 if math.isnan(found) else found
