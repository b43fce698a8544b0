"""The model folder: whole or not there, opened in no time, refused if it is not what was saved."""

import dataclasses
import errno
import json
import subprocess
import sys

import numpy as np
import pytest

from firth.errors import FormatError, ModelExistsError, StorageError
from firth.text.vocabulary import Vocabulary
from firth.vectors import fitted as module
from firth.vectors.fitted import Fitted, load, verify
from firth.vectors.formats import load_vectors
from firth.vectors.vectors import Vectors
from vectors.worlds import random_vectors


def model(rows=6, dim=4, seed=0):
    return Fitted(
        kind="skipgram",
        vectors=random_vectors(rows, dim, seed, counts=True),
        state={"output": np.ones((rows, dim), np.float32), "position": np.array([7, 8])},
        settings={"dim": dim, "rate": np.float32(0.5)},
        history=[{"epoch": 1, "loss": np.float64(2.5)}],
        corpus={"sources": ["ü.txt"]},
    )


def test_what_is_saved_is_loaded(tmp_path):
    saved = model()
    saved.save(tmp_path / "m.firth")
    loaded = load(tmp_path / "m.firth")
    assert (loaded.kind, loaded.corpus) == ("skipgram", {"sources": ["ü.txt"]})
    assert loaded.settings == {"dim": 4, "rate": 0.5}
    assert loaded.history == [{"epoch": 1, "loss": 2.5}]
    assert loaded.vectors.names == saved.vectors.names
    assert loaded.vectors.vocabulary.counts.tolist() == [6, 5, 4, 3, 2, 1]
    assert (loaded.vectors.matrix == saved.vectors.matrix).all()
    assert (loaded.vectors.norms == saved.vectors.norms).all()
    assert sorted(loaded.state) == ["output", "position"]
    assert (loaded.state["output"] == 1).all() and loaded.state["position"].tolist() == [7, 8]
    assert not loaded.vectors.matrix.flags.owndata, "the matrix is mapped, not read"
    verify(tmp_path / "m.firth")
    assert load_vectors(tmp_path / "m.firth", limit=2).names == ["w0", "w1"]


def test_an_existing_model_is_kept_unless_told(tmp_path):
    model().save(tmp_path / "m")
    with pytest.raises(ModelExistsError, match="exists already"):
        model(seed=1).save(tmp_path / "m")
    mapped = load(tmp_path / "m")
    model(seed=1).save(tmp_path / "m", overwrite=True)
    assert (load(tmp_path / "m").vectors.matrix == model(seed=1).vectors.matrix).all()
    assert (mapped.vectors.matrix == model().vectors.matrix).all(), "an open model stays"


def test_a_full_disk_leaves_the_old_model_whole(tmp_path, monkeypatch):
    model().save(tmp_path / "m")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_tensors", full)
    with pytest.raises(StorageError, match="the disk is full"):
        model(seed=1).save(tmp_path / "m", overwrite=True)
    monkeypatch.undo()
    assert (load(tmp_path / "m").vectors.matrix == model().vectors.matrix).all()
    assert [path.name for path in tmp_path.iterdir()] == ["m"], "nothing half-written is left"


@pytest.mark.parametrize(
    "file", ["model.json", "vocabulary.tsv", "vectors.safetensors", "state.safetensors"]
)
def test_each_file_truncated_missing_or_changed_is_refused(tmp_path, file):
    model().save(tmp_path / "m")
    path = tmp_path / "m" / file
    whole = path.read_bytes()
    for length in {0, 1, 7, 8, len(whole) // 2, len(whole) - 3}:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError, match=r"found .*, expected"):
            load(tmp_path / "m")
    path.write_bytes(whole + b"x")
    with pytest.raises(FormatError):
        load(tmp_path / "m")
    path.unlink()
    with pytest.raises(FormatError, match=file.replace(".", r"\.")):
        load(tmp_path / "m")


def test_a_truncated_file_is_told_with_both_sizes(tmp_path):
    model().save(tmp_path / "m")
    path = tmp_path / "m" / "vectors.safetensors"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FormatError, match=f"{size - 4} bytes, expected {size} bytes.*truncated"):
        load(tmp_path / "m")


def test_one_flipped_bit_is_found(tmp_path):
    """In the names on loading, in the numbers by `verify`."""
    for file, check in [("vocabulary.tsv", load), ("vectors.safetensors", verify)]:
        model().save(tmp_path / "m", overwrite=True)
        path = tmp_path / "m" / file
        data = bytearray(path.read_bytes())
        data[-4 if file.startswith("vec") else 0] ^= 1
        path.write_bytes(data)
        with pytest.raises(FormatError, match="CRC-32"):
            check(tmp_path / "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 3, "firth": "9.0"}, "version 3, written by firth 9.0.*pip install -U firth"),
        ({"version": "1"}, "format version '1'"),
        ({"format": "other"}, "not firth's"),
        ({"kind": 3}, "under 'kind'"),
        ({"history": {}}, "under 'history'"),
        ({"words": 5}, "6 names, expected 5"),
        ({"dim": 5}, r"float32\[6, 4\] under 'vectors', expected float32\[6, 5\]"),
        ({"files": {}}, "no entry for vocabulary.tsv"),
        ({"files": {"vocabulary.tsv": 3, "vectors.safetensors": {}}}, "damaged entry"),
    ],
)
def test_a_foreign_or_newer_description_is_refused(tmp_path, change, message):
    model().save(tmp_path / "m")
    file = tmp_path / "m" / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(FormatError, match=message):
        load(tmp_path / "m")


def test_what_is_no_model_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match="nothing there"):
        load(tmp_path / "none")
    with pytest.raises(FormatError, match="without model.json"):
        load(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match="found a file"):
        load(tmp_path / "file")


def test_a_kill_between_the_renames_is_mended(tmp_path):
    model().save(tmp_path / "m")
    (tmp_path / "m").rename(tmp_path / ".m.previous")
    assert load(tmp_path / "m").kind == "skipgram"


def test_a_frozen_folder_of_version_1_is_read(tmp_path):
    """The bytes of the first format, written by hand: later versions must go on reading them."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "vocabulary.tsv").write_bytes("kö\\tnig\t3\nqueen\t2\n".encode())
    header = (
        b'{"norms":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"vectors":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}'
    )
    numbers = np.array([1.5, 2.0, 1.5, -2.0], "<f4").tobytes()
    (folder / "vectors.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + numbers
    )
    files = {path.name: module.describe(path) for path in folder.iterdir()}
    description = {
        "format": "firth",
        "version": 1,
        "kind": "cbow",
        "firth": "0.1.0",
        "words": 2,
        "dim": 1,
        "settings": {},
        "corpus": {},
        "history": [],
        "files": files,
    }
    (folder / "model.json").write_text(json.dumps(description))
    loaded = load(folder)
    assert loaded.vectors.names == ["kö\tnig", "queen"] and loaded.vectors["queen"] == [-2.0]
    assert loaded.state == {}


def test_dataclasses_in_settings_are_stored(tmp_path):
    @dataclasses.dataclass
    class Inner:
        x: int = 3

    one = model()
    one.settings = {"inner": Inner(), "path": tmp_path}
    one.save(tmp_path / "m")
    assert load(tmp_path / "m").settings == {"inner": {"x": 3}, "path": str(tmp_path)}


@pytest.mark.heavy
def test_400k_words_open_in_50_ms_and_answer_in_half_a_second(tmp_path):
    random = np.random.default_rng(0)
    names = Vocabulary([f"w{i}" for i in range(400_000)], counts=range(400_000, 0, -1))
    matrix = random.standard_normal((400_000, 300), dtype=np.float32)
    Fitted("skipgram", Vectors(names, matrix)).save(tmp_path / "m")
    program = (
        "import time; begin = time.perf_counter()\n"
        "from firth.vectors.fitted import load\n"
        "opening = time.perf_counter()\n"
        f"m = load({str(tmp_path / 'm')!r})\n"
        "opening = time.perf_counter() - opening\n"
        "m.vectors.nearest('w7')\n"
        "print(opening, time.perf_counter() - begin)"
    )
    runs = [
        [float(x) for x in subprocess.check_output([sys.executable, "-c", program]).split()]
        for _ in range(4)
    ]
    assert min(run[0] for run in runs) < 0.05
    assert min(run[1] for run in runs) < 0.5


def test_models_inside_a_model(tmp_path):
    inner = model(rows=3, seed=2)
    inner.parts["deep"] = Fitted("vectors", random_vectors(2, 2, 3))
    outer = dataclasses.replace(model(), parts={"vectors": inner, "other": model(seed=5)})
    outer.save(tmp_path / "m.firth")
    verify(tmp_path / "m.firth")
    loaded = load(tmp_path / "m.firth")
    assert sorted(loaded.parts) == ["other", "vectors"]
    assert (loaded.parts["vectors"].vectors.matrix == inner.vectors.matrix).all()
    assert sorted(loaded.parts["vectors"].parts) == ["deep"] and not loaded.parts["other"].parts
    (tmp_path / "m.firth" / "parts" / "other" / "model.json").unlink()
    with pytest.raises(FormatError, match="no parts/other/model.json"):
        load(tmp_path / "m.firth")


def test_names_that_end_like_parts_of_quantised_rows(tmp_path):
    """net.crf.start of a tagger is a tensor of its own."""
    state = {"net.crf.start": np.ones(3, np.float32), "x.codes.more": np.ones(2)}
    dataclasses.replace(model(), state=state).save(tmp_path / "m.firth")
    assert sorted(load(tmp_path / "m.firth").state) == sorted(state)
