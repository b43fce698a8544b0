"""What models made from co-occurrence share: how it is counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firth.progress import SILENT, Progress
from firth.settings import Settings, byte_count, setting

if TYPE_CHECKING:
    from firth.static.cooccurrence import Cooccurrence
    from firth.text.corpus import Corpus


@dataclass(frozen=True)
class WindowCounts(Settings):
    """How words that stand near each other are counted; `count` does it."""

    window: int = setting(10, "words to each side that count as near, at most", low=1, high=1000)
    direction: str = setting("both", "where to look from a word", choices=("both", "left", "right"))
    weighting: str = setting(
        "harmonic",
        "what a word at distance d counts: 1/d (harmonic) or 1 (flat)",
        choices=("harmonic", "flat"),
    )
    min_count: int = setting(5, "words that occur less often are left out", low=1)
    max_size: int | None = setting(None, "keep at most so many words, the most frequent", low=1)
    memory: int | str | None = setting(
        None, "bytes to count in, as 500MB or 2GB; more goes to disk; default: half of what is free"
    )
    threads: int = setting(0, "processor cores to use; 0: all", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory is not None:
            byte_count(self.memory)

    @property
    def kind(self) -> str:
        """The word for it on the command line."""
        return "cooccurrence"

    def count(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]] | Cooccurrence,
        *,
        progress: Progress = SILENT,
    ) -> Cooccurrence:
        """Counts `corpus`; what is counted already is given back as it is.

        Raises:
            CorpusError, VocabularyError: nothing to count.
            SettingError: `memory` is less than can do, or counts of other settings were given.
            StorageError: not enough disk, or it became full.
        """
        from firth.static.count_windows import count

        return count(self, corpus, progress)
