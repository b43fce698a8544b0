"""Documents as rows over the words they hold: one-hot, bag of words, TF-IDF.

    X[d, i] = local(how often word i stands in document d) * weight[i]      `weighting`

A document is a line of the corpus (a list of tokens, a cell of a column), or a file. Each has its
row, also one without a word, whose row is empty. Matrices are sparse: scipy.sparse.csr_array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from firth.errors import CorpusError, FormatError, SettingError, VocabularyError
from firth.kernels.documents import count_documents, document_frequency
from firth.progress import SILENT, Progress
from firth.settings import Settings, setting
from firth.static.machine import available_cores
from firth.static.weighting import WEIGHTINGS, weighted, word_weights
from firth.text.corpus import Corpus
from firth.text.sources import FileSource, lines_of
from firth.text.stream import Encoded, Stream, encode
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted

Text = Corpus | Iterable[str] | Iterable[list[str]]


@dataclass(frozen=True)
class DocumentCounts(Settings):
    """A document-word matrix; `fit` learns its words and their weights. Every setting is
    explained by `firth train counts --help`."""

    weighting: str = setting("tf-idf", "how a count becomes a value", choices=WEIGHTINGS)
    documents: str = setting(
        "lines", "what is a document: a line, or a whole file", choices=("lines", "files")
    )
    min_count: int = setting(1, "words that occur less often are left out", low=1)
    max_size: int | None = setting(None, "keep at most so many words, the most frequent", low=1)
    min_df: int = setting(1, "words that stand in fewer documents are left out", low=1)
    max_df: float = setting(
        1.0, "words that stand in more than this share of the documents are left out", low=0, high=1
    )
    drop: str = setting("", "words to leave out (stop words), with spaces between them")
    threads: int = setting(0, "processor cores to use; 0: all", low=0)

    @property
    def kind(self) -> str:
        """The word for it on the command line."""
        return "counts"

    def fit(self, corpus: Text, *, progress: Progress = SILENT) -> Fitted:
        """Learns the words of `corpus` and their weights.

        The model has no vectors; state: "document_frequency" int64[V] and "weights" float64[V].

        Raises:
            CorpusError: no text, or documents="files" of a corpus without files.
            VocabularyError: no word is left.
        """
        return self.fit_transform(corpus, progress=progress)[0]

    def fit_transform(
        self, corpus: Text, *, progress: Progress = SILENT
    ) -> tuple[Fitted, csr_array]:
        """As `fit`, and the matrix [D, V] of the corpus itself."""
        corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
        threads = self.threads or available_cores()
        encoded = encode(
            _of_documents(corpus, self.documents),
            min_count=self.min_count,
            threads=threads,
            progress=progress,
            every_line=True,
        )
        vocabulary, numbers, df = _choose(self, encoded)
        counts = matrix_of(encoded.stream, numbers, len(vocabulary), threads)
        weights = word_weights(self.weighting, counts, df)
        fitted = Fitted(
            kind=self.kind,
            vectors=None,
            names=vocabulary,
            state={
                "document_frequency": df,
                "weights": weights,
            },
            settings=self.to_json(),
            corpus={
                **corpus.summary(),
                "lines": encoded.lines,
                "tokens": encoded.tokens,
                "types": encoded.types,
                "documents": counts.shape[0],
                "kept_tokens": int(counts.data.sum()),
            },
            phrases=corpus.phrases,
        )
        return fitted, weighted(self.weighting, counts, weights)

    @staticmethod
    def transform(fitted: Fitted, documents: Text, *, threads: int = 1) -> csr_array:
        """The matrix [D, V] of other documents, with the words and weights of `fitted`.

        documents: lines, cut as the text of the model was; lists of tokens, taken as they are; or
        a Corpus, which says itself how it is cut. Words the model does not know count nowhere.

        Raises:
            SettingError: the model's text was cut by a function, and lines were given.
            FormatError: `fitted` is no such model.
        """
        return transform(fitted, documents, threads=threads)


def transform(fitted: Fitted, documents: Text, *, threads: int = 1) -> csr_array:
    """See `DocumentCounts.transform`."""
    vocabulary, weights = fitted.vocabulary, fitted.state.get("weights")
    weighting = fitted.settings.get("weighting")
    if weighting not in WEIGHTINGS or weights is None or weights.shape != (len(vocabulary),):
        raise FormatError(
            fitted.kind, "a model without weights of words", "one of the kind counts or lsa"
        )
    corpus = like_the_model(fitted, documents)
    if corpus is None:
        return csr_array((0, len(vocabulary)), dtype=np.float64)
    if isinstance(documents, Corpus):
        # the items of a list are documents, also where the model was made from files
        corpus = _of_documents(corpus, fitted.settings["documents"])
    encoded = encode(
        corpus if fitted.phrases is None else corpus.with_phrases(fitted.phrases),
        vocabulary=vocabulary,
        threads=threads,
        every_line=True,
    )
    numbers = np.arange(len(vocabulary), dtype=np.int32)
    counts = matrix_of(encoded.stream, numbers, len(vocabulary), threads)
    return weighted(weighting, counts, np.array(weights, np.float64))


def one_hot(
    words: Iterable[str], vocabulary: Vocabulary, *, zeros_for_unknown: bool = False
) -> csr_array:
    """int64[n, V]: for each word a row of zeros with a 1 in its column.

    Raises:
        UnknownWordError: a word that is not in the vocabulary; the nearest are offered.
    """
    words = list(words)
    columns = vocabulary.ids(words)
    known = columns >= 0
    if not known.all() and not zeros_for_unknown:
        vocabulary.id(words[int(np.argmin(known))])
    offsets = np.concatenate([[0], np.cumsum(known)]).astype(np.int32)
    columns = columns[known].astype(np.int32)
    ones = np.ones(len(columns), np.int64)
    return csr_array((ones, columns, offsets), shape=(len(words), len(vocabulary)))


def matrix_of(stream: Stream, numbers: np.ndarray, columns: int, threads: int = 1) -> csr_array:
    """int64[D, columns]: how often each word stands in each document.

    stream: encoded with `every_line`.  numbers int32[words]: the column of each word, or -1.
    The same for any number of threads.
    """
    ids, ends = stream.ids, np.asarray(stream.ends)
    # as many tokens for each thread, whatever the documents' lengths
    shares = np.searchsorted(ends, np.linspace(0, len(ids), threads + 1)[1:-1])
    edges = np.concatenate([[0], shares, [len(ends)]]).astype(np.int64)

    def work(part: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first, last = int(edges[part]), int(edges[part + 1])
        start = int(ends[first - 1]) if first else 0
        room = int(ends[last - 1]) - start if last > first else 0
        # what is not written to takes no memory
        found, counts = np.empty(room, np.int32), np.empty(room, np.int64)
        stops = np.empty(last - first, np.int64)
        row = np.zeros(columns, np.int64)
        n = count_documents(ids, ends, first, last, numbers, row, found, counts, stops)
        return found[:n], counts[:n], stops

    if threads == 1:
        parts = [work(0)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(work, range(threads)))
    before = np.cumsum([0, *(len(found) for found, _, _ in parts)])
    offsets = np.concatenate(
        [[0], *(stops + size for (_, _, stops), size in zip(parts, before[:-1], strict=True))]
    )
    # 32-bit indices where they do: many programs take no others
    offsets = offsets.astype(np.int32 if before[-1] < 2**31 else np.int64)
    found = np.concatenate([found for found, _, _ in parts])
    counts = np.concatenate([counts for _, counts, _ in parts])
    made = csr_array((counts, found, offsets), shape=(len(ends), columns))
    made.has_canonical_format = True
    return made


def like_the_model(fitted: Fitted, documents: Text) -> Corpus | None:
    """`documents` as a corpus cut as that of `fitted`; None if there are none.

    Raises:
        SettingError: that was cut by a function, and lines are given.
    """
    if isinstance(documents, Corpus):
        return documents
    if isinstance(documents, str):
        raise CorpusError(
            f"Documents are a list of lines; found the string {documents[:40]!r}. Give [text]."
        )
    listed: list[Any] = list(documents)
    if not listed:
        return None
    known = fitted.corpus
    tokenizer, fold = str(known.get("tokenizer", "words")), known.get("fold_case")
    # None is an empty cell of a column
    if not isinstance(next((one for one in listed if one is not None), ""), str):
        return Corpus(listed, fold_case=fold if tokenizer == "given" else None)
    if tokenizer == "given" or known.get("tokenizer_is_function"):
        how = "given as tokens" if tokenizer == "given" else f"cut by the function {tokenizer}"
        raise SettingError(
            f"The text of this model was {how}; give lists of tokens, or a Corpus with that "
            "tokenizer: Corpus(lines, tokenizer=function)."
        )
    return Corpus(listed, tokenizer=tokenizer, fold_case=fold)


class WholeFiles:
    """The files of a corpus, each as one line; can be gone through again."""

    def __init__(self, sources: list[FileSource]) -> None:
        self._sources = sources

    def __iter__(self) -> Iterator[str]:
        for source in self._sources:
            yield " ".join(lines_of(source))


def _of_documents(corpus: Corpus, documents: str) -> Corpus:
    """`corpus` with a document a line.

    Raises:
        CorpusError: files are asked for, and there are none.
    """
    if documents == "lines":
        return corpus
    files = [source for source in corpus.sources if isinstance(source, FileSource)]
    if len(files) < len(corpus.sources):
        other = next(one for one in corpus.sources if not isinstance(one, FileSource))
        raise CorpusError(
            f'documents="files": {other.name} is not a file of text; give files or folders, or '
            'documents="lines".'
        )
    cut = corpus.tokenizer
    tokenizer: Any = cut.name if cut.function is None or not cut.by_user else cut.function
    whole = Corpus(WholeFiles(files), tokenizer=tokenizer, fold_case=cut.fold)
    return whole.with_phrases(corpus.phrases)


def _choose(
    settings: DocumentCounts, encoded: Encoded
) -> tuple[Vocabulary, np.ndarray, np.ndarray]:
    """The words that stay, int32[words] the new number of each or -1, int64[V] df of the new.

    Raises:
        VocabularyError: none stays.
    """
    older, stream = encoded.vocabulary, encoded.stream
    V, N = len(older), len(stream.ends)
    df = np.zeros(V, np.int64)
    document_frequency(stream.ids, stream.ends, np.full(V, -1, np.int64), df)
    stays = (df >= settings.min_df) & (df <= settings.max_df * N)
    dropped = older.ids(settings.drop.split())
    stays[dropped[dropped >= 0]] = False
    # words are in the order of falling counts
    chosen = np.flatnonzero(stays)[: settings.max_size]
    if not len(chosen):
        raise VocabularyError(
            f"0 of {V:,} words are left by min_df={settings.min_df}, max_df={settings.max_df:g} "
            f"and drop={settings.drop!r}; {N:,} documents, and the most widespread word stands in "
            f"{df.max():,} of them ('{older[int(df.argmax())]}'). Lower min_df, raise max_df or "
            "drop fewer words."
        )
    numbers = np.full(V, -1, np.int32)
    numbers[chosen] = np.arange(len(chosen), dtype=np.int32)
    if len(chosen) == V:
        return older, numbers, df
    names = older.names
    counts = older.counts
    assert counts is not None
    vocabulary = Vocabulary(
        [names[i] for i in chosen.tolist()], counts[chosen], older.types, older.tokens
    )
    return vocabulary, numbers, df[chosen]
