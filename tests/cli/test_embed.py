"""`firth embed` and `firth convert`."""

import json

import numpy as np
import pytest

from firth import Corpus, SkipGram
from firth.vectors.fitted import load
from firth.vectors.formats import load_vectors


def test_words_as_npy(firth, vec, tmp_path):
    (tmp_path / "w.txt").write_text("west\nnowhere\nnorth\nnowhere\n", "utf-8")
    answer = firth("embed", vec, "w.txt", "-o", "w.npy")
    assert answer.code == 0
    assert "1 words are not in the model: nowhere" in answer.err
    matrix = np.load("w.npy")
    assert matrix.dtype == np.float32
    assert matrix.tolist() == pytest.approx(
        np.array([[0, 0.9, 0.1], [0, 0, 0], [1, 0, 0], [0, 0, 0]], np.float32)
    )
    document = json.loads(firth("embed", vec, "w.txt", "-o", "w.npy", "--overwrite", "--json").out)
    assert document == {"path": "w.npy", "rows": 4, "dim": 3, "unknown": ["nowhere"]}


def test_lines_are_the_mean_of_their_known_words(firth, vec, tmp_path):
    text = "North, east and SOUTH!\n\nnothing known\n"
    answer = firth("embed", vec, "-o", "l.txt", "--of", "lines", stdin=text)
    assert answer.code == 0, answer.err
    assert "and, nothing, known" in answer.err
    rows = [line.split("\t") for line in (tmp_path / "l.txt").read_text("utf-8").splitlines()]
    assert [row[0] for row in rows] == ["North, east and SOUTH!", "", "nothing known"]
    assert [float(x) for x in rows[0][1].split()] == pytest.approx([1.9 / 3, 1.1 / 3, 0], abs=1e-5)
    assert rows[1][1] == rows[2][1] == "0 0 0"


def test_parquet(firth, vec):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert firth("embed", vec, "-", "-o", "w.parquet", stdin="east\nnorth\n").code == 0
    table = parquet.read_table("w.parquet")
    assert table["text"].to_pylist() == ["east", "north"]
    assert table["vector"].to_pylist() == [[0, 1, 0], [1, 0, 0]]


def test_a_model_reads_lines_as_it_was_trained(firth, model):
    assert firth("embed", model, "-o", "l.npy", "--of", "lines", stdin="W1 w3\nw1\nw3\n").code == 0
    both, one, three = np.load("l.npy")
    assert both == pytest.approx((one + three) / 2, abs=1e-6)


def test_a_model_cannot_have_its_tokenizer_run(firth, model, tmp_path):
    """A model that names a function must not make us call it."""
    fitted = load(model)
    for name in ("os:system", "given"):
        fitted.corpus["tokenizer"] = name
        fitted.save("evil.firth", overwrite=True)
        answer = firth("embed", "evil.firth", "-o", "l.npy", "--of", "lines", stdin="touch run\n")
        assert answer.code == 2
        assert "--tokenizer" in answer.err
    assert not (tmp_path / "run").exists()
    # the control: named by the user it is called
    (tmp_path / "mine.py").write_text("def cut(line):\n    return line.split('-')\n", "utf-8")
    answer = firth("embed", "evil.firth", "-o", "l.npy", "--of", "lines", "--tokenizer", "mine:cut",
                   stdin="w1-w3\n")  # fmt: skip
    assert answer.code == 0, answer.err
    assert np.load("l.npy").any()


def test_a_text_given_as_tokens_needs_a_tokenizer(firth):
    """Trained on lists of tokens: nothing says how to cut a line."""
    settings = SkipGram(dim=4, epochs=1, min_count=1, threads=1)
    settings.fit(Corpus([["New York", "Rio"], ["Rio", "New York"]])).save("cities.firth")
    assert load("cities.firth").corpus["tokenizer"] == "given"
    words = ("embed", "cities.firth", "-o", "l.npy", "--of", "lines")
    answer = firth(*words, stdin="Rio\n")
    assert answer.code == 2
    assert "given as tokens" in answer.err
    assert "--tokenizer" in answer.err
    # case is folded by `words` unless the user says no
    for more, known in ([], False), (["--no-fold-case"], True):
        again = firth(*words, "--tokenizer", "words", "--overwrite", *more, stdin="Rio\n")
        assert again.code == 0, again.err
        assert np.load("l.npy").any() == known


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (["-o", "w.xlsx"], "north", "'.xlsx' is not one of .npy, .parquet, .txt, .tsv"),
        (["-o", "w.npy"], b"\xff\xfe", "byte 0xFF at offset 0 is not UTF-8"),
        (["-o", "w.npy"], "", "standard input is empty"),
        (["none.txt", "-o", "w.npy"], "", "none.txt cannot be read"),
        (["-o", "no/w.npy"], "north", "no/w.npy cannot be written"),
        (["-o", "there.npy"], "north", "there.npy exists already"),
    ],
)
def test_what_cannot_be_embedded(firth, vec, tmp_path, words, stdin, said):
    (tmp_path / "there.npy").touch()
    answer = firth("embed", vec, *words, stdin=stdin)
    assert answer.code == 2
    assert said in answer.err


def test_a_full_disk(firth, vec):
    answer = firth("embed", vec, "-o", "/dev/full/w.npy", stdin="north")
    assert answer.code == 2
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("name", ["c.vec", "c.bin", "c.txt", "c.safetensors", "c.firth"])
def test_convert_there_and_back(firth, vec, name):
    assert firth("convert", vec, name).out == f"4 vectors of 3 numbers are in {name}\n"
    assert firth("convert", name, "back.vec").code == 0
    first, last = load_vectors(vec), load_vectors("back.vec")
    assert last.names == first.names
    assert last.matrix == pytest.approx(first.matrix)


def test_convert_to_and_from(firth, vec):
    answer = firth("convert", vec, "x.data", "--to", "word2vec-binary", "--limit", "2", "--json")
    assert json.loads(answer.out) == {"path": "x.data", "words": 2, "dim": 3}
    assert firth("convert", "x.data", "y.vec", "--from", "word2vec-binary").code == 0
    assert load_vectors("y.vec").names == ["north", "south"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.vec", "x.vec"], "none.vec: found nothing"),
        (["four.vec", "four.vec"], "four.vec exists already"),
        (["four.vec", "x.vec", "--to", "word2vec-txt"], "word2vec-text"),
        (["four.vec", "x.vec", "--from", "word2vec-binry"], "word2vec-binary"),
    ],
)
def test_what_cannot_be_converted(firth, vec, words, said):
    answer = firth("convert", *words)
    assert answer.code == 2
    assert said in answer.err
