"""`firth cooccurrence`: the probabilities of words beside words, and their ratios."""

from __future__ import annotations

import dataclasses
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.options import COMMON, Common, call_of, hyphens, options_of
from firth.cli.reading import Reading
from firth.errors import SettingError, UnknownWordError
from firth.files import must_not_exist
from firth.static.window_counts import WindowCounts

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.static.probabilities import ProbabilityTable

_OPTIONS = options_of(WindowCounts)
_DEFAULTS = _OPTIONS()
_MANY = Parameter(consume_multiple=True, negative=())


def cooccurrence(
    *corpus: Annotated[str, Parameter(required=True)],
    words: Annotated[list[str] | None, _MANY] = None,
    probes: Annotated[list[str] | None, _MANY] = None,
    settings: Any = _DEFAULTS,
    out: Annotated[str | None, Parameter(name=["-o", "--output"])] = None,
    tokenizer: str = "words",
    column: str | None = None,
    fold_case: bool | None = None,
    encoding: str = "utf-8",
    encoding_errors: Literal["strict", "replace"] = "strict",
    phrases: str | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """How likely words stand near words: P(k | w) = X(w, k) / X(w), and ratios of these.

    X(w, k) is how much of k was counted in the windows of w, X(w) the sum of that over all words
    k. Each word but the last is set against the last: P(k | w) / P(k | last). A ratio that does
    not exist is shown as –, in JSON as null.

    With --json: {"words", "probes", "counts", "totals", "probabilities", "ratios", "ratio_to",
    "settings", "corpus"}: a row for each word, in it a number for each probe; a row of ratios for
    each word but the last.

    Parameters
    ----------
    corpus
        Files of text, folders, globs, tables, or - for standard input; or a folder of counts
        that -o has written.
    words
        The words w to compare: --words ice steam.
    probes
        The words k beside which they are looked for: --probes solid gas water fashion.
    out
        A folder to keep the counts in; firth train takes it in place of a corpus.
    tokenizer
        words, signs, whitespace, blanks, characters, bpe:FILE, unigram:FILE or module:function.
    column
        The column of a table that holds the text, by name or number.
    fold_case
        Ignore the case of letters; default: with the tokenizer words only.
    encoding
        Of the text: utf-8, latin-1 or another.
    encoding_errors
        What to do with a bad byte: stop with an error, or replace it and read on.
    phrases
        A model of kind phrases whose phrases become single words.
    overwrite
        Replace the folder of counts if it exists.
    """
    sources = hyphens(corpus)
    words, probes = hyphens(words or []), hyphens(probes or [])
    if not words and not probes and out is None:
        raise SettingError(
            "There is nothing to show and nothing to keep: give --words and --probes (--words ice "
            "steam --probes solid gas), or -o FOLDER to keep the counts."
        )
    if bool(words) != bool(probes):
        given, missing = ("--words", "--probes") if words else ("--probes", "--words")
        raise SettingError(
            f"{given} without {missing}: P(k | w) is of a word w and a probe k; give both."
        )
    if out is not None:
        must_not_exist(Path(out), overwrite)
    reading = Reading(
        {
            "tokenizer": tokenizer,
            "column": column,
            "fold_case": fold_case,
            "encoding": encoding,
            "encoding_errors": encoding_errors,
            "phrases": phrases,
        }
    )
    counts = _counts(sources, WindowCounts(**dataclasses.asdict(settings)), reading, common.verbose)
    if out is not None:
        counts.save(out, overwrite=overwrite)
        output.call(common.verbose, f"counts.save({out!r})")
    if words:
        from firth.static.probabilities import probability_table

        output.call(
            common.verbose,
            f"firth.static.probabilities.probability_table(counts, {words!r}, {probes!r})",
        )
        try:
            table = probability_table(counts, words, probes)
        except UnknownWordError as error:
            kept = "" if out is None else f" The counts are kept in {out}."
            raise UnknownWordError(f"{error}{_left_out(counts)}{kept}") from None
    if common.json:
        made = _document(table) if words else {}
        path = {} if out is None else {"path": out}
        told = {"settings": counts.settings, "corpus": counts.corpus, "pairs": len(counts)}
        output.write_json({**made, **path, **told})
        return
    if words:
        show(table)
    if out is not None:
        output.say(
            f"{len(counts):,} pairs of {len(counts.vocabulary):,} words are in {out}; to train on "
            f"them: firth train glove {shlex.quote(out)} -o MODEL"
        )


# a type made at run time, which a type checker cannot read
cooccurrence.__annotations__["settings"] = _OPTIONS


def _counts(
    sources: list[str], settings: WindowCounts, reading: Reading, verbose: bool
) -> Cooccurrence:
    """What was counted before, if that is the source; else the text is counted."""
    from firth.static.cooccurrence import is_counts

    if len(sources) == 1 and is_counts(sources[0]):
        output.call(verbose, f"counts = firth.Cooccurrence.load({sources[0]!r})")
        return settings.count(reading.counts(sources[0]))
    output.call(verbose, f"counts = {call_of(settings)}.count({reading.python(*sources)})")
    return settings.count(reading.corpus(*sources), progress=progress())


def show(table: ProbabilityTable) -> None:
    """Counts, probabilities and ratios, a column for each probe; the words lead each row."""
    words, last = table.words, table.words[-1]
    rows: list[list[object]] = []
    for word, total, row in zip(words, table.totals, table.counts, strict=True):
        rows.append([f"X({word}, k)", *(_count(x) for x in row), _count(total)])
    for word, row in zip(words, table.probabilities, strict=True):
        rows.append([f"P(k | {word})", *(_number(x) for x in row), ""])
    for word, row in zip(words, table.ratios, strict=False):
        rows.append([f"P(k | {word}) / P(k | {last})", *(_number(x) for x in row), ""])
    heads = ["", *(f"k = {probe}" for probe in table.probes), "all k"]
    # piped lines have no heads of their own, and these figures say nothing without them
    output.table(rows if output.pretty() else [heads, *rows], heads)


def _count(x: float) -> str:
    return f"{x:,.0f}" if x == round(x) else f"{x:,.2f}"


def _number(x: float) -> str:
    return output.NONE if math.isnan(x) else f"{x:.3g}" if x < 1000 else f"{x:,.0f}"


def _document(table: ProbabilityTable) -> dict[str, Any]:
    return {
        "words": table.words,
        "probes": table.probes,
        "counts": table.counts.tolist(),
        "totals": table.totals.tolist(),
        "probabilities": table.probabilities.tolist(),
        "ratios": table.ratios.tolist(),
        "ratio_to": table.words[-1],
    }


def _left_out(counts: Cooccurrence) -> str:
    """What may be the reason that a word is not there."""
    least = counts.settings.get("min_count", 1)
    return f" Words seen less than {least} times were left out (--min-count)." if least > 1 else ""
