"""fastText's .bin and .ftz: the original's files byte for byte, the original reading ours, and
early versions. Damaged ones: test_fasttext_damage."""

import contextlib
import gzip
import io
import struct

import numpy as np
import pytest

from firth import Vectors, Vocabulary, load, load_vectors
from firth.errors import FormatError, SettingError, UnknownWordError
from firth.text.subwords import Subwords
from firth.vectors.fitted import Fitted
from firth.vectors.formats import fasttext_model
from firth.vectors.formats.fasttext_reader import Reader
from firth.vectors.quantized import ProductQuantized
from firth.vectors.subwords import ComposedRows, SubwordRows

FILES = [
    *("ft.bin.gz", "sup_softmax.bin.gz", "sup_hs.bin.gz", "sup_ns.bin.gz", "sup_ova.bin.gz"),
    *("supq_plain.ftz", "supq_cut.ftz"),
]


@pytest.fixture
def golden(shared):
    return shared / "golden"


def content(path):
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def written(fitted, tmp_path):
    fasttext_model.write(fitted, tmp_path / "again.bin")
    return (tmp_path / "again.bin").read_bytes()


# --- the original's files -------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_read_and_written_again_is_the_same_byte_for_byte(golden, tmp_path, file):
    whole = content(golden / file)
    fitted = load(golden / file)
    assert written(fitted, tmp_path) == whole
    fitted.save(tmp_path / "m.firth")
    assert written(load(tmp_path / "m.firth"), tmp_path) == whole


def test_words_seen_and_unseen_are_those_printed(golden):
    vectors = load(golden / "ft.bin.gz").vectors
    unseen = 0
    for line in (golden / "ft_word_vectors.txt").read_text("utf-8").split("\n")[:-1]:
        word, *numbers = line.split()
        np.testing.assert_allclose(vectors[word], np.array(numbers, float), rtol=6e-5, atol=3e-7)
        unseen += word not in vectors
    assert unseen == 12


def test_ngrams_are_those_printed(golden):
    vectors = load(golden / "ft.bin.gz").vectors
    blocks = (golden / "ft_ngrams.txt").read_text("utf-8").split("# ")[1:]
    assert len(blocks) == 5
    for block in blocks:
        word, *ngrams = block.split()
        # the word itself stands first where it is known
        assert vectors.subwords.subwords.strings(word) == ngrams[word in vectors :]


def test_neighbours_are_those_printed(golden):
    vectors = load(golden / "ft.bin.gz").vectors
    blocks = (golden / "ft_nn.txt").read_text("utf-8").split("# ")[1:]
    assert len(blocks) == 5
    for block in blocks:
        word, *answers = block.split("\n")
        printed = [line.split() for line in answers if line.strip()]
        found = vectors.nearest(word, n=len(printed))
        assert [one.word for one in found] == [name for name, _ in printed]
        for one, (_, cosine) in zip(found, printed, strict=True):
            assert one.similarity == pytest.approx(float(cosine), abs=2e-6)


def test_a_plain_file_is_mapped_not_read(golden, tmp_path):
    (tmp_path / "ft.bin").write_bytes(content(golden / "ft.bin.gz"))
    vectors = load_vectors(tmp_path / "ft.bin")
    rows = vectors.matrix.words
    assert isinstance(vectors.matrix, ComposedRows)
    assert not rows.flags.owndata
    assert not rows.flags.writeable
    assert len(vectors.head(10)) == 10
    # all that needs every row works them out once
    assert vectors.matrix.whole() is vectors.matrix.whole()


def test_quantised_matrices_stay_codes(golden):
    fitted = load(golden / "supq_cut.ftz")
    assert isinstance(fitted.vectors.matrix, ProductQuantized)
    assert fitted.vectors.matrix.norm_codes is not None
    assert len(fitted.labels) == 49
    assert fitted.vectors.subwords.matrix.shape == (798, 10)


# --- ours, read by the original -------------------------------------------------------------


def with_ngrams(words=300, dim=16, buckets=500):
    rng = np.random.default_rng(1)
    names = [f"word{i}" for i in range(words - 2)] + ["день", "été"]
    vocabulary = Vocabulary(names, np.arange(words, 0, -1))
    subwords = SubwordRows(
        Subwords(3, 5, buckets), rng.normal(size=(buckets, dim)).astype(np.float32)
    )
    own = rng.normal(size=(words, dim)).astype(np.float32)
    return Vectors(vocabulary, ComposedRows(vocabulary, own, subwords), subwords=subwords), own


def test_the_package_reads_vectors_that_we_wrote(tmp_path):
    fasttext = pytest.importorskip("fasttext", reason="there is no wheel for this Python")
    vectors, _ = with_ngrams()
    vectors.save(tmp_path / "v.bin", format="fasttext-bin")
    plain = Vectors(vectors.vocabulary, vectors.matrix.whole())
    plain.save(tmp_path / "plain.ftz")
    with contextlib.redirect_stderr(io.StringIO()):  # it greets
        model = fasttext.load_model(str(tmp_path / "v.bin"))
        other = fasttext.load_model(str(tmp_path / "plain.ftz"))
    assert model.words == vectors.names
    for word in ("word7", "день", "unseen", "ѣ"):
        np.testing.assert_allclose(model.get_word_vector(word), vectors[word], atol=1e-6)
    np.testing.assert_allclose(other.get_word_vector("word7"), plain["word7"], atol=1e-7)
    assert not other.get_word_vector("unseen").any()
    near = model.get_nearest_neighbors("word7", 5)
    assert [name for _, name in near] == [one.word for one in vectors.nearest("word7", n=5)]


def test_vectors_without_their_rows_get_rows_that_make_them(tmp_path):
    vectors, own = with_ngrams()
    composed = Vectors(vectors.vocabulary, vectors.matrix.whole(), subwords=vectors.subwords)
    composed.save(tmp_path / "v.bin", format="fasttext-bin")
    again = load_vectors(tmp_path / "v.bin")
    np.testing.assert_allclose(again.matrix.words, own, atol=2e-5)
    np.testing.assert_allclose(again["word3"], vectors["word3"], atol=1e-5)


# --- early versions -------------------------------------------------------------------------


def early(whole):
    """`whole`, an unquantised file, as the first versions wrote it."""
    contents = Reader("whole", whole).whole()
    start = 64 + 20  # the number of pruned n-grams
    matrices = contents.inputs.nbytes + contents.outputs.nbytes + 2 * 17
    entries = whole[start + 8 : len(whole) - matrices]
    first = whole[len(whole) - matrices + 1 : len(whole) - contents.outputs.nbytes - 17]
    second = whole[len(whole) - contents.outputs.nbytes - 16 :]
    return whole[8:start] + entries + first + second


def test_the_headerless_version(golden, tmp_path):
    whole = content(golden / "ft.bin.gz")
    (tmp_path / "old.bin").write_bytes(early(whole))
    old, new = load(tmp_path / "old.bin"), load(golden / "ft.bin.gz")
    assert old.vectors.names == new.vectors.names
    np.testing.assert_array_equal(old.vectors["unseen"], new.vectors["unseen"])
    np.testing.assert_array_equal(old.state["output"], new.state["output"])
    assert written(old, tmp_path) == whole


def test_version_11_classifiers_had_no_character_ngrams(golden, tmp_path):
    whole = bytearray(content(golden / "sup_softmax.bin.gz"))
    whole[4:8] = struct.pack("<i", 11)
    whole[8 + 4 * 9 : 8 + 4 * 11] = struct.pack("<2i", 3, 6)
    (tmp_path / "v.bin").write_bytes(whole)
    assert load(tmp_path / "v.bin").settings["max_n"] == 0
    whole[4:8] = struct.pack("<i", 12)
    (tmp_path / "v.bin").write_bytes(whole)
    assert load(tmp_path / "v.bin").settings["max_n"] == 6


# --- what the format cannot hold, and folders can ----------------------------------------------


def test_exact_ngrams_are_not_written(tmp_path):
    vectors, _ = with_ngrams(5)
    rule = Subwords(3, 5, 500, Vocabulary([f"g{i}" for i in range(500)]))
    exact = Vectors(
        vectors.vocabulary,
        vectors.matrix.whole(),
        subwords=SubwordRows(rule, vectors.subwords.matrix),
    )
    with pytest.raises(FormatError, match="exact n-grams"):
        exact.save(tmp_path / "v.bin", format="fasttext-bin")
    with pytest.raises(UnknownWordError):
        exact["zzzz"]


def test_folders_keep_ngrams_labels_and_codes(tmp_path):
    vectors, _ = with_ngrams(20, 6, 40)
    rule = Subwords(2, 3, 40, Vocabulary([f"g{i}" for i in range(38)] + ["<w", "wo"]))
    vectors = Vectors(
        vectors.vocabulary,
        vectors.matrix.whole(),
        subwords=SubwordRows(rule, vectors.subwords.matrix),
    )
    labels = Vocabulary(["yes", "no"], np.array([3, 2]))
    model = Fitted(
        "fasttext-classifier", vectors, {"output": np.ones((2, 6), np.float32)}, labels=labels
    )
    model.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.labels.names == ["yes", "no"]
    assert list(again.labels.counts) == [3, 2]
    np.testing.assert_array_equal(again.vectors["woe"], vectors["woe"])
    damaged = tmp_path / "m.firth" / "labels.tsv"
    damaged.write_bytes(damaged.read_bytes().replace(b"yes", b"yet"))
    with pytest.raises(FormatError, match="CRC-32"):
        load(tmp_path / "m.firth")


def test_sparse_vectors_are_not_written(tmp_path):
    from scipy.sparse import csr_array

    sparse = Vectors(Vocabulary(["a", "b"]), csr_array(np.eye(2, dtype=np.float32)))
    with pytest.raises(SettingError, match="sparse"):
        sparse.save(tmp_path / "v.ftz")
