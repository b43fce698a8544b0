"""Autotune: the settings of a classifier that do best on a validation set, within a time.

Trial after trial is trained and measured; the first has the settings given, the next ones are
random steps from the best so far (autotune_search). With a limit of the model's size, each is
quantised to fit before it is measured (autotune_size).

Departs from fastText: the best model is kept rather than trained again, so that what is returned
is what was measured, and a Ctrl-C gives it at once; a trial that will not end in time is given up
as soon as that can be seen, and as long as none has ended the next one has fewer epochs; one whose
matrices do not fit into memory is not begun; a model that is small enough as it is is not
quantised. What comes out depends on the seed and on how many trials fit into the time; with
`trials` and one thread it repeats to the bit.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from typing import Any

from firth.errors import CorpusError, FitError, SettingError
from firth.kernels.linear import padded
from firth.progress import SILENT, Progress
from firth.settings import byte_count
from firth.static.autotune_metric import Metric
from firth.static.autotune_search import Choice, Search
from firth.static.autotune_size import bytes_of, fitting
from firth.static.autotune_watch import Watch
from firth.static.classifier import FastTextClassifier
from firth.static.classify import Classifier
from firth.static.machine import available_memory, size
from firth.static.meter import measure
from firth.static.quantize import ModelQuantization, quantize
from firth.static.trials import Trial, Trials
from firth.text.labelled import Labelled, as_labelled
from firth.vectors.fitted import Fitted
from firth.vectors.vectors import Vectors

#: after so many trials, more than half of them too large, the limit is called into question
MANY = 10
#: as long as none has come to its end, the next trial is to take this share of the time left
QUICKER = 0.25
#: so many trials in a row that could not be begun end the search
IDLE = 50
TOO_LARGE = "too large: fewer than 256 rows would be left"


def autotune(
    labelled: Labelled | Any,
    dev: Labelled | Any,
    *,
    seconds: float | None = 300,
    model_size: int | str | None = None,
    metric: str = "f1",
    predictions: int = 1,
    trials: int | None = None,
    settings: FastTextClassifier | None = None,
    fixed: Iterable[str] | None = None,
    init_from: Vectors | Fitted | None = None,
    progress: Progress = SILENT,
) -> tuple[Fitted, Trials]:
    """The best model found, and all that was tried.

    labelled, dev: the texts to train and to measure on: `Labelled`, or what makes one.
    seconds: the time for all of it.  trials: stop after so many; one of both is needed.
    model_size: bytes that the .bin or .ftz may have at most ("2M").
    metric: f1, f1:LABEL, precisionAtRecall:R[:LABEL], recallAtPrecision:P[:LABEL], in percent.
    predictions: labels predicted a text when measuring; -1: all.
    settings: tried first.  fixed: those that keep their values; by default those that are not the
    defaults.
    init_from: vectors that each trial starts from; their dim stays.

    What was tried is kept in the model too, in corpus["autotune"].

    Raises:
        SettingError: no such metric, label or setting; not enough time, or room, for one trial.
        CorpusError, VocabularyError: nothing to learn from, or to measure on.
        KeyboardInterrupt: Ctrl-C before there was a model.
    """
    settings = settings or FastTextClassifier()
    run = _Run(
        labelled=as_labelled(labelled),
        metric=Metric.of(metric),
        trials=Trials(metric, seconds, None if model_size is None else byte_count(model_size)),
        predictions=predictions,
        init_from=init_from,
        most=trials,
        progress=progress,
    )
    _check(seconds, trials, predictions)
    run.read(as_labelled(dev))
    kept = changed(settings) if fixed is None else set(fixed)
    if init_from is not None:
        kept.add("dim")
    start = Choice(settings)
    return run.go(Search(start, kept, settings.seed))


def warm_up(quantised: bool) -> None:
    """Compiles or loads what trials need, so that it is not taken from their time."""
    tiny = FastTextClassifier(dim=2, epochs=1, word_ngrams=2, min_n=2, max_n=3, buckets=300)
    tiny = dataclasses.replace(tiny, threads=1)
    fitted = tiny.fit([("a", "one two"), ("b", "three four")])
    some: list[tuple[list[str], Any]] = [(["a"], "one two")]
    measure(Classifier(fitted, threads=1), some)
    if quantised:
        smaller = quantize(fitted, ModelQuantization(norms=True, threads=1))
        measure(Classifier(smaller, threads=1), some)


def changed(settings: FastTextClassifier) -> set[str]:
    """The settings that are not the defaults."""
    return {
        one.name
        for one in dataclasses.fields(settings)
        if getattr(settings, one.name) != one.default
    }


def _check(seconds: float | None, trials: int | None, predictions: int) -> None:
    if seconds is None and trials is None:
        raise SettingError("autotune needs an end: give seconds, or trials.")
    if seconds is not None and not seconds > 0:
        raise SettingError(f"seconds={seconds} is out of range; wanted more than 0.")
    if trials is not None and trials < 1:
        raise SettingError(f"trials={trials} is out of range; wanted at least 1.")
    if predictions != -1 and predictions < 1:
        raise SettingError(
            f"predictions={predictions} is out of range; wanted at least 1, or -1 for all labels."
        )


@dataclasses.dataclass
class _Run:
    """One search: what is fixed, and what it has reached."""

    labelled: Labelled
    metric: Metric
    trials: Trials
    predictions: int
    init_from: Vectors | Fitted | None
    most: int | None
    progress: Progress
    dev: list[tuple[list[str], Any]] = dataclasses.field(default_factory=list)
    name: str = ""
    best: Fitted | None = None
    #: rows beside those of n-grams: known once one was trained
    rows: int = 0
    warned: bool = False
    idle: int = 0

    def read(self, dev: Labelled) -> None:
        """
        Raises:
            CorpusError: no text of it has a label.  SettingError: none has that of the metric.
        """
        self.name = dev.corpus.sources[0].name
        self.dev = [(labels, text) for labels, text in dev]
        found = {label for labels, _ in self.dev for label in labels}
        if not found:
            raise CorpusError(
                f"{self.name}: none of its {len(self.dev):,} texts has a label, so that there is "
                "nothing to measure on; give each at least one."
            )
        label = self.metric.label
        prefix = str(self.labelled.summary().get("label_prefix", ""))
        if label is not None and label not in found and label.removeprefix(prefix) in found:
            label = label.removeprefix(prefix)
            self.metric = self.metric._replace(label=label)
        if label is not None and label not in found:
            raise SettingError(
                f"{self.name}: none of its {len(self.dev):,} texts has the label '{label}' of the "
                f"metric; it has {', '.join(map(repr, sorted(found)[:5]))}."
            )

    def go(self, search: Search) -> tuple[Fitted, Trials]:
        warm_up(self.trials.model_size is not None)
        watch = Watch(self.progress, self.trials.seconds)
        self.progress.start(
            "autotune", self.trials.seconds or self.most, "s" if self.trials.seconds else "trials"
        )
        try:
            while not self.at_end(watch):
                self.one(search, watch)
        except KeyboardInterrupt:
            if self.best is None:
                raise
            self.progress.say(
                f"Interrupted after {len(self.trials)} trials; the best model so far is kept."
            )
        finally:
            self.progress.finish()
        return self.result(watch), self.trials

    def at_end(self, watch: Watch) -> bool:
        if self.most is not None and len(self.trials) >= self.most:
            return True
        if watch.left() <= 0 or self.idle >= IDLE:
            return True
        # nothing that was tried has been so fast as to fit into what is left
        done = [one.seconds for one in self.trials.trials if one.score is not None]
        return bool(done) and watch.left() < min(done) / 2

    def share(self, watch: Watch) -> float:
        """How much of the search is done."""
        if self.most is not None:
            return len(self.trials) / self.most
        return watch.share()

    def one(self, search: Search, watch: Watch) -> None:
        """One trial.

        Raises:
            KeyboardInterrupt: by the user.
        """
        choice = search.ask(self.share(watch))
        limited = self.trials.model_size is not None
        trial = Trial.of(len(self.trials) + 1, choice, watch.elapsed(), limited)
        self.trials.trials.append(trial)
        began = time.monotonic()
        fitted = None
        try:
            self.idle += 1
            if self.fits_memory(choice, trial):
                self.idle = 0
                watch.begin(trial.number, self.trials.best)
                fitted = self.tried(choice, trial, watch)
        except FitError:
            trial.note = "diverged"
        except MemoryError:
            trial.note = "not enough memory"
        except KeyboardInterrupt:
            if not watch.gave_up:
                trial.note = "interrupted"
                trial.seconds = time.monotonic() - began
                raise
            trial.note = watch.gave_up
            if self.trials.best is None and watch.estimate:
                search.quicker(QUICKER * max(0.0, watch.left()) / watch.estimate)
        trial.seconds = time.monotonic() - began
        if fitted is not None and self.trials.best is trial:
            self.best = fitted
            search.best(choice)
        self.warn()

    def fits_memory(self, choice: Choice, trial: Trial) -> bool:
        settings = choice.settings
        needed = 4 * padded(settings.dim) * (self.rows + settings.rows_of_ngrams)
        free = available_memory()
        if free is None or needed < free:
            return True
        trial.note = f"too large for the memory: {size(needed)}, {size(free)} are free"
        return False

    def tried(self, choice: Choice, trial: Trial, watch: Watch) -> Fitted | None:
        """The model, measured."""
        fitted = choice.settings.fit(self.labelled, init_from=self.init_from, progress=watch)
        assert fitted.vectors is not None and fitted.labels is not None  # it is a classifier
        self.rows = len(fitted.vectors) + len(fitted.labels)
        limit = self.trials.model_size
        if limit is not None:
            smaller = fitting(fitted, self.labelled, limit, choice.dsub, watch)
            if smaller is None:
                trial.note = TOO_LARGE
                return None
            fitted = smaller
            trial.bytes = bytes_of(fitted)
        tokenizer: Any = None
        if self.labelled.corpus.tokenizer is not None:
            tokenizer = self.labelled.corpus.tokenizer.function
        classifier = Classifier(fitted, tokenizer=tokenizer, threads=choice.settings.threads)
        meter = measure(classifier, self.dev, self.predictions)
        if not meter.examples:
            raise CorpusError(
                f"{self.name}: none of its {len(self.dev):,} texts has a label of the training "
                f"texts ('{classifier.labels[0]}', say); check that both are written alike."
            )
        trial.score = self.metric.score(meter, classifier.labels)
        return fitted

    def warn(self) -> None:
        large = sum(one.note == TOO_LARGE for one in self.trials.trials)
        if not self.warned and len(self.trials) > MANY and large > len(self.trials) / 2:
            self.warned = True
            self.progress.say(
                f"{large} of {len(self.trials)} trials did not fit into "
                f"{self.trials.model_size:,} bytes: the limit of the size is probably too low."
            )

    def result(self, watch: Watch) -> Fitted:
        """
        Raises:
            SettingError: no trial has come to its end.
        """
        if self.best is None:
            raise SettingError(self.why(watch))
        note = {**self.trials.to_json(), "dev": self.name}
        self.best.corpus = {**self.best.corpus, "autotune": note}
        return self.best

    def why(self, watch: Watch) -> str:
        """Why there is no model."""
        notes = [one.note for one in self.trials.trials]
        tried = f"{len(notes)} trial{'s' * (len(notes) != 1)}"
        if TOO_LARGE in notes:
            return (
                f"None of {tried} fitted into {self.trials.model_size:,} bytes; allow a larger "
                "model (model_size, --autotune-size)."
            )
        if "diverged" in notes:
            return f"All of {tried} diverged; give a lower rate, or leave it to autotune."
        if any(note.startswith(("too large", "not enough")) for note in notes):
            return f"None of {tried} fitted into memory ({notes[0]}); give fewer buckets or dim."
        return (
            f"{self.trials.seconds:g} seconds were not enough to train once ({tried} begun"
            f"{watch.farthest()}); give more (seconds, --autotune-seconds), or fewer epochs."
        )
