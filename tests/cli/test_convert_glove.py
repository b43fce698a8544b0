"""`firth convert` of GloVe's own files."""

import json

import numpy as np
import pytest

from firth.static.cooccurrence import Cooccurrence
from firth.vectors.fitted import load
from firth.vectors.formats import glove_records

WORDS = b"the 9\nof 5\n\xe6\x9d\xb1 2\n"


@pytest.fixture
def files(tmp_path):
    """vocab.txt, vectors.bin and gradsq.bin (three words of two numbers), cooccurrence.bin."""
    (tmp_path / "vocab.txt").write_bytes(WORDS)
    # halves, so that float32 holds them
    (np.arange(18.0) / 2).tofile(tmp_path / "vectors.bin")
    (np.arange(18.0) / 2 + 1).tofile(tmp_path / "gradsq.bin")
    records = np.array([(3, 1, 0.5), (1, 2, 1.25), (2, 1, 1.25)], glove_records.RECORD)
    records.tofile(tmp_path / "cooccurrence.bin")
    return tmp_path


def test_parameters_there_and_back(firth, files):
    answer = firth(
        *("convert", "vectors.bin", "m.firth", "--from", "glove-binary"),
        *("--vocabulary", "vocab.txt", "--gradsq", "gradsq.bin", "--verbose"),
    )
    assert answer.code == 0, answer.err
    assert answer.out == "3 vectors of 2 numbers are in m.firth\n"
    assert ">>> vocabulary = glove_vocab.read('vocab.txt'); glove_model.to_fitted(" in answer.err
    fitted = load("m.firth")
    assert fitted.vocabulary.names == ["the", "of", "東"]
    assert fitted.vectors["of"].tolist() == [1.5 + 6, 2 + 6.5]
    assert fitted.corpus == {"source": "vectors.bin"}
    answer = firth(
        *("convert", "m.firth", "v.bin", "--to", "glove-binary"),
        *("--vocabulary", "v.txt", "--gradsq", "g.bin", "--json"),
    )
    assert json.loads(answer.out) == {"path": "v.bin", "words": 3, "dim": 2}
    for ours, theirs in (("v.bin", "vectors.bin"), ("g.bin", "gradsq.bin"), ("v.txt", "vocab.txt")):
        assert (files / ours).read_bytes() == (files / theirs).read_bytes()


def test_parameters_as_any_vectors(firth, files):
    words = ("convert", "vectors.bin", "x.vec", "--from", "glove-binary")
    assert firth(*words, "--vocabulary", "vocab.txt").code == 0
    assert (files / "x.vec").read_text("utf-8").splitlines()[:2] == ["3 2", "the 4.5 5.5 "]


def test_what_was_converted_is_trained_further(firth, files):
    firth(
        "convert", "vectors.bin", "m.firth", "--from", "glove-binary", "--vocabulary", "vocab.txt"
    )
    firth(
        *("convert", "cooccurrence.bin", "c.counts", "--from", "glove-records"),
        *("--vocabulary", "vocab.txt"),
    )
    answer = firth(
        *("train", "glove", "c.counts", "-o", "n.firth", "--continue-from", "m.firth"),
        *("--epochs", "2", "--threads", "1"),
    )
    assert answer.code == 0, answer.err
    assert load("n.firth").vectors.dim == 2


def test_counts_there_and_back(firth, files):
    answer = firth(
        *("convert", "cooccurrence.bin", "c.firth", "--from", "glove-records"),
        *("--vocabulary", "vocab.txt"),
    )
    assert (answer.code, answer.out) == (0, "3 pairs of 3 words are in c.firth\n"), answer.err
    counts = Cooccurrence.load("c.firth")
    assert counts.matrix.toarray().tolist() == [[0, 1.25, 0], [1.25, 0, 0], [0.5, 0, 0]]
    assert counts.corpus == {"source": "cooccurrence.bin"}
    answer = firth(
        *("convert", "c.firth", "c.bin", "--to", "glove-records", "--vocabulary", "v.txt"),
        "--json",
    )
    assert json.loads(answer.out) == {"path": "c.bin", "words": 3, "pairs": 3}
    assert (files / "v.txt").read_bytes() == WORDS
    wanted = np.array([(1, 2, 1.25), (2, 1, 1.25), (3, 1, 0.5)], glove_records.RECORD)
    assert (files / "c.bin").read_bytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("vectors.bin", "m.firth", "--from", "glove-binary"),
            "glove-binary holds numbers and no words: give --vocabulary vocab.txt",
        ),
        (
            ("vectors.bin", "m.firth", "--from", "glove-binary", "--vocabulary", "vocap.txt"),
            "vocap.txt: found nothing, expected a model folder or a file of vectors. Did you mean",
        ),
        (
            ("cooccurrence.bin", "c.firth", "--from", "glove-records"),
            "glove-records holds numbers and no words",
        ),
        (
            ("vocab.txt", "x.txt", "--vocabulary", "vocab.txt"),
            "--vocabulary goes with GloVe's own files; name them with --from or --to glove-binary",
        ),
        (("vocab.txt", "x.txt", "--gradsq", "gradsq.bin"), "--gradsq goes with GloVe's own files"),
        (
            ("vectors.bin", "x.firth", "--from", "glove-binery"),
            "format 'glove-binery' is not known. Did you mean 'glove-binary'",
        ),
        (
            ("vectors.bin", "x.firth", "--from", "glove-binary", "--limit", "2"),
            "--limit cuts word vectors; glove-binary and glove-records are taken whole",
        ),
        (
            ("vectors.bin", "x", "--from", "glove-binary", "--to", "glove-records"),
            "--from glove-binary --to glove-records: both are files of GloVe",
        ),
        (
            ("vectors.bin", "x", "--from", "glove", "--to", "glove-binary"),
            "--to glove-binary is written from a folder of firth, not from glove.",
        ),
        (
            (
                *("cooccurrence.bin", "c.firth", "--from", "glove-records"),
                *("--vocabulary", "vocab.txt", "--gradsq", "gradsq.bin"),
            ),
            "--gradsq goes with glove-binary, not with glove-records",
        ),
        (
            (
                *("vectors.bin", "x.vec", "--from", "glove-binary"),
                *("--vocabulary", "vocab.txt", "--gradsq", "gradsq.bin"),
            ),
            "--gradsq is kept in a model folder only, and x.vec is to be fasttext-vec",
        ),
        (
            (
                *("cooccurrence.bin", "c.txt", "--from", "glove-records"),
                *("--vocabulary", "vocab.txt"),
            ),
            "glove-records becomes a folder of counts, not a file of vectors; leave --to out and "
            "give a name as c.counts.",
        ),
        (
            ("vectors.bin", "c.bin", "--to", "glove-records"),
            "vectors.bin is no folder of counts, which glove-records is written from",
        ),
        (("MODEL", "c.bin", "--to", "glove-records"), "is no folder of counts"),
        (("MODEL", "v.bin", "--to", "glove-binary"), "a model of kind 'skipgram' does not have"),
        (("COUNTS", "x.txt"), "COUNTS is a folder of co-occurrence counts, not of vectors"),
        (
            ("GLOVE", "v.bin", "--to", "glove-binary", "--gradsq", "g.bin"),
            "GLOVE holds no sums of squares, so there is no g.bin to write",
        ),
        (
            ("GLOVE", "v.bin", "--to", "glove-binary", "--gradsq", "v.bin"),
            "OUT, --vocabulary and --gradsq must be different files.",
        ),
        (
            ("GLOVE", "v.bin", "--to", "glove-binary", "--vocabulary", "vocab.txt"),
            "vocab.txt exists already; choose another name",
        ),
    ],
)
def test_what_does_not_go_together(firth, files, model, words, said):
    given = ("--vocabulary", "vocab.txt")
    if "GLOVE" in words:
        assert firth("convert", "vectors.bin", "GLOVE", "--from", "glove-binary", *given).code == 0
    if "COUNTS" in words:
        made = firth("convert", "cooccurrence.bin", "COUNTS", "--from", "glove-records", *given)
        assert made.code == 0
    before = sorted(files.iterdir())
    answer = firth("convert", *(str(model) if word == "MODEL" else word for word in words))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert sorted(files.iterdir()) == before


def test_a_damaged_file_leaves_nothing(firth, files):
    (files / "cooccurrence.bin").write_bytes(b"\0" * 20)
    answer = firth(
        *("convert", "cooccurrence.bin", "c.firth", "--from", "glove-records"),
        *("--vocabulary", "vocab.txt"),
    )
    assert answer.code == 2
    assert "found 4 bytes at offset 16, where the file ends, expected a record of 16" in answer.err
    assert not (files / "c.firth").exists()
