"""`firth inspect`: gradients through time, and gates, of a language model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from firth.cli import output
from firth.cli.inspect_text import TEXTS, open_net, reader_of, windows_of
from firth.cli.options import COMMON, Common
from firth.errors import SettingError
from firth.neural import need_torch
from firth.plots.figure import must_be_a_picture, write
from firth.plots.letters import curves

if TYPE_CHECKING:
    from firth.neural.seeing import Clipping, Gradients


def inspect(
    *models: str,
    gradients: Annotated[bool, Parameter(negative=())] = False,
    gates: str | None = None,
    text: str | None = None,
    length: int = 50,
    untrained: bool = True,
    seed: int = 1,
    tokenizer: str | None = None,
    output_file: Annotated[str | None, Parameter(name=["-o", "--output"])] = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """Look into language models: what reaches back through time, what the gates do.

    --gradients draws || d loss_T / d h_t || over t: how much of what happened at step t can be
    learnt from the loss of the last. It vanishes, explodes or stays. Untrained cells of several
    kinds stand beside the models; without a model, alone. --gates "a sentence" shows how far each
    gate of an lstm or gru opens at each word.

    With --json: {"gradients": [{"model", "name", "hidden", "memory", "factor", "reach"}],
    "clipping": [{"model", "norm", "threshold", "clipped"}]}, model null for untrained cells; or
    {"units": [...], "layers": [{"name", "gates": {gate: {"mean", "shut", "open"}}}]}.

    Parameters
    ----------
    models
        Language models; for --gates one.
    gradients
        Draw gradients through time.
    gates
        A text whose words pass the gates.
    text
        File to take the text for the gradients from; default: what the model itself writes.
    length
        Steps, T (at least 2).
    untrained
        Untrained cells beside the models.
    seed
        Of the text the model writes, and of the untrained cells.
    tokenizer
        Only for a model trained with module:function, which is not called on its word: name it.
    output_file
        Draw a picture: .png, .svg or .pdf.
    overwrite
        Replace the picture if it is there.
    """
    if gradients == (gates is not None):
        raise SettingError(
            'firth inspect shows one thing at a time: --gradients, or --gates "a sentence".'
        )
    need_torch("firth inspect")
    if output_file is not None:
        must_be_a_picture(output_file)
    if gates is not None:
        if len(models) != 1:
            raise SettingError(f"--gates looks into one model; {len(models)} were named.")
        from firth.cli.inspect_gates import show_gates

        show_gates(models[0], gates, tokenizer, output_file, overwrite, common)
        return
    if not models and not untrained:
        raise SettingError("There is nothing to draw: name a model, or leave out --no-untrained.")
    if text is not None and not models:
        raise SettingError("--text is what models read; name one, or leave out --text.")
    _show_gradients(
        models, text, length, untrained, seed, tokenizer, output_file, overwrite, common
    )


def _show_gradients(
    models: tuple[str, ...],
    text: str | None,
    length: int,
    untrained: bool,
    seed: int,
    tokenizer: str | None,
    picture: str | None,
    overwrite: bool,
    common: Common,
) -> None:
    import torch

    from firth.neural.seeing import clipping_of, gradients_of_net, must_be_long, written
    from firth.neural.starts import STARTS, gradients_untrained

    must_be_long(length)
    found: list[tuple[str | None, Gradients]] = []
    clipping: list[tuple[str, Clipping]] = []
    for path in models:
        fitted, net = open_net(path)
        reader = reader_of(fitted, tokenizer)
        if text is not None:
            output.call(common.verbose, f"gradients_of_net(net_of(load({path!r})), ids)")
            ids = torch.from_numpy(windows_of(reader, text, length))
        else:
            output.call(common.verbose, f"gradients_of_net(net, written(net, …, seed={seed}))")
            ids = written(net, reader.line_end, length + 1, TEXTS, seed)
        name = Path(path).name if len(models) > 1 else ""
        found += [(path, curve) for curve in gradients_of_net(net, ids, name)]
        clipping.append((path, clipping_of(net, ids)))
    if untrained:
        for start in STARTS:
            curve = gradients_untrained(start, length, seed=seed)
            name = f"{start} (untrained)" if models else start
            found.append((None, type(curve)(name, curve.hidden, curve.memory)))
    if picture is not None:
        from firth.plots.gradients import gradients_figure

        series = _series(found)
        fresh = frozenset(name for (model, _), name in zip(found, series, strict=True) if not model)
        write(
            gradients_figure(series, dashed=fresh if models else frozenset()),
            picture,
            overwrite=overwrite,
        )
        output.say(f"The picture is {picture}.")
    if common.json:
        output.write_json(
            {
                "gradients": [{"model": model, **curve.to_json()} for model, curve in found],
                "clipping": [
                    {
                        "model": model,
                        "norm": one.norm,
                        "threshold": one.threshold,
                        "clipped": one.clipped,
                    }
                    for model, one in clipping
                ],
            }
        )
        return
    series = _series(found)
    if output.pretty():
        for line in curves(series):
            output.write(line)
    rows = [
        [name, one.factor, one.reach(), float(one.hidden[0]), float(one.hidden[-1])]
        for name, (_, one) in zip(series, found, strict=True)
    ]
    output.table(rows, ["gradient", "a step back times", "steps to 1 %", "g_1", f"g_{length}"])
    for model, one in clipping:
        output.say(_clipping(model, one))


def _series(found: list[tuple[str | None, Gradients]]) -> Mapping[str, np.ndarray]:
    """The curves by names that differ."""
    series: dict[str, np.ndarray] = {}
    for _, curve in found:
        name, again = curve.name, 2
        while name in series:
            name, again = f"{curve.name} ({again})", again + 1
        series[name] = curve.hidden
    return series


def _clipping(model: str, one: Clipping) -> str:
    if not math.isfinite(one.norm):
        return f"{model}: the gradient of all weights is not finite; no clipping mends that."
    if one.threshold <= 0:
        return f"{model}: the gradient of all weights has the norm {one.norm:.3g}; not clipped."
    done = f"clipped to {one.clipped:.3g}" if one.norm > one.threshold else "which leaves it as is"
    return (
        f"{model}: on this text the gradient of all weights has the norm {one.norm:.3g}; it "
        f"trained with clip_norm={one.threshold:g}, {done}."
    )
