"""Phrases: words that stand side by side more often than by chance become one word.

    T. Mikolov et al. 2013, Distributed Representations of Words and Phrases, equation 6:

        score(a, b) = (n_ab - d) / (n_a n_b) * factor         joined if score > threshold

    n_a, n_b, n_ab: how often a, b, and b behind a in a line occur; d = min_count.

    scoring="vocabulary"  factor = distinct words + distinct pairs (gensim)
    scoring="tokens"      factor = tokens of the text (word2phrase)
    scoring="npmi"        G. Bouma 2009: ln(p_ab / (p_a p_b)) / -ln p_ab,  p = n / tokens: -1 to 1

Where we depart: pairs are counted inside lines only, while word2phrase counts the pair across
a line end too (across_lines=True does so). Scores are float64; word2phrase has float32. gensim
and word2phrase count a word of the text that is spelled like a pair (new_york) as that pair; here
it is a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firth.errors import SettingError
from firth.progress import SILENT, Progress
from firth.settings import Settings, setting
from firth.text.phrase_model import Pass as Pass
from firth.text.phrase_model import Phrase as Phrase
from firth.text.phrase_model import PhraseModel as PhraseModel

if TYPE_CHECKING:
    from firth.text.corpus import Corpus

#: the threshold of each scoring, if none is given: gensim's and word2phrase's own
THRESHOLDS = {"vocabulary": 10.0, "tokens": 100.0, "npmi": 0.5}


@dataclass(frozen=True)
class Phrases(Settings):
    """How phrases are found; `fit` finds them."""

    min_count: int = setting(5, "pairs that occur less often are left out", low=1)
    threshold: float | None = setting(
        None,
        "the score above which a pair is joined; default: 10, 100 (tokens) or 0.5 (npmi)",
    )
    scoring: str = setting(
        "vocabulary", "how pairs are scored", choices=("vocabulary", "tokens", "npmi")
    )
    passes: int = setting(
        1, "times the text is gone through, each over the words joined before", low=1, high=20
    )
    connector_words: str = setting(
        "", "words that may stand inside a phrase but not begin or end it, with blanks or commas"
    )
    delimiter: str = setting("_", "what stands between the words of a phrase")
    max_size: int | None = setting(
        None, "keep at most so many phrases in a pass, those with the highest scores", low=1
    )
    across_lines: bool = setting(False, "count pairs across line ends too, as word2phrase does")
    threads: int = setting(0, "processor cores to use; 0: all", low=0)

    def __post_init__(self) -> None:
        given: Any = self.connector_words
        if isinstance(given, list | tuple | set | frozenset):
            words = sorted(given) if isinstance(given, set | frozenset) else given
            object.__setattr__(self, "connector_words", " ".join(map(str, words)))
        super().__post_init__()
        if self.threshold is not None:
            low, high = (-1, 1) if self.scoring == "npmi" else (0, None)
            if self.threshold < low or (high is not None and self.threshold > high):
                wanted = f"from {low} to {high}" if high else f"of at least {low}"
                raise SettingError(
                    f"threshold={self.threshold} is out of range; wanted a number {wanted} for "
                    f"scoring={self.scoring!r}."
                )
        if not self.delimiter or any(character.isspace() for character in self.delimiter):
            raise SettingError(
                f"delimiter={self.delimiter!r} cannot join words to one; wanted characters without "
                "a blank, as _."
            )
        if self.across_lines and self.connectors:
            raise SettingError(
                "across_lines and connector_words cannot be given together; word2phrase has no "
                "connector words."
            )

    @property
    def kind(self) -> str:
        """The word for it on the command line."""
        return "phrases"

    @property
    def connectors(self) -> list[str]:
        """The connector words, each once, in their order."""
        return list(dict.fromkeys(self.connector_words.replace(",", " ").split()))

    @property
    def limit(self) -> float:
        """The threshold in use."""
        return THRESHOLDS[self.scoring] if self.threshold is None else self.threshold

    def fit(
        self,
        corpus: Corpus | Iterable[str] | Iterable[list[str]],
        *,
        progress: Progress = SILENT,
    ) -> PhraseModel:
        """Finds the phrases of `corpus`; the same for any number of threads.

        The phrases of a corpus that has some are found before, and stand first in the result.

        Raises:
            CorpusError: the text cannot be read, or holds no token.
            VocabularyError: no pair is a phrase.
            SettingError: other connectors or another delimiter than the phrases of the corpus.
        """
        from firth.text.find_phrases import find

        return find(self, corpus, progress)
