"""The transformers for scikit-learn: its own checks, its pipelines, and planted topics."""

import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from firth.compat.sklearn import BagOfWords, LSAVectors, TfIdf
from firth.errors import CorpusError, SettingError, VocabularyError

ALL = [BagOfWords(), TfIdf(), LSAVectors(dim=3)]
NAMES = [type(one).__name__ for one in ALL]
TEXTS = ["The cat sat on the mat", "a dog sat", "", "the dog and the cat", "On a mat: the rat!"]


def dense(rows):
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


# -- scikit-learn's checks -----------------------------------------------------------------------


@pytest.mark.parametrize("transformer", ALL, ids=NAMES)
def test_check_estimator(transformer):
    """check_estimator stops where an estimator says that it takes no numbers, as it does for
    scikit-learn's own CountVectorizer; the checks below it that need no data are called one by
    one, and what the others test is tested with texts further down."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_estimator(transformer)
    assert {one.category for one in caught} == {SkipTestWarning}
    assert "Can't test estimator" in str(caught[0].message)


WITHOUT_DATA = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_get_params_invariance",
    "check_set_params",
    "check_parameters_default_constructible",
    "check_mixin_order",
]


@pytest.mark.parametrize("name", WITHOUT_DATA)
@pytest.mark.parametrize("transformer", ALL, ids=NAMES)
def test_the_checks_that_need_no_data(transformer, name):
    getattr(estimator_checks, name)(type(transformer).__name__, clone(transformer))


def test_the_checks_would_notice():
    class Careless(BagOfWords):
        def __init__(self, *, binary=False):
            super().__init__(binary=binary)
            self.extra = 1

    with pytest.raises(AssertionError):
        estimator_checks.check_no_attributes_set_in_init("Careless", Careless())


@pytest.mark.parametrize("transformer", ALL, ids=NAMES)
def test_what_the_checks_with_data_ask(transformer):
    """check_fit_idempotent, check_dict_unchanged, check_methods_subset_invariance, …_order_…,
    check_estimators_pickle, check_fit_check_is_fitted, check_transformer_general: with texts."""
    one = clone(transformer)
    with pytest.raises(NotFittedError):
        one.transform(TEXTS)
    with pytest.raises(NotFittedError):
        one.get_feature_names_out()
    before = one.get_params()
    rows = dense(one.fit(TEXTS).transform(TEXTS))
    assert one.get_params() == before
    np.testing.assert_allclose(dense(clone(transformer).fit_transform(TEXTS, y=[1] * 5)), rows)
    state = dict(vars(one))
    np.testing.assert_allclose(dense(one.transform(TEXTS[::-1])), rows[::-1], atol=1e-6)
    single = np.vstack([dense(one.transform([text])) for text in TEXTS])
    np.testing.assert_allclose(single, rows, atol=1e-6)
    assert vars(one) == state
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(dense(again.transform(TEXTS)), dense(one.transform(TEXTS)))
    np.testing.assert_array_equal(dense(one.fit(TEXTS).transform(TEXTS)), rows)
    names = one.get_feature_names_out()
    assert names.dtype == object
    assert len(names) == rows.shape[1]
    assert one.transform([]).shape == (0, rows.shape[1])
    for texts in (np.array(TEXTS), np.array(TEXTS, object), tuple(TEXTS), iter(TEXTS)):
        np.testing.assert_array_equal(dense(one.transform(texts)), dense(one.transform(TEXTS)))


# -- the numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BagOfWords(), CountVectorizer()),
        (BagOfWords(binary=True, min_df=2), CountVectorizer(binary=True, min_df=2)),
        (TfIdf(), TfidfVectorizer()),
        (TfIdf(max_df=0.5), TfidfVectorizer(max_df=0.5)),
        (TfIdf(weighting="tf-idf-sublinear"), TfidfVectorizer(sublinear_tf=True)),
    ],
)
def test_the_same_numbers_as_their_vectorizers(ours, theirs):
    theirs.set_params(token_pattern=r"\w+")
    X, Y = ours.fit_transform(TEXTS), theirs.fit_transform(TEXTS)
    columns = [theirs.vocabulary_[name] for name in ours.get_feature_names_out()]
    assert sorted(columns) == list(range(Y.shape[1]))
    np.testing.assert_allclose(X.toarray(), Y.toarray()[:, columns], atol=1e-14)


def test_the_parameters_arrive():
    assert BagOfWords(drop="the on").fit(TEXTS).get_feature_names_out()[0] == "a"
    assert "The" in BagOfWords(fold_case=False).fit(TEXTS).get_feature_names_out()
    assert "rat!" in TfIdf(tokenizer="whitespace").fit(TEXTS).get_feature_names_out()
    cut = TfIdf(tokenizer=lambda text: text.split(" s")).fit(TEXTS)
    assert "The cat" in cut.get_feature_names_out()
    assert dense(cut.transform(["The cat s"]))[0].any()
    assert len(BagOfWords(max_size=3).fit(TEXTS).get_feature_names_out()) == 3
    assert list(BagOfWords(min_count=3).fit(TEXTS).get_feature_names_out()) == ["the"]
    tokens = [["New York", "Rio"], ["Rio"]]
    assert list(BagOfWords().fit(tokens).get_feature_names_out()) == ["Rio", "New York"]
    made = LSAVectors(dim=2, weighting="count", seed=3, threads=2).fit(TEXTS)
    assert made.fitted_.settings == made.fitted_.settings | {
        "dim": 2, "weighting": "count", "seed": 3, "threads": 2
    }  # fmt: skip
    assert list(made.get_feature_names_out()) == ["lsavectors0", "lsavectors1"]


# -- at work -------------------------------------------------------------------------------------


def topics(documents=240, seed=1):
    """Two topics: a few of the words of each line tell which it is, the rest are common to both."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, documents)
    lines = []
    for label in labels:
        words = [f"common{i}" for i in rng.integers(0, 40, 8)]
        words += [f"{'ab'[label]}{i}" for i in rng.integers(0, 40, 3)]
        lines.append(" ".join(rng.permutation(words)))
    return lines, labels


@pytest.mark.parametrize(
    "transformer", [BagOfWords(), TfIdf(), TfIdf(weighting="tf-idf"), LSAVectors(dim=40)]
)
def test_topics_are_told_apart_in_a_pipeline(transformer):
    lines, labels = topics()
    # the values of the notes' tf-idf are small, so little regularisation
    pipeline = make_pipeline(transformer, LogisticRegression(C=1000, max_iter=1000))
    shuffled = np.random.default_rng(1).permutation(labels)
    assert cross_val_score(pipeline, lines, shuffled, cv=4).mean() < 0.65
    assert cross_val_score(pipeline, lines, labels, cv=4).mean() > 0.9


def test_settings_are_searched_and_rows_put_side_by_side():
    lines, labels = topics()
    search = GridSearchCV(
        make_pipeline(TfIdf(), LogisticRegression()),
        {"tfidf__weighting": ["tf-idf-smooth", "log-entropy"], "tfidf__min_df": [1, 2]},
        cv=3,
    ).fit(lines, labels)
    assert search.best_score_ > 0.85
    union = FeatureUnion([("words", TfIdf()), ("topics", LSAVectors(dim=5))])
    rows = union.fit_transform(lines)
    assert rows.shape == (240, len(TfIdf().fit(lines).get_feature_names_out()) + 5)
    assert union.get_feature_names_out()[-1] == "topics__lsavectors4"
    pandas = pytest.importorskip("pandas")
    frame = LSAVectors(dim=2).set_output(transform="pandas").fit_transform(lines)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["lsavectors0", "lsavectors1"]
    series = pandas.Series(lines, index=range(7, 247))
    assert TfIdf().fit_transform(series).shape[0] == 240


@pytest.mark.parametrize("transformer", ALL, ids=NAMES)
def test_bad_input(transformer):
    fresh = clone(transformer)
    for texts, error, said in (
        ("one text", CorpusError, "found the string 'one text'"),
        (["", ""], CorpusError, "not a single token"),
        ([], CorpusError, "empty"),
        ([1, 2], CorpusError, "wanted a string for each line"),
    ):
        with pytest.raises(error, match=said):
            fresh.fit(texts)
    with pytest.raises(VocabularyError, match="min_df=9"):
        clone(transformer).set_params(min_df=9).fit(TEXTS)
    with pytest.raises(SettingError, match="max_df=2.0 is out of range"):
        clone(transformer).set_params(max_df=2.0).fit(TEXTS)
    with pytest.raises(CorpusError, match="found the string"):
        fresh.fit(TEXTS).transform("one text")
