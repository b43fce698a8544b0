"""Damaged files of fastText: a sentence with the offset, whatever part of them is hurt."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import load, load_vectors
from firth.errors import FormatError, SettingError
from firth.vectors.formats import fasttext_model, fasttext_reader
from firth.vectors.formats.fasttext_reader import Reader
from vectors.fasttext_worlds import BUCKETS, DIM, WORDS, bytes_of, contents

KINDS = ("words", "classifier", "pruned")
FILES = {kind: bytes_of(contents(kind)) for kind in KINDS}
#: where the first entry begins
ENTRIES = 92


def read(raw):
    return Reader("m.bin", bytes(raw)).whole()


def refused(raw):
    with pytest.raises(FormatError) as caught:
        read(raw)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_read(kind):
    """The negative control: whole files are fine."""
    found, wanted = read(FILES[kind]), contents(kind)
    assert (found.header, found.t, found.tokens) == (wanted.header, wanted.t, wanted.tokens)
    assert (found.names, found.words) == (wanted.names, wanted.words)
    np.testing.assert_array_equal(found.counts, wanted.counts)
    np.testing.assert_array_equal(np.asarray(found.inputs), np.asarray(wanted.inputs))
    np.testing.assert_array_equal(np.asarray(found.outputs), np.asarray(wanted.outputs))
    assert bytes_of(found) == FILES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_cut_at_every_byte_is_refused(kind):
    whole = FILES[kind]
    # every byte up to the matrices, and some of those
    for length in [*range(400), *range(400, len(whole), 7), len(whole) - 1]:
        message = refused(whole[:length])
        offset = 0 if length == 0 else length
        assert f"at offset {offset}, expected " in message, message
        if length:
            assert "the end of the file" in message
    assert "1 bytes more at offset" in refused(whole + b"x")


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes_end_in_a_model_or_in_a_sentence(kind, changes):
    raw = bytearray(FILES[kind])
    for place, byte in changes:
        raw[place % len(raw)] = byte
    try:
        file = read(raw)
        fitted = fasttext_model.fitted_of(Path("m.bin"), file, "strict")
    except FormatError as error:
        assert "m.bin: found " in str(error)
        return
    # n-grams whose rows are out of range would show here
    np.asarray(fitted.vectors.matrix)
    fitted.vectors.subwords and fitted.vectors.subwords.of(["unseen", "wörd"])


@pytest.mark.parametrize(
    ("kind", "at", "numbers", "message"),
    [
        ("words", 4, (13,), "found version 13 at offset 4, expected at most 12"),
        ("words", 4, (0,), "found version 0 at offset 4"),
        ("words", 0, (-5,), "found -5 at offset 0, expected fastText's magic number 793712314"),
        ("words", 8, (0,), "a header that cannot be"),
        ("words", 8, (-4,), "a header that cannot be"),
        ("words", 8 + 4 * 7, (7,), "a header that cannot be"),
        ("words", 8 + 4 * 8, (-1,), "a header that cannot be"),
        ("words", 64, (-1,), "-1 entries, 7 words and 0 labels at offset 64"),
        (
            "words",
            64,
            (2**31 - 1, 2**31 - 1),
            "2147483647 words and labels (it is truncated or damaged)",
        ),
        ("words", 68, (6,), "7 entries, 6 words and 0 labels at offset 64"),
        ("words", 84, (-7,), "pruned n-grams at offset 84"),
        ("words", 84, (2**31 - 1,), "pruned n-grams at offset 84, expected -1, or a number up to"),
        ("classifier", 68, (9, 1), "entry 8 of kind 1 with count 5 at offset"),
        ("classifier", 68, (6, 4), "entry 7 of kind 0 with count 1 at offset"),
    ],
)
def test_numbers_that_cannot_be(kind, at, numbers, message):
    raw = bytearray(FILES[kind])
    raw[at : at + 4 * len(numbers)] = struct.pack(f"<{len(numbers)}i", *numbers)
    assert message in refused(raw)


def test_sizes_of_matrices_that_cannot_be():
    raw = bytearray(FILES["words"])
    start = len(raw) - 2 * 17 - (2 * WORDS + BUCKETS) * DIM * 4
    assert raw[start] == 0
    for rows, columns in ((-1, DIM), (WORDS, DIM), (WORDS + BUCKETS, -DIM), (2**62, 2**62)):
        raw[start + 1 : start + 17] = struct.pack("<2q", rows, columns)
        expected = f"an input matrix of {rows} x {columns} at offset {start + 1}, expected 18 x 4"
        assert expected in refused(raw)
    raw[start] = 2
    assert f"the byte 2 at offset {start}, expected 0 or 1" in refused(raw)


def test_quantisers_that_cannot_be():
    raw = bytearray(FILES["pruned"])
    start = ENTRIES + len(contents("pruned").names) + 9 * (WORDS + 3) + 3 * 8
    assert raw[start : start + 2] == b"\1\1"
    size = start + 2 + 16
    assert struct.unpack_from("<i", raw, size) == (20,)
    for number in (-1, 19, 21, 30):
        changed = bytearray(raw)
        changed[size : size + 4] = struct.pack("<i", number)
        assert "at offset" in refused(changed)
    quantiser = size + 4 + 20
    assert struct.unpack_from("<4i", raw, quantiser) == (DIM, 2, 2, 2)
    for numbers in ((5, 2, 2, 2), (DIM, 3, 2, 2), (DIM, 2, 0, 2), (DIM, 2, 2, 1)):
        changed = bytearray(raw)
        changed[quantiser : quantiser + 16] = struct.pack("<4i", *numbers)
        assert f"at offset {quantiser}, expected parts that make 4 numbers" in refused(changed)


@pytest.mark.parametrize(
    ("pairs", "what"),
    [
        ([[8, 1], [2, 0], [8, 2]], "a bucket out of range, or twice"),
        ([[8, 1], [2, 0], [BUCKETS, 2]], "a bucket"),
        ([[8, 1], [2, 0], [-1, 2]], "a bucket"),
        ([[8, 1], [2, 0], [9, 3]], "a row out of range, or twice"),
        ([[8, 1], [2, 0], [9, 0]], "a row"),
    ],
)
def test_pruned_ngrams_that_cannot_be(pairs, what):
    file = replace(contents("pruned"), pruned=np.array(pairs, np.int32))
    assert f"pruned n-grams with {what}" in refused(bytes_of(file))


def test_pruned_but_not_quantised():
    file = contents("pruned")
    file.inputs, file.outputs = np.asarray(file.inputs), np.asarray(file.outputs)
    assert "pruned dictionary with a matrix that is not quantised" in refused(bytes_of(file))


def test_files_of_floret_are_refused_by_name():
    whole = FILES["words"]
    # mode and number of hashes stand before the last number of the header
    floret = whole[:52] + struct.pack("<2i", 1, 2) + whole[52:]
    message = refused(floret)
    assert "what floret writes" in message
    assert "use floret itself" in message


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (b"", "entry 1 of kind 195 with count"),
        (b"a\nb", "entry 1 with the name b'a\\nb' at offset 92"),
        ("wörd3".encode(), "the word b'w\\xc3\\xb6rd3' twice"),
        (b"\xff\xfe", "a word that is not UTF-8 at word 1: b'\\xff\\xfe'"),
    ],
)
def test_names_that_cannot_be(first, message):
    raw = FILES["words"].replace("wörd0".encode(), first)
    with pytest.raises(FormatError) as caught:
        fasttext_model.fitted_of(Path("m.bin"), read(raw), "strict")
    assert message in str(caught.value)


def test_a_word_without_end(monkeypatch):
    monkeypatch.setattr(fasttext_reader, "BLOCK", 50)
    assert read(FILES["words"]).words == WORDS
    raw = FILES["words"].replace("wörd5".encode(), b"x" * 60)
    assert "a word of over 50 bytes at offset 172" in refused(raw)


def test_names_cut_inside_a_character_are_read_on_demand(tmp_path):
    raw = FILES["words"].replace("wörd0".encode(), b"w\xc3").replace("wörd1".encode(), b"w\xc4")
    path = tmp_path / "m.bin"
    path.write_bytes(raw)
    with pytest.raises(FormatError, match='encoding_errors="replace" reads on'):
        load(path)
    with pytest.warns(UserWarning, match=r"2 of the 7 words not UTF-8 \(the first is b'w\\xc3'"):
        names = load(path, encoding_errors="replace").vectors.names
    # they differ only there, so their bytes are shown
    assert names[:3] == ["w\\xc3", "w\\xc4", "wörd2"]
    path.write_bytes(FILES["words"].replace("wörd0".encode(), b"w\xc3"))
    with pytest.warns(UserWarning, match="1 of the 7 words"):
        assert load_vectors(path, encoding_errors="replace").names[0] == "w\ufffd"
    with pytest.raises(SettingError, match="encoding_errors='ignore' is not one of"):
        load(path, encoding_errors="ignore")


names_in_files = st.binary(min_size=1, max_size=12).filter(lambda b: not {0, 10} & set(b))


@given(
    st.lists(st.tuples(names_in_files, st.integers(0, 2**63 - 1)), max_size=30),
    st.integers(30, 60),
)
def test_any_dictionary_comes_back(entries, block):
    file = contents("words")
    file.names = b"".join(name + b"\n" for name, _ in entries)
    file.counts = np.array([count for _, count in entries], np.int64)
    file.words = len(entries)
    file.inputs = np.ones((len(entries) + BUCKETS, DIM), np.float32)
    file.outputs = np.ones((len(entries), DIM), np.float32)
    before, fasttext_reader.BLOCK = fasttext_reader.BLOCK, block
    try:
        found = read(bytes_of(file))
    finally:
        fasttext_reader.BLOCK = before
    assert found.names == file.names
    assert found.counts.tolist() == file.counts.tolist()


def test_the_byte_of_the_output_alone_does_nothing(tmp_path):
    """`-qout` in training: the original notes it, and writes the matrix as it is."""
    raw = bytes_of(replace(contents("classifier"), quantise_output=True))
    assert raw != FILES["classifier"]
    (tmp_path / "m.bin").write_bytes(raw)
    fasttext_model.write(load(tmp_path / "m.bin"), tmp_path / "n.bin")
    assert (tmp_path / "n.bin").read_bytes() == raw


@pytest.mark.parametrize("file", ["ft.bin.gz", "sup_hs.bin.gz", "supq_cut.ftz"])
def test_golden_files_cut_anywhere(shared, tmp_path, file):
    import gzip

    raw = (shared / "golden" / file).read_bytes()
    whole = gzip.decompress(raw) if file.endswith(".gz") else raw
    random = np.random.default_rng(0)
    for length in random.integers(0, len(whole), 40).tolist():
        (tmp_path / "v.bin").write_bytes(whole[:length])
        with pytest.raises(FormatError, match="found"):
            load_vectors(tmp_path / "v.bin", format="fasttext-bin")
