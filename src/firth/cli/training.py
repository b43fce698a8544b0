"""A training run as a person sees it: bar, checkpoint, Ctrl-C, model, what to type next.

While it runs, what has been reached is kept in MODEL.checkpoint; --resume goes on from there.
"""

from __future__ import annotations

import dataclasses
import inspect
import shlex
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth import compiled
from firth.cli import output, phrases
from firth.cli.bar import PlainProgress, progress
from firth.errors import ModelExistsError, SettingError, StorageError
from firth.files import must_not_exist, rescue
from firth.interrupts import Interrupted
from firth.neural.place import place
from firth.text.phrase_model import PhraseModel

if TYPE_CHECKING:
    from firth.vectors.fitted import Fitted
    from firth.vectors.vectors import Vectors

#: what compiling everything once takes, to be said while one waits
COMPILE_SECONDS = 25
#: figures of a tagger on held-out sentences
TAGGED = ("f1", "accuracy")


@dataclasses.dataclass
class Run:
    """One training: what, from what, to where.

    settings: a SkipGram, CBOW….  corpus: a Corpus, or a Cooccurrence.
    extras: what else its `fit` takes: dev, init_from….
    """

    settings: Any
    corpus: Any
    out: Path
    extras: dict[str, Any] = dataclasses.field(default_factory=dict)
    resume: bool = False
    overwrite: bool = False
    watcher: PlainProgress = dataclasses.field(default_factory=progress)

    @property
    def checkpoint(self) -> Path:
        return checkpoint_of(self.out)

    def go(self) -> tuple[Fitted, float]:
        """Trains and saves: the model, and the seconds it took.

        Raises:
            FirthError; KeyboardInterrupt, whose text names what was kept.
        """
        if compiled.is_cold():
            self.watcher.say(f"compiling for this machine, once: about {COMPILE_SECONDS} s")
        extras = dict(self.extras)
        if "resume" in inspect.signature(self.settings.fit).parameters:
            extras |= {"checkpoint": self.checkpoint, "resume": self.resume}
        started = time.perf_counter()
        try:
            fitted = self.settings.fit(self.corpus, progress=self.watcher, **extras)
        except Interrupted as interrupt:
            self.watcher.finish()
            if place()[0] > 0:
                raise
            raise KeyboardInterrupt(self.keep(interrupt.fitted)) from None
        finally:
            self.watcher.finish()
        seconds = time.perf_counter() - started
        if place()[0] > 0:  # of several processes, the first one saves
            return fitted, seconds
        # who could begin the interrupted run could also replace the model
        fitted.save(self.out, overwrite=self.overwrite or self.resume)
        shutil.rmtree(self.checkpoint, ignore_errors=True)
        return fitted, seconds

    def keep(self, fitted: Fitted | None) -> str:
        """Saves what an interrupted run has reached; the sentence that says where."""
        goes_on = ""
        if self.checkpoint.is_dir():
            goes_on = " To go on, give the same command with --resume."
        if fitted is None:
            return f"Interrupted before there was a model; {self.out} was not written.{goes_on}"
        partial = self.out
        if partial.exists():
            # an older, finished model is worth more than half a new one
            partial = self.out.with_name(f"{self.out.stem}.partial{self.out.suffix}")
        fitted.save(partial, overwrite=True)
        return f"Interrupted; what was learnt so far is in {partial}.{goes_on}"


def checkpoint_of(out: Path) -> Path:
    """The folder beside a model that keeps the state of its unfinished training."""
    return out.with_name(out.name + ".checkpoint")


def must_be_free(out: Path, *, overwrite: bool, resume: bool = False) -> None:
    """What can be known before the work begins: whether it can be saved at its end.

    Raises:
        ModelExistsError, StorageError; SettingError: nothing to resume.
    """
    if place()[0] > 0:  # the first of several processes looks, and may have begun to write
        return
    parent = out.absolute().parent
    if not parent.is_dir():
        raise StorageError(f"{out}: the folder {parent} does not exist; make it first.")
    rescue(out)
    checkpoint = checkpoint_of(out)
    rescue(checkpoint)
    if not resume:
        must_not_exist(out, overwrite)
        if checkpoint.is_dir() and not overwrite:
            raise ModelExistsError(
                f"{checkpoint} is there: a training of {out} was cut short, or is going on at this "
                "moment. Go on from it with --resume, or begin anew with --overwrite."
            )
    elif not checkpoint.is_dir():
        raise SettingError(
            f"--resume: there is no {checkpoint}, so there is nothing to go on from; leave "
            "--resume out to begin anew."
        )


def summary(fitted: Fitted | PhraseModel, out: Path, seconds: float) -> dict[str, Any]:
    """What `firth train --json` prints."""
    if isinstance(fitted, PhraseModel):
        return phrases.summary(fitted, out, seconds)
    last = fitted.history[-1] if fitted.history else {}
    documents = {} if fitted.documents is None else {"documents": len(fitted.documents)}
    held_out = [entry.get("held_out_perplexity") for entry in fitted.history]
    # of the state that is kept, the best one
    perplexity = min((one for one in held_out if one is not None), default=None)
    return {
        "path": str(out),
        "kind": fitted.kind,
        "words": len(fitted.vocabulary),
        **({} if fitted.labels is None else {"labels": len(fitted.labels)}),
        "dim": dim_of(fitted),
        **documents,
        "seconds": round(seconds, 2),
        "epochs": len(fitted.history),
        "loss": last.get("loss"),
        **({} if perplexity is None else {"perplexity": perplexity}),
        **_of_tags(fitted.history),
        "history": fitted.history,
        "corpus": fitted.corpus,
    }


def _of_tags(history: list[dict[str, Any]]) -> dict[str, float]:
    """F1 and accuracy on held-out sentences of the state that is kept, the best one."""
    measured = [entry for entry in history if "held_out_error" in entry]
    best = min(measured, key=lambda entry: entry["held_out_error"], default={})
    return {name: best["held_out_" + name] for name in TAGGED if "held_out_" + name in best}


def tell(document: dict[str, Any], fitted: Fitted | PhraseModel) -> None:
    """The short summary, and what to type next."""
    if isinstance(fitted, PhraseModel):
        phrases.tell(document)
        return
    unit = fitted.corpus.get("unit", "word")
    parts = [f"{document['words']:,} {unit}s"]
    if fitted.documents is not None:
        parts.append(f"{document['documents']:,} documents")
    if fitted.labels is not None:
        parts.append(f"{document['labels']:,} labels")
    if document["dim"] is not None:
        parts.append(f"{document['dim']:,} numbers each")
    epochs = f"{document['epochs']} epochs in " if document["epochs"] else ""
    parts.append(f"{epochs}{document['seconds']:.1f} s")
    if document["loss"] is not None:
        parts.append(f"loss {document['loss']:.4f}")
    if document.get("perplexity") is not None:
        parts.append(f"held-out perplexity {document['perplexity']:.2f}")
    parts += [f"held-out {name} {document[name]:.4f}" for name in TAGGED if name in document]
    output.write(f"{document['path']}: {', '.join(parts)}")
    if fitted.kind == "elmo":
        words = ["firth", "embed", document["path"], "TEXT", "-o", "words.npy"]
    elif fitted.kind == "language-model":
        words = ["firth", "generate", document["path"]]
    elif fitted.labels is not None:
        words = ["firth", "predict", document["path"], "TEXT"]
    elif fitted.documents is not None and fitted.kind != "lsa":
        words = ["firth", "neighbors", document["path"], "--document", fitted.documents.id(0)]
    elif fitted.vectors is None:
        words = ["firth", "embed", document["path"], "TEXT", "-o", "documents.npz"]
    else:
        words = ["firth", "neighbors", document["path"], typical_word(fitted.vectors)]
    output.write(f"Next: {shlex.join(words)}")


def dim_of(fitted: Fitted) -> int | None:
    """Numbers of a vector, of words or of documents."""
    held = fitted.documents if fitted.vectors is None else fitted.vectors
    return None if held is None else held.dim


def typical_word(vectors: Vectors) -> str:
    """A word to try: past the commonest, which stand beside everything, and of some length."""
    some = [vectors.vocabulary[i] for i in range(min(len(vectors), 400))]
    long = [word for word in some[100:] if len(word) > 4] or some
    return long[0]
