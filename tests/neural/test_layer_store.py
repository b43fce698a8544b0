"""`LayerStore`: representations on disk, whole or not there."""

import errno

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

from hypothesis import given  # noqa: E402  # after importorskip
from hypothesis import strategies as st  # noqa: E402

from firth.errors import FormatError, ModelExistsError, SettingError, StorageError  # noqa: E402
from firth.neural import layer_store  # noqa: E402
from firth.neural.layer_store import (  # noqa: E402
    LayerStore,
    bytes_of,
    must_fit,
    offsets_of,
    store_written,
)

J, WIDTH = 3, 4


def words_of(n, seed=1):
    """[n, J, WIDTH] that float16 holds exactly."""
    return np.random.default_rng(seed).integers(-50, 50, (n, J, WIDTH)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    """Sentences of 2, 0, 3 and 1 words, written in two goes."""
    words = words_of(6)
    with store_written(tmp_path / "a.npy", J, WIDTH) as writer:
        writer.add(words[:2], [2, 0])
        writer.add(words[2:], [3, 1])
    return LayerStore.open(tmp_path / "a.npy")


def test_sentences_are_views_of_the_file(store):
    words = words_of(6)
    assert len(store) == 4
    assert (store.layers, store.width, store.lengths.tolist()) == (J, WIDTH, [2, 0, 3, 1])
    parts = [words[:2], words[2:2], words[2:5], words[5:]]
    for i, part in enumerate(parts):
        assert store[i].dtype == np.float16
        np.testing.assert_array_equal(store[i], part.transpose(1, 0, 2))
        assert not part.size or np.shares_memory(store[i], store.words)
    assert isinstance(store.words, np.memmap)
    np.testing.assert_array_equal(store[-1], store[3])
    for wrong in (4, -5):
        with pytest.raises(IndexError, match="of 4"):
            store[wrong]


def test_a_batch_is_padded_with_zeros(store):
    batch = store.batch([2, 1, 0, 2])
    assert batch.shape == (J, 4, 3, WIDTH)
    assert batch.dtype == torch.float32
    for row, i in enumerate([2, 1, 0, 2]):
        n = store.lengths[i]
        np.testing.assert_array_equal(batch[:, row, :n].numpy(), store[i])
        assert not batch[:, row, n:].any()
    assert store.batch(np.array([0]), torch.float16).dtype == torch.float16
    assert store.batch([1]).shape == (J, 1, 0, WIDTH)
    assert store.batch([]).shape == (J, 0, 0, WIDTH)


def test_plain_numpy_reads_it(store, tmp_path):
    words = np.load(tmp_path / "a.npy", mmap_mode="r")
    offsets = np.load(offsets_of(tmp_path / "a.npy"))
    assert offsets.tolist() == [0, 2, 2, 5, 6]
    np.testing.assert_array_equal(words[offsets[2] : offsets[3], 1], store[2][1])
    assert (tmp_path / "a.npy").stat().st_size == bytes_of(6, J, WIDTH)


def test_a_sentence_that_is_added_in_parts(tmp_path):
    words = words_of(9)
    with store_written(tmp_path / "a.npy", J, WIDTH) as writer:
        given = [1, 2]
        writer.add(words[:3], given)
        for place in (3, 4, 5):  # nothing but more of it
            writer.add(words[place : place + 1], [1], goes_on=True)
        writer.add(words[6:], [1, 0, 2], goes_on=True)
    found = LayerStore.open(tmp_path / "a.npy")
    assert found.lengths.tolist() == [1, 6, 0, 2]
    np.testing.assert_array_equal(found.words, words)
    assert given == [1, 2]


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=4))
def test_what_is_written_is_read(tmp_path_factory, goes):
    path = tmp_path_factory.mktemp("stores") / "a.npy"
    lengths = [n for go in goes for n in go]
    words = words_of(sum(lengths))
    with store_written(path, J, WIDTH, dtype="float32") as writer:
        done = 0
        for go in goes:
            writer.add(words[done : done + sum(go)], go)
            done += sum(go)
    found = LayerStore.open(path)
    assert found.lengths.tolist() == lengths
    np.testing.assert_array_equal(found.words, words)


def test_a_store_without_words(tmp_path):
    with store_written(tmp_path / "a.npy", J, WIDTH):
        pass
    assert len(LayerStore.open(tmp_path / "a.npy")) == 0


# --- what cannot be written ----------------------------------------------------------------------


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), store_written(tmp_path / "a.npy", J, WIDTH) as writer:
        writer.add(words_of(2), [2])
        raise RuntimeError("stopped")
    assert not list(tmp_path.iterdir())


class Full:
    """A file on a disk without room."""

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing(tmp_path):
    wanted = pytest.raises(StorageError, match="disk is full .* Nothing was left half-written")
    with wanted, store_written(tmp_path / "a.npy", J, WIDTH) as writer:
        writer.add(words_of(2), [2])
        writer._file = Full()
        writer.add(words_of(2), [2])
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_too_small_is_known_before(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(layer_store.shutil, "disk_usage", lambda folder: usage)
    must_fit(tmp_path / "a.npy", 1000)
    with pytest.raises(StorageError, match="needs 2 MB, but only 0 MB are free; take fewer layers"):
        must_fit(tmp_path / "a.npy", 2_000_000)


def test_numbers_that_the_type_does_not_hold(tmp_path):
    words = words_of(2)
    words[1, 1, 1] = -70_000
    wanted = pytest.raises(SettingError, match=r"of 7e\+04 does not fit into float16; take dtype")
    with wanted, store_written(tmp_path / "a.npy", J, WIDTH) as writer:
        writer.add(words, [2])
    with store_written(tmp_path / "a.npy", J, WIDTH, dtype="float32") as writer:
        writer.add(words, [2])
    assert LayerStore.open(tmp_path / "a.npy")[0][1, 1, 1] == -70_000


def test_what_is_there_is_kept(store, tmp_path):
    wanted = pytest.raises(ModelExistsError, match="exists already")
    with wanted, store_written(tmp_path / "a.npy", J, WIDTH, overwrite=False):
        pass
    assert len(LayerStore.open(tmp_path / "a.npy")) == 4


def test_endings_and_types(tmp_path):
    for path, dtype, said in (
        ("a.txt", "float16", "give it that ending"),
        ("a.npy", "int8", "'int8' is not one of float16, float32"),
    ):
        with (
            pytest.raises(SettingError, match=said),
            store_written(tmp_path / path, J, WIDTH, dtype=dtype),
        ):
            pass


# --- damaged files -------------------------------------------------------------------------------


def test_damaged_files(store, tmp_path):
    words, offsets = tmp_path / "a.npy", tmp_path / "a.offsets.npy"
    whole = words.read_bytes()
    words.write_bytes(whole[:-10])
    with pytest.raises(FormatError, match="damaged file"):
        LayerStore.open(words)
    words.write_bytes(whole)
    for wrong, said in (
        (np.array([0, 2, 2, 5]), "6 words, but offsets up to 5.*a.offsets.npy"),
        (np.array([0, 3, 2, 6]), "int64, rising from 0"),
        (np.array([0.0, 6.0]), "int64, rising from 0"),
    ):
        np.save(offsets, wrong)
        with pytest.raises(FormatError, match=said):
            LayerStore.open(words)
    offsets.unlink()
    with pytest.raises(FormatError, match="no such file"):
        LayerStore.open(words)
    with words.open("wb") as file:
        np.savez(file, a=np.zeros(3), b=np.zeros(2))
    archive = words.read_bytes()  # several arrays in one: .npz
    for held in (archive, archive[:-30], b""):
        words.write_bytes(held)
        with pytest.raises(FormatError, match="no .npy, or a damaged file"):
            LayerStore.open(words)
    np.save(words, np.zeros((3, 2), np.float32))
    np.save(offsets, np.array([0, 3]))
    with pytest.raises(FormatError, match=r"float32\[3, 2\], expected float16 or float32 \[words"):
        LayerStore.open(words)
