"""`firth generate`: text from a language model, as it is drawn; or what may come next."""

from __future__ import annotations

import re
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from firth.cli import output
from firth.cli.language_models import open_scorer
from firth.cli.options import COMMON, Common
from firth.errors import SettingError

if TYPE_CHECKING:
    from firth.neural.scoring import Scorer

#: characters that move a cursor or begin a command to the terminal; a model comes from anywhere
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def generate(
    model: str,
    /,
    *,
    prompt: str = "",
    length: Annotated[int, Parameter(name=["-n", "--length"])] = 100,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int | None = None,
    stop: Annotated[list[str] | None, Parameter(negative=())] = None,
    unknown: Annotated[bool, Parameter(negative=())] = False,
    next_units: Annotated[int | None, Parameter(name="--next")] = None,
    tokenizer: str | None = None,
    device: str = "auto",
    threads: int = 0,
    common: Common = COMMON,
) -> None:
    r"""Write text by a language model, going on from a prompt; or show what may come next (--next).

    The text is printed as it is drawn, the prompt first. With --json: {"prompt", "text" (what came
    after the prompt), "seed", "unknown" (of the prompt)}; with --next: {"prompt", "unknown",
    "next": [{"unit", "probability"}]}.

    Parameters
    ----------
    model
        A language model.
    prompt
        What the text begins with; a line feed in it is \n.
    length
        Units to write, at most: words, characters or subwords, line ends among them.
    temperature
        Below 1 the probable becomes more so; 0 always takes the most probable unit.
    top_k
        Draw among so many of the most probable units; 0 for all.
    top_p
        Draw among the fewest units that have so much probability together; 1 for all.
    seed
        Of the random numbers; one seed gives one text. Default: another one each time, told.
    stop
        Stop before this text; may be given several times. A line feed is \n.
    unknown
        Allow <unk>.
    next_units
        Write nothing; print so many of the units that may come next, with their probabilities.
    tokenizer
        Only for a model trained with module:function, which is not called on its word: name it.
    device
        Where it computes: auto, cpu, cuda, cuda:1 or mps.
    threads
        Processor cores; 0 for those that idle.
    """
    prompt = _unescaped(prompt)
    scorer = open_scorer(model, device=device, threads=threads, tokenizer=tokenizer)
    new = scorer.reader.not_known(scorer.reader.cut(prompt))
    if new and not common.json:
        told = ", ".join(map(repr, new[:5])) + (", …" if len(new) > 5 else "")
        output.say(f"firth: note: the model does not know {told}, and reads <unk>")
    if next_units is not None:
        _show_next(model, scorer, prompt, new, next_units, common)
        return
    from firth.neural.generate import generate as pieces_of

    seed_is_told = seed is not None
    seed = secrets.randbelow(1 << 31) if seed is None else seed
    if seed < 0:
        raise SettingError(f"seed={seed} is out of range; wanted at least 0.")
    stops = [_unescaped(one) for one in stop or []]
    settings = {
        "length": length,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
    }
    shown = ", ".join(f"{name}={value}" for name, value in settings.items())
    output.call(common.verbose, f"generate(load({model!r}), {prompt!r}, {shown}, stop={stops})")
    pieces = pieces_of(
        scorer,
        prompt,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=stops,
        unknown=unknown,
    )
    if common.json:
        text = "".join(pieces)
        output.write_json({"prompt": prompt, "text": text, "seed": seed, "unknown": new})
        return
    _write(prompt)
    last = prompt
    try:
        for piece in pieces:
            _write(piece)
            last = piece or last
    finally:
        if not last.endswith("\n"):
            _write("\n")
    if not seed_is_told and temperature:
        output.say(f"firth: note: drawn with --seed {seed}")


def _show_next(
    model: str, scorer: Scorer, prompt: str, new: list[str], k: int, common: Common
) -> None:
    output.call(common.verbose, f"Scorer(load({model!r})).next({prompt!r}, {k})")
    found = scorer.next(prompt, k)
    if common.json:
        rows = [one._asdict() for one in found]
        output.write_json({"prompt": prompt, "unknown": new, "next": rows})
        return
    rows_of = [(one.unit.replace("\n", "\\n"), one.probability) for one in found]
    output.table(rows_of, ["next", "probability"])


def _write(text: str) -> None:
    """A piece of the text at once; what the terminal cannot show, or would obey, is replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    if output.pretty():
        text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def _unescaped(text: str) -> str:
    r"""The text with \n as a line feed, as shells do not write it."""
    return text.replace("\\n", "\n")
