"""Models made smaller: what stays is what should, and answers nearly the same."""

import random

import numpy as np
import pytest

from firth.errors import FormatError, SettingError, VocabularyError
from firth.static.classifier import FastTextClassifier
from firth.static.classify import Classifier, evaluate
from firth.static.fasttext import FastText
from firth.static.quantize import ModelQuantization, quantize
from firth.static.skipgram import SkipGram
from firth.text.labelled import Labelled
from firth.text.subwords import LINE_END, fnv1a
from firth.vectors.fitted import load
from firth.vectors.formats import fasttext_model
from firth.vectors.quantized import Float16Rows, Int8Rows, ProductQuantized
from firth.vectors.rows import norms_of

TOPICS = ("sea", "law", "art", "war")


def lines(n, seed=1, rare=400):
    """Texts of four topics: one telling word among words of all topics, and many rare words."""
    rng = random.Random(seed)
    texts = []
    for _ in range(n):
        topic = rng.choice(TOPICS)
        words = [f"common{rng.randrange(12)}" for _ in range(4)]
        words += [f"rare{rng.randrange(rare)}" for _ in range(2)]
        words.insert(rng.randrange(6), f"{topic}{rng.randrange(8)}")
        texts.append((topic, " ".join(words)))
    return texts


def fitted(**settings):
    settings = {"dim": 10, "epochs": 8, "rate": 0.3, "threads": 1, "seed": 3} | settings
    return FastTextClassifier(**settings).fit(Labelled(TRAIN, tokenizer="whitespace"))


TRAIN, TEST = lines(1200), Labelled(lines(300, seed=2), tokenizer="whitespace")
TEXTS = [text for _, text in TEST]


@pytest.fixture(scope="module")
def words():
    """A classifier of words alone."""
    return fitted()


@pytest.fixture(scope="module")
def ngrams():
    """A classifier of words, their n-grams and pairs of words, hashed into few buckets."""
    return fitted(word_ngrams=2, min_n=3, max_n=4, buckets=3000)


def accuracy(model):
    return evaluate(model, TEST).accuracy


def same(a, b, texts=TEXTS):
    """Share of texts that both give the same label."""
    first, second = (Classifier(model, threads=1).top(texts)[0] for model in (a, b))
    return float((first == second).mean())


def inputs(model):
    rows = np.asarray(model.state.get("words", model.vectors.matrix))
    subwords = model.vectors.subwords
    return rows, np.zeros((0, rows.shape[1])) if subwords is None else np.asarray(subwords.matrix)


def dense(model):
    """`model` with the same rows, worked out."""
    from dataclasses import replace

    from firth.vectors.subwords import ComposedRows, SubwordRows
    from firth.vectors.vectors import Vectors

    W, Z = inputs(model)
    rule = model.vectors.subwords and model.vectors.subwords.subwords
    subwords = rule and SubwordRows(rule, Z)
    state = model.state | {"output": np.asarray(model.state["output"])}
    matrix = W
    if rule and rule.max_n:
        state["words"] = W
        matrix = ComposedRows(model.vocabulary, W, subwords)
    vectors = Vectors(model.vocabulary, matrix, subwords=subwords)
    return replace(model, vectors=vectors, state=state)


def hidden(model, text):
    """The mean of a text's rows, feature by feature, as fastText takes them."""
    W, Z = inputs(model)
    rule = model.vectors.subwords.subwords
    place = dict(zip(*(part.tolist() for part in rule.pruned), strict=True))
    tokens = text.split() + [LINE_END]
    found = []
    for token in tokens:
        row = model.vocabulary.get(token)
        if row >= 0:
            found.append(W[row])
        buckets = [int(h) % rule.buckets for h in fnv1a(rule.strings(token))]
        found += [Z[place[bucket]] for bucket in buckets if bucket in place]
    hashes = [int(np.uint32(h).astype(np.int32)) for h in fnv1a(tokens)]
    for first, second in zip(hashes, hashes[1:], strict=False):
        bucket = (first * 116049371 + second) % 2**64 % rule.buckets
        if bucket in place:
            found.append(Z[place[bucket]])
    return np.mean(found, axis=0)


def test_the_rows_of_largest_norm_stay_and_the_line_end(ngrams):
    smaller = quantize(ngrams, ModelQuantization(to="float16", cutoff=200))
    W, Z = inputs(ngrams)
    norms = [(-n, 0, i) for i, n in enumerate(norms_of(W))]
    norms += [(-n, 1, i) for i, n in enumerate(norms_of(Z))]
    end = ngrams.vocabulary.get(LINE_END)
    assert sorted(norms).index((-norms_of(W)[end], 0, end)) > 200  # it stays for being itself
    best = sorted(one for one in norms if one[1:] != (0, end))[:199]
    kept = sorted(i for _, what, i in best if what == 0) + [end]
    names = [ngrams.vocabulary[i] for i in sorted(kept)]
    assert smaller.vocabulary.names == names
    assert smaller.vocabulary.counts.tolist() == [
        int(ngrams.vocabulary.counts[ngrams.vocabulary.id(name)]) for name in names
    ]
    assert smaller.state["counts"].tolist() == smaller.vocabulary.counts.tolist()
    buckets = sorted(i for _, what, i in best if what == 1)
    rule = smaller.vectors.subwords.subwords
    assert rule.pruned[0].tolist() == buckets and rule.buckets == 3000
    own, rows = inputs(smaller)
    np.testing.assert_allclose(own, W[sorted(kept)], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(rows[rule.pruned[1]], Z[buckets], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("to", ["pq", "int8", "float16"])
def test_a_text_is_the_mean_of_the_rows_that_stayed(ngrams, to):
    smaller = quantize(ngrams, ModelQuantization(to=to, cutoff=300, norms=True))
    vectors = Classifier(smaller, threads=1).document_vectors(TEXTS[:40] + [""])
    for text, vector in zip([*TEXTS[:40], ""], vectors, strict=True):
        np.testing.assert_allclose(vector, hidden(smaller, text), rtol=1e-4, atol=1e-6)


def test_pruning_twice_is_pruning_once(ngrams):
    how = ModelQuantization(to="float16", cutoff=150)
    once = quantize(ngrams, how)
    # dense again, so that it can be made smaller once more
    first = dense(quantize(ngrams, ModelQuantization(to="float16", cutoff=400)))
    twice = quantize(first, how)
    assert once.vocabulary.names == twice.vocabulary.names
    for one, other in zip(
        once.vectors.subwords.subwords.pruned, twice.vectors.subwords.subwords.pruned, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(inputs(once)[1], inputs(twice)[1])


def test_the_answers_are_nearly_the_same_and_at_random_they_would_not(words, ngrams):
    for model in (words, ngrams):
        smaller = quantize(model, ModelQuantization(norms=True))
        assert same(model, smaller) > 0.98
        broken = quantize(model, ModelQuantization(norms=True))
        parts = [broken.state.get("words", broken.vectors.matrix)]
        if broken.vectors.subwords is not None:
            parts.append(broken.vectors.subwords.matrix)
        for rows in parts:
            rows.codes[:] = np.random.default_rng(0).permutation(rows.codes)
        assert same(model, broken) < 0.7


def test_one_quantiser_for_words_and_ngrams(ngrams):
    smaller = quantize(ngrams, ModelQuantization(norms=True))
    own, rows = smaller.state["words"], smaller.vectors.subwords.matrix
    assert isinstance(own, ProductQuantized) and isinstance(rows, ProductQuantized)
    assert own.centroids is rows.centroids and own.norm_centroids is rows.norm_centroids
    note = smaller.corpus["quantization"]
    W, Z = inputs(ngrams)
    lost = [np.square(a - b).sum() for a, b in zip((W, Z), inputs(smaller), strict=True)]
    wanted = np.sqrt(sum(lost) / (np.square(W).sum() + np.square(Z).sum()))
    assert note["errors"] == {"input": pytest.approx(wanted, rel=1e-5)}
    assert note["rows"]["before"] == {"words": len(W), "ngrams": 3000} == note["rows"]["after"]
    assert note["to"] == "pq" and note["norms"] and not note["retrained"]


def test_the_output_too(words):
    smaller = quantize(words, ModelQuantization(dsub=5, output_too=True))
    U = smaller.state["output"]
    assert isinstance(U, ProductQuantized) and U.dsub == 2
    # four labels are fewer than 256 centroids: exact
    np.testing.assert_array_equal(np.asarray(U), words.state["output"])
    assert smaller.corpus["quantization"]["errors"]["output"] == 0
    assert same(smaller, quantize(words, ModelQuantization(dsub=5))) == 1


@pytest.mark.parametrize(("to", "kind"), [("float16", Float16Rows), ("int8", Int8Rows)])
def test_other_numbers(ngrams, to, kind):
    smaller = quantize(ngrams, ModelQuantization(to=to, output_too=True))
    rows = (smaller.state["words"], smaller.vectors.subwords.matrix, smaller.state["output"])
    assert all(isinstance(one, kind) for one in rows)
    assert same(ngrams, smaller) > 0.99
    assert "dsub" not in smaller.corpus["quantization"]


def likelihood(model):
    """Mean logarithm of the probability of the right label, over the training texts."""
    labels, p = Classifier(model, threads=1).top([text for _, text in TRAIN], -1)
    truth = np.array([model.labels.id(label) for label, _ in TRAIN])
    return float(np.log(p[labels == truth[:, None]] + 1e-9).mean())


def test_retraining_makes_up_for_the_cutoff(words, ngrams):
    for model, cutoff, gain in ((words, 10, 0.03), (ngrams, 10, 0.2)):
        how = ModelQuantization(cutoff=cutoff, norms=True, epochs=5)
        still = ModelQuantization(cutoff=cutoff, norms=True, epochs=1, rate=0)
        pruned, again = quantize(model, how), quantize(model, how, TRAIN_TEXTS)
        control = quantize(model, still, TRAIN_TEXTS)
        assert sum(again.corpus["quantization"]["rows"]["after"].values()) == cutoff
        assert again.vocabulary.names == pruned.vocabulary.names
        assert likelihood(again) > likelihood(pruned) + gain
        assert likelihood(control) == pytest.approx(likelihood(pruned), abs=0.01)
        assert accuracy(again) >= accuracy(pruned)
        assert again.corpus["quantization"]["retrained"]
        assert len(again.history) == len(model.history) + 5
        assert again.settings == model.settings and again.corpus["tokenizer"] == "whitespace"


TRAIN_TEXTS = Labelled(TRAIN, tokenizer="whitespace")


def test_a_cutoff_that_cuts_nothing_changes_nothing(words):
    rows = sum(part.shape[0] for part in inputs(words))
    for cutoff in (rows, rows + 5):
        kept = quantize(words, ModelQuantization(cutoff=cutoff), TRAIN_TEXTS)
        whole = quantize(words)
        np.testing.assert_array_equal(kept.vectors.matrix.codes, whole.vectors.matrix.codes)
        assert not kept.corpus["quantization"]["retrained"]


def test_only_the_line_end_is_left(ngrams):
    smaller = quantize(ngrams, ModelQuantization(cutoff=1))
    assert smaller.vocabulary.names == [LINE_END]
    assert len(smaller.vectors.subwords.subwords.pruned[0]) == 0
    labels, _ = Classifier(smaller, threads=1).top(TEXTS[:5])
    assert len(set(labels[:, 0].tolist())) == 1


@pytest.mark.parametrize(
    "how", [{"norms": True}, {"cutoff": 200}, {"to": "int8"}, {"to": "float16"}]
)
@pytest.mark.parametrize("which", ["words", "ngrams"])
def test_kept_in_a_folder_and_opened_again(which, how, request, tmp_path):
    model = request.getfixturevalue(which)
    smaller = quantize(model, ModelQuantization(output_too=True, **how))
    smaller.save(tmp_path / "q.firth")
    again = load(tmp_path / "q.firth")
    assert same(smaller, again) == 1
    assert again.corpus["quantization"] == smaller.corpus["quantization"]
    word, unseen = again.vocabulary[0], "seas"
    np.testing.assert_array_equal(again.vectors[word], smaller.vectors[word])
    if which == "ngrams":
        np.testing.assert_array_equal(again.vectors[unseen], smaller.vectors[unseen])
        assert again.vectors.nearest(word, 3) == smaller.vectors.nearest(word, 3)
        assert type(again.vectors.subwords.matrix) is type(smaller.vectors.subwords.matrix)
        model.save(tmp_path / "whole.firth")
        whole, smaller = (
            sum(file.stat().st_size for file in (tmp_path / name).glob("*.safetensors"))
            for name in ("whole.firth", "q.firth")
        )
        assert smaller < 0.55 * whole


def test_rows_of_words_that_are_missing_are_named(ngrams, tmp_path):
    quantize(ngrams).save(tmp_path / "q.firth")
    from firth.vectors.tensors import map_tensors, write_tensors

    file = tmp_path / "q.firth" / "state.safetensors"
    tensors = {k: np.array(v) for k, v in map_tensors(file).items() if not k.startswith("words")}
    write_tensors(file, tensors)
    model = tmp_path / "q.firth" / "model.json"
    text = model.read_text("utf-8")
    size = text.split('"state.safetensors": {')[1].split('"bytes": ')[1].split(",")[0]
    model.write_text(text.replace(f'"bytes": {size}', f'"bytes": {file.stat().st_size}'), "utf-8")
    with pytest.raises(FormatError, match="found none under 'words', expected .*x10 rows of words"):
        load(tmp_path / "q.firth")


@pytest.mark.parametrize(
    ("how", "retrain", "message"),
    [
        ({}, True, "Retraining makes up for the rows that a cutoff takes away; give a cutoff too"),
        ({"cutoff": -1}, False, "cutoff=-1 is out of range"),
        ({"rate": -1}, False, "rate=-1.0 is out of range"),
        ({"to": "pq8"}, False, "to='pq8' is not one of pq, float16, int8"),
    ],
)
def test_what_cannot_be_done(words, how, retrain, message):
    with pytest.raises(SettingError, match=message):
        quantize(words, ModelQuantization(**how), TRAIN_TEXTS if retrain else None)


def test_texts_to_retrain_on_without_its_labels(words):
    with pytest.raises(VocabularyError, match="None of the 1 labels .* is among the 4"):
        quantize(words, ModelQuantization(cutoff=20), [("moon", "common1 sea1")])


def test_not_twice_and_not_further(words, ngrams, tmp_path):
    for model in (words, ngrams):
        smaller = quantize(model, ModelQuantization(cutoff=100))
        path = tmp_path / "q.ftz"
        fasttext_model.write(smaller, path)
        smaller.save(tmp_path / "q.firth", overwrite=True)
        for one in (smaller, load(tmp_path / "q.firth"), fasttext_model.read(path)):
            with pytest.raises(SettingError, match="The rows of this classifier are quantised alr"):
                quantize(one)
            with pytest.raises(SettingError, match="The model to continue is quantised, and the"):
                FastTextClassifier(threads=1).fit(TRAIN_TEXTS, continue_from=one)


# word vectors


TEXT = [line.split() for _, line in TRAIN]


@pytest.fixture(scope="module")
def vectors():
    return FastText(dim=12, epochs=2, buckets=500, min_count=2, threads=1).fit(TEXT)


@pytest.mark.parametrize("how", [{"norms": True}, {"to": "int8"}, {"to": "float16"}])
def test_vectors_of_seen_and_unseen_words(vectors, how, tmp_path):
    smaller = quantize(vectors, ModelQuantization(**how))
    smaller.save(tmp_path / "q.firth")
    for one in (smaller, load(tmp_path / "q.firth")):
        for word in ("sea1", "commonest", "seaweed"):
            a, b = vectors.vectors[word], one.vectors[word]
            assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.97
        assert set(one.corpus["quantization"]["errors"]) == {"words", "ngrams"}
        near = [{n.word for n in v.nearest("sea1", 10)} for v in (vectors.vectors, one.vectors)]
        assert len(near[0] & near[1]) >= 5
    with pytest.raises(SettingError, match="These vectors are quantised already"):
        quantize(smaller)
    with pytest.raises(SettingError, match="The model to continue is quantised"):
        FastText(dim=12, threads=1).fit(TEXT, continue_from=load(tmp_path / "q.firth"))


def test_other_kinds_of_word_vectors(tmp_path):
    model = SkipGram(dim=8, epochs=1, min_count=2, threads=1).fit(TEXT)
    smaller = quantize(model, ModelQuantization(to="int8"))
    assert smaller.kind == "skipgram" and smaller.settings == model.settings and not smaller.state
    smaller.save(tmp_path / "q.firth")
    again = load(tmp_path / "q.firth").vectors
    np.testing.assert_array_equal(again["sea1"], smaller.vectors["sea1"])
    with pytest.raises(SettingError, match="The model to continue is quantised"):
        SkipGram(dim=8, threads=1).fit(TEXT, continue_from=smaller)
    # but other vectors may start from them
    SkipGram(dim=8, epochs=1, threads=1).fit(TEXT, init_from=smaller.vectors)


@pytest.mark.parametrize(
    ("how", "retrain"),
    [({"cutoff": 5}, None), ({"output_too": True}, None), ({}, TRAIN_TEXTS)],
)
def test_what_is_for_classifiers_only(vectors, how, retrain):
    with pytest.raises(SettingError, match="is for classifiers of the kind fasttext-class"):
        quantize(vectors, ModelQuantization(**how), retrain)


def test_a_model_without_vectors():
    from firth.static.counts import DocumentCounts

    with pytest.raises(SettingError, match="A model of kind counts has no word vectors"):
        quantize(DocumentCounts().fit([["a", "b"], ["b"]]))


def test_a_model_of_documents():
    from firth.static.lsa import LSA

    model = LSA(dim=2).fit([["a", "b"], ["b", "c"], ["c", "a"]])
    with pytest.raises(
        SettingError, match="A model of kind lsa works out vectors of new documents"
    ):
        quantize(model)


def test_vectors_alone_are_saved(vectors, tmp_path):
    from firth.vectors.formats import load_vectors
    from firth.vectors.quantize import quantize_vectors

    smaller = quantize_vectors(vectors.vectors, norms=True)
    smaller.save(tmp_path / "q.firth")
    again = load_vectors(tmp_path / "q.firth")
    for word in ("sea1", "seaweed"):
        np.testing.assert_array_equal(again[word], smaller[word])


# the package


@pytest.mark.parametrize("how", [{"norms": True}, {"norms": True, "cutoff": 300}, {"dsub": 3}])
@pytest.mark.parametrize("which", ["words", "ngrams"])
def test_the_package_answers_the_same(which, how, request, tmp_path):
    fasttext = pytest.importorskip("fasttext")
    smaller = quantize(request.getfixturevalue(which), ModelQuantization(**how))
    path = tmp_path / "q.ftz"
    fasttext_model.write(smaller, path)
    theirs = fasttext.FastText._FastText(str(path))
    ours = Classifier(smaller, threads=1).predict(TEXTS[:100])
    for text, [found] in zip(TEXTS[:100], ours, strict=True):
        [(p, label)] = theirs.f.predict(text + "\n", 1, 0.0, "strict")
        assert label == "__label__" + found.label
        assert p == pytest.approx(found.probability, abs=1e-4)
    for word in [*smaller.vocabulary.names[:20], *(["seaweed"] if which == "ngrams" else [])]:
        np.testing.assert_allclose(theirs.get_word_vector(word), smaller.vectors[word], atol=1e-5)


@pytest.mark.heavy
@pytest.mark.parametrize("how", [{}, {"cutoff": 1000}, {"cutoff": 1000, "retrain": True}])
def test_size_and_accuracy_are_the_package_s(how, shared, tmp_path):
    """On the questions of TREC, over three seeds of training: the same model quantised by both."""
    import gzip

    fasttext = pytest.importorskip("fasttext")
    train, test = tmp_path / "train.txt", shared / "golden" / "sup_test.txt"
    train.write_bytes(gzip.decompress((shared / "golden" / "sup_train.txt.gz").read_bytes()))
    texts = Labelled(train, tokenizer="whitespace")
    ours, theirs = [], []
    for seed in (1, 2, 3):
        model = FastTextClassifier(
            dim=20, word_ngrams=2, buckets=5000, epochs=20, rate=0.5, threads=1, seed=seed
        ).fit(texts)
        fasttext_model.write(model, tmp_path / "m.bin")
        package = fasttext.FastText._FastText(str(tmp_path / "m.bin"))
        more: dict[str, object] = {}
        if "retrain" in how:  # the file does not hold the rate
            more = {"input": str(train), "thread": 1, "verbose": 0, "lr": 0.5, "epoch": 20}
        package.quantize(dsub=2, qnorm=True, **how, **more)
        package.save_model(str(tmp_path / "theirs.ftz"))
        settings = {name: value for name, value in how.items() if name != "retrain"}
        mine = quantize(
            model, ModelQuantization(norms=True, **settings), texts if "retrain" in how else None
        )
        fasttext_model.write(mine, tmp_path / "ours.ftz")
        sizes = [(tmp_path / name).stat().st_size for name in ("ours.ftz", "theirs.ftz")]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.01)
        ours.append(evaluate(fasttext_model.read(tmp_path / "ours.ftz"), Labelled(test)).accuracy)
        theirs.append(package.test(str(test))[1])
    assert np.mean(ours) > np.mean(theirs) - 0.01, (ours, theirs)
