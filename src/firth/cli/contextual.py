"""Vectors of words in their sentences on the command line: `firth embed`, `firth neighbors --in`.

OUT.npy           float16[words, layers, 2 dim]   the layout of `layer_store`
OUT.offsets.npy   int64[lines + 1]
OUT.tokens.jsonl  the words of each line, as a JSON list
"""

from __future__ import annotations

import copy
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firth.cli import output
from firth.cli.bar import progress
from firth.cli.models import is_folder_of_ours, must_exist, open_fitted, resolve_tokenizer
from firth.cli.options import Common, hyphens
from firth.errors import FormatError, SettingError
from firth.files import must_not_exist, whole_file
from firth.neural import need_torch

if TYPE_CHECKING:
    from firth.neural.contextual import Contextual
    from firth.text.corpus import Corpus
    from firth.vectors.fitted import Fitted

#: words shown on either side of the one that was found, where a person looks
AROUND = 10


@dataclass(frozen=True)
class Asked:
    """What `firth embed` was given."""

    model: str
    file: str
    out: Path
    layers: str
    dtype: str
    tokenizer: str | None
    fold_case: bool | None
    encoding: str
    device: str
    overwrite: bool
    common: Common


@dataclass(frozen=True)
class Question:
    """What `firth neighbors --in` was given."""

    model: str
    sentence: str
    against: list[str]
    layer: str
    any_word: bool
    tokenizer: str | None
    n: int
    limit: int | None
    common: Common


def open_contextual(
    model: str, fitted: Fitted, *, device: str = "auto", tokenizer: str | None = None
) -> Contextual:
    """
    Raises:
        FormatError: no ELMo.  MissingExtraError: no PyTorch.  SettingError: no such device.
    """
    if fitted.kind != "elmo":
        raise FormatError(
            model, f"a model of kind {fitted.kind}", "an ELMo", "Train one: firth train elmo."
        )
    need_torch("An ELMo")
    from firth.neural.contextual import Contextual

    cut = None if tokenizer is None else resolve_tokenizer(tokenizer)
    return Contextual(fitted, device, tokenizer=cut)


def embed(asked: Asked, fitted: Fitted) -> None:
    """See `firth.cli.embed.embed`."""
    if asked.out.suffix != ".npy":
        raise SettingError(
            f"-o {asked.out}: the ending '{asked.out.suffix}' is not .npy, as the vectors of words "
            "in their lines are written."
        )
    if asked.fold_case is not None and asked.tokenizer is None:
        raise SettingError(
            "An ELMo reads words in the case that it was trained with; leave --fold-case out."
        )
    tokens = asked.out.with_suffix(".tokens.jsonl")
    for path in (asked.out, asked.out.with_suffix(".offsets.npy"), tokens):
        must_not_exist(path, asked.overwrite)
    model = open_contextual(asked.model, fitted, device=asked.device, tokenizer=asked.tokenizer)
    from firth.neural.contextual import chosen_layers
    from firth.neural.layer_store import must_be_storable
    from firth.neural.sentences import LONGEST, told_long

    # before the text is gone through, which may take minutes
    chosen_layers(asked.layers, model.layers)
    must_be_storable(asked.out, asked.dtype)
    (file,) = hyphens([asked.file])
    output.call(
        asked.common.verbose,
        f"model = Contextual(firth.load({asked.model!r})); "
        f"model.store(model.corpus({file!r}), {str(asked.out)!r}, layers={asked.layers!r})",
    )
    corpus = model.corpus(file, encoding=asked.encoding)
    with whole_file(tokens, asked.overwrite) as temporary:
        counts = _written(corpus, temporary)
        store = model.store(
            corpus,
            asked.out,
            layers=asked.layers,
            dtype=asked.dtype,
            overwrite=asked.overwrite,
            progress=progress(),
        )
    names = list(counts)
    spelt = model.symbols.spelled(names).summary([counts[name] for name in names])
    size = asked.out.stat().st_size
    cut = int(np.count_nonzero(store.lengths > LONGEST))
    if asked.common.json:
        output.write_json(
            {
                "path": str(asked.out),
                "rows": len(store.words),
                "layers": store.layers,
                "width": store.width,
                "lines": len(store),
                "bytes": size,
                "unknown_characters": spelt["unknown"],
                "cut": spelt["cut"],
                "lines_cut": cut,
            }
        )
        return
    output.write(
        f"{len(store.words):,} words of {len(store):,} lines, {store.layers} x {store.width} "
        f"numbers each, are in {asked.out} ({size / 1e6:,.1f} MB); where lines begin in "
        f"{asked.out.with_suffix('.offsets.npy').name}, the words in {tokens.name}"
    )
    if cut:
        output.say(f"firth: note: {told_long(cut)}")
    if spelt["unknown"]:
        share = spelt["unknown"] / max(spelt["characters"], 1)
        output.say(
            f"firth: note: {spelt['unknown']:,} characters ({share:.1%}) are unknown to the model."
        )
    if spelt["cut"]:
        output.say(
            f"firth: note: {spelt['cut']:,} words are longer than {model.symbols.longest - 2} "
            f"{model.symbols.unit}s, and lost their ends."
        )


def _written(corpus: Corpus, path: Path) -> Counter[str]:
    """Writes the words of each line as JSON; how often each occurs."""
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for words in corpus:
            counts.update(words)
            file.write(json.dumps(words, ensure_ascii=False) + "\n")
    return counts


def neighbors(asked: Question) -> None:
    """See `firth.cli.ask.neighbors`."""
    must_exist(asked.model)
    if not is_folder_of_ours(asked.model):
        raise FormatError(asked.model, "no model folder", "an ELMo", "Train one: firth train elmo.")
    model = open_contextual(asked.model, open_fitted(asked.model), tokenizer=asked.tokenizer)
    from firth.neural.occurrences import occurrences
    from firth.neural.sentences import told_long

    against = hyphens(asked.against)
    more = "".join(
        f", {name}={value!r}"
        for name, value, default in (
            ("layer", asked.layer, "top"),
            ("any_word", asked.any_word, False),
            ("limit", asked.limit, None),
        )
        if value != default
    )
    output.call(
        asked.common.verbose,
        f"model = Contextual(firth.load({asked.model!r})); occurrences(model, "
        f"{asked.sentence!r}, model.corpus({against[0]!r}), n={asked.n}{more})",
    )
    watcher, lines = progress(), Lines([model.corpus(source) for source in against])
    found = occurrences(
        model,
        asked.sentence,
        lines,
        n=asked.n,
        layer=asked.layer,
        any_word=asked.any_word,
        limit=asked.limit,
        progress=watcher,
    )
    if asked.common.json:
        document: dict[str, Any] = {"word": found.asked.word, "in": asked.sentence}
        document |= {"layer": asked.layer, "seen": found.seen, "lines": found.lines}
        near = [one.to_json() | lines.place(one.line) for one in found.occurrences]
        output.write_json(document | {"neighbors": near})
        return
    around = AROUND if output.pretty() else None
    places = [lines.place(one.line) for one in found.occurrences]
    output.table(
        [
            [one.similarity, *place.values(), one.shown(around)]
            for one, place in zip(found.occurrences, places, strict=True)
        ],
        ["similarity", *places[0], "sentence"],
        title=f"nearest to {found.asked.word} in: {asked.sentence}",
    )
    if found.cut:
        output.say(f"firth: note: {told_long(found.cut)}")
    what = "words" if asked.any_word else f"occurrences of {found.asked.word}"
    output.say(f"The nearest of {found.seen:,} {what} in {found.lines:,} lines.")


class Lines:
    """The words of all lines of all files, one file after another."""

    def __init__(self, corpora: list[Corpus]) -> None:
        self._files: list[Corpus] = []
        for corpus in corpora:
            for source in corpus.sources:
                alone = copy.copy(corpus)
                alone.sources = [source]
                self._files.append(alone)
        #: lines up to the end of each file that was gone through
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[list[str]]:
        self._ends, lines = [], 0
        for file in self._files:
            for words in file:
                lines += 1
                yield words
            self._ends.append(lines)

    def place(self, line: int) -> dict[str, Any]:
        """Where a line is, that was counted through all files: its file, if there are several, and
        its number there."""
        if len(self._files) == 1:
            return {"line": line}
        # a file that was not gone through to its end has none noted, and is the last
        number = bisect_left(self._ends, line)
        before = self._ends[number - 1] if number else 0
        return {"source": self._files[number].sources[0].name, "line": line - before}
