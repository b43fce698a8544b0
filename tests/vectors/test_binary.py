"""word2vec binary: both dialects, names with blanks, and damage at every place."""

import numpy as np
import pytest

from firth.errors import FormatError
from firth.vectors.formats import FORMATS, load_vectors, save_vectors, word2vec_binary
from vectors.worlds import named, random_vectors


def binary(names, matrix, end=b""):
    rows = [name + b" " + row.astype("<f4").tobytes() + end for name, row in zip(names, matrix)]  # noqa: B905  (a wrong length is part of some tests)
    return f"{len(rows)} {matrix.shape[1]}\n".encode() + b"".join(rows)


def read(tmp_path, content, **options):
    (tmp_path / "v.bin").write_bytes(content)
    return load_vectors(tmp_path / "v.bin", format="word2vec-binary", **options)


@pytest.mark.parametrize("dialect", ["gensim", "word2vec"])
def test_both_dialects(tmp_path, dialect, monkeypatch):
    vectors = random_vectors(300, 7)
    FORMATS["word2vec-binary"].write(vectors, tmp_path / "v.bin", dialect=dialect)
    for chunk in (1 << 24, 100):
        monkeypatch.setattr(word2vec_binary, "CHUNK", chunk)
        found = load_vectors(tmp_path / "v.bin")
        assert found.names == vectors.names and (found.matrix == vectors.matrix).all()
    assert load_vectors(tmp_path / "v.bin", limit=3).names == ["w0", "w1", "w2"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_names_with_blanks_are_found(tmp_path, end):
    """gensim writes them and reads them back wrongly."""
    matrix = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    names = [b"the", b"new york", "são paulo 2020".encode(), b"x", b"a b c"]
    found = read(tmp_path, binary(names, matrix, end))
    assert found.names == [name.decode() for name in names]
    assert (found.matrix == matrix).all()


def test_cut_anywhere_is_refused(tmp_path):
    save_vectors(random_vectors(5, 3), tmp_path / "whole.bin")
    whole = (tmp_path / "whole.bin").read_bytes()
    for length in range(len(whole)):
        with pytest.raises(FormatError, match="found .* expected"):
            read(tmp_path, whole[:length])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"2 3\n" + b"a " + bytes(12), "a header of 2 vectors of 3 numbers in a file of 18 bytes"),
        (b"99999999999999 3\na " + bytes(12), "99999999999999 vectors"),
        (b"1 99999999999999\na " + bytes(12), "99999999999999 numbers"),
        (b"1 2 3\n", "at offset 0"),
        (b"1 0\na ", "at offset 0"),
        (b"\x00\x01", "at offset 0"),
        (b"1 1\na " + bytes(4) + b"junk", "bytes after the last of 1 vectors, at offset 10"),
        (b"1 1\na " + np.float32(np.nan).tobytes(), "not finite .* row 1, at offset 4"),
        (b"1 1\n\xff " + bytes(4), "not UTF-8 at offset 4"),
        (b"2 1\nabcdefghijkl" + bytes(8), "where row 1 of 2 begins"),
    ],
)
def test_damage_is_refused_with_its_offset(tmp_path, content, message):
    with pytest.raises(FormatError, match=message):
        read(tmp_path, content)


def test_bad_names_can_be_replaced(tmp_path):
    assert read(tmp_path, b"1 1\n\xff " + bytes(4), encoding_errors="replace").names == ["\ufffd"]


def test_large_numbers_are_no_damage(tmp_path):
    matrix = np.array([[1e9, -1e9], [3e38, 0]], np.float32)
    assert (read(tmp_path, binary([b"a", b"b"], matrix)).matrix == matrix).all()


def test_a_name_with_a_blank_is_not_written(tmp_path):
    with pytest.raises(FormatError, match="the name 'new york', which word2vec binary cannot"):
        save_vectors(named(["a", "new york"]), tmp_path / "v.bin")
