"""`firth demo`: train on the documentation of this Python, show what was learnt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from firth.cli import output
from firth.cli.ask import scored
from firth.cli.options import COMMON, Common, call_of
from firth.cli.training import Run, must_be_free, summary

if TYPE_CHECKING:
    from firth.vectors.vectors import Vectors

#: questions a programmer can judge; one whose words are not in the text is left out
WORDS = ("exception", "thread", "async", "matrix", "eigenvalues", "zip", "email", "minimum")
EPOCHS = 10
ANALOGIES = (
    ("row", "rows", "column"),
    ("left", "right", "top"),
    ("min", "minimum", "max"),
    ("read", "write", "load"),
    ("read", "reading", "write"),
    ("function", "functions", "class"),
    ("create", "creates", "return"),
    ("http", "url", "file"),
)


def demo(
    *,
    out: Annotated[str, Parameter(name=["-o", "--output"])] = "firth-demo.firth",
    threads: int = 0,
    seed: int = 1,
    overwrite: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    common: Common = COMMON,
) -> None:
    """Train on the documentation of this Python, show what was learnt.

    The text: the topics of help() and the docstrings of the standard library and of the installed
    packages. It takes less than a minute and writes a model that can be used further.

    Parameters
    ----------
    out
        The model folder to write.
    threads
        Processor cores to use; 0: all.
    seed
        Of the random numbers.
    overwrite
        Replace the model if it exists.
    """
    from firth.cli import python_docs
    from firth.static.skipgram import SkipGram
    from firth.text.corpus import Corpus

    path = Path(out)
    must_be_free(path, overwrite=overwrite)
    version = ".".join(map(str, sys.version_info[:3]))
    output.say(f"reading the documentation of Python {version} and of the packages beside it")
    text = python_docs.lines()
    words = sum(line.count(" ") + 1 for line in text)
    output.say(f"{len(text):,} paragraphs, about {words:,} words")
    settings = SkipGram(epochs=EPOCHS, min_count=10, threads=threads, seed=seed)
    output.call(common.verbose, f"{call_of(settings)}.fit(paragraphs).save({out!r})")
    fitted, seconds = Run(settings, Corpus(text), path, overwrite=overwrite).go()
    document = summary(fitted, path, seconds) | show(fitted.must_have_vectors(path))
    if common.json:
        output.write_json(document)
        return
    tell(document)


def show(vectors: Vectors) -> dict[str, Any]:
    """The answers to the questions whose words all are in the vocabulary."""
    words = [word for word in WORDS if word in vectors]
    triples = [triple for triple in ANALOGIES if all(word in vectors for word in triple)]
    near = vectors.nearest(words, n=6) if words else []
    answers = vectors.analogy(triples, n=3) if triples else []
    return {
        "neighbors": [
            {"word": word, "neighbors": scored(found)}
            for word, found in zip(words, near, strict=True)
        ],
        "analogies": [
            {"question": list(triple), "answers": scored(found)}
            for triple, found in zip(triples, answers, strict=True)
        ],
    }


def tell(document: dict[str, Any]) -> None:
    """The answers as tables, and what to type next."""
    rows = [(one["word"], _list(one["neighbors"])) for one in document["neighbors"]]
    output.table(rows, ["word", "nearest"], title="What stands near a word")
    asked = [
        ("{} : {} = {} : …".format(*one["question"]), _list(one["answers"]))
        for one in document["analogies"]
    ]
    output.table(asked, ["analogy", "answers"], title="What is to one word as …")
    path = document["path"]
    output.write(
        f"\n{path}: {document['words']:,} words, trained in {document['seconds']:.1f} s. Try:\n"
        f"  firth neighbors {path} socket\n"
        f"  firth analogy {path} row rows column\n"
        f"  firth info {path}\n"
        "and with a text of your own:\n"
        "  firth train skipgram my.txt -o my.firth"
    )


def _list(found: list[Any]) -> str:
    return ", ".join(one["word"] for one in found)
