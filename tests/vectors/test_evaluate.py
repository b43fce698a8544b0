"""The scores of the original programs, to the last digit; and what is asked of any score."""

import gzip
import json

import numpy as np
import pytest

from firth.errors import FormatError, SettingError
from firth.text.vocabulary import Vocabulary
from firth.vectors import correlation, solve
from firth.vectors.evaluate import evaluate_analogies, evaluate_similarity
from firth.vectors.formats import load_vectors
from firth.vectors.vectors import Vectors
from vectors.worlds import family_vectors, random_vectors


@pytest.fixture(scope="module")
def world(shared):
    golden = shared / "golden"
    return (
        load_vectors(golden / "eval_vectors.txt.gz"),
        json.loads((golden / "eval_expected.json").read_text()),
        shared / "data" / "analogy" / "en" / "google.txt.gz",
        shared / "data" / "similarity" / "en",
    )


def percent(correct, total):
    return round(100 * correct / total, 2)


@pytest.mark.parametrize(("threshold", "limit"), [(20000, None), (5000, 5000)])
def test_word2vec_compute_accuracy(world, threshold, limit):
    vectors, expected, questions, _ = world
    report = evaluate_analogies(vectors, questions, "word2vec", limit=limit)
    golden = expected[f"compute_accuracy_threshold_{threshold}"]
    names = list(report.sections)
    assert names == [section["section"] for section in golden["sections"]]
    correct = covered = 0
    groups = {"semantic": [0, 0], "syntactic": [0, 0]}
    for number, section in enumerate(golden["sections"]):
        ours = report.sections[section["section"]]
        assert (ours.correct, ours.covered) == (section["correct"], section["total"])
        assert percent(ours.correct, ours.covered) == section["accuracy_percent"]
        correct, covered = correct + ours.correct, covered + ours.covered
        assert percent(correct, covered) == section["running_total_percent"]
        group = groups["semantic" if number < 5 else "syntactic"]
        group[0] += ours.correct
        group[1] += ours.covered
        for name, (good, all_) in groups.items():
            wanted = section[f"running_{name}_percent"]
            assert wanted is None if not all_ else percent(good, all_) == wanted
    assert [report.semantic.correct, report.semantic.covered] == groups["semantic"]
    assert [report.syntactic.correct, report.syntactic.covered] == groups["syntactic"]
    seen = golden["questions"]
    assert (report.covered, report.asked) == (seen["seen"], seen["total"])
    assert percent(report.covered, report.asked) == seen["percent"]


def test_glove_evaluate(world, tmp_path):
    vectors, expected, questions, _ = world
    lower = tmp_path / "google.txt"  # GloVe's question files are in lower case
    lower.write_bytes(gzip.decompress(questions.read_bytes()).lower())
    report = evaluate_analogies(vectors, lower, "glove")
    golden = expected["glove_evaluate"]
    for section in golden["sections"]:
        ours = report.sections[section["section"]]
        assert (ours.correct, ours.covered) == (section["correct"], section["total"])
        assert percent(ours.correct, ours.covered) == section["accuracy_percent"]
    for name, part in (
        ("semantic_accuracy", report.semantic),
        ("syntactic_accuracy", report.syntactic),
        ("total_accuracy", report.total),
    ):
        assert (part.correct, part.covered) == (golden[name]["num"], golden[name]["den"])
        assert percent(part.correct, part.covered) == golden[name]["percent"]
    seen = golden["questions_seen_total"]
    assert (report.covered, report.asked) == (seen["num"], seen["den"])
    assert percent(report.covered, report.asked) == seen["percent"]


def test_gensim_evaluate_word_analogies(world):
    vectors, expected, questions, _ = world
    report = evaluate_analogies(vectors, questions, "gensim")
    golden = expected["gensim_evaluate_word_analogies"]
    assert report.accuracy == golden["score"]
    *sections, total = golden["sections"]
    assert list(report.sections) == [section["section"] for section in sections]
    for section in sections:
        ours = report.sections[section["section"]]
        assert (ours.correct, ours.covered) == (section["correct"], section["total"])
    assert (report.correct, report.covered) == (total["correct"], total["total"])


@pytest.mark.parametrize("name", ["ws353", "simlex999", "rg65"])
def test_gensim_evaluate_word_pairs(world, name):
    vectors, expected, _, folder = world
    golden = expected["gensim_evaluate_word_pairs"]["sets"][name]
    report = evaluate_similarity(vectors, folder / f"{name}.tsv", "gensim")
    # the same steps in the same order: equal but for the last bits of another BLAS
    assert [report.pearson, report.pearson_p] == pytest.approx(golden["pearson"], rel=1e-13)
    assert [report.spearman, report.spearman_p] == pytest.approx(golden["spearman"], rel=1e-13)
    missing = report.pairs - report.covered
    assert missing / report.pairs * 100 == pytest.approx(golden["oov_percent"], rel=1e-15)
    zeros = evaluate_similarity(vectors, folder / f"{name}.tsv", "gensim", unknown="zero")
    dummy = golden["dummy4unknown"]
    assert zeros.pearson == pytest.approx(dummy["pearson"], rel=1e-13)
    assert zeros.spearman == pytest.approx(dummy["spearman"], rel=1e-13)
    assert zeros.covered == report.covered and len(zeros.gold) == zeros.pairs
    assert 100 * (1 - zeros.coverage) == pytest.approx(dummy["oov_percent"])


def test_fasttext_says_a_whole_number(world):
    vectors, _, _, folder = world
    report = evaluate_similarity(vectors, folder / "ws353.tsv", "fasttext")
    assert report.spearman == 51.0


def test_the_json_has_the_agreed_shape(world):
    vectors, _, questions, folder = world
    similarity = evaluate_similarity(vectors, folder / "rg65.tsv")
    assert sorted(similarity.to_json()) == ["covered", "pairs", "pearson", "spearman"]
    assert (similarity.name, similarity.pairs, similarity.covered) == ("rg65", 65, 34)
    low, high = similarity.interval
    assert low < similarity.spearman < high
    report = evaluate_analogies(vectors, questions, limit=3000)
    shape = report.to_json()
    assert sorted(shape) == ["accuracy", "asked", "correct", "covered", "sections"]
    assert sorted(shape["sections"]["family"]) == ["accuracy", "asked", "correct", "covered"]
    assert shape["asked"] == 19544 and shape["accuracy"] == report.correct / report.covered
    details = report.details()
    assert details["limit"] == 3000 and details["case"] == "fold" and details["unknown"] == "skip"
    assert details["interval"][0] < report.accuracy < details["interval"][1]
    assert 0 < details["accuracy_3cosmul"] < 1 and 0 < details["macro"] < 1
    json.dumps(details, allow_nan=False)
    wrong = evaluate_analogies(vectors, questions, limit=3000, unknown="wrong")
    assert wrong.accuracy == report.correct / report.asked


def brute(vectors, question, mul):
    """The answer as `Vectors.analogy` finds it."""
    return vectors.analogy(*question, n=1, method="mul" if mul else "add")[0].word


@pytest.mark.parametrize("held", [1 << 24, 64])
def test_solve_is_the_search(held, monkeypatch):
    monkeypatch.setattr(solve, "HELD", held)
    vectors = random_vectors(3000, 8)
    random = np.random.default_rng(2)
    questions = random.integers(0, 3000, (40, 3))
    answers = solve.solve(vectors.matrix, vectors.norms, questions, questions.tolist(), mul=True)
    for name in ("add", "mul"):
        for question, row in zip(questions, answers[name].rows, strict=True):
            words = [vectors.names[i] for i in question]
            assert vectors.names[row] == brute(vectors, words, name == "mul")


def planted_file(tmp_path, pairs=12):
    lines = [": kings"]
    lines += [
        f"king{i} queen{i} king{j} queen{j}" for i in range(pairs) for j in range(pairs) if i != j
    ]
    (tmp_path / "q.txt").write_text("\n".join(lines))
    return tmp_path / "q.txt"


@pytest.mark.parametrize("protocol", ["firth", "gensim", "word2vec", "glove", "fasttext"])
def test_the_planted_world_scores_and_a_random_one_does_not(tmp_path, protocol):
    vectors = family_vectors()
    noise = Vectors(vectors.vocabulary, random_vectors(len(vectors), vectors.dim).matrix)
    path = planted_file(tmp_path)
    assert evaluate_analogies(noise, path, protocol).accuracy < 0.2
    report = evaluate_analogies(vectors, path, protocol)
    assert report.accuracy > 0.95 and report.coverage == 1
    if protocol == "firth":
        assert report.accuracy_mul > 0.95 and report.macro == report.accuracy


def cased():
    """Rows whose names differ in case only, the first nearest to its own later spelling."""
    names = ["man", "king", "woman", "queen", "KING", "Woman", "x"]
    matrix = np.array(
        [[1, 0, 0], [1, 1, 0], [0, 0, 1], [-0.3, 1, 1], [1, 1.1, 0], [-0.3, 0.7, 1], [1, 1, 1]],
        np.float32,
    )
    return Vectors(Vocabulary(names), matrix)


def test_case_rules(tmp_path):
    (tmp_path / "q").write_text(": s\nMAN KING WOMAN QUEEN\n")
    vectors = cased()
    # the nearest row is "Woman": only programs that drop all spellings pass over it
    assert vectors.analogy("man", "king", "woman", n=1)[0].word == "Woman"
    assert evaluate_analogies(vectors, tmp_path / "q", "gensim").correct == 1
    assert evaluate_analogies(vectors, tmp_path / "q", "firth").correct == 1
    assert evaluate_analogies(vectors, tmp_path / "q", "word2vec").correct == 0
    assert evaluate_analogies(vectors, tmp_path / "q", "glove").covered == 0
    assert evaluate_analogies(vectors, tmp_path / "q", "fasttext").covered == 0


def test_gensim_gives_up_after_five_other_spellings(tmp_path):
    """most_similar gives five; if all are spellings of a, b, c there is no answer."""
    spellings = ["woman", "Woman", "WOman", "WOMan", "WOMAn", "WOMAN"]
    names = ["man", "king", "queen", *spellings]
    rows = [[1, 0, 0], [1, 1, 0], [-0.9, 1, 1]] + [[-0.3, 0.7, 1 + 0.001 * i] for i in range(6)]
    rows[3] = [0, 0, 1]
    (tmp_path / "q").write_text(": s\nman king woman queen\n")
    for kept, right in [(9, 0), (8, 1)]:
        vectors = Vectors(Vocabulary(names[:kept]), np.array(rows[:kept], np.float32))
        assert evaluate_analogies(vectors, tmp_path / "q", "gensim").correct == right
        assert evaluate_analogies(vectors, tmp_path / "q", "firth").correct == 1


def test_word2vec_wants_a_score_above_zero(tmp_path):
    (tmp_path / "q").write_text(": s\na b c d\n")
    matrix = np.array([[1, 0], [-1, 0.1], [-1, -0.1], [1, 0]], np.float32)
    vectors = Vectors(Vocabulary(["a", "b", "c", "d"]), matrix)
    assert evaluate_analogies(vectors, tmp_path / "q", "glove").correct == 1
    assert evaluate_analogies(vectors, tmp_path / "q", "word2vec").correct == 0


def test_glove_never_answers_unk(tmp_path):
    (tmp_path / "q").write_text(": s\na b c d\na b c <unk>\n")
    matrix = np.array([[1, 0], [0, 1], [1, 0.1], [0.3, 1], [0, 1]], np.float32)
    vectors = Vectors(Vocabulary(["a", "b", "c", "d", "<unk>"]), matrix)
    assert vectors.analogy("a", "b", "c", n=1)[0].word == "<unk>"
    report = evaluate_analogies(vectors, tmp_path / "q", "glove")
    assert (report.correct, report.covered, report.asked) == (1, 1, 2)


def test_nothing_known_is_a_score_of_none_with_its_coverage(tmp_path):
    (tmp_path / "q").write_text(": s\np q r s\n")
    (tmp_path / "p").write_text("p\tq\t1\n")
    vectors = random_vectors(5, 3)
    report = evaluate_analogies(vectors, tmp_path / "q")
    assert report.to_json()["accuracy"] is None and report.covered == 0 and report.asked == 1
    assert json.dumps(report.details(), allow_nan=False)
    pairs = evaluate_similarity(vectors, tmp_path / "p")
    assert pairs.to_json() == {"spearman": None, "pearson": None, "pairs": 1, "covered": 0}
    assert json.dumps(pairs.details(), allow_nan=False)


def test_constant_similarities_have_no_correlation(tmp_path):
    (tmp_path / "p").write_text("a\tb\t1\na\tc\t2\nb\tc\t3\n")
    vectors = Vectors(Vocabulary(["a", "b", "c"]), np.zeros((3, 2), np.float32))
    assert np.isnan(evaluate_similarity(vectors, tmp_path / "p").spearman)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (": s\na b c d\na b c\n", "3 words on line 3"),
        (": s\na b c d e\n", "5 words on line 2"),
        (": s\n", "no questions"),
        ("", "no questions"),
        (": s\na b c \udcff\n", "not UTF-8 on line 2, byte 7"),
    ],
)
def test_malformed_questions_are_refused_with_their_line(tmp_path, content, message):
    (tmp_path / "q").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError, match=message):
        evaluate_analogies(random_vectors(5, 3), tmp_path / "q")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\t1\na\tb\n", "line 2, expected two words and a number"),
        ("a\tb\t1\na\tb\tx\n", "line 2"),
        ("a\tb\tnan\n", "nan on line 1"),
        ("# only a comment\n", "no pairs"),
    ],
)
def test_malformed_pairs_are_refused_with_their_line(tmp_path, content, message):
    (tmp_path / "p").write_text(content)
    with pytest.raises(FormatError, match=message):
        evaluate_similarity(random_vectors(5, 3), tmp_path / "p")


def test_headers_comments_and_blanks_in_pairs(tmp_path):
    (tmp_path / "p").write_text("word1 word2 score\n# note\n\nw1 w2 3\r\nw2  w3  4.5\nw1\tw4\t1\n")
    assert evaluate_similarity(random_vectors(5, 3), tmp_path / "p").covered == 3


def test_unknown_settings_are_refused(tmp_path):
    path = planted_file(tmp_path)
    with pytest.raises(SettingError, match="'gensin' is not known. Did you mean 'gensim'"):
        evaluate_analogies(random_vectors(5, 3), path, "gensin")
    with pytest.raises(SettingError, match="unknown='drop' is not one of skip, wrong"):
        evaluate_analogies(random_vectors(5, 3), path, unknown="drop")
    with pytest.raises(SettingError, match="limit=0"):
        evaluate_analogies(random_vectors(5, 3), path, limit=0)


def test_correlations_are_scipys():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    for size in (3, 10, 400):
        x, y = random.integers(0, 8, size).astype(float), random.standard_normal(size)
        y += x / 4
        if np.ptp(x) == 0:
            continue
        theirs = stats.spearmanr(x, y)
        ours = correlation.spearman(x, y)
        assert (ours, correlation.spearman_p(ours, size)) == pytest.approx(tuple(theirs), rel=1e-12)
        theirs = stats.pearsonr(x, y)
        ours = correlation.pearson(x, y)
        assert (ours, correlation.pearson_p(ours, size)) == pytest.approx(tuple(theirs), rel=1e-12)


def test_vectors_of_unseen_words_are_inferred(tmp_path):
    """Cosines of unseen words are those of their n-grams' means."""
    from firth.text.subwords import Subwords
    from firth.vectors.subwords import SubwordRows

    rng = np.random.default_rng(3)
    ngrams = SubwordRows(Subwords(3, 3, 60), rng.normal(size=(60, 5)).astype(np.float32))
    names = Vocabulary(["king", "queen", "crown"])
    vectors = Vectors(names, rng.normal(size=(3, 5)).astype(np.float32), subwords=ngrams)
    lines = ["king queen 9", "Kingly queen 8", "crown crowned 7", "queenly kingly 1", "king x 3"]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    report = evaluate_similarity(vectors, tmp_path / "pairs.txt", "fasttext")
    assert (report.pairs, report.covered, report.inferred) == (5, 1, 4)
    expected = [vectors.similarity(a.lower(), b) for a, b, _ in (line.split() for line in lines)]
    np.testing.assert_allclose(report.similarities, expected, atol=1e-6)
    assert evaluate_similarity(vectors, tmp_path / "pairs.txt", "gensim").inferred == 0
    dropped = evaluate_similarity(vectors, tmp_path / "pairs.txt", unknown="drop")
    assert (dropped.covered, dropped.inferred, len(dropped.gold)) == (1, 0, 1)
    plain = Vectors(names, vectors.matrix)
    with pytest.raises(SettingError, match="needs vectors with n-grams"):
        evaluate_similarity(plain, tmp_path / "pairs.txt", unknown="infer")
