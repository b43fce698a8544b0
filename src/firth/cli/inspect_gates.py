"""`firth inspect MODEL --gates "a sentence"`: how far each gate opens at each word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from firth.cli import output
from firth.cli.inspect_text import open_net, reader_of
from firth.cli.options import Common
from firth.errors import CorpusError
from firth.plots.figure import write
from firth.plots.letters import shades

if TYPE_CHECKING:
    from firth.neural.gates import Gates

#: letters that show the units of a layer beside a word
STRIP = 10


def show_gates(
    model: str,
    sentence: str,
    tokenizer: str | None,
    picture: str | None,
    overwrite: bool,
    common: Common,
) -> None:
    import torch

    from firth.neural.gates import GATES
    from firth.neural.gates import gates as gates_of

    fitted, net = open_net(model)
    reader = reader_of(fitted, tokenizer)
    numbers = reader.ids(reader.cut(sentence))
    if not len(numbers):
        raise CorpusError("--gates was given a text without a word; give it one.")
    ids = torch.from_numpy(numbers.astype(np.int64))
    words = [shown(fitted.vocabulary[int(number)]) for number in numbers]
    output.call(common.verbose, f"gates(net_of(load({model!r})), ids)  # {sentence!r}")
    layers = gates_of(net, ids)
    proper = {
        layer.name: {name: layer.values[name] for name in GATES[layer.cell]} for layer in layers
    }
    if picture is not None:
        from firth.plots.gates import gates_figure

        several = len(layers) > 1
        panels = {
            f"{layer} {gate}" if several else gate: values
            for layer, by_gate in proper.items()
            for gate, values in by_gate.items()
        }
        write(gates_figure(panels, words), picture, overwrite=overwrite)
        output.say(f"The picture is {picture}.")
    if common.json:
        output.write_json({"units": words, "layers": [_json(layer) for layer in layers]})
        return
    for layer in layers:
        _table_of_gates(layer, proper[layer.name], words)


def _json(layer: Gates) -> dict[str, Any]:
    from firth.neural.gates import GATES

    found = {}
    for gate in GATES[layer.cell]:
        shut, opened = layer.saturated(gate)
        found[gate] = {
            "mean": layer.values[gate].mean(1).tolist(),
            "shut": shut,
            "open": opened,
        }
    return {"name": layer.name, "gates": found}


def _table_of_gates(layer: Gates, values: dict[str, np.ndarray], words: list[str]) -> None:
    """A row a word: the mean of each gate and, on a terminal, its units from open to shut; then the
    shares of all values that are shut and that are open."""
    columns = [layer.name]
    for name in values:
        columns += [name, ""] if output.pretty() else [name]
    rows: list[list[object]] = []
    for t, word in enumerate(words):
        row: list[object] = [word]
        for opened in values.values():
            row.append(float(opened[t].mean()))
            if output.pretty():
                row.append(shades(strip_of(opened)[t]))
        rows.append(row)
    for which, label in enumerate(("below 0.1", "above 0.9")):
        row = [label]
        for gate in values:
            row.append(float(layer.saturated(gate)[which]))
            if output.pretty():
                row.append("")
        rows.append(row)
    output.table(rows, columns)


def shown(unit: str) -> str:
    """A unit as it can stand in a table: blanks and line ends by a sign."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(unit, unit)


def strip_of(gate: np.ndarray) -> np.ndarray:
    """gate float[T, H] -> float[T, at most STRIP]: units sorted by their mean over the text, the
    most open first, as means of groups of neighbours."""
    order = np.argsort(-gate.mean(0), kind="stable")
    groups = np.array_split(order, min(STRIP, len(order)))
    return np.stack([gate[:, group].mean(1) for group in groups], 1)
