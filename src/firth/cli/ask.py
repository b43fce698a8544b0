"""`firth neighbors` and `firth analogy`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.models import is_model, open_fitted, open_to_ask, tokenizer_like
from firth.cli.options import COMMON, Common, hyphens
from firth.errors import FormatError, SettingError, VocabularyError

COUNT = Annotated[int, Parameter(name=["-n", "--number"])]


def neighbors(
    model: str,
    /,
    *word: str,
    document: Annotated[list[str] | None, Parameter(negative=())] = None,
    text: Annotated[list[str] | None, Parameter(negative=())] = None,
    inside: Annotated[str | None, Parameter(name=["--in"])] = None,
    against: Annotated[list[str] | None, Parameter(negative=())] = None,
    layer: str | None = None,
    any_word: Annotated[bool, Parameter(negative=())] = False,
    tokenizer: str | None = None,
    n: COUNT = 10,
    limit: int | None = None,
    common: Common = COMMON,
) -> None:
    """The words nearest to given words, by cosine; the documents nearest to documents; or where in
    a text a word means what it means in a sentence.

    With --json one word gives {"word", "neighbors": [{"word", "similarity"}]}, several give a
    list of these. Of documents it is {"document", "neighbors": [{"document", "similarity"}]}, of
    texts {"text", …}. In a sentence: {"word", "in", "layer", "seen", "lines", "neighbors":
    [{"similarity", "line", "place", "word", "sentence"}]}, of several files with "source".

    Parameters
    ----------
    model
        A model folder or a file of vectors.
    word
        One or more words; a phrase as new_york or "new york", if the model knows phrases.
    document
        The id of a document that the model (pvdbow, pvdm, lsa) was trained on; may be repeated.
    text
        A new text, whose vector is inferred (pvdbow, pvdm, lsa); may be repeated.
    inside
        ELMo: a sentence with one word between asterisks, as in "he finally ate the *apple*"; found
        are the occurrences of the same word in the nearest contexts.
    against
        ELMo: the text to look in, files or folders; - is standard input.
    layer
        ELMo: which vectors of a word are compared: top, average, or the number of a layer;
        default: top.
    any_word
        ELMo: look at the occurrences of all words, not only of the same.
    tokenizer
        ELMo: only for one trained with module:function, which is not called on its word.
    n
        How many to show.
    limit
        Look only among this many most frequent words; in a text, at this many first sentences that
        hold the word.
    """
    if inside is not None or against:
        from firth.cli import contextual

        if word or document or text or inside is None or not against:
            raise SettingError(
                "A word in its sentence is asked for by --in SENTENCE and --against TEXT, both of "
                "them and nothing else."
            )
        contextual.neighbors(
            contextual.Question(
                model, inside, against, layer or "top", any_word, tokenizer, n, limit, common
            )
        )
        return
    if layer is not None or any_word or tokenizer is not None:
        raise SettingError(
            "--layer, --any-word and --tokenizer go with --in SENTENCE; leave them out."
        )
    if document or text:
        if word or limit is not None or (document and text):
            raise SettingError(
                "Neighbours of words, of --document and of --text are asked for one at a time, and "
                "--limit is of words."
            )
        near_documents(model, document or [], text or [], n, common)
        return
    if not word:
        raise SettingError("Give a word, or --document ID, or --text TEXT.")
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
    else:
        _tables(words, found, "word")


def _tables(queries: list[str], found: list[list[Any]], what: str) -> None:
    """The answers to each query; in one table where no person looks."""
    if len(queries) == 1:
        output.table(found[0], [what, "similarity"], title=f"nearest to {queries[0]}")
    elif output.pretty():
        for query, answers in zip(queries, found, strict=True):
            output.table(answers, [what, "similarity"], title=f"nearest to {query}")
    else:
        rows = [
            (query, *answer)
            for query, answers in zip(queries, found, strict=True)
            for answer in answers
        ]
        output.table(rows, ["of", what, "similarity"])


def near_documents(model: str, ids: list[str], texts: list[str], n: int, common: Common) -> None:
    """The documents nearest to those of `ids`, or to new texts.

    Raises:
        FormatError: the model has no vectors of documents.
    """
    fitted = open_fitted(model) if is_model(model) else None
    if fitted is None or fitted.documents is None:
        raise FormatError(model, "no vectors of documents", "a model of the kind pvdbow or pvdm")
    loaded = f"firth.load({model!r})"
    if ids:
        queries, key = ids, "document"
        output.call(common.verbose, f"{loaded}.documents.nearest({ids!r}, n={n})")
        found = fitted.documents.nearest(ids, n=n)
    else:
        from firth.cli.embed import CALLS, of_documents

        queries, key = texts, "text"
        inferred = CALLS[fitted.kind].format(model=loaded).replace("lines", repr(texts))
        output.call(common.verbose, f"{loaded}.documents.nearest({inferred}, n={n})")
        cut = tokenizer_like(fitted.corpus, None, None)
        vectors = of_documents(fitted, [cut(one) for one in texts])
        for one, vector in zip(texts, vectors, strict=True):
            if not vector.any():
                raise VocabularyError(f"No word of {one!r} is known to the model.")
        found = fitted.documents.nearest(vectors, n=n)
    if common.json:
        answers = [
            {
                key: query,
                "neighbors": [{"document": one, "similarity": near} for one, near in some],
            }
            for query, some in zip(queries, found, strict=True)
        ]
        output.write_json(answers[0] if len(answers) == 1 else answers)
    else:
        _tables(queries, found, "document")


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
