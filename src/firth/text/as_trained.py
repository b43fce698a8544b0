"""Text read as that of a trained model was.

What a text is cut with is part of the model: another tokenizer gives numbers that mean nothing, and
gives them silently. So text is cut as the training text was, and a `Corpus` that is cut otherwise
is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firth.errors import SettingError
from firth.text.corpus import Corpus
from firth.text.phrase_model import PhraseModel
from firth.text.tokens import Tokenizer


def tokenizer_of(
    summary: Mapping[str, Any], given: str | Callable[[str], list[str]] | None = None
) -> Tokenizer:
    """What cut the text of a model.

    summary: of the model's corpus, from its model.json.
    given: only for words that were cut by a function, which a model does not hold.

    Raises:
        SettingError: it was cut by a function, and none is given.
    """
    name, fold = str(summary.get("tokenizer", "words")), summary.get("fold_case")
    if given is not None:
        return Tokenizer(given, fold)
    if summary.get("tokenizer_is_function"):
        raise SettingError(
            f"The text of this model was cut by the function {name}, which is not called on "
            f"the word of a model; name it yourself if you trust it: --tokenizer {name} "
            "(tokenizer=...)."
        )
    # lists of tokens stay as they were; so do words between blanks
    return Tokenizer("whitespace" if name == "given" else name, fold)


def corpus_of(
    source: Any,
    tokenizer: Tokenizer | None,
    phrases: PhraseModel | None = None,
    *,
    column: str | int | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """`source`, whatever a Corpus takes, cut by the tokenizer of a model (None: not into words).

    Raises:
        SettingError: it is a Corpus, and is cut otherwise.
        CorpusError: as `Corpus` does.
    """
    if not isinstance(source, Corpus):
        fold = None if tokenizer is None else tokenizer.fold
        found = Corpus(source, column=column, encoding=encoding, fold_case=fold, phrases=phrases)
        found.tokenizer = tokenizer or found.tokenizer
        return found
    if tokenizer is not None:
        given = source.summary()
        cut = given["tokenizer"], bool(given["fold_case"])
        if given["tokenizer"] != "given" and cut != (tokenizer.name, tokenizer.fold):
            raise SettingError(
                f"The text is cut by the tokenizer {cut[0]} with fold_case={cut[1]}, that of "
                f"the model was cut by {tokenizer.name} with fold_case={tokenizer.fold}: its "
                "perplexity would mean nothing. Give the file itself, or a Corpus with these "
                "settings."
            )
    return source
