"""Taggers on CoNLL-2000 (chunks), CoNLL-2003 (names), UD English EWT and UD Russian Taiga (UPOS).

    python -m benchmarks.tagger conll2000 ewt --seeds 1 2 3 [--vectors MODEL] [--elmo MODEL]
    python -m benchmarks.tagger conll2000 --held-out --set units=300 rate=0.001
    python -m benchmarks.tagger --list

Gold tokens, official parts; F1 as conlleval counts it, accuracy of each word. CoNLL-2000 has no
development part: its recipe trains on all of the training part for a fixed number of epochs and
keeps the last weights; the others keep the state that is best on their development part. The test
part is scored once. With --held-out nothing sees the test part: of CoNLL-2000 the last 1,000
sentences of the training part are held out and scored, of the others the development part. Such
runs are for choosing settings, and go to tagger-held-out.json.

The history of each run (loss, F1, tokens/s) is kept beside its figures.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, command, keep, options_of, wanted
from firth import Fitted, Tagged, Tagger, Vectors, load, load_vectors
from firth.neural.tagging import Predictor

# fmt: off
#: name: (folder, ending of its files, columns, figure, settings)
RECIPES: dict[str, tuple[str, str, str, str, dict[str, Any]]] = {
    "conll2000": (
        "conll2000", "txt.gz", "0:2", "f1", {"epochs": 15, "batch_tokens": 300, "average": 0.999},
    ),
    "conll2003": ("conll2003", "txt.gz", "0:3", "f1", {"epochs": 15}),
    "ewt": ("ud_en_ewt", "conllu.gz", "form:upos", "accuracy", {"epochs": 15}),
    "taiga": ("ud_ru_taiga", "conllu.gz", "form:upos", "accuracy", {}),
}
# fmt: on
#: sentences of CoNLL-2000 held out of its training part
HELD_OUT = 1000


def part(name: str, which: str) -> list[Any]:
    """The sentences of the train, dev or test part."""
    folder, ending, columns, _, _ = RECIPES[name]
    return list(Tagged(wanted("data", "tag", folder, f"{which}.{ending}"), columns=columns))


def parts(name: str, held_out: bool) -> tuple[list[Any], list[Any] | None, list[Any]]:
    """(sentences to learn from, to keep the best by, to score)."""
    train = part(name, "train")
    if name == "conll2000":
        if held_out:
            return train[:-HELD_OUT], train[-HELD_OUT:], train[-HELD_OUT:]
        return train, None, part(name, "test")
    dev = part(name, "dev")
    return train, dev, dev if held_out else part(name, "test")


def run(
    name: str,
    settings: dict[str, Any],
    vectors: Vectors | None,
    elmo: Fitted | None,
    held_out: bool,
    kept: Path | None,
) -> tuple[dict[str, Any], list[Any]]:
    """Trains one recipe and scores it: its figures and its history. The model may be kept."""
    train, dev, scored = parts(name, held_out)
    model = Tagger(**{**RECIPES[name][4], **settings})
    began = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        fitted = model.fit(
            train, dev=dev, vectors=vectors, elmo=elmo, checkpoint=Path(scratch) / "run"
        )
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    if kept is not None:
        fitted.save(kept, overwrite=True)
    predictor = Predictor(fitted, device=model.device, threads=model.threads)
    found = predictor.evaluate(scored)
    began = time.perf_counter(), time.process_time()
    predictor.tags(sentence.words for sentence in scored)
    tagging = time.perf_counter() - began[0]
    document = found.to_json()
    last = fitted.history[-1]
    figures = {
        "seed": model.seed,
        **{figure: round(100 * document[figure], 2) for figure in ("f1", "accuracy")},
        "unseen_accuracy": round(100 * (document["unseen"]["accuracy"] or 0), 2),
        "trained_tokens_per_second": last["tokens_per_second"],
        "tagged_tokens_per_second": round(document["tokens"] / tagging),
        "weights": sum(array.size for array in fitted.state.values()),
        "minutes": round(wall / 60, 1),
        "cpu_minutes": round(cpu / 60, 1),
        "settings": fitted.settings,
    }
    if predictor.net.mix is not None:
        figures["mix"] = [round(share, 4) for share in predictor.net.mix.weights()]
    return figures, fitted.history


def main() -> None:
    parser = options_of(__doc__, "tagger")
    parser.add_argument("recipes", nargs="*", choices=[*RECIPES, []], default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--vectors", type=Path, help="a model or file of word vectors")
    parser.add_argument("--elmo", type=Path, help="a model of the kind elmo")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of settings")
    parser.add_argument("--held-out", action="store_true", help="to choose settings by")
    parser.add_argument("--as", dest="called", help="the name among the results")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where models are kept")
    parser.add_argument("--list", action="store_true", help="the recipes and their settings")
    options = parser.parse_args()
    if options.list or not options.recipes:
        for name, (folder, _, columns, figure, settings) in RECIPES.items():
            print(f"{name:12} {folder:12} {columns:10} {figure:9} {settings}")
        return
    changes: dict[str, Any] = {"threads": options.threads, "device": options.device}
    for one in options.set:
        key, _, value = one.partition("=")
        changes[key] = json.loads(value) if value[:1] in "0123456789-tfn[" else value
    vectors = None if options.vectors is None else load_vectors(options.vectors)
    elmo = None if options.elmo is None else load(options.elmo)
    results = options.name + ("-held-out" if options.held_out else "")
    path = RESULTS / f"{results}.json"
    figures = json.loads(path.read_text()) if path.exists() else {}
    for about in ("command", "machine"):  # of the run before
        figures.pop(about, None)
    for name in options.recipes:
        figure = RECIPES[name][3]
        given = [what for what in ("vectors", "elmo") if getattr(options, what) is not None]
        called = options.called or "+".join([name, *given])
        runs = []
        for seed in options.seeds:
            kept = None if options.keep is None else options.keep / f"{called}-{seed}.firth"
            settings = {**changes, "seed": seed}
            found, history = run(name, settings, vectors, elmo, options.held_out, kept)
            runs.append(found)
            print(called, {k: v for k, v in found.items() if k != "settings"}, flush=True)
            log = RESULTS / results / f"{called}-seed{seed}.jsonl"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("".join(json.dumps(entry) + os.linesep for entry in history))
            values = [one[figure] for one in runs]
            spread = statistics.stdev(values) if len(values) > 1 else None
            figures[called] = {
                figure: round(statistics.mean(values), 2),
                "standard_deviation": spread and round(spread, 2),
                "vectors": None if options.vectors is None else options.vectors.name,
                "elmo": None if options.elmo is None else options.elmo.name,
                "command": command(),
                "runs": runs,
            }
            keep(results, figures)


if __name__ == "__main__":
    main()
