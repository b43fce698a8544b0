"""Training of the classifier: read the texts, say what their rows stand for, begin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import SettingError, VocabularyError
from firth.progress import SILENT, Progress
from firth.static import checkpoints
from firth.static.classifier import FastTextClassifier
from firth.static.classifier_model import (
    Names,
    continued,
    continued_names,
    fresh,
    held_by,
    memory_estimate,
    names_of,
    start_from,
    vectors_of,
)
from firth.static.classifier_run import Run, resume_from
from firth.static.examples import Read, listed, no_labels, read, runs_of, touched, types_of
from firth.static.held_out import HeldOut
from firth.static.machine import available_cores
from firth.static.passes import Watched, train
from firth.text.labelled import Labelled, as_labelled
from firth.vectors.fitted import Fitted
from firth.vectors.quantize import must_be_trainable
from firth.vectors.vectors import Vectors


def fit(
    settings: FastTextClassifier,
    labelled: Any,
    *,
    dev: Any | None = None,
    init_from: Vectors | Fitted | None = None,
    continue_from: Fitted | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """See `FastTextClassifier.fit`."""
    if init_from is not None and continue_from is not None:
        raise SettingError("init_from and continue_from cannot be given together; choose one.")
    if continue_from is not None:
        must_be_trainable(continue_from)
    if resume and checkpoint is None:
        raise SettingError("To resume, give the checkpoint folder of the run that stopped.")
    threads = settings.threads or available_cores()
    labelled = as_labelled(labelled)
    given = vectors_of(init_from, settings.dim)
    found = read(labelled, threads, progress)
    if continue_from is None:
        names = names_of(settings, found, given)
    else:
        names = continued_names(settings, continue_from)
    examples, texts = found.with_labels(names.labels)
    must_teach(found, names, texts)
    held_out = None
    if dev is not None:
        held_out = HeldOut.of(as_labelled(dev), labelled, settings.objective, names, threads)
    types = types_of(found.types, names.words, names.subwords)
    runs = runs_of(names.subwords, settings.word_ngrams, names.kept)
    subwords = names.subwords
    if subwords is not None and subwords.pruned is None:
        runs = listed(examples, types, runs)
        if continue_from is None or len(held_by(continue_from)):
            texts_ = [(examples, types, runs)]
            if held_out is not None:
                texts_.append((held_out.examples, held_out.types, runs_of(subwords, runs.longest)))
            own = types_of(names.words, names.words, subwords)
            names.held = touched(own, texts_, subwords.buckets)
        if names.held is not None and continue_from is not None:
            names.held = np.union1d(names.held, held_by(continue_from))
    kept = names.kept
    if len(kept):
        types = types_of(found.types, names.words, subwords, kept)
        runs = runs._replace(kept=kept, listed=kept[runs.listed])
    if held_out is not None:
        held_out.prepare(names, runs_of(subwords, runs.longest, kept))
    progress.say(memory_estimate(settings, names, len(found.ids)))
    tell(progress, found, texts)
    if continue_from is None:
        model = fresh(settings, names)
    else:
        model = continued(settings, names, continue_from)
    if given is not None:
        taken = start_from(model.W[:, : settings.dim], names.words, given)
        progress.say(f"{taken:,} of {len(names.words):,} words start from the given vectors.")
    run = Run(
        settings=settings,
        model=model,
        examples=examples,
        texts=texts,
        types=types,
        runs=runs,
        corpus=summary(labelled, found, len(texts)),
        phrases=labelled.corpus.phrases,
        threads=threads,
        progress=progress,
    )
    if resume and checkpoint is not None:
        resume_from(run, checkpoint)
    with ThreadPoolExecutor(threads) as pool, checkpoints.ctrl_c_waits() as ctrl_c:
        watched = None
        if held_out is not None:
            watched = Watched("held_out_f1", "F1", 1, partial(held_out.f1, model))
        train(run, pool, watched, checkpoint, ctrl_c)
    return run.fitted()


def must_teach(found: Read, names: Names, texts: np.ndarray) -> None:
    """
    Raises:
        VocabularyError: no text has a label of the model.
    """
    if len(texts):
        return
    if not found.names:
        raise no_labels(len(found.ends))
    raise VocabularyError(
        f"None of the {len(found.names)} labels of these texts ('{found.names[0]}', say) is among "
        f"the {len(names.labels)} of the model to continue ('{names.labels[0]}', say); give texts "
        "with its labels."
    )


def tell(progress: Progress, found: Read, texts: np.ndarray) -> None:
    """What is left out is said."""
    without = len(found.ends) - len(texts)
    if without:
        progress.say(f"{without:,} of {len(found.ends):,} texts have no label and teach nothing.")


def summary(labelled: Labelled, found: Read, texts: int) -> dict[str, Any]:
    return {
        **labelled.summary(),
        "lines": len(found.ends),
        "examples": texts,
        "tokens": found.tokens,
        "types": len(found.types),
    }
