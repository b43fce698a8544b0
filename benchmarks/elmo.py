"""An ELMo and word vectors of the first ten million words of a text, and what they cost.

    python -m benchmarks.elmo FOLDER [--words 10000000] [--minutes 112] [--threads 1]

Cuts paragraphs into sentences at . ! ? before a capital, writes FOLDER/train.txt (the first words)
and FOLDER/dev.txt (the next hundredth as many), and trains FOLDER/elmo.firth (preset small,
tokenizer signs) and FOLDER/vectors.firth (skip-gram of the same text) unless they are there. Then
it measures: the perplexity of each direction by the full softmax, and words a second of embedding.

They are what `benchmarks.tagger`, `learning_curve` and `senses` take. The history of the training
is kept beside the figures.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import tempfile
import time
from pathlib import Path

from benchmarks.common import RESULTS, keep, options_of, wanted
from firth import Corpus, ELMo, SkipGram, load
from firth.cli.bar import progress
from firth.neural.contextual import Contextual
from firth.neural.elmo_scoring import ElmoScorer

#: a sentence may end here; behind an abbreviation it does not
_END = re.compile(
    r"(?<=[.!?][\"')])\s+(?=[\"'(]?[A-Z0-9])|(?<=[.!?])\s+(?=[\"'(]?[A-Z])",
)
_SHORT = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|vs|Prof|Gen|Col|Lt|Sgt|Rev|Hon|Gov|Sen|Rep|No|Vol|pp|ca|cf|c|"
    r"e\.g|i\.e|Inc|Ltd|Co|Corp|Mt|Ft|al|[A-Z])|\b[A-Z](?:\.[A-Z])+)\.$"
)
_WORD = re.compile(r"\w+|[^\w\s]")


def sentences_of(paragraph: str) -> list[str]:
    found: list[str] = []
    for part in _END.split(paragraph.strip()):
        if found and _SHORT.search(found[-1]):
            found[-1] += f" {part}"
        elif part:
            found.append(part)
    return found


def prepare(folder: Path, words: int) -> None:
    """train.txt and dev.txt, unless they are there."""
    train, dev = folder / "train.txt", folder / "dev.txt"
    if dev.exists():
        return
    seen = 0
    with (
        gzip.open(wanted("data", "text", "enwiki_a.txt.gz"), "rt", encoding="utf-8") as lines,
        open(train, "w", encoding="utf-8") as first,
        open(dev, "w", encoding="utf-8") as second,
    ):
        for line in lines:
            for sentence in sentences_of(line):
                (first if seen < words else second).write(sentence + "\n")
                seen += len(_WORD.findall(sentence))
            if seen > words * 1.01:
                break


def main() -> None:
    parser = options_of(__doc__, "elmo")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--words", type=int, default=10_000_000)
    parser.add_argument("--minutes", type=float, default=112.0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    prepare(options.folder, options.words)
    text = Corpus(options.folder / "train.txt", tokenizer="signs", fold_case=False)
    dev = Corpus(options.folder / "dev.txt", tokenizer="signs", fold_case=False)
    model, vectors = options.folder / "elmo.firth", options.folder / "vectors.firth"
    if not model.exists():
        settings = ELMo(preset="small", minutes=options.minutes, threads=options.threads)
        settings.fit(text, dev=dev, checkpoint=options.folder / "run", progress=progress()).save(
            model
        )
    if not vectors.exists():
        SkipGram(threads=options.threads).fit(text, progress=progress()).save(vectors)
    fitted = load(model)
    found = ElmoScorer(fitted, threads=options.threads).perplexity(options.folder / "dev.txt")
    lines = (options.folder / "dev.txt").read_text("utf-8").splitlines()
    contextual = Contextual(fitted, device="cpu", threads=options.threads)
    began = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        cut = [contextual.cut(line) for line in lines]
        contextual.store(cut, Path(scratch) / "dev.npy")
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    embedded = sum(map(len, cut))
    last = fitted.history[-1]
    figures = {
        "perplexity": found.perplexity,
        "forward_perplexity": math.exp(found.forward_loss),
        "backward_perplexity": math.exp(found.backward_loss),
        "predicted": found.tokens,
        "unknown_share": found.unknown_share,
        "trained_words": fitted.corpus["tokens"],
        "epochs": last["epoch"],
        "minutes": round(last["seconds"] / 60, 1),
        "trained_tokens_per_second": [entry["tokens_per_second"] for entry in fitted.history],
        "embedded_words_per_second": round(embedded / wall),
        "embedded_words_per_cpu_second": round(embedded / cpu),
        "settings": fitted.settings,
    }
    print({name: value for name, value in figures.items() if name != "settings"})
    log = RESULTS / options.name / "history.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(entry) + "\n" for entry in fitted.history))
    keep(options.name, figures)


if __name__ == "__main__":
    main()
