"""The trainings of a learning curve: what is missing is done, each is scored and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from firth.compare import grid
from firth.compare.folder import LAYERS, REPORT, TRAINING, VECTORS, ComparisonFolder
from firth.compare.grid import Plan, Run
from firth.compare.markdown import markdown
from firth.compare.report import Failure, Found, Result, figure_name, percent, share
from firth.compare.shared_layers import Shelf, digest_of, distinct
from firth.compare.task import Task
from firth.compare.watch import Watch
from firth.errors import FitError
from firth.files import firth_version
from firth.neural.checkpoints import NAME as CHECKPOINT
from firth.neural.device import device_of, threads_of, uses_bf16, with_threads
from firth.neural.fit_tagger import HeldOut, fit
from firth.neural.sentences import SentenceBatches
from firth.neural.tagger import net_of
from firth.neural.tagger_settings import Tagger
from firth.neural.words import Given
from firth.progress import SILENT, Progress
from firth.static.skipgram import SkipGram
from firth.text.corpus import Corpus
from firth.text.tagged import Sentence
from firth.vectors.fitted import Fitted, load
from firth.vectors.vectors import Vectors

#: settings that each training has of its own, or that change no score
OWN = {"seed", "elmo_layers", "log", "threads", "device", "checkpoint_every"}


class Comparison:
    """A learning curve, done so far or not.

    runs: all that it is to have.  vectors, text, elmo: as in `learning_curve`.

    Raises:
        SettingError: the folder is of another one.
    """

    def __init__(
        self,
        folder: ComparisonFolder,
        task: Task,
        runs: list[Run],
        settings: Tagger,
        steps: int,
        vectors: Vectors | None,
        text: Corpus | None,
        elmo: Fitted | None,
        names: Mapping[str, str],
    ) -> None:
        self.folder, self.task, self.runs = folder, task, runs
        self.settings, self.steps = settings, steps
        self.vectors, self.text, self.elmo, self.names = vectors, text, elmo, names
        self._plans: dict[tuple[float, int], Plan] = {}
        self._dev = task.held_out()
        self.about = self._about()
        folder.must_agree(self.about)

    def run(self, progress: Progress = SILENT) -> Found:
        """Does what is missing, and reports.

        Raises:
            FitError: all trainings diverged.
        """
        with self.folder.ours():
            try:
                self.folder.keep(self.about)
                self._learn_vectors(progress)
                self._trainings(progress)
            except KeyboardInterrupt:
                found = self._report()
                raise KeyboardInterrupt(
                    f"Interrupted; {found.done} of {found.wanted} trainings are done and kept "
                    f"in {self.folder.path}. To go on, give the same command."
                ) from None
            finally:
                progress.finish()
            found = self._report()
            if not found.runs:
                raise FitError(f"All {found.done} trainings diverged. {found.failed[0].reason}")
            return found

    def _trainings(self, progress: Progress) -> None:
        before = self._found()
        done = {result.fingerprint for result in before.over}
        left = [run for run in self.runs if self._fingerprint(run) not in done]
        if before.done:
            diverged = len(before.failed)
            more = f" ({diverged} diverged: not tried again)" if diverged else ""
            progress.say(f"{before.done} of {before.wanted} trainings are there{more}.")
        shelf = self._shelf()
        if shelf is not None:
            shelf.prepare(sorted({one.input.untrained for one in left if one.input.elmo}), progress)
        watch = Watch([self._plan(run).cost for run in left], len(self.runs), progress)
        for run in left:
            result: Result | Failure
            try:
                result = self._trained(run, shelf, watch)
            except FitError as error:
                result = self._failed(run, error)
            self.folder.add(result)
            self.folder.forget(f"{TRAINING}/{result.fingerprint}")
            self._report()
            watch.done(self._told(result))
        if shelf is not None:
            shelf.close()
        self.folder.forget(TRAINING)

    def _trained(self, run: Run, shelf: Shelf | None, progress: Progress) -> Result:
        """One training, scored."""
        sentences = self._sentences(run)
        made = replace(
            self._plan(run).settings,
            seed=run.seed,
            elmo_layers=run.input.use or "mix",
            scheme=self.task.scheme,
            tune=self.settings.tune and run.input.vectors,
            log=None,
        )
        layers = None
        if shelf is not None and run.input.use is not None:
            layers = shelf.layers(run.input.untrained).only(run.input.use)
        fingerprint = self._fingerprint(run)
        kept = self.folder.path / TRAINING / fingerprint
        kept.parent.mkdir(exist_ok=True)
        fitted = fit(
            made,
            sentences,
            dev=self._dev,
            vectors=self.vectors if run.input.vectors else None,
            layers=layers,
            checkpoint=kept,
            resume=(kept / CHECKPOINT).is_file(),
            progress=progress,
        )
        net = net_of(fitted, device_of(made.device), made.threads, layers)
        with with_threads(threads_of(made.threads)):
            scores = _scores(HeldOut(self.task.test, net).figures())
        errors = [entry for entry in fitted.history if "held_out_error" in entry]
        best = min(errors, key=lambda entry: entry["held_out_error"], default={})
        return Result(
            input=run.input.name,
            fraction=run.fraction,
            seed=run.seed,
            sentences=len(sentences),
            words=sum(len(sentence.words) for sentence in sentences),
            steps=fitted.history[-1]["step"],
            score=scores[self.task.figure],
            scores=scores,
            held_out=best.get("held_out_" + self.task.figure),
            mix=None if net.mix is None else net.mix.weights(),
            gamma=None if net.mix is None else float(net.mix.gamma.detach()),
            seconds=fitted.history[-1]["seconds"],
            fingerprint=fingerprint,
        )

    def _failed(self, run: Run, error: FitError) -> Failure:
        fingerprint = self._fingerprint(run)
        reason = str(error)
        for end in (  # of a state that is removed
            f"; the last good state is in {self.folder.path / TRAINING / fingerprint}.",
            "; nothing was saved.",
        ):
            reason = reason.removesuffix(end)
        return Failure(
            input=run.input.name,
            fraction=run.fraction,
            seed=run.seed,
            sentences=len(self._sentences(run)),
            reason=reason.removesuffix(".") + ".",
            fingerprint=fingerprint,
        )

    def _told(self, result: Result | Failure) -> str:
        """A training in half a sentence."""
        which = (
            f"{result.input}, {share(result.fraction)} ({result.sentences:,} sentences), seed "
            f"{result.seed}"
        )
        if isinstance(result, Failure):
            return f"{which} diverged: {result.reason.removesuffix('.')}"
        return f"{which}: {figure_name(self.task.figure)} {percent(result.score)}"

    def _sentences(self, run: Run) -> list[Sentence]:
        numbers = grid.sentences_of(run.fraction, run.seed, len(self.task.train))
        return [self.task.train[number] for number in numbers]

    def _plan(self, run: Run) -> Plan:
        """The same for all inputs."""
        key = run.fraction, run.seed
        if key not in self._plans:
            lengths = np.array([len(one.words) for one in self._sentences(run)], np.int64)
            words = int(lengths.sum())
            batches = len(SentenceBatches(lengths, self.settings.batch_of(words)))
            held_out = 0 if self.task.dev is None else self.task.dev.tokens
            self._plans[key] = grid.plan_of(self.settings, batches, words, self.steps, held_out)
        return self._plans[key]

    def _shelf(self) -> Shelf | None:
        """The layers of all sentences that trainings with an ELMo read."""
        reading = [run for run in self.runs if run.input.elmo]
        if self.elmo is None or not reading:
            return None
        widest = {run.seed: run for run in reading}  # smaller parts are within the largest
        texts: list[Sequence[Sequence[str]]] = [
            [one.words for one in self._sentences(run)] for run in widest.values()
        ]
        texts += list(self.task.texts())[1:]
        return Shelf(
            self.elmo,
            distinct(texts),
            self.folder.path / LAYERS,
            device=self.settings.device,
            threads=self.settings.threads,
        )

    def _learn_vectors(self, progress: Progress) -> None:
        """Those of the text, if there is one and they are not there."""
        if self.text is None or not any(run.input.vectors for run in self.runs):
            return
        path = self.folder.path / VECTORS
        if not path.is_dir():
            learns = SkipGram(threads=self.settings.threads)
            progress.say(f"Learning vectors of the text: {path}.")
            checkpoint = path.with_name(VECTORS + ".checkpoint")
            fitted = learns.fit(
                self.text, checkpoint=checkpoint, resume=checkpoint.is_dir(), progress=progress
            )
            progress.finish()
            fitted.save(path)
            self.folder.forget(checkpoint.name)
        self.vectors = load(path).must_have_vectors(path)
        self.about["vectors"] = self._about_vectors(path.name)
        self.folder.keep(self.about)

    def _about(self) -> dict[str, Any]:
        """What is compared, as JSON: digests say what scores depend on, names are for people."""
        settings = self.settings.to_json()
        bf16 = uses_bf16(device_of(self.settings.device), self.settings.precision)
        settings["precision"] = "bf16" if bf16 else "fp32"  # auto is one here, another elsewhere
        text, vectors, elmo = self.text, self.vectors, self.elmo
        return {
            "what": "learning curve",
            "firth": firth_version(),
            **self.task.about(),
            "text": text and {"name": repr(text), "digest": text.fingerprint()},
            "vectors": vectors and self._about_vectors(self.names.get("vectors", "given")),
            "elmo": elmo and {"name": self.names.get("elmo", "given"), "digest": digest_of(elmo)},
            "steps": self.steps,
            "settings": {name: value for name, value in settings.items() if name not in OWN},
        }

    def _about_vectors(self, name: str) -> dict[str, Any]:
        """digest: of the vectors of the words of the task, which is all that scores depend on."""
        assert self.vectors is not None
        texts = self.task.texts()
        names = sorted({word for text in texts for sentence in text for word in sentence})
        rows, known = Given(self.vectors.head(self.settings.max_vectors)).rows_of(names)
        digest = hashlib.blake2b(rows.data, digest_size=8)
        digest.update(known.data)
        vectors = f"{len(self.vectors):,} words, {self.vectors.dim} numbers each"
        return {"name": f"{name} ({vectors})", "digest": digest.hexdigest()}

    def _fingerprint(self, run: Run) -> str:
        """Of all that the score of a training depends on."""
        about = self.about
        parts = {
            **{name: about[name] and about[name]["digest"] for name in ("train", "dev", "test")},
            "vectors": about["vectors"]["digest"] if run.input.vectors else None,
            "elmo": about["elmo"]["digest"] if run.input.elmo else None,
            "settings": about["settings"],
            "firth": about["firth"],
            "steps": about["steps"],
            "run": [run.input.name, run.fraction, run.seed],
        }
        text = json.dumps(parts, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _found(self) -> Found:
        """What there is, of what this call asks for."""
        there = {result.fingerprint: result for result in self.folder.entries()}
        wanted = [self._fingerprint(run) for run in self.runs]
        done = [there[one] for one in wanted if one in there]
        runs = [one for one in done if isinstance(one, Result)]
        failed = [one for one in done if isinstance(one, Failure)]
        return Found(self.task.figure, runs, len(wanted), self.folder.about, failed)

    def _report(self) -> Found:
        """The same; written too."""
        found = self._found()
        if found.done:
            self.folder.write(REPORT, markdown(found))
        return found


def _scores(figures: dict[str, float]) -> dict[str, float]:
    """Of test sentences: f1 (of spans) and accuracy."""
    names = {name.removeprefix("held_out_"): value for name, value in figures.items()}
    return {name: value for name, value in names.items() if name != "error"}
