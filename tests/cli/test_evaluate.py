"""`firth evaluate`: the JSON of the design, and what was covered always beside the score."""

import json

import pytest

PAIRS = "north\tsouth\t9\nnorth\teast\t1\neast\twest\t8.5\nnorth\tnowhere\t5\n"
QUESTIONS = ": sides\nnorth south east west\n: others\nnorth south up down\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "pairs.tsv").write_text(PAIRS, "utf-8")
    (tmp_path / "questions.txt").write_text(QUESTIONS, "utf-8")


def test_json(firth, vec, files):
    answer = firth("evaluate", vec, "--similarity", "pairs.tsv", "--analogies", "questions.txt",
                   "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    document = json.loads(answer.out)
    assert list(document) == ["similarity", "analogies"]
    pairs = document["similarity"]["pairs"]
    assert set(pairs) >= {"spearman", "pearson", "pairs", "covered"}
    assert (pairs["pairs"], pairs["covered"]) == (4, 3)
    assert pairs["spearman"] == pytest.approx(0.866, abs=1e-3)
    questions = document["analogies"]["questions"]
    assert set(questions) >= {"accuracy", "correct", "asked", "covered", "sections"}
    assert questions["correct"] == 1
    assert questions["covered"] == 1
    assert set(questions["sections"]) == {"sides", "others"}


@pytest.mark.parametrize("protocol", ["firth", "gensim", "word2vec", "glove", "fasttext"])
def test_protocols(firth, vec, files, protocol):
    answer = firth("evaluate", vec, "--analogies", "questions.txt", "--protocol", protocol)
    assert answer.code == 0, answer.err


def test_plain(firth, vec, files):
    out = firth("evaluate", vec, "--similarity", "pairs.tsv", "--analogies", "questions.txt").out
    assert "pairs\t0.866" in out
    assert "\t4\t3" in out


def test_two_files_of_one_name(firth, vec, files, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pairs.tsv").write_text(PAIRS, "utf-8")
    answer = firth("evaluate", vec, "--similarity", "pairs.tsv", "--similarity", "other/pairs.tsv",
                   "--json")  # fmt: skip
    assert list(json.loads(answer.out)["similarity"]) == ["pairs", "other/pairs.tsv"]


def test_nothing_covered_is_no_number(firth, vec, tmp_path):
    (tmp_path / "far.tsv").write_text("up\tdown\t3\nleft\tright\t4\n", "utf-8")
    document = json.loads(firth("evaluate", vec, "--similarity", "far.tsv", "--json").out)
    assert document["similarity"]["far"]["spearman"] is None
    assert document["similarity"]["far"]["covered"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "there is nothing to evaluate on; give --similarity FILE or --analogies FILE"),
        (["--similarity", "none.tsv"], "none.tsv"),
        (["--analogies", "none.txt"], "none.txt"),
        (["--similarity", "questions.txt"], "questions.txt"),
    ],
)
def test_what_cannot_be_evaluated(firth, vec, files, words, said):
    answer = firth("evaluate", vec, *words)
    assert answer.code == 2
    assert said in answer.err
