"""Language models on Penn Treebank and WikiText-2: perplexity, parameters, time.

    python -m benchmarks.language_models ptb-lstm ptb-rnn ptb-window [--seeds 3] [--minutes 45]
    python -m benchmarks.language_models --list

Each recipe trains on the official training text, keeps the state with the lowest perplexity on the
validation text, and is scored once on the test text: full softmax, every word and every line end
counted, the state carried through the text. The history of each run (loss, perplexity, tokens/s)
is kept beside its figures. Of a model that learnt by samples, `valid_loss` and `sampled_loss` are
the same model on the same text by the full softmax and by the estimate it was trained with.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import RESULTS, command, keep, options_of, wanted
from firth import Corpus, Fitted, LanguageModel
from firth.neural.language_model import net_of
from firth.neural.scoring import Scorer
from firth.neural.softmax import SampledSoftmax
from firth.neural.streams import Columns
from firth.text.units import read_units

#: what the recipes on one text share
PTB: dict[str, Any] = {"unit": "word"}
WIKITEXT: dict[str, Any] = {"unit": "word"}
#: name: text, settings
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "ptb-lstm": ("ptb", {**PTB, "preset": "small"}),
    "ptb-gru": ("ptb", {**PTB, "preset": "small", "encoder": "gru"}),
    # two layers are no better; less dropout, and it learns the text by heart
    "ptb-rnn": (
        "ptb",
        {
            **PTB, "preset": "small", "encoder": "rnn", "layers": 1, "rate": 0.0015,
            "dropout": 0.5, "input_dropout": 0.4, "recurrent_dropout": 0.2,
        },
    ),
    "ptb-window": ("ptb", {**PTB, "preset": "small", "encoder": "window"}),
    "wikitext2": ("wikitext2", {**WIKITEXT, "preset": "small", "batch_size": 32}),
    "wikitext2-characters": (
        "wikitext2",
        {
            "preset": "small", "unit": "character", "batch_size": 32, "bptt": 100, "dropout": 0.05,
            "input_dropout": 0.0, "embedding_dropout": 0.0, "recurrent_dropout": 0.0,
        },
    ),
    "ptb-medium": ("ptb", {**PTB, "preset": "medium"}),
    "wikitext2-medium": ("wikitext2", {**WIKITEXT, "preset": "medium"}),
}  # fmt: skip


def corpus(text: str, part: str) -> Corpus:
    return Corpus(wanted("data", "lm", text, f"{part}.txt.gz"), tokenizer="whitespace")


@torch.no_grad()
def losses(fitted: Fitted, text: Corpus) -> dict[str, float]:
    """Mean loss of one model on a text, in nats: by the full softmax, and by samples."""
    net = net_of(fitted)
    if not isinstance(net.softmax, SampledSoftmax):
        return {}
    units = read_units(text, net.settings.unit, vocabulary=fitted.vocabulary)
    torch.manual_seed(1)
    full, sampled, state = 0.0, 0.0, None
    for window in Columns(units.ids, units.line_end, 20, 35).windows():
        h, state = net.hidden(window.inputs, state)
        full += float(net.nll(h, window.targets).double().sum())
        net.softmax.train()  # it draws in training only
        sampled += float(net.loss(h, window.targets)) * window.units
        net.softmax.eval()
    return {
        "valid_loss": round(full / len(units.ids), 4),
        "sampled_loss": round(sampled / len(units.ids), 4),
    }


def run(
    name: str, seed: int, changes: dict[str, Any], folder: Path | None
) -> tuple[dict[str, Any], list[Any]]:
    """Trains one recipe and scores it: its figures and its history. The model may be kept."""
    text, settings = RECIPES[name]
    model = LanguageModel(**{**settings, **changes, "seed": seed})
    began = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        fitted = model.fit(
            corpus(text, "train"), dev=corpus(text, "valid"), checkpoint=Path(scratch) / "run"
        )
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    scorer = Scorer(fitted)
    figures: dict[str, Any] = {"seed": seed}
    for part in ("valid", "test"):
        found = scorer.perplexity(corpus(text, part))
        figures |= {
            f"{part}_perplexity": round(found.perplexity, 2),
            f"{part}_bits_per_character": round(found.bits_per_character, 4),
        }
    if folder is not None:
        fitted.save(folder / f"{name}-{seed}.firth", overwrite=True)
    if fitted.settings["unit"] == "word":
        figures |= losses(fitted, corpus(text, "valid"))
    figures |= {
        "parameters": sum(one.numel() for one in net_of(fitted).parameters()),
        "minutes": round(wall / 60, 1),
        "cpu_minutes": round(cpu / 60, 1),
        "settings": fitted.settings,
    }
    return figures, fitted.history


def main() -> None:
    parser = options_of(__doc__, "language-models")
    parser.add_argument("recipes", nargs="*", choices=[*RECIPES, []], default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--minutes", type=float, help="time budget of a run")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of settings")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where models are kept")
    parser.add_argument("--list", action="store_true", help="the recipes and their settings")
    options = parser.parse_args()
    if options.list or not options.recipes:
        for name, (text, settings) in RECIPES.items():
            print(f"{name:22} {text:10} {settings}")
        return
    changes: dict[str, Any] = {"threads": options.threads, "device": options.device}
    if options.minutes:
        changes["minutes"] = options.minutes
    for one in options.set:
        key, _, value = one.partition("=")
        changes[key] = json.loads(value) if value[:1] in "0123456789-tfn[" else value
    path = RESULTS / f"{options.name}.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    for name in options.recipes:
        runs = []
        for seed in options.seeds:
            found, history = run(name, seed, changes, options.keep)
            runs.append(found)
            print(name, {k: v for k, v in found.items() if k != "settings"}, flush=True)
            log = RESULTS / options.name / f"{name}-seed{seed}.jsonl"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("".join(json.dumps(entry) + os.linesep for entry in history))
            tests = [one["test_perplexity"] for one in runs]
            spread = statistics.stdev(tests) if len(tests) > 1 else None
            figures[name] = {
                "command": command(),
                "test_perplexity": round(statistics.mean(tests), 2),
                "standard_deviation": spread and round(spread, 2),
                "runs": runs,
            }
            keep(options.name, figures)


if __name__ == "__main__":
    main()
