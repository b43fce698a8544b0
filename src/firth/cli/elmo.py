"""ELMo on the command line: how well it predicts a text, and what `firth info` says of it."""

from __future__ import annotations

import math
from typing import Any

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.models import open_fitted, resolve_tokenizer
from firth.cli.options import Common, hyphens
from firth.neural import need_torch
from firth.vectors.fitted import Fitted

KIND = "elmo"


def evaluate_elmo(
    model: str,
    data: str,
    column: str | None,
    tokenizer: str | None,
    encoding: str,
    device: str,
    common: Common,
) -> None:
    """See `evaluate`."""
    need_torch("ELMo")
    from firth.neural.elmo_scoring import ElmoScorer
    from firth.neural.sentences import told_long

    cut = None if tokenizer is None else resolve_tokenizer(tokenizer)
    scorer = ElmoScorer(open_fitted(model), device=device, tokenizer=cut)
    (data,) = hyphens([data])
    output.call(common.verbose, f"ElmoScorer(load({model!r})).perplexity({data!r})")
    place: Any = int(column) if column is not None and column.isdigit() else column
    text = scorer.corpus(data, column=place, encoding=encoding)
    found = scorer.perplexity(text, progress=progress())
    document = found.to_json()
    if common.json:
        output.write_json(document)
        return
    names = ["perplexity", "forward_perplexity", "backward_perplexity", "unit", "tokens", "unknown"]
    output.table([[document[name] for name in names]], [name.replace("_", " ") for name in names])
    if found.unknown_share > 0.05:
        output.say(
            f"firth: note: {found.unknown_share:.1%} of the words are unknown and predicted as "
            "<unk>, which is easier to predict than they are."
        )
    if found.lines_cut:
        output.say(f"firth: note: {told_long(found.lines_cut)}")
    if found.words_cut:
        output.say(
            f"firth: note: {found.words_cut:,} words are longer than the model reads, and lose "
            "their ends."
        )
    if found.characters_unknown:
        output.say(
            f"firth: note: {found.characters_unknown:,} of {found.characters:,} characters were "
            "never seen in training."
        )


def weights(fitted: Fitted) -> int:
    """How many numbers it has learnt; the vectors of words are made of them."""
    return sum(math.prod(array.shape) for array in fitted.state.values())
