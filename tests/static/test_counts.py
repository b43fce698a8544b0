"""Document-word matrices: against a plain count, and against scikit-learn."""

import math
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth import Corpus, Vocabulary
from firth.errors import (
    CorpusError,
    FormatError,
    SettingError,
    UnknownWordError,
    VocabularyError,
)
from firth.static.counts import DocumentCounts, one_hot, transform
from firth.static.weighting import WEIGHTINGS
from firth.text.stream import encode
from firth.vectors.fitted import load


def texts(documents=200, words=50, longest=12, seed=1):
    """Random documents, some of them empty, the first and the last among these."""
    rng = np.random.default_rng(seed)
    rows = [rng.zipf(1.4, rng.integers(0, longest)) % words for _ in range(documents - 2)]
    return ["", *(" ".join(f"word{i}" for i in row) for row in rows), ""]


def plain(lists, names):
    """The definition: int[D, V]."""
    return np.array([[tokens.count(name) for name in names] for tokens in lists])


words = st.sampled_from(["a", "b", "cc", "ß", "日", "x y"])
token_lists = st.lists(st.lists(words, max_size=9), min_size=1, max_size=9)


@settings(max_examples=100, deadline=None)
@given(token_lists, st.integers(1, 3), st.integers(1, 4))
def test_each_document_has_its_row(lists, min_count, threads):
    kept = [w for w, n in Counter(sum(lists, [])).items() if n >= min_count]
    model = DocumentCounts(weighting="count", min_count=min_count, threads=threads)
    if not kept:
        with pytest.raises((VocabularyError, CorpusError)):
            model.fit(lists)
        return
    fitted, X = model.fit_transform(lists)
    assert set(fitted.vocabulary.names) == set(kept)
    assert X.dtype == np.int64
    assert X.indices.dtype == np.int32
    expected = plain(lists, fitted.vocabulary.names)
    np.testing.assert_array_equal(X.toarray(), expected)
    assert X.nnz == (expected > 0).sum()
    assert X.has_sorted_indices
    np.testing.assert_array_equal(fitted.state["document_frequency"], (expected > 0).sum(axis=0))
    np.testing.assert_array_equal(transform(fitted, lists, threads=threads).toarray(), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=9))
def test_a_string_is_one_document_whatever_it_holds(lines):
    fitted, X = DocumentCounts(weighting="count", threads=1).fit_transform([*lines, "word"])
    assert X.shape[0] == len(lines) + 1
    tokens = list(Corpus([*lines, "word"]))
    np.testing.assert_array_equal(X.toarray(), plain(tokens, fitted.vocabulary.names))


def test_lines_without_words_lose_their_place_unless_asked_for():
    """The control of the tests above: what `encode` does for models of sentences."""
    corpus = Corpus([["a"], [], ["b"], ["a"], []])
    assert encode(corpus, min_count=2).stream.ends.tolist() == [1, 2]
    assert encode(corpus, min_count=2, every_line=True).stream.ends.tolist() == [1, 1, 1, 2, 2]


def test_blocks_of_the_text_do_not_matter(monkeypatch):
    lines = texts(500)
    model = DocumentCounts(weighting="count", threads=1)
    fitted, whole = model.fit_transform(lines)
    monkeypatch.setattr("firth.text.sources.BLOCK", 100)
    assert len(list(Corpus(lines).blocks())) > 20
    for threads in (1, 2, 5):
        cut = DocumentCounts(weighting="count", threads=threads).fit_transform(lines)[1]
        assert (cut != whole).nnz == 0
        assert (transform(fitted, lines, threads=threads) != whole).nnz == 0


# -- weightings ----------------------------------------------------------------------------------


def defined(name, tf):
    """The weightings from their formulas, number by number."""
    N, V = tf.shape
    df = (tf > 0).sum(axis=0)
    total = tf.sum(axis=0)
    X = np.zeros((N, V))
    for d, i in zip(*np.nonzero(tf), strict=True):
        n, length = tf[d, i], tf[d].sum()
        smooth = math.log((1 + N) / (1 + df[i])) + 1
        shares = [tf[e, i] / total[i] for e in range(N) if tf[e, i]]
        X[d, i] = {
            "count": n,
            "binary": 1,
            "frequency": n / length,
            "tf-idf": n / length * math.log10(N / df[i]),
            "tf-idf-smooth": n * smooth,
            "tf-idf-sublinear": (1 + math.log(n)) * smooth,
            "log-entropy": math.log(1 + n)
            * (1 + sum(p * math.log(p) for p in shares) / math.log(N)),
        }[name]
    if name in ("tf-idf-smooth", "tf-idf-sublinear"):
        lengths = np.linalg.norm(X, axis=1, keepdims=True)
        X = np.divide(X, lengths, out=X, where=lengths > 0)
    return X


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_each_weighting_is_its_formula(name):
    lines = texts(60)
    tf = DocumentCounts(weighting="count").fit_transform(lines)[1].toarray()
    X = DocumentCounts(weighting=name).fit_transform(lines)[1].toarray()
    np.testing.assert_allclose(X, defined(name, tf), rtol=1e-12, atol=1e-14)
    if name != "count":  # the control: no two weightings are the same
        assert np.abs(X - defined("count", tf)).max() > 0.1


def test_log_entropy_of_words_spread_evenly_and_of_one_document():
    fitted = DocumentCounts(weighting="log-entropy").fit(["all one", "all", "all"])
    assert dict(zip(fitted.vocabulary, fitted.state["weights"], strict=True)) == pytest.approx(
        {"all": 0, "one": 1}, abs=1e-12
    )
    alone = DocumentCounts(weighting="log-entropy").fit(["all one"])
    assert alone.state["weights"].tolist() == [1, 1]


SKLEARN = [
    ("count", "CountVectorizer", {}),
    ("binary", "CountVectorizer", {"binary": True}),
    ("tf-idf-smooth", "TfidfVectorizer", {}),
    ("tf-idf-sublinear", "TfidfVectorizer", {"sublinear_tf": True}),
]


@pytest.mark.parametrize(("weighting", "theirs", "more"), SKLEARN)
@pytest.mark.parametrize("limits", [{}, {"min_df": 3, "max_df": 0.3}])
def test_as_scikit_learn_says(weighting, theirs, more, limits):
    text = pytest.importorskip("sklearn.feature_extraction.text")
    lines, fresh = texts(300), ["word1 word1 word3", "", "never seen", "word2"]
    fitted, X = DocumentCounts(weighting=weighting, **limits).fit_transform(lines)
    vectorizer = getattr(text, theirs)(**more, **limits)
    expected = vectorizer.fit_transform(lines)
    columns = [vectorizer.vocabulary_[name] for name in fitted.vocabulary]
    assert X.shape == expected.shape
    np.testing.assert_allclose(X.toarray(), expected.toarray()[:, columns], atol=1e-14)
    again, wanted = transform(fitted, fresh), vectorizer.transform(fresh)
    np.testing.assert_allclose(again.toarray(), wanted.toarray()[:, columns], atol=1e-14)
    if weighting == "tf-idf-smooth":  # the control: the notes' definition is another one
        other = DocumentCounts(weighting="tf-idf", **limits).fit_transform(lines)[1]
        assert np.abs(other.toarray() - expected.toarray()[:, columns]).max() > 0.1


# -- which words ---------------------------------------------------------------------------------


def test_words_are_chosen_by_count_spread_and_name():
    lines = ["a a a a b", "b c", "b d c"]
    counts = {"a": 4, "b": 3, "c": 2, "d": 1}

    def names(**options):
        fitted = DocumentCounts(weighting="count", **options).fit(lines)
        assert fitted.vocabulary.counts.tolist() == [counts[name] for name in fitted.vocabulary]
        return "".join(fitted.vocabulary)

    assert names() == "abcd"
    assert names(min_count=2) == "abc"
    assert names(min_df=2) == "bc"
    assert names(max_df=0.7) == "acd"
    assert names(drop="a d nothing") == "bc"
    assert names(max_size=2) == "ab"
    assert names(max_size=2, drop="a") == "bc"
    assert names(min_df=2, max_df=2 / 3, min_count=2, max_size=3) == "c"


def test_files_as_documents(tmp_path):
    (tmp_path / "texts").mkdir()
    for name, text in {"a": "one two\n\ntwo\n", "b": "", "c": "three one"}.items():
        (tmp_path / "texts" / f"{name}.txt").write_text(text, "utf-8")
    lines = DocumentCounts(weighting="count").fit_transform(Corpus(tmp_path / "texts"))[1]
    assert lines.shape == (4, 3)
    model = DocumentCounts(weighting="count", documents="files")
    fitted, X = model.fit_transform(Corpus(tmp_path / "texts"))
    assert fitted.vocabulary.names == ["one", "two", "three"]
    assert X.toarray().tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 1]]
    assert transform(fitted, Corpus(tmp_path / "texts")).toarray().tolist() == X.toarray().tolist()
    assert transform(fitted, ["two two"]).toarray().tolist() == [[0, 2, 0]]
    with pytest.raises(CorpusError, match="the list given is not a file of text"):
        model.fit(["one two"])
    # a function of the user is handed on
    shouted = Corpus(tmp_path / "texts", tokenizer=lambda line: line.upper().split())
    assert model.fit(shouted).vocabulary.names == ["ONE", "TWO", "THREE"]


# -- new documents -------------------------------------------------------------------------------


def test_new_documents_are_cut_as_the_old_ones_were():
    fitted = DocumentCounts(weighting="count").fit(["The cat", "the dog"])
    assert fitted.vocabulary.names == ["the", "cat", "dog"]
    assert transform(fitted, ["THE the Bird"]).toarray().tolist() == [[2, 0, 0]]
    # tokens are taken as they are
    assert transform(fitted, [["the", "DOG"], ["dog"]]).toarray().tolist() == [[1, 0, 0], [0, 0, 1]]
    assert transform(fitted, (line for line in ["dog", ""])).toarray().tolist() == [
        [0, 0, 1],
        [0, 0, 0],
    ]
    folded = DocumentCounts(weighting="count").fit(Corpus([["The", "the"]], fold_case=True))
    assert transform(folded, [["THE"]]).toarray().tolist() == [[1]]
    kept = DocumentCounts(weighting="count").fit(Corpus(["The cat"], tokenizer="whitespace"))
    assert transform(kept, ["the cat.", "The cat"]).toarray().tolist() == [[0, 0], [1, 1]]


def test_documents_without_a_known_word_are_rows_of_zeros():
    fitted = DocumentCounts().fit(["one two", "two three"])
    for nothing in (["", ""], ["four", "..."], [[], ["five"]]):
        X = transform(fitted, nothing)
        assert X.shape == (2, 3)
        assert X.nnz == 0
    assert transform(fitted, []).shape == (0, 3)


def test_a_model_of_tokens_wants_tokens():
    fitted = DocumentCounts().fit([["New York", "big"], ["Rio"]])
    assert transform(fitted, [["Rio"]]).nnz == 1
    with pytest.raises(SettingError, match="given as tokens; give lists of tokens, or a Corpus"):
        transform(fitted, ["New York"])
    cut = DocumentCounts().fit(Corpus(["a-b", "b"], tokenizer=lambda line: line.split("-")))
    with pytest.raises(SettingError, match="cut by the function .*; give lists of tokens"):
        transform(cut, ["a-b"])
    corpus = Corpus(["a-a"], tokenizer=lambda line: line.split("-"))
    assert transform(cut, corpus).nnz == 1


def test_a_string_is_not_taken_for_its_characters():
    fitted = DocumentCounts().fit(["one two", "two three"])
    with pytest.raises(CorpusError, match=r"found the string 'one two'. Give \[text\]"):
        transform(fitted, "one two")


def test_saved_and_opened_again(tmp_path):
    lines = texts()
    model = DocumentCounts(weighting="tf-idf-smooth", min_df=2)
    fitted, X = model.fit_transform(lines)
    fitted.save(tmp_path / "m.firth")
    again = load(tmp_path / "m.firth")
    assert again.kind == "counts"
    assert again.vectors is None
    assert again.vocabulary.names == fitted.vocabulary.names
    assert DocumentCounts.from_json(again.settings) == model
    assert (transform(again, lines) != X).nnz == 0
    assert (DocumentCounts.transform(again, lines) != X).nnz == 0


def test_a_damaged_model_says_so(tmp_path):
    DocumentCounts().fit(texts()).save(tmp_path / "m.firth")
    state = tmp_path / "m.firth" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-9])
    with pytest.raises(FormatError, match="state.safetensors: found .* bytes, expected"):
        load(tmp_path / "m.firth")
    fitted = DocumentCounts().fit(texts())
    del fitted.state["weights"]
    with pytest.raises(FormatError, match="found a model without weights of words"):
        transform(fitted, ["word1"])


# -- one-hot -------------------------------------------------------------------------------------


def test_one_hot():
    vocabulary = Vocabulary(["king", "queen", "man"])
    X = one_hot(["man", "king", "man"], vocabulary)
    assert X.toarray().tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    with pytest.raises(UnknownWordError, match="'quen' is not .* Did you mean 'queen'"):
        one_hot(["king", "quen"], vocabulary)
    rows = one_hot(["quen", "man", "men"], vocabulary, zeros_for_unknown=True)
    assert rows.toarray().tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert one_hot([], vocabulary).shape == (0, 3)


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "options", "error", "said"),
    [
        (["", "..."], {}, CorpusError, "2 lines, but not a single token"),
        ([[], []], {}, CorpusError, "not a single token"),
        ([], {}, CorpusError, "is empty"),
        (["one two", "two"], {"min_count": 3}, VocabularyError, "0 of 2 types reached min_count=3"),
        (
            ["one two", "two"],
            {"min_df": 3},
            VocabularyError,
            "0 of 2 words are left by min_df=3.*2 documents.* stands in 2 of them .'two'.",
        ),
        (["one", "one"], {"max_df": 0.5}, VocabularyError, "raise max_df"),
        (["one"], {"drop": "one"}, VocabularyError, "drop fewer words"),
        (["one"], {"weighting": "tfidf"}, SettingError, "'tfidf' is not one of .*'tf-idf'"),
        (["one"], {"max_df": 1.5}, SettingError, "max_df=1.5 is out of range"),
    ],
)
def test_bad_input(lines, options, error, said):
    with pytest.raises(error, match=said):
        DocumentCounts(**options).fit(lines)


def test_one_word_alone_is_no_error():
    fitted, X = DocumentCounts().fit_transform(["word", "word", ""])
    assert X.shape == (3, 1)
    assert X.toarray().ravel().tolist() == pytest.approx([math.log10(1.5)] * 2 + [0])


# -- uncompiled ----------------------------------------------------------------------------------

SCRIPT = """
import sys
import numpy as np
from firth.kernels import documents

ids = (np.random.default_rng(1).zipf(1.5, 300) % 20).astype(np.int32)
ends = np.array([0, 10, 10, 90, 200, 300], np.int64)
df = np.zeros(20, np.int64)
documents.document_frequency(ids, ends, np.full(20, -1, np.int64), df)
numbers = np.arange(20, dtype=np.int32)
numbers[3] = -1
columns, counts = np.empty(300, np.int32), np.empty(300, np.int64)
stops = np.empty(4, np.int64)
n = documents.count_documents(
    ids, ends, 1, 5, numbers, np.zeros(20, np.int64), columns, counts, stops
)
offsets = np.concatenate([[0], stops])
weights = np.linspace(0.5, 2, 20)
made = {"df": df, "columns": columns[:n], "counts": counts[:n], "stops": stops}
for local in range(4):
    values = np.empty(n)
    documents.weigh(offsets, columns, counts, weights, local, local % 2 == 0, values)
    made[str(local)] = values
np.savez(sys.argv[1], **made)
"""


def test_compiled_equals_uncompiled(tmp_path):
    found = []
    for disabled in ("0", "1"):
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        path = tmp_path / f"{disabled}.npz"
        subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, env=environment)
        found.append(dict(np.load(path)))
    compiled, uncompiled = found
    assert len(compiled) == 8
    assert compiled["columns"].size > 20
    for name, value in compiled.items():
        np.testing.assert_allclose(value, uncompiled[name], rtol=1e-14, err_msg=name)


def test_a_model_of_phrased_text_joins_phrases_too(tmp_path):
    from firth.text.phrases import Phrases

    lines = ["new york is big", "i like new york", "new york new york"] * 5 + ["new big like"]
    phrases = Phrases(min_count=2, threshold=0.1, threads=1).fit(lines)
    assert "new_york" in phrases.phrases
    fitted, X = DocumentCounts(weighting="count").fit_transform(Corpus(lines, phrases=phrases))
    york = fitted.vocabulary.id("new_york")
    assert X[2, york] == 2
    fitted.save(tmp_path / "m.firth")
    for model in (fitted, load(tmp_path / "m.firth")):
        for documents in (["In New York"], [["new", "york"]], Corpus(["new york"])):
            assert transform(model, documents)[0, york] == 1
    (tmp_path / "a.txt").write_text("new\nyork\n", "utf-8")
    whole = DocumentCounts(weighting="count", documents="files")
    corpus = Corpus(tmp_path / "a.txt", phrases=phrases)
    assert whole.fit_transform(corpus)[0].vocabulary.names == ["new_york"]
