"""The layers of an ELMo as an input of another net: run once over a text, kept, mixed later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from firth.errors import FormatError
from firth.neural.contextual import Contextual, chosen_layers
from firth.neural.layer_store import LayerStore
from firth.neural.words import Words
from firth.progress import SILENT, Progress
from firth.vectors.fitted import Fitted

#: what is kept for each way of using the layers
KEPT = {"mix": "all", "top": "top", "average": "average"}
#: weights of a biLM that predict words, for which another net has no use
PREDICTS = "net.softmax."


class ElmoLayers:
    """What `words.Elmo` asks (`words.layers.Layers`).

    fitted: of the kind elmo.  use: as `words.Elmo` has it; of top and average only that is kept.
    folder: the layers lie there, in float16; without one in memory.

    A biLM whose text was read in lower case reads these words in lower case too.

    Raises:
        FormatError: another kind of model, or a damaged one.  SettingError: no such device.
    """

    def __init__(
        self,
        fitted: Fitted,
        use: str = "mix",
        *,
        device: str = "auto",
        threads: int = 0,
        folder: Path | None = None,
        progress: Progress = SILENT,
    ) -> None:
        if fitted.kind != "elmo":
            raise FormatError(
                "the model given as ELMo", f"one of kind {fitted.kind}", "one of kind elmo",
                "Train one: firth train elmo.",
            )  # fmt: skip
        self.contextual = Contextual(fitted, device, threads)
        self.width = self.contextual.width
        self._kept = KEPT[use]
        self._chosen = chosen_layers(self._kept, self.contextual.layers)
        self.layers = self._chosen.count
        self._fold = bool(fitted.corpus.get("fold_case"))
        self._folder, self._progress, self._stored = folder, progress, 0

    def as_read(self, sentences: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
        """Words as the biLM reads them: in lower case, if its text was."""
        if not self._fold:
            return sentences
        return [[word.casefold() for word in line] for line in sentences]

    def stored(self, words: Words) -> LayerStore:
        """
        Raises:
            StorageError: the disk of the folder is too small.
        """
        sentences = self.as_read(words.sentences)
        if self._folder is None:
            found = self._chosen.of(self.contextual.words_of(sentences))
            return LayerStore(_halved(found), np.append(words.starts, len(words.ids)))
        self._stored += 1
        return self.contextual.store(
            sentences,
            self._folder / f"{self._stored}.npy",
            layers=self._kept,
            progress=self._progress,
        )


def _halved(words: np.ndarray) -> np.ndarray:
    """As they lie on disk, in float16, so that both give the same answers."""
    with np.errstate(over="ignore"):
        half = words.astype(np.float16)
    return half if np.isfinite(half).all() else words


def without_softmax(fitted: Fitted) -> Fitted:
    """The same biLM, without what only predicts words."""
    state = {name: x for name, x in fitted.state.items() if not name.startswith(PREDICTS)}
    return Fitted(
        kind=fitted.kind,
        vectors=None,
        state=state,
        settings=fitted.settings,
        history=fitted.history,
        corpus=fitted.corpus,
        phrases=fitted.phrases,
        names=fitted.vocabulary,
    )
