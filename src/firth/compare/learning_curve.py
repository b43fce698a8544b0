"""What vectors and an ELMo are worth to a task, with little data and with much.

    score(input, fraction, seed)      a tagger learns from D(fraction) of the sentences (`grid`),
                                      given `input` of each word (`inputs`), and is scored once on
                                      the test sentences

The table of Peters et al. 2018 in miniature: a task without and with ELMo, and with less data. Two
controls that the table lacks are here: static vectors of the same text, and an ELMo that was never
trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from firth.compare import grid
from firth.compare.comparison import Comparison
from firth.compare.folder import ComparisonFolder
from firth.compare.inputs import inputs_of
from firth.compare.report import Found
from firth.compare.task import Task
from firth.errors import FormatError, SettingError
from firth.neural.device import device_of
from firth.neural.tagger_settings import Tagger
from firth.progress import SILENT, Progress
from firth.text.corpus import Corpus
from firth.text.tagged import Tagged
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors


def learning_curve(
    train: Tagged | Iterable[Any],
    folder: str | Path,
    *,
    test: Tagged | Iterable[Any],
    dev: Tagged | Iterable[Any] | None = None,
    vectors: Vectors | None = None,
    text: Corpus | None = None,
    elmo: Fitted | None = None,
    fractions: Sequence[float] = grid.FRACTIONS,
    inputs: Iterable[str] | None = None,
    seeds: Sequence[int] = grid.SEEDS,
    steps: int = grid.STEPS,
    settings: Tagger | None = None,
    overwrite: bool = False,
    names: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Found:
    """Trains a tagger for each input, fraction of `train` and seed, and scores it on `test`.

    folder: keeps what is done; the same call goes on where another one was interrupted, and one
    with more inputs, fractions or seeds does what is missing.
    dev: held-out sentences; the state of each training that is best on them is scored.
    vectors: of words.  text: instead of them, a text that skip-gram vectors are learnt from.
    elmo: a model of that kind, which reads all sentences once.
    inputs: see `inputs.NAMES`; default: all usual ones that can be had of what is given.
    steps: that each training makes at least; what little data is learnt from is repeated.
    settings: of each tagger, but for its seed and for what it takes of an ELMo.
    overwrite: begin anew.  names: what the report calls "vectors" and "elmo".

    Raises:
        SettingError: a fraction or an input that is none; the folder is of another comparison.
        ModelExistsError: the folder holds something else.
        CorpusError, FormatError, VocabularyError, StorageError: as `Tagger.fit`.
        FitError: all trainings diverged; where only some did, `Found.failed` has them.
        KeyboardInterrupt: Ctrl-C; what was done is kept, also of the training that was cut short.
    """
    if vectors is not None and text is not None:
        raise SettingError("vectors and a text to learn vectors from are given; leave one out.")
    if steps < 0:
        raise SettingError(f"steps={steps} is out of range; wanted at least 0.")
    if elmo is not None and elmo.kind != "elmo":
        raise FormatError(
            "the model given as ELMo", f"one of kind {elmo.kind}", "one of kind elmo",
            "Train one: firth train elmo.",
        )  # fmt: skip
    have_vectors = vectors is not None or text is not None
    some = inputs_of(inputs, vectors=have_vectors, elmo=elmo is not None)
    runs = grid.runs_of(some, list(fractions), list(seeds))
    settings = settings or Tagger()
    device_of(settings.device)
    task = Task.read(train, dev, test, settings, progress)
    kept = ComparisonFolder(folder, overwrite=overwrite)
    return Comparison(kept, task, runs, settings, steps, vectors, text, elmo, names or {}).run(
        progress
    )
