"""gensim's .save is read without running a word of it."""

import io
import os
import pickle
import subprocess

import numpy as np
import pytest

from firth.errors import FormatError
from firth.vectors.formats import load_vectors, sniff


class Attack:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def global_call(module, name, argument):
    """A pickle that calls module.name(argument), whatever is importable here."""
    file = io.BytesIO()
    file.write(b"\x80\x04")
    for text in (module, name):
        file.write(b"\x8c" + bytes([len(text)]) + text.encode())
    file.write(b"\x93\x8c" + bytes([len(argument)]) + argument.encode() + b"\x85R.")
    return file.getvalue()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
        ("importlib", "import_module"),
        ("runpy", "run_path"),
        ("pickle", "loads"),
        ("numpy", "load"),
        ("numpy.testing._private.utils", "runstring"),
        ("gensim.utils", "unpickle.__globals__"),
        ("gensimevil", "x"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
    ],
)
def test_a_pickle_that_asks_for_anything_else_is_refused_by_name(tmp_path, module, name):
    marker = tmp_path / "ran"
    (tmp_path / "kv").write_bytes(global_call(module, name, f"touch {marker}"))
    with pytest.raises(FormatError, match=f"asks for {module}.{name}.*nothing of it was run"):
        load_vectors(tmp_path / "kv")
    assert not marker.exists()


def test_attacks_that_work_on_pickle_do_not_work_here(tmp_path):
    """The control: the same bytes run under pickle.loads."""
    marker = tmp_path / "ran"
    for call in (
        Attack(os.system, f"touch {marker}"),
        Attack(subprocess.getoutput, f"touch {marker}"),
        {"vectors": [Attack(eval, f"open({str(marker)!r}, 'w').close()")]},
    ):
        blob = pickle.dumps(call)
        pickle.loads(blob)
        assert marker.exists(), "the attack must be a real one"
        marker.unlink()
        (tmp_path / "kv").write_bytes(blob)
        with pytest.raises(FormatError, match="asks for"):
            load_vectors(tmp_path / "kv", format="gensim")
        assert not marker.exists()


def test_gensim_functions_are_stand_ins(tmp_path):
    """Names of gensim are data holders here: calling one does nothing."""
    (tmp_path / "kv").write_bytes(global_call("gensim.utils", "unpickle", "/etc/passwd"))
    with pytest.raises(FormatError, match="without words"):
        load_vectors(tmp_path / "kv")


def test_truncated_anywhere_is_refused(shared, tmp_path):
    whole = (shared / "golden" / "gensim.kv").read_bytes()
    random = np.random.default_rng(0)
    for length in [0, 1, 2, 3, 11, *random.integers(12, len(whole), 60)]:
        (tmp_path / "kv").write_bytes(whole[:length])
        with pytest.raises(FormatError):
            load_vectors(tmp_path / "kv", format="gensim")


def test_flipped_bytes_never_end_in_anything_but_a_sentence(shared, tmp_path):
    whole = (shared / "golden" / "gensim.kv").read_bytes()
    random = np.random.default_rng(1)
    for _ in range(200):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(256)
        (tmp_path / "kv").write_bytes(data)
        try:
            load_vectors(tmp_path / "kv", format="gensim")
        except FormatError:
            pass
        except UserWarning:  # two names became equal
            pass


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps([1, 2]),
        pickle.dumps({"a": 1}),
        b"\x80\x04N.",
        pickle.dumps(np.zeros(3)),
        pickle.dumps(np.array(["x"], object)),
    ],
)
def test_pickles_without_vectors_are_refused(tmp_path, content):
    (tmp_path / "kv").write_bytes(content)
    with pytest.raises(FormatError, match="found .* expected"):
        load_vectors(tmp_path / "kv", format="gensim")


class TestWithGensim:
    """Files gensim writes here and now."""

    @pytest.fixture(autouse=True)
    def models(self):
        self.models = pytest.importorskip(
            "gensim.models", reason="gensim is not installed (extra bench)"
        )

    sentences = [f"w{i} w{i + 1} w{i + 2} über".split() for i in range(30)] * 3

    def same(self, path, keyed):
        assert sniff(path) == "gensim"
        found = load_vectors(path)
        assert found.names == keyed.index_to_key
        np.testing.assert_allclose(found.matrix, keyed.vectors, rtol=1e-6, atol=1e-7)
        return found

    @pytest.mark.parametrize("limit", [None, 4])
    def test_word2vec_with_and_without_files_beside_it(self, tmp_path, limit):
        model = self.models.Word2Vec(self.sentences, vector_size=5, min_count=1, workers=1)
        options = {} if limit is None else {"sep_limit": limit}
        model.save(str(tmp_path / "m"), **options)
        model.wv.save(str(tmp_path / "kv"), **options)
        for name in ("m", "kv"):
            found = self.same(tmp_path / name, model.wv)
            assert found.vocabulary.counts[0] == model.wv.get_vecattr(found.names[0], "count")
        if limit:
            (tmp_path / "m.wv.vectors.npy").unlink()
            with pytest.raises(FormatError, match=r"no m\.wv\.vectors\.npy beside it"):
                load_vectors(tmp_path / "m")
            side = tmp_path / "kv.vectors.npy"
            side.write_bytes(side.read_bytes()[:100])
            with pytest.raises(FormatError, match="damaged file"):
                load_vectors(tmp_path / "kv")

    def test_compressed(self, tmp_path):
        model = self.models.Word2Vec(self.sentences, vector_size=5, min_count=1, workers=1)
        model.wv.save(str(tmp_path / "kv.gz"), sep_limit=4)
        self.same(tmp_path / "kv.gz", model.wv)

    def test_fasttext_rows_are_summed_as_gensim_does(self, tmp_path):
        model = self.models.FastText(
            self.sentences, vector_size=5, min_count=1, workers=1, bucket=100
        )
        model.save(str(tmp_path / "m"))
        self.same(tmp_path / "m", model.wv)

    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_every_protocol(self, tmp_path, protocol):
        model = self.models.Word2Vec(self.sentences, vector_size=5, min_count=1, workers=1)
        model.wv.save(str(tmp_path / "kv"), pickle_protocol=protocol)
        self.same(tmp_path / "kv", model.wv)
