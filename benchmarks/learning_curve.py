"""What static vectors and an ELMo are worth on CoNLL-2000 (chunks) and UD English EWT (UPOS).

    python -m benchmarks.learning_curve conll2000 ewt --vectors MODEL --elmo MODEL -o FOLDER
    python -m benchmarks.learning_curve conll2000 --fractions 0.01 --seeds 1 2 3 4 5 ...

`firth compare --learning-curve` by its Python call: a folder FOLDER/NAME each, which goes on where
it was interrupted. CoNLL-2000 has no development part: the last 1,000 sentences of its training
part are it, and the fractions are of the others. The official test parts are scored once a
training. The vectors are to be of the ELMo's own text.

benchmarks/results/learning_curve.json has the cells, and what the mix gains over each other input;
beside it are the report, the picture and the line of each training.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, command, keep, options_of
from benchmarks.tagger import HELD_OUT, part
from firth import Tagger, learning_curve, load, load_vectors
from firth.cli.bar import progress
from firth.cli.compare import draw
from firth.compare.folder import PICTURE, REPORT, RUNS
from firth.compare.grid import FRACTIONS, SEEDS, STEPS
from firth.compare.report import Found

NAMES = ("conll2000", "ewt")
#: passes over much data; `--steps` says how many over little
EPOCHS = 15


def sentences(name: str) -> tuple[list[Any], list[Any], list[Any]]:
    """(training, development, test) sentences."""
    train = part(name, "train")
    if name == "conll2000":
        return train[:-HELD_OUT], train[-HELD_OUT:], part(name, "test")
    return train, part(name, "dev"), part(name, "test")


def figures_of(found: Found) -> dict[str, Any]:
    """Cells in percent, and what the mix gains over the others."""
    cells = []
    for cell in found.cells:
        over = found.gain("mix", cell.input, cell.fraction)
        cells.append(
            {
                "input": cell.input,
                "fraction": cell.fraction,
                "sentences": cell.sentences,
                "runs": cell.runs,
                **{
                    name: _percent(value)
                    for name, value in (
                        (found.figure, cell.mean),
                        ("standard_deviation", cell.deviation),
                        ("gain_over_scratch", cell.gain),
                        ("its_deviation", cell.gain_deviation),
                        ("mix_over_it", over and over[0]),
                        ("mix_over_it_deviation", over and over[1]),
                    )
                },
                "mix": cell.mix and [round(share, 4) for share in cell.mix],
            }
        )
    return {"figure": found.figure, "finished": len(found.runs), "cells": cells}


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)


def main() -> None:
    parser = options_of(__doc__, "learning_curve")
    parser.add_argument("recipes", nargs="+", choices=NAMES)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--vectors", type=Path, help="a model or file of word vectors")
    parser.add_argument("--elmo", type=Path, help="a model of the kind elmo")
    parser.add_argument("--fractions", type=float, nargs="+", default=list(FRACTIONS))
    parser.add_argument("--inputs", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of settings")
    options = parser.parse_args()
    changes: dict[str, Any] = {"threads": options.threads, "device": options.device}
    for one in options.set:
        key, _, value = one.partition("=")
        changes[key] = json.loads(value) if value[:1] in "0123456789-tfn[" else value
    vectors = None if options.vectors is None else load_vectors(options.vectors)
    elmo = None if options.elmo is None else load(options.elmo)
    models = {"vectors": options.vectors, "elmo": options.elmo}
    path = RESULTS / f"{options.name}.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    for about in ("command", "machine"):  # of the run before
        figures.pop(about, None)
    options.output.mkdir(exist_ok=True)
    for name in options.recipes:
        train, dev, test = sentences(name)
        folder = options.output / name
        found = learning_curve(
            train,
            folder,
            test=test,
            dev=dev,
            vectors=vectors,
            elmo=elmo,
            fractions=options.fractions,
            inputs=options.inputs,
            seeds=options.seeds,
            steps=options.steps,
            settings=Tagger(**{"epochs": EPOCHS, **changes}),
            names={what: model.name for what, model in models.items() if model is not None},
            progress=progress(),
        )
        draw(found, folder, progress())
        figures[name] = {**figures_of(found), "about": found.about, "command": command()}
        keep(options.name, figures)
        kept = RESULTS / options.name / name
        kept.mkdir(parents=True, exist_ok=True)
        for file in (REPORT, PICTURE, RUNS):
            if (folder / file).exists():
                shutil.copy(folder / file, kept / file)


if __name__ == "__main__":
    main()
