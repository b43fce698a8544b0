"""Any Unicode name survives every format that can hold it, and is refused by name elsewhere."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import FormatError, ModelExistsError, SettingError, StorageError
from firth.vectors.formats import FORMATS, load_vectors, save_vectors, sniff
from vectors.worlds import named, random_vectors

ENDING = {
    "word2vec-text": "v.txt",
    "word2vec-binary": "v.bin",
    "glove": "v.glove",
    "fasttext-vec": "v.vec",
    "safetensors": "v.safetensors",
    "model2vec": "v.model2vec",
    "projector": "v_tensor.tsv",
    "firth": "v.firth",
}
LOSSLESS = {"word2vec-text", "word2vec-binary", "safetensors", "model2vec", "projector", "firth"}
#: these split words at blanks
BLANK_SPLIT = {"word2vec-text", "word2vec-binary", "glove", "fasttext-vec"}

anything = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        st.sampled_from(["new york", "a\tb", "line\nend", "\\t", "\\", "[UNK]", "<unk>", "</s>"]),
        st.sampled_from(
            ["1", "1 2", "0.5", "東京", "é", "e\u0301", "🦊", "\ufeff", "\x85", "\x00"]
        ),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


def holds(kind, name):
    if kind in BLANK_SPLIT:
        return bool(name) and not set(name) & set(" \t\n\v\f\r")
    return bool(name) or kind != "projector"


@pytest.mark.parametrize("kind", ENDING)
@settings(max_examples=40, deadline=None)
@given(names=anything, dim=st.integers(1, 5))
def test_any_name(tmp_path_factory, kind, names, dim):
    folder = tmp_path_factory.mktemp("round")
    path = folder / ENDING[kind]
    vectors = named(names, dim)
    refused = [name for name in names if not holds(kind, name)]
    try:
        if refused:
            with pytest.raises(FormatError) as caught:
                save_vectors(vectors, path, format=kind)
            assert kind == "projector" or repr(refused[0]) in str(caught.value)
            assert not path.exists(), "nothing half-written"
            return
        save_vectors(vectors, path, format=kind)
        found = load_vectors(path, format=kind)
        assert found.names == names
        if kind in LOSSLESS:
            assert found.matrix.tobytes() == vectors.matrix.tobytes()
        else:
            np.testing.assert_allclose(found.matrix, vectors.matrix, rtol=1e-4, atol=6e-7)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("kind", ENDING)
def test_lone_surrogates_are_refused_but_by_our_own_folder(tmp_path, kind):
    if kind == "firth":
        save_vectors(named(["a", "b\ud800"]), tmp_path / ENDING[kind])
        assert load_vectors(tmp_path / ENDING[kind]).names == ["a", "b\ud800"]
        return
    with pytest.raises(FormatError, match="surrogate|UTF-8"):
        save_vectors(named(["a", "b\ud800"]), tmp_path / ENDING[kind], format=kind)
    assert not list(tmp_path.iterdir()), "nothing half-written"


@pytest.mark.parametrize("kind", ENDING)
def test_told_by_content_and_by_name(tmp_path, kind):
    vectors = random_vectors(40, 6)
    vectors.save(tmp_path / ENDING[kind])
    # .vec is word2vec text with other digits: its content does not tell
    wanted = "word2vec-text" if kind == "fasttext-vec" else kind
    assert sniff(tmp_path / ENDING[kind]) == wanted
    found = load_vectors(tmp_path / ENDING[kind], limit=7)
    assert found.names == vectors.names[:7]
    np.testing.assert_allclose(found.matrix, vectors.matrix[:7], rtol=1e-4, atol=6e-7)


@pytest.mark.parametrize("kind", ["safetensors", "projector", "firth"])
def test_counts_are_kept(tmp_path, kind):
    save_vectors(random_vectors(5, 2, counts=True), tmp_path / ENDING[kind], format=kind)
    assert load_vectors(tmp_path / ENDING[kind]).vocabulary.counts.tolist() == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("kind", ["word2vec-text", "word2vec-binary"])
def test_compressed_on_request(tmp_path, kind, ending):
    vectors = random_vectors(5, 2)
    path = tmp_path / (ENDING[kind] + ending)
    vectors.save(path)
    assert sniff(path) == kind
    assert (load_vectors(path).matrix == vectors.matrix).all()
    first = path.read_bytes()
    vectors.save(path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("kind", ENDING)
def test_what_exists_is_kept_if_asked(tmp_path, kind):
    path = tmp_path / ENDING[kind]
    save_vectors(random_vectors(3, 2), path, format=kind)
    with pytest.raises(ModelExistsError, match="exists already"):
        save_vectors(random_vectors(4, 2), path, format=kind, overwrite=False)
    assert len(load_vectors(path)) == 3
    save_vectors(random_vectors(4, 2), path, format=kind)
    assert len(load_vectors(path)) == 4


@pytest.mark.parametrize("kind", ENDING)
def test_a_missing_folder_is_a_sentence(tmp_path, kind):
    with pytest.raises(StorageError, match="cannot be written"):
        save_vectors(random_vectors(3, 2), tmp_path / "none" / ENDING[kind], format=kind)


def test_names_of_formats(tmp_path):
    with pytest.raises(SettingError, match="'word2vec-txt' is not known. Did you mean 'word2vec"):
        load_vectors(tmp_path, format="word2vec-txt")
    with pytest.raises(SettingError, match="gensim is only read, not written"):
        save_vectors(random_vectors(3, 2), tmp_path / "x", format="gensim")
    with pytest.raises(SettingError, match="'x.odd' does not tell a format"):
        random_vectors(3, 2).save(tmp_path / "x.odd")
    with pytest.raises(SettingError, match="encoding_errors='ignore'"):
        load_vectors(tmp_path, encoding_errors="ignore")
    with pytest.raises(SettingError, match="limit=0"):
        load_vectors(tmp_path, limit=0)
    assert list(FORMATS) == [
        "word2vec-text",
        "word2vec-binary",
        "glove",
        "fasttext-vec",
        "fasttext-bin",
        "safetensors",
        "model2vec",
        "gensim",
        "projector",
        "firth",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html>\n<html>\n", "at the start"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "at the start"),
        (b"just some prose here\nand more\n", "at the start"),
    ],
)
def test_foreign_files_are_refused(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        load_vectors(tmp_path / "x")


def test_foreign_folders_and_nothing_at_all(tmp_path):
    with pytest.raises(FormatError, match="a folder with nothing"):
        load_vectors(tmp_path)
    with pytest.raises(FormatError, match="nothing there"):
        load_vectors(tmp_path / "none")
    with pytest.raises(FormatError, match="found a folder, expected a file"):
        load_vectors(tmp_path, format="glove")


def test_the_cache_makes_the_second_opening_a_mapping(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRTH_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "v.txt"
    vectors = random_vectors(50, 4)
    vectors.save(path)
    first = load_vectors(path, cache=True)
    assert len(list((tmp_path / "cache").rglob("model.json"))) == 1

    def fail(*_):
        raise AssertionError("the file was read again")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("firth.vectors.formats.rows.read_rows", fail)
        patch.setattr("firth.vectors.formats.word2vec_text.read_rows", fail)
        second = load_vectors(path, cache=True)
    assert first.names == second.names == vectors.names
    assert (second.matrix == vectors.matrix).all() and not second.matrix.flags.owndata
    random_vectors(60, 4).save(path)
    assert len(load_vectors(path, cache=True)) == 60, "a changed file is read anew"
    # a damaged copy is made again
    for copy in (tmp_path / "cache").rglob("vectors.safetensors"):
        copy.write_bytes(b"")
    assert len(load_vectors(path, cache=True)) == 60
