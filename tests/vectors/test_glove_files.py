"""Files of GloVe's program beside its vectors: words, counts, parameters, sums of squares."""

import bz2
import gzip
import lzma
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from firth.errors import FormatError, ModelExistsError, SettingError
from firth.text.vocabulary import Vocabulary
from firth.vectors.formats import (
    glove_binary,
    glove_model,
    glove_records,
    glove_text,
    glove_vocab,
    load_vectors,
)
from firth.vectors.formats.glove_binary import GloVeParameters

PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.fixture(scope="module")
def golden(shared):
    return shared / "golden"


def content(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def parameters_of(words, dim, seed=1):
    rng = np.random.default_rng(seed)
    shape = (words, dim)
    return GloVeParameters(
        rng.normal(size=shape),
        rng.normal(size=words),
        rng.normal(size=shape),
        rng.normal(size=words),
    )


def same(one, other):
    return all(
        np.array_equal(getattr(one, part), getattr(other, part)) for part in glove_model.PARTS
    )


# ---------------------------------------------------------------- files of the original


def test_the_original_vocabulary(golden, tmp_path):
    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    assert len(vocabulary) == 692
    assert vocabulary[0] == "the"
    assert vocabulary.counts[0] == 3065
    glove_vocab.write(vocabulary, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes() == content(golden / "glove_vocab.txt")


def test_the_order_of_the_original_is_not_that_of_bytes(golden):
    """Why the order of the file is kept: sorting anew would give other numbers."""
    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    rows = list(zip(vocabulary.counts.tolist(), vocabulary.names, strict=True))
    by_bytes = sorted(rows, key=lambda row: (-row[0], row[1].encode()))
    signed = sorted(
        rows, key=lambda row: (-row[0], np.frombuffer(row[1].encode(), np.int8).tolist())
    )
    assert rows != by_bytes
    assert rows == signed


def test_the_original_counts(golden, tmp_path):
    raw = content(golden / "cooccurrence.bin.gz")
    offsets, columns, values = glove_records.read(golden / "cooccurrence.bin.gz", 692)
    # against the plainest reader there is
    wanted = list(struct.iter_unpack("<iid", raw))
    rows = np.repeat(np.arange(692), np.diff(offsets))
    found = zip((rows + 1).tolist(), (columns + 1).tolist(), values.tolist(), strict=True)
    assert list(found) == wanted
    glove_records.write(tmp_path / "again.bin", offsets, columns, values)
    assert (tmp_path / "again.bin").read_bytes() == raw


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
def test_the_original_counts_shuffled(golden, tmp_path, suffix):
    raw = content(golden / "cooccurrence.bin.gz")
    shuffled = np.frombuffer(raw, glove_records.RECORD).copy()
    np.random.default_rng(1).shuffle(shuffled)
    assert shuffled.tobytes() != raw
    path = tmp_path / f"cooccurrence.shuf.bin{suffix}"
    path.write_bytes(PACKED.get(suffix, bytes)(shuffled.tobytes()))
    mapped = glove_records.read(path, 692, tmp_path)
    assert isinstance(mapped[1], np.memmap)
    for one, other in zip(
        mapped, glove_records.read(golden / "cooccurrence.bin.gz", 692), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_original_parameters(golden, tmp_path):
    raw = content(golden / "glove_vectors.bin.gz")
    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    parameters = glove_binary.read(golden / "glove_vectors.bin.gz", vocabulary)
    assert (len(parameters), parameters.dim) == (692, 10)
    numbers = struct.unpack(f"<{len(raw) // 8}d", raw)
    assert parameters.word[1].tolist() == list(numbers[11:21])
    assert parameters.word_bias[1] == numbers[21]
    assert parameters.context[0].tolist() == list(numbers[692 * 11 : 692 * 11 + 10])
    assert parameters.context_bias[-1] == numbers[-1]
    glove_binary.write(parameters, tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == raw
    # not compressed: mapped, the same numbers
    assert same(glove_binary.read(tmp_path / "again.bin", vocabulary), parameters)


@pytest.mark.parametrize("file", ["glove_vectors.txt.gz", "glove_vectors_header.txt.gz"])
def test_the_original_text_from_the_original_parameters(golden, tmp_path, file):
    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    parameters = glove_binary.read(golden / "glove_vectors.bin.gz", vocabulary)
    path = tmp_path / file.removesuffix(".gz")
    glove_text.write(vocabulary, parameters, path, header="header" in file)
    assert path.read_bytes() == content(golden / file)


def test_the_vectors_of_the_model_are_those_of_the_text(golden):
    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    parameters = glove_binary.read(golden / "glove_vectors.bin.gz", vocabulary)
    fitted = glove_model.to_fitted(vocabulary, parameters)
    text = load_vectors(golden / "glove_vectors.txt.gz")
    assert text.names == [*fitted.vectors.names, "<unk>"]
    # six decimals
    np.testing.assert_allclose(fitted.vectors.matrix, text.matrix[:-1], atol=6e-7)


# ---------------------------------------------------------------- properties

WORDS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters=" \t\n\v\f\r"), min_size=1).filter(
        lambda name: name != "<unk>"
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(WORDS, st.data())
def test_any_vocabulary_comes_back(tmp_path_factory, names, data):
    counts = data.draw(
        st.lists(st.integers(0, 10**18 - 1), min_size=len(names), max_size=len(names))
    )
    path = tmp_path_factory.mktemp("v") / "vocab.txt.gz"
    glove_vocab.write(Vocabulary(names, counts), path)
    found = glove_vocab.read(path)
    assert found.names == names
    assert found.counts.tolist() == counts


@given(
    st.integers(1, 6).flatmap(
        lambda words: st.tuples(
            st.just(words),
            st.dictionaries(
                st.tuples(st.integers(0, words - 1), st.integers(0, words - 1)),
                st.floats(5e-324, 1e300),
                min_size=1,
            ),
        )
    ),
    st.randoms(use_true_random=False),
    st.integers(1, 5),
)
@settings(deadline=None)  # the kernel is compiled in the first
def test_any_counts_come_back_from_any_order(tmp_path_factory, world, random, block):
    words, pairs = world
    path = tmp_path_factory.mktemp("r") / "records.bin"
    shuffled = list(pairs.items())
    random.shuffle(shuffled)
    path.write_bytes(b"".join(struct.pack("<iid", i + 1, j + 1, x) for (i, j), x in shuffled))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glove_records, "BLOCK", block)
        offsets, columns, values = glove_records.read(path, words)
        rows = np.repeat(np.arange(words), np.diff(offsets))
        found = zip(zip(rows.tolist(), columns.tolist(), strict=True), values.tolist(), strict=True)
        assert list(found) == sorted(pairs.items())
        glove_records.write(path, offsets, columns, values)
    wanted = b"".join(struct.pack("<iid", i + 1, j + 1, x) for (i, j), x in sorted(pairs.items()))
    assert path.read_bytes() == wanted


@given(st.integers(1, 5), st.integers(1, 4), st.data())
def test_any_parameters_come_back(tmp_path_factory, words, dim, data):
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    table = data.draw(arrays(np.float64, (2 * words, dim + 1), elements=numbers))
    path = tmp_path_factory.mktemp("b") / "vectors.bin"
    path.write_bytes(table.tobytes())
    vocabulary = Vocabulary([f"w{i}" for i in range(words)])
    parameters = glove_binary.read(path, vocabulary)
    assert parameters.word.shape == (words, dim)
    again = path.with_name("again.bin.xz")
    glove_binary.write(parameters, again)
    assert lzma.decompress(again.read_bytes()) == path.read_bytes()
    assert same(glove_binary.read(again, vocabulary), parameters)


# ---------------------------------------------------------------- text models


def plain_text(names, parameters, model):
    """The lines as C would print them, one number after another."""
    count, dim = parameters.word.shape
    word = np.column_stack([parameters.word, parameters.word_bias]).tolist()
    context = np.column_stack([parameters.context, parameters.context_bias]).tolist()
    rare = min(100, count)
    for table in (word, context):
        mean = [0.0] * (dim + 1)
        for row in table[count - rare :]:
            mean = [total + number / rare for total, number in zip(mean, row, strict=True)]
        table.append(mean)
    lines = []
    for name, w, c in zip([*names, "<unk>"], word, context, strict=True):
        row = {0: w + c, 1: w[:-1], 2: [x + y for x, y in zip(w[:-1], c[:-1], strict=True)]}[model]
        lines.append(f"{name} " + " ".join(f"{number:.6f}" for number in row))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("model", [0, 1, 2])
@pytest.mark.parametrize("words", [1, 7, 99, 100, 101, 250])
def test_text_of_each_model(tmp_path, model, words):
    names = [f"w{i}" for i in range(words)]
    parameters = parameters_of(words, 3)
    path = tmp_path / "vectors.txt"
    glove_text.write(Vocabulary(names), parameters, path, model=model)
    assert path.read_text("utf-8") == plain_text(names, parameters, model)
    glove_text.write(Vocabulary(names), parameters, path, model=model, header=True)
    assert path.read_text("utf-8") == f"{words} 3\n" + plain_text(names, parameters, model)


@pytest.mark.parametrize("header", [False, True])
def test_model_0_holds_all_that_was_learnt(tmp_path, header):
    vocabulary, parameters = Vocabulary(["é", "b"]), parameters_of(2, 3)
    path = tmp_path / "vectors.txt.gz"
    glove_text.write(vocabulary, parameters, path, model=0, header=header)
    found, numbers = glove_text.read(path, dim=3)
    assert found.names == ["é", "b"]
    for part in glove_model.PARTS:
        np.testing.assert_allclose(getattr(numbers, part), getattr(parameters, part), atol=6e-7)


def test_sums_of_squares_as_text(tmp_path):
    vocabulary = Vocabulary(["a", "b"])
    table = np.arange(1.0, 13.0).reshape(4, 3)
    squares = GloVeParameters(table[:2, :2], table[:2, 2], table[2:, :2], table[2:, 2])
    path = tmp_path / "gradsq.txt"
    glove_text.write_gradsq(vocabulary, squares, path)
    assert path.read_bytes() == (
        b"a 1.000000 2.000000 3.000000 7.000000 8.000000 9.000000\n"
        b"b 4.000000 5.000000 6.000000 10.000000 11.000000 12.000000\n"
    )
    assert same(glove_text.read(path, dim=2)[1], squares)


def test_what_text_refuses(tmp_path):
    parameters = parameters_of(2, 3)
    path = tmp_path / "vectors.txt"
    for write in (glove_text.write, glove_text.write_gradsq):
        with pytest.raises(FormatError, match=r"found the word '<unk>' in the vocabulary"):
            write(Vocabulary(["a", "<unk>"]), parameters, path)
        with pytest.raises(SettingError, match=r"3 words for 2 rows; give the vocabulary of"):
            write(Vocabulary(["a", "b", "c"]), parameters, path)
        with pytest.raises(FormatError, match="'new york', which GloVe text cannot hold"):
            write(Vocabulary(["a", "new york"]), parameters, path)
    with pytest.raises(SettingError, match="model=3 is not one of 0, 1, 2"):
        glove_text.write(Vocabulary(["a", "b"]), parameters, path, model=3)
    assert list(tmp_path.iterdir()) == []
    glove_text.write(Vocabulary(["a", "b"]), parameters, path)
    with pytest.raises(ModelExistsError):
        glove_text.write(Vocabulary(["a", "b"]), parameters, path, overwrite=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a 1 2 3 4\nb 1 2 3\n", "found 3 numbers on line 2, expected a word and 4 numbers, 2 "),
        (b"2 1\na 1 2 3 4\nb 1 2 x 4\n", "found what is no number on line 3, expected a word and"),
        (b"a 1 2 nan 4\n", "found nan or infinity on line 1"),
        (b" 1 2 3 4\n", "found 4 numbers on line 1"),
        (b"\xff 1 2 3 4\n", "found a word that is not UTF-8 at line 1"),
        (b"", "found no words"),
        (b"<unk> 1 2 3 4\n", "found no words"),
    ],
)
def test_damaged_text(tmp_path, text, said):
    path = tmp_path / "gradsq.txt"
    path.write_bytes(text)
    with pytest.raises(FormatError) as caught:
        glove_text.read(path, dim=1)
    assert said in str(caught.value)


# ---------------------------------------------------------------- damaged files


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"the 9\nof\n", "found 'of' on line 2, expected a word, a blank and its count."),
        (b"the 9\nof -1\n", "found 'of -1' on line 2"),
        (b"the 9\nof 1.5\n", "found 'of 1.5' on line 2"),
        (b"new york 9\n", "found 'new york 9' on line 1"),
        (b"the 9\n 3\n", "found ' 3' on line 2"),
        (b"the 9\n\nof 3\n", "found '' on line 2"),
        (b"the 9999999999999999999\n", "on line 1, expected a word, a blank"),
        (b"the 9\nof 3", "found a last line without an end (line 2), expected lines of a word"),
        (b"the 9\nof 3\nthe 2\n", "found 'the' on line 3 and on line 1, expected each word once"),
        (b"", "found an empty file"),
        (b"ok 9\n\xff\xfe 3\n", "found a word that is not UTF-8 at line 2"),
    ],
)
def test_damaged_vocabulary(tmp_path, text, said):
    path = tmp_path / "vocab.txt"
    path.write_bytes(text)
    with pytest.raises(FormatError) as caught:
        glove_vocab.read(path)
    assert said in str(caught.value)


def test_vocabulary_that_an_editor_has_saved(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes(b"the 9\r\n\xffof 3\r\n")
    vocabulary = glove_vocab.read(path, encoding_errors="replace")
    assert vocabulary.names == ["the", "\ufffdof"]
    assert vocabulary.counts.tolist() == [9, 3]


def test_vocabulary_that_cannot_be_written(tmp_path):
    path = tmp_path / "vocab.txt"
    with pytest.raises(SettingError, match="has a count beside each word, and here none is known"):
        glove_vocab.write(Vocabulary(["a"]), path)
    with pytest.raises(FormatError, match="found the word '<unk>' in the vocabulary, expected"):
        glove_vocab.write(Vocabulary(["<unk>"], [1]), path)
    with pytest.raises(FormatError, match="'a b', which GloVe's vocab.txt cannot hold"):
        glove_vocab.write(Vocabulary(["a b"], [1]), path)
    assert not path.exists()


def record(i=1, j=1, value=1.0):
    return struct.pack("<iid", i, j, value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (record() + record(2)[:7], "found 7 bytes at offset 16, where the file ends, expected a "),
        (record() + record(0), "found 0 as the first word at offset 16, expected a number from 1 "),
        (record() + record(1, 4), "found 4 as the second word at offset 16, expected a number fr"),
        (record() + record(-1), "found -1 as the first word at offset 16"),
        (record() + record(2, value=float("nan")), "found the value nan at offset 16, expected a"),
        (record() + record(2, value=float("inf")), "found the value inf at offset 16"),
        (record() + record(2, value=0.0), "found the value 0.0 at offset 16"),
        (record() + record(2, value=-1.0), "found the value -1.0 at offset 16"),
        (record(1, 3) + record(1, 3), "found two records of the words 1 and 3, expected one reco"),
        (
            record(3, 2) + record(1, 1) + record(2, 2) + record(3, 2),
            "found two records of the words 3 and 2",
        ),
        (b"", "found an empty file, expected records of 16 bytes"),
    ],
)
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_damaged_counts(tmp_path, monkeypatch, data, said, suffix, block):
    monkeypatch.setattr(glove_records, "BLOCK", block)
    path = tmp_path / f"records.bin{suffix}"
    path.write_bytes(PACKED.get(suffix, bytes)(data))
    with pytest.raises(FormatError) as caught:
        glove_records.read(path, 3)
    assert said in str(caught.value)


def test_a_cut_file_is_seen_before_it_is_read(tmp_path):
    path = tmp_path / "records.bin"
    path.write_bytes(record(9) + record()[:3])
    with pytest.raises(FormatError, match="found 3 bytes at offset 16"):
        glove_records.read(path, 3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (record(1) + record(2), record(1)),
        (record(1) + record(2), record(1) + record(2) + record(3)),
        (record(2) + record(1), record(2)),
        (record(2) + record(1), record(2) + record(2, 2)),
    ],
)
def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch, before, after):
    """Nothing is written past the room that was made."""
    path = tmp_path / "records.bin"
    path.write_bytes(before)
    array = glove_records._array

    def change(*arguments):
        path.write_bytes(after)
        return array(*arguments)

    monkeypatch.setattr(glove_records, "_array", change)
    with pytest.raises(FormatError, match="found other records than a moment ago"):
        glove_records.read(path, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw[:-3], "found 5 bytes at offset 120, where the file ends, expected a num"),
        (lambda raw: raw[:-8], "found 15 numbers, expected 2 x 2 x (D + 1) for the 2 words of"),
        (lambda raw: b"", "found 0 numbers, expected 2 x 2 x (D + 1)"),
        (lambda raw: raw[:32], "found 4 numbers, expected 2 x 2 x (D + 1)"),
        (
            lambda raw: raw[:40] + struct.pack("<d", float("nan")) + raw[48:],
            "found nan in the word row of 'of' (offset 40), expected finite numbers.",
        ),
        (
            lambda raw: raw[:64] + struct.pack("<d", float("-inf")) + raw[72:],
            "found -inf in the context row of 'the' (offset 64), expected finite numbers.",
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_damaged_parameters(tmp_path, change, said, suffix):
    path = tmp_path / f"vectors.bin{suffix}"
    raw = np.arange(1.0, 17.0).tobytes()
    vocabulary = Vocabulary(["the", "of"])
    path.write_bytes(PACKED.get(suffix, bytes)(raw))
    assert glove_binary.read(path, vocabulary).dim == 3  # it was sound
    path.write_bytes(PACKED.get(suffix, bytes)(change(raw)))
    with pytest.raises(FormatError) as caught:
        glove_binary.read(path, vocabulary)
    assert said in str(caught.value)


def test_sums_of_squares_are_above_zero(tmp_path):
    path = tmp_path / "gradsq.bin"
    path.write_bytes(np.array([1.0, 2.0, 0.0, 4.0]).tobytes())
    vocabulary = Vocabulary(["a"])
    assert glove_binary.read(path, vocabulary).context.tolist() == [[0.0]]
    with pytest.raises(FormatError, match=r"found 0.0 in the context row of 'a' \(offset 16\), ex"):
        glove_binary.read(path, vocabulary, squares=True)


def test_a_missing_file(tmp_path):
    with pytest.raises(FormatError, match="found nothing there"):
        glove_vocab.read(tmp_path / "no")
    with pytest.raises(FormatError, match="found nothing there"):
        glove_records.read(tmp_path / "no", 3)
    with pytest.raises(FormatError, match="found a folder"):
        glove_records.read(tmp_path, 3)
    with pytest.raises(FormatError, match="found nothing there"):
        glove_binary.read(tmp_path / "no", Vocabulary(["a"]))


# ---------------------------------------------------------------- a model of it


def test_a_model_keeps_all_that_was_learnt(tmp_path):
    # float32 holds these exactly
    parameters = parameters_of(3, 4)
    exact = GloVeParameters(
        *(getattr(parameters, part).astype(np.float32) for part in glove_model.PARTS)
    )
    squares = GloVeParameters(*(np.abs(getattr(exact, part)) for part in glove_model.PARTS))
    vocabulary = Vocabulary(["a", "b", "c"], [3, 2, 1])
    glove_model.to_fitted(vocabulary, exact, squares).save(tmp_path / "m")
    from firth.vectors.fitted import load

    fitted = load(tmp_path / "m")
    assert (fitted.kind, fitted.settings) == ("glove", {"dim": 4})
    assert {name: array.dtype.name for name, array in fitted.state.items()} == dict.fromkeys(
        [
            *("word", "context", "word_bias", "context_bias"),
            *("gradsq_word", "gradsq_context", "gradsq_word_bias", "gradsq_context_bias"),
        ],
        "float32",
    )
    found = glove_model.of_fitted(fitted)
    assert same(found[0], exact)
    assert same(found[1], squares)
    np.testing.assert_array_equal(fitted.vectors.matrix, exact.word + exact.context)
    without = glove_model.to_fitted(vocabulary, exact)
    assert glove_model.of_fitted(without)[1] is None


def test_what_is_no_model_of_it():
    parameters, vocabulary = parameters_of(2, 3), Vocabulary(["a", "b"])
    with pytest.raises(SettingError, match="vectors have 3 numbers and the sums of squares 4"):
        glove_model.to_fitted(vocabulary, parameters, parameters_of(2, 4))
    huge = GloVeParameters(*(getattr(parameters, part) * 1e39 for part in glove_model.PARTS))
    with pytest.raises(SettingError, match="A number of 'word' is beyond float32"):
        glove_model.to_fitted(vocabulary, huge)
    fitted = glove_model.to_fitted(vocabulary, parameters)
    fitted.kind = "skipgram"
    with pytest.raises(SettingError, match="a model of kind 'skipgram' does not have; give one"):
        glove_model.of_fitted(fitted)
    fitted.kind, fitted.state = "glove", {}
    with pytest.raises(SettingError, match=r"has no state \(word, word_bias, context, context_b"):
        glove_model.of_fitted(fitted)


def test_training_goes_on_from_the_original(golden):
    """Its counts and its parameters, hardly moved: the loss is what the formula says of them."""
    from firth.static.cooccurrence import Cooccurrence
    from firth.static.glove import GloVe

    vocabulary = glove_vocab.read(golden / "glove_vocab.txt")
    offsets, columns, values = glove_records.read(golden / "cooccurrence.bin.gz", len(vocabulary))
    counts = Cooccurrence(vocabulary, offsets, columns, values)
    p = glove_binary.read(golden / "glove_vectors.bin.gz", vocabulary)
    rows = np.repeat(np.arange(len(vocabulary)), np.diff(offsets))
    error = (p.word[rows] * p.context[columns]).sum(axis=1) - np.log(values)
    error += p.word_bias[rows] + p.context_bias[columns]
    wanted = np.mean(0.5 * np.minimum(1, (values / 10) ** 0.75) * error**2)

    model = GloVe(dim=10, epochs=1, threads=1, rate=1e-9, bias_update="published")
    fresh = model.fit(counts).history[0]["loss"]
    further = model.fit(counts, continue_from=glove_model.to_fitted(vocabulary, p))
    assert fresh > 3 * wanted
    # float32
    assert further.history[0]["loss"] == pytest.approx(wanted, rel=1e-4)
