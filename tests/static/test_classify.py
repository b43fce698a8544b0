"""Prediction: files of the original to the letter, every route to the same answer, bad input."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from firth import Classifier, FastTextClassifier, Labelled, Phrases
from firth.errors import CorpusError, SettingError
from firth.static import classify, kernel_inputs
from firth.static.classifier import OBJECTIVES
from firth.static.label_report import calibration, report, scores
from firth.vectors.formats.fasttext_model import read
from firth.vectors.quantized import Float16Rows, Int8Rows, ProductQuantized
from firth.vectors.subwords import SubwordRows
from static.labelled_worlds import topics

SMALL = {"dim": 10, "threads": 1, "rate": 0.5, "epochs": 4, "buckets": 500}


# --- files of the original -----------------------------------------------------------------------

GOLDEN = {
    "sup_softmax.bin": "sup_softmax",
    "sup_hs.bin": "sup_hs",
    "sup_ns.bin": "sup_ns",
    "sup_ova.bin": "sup_ova",
    "supq_plain.ftz": "supq_plain_ftz",
    "supq_cut.ftz": "supq_cut_ftz",
}


def text_of(path: Path) -> str:
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text()


@pytest.fixture(scope="module")
def golden(shared, tmp_path_factory):
    """The files, unpacked: .ftz and .bin are mapped."""
    folder = tmp_path_factory.mktemp("golden")
    for name in GOLDEN:
        source = shared / "golden" / name
        packed = source.with_name(name + ".gz")
        data = gzip.decompress(packed.read_bytes()) if packed.exists() else source.read_bytes()
        (folder / name).write_bytes(data)
    return folder


def printed(text):
    """[(label, probability)] of each line that predict-prob printed."""
    lines = [line.split() for line in text.splitlines()]
    return [
        [(line[i].removeprefix("__label__"), float(line[i + 1])) for i in range(0, len(line), 2)]
        for line in lines
    ]


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize(("k", "ending"), [(3, "k3.txt"), (-1, "all.txt")])
def test_predictions_of_the_original(shared, golden, name, k, ending):
    texts = (shared / "golden" / "sup_predict.txt").read_text("utf-8").splitlines()
    wanted = printed(text_of(shared / "golden" / f"{GOLDEN[name]}_{ending}"))
    model = Classifier(read(golden / name), threads=1)
    found = model.predict(texts, k=k)
    assert len(found) == len(wanted) == 100
    for ours, theirs in zip(found, wanted, strict=True):
        # also the order of equals
        assert [one.label for one in ours] == [label for label, _ in theirs]
        for one, (_, probability) in zip(ours, theirs, strict=True):
            assert one.probability == pytest.approx(probability, abs=7e-5)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_test_of_the_original(shared, golden, name):
    results = json.loads((shared / "golden" / "sup_test_results.json").read_text())
    printed = dict(line.split("\t") for line in results[name]["output"])
    found = Classifier(read(golden / name)).evaluate(shared / "golden" / "sup_test.txt")
    assert found.examples == int(printed["N"]) == 494
    assert f"{found.precision:.3g}" == printed["P@1"]
    assert f"{found.recall:.3g}" == printed["R@1"]
    assert found.left_out == {"without_label": 0, "unknown_label": 6, "without_feature": 0}


def test_a_mapped_matrix_at_an_odd_address(shared, golden, monkeypatch):
    """Large files are not copied: their rows lie where they lie."""
    texts = (shared / "golden" / "sup_predict.txt").read_text("utf-8").splitlines()
    fitted = read(golden / "sup_softmax.bin")
    assert not fitted.vectors.matrix.flags.aligned
    copied = Classifier(fitted, threads=1).top(texts, k=3)
    monkeypatch.setattr(kernel_inputs, "COPIED", 0)
    mapped = Classifier(fitted, threads=1)
    assert mapped._inputs.W is fitted.vectors.matrix
    labels, p = mapped.top(texts, k=3)
    np.testing.assert_array_equal(labels, copied[0])
    np.testing.assert_allclose(p, copied[1], atol=1e-6)


# --- every route, one answer ---------------------------------------------------------------------


def lines(n, seed=3):
    return [" ".join(words) for _, words in topics(n, seed=seed)]


WAYS = [
    pytest.param({"objective": objective} | more, id=f"{objective}-{name}")
    for objective in OBJECTIVES
    for name, more in (("words", {}), ("ngrams", {"word_ngrams": 3, "min_n": 2, "max_n": 3}))
]


def fitted_on_lines(examples=None, **settings):
    examples = topics() if examples is None else examples
    pairs = [(labels, " ".join(words)) for labels, words in examples]
    return FastTextClassifier(**SMALL | settings).fit(pairs)


@pytest.mark.parametrize("way", WAYS)
def test_one_by_one_and_threaded_are_all_at_once(way, monkeypatch):
    fitted = fitted_on_lines(**way)
    texts = [*lines(60), "", "unknown words only", "news1", " ", "the1 " * 500]
    labels, p = Classifier(fitted, threads=1).top(texts, k=2, threshold=0.1)
    assert labels.shape == p.shape == (65, 2)
    assert ((labels == -1) == (p == 0)).all()
    assert (np.diff(p, axis=1) <= 0).all()
    for threads in (1, 2):
        model = Classifier(fitted, threads=threads)
        monkeypatch.setattr(classify, "AT_ONCE", 200)  # pieces of three or four texts
        again = model.top(iter(texts), k=2, threshold=0.1)
        np.testing.assert_array_equal(again[0], labels)
        np.testing.assert_array_equal(again[1], p)
    alone = [model.top([text], k=2, threshold=0.1) for text in texts]
    np.testing.assert_array_equal(np.concatenate([one[0] for one in alone]), labels)
    np.testing.assert_array_equal(np.concatenate([one[1] for one in alone]), p)
    named = model.predict(texts[:1], k=2, threshold=0.1)[0]
    assert [one.label for one in named] == [model.labels[i] for i in labels[0] if i >= 0]


def test_probabilities_are_those_of_the_equations():
    fitted = fitted_on_lines()
    texts = lines(20)
    model = Classifier(fitted, threads=1)
    H = model.document_vectors(texts).astype(float)
    for text, h in zip(texts, H, strict=True):
        ids = fitted.vocabulary.ids([*text.split(), "</s>"])
        rows = fitted.vectors.matrix[ids[ids >= 0]]
        np.testing.assert_allclose(h, rows.mean(axis=0, dtype=float), rtol=1e-5, atol=1e-6)
    x = np.exp(H @ fitted.state["output"].astype(float).T)
    p = x / x.sum(axis=1, keepdims=True)
    labels, found = model.top(texts, k=-1)
    np.testing.assert_allclose(np.take_along_axis(p, labels, axis=1), found, rtol=1e-5)
    assert (labels[:, 0] == p.argmax(axis=1)).all()


@pytest.mark.parametrize(
    "reading",
    [
        {"tokenizer": "words"},
        {"tokenizer": "words", "fold_case": False},
        {"tokenizer": "whitespace"},
        {"tokenizer": "whitespace", "fold_case": True},
        {"tokenizer": "characters"},
        {"tokenizer": str.split},
    ],
    ids=lambda reading: "-".join(map(str, reading.values())),
)
def test_texts_are_cut_as_the_training_text_was(reading):
    """Straße and STRASSE are one word when case is folded, though one is longer."""
    examples = [
        ("a", "Die Straße ist LANG; don't"),
        ("b", "İstanbul\u00a0und Ёлка"),
        ("a", "日本語 テキスト"),
        ("b", "STRASSE lang ёлка"),
    ]
    labelled = Labelled(examples * 3, **reading)
    fitted = FastTextClassifier(**SMALL | {"word_ngrams": 2, "min_n": 2, "max_n": 2}).fit(labelled)
    tokenizer = reading["tokenizer"] if callable(reading["tokenizer"]) else None
    model = Classifier(fitted, tokenizer=tokenizer, threads=1)
    for text in [text for _, text in examples]:
        tokens = next(iter(Labelled([("a", text)], **reading).corpus))
        by_text, by_tokens = model.document_vectors([text]), model.document_vectors([tokens])
        np.testing.assert_array_equal(by_text, by_tokens)
        if "fold_case" not in reading and reading["tokenizer"] != "words":
            continue
        if reading.get("fold_case", True):
            upper = model.document_vectors([text.upper()])
            if "İ" not in text:  # its lower case is two characters, its upper case another
                np.testing.assert_allclose(upper, by_text, atol=1e-7)


def test_blanks_are_those_of_the_program(shared, golden):
    """In files of fastText a no-break space is part of a word, for str.split it is none."""
    model = Classifier(read(golden / "sup_softmax.bin"), threads=1)
    apart, joined = model.scored(["what is this"])[2], model.scored(["what\u00a0is\u00a0this"])[2]
    assert apart[0] > joined[0]
    ours = Classifier(
        FastTextClassifier(**SMALL).fit(
            Labelled([("a", "what is this"), ("b", "that")], tokenizer="whitespace")
        ),
        threads=1,
    )
    same = ours.document_vectors(["what is this", "what\u00a0is\u00a0this"])
    np.testing.assert_array_equal(same[0], same[1])


def test_labels_in_the_text_are_no_features():
    fitted = FastTextClassifier(**SMALL | {"word_ngrams": 2}).fit(
        Labelled([f"__label__{labels[0]} {' '.join(words)}" for labels, words in topics()])
    )
    model = Classifier(fitted, threads=1)
    plain, marked = model.document_vectors(["news1 the2", "news1 __label__sport the2"])
    np.testing.assert_array_equal(plain, marked)


def test_phrases_are_joined():
    text = [("a", "new york is far"), ("b", "the york new or old")] * 30
    phrases = Phrases(min_count=2, threshold=0.1).fit([one for _, one in text])
    fitted = FastTextClassifier(**SMALL).fit(Labelled(text, phrases=phrases))
    assert "new_york" in fitted.vocabulary
    model = Classifier(fitted)
    one, other = model.document_vectors(["new york", "york new"])
    assert not np.array_equal(one, other)


# --- rows that are not float32 -------------------------------------------------------------------


def quantised(fitted, rows):
    """The same model over rows that are held in another way."""
    own = fitted.state["words"]
    ngrams = fitted.vectors.subwords
    fitted.state["words"] = rows(np.asarray(own))
    fitted.vectors.subwords = SubwordRows(ngrams.subwords, rows(np.asarray(ngrams.matrix)))
    return fitted


def product(matrix, norms):
    rng = np.random.default_rng(len(matrix))
    n, d = matrix.shape
    codes = rng.integers(0, 256, (n, 4)).astype(np.uint8)
    centroids = rng.normal(size=256 * d).astype(np.float32)
    if not norms:
        return ProductQuantized(codes, centroids, d, 3)
    return ProductQuantized(
        codes, centroids, d, 3, codes[:, 0].copy(), rng.random(256).astype(np.float32)
    )


@pytest.mark.parametrize(
    "rows",
    [
        lambda m: product(m, norms=False),
        lambda m: product(m, norms=True),
        lambda m: Float16Rows(m.astype(np.float16)),
        lambda m: Int8Rows((m * 50).astype(np.int8), np.full(len(m), 0.02, np.float32)),
    ],
    ids=["product", "product with norms", "float16", "int8"],
)
def test_quantised_rows_are_what_they_stand_for(rows):
    settings = {"word_ngrams": 2, "min_n": 2, "max_n": 3}
    texts = lines(40)
    one = Classifier(quantised(fitted_on_lines(**settings), rows), threads=1)
    other = quantised(fitted_on_lines(**settings), lambda m: np.asarray(rows(m)))
    other = Classifier(other, threads=1)
    np.testing.assert_allclose(
        one.document_vectors(texts), other.document_vectors(texts), rtol=1e-4, atol=1e-5
    )
    one, other = one.top(texts, k=-1), other.top(texts, k=-1)
    np.testing.assert_allclose(one[1], other[1], atol=1e-4)


# --- what it is asked wrongly --------------------------------------------------------------------


def test_bad_questions(tmp_path):
    model = Classifier(fitted_on_lines(epochs=1), threads=1)
    for ask, said in (
        (lambda: model.top(["x"], k=0), "k=0 is out of range; wanted at least 1, or -1"),
        (lambda: model.top(["x"], threshold=1.5), "threshold=1.5 is out of range; wanted 0 to 1"),
        (lambda: model.top(["x"], threshold=float("nan")), "threshold=nan is out of range"),
        (lambda: model.top("a text"), "texts is one string; give a list of texts"),
    ):
        with pytest.raises(SettingError) as caught:
            ask()
        assert said in str(caught.value)
    assert model.predict([]) == []
    assert model.top([])[0].shape == (0, 1)
    assert model.document_vectors([]).shape == (0, 10)
    assert model.predict(["a\nb"]) == model.predict(["a b"])
    assert len(model.predict(["\ud800 lone"])) == 1


def test_models_that_are_no_classifier(checkerboard):
    from firth import SkipGram

    words = SkipGram(dim=4, epochs=1, min_count=1, threads=1).fit(checkerboard[:50])
    with pytest.raises(SettingError, match="A model of the kind skipgram has no labels"):
        Classifier(words)


def test_functions_are_not_called_on_the_word_of_a_model():
    by_function = FastTextClassifier(**SMALL).fit(
        Labelled([("a", "x y"), ("b", "z")], tokenizer=str.split)
    )
    with pytest.raises(SettingError, match="were cut by the function builtins:str.split"):
        Classifier(by_function).predict(["x"])
    assert Classifier(by_function, tokenizer=str.split).predict(["x y"])[0][0].label == "a"
    as_tokens = FastTextClassifier(**SMALL).fit([("a", ["x", "y"]), ("b", ["z"])])
    with pytest.raises(SettingError, match="were given as tokens"):
        Classifier(as_tokens).predict(["x"])
    assert Classifier(as_tokens).predict([["x", "y"]])[0][0].label == "a"


# --- evaluation ----------------------------------------------------------------------------------


def counted(names, gold, predicted, p):
    """The report by plain Python."""
    hits = sum(len(set(g) & set(q)) for g, q in zip(gold, predicted, strict=True))
    said, true = sum(map(len, predicted)), sum(map(len, gold))
    by_label = {}
    for i, name in enumerate(names):
        right = sum(i in g and i in q for g, q in zip(gold, predicted, strict=True))
        a, b = sum(i in q for q in predicted), sum(i in g for g in gold)
        if a or b:
            by_label[name] = {**scores(right, a, b), "support": b}
    return scores(hits, said, true), by_label


def test_the_report_counts_as_plain_python():
    rng = np.random.default_rng(1)
    names = list("abcde")
    n = 200
    gold = [sorted(rng.choice(4, rng.integers(1, 4), replace=False).tolist()) for _ in range(n)]
    some = np.array([rng.permutation(5)[:3] for _ in range(n)], np.int32)
    p = np.sort(rng.random((n, 3)).astype(np.float32))[:, ::-1]
    some[p < 0.3] = -1
    flat = np.array([label for own in gold for label in own])
    ends = np.cumsum([len(own) for own in gold])
    first = np.where(some[:, 0] < 0, 0, some[:, 0]), p[:, 0]
    found = report(names, flat, ends, some, p, first, k=3, threshold=0.3, left_out={})
    whole, by_label = counted(names, gold, [[i for i in row if i >= 0] for row in some.tolist()], p)
    assert {name: getattr(found, name) for name in whole} == pytest.approx(whole)
    assert found.labels == by_label
    best = [own for own in zip(gold, first[0].tolist(), strict=True)]
    assert found.accuracy == pytest.approx(np.mean([b in own for own, b in best]))
    occurring = [entry["f1"] for entry in by_label.values() if entry["support"]]
    assert found.macro_f1 == pytest.approx(np.mean(occurring))
    json.dumps(found.to_json())


def test_calibration():
    """Two bins: said .95 and right 9 of 10 times; said .55 and never right."""
    p = np.array([0.95] * 10 + [0.55] * 5)
    right = np.array([True] * 9 + [False] * 6)
    found = calibration(p, right)
    assert found["expected_error"] == pytest.approx((10 * 0.05 + 5 * 0.55) / 15)
    filled = {one["from"]: one for one in found["bins"] if one["examples"]}
    assert set(filled) == {0.9, 0.5}
    assert filled[0.9]["accuracy"] == pytest.approx(0.9)
    assert filled[0.9]["probability"] == pytest.approx(0.95)
    assert calibration(np.array([1.0]), np.array([True]))["expected_error"] == 0


def test_texts_that_do_not_count():
    fitted = fitted_on_lines([(["a"], ["x", "y"]), (["b"], ["z", "y"])] * 20, min_count=30)
    assert fitted.vocabulary.names == ["</s>", "y"]
    model = Classifier(fitted)
    found = model.evaluate([("a", "x y"), ("c", "x"), (None, "x"), (["a", "c"], "y")])
    assert found.examples == 2
    assert found.left_out == {"without_label": 1, "unknown_label": 1, "without_feature": 0}
    # labels the model does not know are no true labels
    assert found.recall in (0, 1)
    for examples, said in (
        ([("c", "x"), ("d", "y")], "none of its labels ('c', say) is among those of the model"),
        ([(None, "x")], "none of its texts has a label"),
    ):
        with pytest.raises(CorpusError) as caught:
            model.evaluate(examples)
        assert said in str(caught.value)


def test_several_labels_at_a_threshold():
    fitted = fitted_on_lines(topics(800, several=True), objective="one-vs-all", epochs=20)
    model = Classifier(fitted)
    held_out = [(labels, " ".join(words)) for labels, words in topics(200, 4, several=True)]
    whole = model.evaluate(held_out, k=-1, threshold=0.5)
    first = model.evaluate(held_out, k=1)
    assert whole.recall > first.recall + 0.1
    assert whole.f1 > 0.95
    assert whole.accuracy == first.accuracy
    assert sum(entry["support"] for entry in whole.labels.values()) > 200
