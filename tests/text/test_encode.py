"""Encoding: against a plain Counter, with any number of threads, in memory and on disk."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import CorpusError, SettingError, StorageError, VocabularyError
from firth.progress import Progress
from firth.text import blocks, spill, table, temporary
from firth.text.corpus import Corpus
from firth.text.stream import encode
from firth.text.vocabulary import Vocabulary


def plain(lines, min_count=1, max_size=None):
    """The definition: (names, counts, ids, ends)."""
    counts = Counter(token for tokens in lines for token in tokens)
    kept = [(-n, word) for word, n in counts.items() if n >= min_count]
    names = [word for _, word in sorted(kept)][:max_size]
    numbers = {word: i for i, word in enumerate(names)}
    ids, ends = [], []
    for tokens in lines:
        known = [numbers[token] for token in tokens if token in numbers]
        ids += known
        if known:
            ends.append(len(ids))
    return names, [counts[name] for name in names], ids, ends


def result(encoded):
    stream = encoded.stream
    assert stream.ids.dtype == np.int32
    assert stream.ends.dtype == np.int64
    return (
        encoded.vocabulary.names,
        encoded.vocabulary.counts.tolist(),
        stream.ids.tolist(),
        stream.ends.tolist(),
    )


words = st.one_of(
    st.sampled_from(["a", "b", "A", "ß", "SS", "the", "The", "日", "x" * 300]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=9),
)
token_lists = st.lists(st.lists(words, max_size=12), min_size=1, max_size=15)


@settings(max_examples=200, deadline=None)
@given(token_lists, st.integers(1, 3), st.one_of(st.none(), st.integers(1, 5)))
def test_lists_of_tokens_as_a_counter_says(lines, min_count, max_size):
    names, *_ = expected = plain(lines, min_count, max_size)
    corpus = Corpus(lines)
    if not names:
        with pytest.raises((VocabularyError, CorpusError)):
            encode(corpus, min_count=min_count, max_size=max_size)
        return
    encoded = encode(corpus, min_count=min_count, max_size=max_size)
    assert result(encoded) == expected
    assert encoded.lines == len(lines)
    assert encoded.tokens == sum(map(len, lines))
    assert encoded.types == len({token for tokens in lines for token in tokens})
    assert (encoded.vocabulary.types, encoded.vocabulary.tokens) == (encoded.types, encoded.tokens)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=10),
    st.sampled_from(["words", "whitespace", "characters", str.split]),
    st.sampled_from([None, True, False]),
)
def test_text_as_a_counter_says(lines, tokenizer, fold):
    corpus = Corpus(lines, tokenizer=tokenizer, fold_case=fold)
    tokens = list(corpus)
    if any(tokens):
        assert result(encode(corpus, min_count=1)) == plain(tokens)
    else:
        with pytest.raises(CorpusError, match="not a single token"):
            encode(corpus, min_count=1)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 200)
    monkeypatch.setattr("firth.text.opening.CHUNK", 100)
    monkeypatch.setattr("firth.text.corpus.BLOCK", 200)
    monkeypatch.setattr("firth.text.sources.BLOCK", 200)


def text(lines=500, seed=1):
    rng = np.random.default_rng(seed)
    vocabulary = [f"Wörd{i}" if i % 3 else f"word{i}" for i in range(300)]
    rows = [rng.zipf(1.3, rng.integers(0, 30)) % 300 for _ in range(lines)]
    return [" ".join(vocabulary[i] for i in row) for row in rows]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", str.split])
def test_any_number_of_threads(tmp_path, small_blocks, tokenizer):
    (tmp_path / "x.txt").write_text("\n".join(text()), "utf-8")
    corpus = Corpus(tmp_path / "x.txt", text(100, 2), tokenizer=tokenizer)
    assert len(list(corpus.blocks())) > 20
    one = encode(corpus, min_count=2)
    assert result(one) == plain(list(corpus), 2)
    for threads in (2, 5):
        more = encode(corpus, min_count=2, threads=threads)
        assert result(more) == result(one)
        assert (more.lines, more.tokens, more.types) == (one.lines, one.tokens, one.types)


def test_text_and_tokens_together(small_blocks):
    corpus = Corpus(text(50), [["Wörd1", "given apart"]] * 5, text(50, 3))
    assert result(encode(corpus, min_count=1)) == plain(list(corpus))
    assert result(encode(corpus, min_count=1, threads=3)) == plain(list(corpus))


def test_errors_of_a_thread_arrive(tmp_path, small_blocks):
    (tmp_path / "x.txt").write_bytes("\n".join(text()).encode() + b"\n\xff\n")
    for threads in (1, 3):
        with pytest.raises(CorpusError, match="0xFF is not UTF-8"):
            encode(Corpus(tmp_path / "x.txt"), threads=threads)


def test_on_disk_as_in_memory(tmp_path, small_blocks):
    corpus = Corpus(text())
    expected = encode(corpus, min_count=2)
    assert not isinstance(expected.stream.ids, np.memmap)
    for memory in (0, 3000, 40_000):
        encoded = encode(corpus, min_count=2, memory=memory, threads=2)
        assert result(encoded) == result(expected)
    assert isinstance(encode(corpus, min_count=2, memory=0).stream.ids, np.memmap)
    folder = tmp_path / "stream"
    encoded = encode(corpus, min_count=2, folder=folder)
    assert result(encoded) == result(expected)
    assert np.array_equal(np.load(folder / "ids.npy", mmap_mode="r"), expected.stream.ids)
    assert np.array_equal(np.load(folder / "ends.npy"), expected.stream.ends)


def test_nothing_known_in_a_folder(tmp_path):
    given_ = Vocabulary(["a"], [1])
    encoded = encode(Corpus(["a"]), vocabulary=given_, folder=tmp_path)
    assert np.load(tmp_path / "ids.npy").tolist() == [0] == encoded.stream.ids.tolist()


def test_temporary_files_have_no_name(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    encoded = encode(Corpus(text()), min_count=1, memory=0)
    assert not list(tmp_path.iterdir())
    assert encoded.stream.ids.max() > 0
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_disk_full(monkeypatch, tmp_path):
    full = Path("/dev/full")
    monkeypatch.setattr(temporary, "nameless", lambda: full.open("wb+", buffering=0))
    corpus = Corpus(text())
    with pytest.raises(StorageError, match="firth-ids: the disk is full .* Set TMPDIR to a folder"):
        encode(corpus, min_count=1, memory=0)
    # the second file, when the first fits in memory
    monkeypatch.setattr(spill.Spill, "put", lambda self, array: array)
    with pytest.raises(StorageError, match="the disk is full"):
        encode(corpus, min_count=1, memory=0)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file/x cannot be written"):
        encode(Corpus(["a"]), min_count=1, folder=tmp_path / "file" / "x")


def test_an_empty_vocabulary_says_what_to_change():
    lines = ["the cat sat", *["the of"] * 3, *(f"w{i}" for i in range(33))]
    with pytest.raises(VocabularyError) as error:
        encode(Corpus(lines))
    assert str(error.value) == (
        "0 of 37 types reached min_count=5; the most frequent are 'the' (4), 'of' (3). Lower "
        "min_count, or check that the corpus is a list of lists of tokens: the first item was the "
        "string 'the cat sat'."
    )


def test_an_empty_vocabulary_of_a_file(tmp_path):
    (tmp_path / "x.txt").write_text("a b\n")
    with pytest.raises(VocabularyError, match=r"'a' \(1\), 'b' \(1\). Lower min_count, or give mo"):
        encode(Corpus(tmp_path / "x.txt"))


def test_settings_are_checked():
    corpus = Corpus(["a"])
    for name in ("min_count", "max_size", "threads"):
        with pytest.raises(SettingError, match=f"{name}=0 is out of range; wanted at least 1"):
            encode(corpus, **{name: 0})
    with pytest.raises(SettingError, match="cannot be given together"):
        encode(corpus, vocabulary=Vocabulary(["a"]), keep=Vocabulary(["a"]))


def test_with_a_given_vocabulary():
    vocabulary = Vocabulary(["sat", "nowhere", "cat"], [9, 8, 7])
    encoded = encode(Corpus(["The Cat sat", "on the mat", "cat"]), vocabulary=vocabulary)
    assert encoded.vocabulary is vocabulary
    assert encoded.stream.ids.tolist() == [2, 0, 2]
    assert encoded.stream.ends.tolist() == [2, 3]
    assert (encoded.tokens, encoded.types, encoded.lines) == (7, 5, 3)
    with pytest.raises(VocabularyError, match="None of the 1 words of this text is among the 3"):
        encode(Corpus(["dog"]), vocabulary=vocabulary)


def test_words_that_are_kept():
    keep = Vocabulary(["old", "cat", "o\nd d"], [100, 2, 1])
    corpus = Corpus([["cat", "cat", "dog", "dog", "rare"]])
    encoded = encode(corpus, min_count=2, keep=keep)
    assert list(encoded.vocabulary) == ["old", "cat", "dog", "o\nd d"]
    assert encoded.vocabulary.counts.tolist() == [100, 4, 2, 1]
    assert encoded.stream.ids.tolist() == [1, 1, 2, 2]
    assert (encoded.types, encoded.tokens) == (3, 5)
    assert list(encode(corpus, max_size=3, keep=keep).vocabulary) == ["old", "cat", "o\nd d"]
    assert list(encode(corpus, keep=Vocabulary(["cat", "new"])).vocabulary) == ["cat", "new"]


def test_kept_words_of_other_threads_tables(small_blocks):
    corpus = Corpus(text())
    first = encode(corpus, min_count=1)
    again = encode(corpus, min_count=1, keep=first.vocabulary, threads=2)
    assert list(again.vocabulary) == list(first.vocabulary)
    assert np.array_equal(again.vocabulary.counts, 2 * first.vocabulary.counts)
    assert np.array_equal(again.stream.ids, first.stream.ids)


def test_one_word_a_million_times():
    encoded = encode(Corpus(["word " * 1_000_000]))
    assert encoded.vocabulary.counts.tolist() == [1_000_000]
    assert encoded.stream.ends.tolist() == [1_000_000]


def test_ties_are_ordered_by_code_points():
    names = ["b", "a", "ab", "aa", "é", "z", "\U00010000", "\uffff", "abcdefgh", "abcdefg", "a\0"]
    names += [f"long-common-beginning-{i}" for i in range(30)]
    encoded = encode(Corpus([names]), min_count=1)
    assert list(encoded.vocabulary) == sorted(names)


def test_the_table_holds_words_of_the_same_hash(monkeypatch):
    """The tag is 32 bits: among 300,000 words some are sure to share it."""
    rng = np.random.default_rng(5)
    blob = rng.integers(97, 123, 300_000 * 8).astype(np.uint8)
    stops = np.arange(8, len(blob) + 1, 8).astype(np.int32)
    made = table.Table(2)
    ids = made.add(blob, stops - 8, stops)
    tags = made._slots[made._slots > 0] >> np.uint64(32)
    assert len(np.unique(tags)) < made.types
    words_ = [bytes(blob[i : i + 8]) for i in range(0, len(blob), 8)]
    assert made.types == len(set(words_))
    firsts = list(dict.fromkeys(words_))
    assert [firsts[i] for i in ids.tolist()] == words_
    # well spread: few words lie far from their first place
    filled = np.flatnonzero(made._slots)
    shift = np.uint64(32 - int(np.log2(len(made._slots))))
    away = (filled - (made._slots[filled] >> np.uint64(32) >> shift).astype(np.int64)) % len(
        made._slots
    )
    assert away.mean() < 1.5


def test_words_alike_in_their_bytes_are_spread():
    """Numbers in a row, zeros of any length, one byte changed."""
    names = [str(i) for i in range(200_000)] + ["\0" * i for i in range(1, 200)]
    names += ["x" * i + "y" + "x" * (99 - i) for i in range(100)]
    made = table.Table()
    raw = [name.encode() for name in names]
    stops = np.cumsum([len(one) for one in raw]).astype(np.int32)
    starts = np.append(0, stops[:-1]).astype(np.int32)
    made.add(np.frombuffer(b"".join(raw), np.uint8), starts, stops)
    assert made.types == len(names)
    filled = np.flatnonzero(made._slots)
    shift = np.uint64(32 - int(np.log2(len(made._slots))))
    away = (filled - (made._slots[filled] >> np.uint64(32) >> shift).astype(np.int64)) % len(
        made._slots
    )
    assert away.mean() < 1.5


def test_progress_is_told(tmp_path):
    told = []

    class Watch(Progress):
        def start(self, task, total, unit):
            told.append((task, total, unit))

        def advance(self, done, **figures):
            told.append(done)

        def finish(self):
            told.append("finished")

    (tmp_path / "x.txt").write_text("a b\n" * 250_000)
    encode(Corpus(tmp_path / "x.txt"), progress=Watch())
    assert told[0] == ("reading", 1.0, "MB")
    assert told[-2:] == [1.0, "finished"]


def test_uncompiled_it_is_the_same():
    code = """
import json, sys
from firth.text.corpus import Corpus
from firth.text.stream import encode
lines = json.loads(sys.argv[1])
for tokenizer in ("words", "whitespace", "characters", str.split):
    e = encode(Corpus(lines, tokenizer=tokenizer, fold_case=True), min_count=1)
    s = e.stream
    print(json.dumps([e.vocabulary.names, s.ids.tolist(), s.ends.tolist()]))
"""
    lines = [
        "The quick (“brown”) fox can’t jump 32.3 feet", "", "می‌خواهم ۱۲٫۵", "我喜欢 SS ß",
        "ok 👩‍💻👍🏽 🇮🇷🇩🇪🇫 a:b צה\"ל mot\u202f! \u0301", *text(20),
    ]  # fmt: skip
    results = []
    for jit in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-Werror", "-c", code, json.dumps(lines)],
            env=os.environ | {"NUMBA_DISABLE_JIT": jit},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        results.append(done.stdout)
    assert results[0] == results[1]
    assert len(results[0].splitlines()) == 4


@settings(max_examples=60, deadline=None)
@given(token_lists, st.integers(1, 3))
def test_every_line_may_have_an_end(lines, min_count):
    """Lines as documents: one without words keeps its place."""
    names, *_ = plain(lines, min_count)
    if not names:
        return
    encoded = encode(Corpus(lines), min_count=min_count, every_line=True)
    known = [sum(token in names for token in tokens) for tokens in lines]
    assert encoded.stream.ends.tolist() == np.cumsum(known).tolist()
    assert encoded.stream.ids.tolist() == plain(lines, min_count)[2]


def test_every_line_with_threads_blocks_and_files(tmp_path, small_blocks):
    lines = text()
    known = Vocabulary(["wörd1", "wörd4"], [0, 0])
    for vocabulary in (None, known):
        made = [
            encode(Corpus(lines), min_count=2, vocabulary=vocabulary, every_line=True, **how)
            for how in ({}, {"threads": 3}, {"memory": 100}, {"folder": tmp_path / "ids"})
        ]
        assert len(made[0].stream.ends) == len(lines) == 500
        for one in made[1:]:
            assert result(one) == result(made[0])


def test_every_line_of_a_text_without_a_known_word():
    known = Vocabulary(["one"])
    for lines in (["two", ""], ["", ""], ["..."]):
        encoded = encode(Corpus(lines), vocabulary=known, every_line=True)
        assert encoded.stream.ends.tolist() == [0] * len(lines)
        assert len(encoded.stream.ids) == 0
    # the control: for models of sentences that is an error
    with pytest.raises(VocabularyError, match="None of the 1 words"):
        encode(Corpus(["two"]), vocabulary=known)
    with pytest.raises(CorpusError, match="not a single token"):
        encode(Corpus([""]), vocabulary=known)
    with pytest.raises(CorpusError, match="not a single token"):
        encode(Corpus([""]), every_line=True)
