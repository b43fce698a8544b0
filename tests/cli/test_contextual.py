"""`firth embed`, `neighbors --in` and `convert` of an ELMo."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="the neural half needs PyTorch")

from firth import load  # noqa: E402  # after importorskip
from firth.neural.contextual import Contextual  # noqa: E402
from firth.neural.layer_store import LayerStore  # noqa: E402
from neural.drawn_elmo import drawn_elmo  # noqa: E402

TEXT = "the bank of the river\n\nthe bank lent money\nnobody came\n"


@pytest.fixture(scope="module")
def elmo(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "e.firth"
    drawn_elmo().save(path)
    return path


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "text.txt"
    path.write_text(TEXT, "utf-8")
    return path


def refused(answer, *said):
    assert answer.code == 2
    for one in said:
        assert one in answer.err
    assert "Traceback" not in answer.err


# --- embed ---------------------------------------------------------------------------------------


def test_tokens_find_their_line(firth, elmo, text, tmp_path):
    answer = firth("embed", elmo, text, "-o", "w.npy")
    assert answer.code == 0, answer.err
    assert "11 words of 4 lines, 3 x 12 numbers each, are in w.npy" in answer.out
    # the size is said before the work
    assert "11 words, 0.0 MB" in answer.err
    words = np.load("w.npy", mmap_mode="r")
    offsets = np.load("w.offsets.npy")
    assert (words.dtype, words.shape) == (np.float16, (11, 3, 12))
    assert offsets.tolist() == [0, 5, 5, 9, 11]
    tokens = (tmp_path / "w.tokens.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in tokens] == [line.split() for line in TEXT.splitlines()]
    model = Contextual(load(elmo), device="cpu", threads=1)
    wanted = model.of(TEXT.splitlines())
    for i, one in enumerate(LayerStore.open("w.npy")):
        np.testing.assert_allclose(one, wanted[i], rtol=2**-10, atol=1e-6)


@pytest.mark.parametrize(("layers", "count"), [("top", 1), ("average", 1), ("0,2", 2), ("all", 3)])
def test_layers(firth, elmo, text, layers, count):
    answer = firth("embed", elmo, text, "-o", "w.npy", "--layers", layers, "--json")
    assert json.loads(answer.out) == {
        "path": "w.npy", "rows": 11, "layers": count, "width": 12, "lines": 4,
        "bytes": 128 + 11 * count * 12 * 2, "unknown_characters": 0, "cut": 0, "lines_cut": 0,
    }  # fmt: skip


def test_float32_and_standard_input(firth, elmo):
    answer = firth("embed", elmo, "-o", "w.npy", "--dtype", "float32", stdin=TEXT)
    assert answer.code == 0, answer.err
    assert np.load("w.npy").dtype == np.float32
    assert np.load("w.npy").shape == (11, 3, 12)


def test_words_alone_are_vectors_too(firth, elmo):
    """Without a sentence a word has the vector of its spelling, as in any model of words."""
    assert firth("embed", elmo, "-o", "w.npy", "--of", "words", stdin="bank\n").code == 0
    np.testing.assert_array_equal(np.load("w.npy"), load(elmo).vectors[["bank"]])


def test_what_is_lost_is_said(firth, tmp_path):
    drawn_elmo(characters="abekn").save("c.firth")
    answer = firth("embed", "c.firth", "-o", "w.npy", stdin="bank ванна incomprehensibilities\n")
    assert answer.code == 0
    # of the longest word only what was kept counts
    assert "characters (" in answer.err and "are unknown to the model" in answer.err
    assert "1 words are longer than 10 characters, and lost their ends" in answer.err


def test_a_line_that_is_too_long(firth, elmo, monkeypatch, tmp_path):
    text = "a b c d e f g h i j k\nthe bank\n"
    for module in ("contextual", "sentences", "occurrences"):
        monkeypatch.setattr(f"firth.neural.{module}.LONGEST", 6)
    answer = firth("embed", elmo, "-o", "w.npy", stdin=text)
    said = "firth: note: 1 line of more than 6 words: read in pieces, each from a fresh state."
    assert said in answer.err
    assert np.load("w.offsets.npy").tolist() == [0, 11, 13]
    assert len((tmp_path / "w.tokens.jsonl").read_text("utf-8").splitlines()) == 2
    answer = firth("embed", elmo, "-o", "w.npy", "--overwrite", "--json", stdin=text)
    assert json.loads(answer.out)["lines_cut"] == 1
    answer = firth("neighbors", elmo, "--in", "a *h*", "--against", "-", stdin=text)
    assert said in answer.err
    assert answer.out.split("\t")[1:] == ["1", "f g *h* i j k\n"]


def test_what_is_there_is_replaced_only_if_it_is_said(firth, elmo, text, tmp_path):
    for name in ("w.npy", "w.offsets.npy", "w.tokens.jsonl"):
        (tmp_path / name).write_text("mine", "utf-8")
        refused(firth("embed", elmo, text, "-o", "w.npy"), f"{name} exists already", "--overwrite")
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert firth("embed", elmo, text, "-o", "w.npy", "--overwrite").code == 0
        for path in tmp_path.iterdir():
            path.unlink()


def test_embed_bad_input(firth, elmo, text, model, tmp_path, monkeypatch):
    refused(firth("embed", elmo, text, "-o", "w.txt"), "the ending '.txt' is not .npy")
    refused(firth("embed", elmo, text, "-o", "w.npy", "--layers", "best"), "layers='best'")
    refused(firth("embed", elmo, "none.txt", "-o", "w.npy"), "no file none.txt")
    refused(firth("embed", elmo, text, "-o", "w.npy", "--device", "gpu"), "device='gpu'")
    refused(firth("embed", elmo, text, "-o", "nowhere/w.npy"), "nowhere")
    refused(firth("embed", elmo, text, "-o", "w.npy", "--fold-case"), "leave --fold-case out")
    refused(firth("embed", model, text, "-o", "w.npy", "--layers", "top"), "--layers is for")
    refused(firth("embed", model, text, "-o", "w.npy", "--of", "tokens"), "--of tokens is for")
    (tmp_path / "bad.txt").write_bytes(b"the bank \xff\n")
    refused(firth("embed", elmo, "bad.txt", "-o", "w.npy"), "not UTF-8")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]
    with monkeypatch.context() as patch:  # a large text is not gone through first
        patch.setattr("firth.cli.contextual._written", None)
        refused(firth("embed", elmo, text, "-o", "w.npy", "--layers", "9"), "layers='9'")
    latin = firth("embed", elmo, "bad.txt", "-o", "w.npy", "--encoding", "latin-1")
    assert latin.code == 0, latin.err


def test_a_full_disk(firth, elmo, text):
    refused(firth("embed", elmo, text, "-o", "/dev/full/w.npy"), "/dev/full")


# --- neighbors -----------------------------------------------------------------------------------


def test_neighbors_in_a_sentence(firth, elmo, text):
    words = ["neighbors", elmo, "--in", "a *bank* of sand", "--against", text]
    answer = firth(*words)
    assert answer.code == 0, answer.err
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert sorted(row[1:] for row in rows) == [
        ["1", "the *bank* of the river"],
        ["3", "the *bank* lent money"],
    ]
    assert float(rows[0][0]) >= float(rows[1][0])
    assert "The nearest of 2 occurrences of bank in 4 lines." in answer.err
    found = json.loads(firth(*words, "-n", 1, "--layer", "average", "--json").out)
    assert found["word"] == "bank" and found["layer"] == "average"
    assert (found["seen"], found["lines"]) == (2, 4)
    (best,) = found["neighbors"]
    assert set(best) == {"similarity", "line", "place", "word", "sentence"}
    every = json.loads(firth(*words, "--any-word", "-n", "20", "--json").out)
    assert every["seen"] == len(every["neighbors"]) == 11


def test_several_files_are_told_apart(firth, elmo, tmp_path):
    """Where a line is, is said by its file and its number there."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("nobody came\nthe bank of the river\n", "utf-8")
    (folder / "b.txt").write_text("\n\nno line holds it\n", "utf-8")
    (folder / "c.txt").write_text("a bank lent money\n\nwhat bank\n", "utf-8")
    files = [str(folder / f"{name}.txt") for name in "abc"]
    wanted = [
        [files[0], "2", "the *bank* of the river"],
        [files[2], "1", "a *bank* lent money"],
        [files[2], "3", "what *bank*"],
    ]
    ask = ["neighbors", elmo, "--in", "the *bank*"]
    given = [word for file in files for word in ("--against", file)]
    for against in (given, ["--against", folder], ["--against", f"{folder}/*.txt"]):
        answer = firth(*ask, *against)
        assert answer.code == 0, answer.err
        assert sorted(row.split("\t")[1:] for row in answer.out.splitlines()) == wanted
        assert "3 occurrences of bank in 8 lines" in answer.err
    found = json.loads(firth(*ask, *given, "--json").out)["neighbors"]
    assert sorted([one["source"], str(one["line"]), one["sentence"]] for one in found) == wanted
    # one that is not gone through to its end
    few = json.loads(firth(*ask, *given, "--limit", 2, "--json").out)["neighbors"]
    assert sorted([one["source"], str(one["line"]), one["sentence"]] for one in few) == wanted[:2]
    both = firth(*ask, "--against", files[0], "--against", "-", stdin="\nits bank\n")
    rows = sorted(row.split("\t")[1:] for row in both.out.splitlines())
    assert rows == sorted([wanted[0], ["the standard input", "2", "its *bank*"]])
    # of one file there is nothing to tell
    alone = json.loads(firth(*ask, "--against", files[2], "--json").out)["neighbors"]
    assert "source" not in alone[0] and {one["line"] for one in alone} == {1, 3}


def test_a_function_is_called_only_if_the_user_says_so(firth, text, tmp_path, monkeypatch):
    (tmp_path / "cutting.py").write_text("def words(line):\n    return line.split()\n", "utf-8")
    fitted = drawn_elmo()
    fitted.corpus |= {"tokenizer": "cutting:words", "tokenizer_is_function": True}
    fitted.save("f.firth")
    monkeypatch.syspath_prepend(str(tmp_path))
    for words in (
        ("embed", "f.firth", text, "-o", "w.npy"),
        ("neighbors", "f.firth", "--in", "a *bank*", "--against", text),
    ):
        refused(firth(*words), "not called on the word of a model", "--tokenizer cutting:words")
        assert firth(*words, "--tokenizer", "cutting:words").code == 0


def test_the_python_that_does_the_same(firth, elmo, text):
    words = ["neighbors", elmo, "--in", "a *bank*", "--against", text, "--verbose", "--layer", 1]
    assert "occurrences(model, 'a *bank*'" in firth(*words).err


def test_neighbors_bad_input(firth, elmo, text, model):
    base = ["neighbors", elmo, "--against", text, "--in"]
    refused(firth(*base, "a bank"), "marks no word", "*apple*")
    refused(firth(*base, "a *cliff*"), "'cliff' does not occur in the 4 lines")
    refused(firth(*base, "a *bank*", "--layer", "7"), "layers='7'")
    refused(firth(*base, "a *bank*", "-n", "0"), "n=0")
    refused(firth("neighbors", elmo, "--in", "a *bank*"), "both of them")
    refused(firth("neighbors", elmo, "bank", "--against", text), "both of them")
    refused(firth("neighbors", elmo, "bank", "--any-word"), "go with --in")
    refused(firth("neighbors", model, "--in", "a *w1*", "--against", text), "expected an ELMo")
    refused(firth("neighbors", elmo, "--in", "a *bank*", "--against", "no.txt"), "no file no.txt")


# --- convert -------------------------------------------------------------------------------------


def test_published_weights_there_and_back(firth, elmo, text):
    pytest.importorskip("h5py", reason="published weights are HDF5: the extra elmo")
    there = firth("convert", elmo, "w.hdf5", "--options", "o.json")
    assert there.code == 0, there.err
    assert "3 representations of 12 numbers a word are in w.hdf5 and o.json" in there.out
    back = firth("convert", "w.hdf5", "back.firth", "--options", "o.json", "--json")
    assert json.loads(back.out) == {
        "path": "back.firth", "options": "o.json", "layers": 2, "width": 12,
    }  # fmt: skip
    for model, out in ((elmo, "a.npy"), ("back.firth", "b.npy")):
        assert firth("embed", model, text, "-o", out, "--dtype", "float32").code == 0
    np.testing.assert_allclose(np.load("a.npy"), np.load("b.npy"), atol=1e-6)
    assert firth("info", "back.firth").code == 0
    refused(firth("neighbors", "back.firth", "bank"), "expected one with word vectors")


def test_convert_bad_input(firth, elmo, model, vec, tmp_path):
    pytest.importorskip("h5py", reason="published weights are HDF5: the extra elmo")
    refused(firth("convert", elmo, "w.hdf5"), "--options options.json")
    refused(firth("convert", elmo, "m.firth", "--options", "o.json"), "as SOURCE or as TARGET")
    refused(firth("convert", model, "w.hdf5", "--options", "o.json"), "of kind skipgram")
    refused(firth("convert", vec, "w.hdf5", "--options", "o.json"), "no model folder")
    refused(firth("convert", elmo, "w.hdf5", "--options", "o.json", "--limit", 5), "--limit is of")
    drawn_elmo(padding="ignored").save("ignored.firth")
    refused(firth("convert", "ignored.firth", "w.h5", "--options", "o.json"), "--padding counted")
    (tmp_path / "w.hdf5").write_bytes(b"nothing")
    refused(firth("convert", "w.hdf5", "m.firth", "--options", "o.json"), "o.json")
    assert firth("convert", elmo, "v.hdf5", "--options", "o.json").code == 0
    refused(firth("convert", "w.hdf5", "m.firth", "--options", "o.json"), "no whole HDF5 file")
    drawn_elmo(dim=20, longest=12).save("wide.firth")
    told = firth("convert", "wide.firth", "wide.hdf5", "--options", "wide.json")
    assert told.code == 0, told.err
    assert "firth: note: bilm-tf refuses a projection_dim of 20 above the 11 filters" in told.err
    assert "firth: note: AllenNLP spells every word with 50 symbols and this" in told.err
    assert not (tmp_path / "m.firth").exists()
