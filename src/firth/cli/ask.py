"""`firth neighbors` and `firth analogy`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import open_to_ask
from firth.cli.options import COMMON, Common, hyphens

COUNT = Annotated[int, Parameter(name=["-n"])]


def neighbors(
    model: str,
    /,
    *word: Annotated[str, Parameter(required=True)],
    n: COUNT = 10,
    limit: int | None = None,
    common: Common = COMMON,
) -> None:
    """The words nearest to given words, by cosine.

    With --json one word gives {"word", "neighbors": [{"word", "similarity"}]}, several give a
    list of these.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    word
        One or more words; a phrase as new_york or "new york", if the model knows phrases.
    n
        How many to show.
    limit
        Look only among this many most frequent words.
    """
    vectors, read = open_to_ask(model)
    words = [read(one) for one in hyphens(word)]
    some = f", limit={limit}" if limit is not None else ""
    output.call(common.verbose, f"firth.load_vectors({model!r}).nearest({words!r}, n={n}{some})")
    found = vectors.nearest(words, n=n, limit=limit)
    if common.json:
        documents = [
            {"word": query, "neighbors": scored(answers)}
            for query, answers in zip(words, found, strict=True)
        ]
        output.write_json(documents[0] if len(documents) == 1 else documents)
    elif len(words) == 1:
        output.table(found[0], ["word", "similarity"], title=f"nearest to {words[0]}")
    elif output.pretty():
        for query, answers in zip(words, found, strict=True):
            output.table(answers, ["word", "similarity"], title=f"nearest to {query}")
    else:
        rows = [
            (query, *answer)
            for query, answers in zip(words, found, strict=True)
            for answer in answers
        ]
        output.table(rows, ["of", "word", "similarity"])


def analogy(
    model: str,
    a: str,
    b: str,
    c: str,
    /,
    *,
    n: COUNT = 10,
    method: Literal["add", "mul"] = "add",
    limit: int | None = None,
    common: Common = COMMON,
) -> None:
    """A is to B as C is to … (man king woman: queen).

    With --json: {"answers": [{"word", "similarity"}]}.

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    a
        A is to B
    b
        as
    c
        C is to what?
    n
        How many answers to show.
    method
        3CosAdd (B - A + C) or 3CosMul.
    limit
        Look only among this many most frequent words.
    """
    vectors, read = open_to_ask(model)
    a, b, c = (read(one) for one in hyphens([a, b, c]))
    more = f", method={method!r}" if method != "add" else ""
    more += f", limit={limit}" if limit is not None else ""
    output.call(
        common.verbose,
        f"firth.load_vectors({model!r}).analogy({a!r}, {b!r}, {c!r}, n={n}{more})",
    )
    answers = vectors.analogy(a, b, c, n=n, method=method, limit=limit)
    if common.json:
        output.write_json({"answers": scored(answers)})
    else:
        output.table(answers, ["word", "similarity"], title=f"{a} is to {b} as {c} is to …")


def scored(answers: list[Any]) -> list[dict[str, Any]]:
    """Answers as JSON."""
    return [{"word": word, "similarity": similarity} for word, similarity in answers]
