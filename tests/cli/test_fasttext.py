"""Models with n-grams on the command line: trained, asked for words never seen, converted."""

import json

import numpy as np
import pytest

from firth import load
from vectors.fasttext_worlds import bytes_of, contents

SMALL = ("--dim", "8", "--epochs", "2", "--min-count", "1", "--threads", "1", "--buckets", "200")


@pytest.fixture(scope="module")
def wordy(tmp_path_factory):
    """A model of n-grams, and its folder."""
    from firth.cli.main import main

    folder = tmp_path_factory.mktemp("wordy")
    text = folder / "text.txt"
    lines = ["kings wear golden crowns", "queens wear silver crowns", "a crown is worn by kings"]
    text.write_text("\n".join(lines * 60) + "\n", "utf-8")
    assert main(["train", "fasttext", str(text), "-o", str(folder / "m.firth"), *SMALL]) == 0
    return folder / "m.firth"


def test_words_never_seen_are_answered(firth, wordy):
    document = json.loads(firth("neighbors", wordy, "kingly", "-n", "3", "--json").out)
    assert document["word"] == "kingly"
    assert len(document["neighbors"]) == 3
    assert "kingly" not in load(wordy).vectors
    assert firth("analogy", wordy, "king", "queen", "kingly").code == 0
    # not a letter of it was seen together
    answer = firth("neighbors", wordy, "")
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_embed_takes_them_too(firth, wordy, tmp_path):
    (tmp_path / "words.txt").write_text("kings\nkingly\n", "utf-8")
    assert firth("embed", wordy, "words.txt", "-o", "words.npy").code == 0
    vectors, rows = load(wordy).vectors, np.load(tmp_path / "words.npy")
    np.testing.assert_allclose(rows, vectors[["kings", "kingly"]])
    (tmp_path / "lines.txt").write_text("kings kingly\n", "utf-8")
    document = firth("embed", wordy, "lines.txt", "--of", "lines", "-o", "lines.npy", "--json")
    assert json.loads(document.out)["unknown"] == []
    np.testing.assert_allclose(np.load(tmp_path / "lines.npy")[0], rows.mean(axis=0), atol=1e-6)


def test_info_tells_of_ngrams(firth, wordy):
    document = json.loads(firth("info", wordy, "--json").out)
    assert document["kind"] == "fasttext"
    assert document["sizes"]["ngram_rows"] == 200
    assert document["settings"]["min_n"] == 3


def test_to_fasttext_and_back(firth, wordy, tmp_path):
    assert firth("convert", wordy, "m.bin").code == 0
    ours, theirs = load(wordy), load(tmp_path / "m.bin")
    assert theirs.kind == "fasttext"
    for word in ("kings", "kingly"):
        np.testing.assert_allclose(theirs.vectors[word], ours.vectors[word], atol=1e-6)
    assert firth("convert", "m.bin", "again.firth").code == 0
    assert firth("convert", "again.firth", "again.bin").code == 0
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "m.bin").read_bytes()
    answer = firth("convert", wordy, "m.bin")
    assert answer.code == 2
    assert "m.bin exists already" in answer.err
    # commands take the file as it is
    one, two = (firth("neighbors", path, "kingly", "--json").out for path in (wordy, "m.bin"))
    a, b = (json.loads(text)["neighbors"] for text in (one, two))
    assert [entry["word"] for entry in a] == [entry["word"] for entry in b]
    # vectors alone, and what was asked for by name
    assert firth("convert", wordy, "m.vec").code == 0
    assert firth("convert", wordy, "w2v.bin", "--to", "word2vec-binary").code == 0
    head = (tmp_path / "w2v.bin").read_bytes()[:8]
    assert head.split()[0] == str(len(ours.vectors)).encode()


def test_files_of_fasttext_are_taken_as_they_are(firth, tmp_path):
    raw = bytes_of(contents("pruned"))
    (tmp_path / "m.ftz").write_bytes(raw)
    document = json.loads(firth("info", "m.ftz", "--json").out)
    assert document["kind"] == "fasttext-classifier"
    assert document["sizes"] | {"bytes": 0} == {
        "words": 7, "dim": 4, "labels": 3, "ngram_rows": 3, "bytes": 0
    }  # fmt: skip
    shown = firth("info", "m.ftz").out
    assert "rate_updates" not in shown
    assert firth("convert", "m.ftz", "m.firth").out == (
        "7 words and 3 labels of 4 numbers are in m.firth\n"
    )
    assert firth("convert", "m.firth", "again.ftz").code == 0
    assert (tmp_path / "again.ftz").read_bytes() == raw
    assert firth("predict", "m.ftz", "-k", "1", stdin="wörd1 wörd2\n").code == 0
    (tmp_path / "cut.ftz").write_bytes(raw[:200])
    for command in (("info",), ("neighbors", "wörd1"), ("convert", "x.firth")):
        answer = firth(command[0], "cut.ftz", *command[1:])
        assert answer.code == 2
        assert "cut.ftz: found the end of the file at offset 200, expected " in answer.err


@pytest.mark.filterwarnings("default")
def test_a_word_cut_inside_a_character_is_a_note(firth, tmp_path):
    """Released models of fastText hold such words."""
    raw = bytes_of(contents("words")).replace("wörd0".encode(), b"w\xc3")
    (tmp_path / "m.bin").write_bytes(raw)
    answer = firth("neighbors", "m.bin", "wörd1", "-n", "2")
    assert answer.code == 0
    assert "firth: note: " in answer.err
    assert "1 of the 7 words not UTF-8 (the first is b'w\\xc3'" in answer.err


def test_pairs_with_unseen_words_are_scored_and_counted(firth, wordy, tmp_path):
    lines = ["kings\tqueens\t9", "kingly\tqueenly\t8", "crowns\tworn\t2", "silver\tgoldenly\t7"]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    document = json.loads(firth("evaluate", wordy, "--similarity", "pairs.tsv", "--json").out)
    report = document["similarity"]["pairs"]
    assert (report["pairs"], report["covered"], report["inferred"]) == (4, 2, 2)
    assert firth("evaluate", wordy, "--similarity", "pairs.tsv").out.endswith("\t4\t2\t2\n")
    # gensim drops them
    answer = firth("evaluate", wordy, "--similarity", "pairs.tsv", "--protocol", "gensim", "--json")
    report = json.loads(answer.out)["similarity"]["pairs"]
    assert report["covered"] == 2
    assert "inferred" not in report


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--min-n", "5", "--max-n", "3"], "min_n=5 is above max_n=3"),
        (["--buckets", "0"], "buckets=0 leaves no row for the n-grams"),
        (["--preset", "theirs"], "preset"),
        (["--exact-ngrams", "--min-ngram-count", "100000"], "reached min_ngram_count=100000"),
    ],
)
def test_bad_settings(firth, checkerboard_file, tmp_path, words, said):
    answer = firth("train", "fasttext", checkerboard_file, "-o", "x.firth", *words)
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_exact_ngrams_do_not_fit_a_bin(firth, checkerboard_file):
    settings = (*SMALL, "--exact-ngrams", "--min-ngram-count", "1", "--min-n", "2")
    assert firth("train", "fasttext", checkerboard_file, "-o", "x.firth", *settings).code == 0
    answer = firth("convert", "x.firth", "x.bin")
    assert answer.code == 2
    assert "exact n-grams" in answer.err
