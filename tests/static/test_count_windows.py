"""Co-occurrence: equal to the definition for every option, any threads, any memory."""

import dataclasses
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import Corpus
from firth.errors import FormatError, SettingError, StorageError, VocabularyError
from firth.kernels.cooccurrence import weights
from firth.progress import SILENT
from firth.static import count_windows
from firth.static.cooccurrence import Cooccurrence, is_counts
from firth.static.window_counts import WindowCounts
from firth.text.stream import encode
from oracles.cooccurrence import counted


def lines_of(lines=60, words=30, longest=15, seed=1):
    """Words of falling frequency, lines of any length (none too)."""
    rng = random.Random(seed)
    names = [f"w{i}" for i in range(words)]
    shares = [1 / (i + 1) for i in range(words)]
    return [rng.choices(names, shares, k=rng.randrange(longest)) for _ in range(lines)]


def triples(counts):
    names = counts.vocabulary.names
    return {
        (names[i], names[j]): value
        for i in range(len(names))
        for j, value in zip(
            counts.columns[counts.offsets[i] : counts.offsets[i + 1]].tolist(),
            counts.values[counts.offsets[i] : counts.offsets[i + 1]].tolist(),
            strict=True,
        )
    }


@pytest.mark.parametrize("direction", ["both", "left", "right"])
@pytest.mark.parametrize("weighting", ["harmonic", "flat"])
@pytest.mark.parametrize(("window", "min_count"), [(1, 1), (3, 1), (10, 1), (10, 9), (40, 1)])
def test_is_the_definition(direction, weighting, window, min_count):
    lines = lines_of(seed=window)
    model = WindowCounts(
        window=window, direction=direction, weighting=weighting, min_count=min_count, threads=1
    )
    found, wanted = (
        triples(model.count(lines)),
        counted(lines, window, direction, weighting, min_count),
    )
    assert found.keys() == wanted.keys()
    # the nearest float64 to the fraction; above window 20 or so, 1/d itself is rounded
    exact = {pair: float(value) for pair, value in wanted.items()}
    if window <= 20:
        assert found == exact
    else:
        assert found == pytest.approx(exact, rel=1e-9)
    # control: another window is another table
    other = WindowCounts(window=window + 1, direction=direction, min_count=min_count, threads=1)
    if window < 10:
        assert triples(other.count(lines)) != exact


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), min_size=1, max_size=8),
    st.integers(1, 6),
    st.integers(1, 30),
    st.integers(1, 3),
)
def test_any_cut_of_the_text_and_any_threads(lines, window, tokens, threads):
    wanted = counted(lines, window)
    if len({token for line in lines for token in line}) < 2 or not wanted:
        return
    assert triples(_in_parts(lines, window, tokens, threads)) == {
        pair: float(value) for pair, value in wanted.items()
    }


def _in_parts(lines, window, tokens, threads):
    """Counted in segments of so many tokens."""
    model = WindowCounts(window=window, min_count=1, threads=threads)
    encoded = encode(Corpus(lines), min_count=1)
    work = count_windows.plan(model, encoded, 10**9, threads)
    work.tokens = tokens
    return Cooccurrence(encoded.vocabulary, *work.go(SILENT))


def test_a_line_longer_than_a_segment():
    line = [random.Random(1).choices([f"w{i}" for i in range(20)], k=1500)]
    wanted = {pair: float(value) for pair, value in counted(line, 5).items()}
    assert triples(_in_parts(line, 5, 100, 2)) == wanted


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_small_memory_gives_the_same_bits(threads, monkeypatch):
    """Runs on disk, rows in many blocks, the result in a file."""
    lines = lines_of(lines=3000, words=300)
    plain = WindowCounts(min_count=1, threads=1).count(lines)
    assert not isinstance(plain.values, np.memmap)
    monkeypatch.setattr(count_windows, "BLOCK", 64)
    monkeypatch.setattr(count_windows, "FEWEST", 100)
    parts = []
    watched = type("Watched", (type(SILENT),), {"say": lambda self, text: parts.append(text)})()
    bounded = WindowCounts(min_count=1, threads=threads, memory="300KB")
    bounded = bounded.count(lines, progress=watched)
    assert "parts" in parts[-1]
    assert isinstance(bounded.values, np.memmap)
    for name in ("offsets", "columns", "values"):
        np.testing.assert_array_equal(getattr(bounded, name), getattr(plain, name))


def test_what_is_to_come_is_told_about_right(monkeypatch):
    monkeypatch.setattr(count_windows, "WORTH_SAYING", 0)
    lines = lines_of(lines=4000, words=2000, longest=30)
    said = []
    watched = type("Watched", (type(SILENT),), {"say": lambda self, text: said.append(text)})()
    counts = WindowCounts(min_count=1, threads=1).count(lines, progress=watched)
    told = int(said[-1].split()[1].replace(",", ""))
    assert told == pytest.approx(len(counts), rel=0.15)


def test_golden_counts(shared):
    """What GloVe's own program counted: the same pairs, and values to the last bits."""
    import gzip

    folder = shared / "golden"
    model = WindowCounts(window=3, min_count=10, threads=1)
    counts = model.count(Corpus(folder / "corpus.txt.gz", tokenizer="whitespace"))
    record = np.dtype([("i", "<i4"), ("j", "<i4"), ("x", "<f8")])
    with gzip.open(folder / "cooccurrence.bin.gz") as file:
        wanted = np.frombuffer(file.read(), record)
    names = (folder / "glove_vocab.txt").read_text(encoding="utf-8").split()[::2]
    # the program compares signed bytes: among equal counts, what is not ASCII comes first
    assert sorted(counts.vocabulary.names) == sorted(names)
    pairs = zip(wanted["i"] - 1, wanted["j"] - 1, wanted["x"].tolist(), strict=True)
    theirs = {(names[i], names[j]): x for i, j, x in pairs}
    ours = triples(counts)
    # its merge of temporary files counts the very first record twice; we do not copy that
    assert theirs.pop(("the", "the")) == pytest.approx(2 * ours.pop(("the", "the")), rel=1e-13)
    assert ours == pytest.approx(theirs, rel=1e-13)


def test_weights_are_exact_where_they_can_be():
    weight, unit = weights(15, True, 10**9)
    assert unit == 360360
    assert all(weight[d] * d == unit for d in range(1, 16))
    weight, unit = weights(1000, True, 10**9)
    assert unit == 2 ** int(np.log2(unit))
    assert np.abs(weight[1:] / unit * np.arange(1, 1001) - 1).max() < 1e-3
    # what the most frequent word can gather stays below 2^63
    assert 2 * int(weight.sum()) * 10**9 < 2**63
    weight, unit = weights(4, False, 10)
    assert weight.tolist() == [0, 1, 1, 1, 1]


def test_save_and_load(tmp_path):
    counts = WindowCounts(min_count=1).count(lines_of())
    counts.save(tmp_path / "c.counts")
    again = Cooccurrence.load(tmp_path / "c.counts")
    assert is_counts(tmp_path / "c.counts")
    assert not is_counts(tmp_path)
    assert triples(again) == triples(counts)
    assert again.settings == counts.settings
    assert again.corpus == counts.corpus
    assert again.vocabulary.counts.tolist() == counts.vocabulary.counts.tolist()
    dense = again.matrix.toarray()
    np.testing.assert_array_equal(dense, dense.T)
    word = counts.vocabulary[2]
    columns, values = again.row(word)
    np.testing.assert_array_equal(dense[2, columns], values)
    # counts pass through; settings that say otherwise are refused
    assert WindowCounts().count(again) is again
    with pytest.raises(SettingError, match="window=7 was asked for, but these counts"):
        WindowCounts(window=7).count(again)


@pytest.mark.parametrize("name", ["offsets.npy", "columns.npy", "values.npy", "vocabulary.tsv"])
@pytest.mark.parametrize("way", ["cut", "gone", "other"])
def test_damaged_counts(name, way, tmp_path):
    WindowCounts(min_count=1).count(lines_of()).save(tmp_path / "c")
    file = tmp_path / "c" / name
    if way == "gone":
        file.unlink()
    elif way == "cut":
        file.write_bytes(file.read_bytes()[:-5])
    else:
        file.write_bytes(b"\x93NUMPY something else entirely")
    with pytest.raises(FormatError, match="expected"):
        Cooccurrence.load(tmp_path / "c")


def test_not_counts(tmp_path):
    with pytest.raises(FormatError, match="a folder of co-occurrence counts"):
        Cooccurrence.load(tmp_path)
    (tmp_path / "model.json").write_text('{"kind": "skipgram"}')
    with pytest.raises(FormatError, match="skipgram"):
        Cooccurrence.load(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(FormatError, match="damaged JSON"):
        Cooccurrence.load(tmp_path)


def test_nothing_to_count():
    with pytest.raises(VocabularyError, match="one word, 'a', so no word has another beside it"):
        WindowCounts(min_count=1).count([["a"], ["a"]])
    with pytest.raises(VocabularyError, match="No two of the 2 words stand in one line"):
        WindowCounts(min_count=1).count([["a"], ["b"]])


def test_one_word_beside_itself_and_another():
    counts = WindowCounts(min_count=1, window=2).count([["a", "a", "a"], ["b"]])
    assert triples(counts) == {("a", "a"): 5.0}


@pytest.mark.parametrize("memory", ["1KB", "100", 5000])
def test_too_little_memory(memory):
    with pytest.raises(SettingError, match=r"but 30 words take .* MB; give more"):
        WindowCounts(min_count=1, memory=memory).count(lines_of())


def test_more_memory_than_there_is():
    with pytest.raises(SettingError, match=r"memory=900TB is 900,000.0 GB, but only .* are free"):
        WindowCounts(memory="900TB").count(lines_of())


@pytest.mark.parametrize("memory", ["much", "5 apples", "-3MB"])
def test_memory_that_is_no_number(memory):
    with pytest.raises(SettingError, match="is not a number of bytes; give one such as 500MB"):
        WindowCounts(memory=memory)


def test_no_room_on_the_disk(monkeypatch):
    monkeypatch.setattr(count_windows, "free_disk", lambda folder: 1000)
    monkeypatch.setattr(count_windows, "FEWEST", 100)
    monkeypatch.setattr(count_windows, "BLOCK", 64)
    with pytest.raises(StorageError, match=r"needs about .* MB in .*, where only 0.0 MB are free"):
        WindowCounts(min_count=1, threads=1, memory="300KB").count(lines_of(3000, 300))


FULL = """
import resource, sys
from firth import Corpus
from firth.errors import StorageError
from firth.static import count_windows
from firth.static.window_counts import WindowCounts
count_windows.FEWEST, count_windows.BLOCK = 100, 64
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    WindowCounts(min_count=1, threads=2, memory="300KB").count(Corpus(sys.argv[1]))
except StorageError as error:
    print(error)
"""


def test_the_disk_fills_while_counting(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(" ".join(line) for line in lines_of(6000, 300)))
    work = tmp_path / "work"
    work.mkdir()
    import os

    done = subprocess.run(
        [sys.executable, "-c", FULL, str(text)],
        env=os.environ | {"TMPDIR": str(work)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "cannot be written" in done.stdout or "disk is full" in done.stdout, done.stderr
    assert "Set TMPDIR to a folder on a larger disk" in done.stdout
    assert list(work.iterdir()) == []


def test_every_setting_arrives():
    lines = lines_of(lines=200)
    plain = triples(WindowCounts(min_count=1).count(lines))
    changed = {
        "window": 2, "direction": "left", "weighting": "flat", "min_count": 30, "max_size": 5
    }  # fmt: skip
    names = {field.name for field in dataclasses.fields(WindowCounts)}
    assert names == changed.keys() | {"memory", "threads"}
    for name, value in changed.items():
        other = WindowCounts(**({"min_count": 1} | {name: value})).count(lines)
        assert triples(other) != plain, name
