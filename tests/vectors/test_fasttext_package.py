"""The `fasttext` package and firth, each reading what the other wrote, setting by setting."""

import contextlib
import io

import numpy as np
import pytest

from firth import Classifier, FastText, Labelled, load
from firth.errors import FormatError
from firth.static.classifier import FastTextClassifier
from firth.static.quantize import ModelQuantization, quantize
from firth.vectors.formats import fasttext_model
from static.labelled_worlds import lines, topics

fasttext = pytest.importorskip("fasttext", reason="the fasttext package is not installed")

#: rows start as they must only with as many threads as the original cuts its matrix into
THREADS = 12
WORDS = ("sport3", "the1", "neverseen", "ungesehen", "день")
TEXTS = [" ".join(words) for _, words in topics(60, seed=9)]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Labelled texts of 340 labels and many words: enough to quantise and to leave some out."""
    path = tmp_path_factory.mktemp("package") / "t.txt"
    examples = [([*labels, f"n{i % 340}"], words) for i, (labels, words) in enumerate(topics(1400))]
    examples = [(labels, [*words, f"rare{i % 500}"]) for i, (labels, words) in enumerate(examples)]
    path.write_text("\n".join(lines(examples)) + "\n", "utf-8")
    return path


def opened(path):
    with contextlib.redirect_stderr(io.StringIO()):  # it greets
        return fasttext.load_model(str(path))


def must_have_the_same_vectors(model, theirs):
    for word in WORDS:
        known = model.vectors.known(word)
        ours = model.vectors[word] if known else np.zeros(model.vectors.dim)
        np.testing.assert_allclose(ours, theirs.get_word_vector(word), atol=1e-5)


def must_predict_the_same(model, theirs, atol=5e-5):
    for text, ours in zip(TEXTS, Classifier(model, threads=1).predict(TEXTS, k=3), strict=True):
        wanted = theirs.f.predict(text + "\n", 3, 0.0, "strict")
        assert [one.label for one in ours] == [name[len("__label__") :] for _, name in wanted]
        np.testing.assert_allclose(
            [one.probability for one in ours], [share for share, _ in wanted], atol=atol
        )


@pytest.mark.parametrize("max_n", [0, 4])
@pytest.mark.parametrize("loss", ["ns", "hs", "softmax"])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_their_word_vectors(texts, tmp_path, model, loss, max_n):
    theirs = fasttext.train_unsupervised(
        str(texts), model=model, loss=loss, minn=2, maxn=max_n, dim=7, bucket=300, epoch=1,
        minCount=1, wordNgrams=1 if max_n else 2, thread=THREADS, verbose=0,
    )  # fmt: skip
    theirs.save_model(str(tmp_path / "m.bin"))
    whole = (tmp_path / "m.bin").read_bytes()
    ours = load(tmp_path / "m.bin")
    must_have_the_same_vectors(ours, theirs)
    ours.save(tmp_path / "m.firth")
    for one in (ours, load(tmp_path / "m.firth")):
        fasttext_model.write(one, tmp_path / "again.bin")
        assert (tmp_path / "again.bin").read_bytes() == whole


@pytest.mark.parametrize(
    ("loss", "word_ngrams", "max_n", "smaller"),
    [
        ("softmax", 2, 3, None),
        ("hs", 1, 0, None),
        ("softmax", 1, 0, {"cutoff": 300}),  # of words alone: there is no n-gram to prune
        ("ova", 2, 0, {}),
        ("ns", 1, 3, {"qnorm": True, "qout": True}),
        ("hs", 2, 3, {"cutoff": 400, "retrain": True, "epoch": 1}),
        ("softmax", 2, 3, {"cutoff": 300, "qnorm": True, "qout": True, "dsub": 3}),
    ],
)
def test_their_classifiers(texts, tmp_path, loss, word_ngrams, max_n, smaller):
    theirs = fasttext.train_supervised(
        str(texts), loss=loss, wordNgrams=word_ngrams, minn=2 if max_n else 0, maxn=max_n, dim=10,
        bucket=900, epoch=3, lr=0.4, thread=THREADS, verbose=0,
    )  # fmt: skip
    if smaller is not None:
        theirs.quantize(input=str(texts), verbose=False, thread=1, **smaller)
    theirs.save_model(str(tmp_path / "m.bin"))
    whole = (tmp_path / "m.bin").read_bytes()
    ours = load(tmp_path / "m.bin")
    must_have_the_same_vectors(ours, theirs)
    # sums rounded otherwise reach another entry of the original's table of sigmoids
    must_predict_the_same(ours, theirs, 1e-2 if loss in ("ns", "ova") else 5e-5)
    ours.save(tmp_path / "m.firth")
    for one in (ours, load(tmp_path / "m.firth")):
        fasttext_model.write(one, tmp_path / "again.bin")
        assert (tmp_path / "again.bin").read_bytes() == whole


@pytest.mark.parametrize("max_n", [0, 4])
@pytest.mark.parametrize("objective", ["negative-sampling", "hierarchical-softmax"])
def test_our_word_vectors(texts, tmp_path, objective, max_n):
    ours = FastText(
        objective=objective, min_n=2 if max_n else 0, max_n=max_n, dim=9, epochs=1, min_count=1,
        buckets=300 if max_n else 0, threads=1,
    ).fit(texts)  # fmt: skip
    fasttext_model.write(ours, tmp_path / "m.bin")
    must_have_the_same_vectors(ours, opened(tmp_path / "m.bin"))
    again = load(tmp_path / "m.bin")
    rows = len(ours.state["output"])
    np.testing.assert_array_equal(again.state["output"][:rows], ours.state["output"])
    same = ("dim", "window", "epochs", "min_count", "negatives", "objective", "subsample", "model")
    assert {name: again.settings[name] for name in same} == {
        name: ours.settings[name] for name in same
    }


@pytest.mark.parametrize(
    ("objective", "word_ngrams", "max_n", "how"),
    [
        ("softmax", 2, 3, None),
        ("hierarchical-softmax", 1, 0, None),
        ("softmax", 2, 3, {"norms": True, "output_too": True}),
        ("hierarchical-softmax", 2, 0, {"cutoff": 400, "dsub": 3}),
        # such rows are written as float32
        ("softmax", 1, 3, {"to": "int8", "output_too": True}),
    ],
)
def test_our_classifiers(texts, tmp_path, objective, word_ngrams, max_n, how):
    ours = FastTextClassifier(
        objective=objective, word_ngrams=word_ngrams, min_n=2 if max_n else 0, max_n=max_n, dim=10,
        buckets=900, epochs=3, rate=0.4, threads=1,
    ).fit(Labelled(texts))  # fmt: skip
    if how is not None:
        ours = quantize(ours, ModelQuantization(threads=1, **how))
    fasttext_model.write(ours, tmp_path / "m.bin")
    theirs = opened(tmp_path / "m.bin")
    assert theirs.get_labels() == ["__label__" + name for name in ours.labels]
    must_have_the_same_vectors(ours, theirs)
    must_predict_the_same(ours, theirs)


def test_our_quantised_word_vectors(texts, tmp_path):
    """Only the vectors are left of them, and the rows that n-grams have."""
    ours = FastText(dim=8, epochs=1, min_count=1, buckets=300, threads=1).fit(texts)
    ours = quantize(ours, ModelQuantization(threads=1))
    fasttext_model.write(ours, tmp_path / "m.bin")
    must_have_the_same_vectors(ours, opened(tmp_path / "m.bin"))


def test_pruned_rows_that_are_not_product_quantised_fit_no_file(texts, tmp_path):
    ours = FastTextClassifier(
        word_ngrams=2, dim=4, buckets=500, epochs=1, threads=1
    ).fit(Labelled(texts))  # fmt: skip
    ours = quantize(ours, ModelQuantization(to="float16", cutoff=100, threads=1))
    with pytest.raises(FormatError, match="Quantise to pq, or without a cutoff"):
        fasttext_model.write(ours, tmp_path / "m.ftz")
    assert list(tmp_path.iterdir()) == []
