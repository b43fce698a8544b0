"""`firth compare`: representations side by side on a task, in one report."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.models import open_fitted, open_vectors, resolve_tokenizer
from firth.cli.options import COMMON, Common, call_of, hyphens, options_of
from firth.cli.reading import TaggedReading
from firth.compare.grid import FRACTIONS, SEEDS, STEPS
from firth.compare.inputs import inputs_of
from firth.errors import MissingExtraError, SettingError
from firth.neural import need_torch
from firth.neural.tagger_settings import Tagger
from firth.plots.figure import need_matplotlib, write
from firth.progress import Progress

if TYPE_CHECKING:
    from firth.compare.report import Found
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted

TASK = Group("Task", sort_key=1)
GRID = Group("What is compared", sort_key=1)
OPTIONS = options_of(Tagger, without={"seed", "elmo_layers", "log"})
USUAL: dict[str, Any] = {"fractions": list(FRACTIONS), "seeds": list(SEEDS), "steps": STEPS}
_MANY: dict[str, Any] = {"consume_multiple": True, "negative": (), "group": GRID}
_ONE: dict[str, Any] = {"negative": (), "group": TASK}


def compare(
    *,
    learning_curve: Annotated[str, Parameter(**_ONE)],
    test: Annotated[str, Parameter(**_ONE)],
    dev: Annotated[str | None, Parameter(**_ONE)] = None,
    columns: Annotated[str | None, Parameter(**_ONE)] = None,
    comments: Annotated[str | None, Parameter(**_ONE)] = None,
    encoding: Annotated[str, Parameter(**_ONE)] = "utf-8",
    encoding_errors: Annotated[Literal["strict", "replace"], Parameter(**_ONE)] = "strict",
    vectors: Annotated[str | None, Parameter(group=GRID)] = None,
    text: Annotated[list[str] | None, Parameter(**_MANY)] = None,
    tokenizer: Annotated[str | None, Parameter(group=GRID)] = None,
    elmo: Annotated[str | None, Parameter(group=GRID)] = None,
    inputs: Annotated[list[str] | None, Parameter(**_MANY)] = None,
    fractions: Annotated[list[float], Parameter(**_MANY)] = USUAL["fractions"],
    seeds: Annotated[list[int], Parameter(**_MANY)] = USUAL["seeds"],
    steps: Annotated[int, Parameter(group=GRID)] = STEPS,
    out: Annotated[str, Parameter(name=["-o", "--output"])],
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    settings: OPTIONS = OPTIONS(),  # type: ignore[valid-type]  # noqa: B008  # made from the fields
    common: Common = COMMON,
) -> None:
    """What vectors and an ELMo are worth to a task, with little data and with much.

    Trains a tagger for each input, part of the training sentences and seed, scores it on the test
    sentences, and reports means, deviations and gains: in the terminal, as report.md, and as a
    picture (with matplotlib). The inputs: scratch (nothing is given), vectors, the top layer of an
    ELMo, the mix of its layers, and, as a control, the mix of an untrained ELMo.

    Each training that is done is a line of OUT/runs.jsonl; the same command goes on where it was
    interrupted, and more inputs, fractions or seeds are added to what is there.

    Parameters
    ----------
    learning_curve
        Sentences of a tagging task to learn from; parts of them are used as well.
    test
        Sentences that each training is scored on, once.
    dev
        Held-out sentences, by which the best state of each training is kept.
    columns
        WORD:TAG, as for firth train tagger.
    comments
        What lines before a sentence begin with that are no words, as for firth train tagger.
    encoding
        Of the sentences: utf-8, latin-1 or another.
    encoding_errors
        What to do with a bad byte: stop with an error, or replace it and read on.
    vectors
        A model or file of word vectors.
    text
        Instead of vectors: text that skip-gram vectors are learnt from; kept in OUT/vectors.firth.
    tokenizer
        What cuts the text of --text; default: as the ELMo's text was cut, without an ELMo signs.
    elmo
        A model of the kind elmo; it reads all sentences once.
    inputs
        Some of scratch, vectors, top, average, mix, untrained, vectors+mix (vectors with any of an
        ELMo). Default: all of one word but average, as far as what they need is given.
    fractions
        Parts of the training sentences, above 0 and up to 1.
    seeds
        Of the taggers, and of which sentences are in a part.
    steps
        Each training makes at least so many: what little data is learnt from is repeated. --minutes
        without --epochs stands in their place.
    out
        The folder to keep all in.
    overwrite
        Begin anew, if it is there.
    """
    need_torch("firth compare")
    if tokenizer is not None and text is None:
        raise SettingError("--tokenizer cuts the text of --text; give both.")
    # what can be known before large files are opened
    inputs_of(inputs, vectors=vectors is not None or text is not None, elmo=elmo is not None)
    made = Tagger(**dataclasses.asdict(settings))
    reading = TaggedReading(
        {
            "columns": columns,
            "comments": comments,
            "encoding": encoding,
            "encoding_errors": encoding_errors,
        }
    )
    parts = {"train": learning_curve, "test": test, "dev": dev}
    given = {name: hyphens([part])[0] for name, part in parts.items() if part is not None}
    models = {"vectors": vectors, "elmo": elmo}
    model = None if elmo is None else open_fitted(elmo)
    lines = None if text is None else _corpus(hyphens(text), tokenizer, model)
    asked: dict[str, Any] = {
        "vectors": vectors, "text": lines, "elmo": elmo, "inputs": inputs,
        "fractions": fractions, "seeds": seeds, "steps": steps, "overwrite": overwrite,
    }  # fmt: skip
    output.call(common.verbose, _python(given, reading, out, asked, made))
    corpora = {name: reading.corpus(path) for name, path in given.items()}
    from firth.compare.learning_curve import learning_curve as run

    watcher = progress()
    try:
        found = run(
            corpora["train"],
            out,
            test=corpora["test"],
            dev=corpora.get("dev"),
            vectors=None if vectors is None else open_vectors(vectors),
            text=lines,
            elmo=model,
            fractions=fractions,
            inputs=inputs,
            seeds=seeds,
            steps=steps,
            settings=made,
            overwrite=overwrite,
            names={name: Path(path).name for name, path in models.items() if path is not None},
            progress=watcher,
        )
    finally:
        watcher.finish()
    picture = draw(found, Path(out), watcher)
    _tell(found, Path(out), picture, common)


def _corpus(sources: list[str], tokenizer: str | None, elmo: Fitted | None) -> Corpus:
    """The text of vectors, cut as an ELMo's was, so that both have the same words."""
    from firth.text.as_trained import tokenizer_of
    from firth.text.corpus import Corpus

    if tokenizer is not None or elmo is None:
        return Corpus(*sources, tokenizer=resolve_tokenizer(tokenizer or "signs"))
    cut = tokenizer_of(elmo.corpus)
    corpus = Corpus(*sources, fold_case=cut.fold, phrases=elmo.phrases)
    corpus.tokenizer = cut
    return corpus


def _python(
    given: dict[str, str], reading: TaggedReading, out: str, asked: dict[str, Any], made: Tagger
) -> str:
    """The Python that does the same."""
    openers = {"vectors": "load_vectors({!r})".format, "elmo": "load({!r})".format}
    train, *others = (reading.python(path) for path in given.values())
    words = [train, repr(out)]
    words += [f"{name}={python}" for name, python in zip(list(given)[1:], others, strict=True)]
    for name, value in asked.items():
        if value not in (None, False) and value != USUAL.get(name):
            words.append(f"{name}={openers.get(name, repr)(value)}")
    if made != Tagger():
        words.append(f"settings={call_of(made)}")
    return f"learning_curve({', '.join(words)})"


def draw(found: Found, folder: Path, watcher: Progress) -> str | None:
    """The picture of a comparison, in its folder and its report: the name of its file.

    None, and a sentence, without matplotlib.
    """
    from firth.compare.folder import PICTURE, REPORT
    from firth.compare.markdown import markdown
    from firth.compare.report import figure_name
    from firth.plots.learning_curve import Curve, learning_curve_figure

    try:
        need_matplotlib()
    except MissingExtraError as error:
        watcher.say(f"firth: note: {error}; the table is all there is.")
        return None
    curves = {}
    for name in found.inputs:
        cells = [cell for cell in found.cells if cell.input == name]
        if not cells:  # all diverged
            continue
        curves[name] = Curve(
            [cell.sentences for cell in cells],
            [cell.mean for cell in cells],
            [cell.deviation or 0.0 for cell in cells],
        )
    controls = frozenset(name for name in found.inputs if "untrained" in name)
    drawn = learning_curve_figure(curves, figure=figure_name(found.figure), dashed=controls)
    write(drawn, folder / PICTURE)
    (folder / REPORT).write_text(markdown(found, PICTURE), "utf-8", newline="\n")
    return PICTURE


def _tell(found: Found, folder: Path, picture: str | None, common: Common) -> None:
    from firth.compare.folder import REPORT
    from firth.compare.report import figure_name, percent, share

    files = {"report": str(folder / REPORT), "picture": picture and str(folder / picture)}
    if common.json:
        output.write_json({"path": str(folder), **files, **found.to_json()})
        return
    rows = [
        [
            f"{cell.sentences:,}",
            share(cell.fraction),
            cell.input,
            percent(cell.mean),
            percent(cell.deviation) or output.NONE,
            percent(cell.gain, signed=True) or output.NONE,
            percent(cell.gain_deviation) or output.NONE,
            output.NONE if cell.relative is None else f"{100 * cell.relative:.1f}",
            f"{cell.runs} of {cell.runs + cell.failed}" if cell.failed else str(cell.runs),
        ]
        for cell in found.cells
    ]
    figure = figure_name(found.figure)
    names = ["sentences", "part", "input", f"{figure} %", "±", "gain", "±", "errors gone %", "runs"]
    output.table(rows, names)
    if found.failed:
        output.say(
            f"firth: note: {len(found.failed)} of {found.done} trainings diverged and are in no "
            "mean; the report says why."
        )
    output.say(f"The report: {' and '.join(name for name in files.values() if name)}")
