"""Labelled texts predicted and counted, some thousand at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.errors import CorpusError
from firth.static.label_report import Report, report
from firth.text.labelled import Labelled

if TYPE_CHECKING:
    from firth.static.classify import Classifier

#: texts evaluated at once
TEXTS = 20_000


def counted(model: Classifier, labelled: Labelled, k: int, threshold: float) -> Report:
    """See `classify.evaluate`."""
    numbers = {name: number for number, name in enumerate(model.labels)}
    parts: list[tuple[np.ndarray, ...]] = []
    left_out = {"without_label": 0, "unknown_label": 0, "without_feature": 0}
    gold: list[list[int]] = []
    met = ""
    for some in _batches(labelled, TEXTS):
        texts = []
        for labels, text in some:
            known = sorted({numbers[label] for label in labels if label in numbers})
            if known:
                texts.append(text)
                gold.append(known)
            elif labels:
                met = met or labels[0]
                left_out["unknown_label"] += 1
            else:
                left_out["without_label"] += 1
        if texts:
            first = model.top(texts) if threshold > 0 or k != 1 else ()
            parts.append((*model.scored(texts, k, threshold), *first))
    if not parts:
        name = labelled.corpus.sources[0].name
        found = (
            f"none of its labels ('{met}', say) is among those of the model "
            f"({', '.join(map(repr, model.labels[:5]))}{', …' if len(model.labels) > 5 else ''})"
            if met
            else "none of its texts has a label"
        )
        raise CorpusError(
            f"{name} cannot be evaluated on: {found}; give texts with labels that the model knows."
        )
    predicted, p, size, *best = map(np.concatenate, zip(*parts, strict=True))
    counts = size > 0
    left_out["without_feature"] = int((~counts).sum())
    true = [labels for labels, there in zip(gold, counts.tolist(), strict=True) if there]
    top, probability = best if best else (predicted, p)
    return report(
        model.labels,
        np.array([label for labels in true for label in labels], np.int64),
        np.cumsum([len(labels) for labels in true], dtype=np.int64),
        predicted[counts],
        p[counts],
        (top[counts, 0], probability[counts, 0]),
        k=k,
        threshold=threshold,
        left_out=left_out,
    )


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while some := list(itertools.islice(iterator, size)):
        yield some
