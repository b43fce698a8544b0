"""The layers of an ELMo for many trainings: it reads all sentences once.

FOLDER/trained-DIGEST.npy, untrained-DIGEST.npy     `LayerStore`s; the digest is of the ELMo
                                                    and of the sentences
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from firth.errors import FormatError
from firth.neural.bilm import BiLM, symbols_of
from firth.neural.elmo_layers import ElmoLayers, without_softmax
from firth.neural.elmo_settings import ELMo
from firth.neural.layer_store import LayerStore, bytes_of, must_fit
from firth.neural.words import Words
from firth.progress import Progress
from firth.vectors.fitted import Fitted

#: the weights of the untrained ELMo are drawn from it
UNTRAINED_SEED = 1


class Selected:
    """The sentences `numbers` int64[S] of a store (`words.layers.Stored`); nothing is copied."""

    def __init__(self, store: LayerStore, numbers: np.ndarray) -> None:
        self._store, self._numbers = store, numbers

    def batch(self, numbers: np.ndarray) -> Tensor:
        return self._store.batch(self._numbers[numbers])


class SharedLayers:
    """What `words.Elmo` asks (`words.layers.Layers`), of sentences that are in a store.

    place: where each sentence is in it.
    """

    def __init__(self, store: LayerStore, place: dict[tuple[str, ...], int]) -> None:
        self._store, self._place = store, place
        self.layers, self.width = store.layers, store.width

    def only(self, use: str) -> SharedLayers:
        """Those that `use` reads: of "top" the last, else all."""
        if use != "top":
            return self
        top = LayerStore(self._store.words[:, -1:], self._store.offsets, self._store.path)
        return SharedLayers(top, self._place)

    def stored(self, words: Words) -> Selected:
        numbers = [self._place[tuple(sentence)] for sentence in words.sentences]
        return Selected(self._store, np.array(numbers, np.int64))


def distinct(texts: Iterable[Sequence[Sequence[str]]]) -> dict[tuple[str, ...], int]:
    """The different sentences of all texts, each with its number."""
    place: dict[tuple[str, ...], int] = {}
    for text in texts:
        for sentence in text:
            place.setdefault(tuple(sentence), len(place))
    return place


def digest_of(fitted: Fitted) -> str:
    """Of the weights that give an ELMo's layers, and of how it reads words."""
    digest = hashlib.blake2b(digest_size=8)
    bare = without_softmax(fitted)
    symbols = fitted.corpus.get("symbols"), bool(fitted.corpus.get("fold_case"))
    digest.update(repr((sorted(fitted.settings.items()), symbols)).encode())
    for name in sorted(bare.state):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(bare.state[name], np.float32).data)
    return digest.hexdigest()


def untrained(fitted: Fitted) -> Fitted:
    """An ELMo of the same architecture and alphabet, its weights drawn afresh; no softmax."""
    settings = ELMo.from_json(fitted.settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(UNTRAINED_SEED)
        net = BiLM(settings, symbols_of(fitted), 0)
        net.reset()
    return Fitted(
        kind=fitted.kind,
        vectors=None,
        state=net.arrays(),
        settings=fitted.settings,
        corpus=fitted.corpus,
        phrases=fitted.phrases,
        names=fitted.vocabulary,
    )


class Shelf:
    """The stores of a comparison, in `folder`; made when they are first asked for.

    place: the sentences that all of them hold (`distinct`).
    """

    def __init__(
        self,
        elmo: Fitted,
        place: dict[tuple[str, ...], int],
        folder: Path,
        *,
        device: str,
        threads: int,
    ) -> None:
        self._elmo, self._place, self._folder = elmo, place, folder
        self._device, self._threads = device, threads
        self._lengths = np.array([len(sentence) for sentence in place], np.int64)
        digest = hashlib.blake2b(digest_of(elmo).encode(), digest_size=6)
        for sentence in place:
            digest.update(repr(sentence).encode("utf-8", "surrogatepass"))
        self._digest = digest.hexdigest()
        self._open: dict[bool, SharedLayers] = {}

    def prepare(self, fresh: Sequence[bool], progress: Progress) -> None:
        """Has the stores read what they lack. fresh: which ones, untrained (True) or trained.

        Raises:
            StorageError: the disk is too small, or full.  FormatError: no ELMo.
        """
        missing = [one for one in fresh if self._kept(one) is None]
        if not missing:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.npy"):  # of other sentences, or of another ELMo
            if self._digest not in path.name:
                path.unlink()
        readers = {
            one: ElmoLayers(
                untrained(self._elmo) if one else self._elmo,
                device=self._device,
                threads=self._threads,
            )
            for one in missing
        }
        sizes = {
            one: bytes_of(int(self._lengths.sum()), reader.layers, reader.width)
            for one, reader in readers.items()
        }
        must_fit(self._folder, sum(sizes.values()))
        who = "An untrained ELMo reads" if missing == [True] else "The ELMo reads"
        progress.say(
            f"{who if len(missing) == 1 else 'The ELMo and an untrained one read'} "
            f"{len(self._lengths):,} sentences, {int(self._lengths.sum()):,} words, once: "
            f"{sum(sizes.values()) / 1e6:,.1f} MB in {self._folder}, removed when all is done."
        )
        for one, reader in readers.items():
            sentences = reader.as_read(list(self._place))
            reader.contextual.store(sentences, self._path(one), progress=progress)

    def layers(self, fresh: bool) -> SharedLayers:
        """Those of a store that is there."""
        if fresh not in self._open:
            store = self._kept(fresh)
            if store is None:
                raise FormatError(self._path(fresh), "nothing", "the layers that were kept there")
            self._open[fresh] = SharedLayers(store, self._place)
        return self._open[fresh]

    def close(self) -> None:
        """Removes all stores, those of other sentences too."""
        self._open.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, fresh: bool) -> Path:
        return self._folder / f"{'untrained' if fresh else 'trained'}-{self._digest}.npy"

    def _kept(self, fresh: bool) -> LayerStore | None:
        """A store that was finished before."""
        try:
            store = LayerStore.open(self._path(fresh))
        except FormatError:
            return None
        return store if np.array_equal(store.lengths, self._lengths) else None
