"""Language models on the command line: opened, and scored on text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.models import is_folder_of_ours, must_exist, open_fitted, resolve_tokenizer
from firth.cli.options import Common, hyphens
from firth.errors import FormatError, SettingError
from firth.neural import need_torch

if TYPE_CHECKING:
    from firth.neural.scoring import Perplexity, Scorer

KIND = "language-model"


def open_scorer(
    path: str, *, device: str = "auto", threads: int = 0, tokenizer: str | None = None
) -> Scorer:
    """
    Raises:
        FormatError: nothing there, or no language model.  MissingExtraError: no PyTorch.
        SettingError: no such device; the tokenizer must be named.
    """
    must_exist(path)
    if not is_folder_of_ours(path):
        raise FormatError(
            path, "no model folder", "a language model", "Train one: firth train language-model."
        )
    fitted = open_fitted(path)
    if fitted.kind != KIND:
        raise FormatError(
            path,
            f"a model of kind {fitted.kind}",
            "a language model",
            "Train one: firth train language-model.",
        )
    need_torch("A language model")
    from firth.neural.scoring import Scorer

    cut = None if tokenizer is None else resolve_tokenizer(tokenizer)
    return Scorer(fitted, device=device, threads=threads, tokenizer=cut)


def evaluate_language(
    model: str,
    data: str,
    column: str | None,
    tokenizer: str | None,
    encoding: str,
    per_line: bool,
    device: str,
    common: Common,
) -> None:
    """See `evaluate`."""
    scorer = open_scorer(model, device=device, tokenizer=tokenizer)
    more = ", per_line=True" if per_line else ""
    (data,) = hyphens([data])
    output.call(common.verbose, f"Scorer(load({model!r})).perplexity({data!r}{more})")
    place: Any = int(column) if column is not None and column.isdigit() else column
    text = scorer.reader.corpus(data, column=place, encoding=encoding)
    found = scorer.perplexity(text, per_line=per_line, progress=progress())
    if common.json:
        output.write_json(found.to_json())
    else:
        tell(found)


def tell(found: Perplexity) -> None:
    """The whole, or each line and then the whole."""
    if found.per_line is not None:
        columns = ["line", "logprob", "units", "unknown", "perplexity"]
        output.table(
            [
                [number, one.logprob, one.units, one.unknown, one.perplexity]
                for number, one in enumerate(found.per_line, 1)
            ],
            columns,
        )
    row = [found.perplexity, found.unit, found.tokens, found.unknown, found.bits_per_character]
    names = ["perplexity", "unit", "tokens", "unknown", "bits per character", "bits per byte"]
    if found.per_line is None:
        output.table([[*row, found.bits_per_byte]], names)
    else:  # a program that reads the lines is not to stumble over another table
        output.say(
            f"All lines, each from a fresh state: perplexity {found.perplexity:.2f} a {found.unit},"
            f" {found.bits_per_character:.4f} bits a character."
        )
    if found.unknown_share > 0.05:
        output.say(
            f"firth: note: {found.unknown_share:.1%} of the {found.unit}s are unknown and count as "
            "<unk>, which is easier to predict than they are."
        )


def must_be_plain(**given: Any) -> None:
    """
    Raises:
        SettingError: an option that has no meaning for a language model was given.
    """
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            raise SettingError(f"{option} is not for language models; leave it out.")
