"""The rules by which vectors are scored: five presets, one row of a table each.

Analogies: a question counts if its four words are among the first `analogy_limit` rows.
Words are compared after `case`; of several rows with one key the first (most frequent) is it.
    none   as they stand            upper  str.upper()
    ascii  bytes a-z only, words cut at 50 bytes, as compute-accuracy.c
    fold   as it stands, and if there is no such row, str.casefold()
`variants`: what may not be answered: the rows a, b, c ("answered"), or every row with the key of
one of them ("excluded"); `top` then is how far gensim looks down its list before it gives up.
`positive`: an answer must score above 0.  The answer is right if its key is that of d.

`infer`: in pairs, unknown words get a vector from their n-grams, if the vectors have any.

Departures: gensim passes over lines that are not four words, we raise. In analogies unknown words
are skipped by all presets (fastText infers them), and the coverage says how many. word2vec has no
program for pairs; its case rule is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firth.errors import SettingError, did_you_mean

#: compute-accuracy.c: max_w
WORD_BYTES = 50


@dataclass(frozen=True)
class Protocol:
    """How one program scores; see above. `whole`: Spearman is reported as a whole percentage."""

    name: str
    analogy_limit: int | None
    analogy_case: str
    variants: str
    top: int | None
    positive: bool
    mul: bool
    pair_limit: int | None
    pair_case: str
    single: bool
    whole: bool
    without: str | None = None
    infer: bool = False


PROTOCOLS = {
    row.name: row
    for row in (
        Protocol(
            "firth",
            analogy_limit=300_000,
            analogy_case="fold",
            variants="excluded",
            top=None,
            positive=False,
            mul=True,
            pair_limit=None,
            pair_case="fold",
            single=False,
            whole=False,
            infer=True,
        ),
        Protocol(
            "gensim",
            analogy_limit=300_000,
            analogy_case="upper",
            variants="excluded",
            top=5,
            positive=False,
            mul=False,
            pair_limit=300_000,
            pair_case="upper",
            single=True,
            whole=False,
        ),
        Protocol(
            "word2vec",
            analogy_limit=30_000,
            analogy_case="ascii",
            variants="answered",
            top=None,
            positive=True,
            mul=False,
            pair_limit=None,
            pair_case="ascii",
            single=False,
            whole=False,
        ),
        Protocol(
            "glove",
            analogy_limit=None,
            analogy_case="none",
            variants="answered",
            top=None,
            positive=False,
            mul=False,
            pair_limit=None,
            pair_case="none",
            single=False,
            whole=False,
            without="<unk>",
        ),
        Protocol(
            "fasttext",
            analogy_limit=None,
            analogy_case="none",
            variants="answered",
            top=None,
            positive=False,
            mul=False,
            pair_limit=None,
            pair_case="lower",
            single=False,
            whole=True,
            infer=True,
        ),
    )
}


def protocol_named(name: str) -> Protocol:
    """The preset.

    Raises:
        SettingError: there is none of that name.
    """
    if name not in PROTOCOLS:
        raise SettingError(
            f"protocol '{name}' is not known.{did_you_mean(name, PROTOCOLS)} "
            f"Protocols: {', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[name]


def key_of(case: str) -> Callable[[str], str]:
    """The function whose values are compared."""
    keys: dict[str, Callable[[str], str]] = {
        "none": str,
        "upper": str.upper,
        "lower": str.lower,
        "fold": str.casefold,
        "ascii": _ascii,
    }
    return keys[case]


def _ascii(word: str) -> str:
    return word.encode("utf-8", "replace")[:WORD_BYTES].upper().decode("utf-8", "replace")
