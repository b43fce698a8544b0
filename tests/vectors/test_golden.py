"""Files of the original programs: read to the last number, answered as they answered, and
written back byte for byte where we promise the same writer."""

import bz2
import gzip
import json
import lzma
import zipfile

import numpy as np
import pytest

from firth.vectors.formats import FORMATS, load_vectors, sniff

GENSIM = ["gensim.kv", "gensim_w2v.txt", "gensim_w2v.bin"]


@pytest.fixture(scope="module")
def golden(shared):
    return shared / "golden"


def content(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize(
    ("file", "name", "rows", "dim"),
    [
        ("w2v.txt.gz", "word2vec-text", 1689, 16),
        ("w2v.bin.gz", "word2vec-binary", 1689, 16),
        ("gensim.kv", "gensim", 200, 16),
        ("gensim_w2v.txt", "word2vec-text", 200, 16),
        ("gensim_w2v.bin", "word2vec-binary", 200, 16),
        ("gensim_w2v_nospace.txt", "word2vec-text", 199, 16),
        ("gensim_w2v_nospace.bin", "word2vec-binary", 199, 16),
        ("glove_vectors.txt.gz", "glove", 693, 10),
        ("glove_vectors_header.txt.gz", "word2vec-text", 693, 10),
        ("ft.vec.gz", "word2vec-text", 939, 12),
        ("ft.bin.gz", "fasttext-bin", 939, 12),
        ("eval_vectors.txt.gz", "word2vec-text", 20000, 50),
    ],
)
def test_every_file_is_told_and_read(golden, file, name, rows, dim):
    assert sniff(golden / file) == name
    vectors = load_vectors(golden / file)
    assert (len(vectors), vectors.dim) == (rows, dim)
    assert len(set(vectors.names)) == rows
    assert load_vectors(golden / file, format=name, limit=50).names == vectors.names[:50]


def test_text_rows_are_the_numbers_of_their_lines(golden):
    """Against the plainest reader there is."""
    for file in ("w2v.txt.gz", "glove_vectors_header.txt.gz", "ft.vec.gz"):
        vectors = load_vectors(golden / file)
        lines = content(golden / file).decode().split("\n")[1:-1]
        assert vectors.names == [line.split(" ")[0] for line in lines]
        wanted = [[float(x) for x in line.split()[1:]] for line in lines]
        assert (vectors.matrix == np.array(wanted).astype(np.float32)).all()


def test_text_and_binary_of_word2vec_agree(golden):
    text, binary = load_vectors(golden / "w2v.txt.gz"), load_vectors(golden / "w2v.bin.gz")
    assert text.names == binary.names
    # six decimals
    np.testing.assert_allclose(text.matrix, binary.matrix, atol=6e-7)


@pytest.mark.parametrize("file", GENSIM)
def test_gensim_files_hold_what_gensim_held(golden, file):
    expected = json.loads(content(golden / "gensim_expected.json.gz"))
    vectors = load_vectors(golden / file)
    assert sorted(vectors.names) == sorted(expected["keys"])
    assert "new york" in vectors, "gensim itself cannot read this name back"
    assert (vectors[expected["keys"]] == np.array(expected["vectors"], np.float32)).all()
    if file == "gensim.kv":
        assert vectors.names == expected["keys"]
        assert vectors.vocabulary.counts.tolist() == expected["counts"]


def test_glove_binary_sums_to_the_text(golden):
    """vectors.txt is the sum of word and context rows of vectors.bin, and <unk> after them."""
    vectors = load_vectors(golden / "glove_vectors.txt.gz")
    rows = np.frombuffer(content(golden / "glove_vectors.bin.gz"), "<f8").reshape(2, 692, 11)
    summed = rows[0, :, :10] + rows[1, :, :10]
    np.testing.assert_allclose(vectors.matrix[:692], summed, atol=1e-6)
    assert vectors.names[-1] == "<unk>"
    words = (golden / "glove_vocab.txt").read_text("utf-8").split("\n")[:-1]
    assert vectors.names[:692] == [line.split(" ")[0] for line in words]


def test_fasttext_bin_words_are_those_of_vec(golden):
    vec, binary = load_vectors(golden / "ft.vec.gz"), load_vectors(golden / "ft.bin.gz")
    assert vec.names == binary.names
    # five significant digits; sums of float32 rows of size 1
    np.testing.assert_allclose(binary.matrix, vec.matrix, rtol=5.1e-5, atol=3e-7)
    printed = {
        line.split(" ")[0]: [float(x) for x in line.split()[1:]]
        for line in (golden / "ft_word_vectors.txt").read_text("utf-8").split("\n")[:-1]
    }
    known = [word for word in printed if word in binary]
    assert len(known) == 18
    for word in known:
        np.testing.assert_allclose(binary[word], printed[word], rtol=6e-5)


def blocks_of(path):
    """The lists of (word, printed cosine) of distance.txt and word_analogy.txt."""
    found, current = [], None
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("-----"):
            current = []
            found.append(current)
        elif "\t\t" in line and current is not None and "Word " not in line:
            word, cosine = line.split("\t\t")
            current.append((word.strip(), cosine.strip()))
    return found


def assert_same_list(ours, theirs):
    assert len(theirs) == 40
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    for (_, mine), (_, printed) in zip(ours, theirs, strict=True):
        assert abs(mine - float(printed)) < 1.1e-6  # six decimals of a float32 sum


def test_distance_is_reproduced(golden):
    vectors = load_vectors(golden / "w2v.bin.gz")
    queries = (golden / "distance_queries.txt").read_text("utf-8").split("\n")
    queries = queries[: queries.index("EXIT")]
    lists = blocks_of(golden / "distance.txt")
    assert len(lists) == len(queries) == 6
    for ours, theirs in zip(vectors.nearest(queries, n=40), lists, strict=True):
        assert_same_list(ours, theirs)


def test_word_analogy_is_reproduced(golden):
    vectors = load_vectors(golden / "w2v.bin.gz")
    queries = (golden / "analogy_queries.txt").read_text("utf-8").split("\n")
    triples = [tuple(line.split()) for line in queries[: queries.index("EXIT")]]
    lists = blocks_of(golden / "word_analogy.txt")
    assert len(lists) == len(triples) == 3
    for ours, theirs in zip(vectors.analogy(triples, n=40), lists, strict=True):
        assert_same_list(ours, theirs)


@pytest.mark.parametrize(
    ("file", "name", "dialect"),
    [
        ("w2v.txt.gz", "word2vec-text", "word2vec"),
        ("w2v.bin.gz", "word2vec-binary", "word2vec"),
        ("gensim_w2v_nospace.txt", "word2vec-text", "gensim"),
        ("gensim_w2v_nospace.bin", "word2vec-binary", "gensim"),
        ("glove_vectors.txt.gz", "glove", None),
        ("ft.vec.gz", "fasttext-vec", None),
    ],
)
def test_written_back_byte_for_byte(golden, tmp_path, file, name, dialect):
    options = {"dialect": dialect} if dialect else {}
    FORMATS[name].write(load_vectors(golden / file), tmp_path / "out", **options)
    assert (tmp_path / "out").read_bytes() == content(golden / file)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_compressed_files_are_read_and_damaged_ones_refused(golden, tmp_path, kind):
    from firth.errors import FormatError

    plain = content(golden / "w2v.txt.gz")
    path = tmp_path / f"v.txt.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("v.txt", plain)
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(plain))
    assert (
        load_vectors(path).matrix.tobytes() == load_vectors(golden / "w2v.txt.gz").matrix.tobytes()
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="truncated|damaged"):
        load_vectors(path, format="word2vec-text")
