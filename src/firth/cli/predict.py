"""`firth predict`: labels of texts, tags of words; one line in, one line out."""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from firth.cli import output, taggers
from firth.cli.models import is_model, must_exist, open_fitted, resolve_tokenizer
from firth.cli.options import COMMON, HYPHEN, Common
from firth.errors import CorpusError, EncodingError, FormatError, SettingError
from firth.text.blocks import checked_encoding

if TYPE_CHECKING:
    from firth.static.classify import Classifier
    from firth.vectors.fitted import Fitted

#: lines predicted at once
LINES = 20_000


def predict(
    model: str,
    file: str = "-",
    /,
    *,
    k: Annotated[int, Parameter(name=["-k", "--labels"])] = 1,
    threshold: float = 0.0,
    column: str | None = None,
    tokenizer: str | None = None,
    tokens: Annotated[bool, Parameter(negative=())] = False,
    encoding: str = "utf-8",
    device: str = "auto",
    common: Common = COMMON,
) -> None:
    """Predict the labels of texts, or the tags of their words; one text a line.

    One line in, one line out: label, TAB, probability; more labels (-k) follow on the same line,
    the most probable first. A line stays empty if no label reaches the threshold. Labels that
    stand in the text (__label__news) are passed over. With --json: {"predictions": [[{"label",
    "probability"}, ...], ...]}.

    Of a tagger: each token with its tag, The/DET cat/NOUN; with -k the most probable sequences
    of tags, TAB, probability, and so on. With --json: {"predictions": [[{"tokens", "tags",
    "confidence", "probability", "spans": [{"label", "start", "stop", "text", "confidence"}],
    "places"}, ...], ...]}: start and stop count tokens, places are the tokens' characters.

    Parameters
    ----------
    model
        A classifier: a model folder, or a .bin or .ftz of fastText; or a tagger.
    file
        The texts: plain, .gz, .bz2, .xz or .zst, or a table with --column; - or nothing is
        standard input.
    k
        Labels a text, at most; -1 for all. Sequences of tags of a tagger.
    threshold
        Leave out labels that are less probable.
    column
        The column of a table that holds the text, by name or number.
    tokenizer
        Only for a model trained with module:function, which is not called on its word: name it.
        Of a tagger: what cuts a line, default: words and signs; case stays.
    tokens
        Tagger: the lines are tokens already, with blanks or tabs between them; a no-break space is
        part of a token.
    encoding
        Of the text: utf-8, latin-1 or another.
    device
        Tagger: where it computes, auto, cpu, cuda, cuda:1 or mps.
    """
    if taggers.is_tagger(model):
        if threshold:
            raise SettingError("--threshold is for classifiers; leave it out, or see --json.")
        lines = lines_of(file, column, encoding)
        taggers.predict_tags(
            model, lines, k, tokens, tokenizer, device, common, one_by_one=_is_terminal(file)
        )
        return
    if tokens:
        raise SettingError(f"--tokens is for taggers; {model} is none. Leave it out.")
    from firth.static.classify import Classifier

    cut = None if tokenizer is None else resolve_tokenizer(tokenizer)
    classifier = Classifier(open_classifier(model), tokenizer=cut)
    classifier.check(k, threshold)
    output.call(
        common.verbose,
        f"Classifier(load({model!r})).predict(texts, k={k}, threshold={threshold})",
    )
    texts = lines_of(file, column, encoding)
    found = _predictions(
        classifier, texts, k, threshold, at_once=1 if _is_terminal(file) else LINES
    )
    if common.json:
        predictions = [[one._asdict() for one in row] for row in found]
        output.write_json({"predictions": predictions})
        return
    for row in found:
        output.write("\t".join(f"{one.label}\t{one.probability:.4f}" for one in row))


def open_classifier(path: str) -> Fitted:
    """The whole model under this name.

    Raises:
        FormatError: nothing, or something else.
    """
    must_exist(path)
    if not is_model(path) and Path(path).is_file():
        raise FormatError(
            path,
            "a file that is no model",
            "a classifier: a model folder, or a .bin or .ftz of fastText",
            "Train one: firth train fasttext-classifier.",
        )
    return open_fitted(path)


def _predictions(
    classifier: Classifier, texts: Iterable[str], k: int, threshold: float, at_once: int
) -> Iterator[Any]:
    """Of each text; as soon as they are there, from a terminal."""
    iterator = iter(texts)
    while some := list(itertools.islice(iterator, at_once)):
        yield from classifier.predict(some, k, threshold)


def _is_terminal(file: str) -> bool:
    return file in ("-", HYPHEN) and sys.stdin.isatty()


def lines_of(file: str, column: str | None, encoding: str) -> Iterator[str]:
    """The lines of a file, a column or the standard input, which is read as it comes.

    Raises:
        CorpusError: nothing there. EncodingError: a bad byte.
    """
    if file not in ("-", HYPHEN):
        from firth.text.corpus import Corpus

        place: Any = int(column) if column is not None and column.isdigit() else column
        yield from Corpus(file, column=place, encoding=encoding).lines()
        return
    yield from _input_lines(checked_encoding(encoding, "strict"))


def _input_lines(encoding: str) -> Iterator[str]:
    """Those of the standard input, each as soon as it is there; without a byte order mark."""
    number = 0
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding, newline="\n")
    try:
        for line in stream:
            number += 1
            if "\0" in line:
                raise CorpusError(
                    f"The standard input, line {number}, holds a byte 0, which no text has; give "
                    "its encoding if it is UTF-16 or UTF-32 (--encoding utf-16)."
                )
            yield (line.removeprefix("\ufeff") if number == 1 else line).rstrip("\r\n")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        raise EncodingError(
            f"the standard input, line {number + 1 + before.count(chr(10))}: byte "
            f"0x{error.object[error.start]:02X} is not {encoding}; give --encoding, or convert it "
            "first (iconv)."
        ) from None
    finally:
        with contextlib.suppress(ValueError):  # who stops early may have closed the input
            stream.detach()
    if not number:
        raise CorpusError("The standard input is empty; give one text a line.")
