"""Names, arguments, defaults and return shapes are those of the `fasttext` package."""

import __future__

import inspect
import pydoc
from pathlib import Path

import numpy as np
import pytest

import firth.compat.fasttext as ours
from compat.fasttext_worlds import labelled_lines, plain_lines, write
from firth.compat.fasttext import arguments

QUICK = {"epoch": 3, "dim": 8, "thread": 1, "verbose": 0}


@pytest.fixture(scope="module")
def theirs():
    package = pytest.importorskip("fasttext", reason="the fasttext package is not installed")
    package.FastText.eprint = lambda *_: None
    return package


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    return {
        "train": write(folder / "train.txt", labelled_lines(400)),
        "test": write(folder / "test.txt", labelled_lines(100, seed=2)),
        "plain": write(folder / "plain.txt", plain_lines(400)),
    }


def pair(theirs, files, tmp_path, kind="supervised", **given):
    """A model of ours, and the package's opened from its file."""
    if kind == "supervised":
        mine = ours.train_supervised(files["train"], **{**QUICK, "lr": 0.5, **given})
    else:
        mine = ours.train_unsupervised(files["plain"], **{**QUICK, "bucket": 500, **given})
    path = str(tmp_path / "model.bin")
    mine.save_model(path)
    return mine, theirs.load_model(path)


# --- signatures ---------------------------------------------------------------------------------


def test_the_module_has_every_public_name(theirs):
    for name in set(dir(theirs)) - set(dir(__future__)):
        if not name.startswith("_"):
            assert hasattr(ours, name), name
    assert (ours.EOS, ours.BOW, ours.EOW) == (theirs.EOS, theirs.BOW, theirs.EOW)


def test_the_model_has_every_method_with_the_same_signature(theirs):
    mine, other = ours.FastText._FastText, theirs.FastText._FastText
    for name, value in vars(other).items():
        if name.startswith("__") and name not in ("__init__", "__getitem__", "__contains__"):
            continue
        assert hasattr(mine, name), name
        if inspect.isfunction(value):
            assert inspect.signature(getattr(mine, name)) == inspect.signature(value), name
        else:
            assert isinstance(value, property) and isinstance(vars(mine)[name], property)


def test_meters_have_the_same_signatures(theirs):
    for name, value in vars(theirs.FastText._Meter).items():
        if inspect.isfunction(value):
            mine = getattr(ours.FastText._Meter, name)
            assert inspect.signature(mine) == inspect.signature(value), name


def test_functions_have_the_same_signatures(theirs):
    for name in ("train_supervised", "train_unsupervised", "load_model", "tokenize", "read_args"):
        value = getattr(theirs.FastText, name)
        assert inspect.signature(getattr(ours.FastText, name)) == inspect.signature(value), name


def test_the_check_of_signatures_would_notice(theirs):
    def predict(self, text, k=2, threshold=0.0, on_unicode_error="strict"): ...

    assert inspect.signature(predict) != inspect.signature(theirs.FastText._FastText.predict)


def test_defaults(theirs, monkeypatch, files):
    assert ours.FastText.unsupervised_default == theirs.FastText.unsupervised_default
    seen = {}
    monkeypatch.setattr(
        theirs.FastText, "_build_args", lambda args, manual: seen.update(args) or 1 / 0
    )
    for function, mine, taken in (
        ("train_supervised", arguments.SUPERVISED, arguments.TAKEN_SUPERVISED),
        ("train_unsupervised", arguments.UNSUPERVISED, arguments.TAKEN_UNSUPERVISED),
    ):
        seen.clear()
        with pytest.raises(ZeroDivisionError):
            getattr(theirs, function)(files["train"])
        assert seen.pop("input") == files["train"]
        assert seen == mine
        # the same order for those that are given without a name
        for place, name in enumerate(taken):
            seen.clear()
            with pytest.raises(ZeroDivisionError):
                getattr(theirs, function)(*[f"value {i}" for i in range(len(taken))])
            assert seen[name] == f"value {place}"


@pytest.mark.parametrize("alias", sorted(arguments.ALIASES))
def test_aliases(theirs, alias):
    value = {"word_ngrams": 2, "min_count": 3, "lr_update_rate": 50}.get(alias, "text")
    for function in (theirs.FastText.read_args, ours.FastText.read_args):
        values, given = function(
            ["in.txt"], {alias: value}, list(arguments.TAKEN_SUPERVISED), arguments.SUPERVISED
        )
        assert values[arguments.ALIASES[alias]] == value
        assert given == {"input", arguments.ALIASES[alias]}


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"epochs": 5}, TypeError, "unexpected keyword argument 'epochs'. Did you mean 'epoch'?"),
        ({"nonsense": 1}, TypeError, "unexpected keyword argument 'nonsense'"),
        ({"minCount": 1, "min_count": 1}, TypeError, "multiple values for argument 'minCount'"),
        ({"epoch": "5"}, TypeError, "epoch='5' is of type str; wanted int"),
        ({"epoch": True}, TypeError, "epoch=True is of type bool"),
        ({"loss": "hinge"}, ValueError, "Unrecognized loss name: 'hinge' is none of hs, ns,"),
        ({"lr": float("nan")}, ValueError, "lr=nan is out of range"),
        ({"dim": 0}, ValueError, "dim=0 is out of range"),
        ({"epoch": 0}, ValueError, "epoch=0 is out of range"),
        ({"maxn": 2, "minn": 4}, ValueError, "minn=4 is above maxn=2"),
        ({"maxn": 3, "bucket": 0}, ValueError, "bucket=0 leaves no row"),
        ({"pretrainedVectors": "no.vec"}, ValueError, "no.vec cannot be opened for loading!"),
        ({"label": ""}, ValueError, "label='' cannot mark a label"),
    ],
)
def test_arguments_that_cannot_be(files, given, error, said):
    with pytest.raises(error, match=None) as caught:
        ours.train_supervised(files["train"], **{**QUICK, **given})
    assert said in str(caught.value)


def test_arguments_of_the_other_function(files):
    with pytest.raises(TypeError, match="unexpected keyword argument 'seed'"):
        ours.train_unsupervised(files["plain"], seed=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'model'"):
        ours.train_supervised(files["train"], model="cbow")
    with pytest.raises(ValueError, match="Unrecognized model name"):
        ours.train_unsupervised(files["plain"], "glove")
    with pytest.raises(ValueError, match="loss=ova is for train_supervised"):
        ours.train_unsupervised(files["plain"], loss="ova")
    with pytest.raises(TypeError, match="arguments were given, at most"):
        ours.train_unsupervised(*range(40))
    with pytest.raises(ValueError, match="No file was given"):
        ours.train_supervised(lr=1.0)


def test_files_that_are_not_there(files, tmp_path):
    with pytest.raises(ValueError, match="no.txt cannot be opened for training!"):
        ours.train_supervised("no.txt", verbose=0)
    with pytest.raises(ValueError, match="Cannot use stdin for training!"):
        ours.train_unsupervised("-", verbose=0)
    with pytest.raises(ValueError, match="no.bin cannot be opened for loading!"):
        ours.load_model("no.bin")
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"\x00\x01\x02\x03" * 50)
    with pytest.raises(ValueError, match=r"damaged\.bin"):
        ours.load_model(str(damaged))
    model = ours.train_supervised(files["train"], **QUICK)
    for ask in (model.test, model.test_label, model.get_meter):
        with pytest.raises(ValueError, match="Test file cannot be opened!"):
            ask("no.txt")


@pytest.mark.parametrize("name", ["cbow", "skipgram", "supervised"])
def test_old_names_say_what_to_use(theirs, name):
    with pytest.raises(Exception, match=f"`{name}` is not supported any more") as caught:
        getattr(ours, name)("data.txt")
    with pytest.raises(Exception, match=f"`{name}` is not supported any more"):
        getattr(theirs, name)("data.txt")
    assert "train_" in str(caught.value)


def test_a_divergence_is_the_runtime_error_of_the_package(files):
    with pytest.raises(RuntimeError, match="Encountered NaN") as caught:
        ours.train_supervised(files["train"], lr=1e30, epoch=5, dim=8, thread=1, verbose=0)
    assert "lower lr" in str(caught.value)


def test_line_ends_are_refused(files, theirs, tmp_path):
    mine, other = pair(theirs, files, tmp_path)
    for model in (mine, other):
        for ask in (model.predict, model.get_sentence_vector, model.get_line):
            with pytest.raises(ValueError, match=r"processes one line at a time \(remove '\\n'\)"):
                ask("two\nlines")
        with pytest.raises(ValueError, match="one line at a time"):
            model.predict(["one", "two\nlines"])


def test_word_vectors_predict_nothing(files, theirs, tmp_path):
    mine, other = pair(theirs, files, tmp_path, "unsupervised")
    for model in (mine, other):
        with pytest.raises(ValueError, match="Model needs to be supervised for prediction!"):
            model.f.predict("a rose\n", 1, 0.0, "strict")
        with pytest.raises(ValueError, match="only support quantization of supervised models"):
            model.quantize()


# --- shapes and values ---------------------------------------------------------------------------


def same_type(mine, other):
    """The same kinds inside one another; floats of numpy count as floats."""
    if isinstance(other, list | tuple):
        assert type(mine) is type(other) and len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            same_type(one, two)
    elif isinstance(other, dict):
        assert type(mine) is dict and mine.keys() == other.keys()
        for name in other:
            same_type(mine[name], other[name])
    elif isinstance(other, np.ndarray):
        assert mine.dtype == other.dtype and mine.shape == other.shape
    else:
        assert type(mine) is type(other), (mine, other)


def test_the_comparison_of_types_would_notice():
    for mine, other in [((1,), [1]), ([1.0], [1]), (np.zeros(2), np.zeros(2, np.float32))]:
        with pytest.raises(AssertionError):
            same_type(mine, other)


ASKED = {
    "is_quantized": (),
    "get_dimension": (),
    "get_words": (),
    "get_word_id": ("bread",),
    "get_subwords": ("bread",),
    "get_word_vector": ("bread",),
    "get_sentence_vector": ("bake the bread in an oven",),
    "get_input_vector": (3,),
    "get_input_matrix": (),
    "get_output_matrix": (),
    "get_line": ("__label__kitchen bake the bread __label__unseen",),
    "get_nearest_neighbors": ("bread", 4),
    "get_analogies": ("bread", "oven", "ship", 4),
    "get_labels": (True,),
}


@pytest.mark.parametrize("kind", ["supervised", "unsupervised"])
@pytest.mark.parametrize("name", ASKED)
def test_answers_are_the_packages(theirs, files, tmp_path, kind, name):
    given = {"minn": 2, "maxn": 4, "bucket": 300, "wordNgrams": 2} if kind == "supervised" else {}
    mine, other = pair(theirs, files, tmp_path, kind, **given)
    answers = [getattr(model, name)(*ASKED[name]) for model in (mine, other)]
    same_type(*answers)
    if name in ("get_nearest_neighbors", "get_analogies"):
        scores = [[score for score, _ in answer] for answer in answers]
        np.testing.assert_allclose(*scores, atol=2e-6)  # their sums run in another order
    elif isinstance(answers[0], np.ndarray):
        np.testing.assert_allclose(*answers, atol=1e-6)
    elif isinstance(answers[0], tuple):
        for one, two in zip(*answers, strict=True):
            assert list(one) == list(two)
    else:
        assert answers[0] == answers[1]


def test_more_answers(theirs, files, tmp_path):
    given = {"minn": 2, "maxn": 4, "bucket": 300, "wordNgrams": 2}
    mine, other = pair(theirs, files, tmp_path, **given)
    for model in (mine, other):
        assert "bread" in model and "nothing" not in model
        assert model.get_label_id("__label__garden") == mine.labels.index("__label__garden")
        assert model.get_label_id("garden") == -1
        assert model.get_word_id("nothing") == -1
        assert model.get_subword_id("<br") == mine.get_subword_id("<br") >= len(mine.words)
    assert mine.words == other.words and mine.labels == other.labels
    np.testing.assert_array_equal(mine["bread"], mine.get_word_vector("bread"))
    for word in ("bread", "breads", "</s>", "x", ""):
        np.testing.assert_allclose(mine[word], other[word], atol=1e-6)
        one, two = mine.get_subwords(word), other.get_subwords(word)
        assert one[0] == two[0] and one[1].tolist() == two[1].tolist()
    lines = ["bake the bread", "__label__garden a rose", ""]
    assert mine.get_line(lines) == other.get_line(lines)


def test_tokenize(theirs):
    text = "one two\tthree\n four\x0bfive\x0c\x00six \nseven\u00a0eight\n\n"
    assert ours.tokenize(text) == theirs.tokenize(text)
    assert ours.tokenize("a\nb").count("</s>") == 1


@pytest.mark.parametrize("loss", ["softmax", "hs", "ns", "ova"])
def test_predictions_are_the_packages(theirs, files, tmp_path, loss):
    mine, other = pair(theirs, files, tmp_path, loss=loss)
    texts = [*plain_lines(20, seed=2), "", "nothing known here", "the </s> rose"]
    for k, threshold in ((1, 0.0), (2, 0.0), (-1, 0.0), (3, 0.3)):
        lists = mine.predict(texts, k, threshold)
        for text, labels, scores in zip(texts, *lists, strict=True):
            # the package's own predict does not run with numpy 2
            wanted = other.f.predict(text + "\n", k, threshold, "strict")
            assert labels == [label for _, label in wanted]
            np.testing.assert_allclose(scores, [score for score, _ in wanted], atol=3e-5)
            alone = mine.predict(text, k=k, threshold=threshold)
            assert type(alone) is tuple and type(alone[0]) is tuple
            assert list(alone[0]) == labels and alone[1].dtype == np.float64
            np.testing.assert_array_equal(alone[1].astype(np.float32), scores)


@pytest.mark.parametrize("loss", ["softmax", "hs"])
def test_a_model_of_one_label(theirs, tmp_path, loss):
    text = tmp_path / "one.txt"
    text.write_text("__label__only a rose in the garden\n" * 5)
    other = theirs.train_supervised(str(text), loss=loss, thread=1, verbose=0)
    other.save_model(str(tmp_path / "one.bin"))
    mine = ours.load_model(str(tmp_path / "one.bin"))
    wanted = other.f.predict("a rose\n", 1, 0.0, "strict")
    labels, scores = mine.predict("a rose")
    assert labels == tuple(label for _, label in wanted) == ("__label__only",)
    np.testing.assert_allclose(scores, [score for score, _ in wanted], atol=2e-5)


def test_shapes_of_predictions(theirs, files, tmp_path):
    mine, other = pair(theirs, files, tmp_path)
    lists = mine.predict(["a rose", "the ship"], k=2)
    wanted = other.f.multilinePredict(["a rose\n", "the ship\n"], 2, 0.0, "strict")
    same_type(lists, wanted)
    assert mine.predict([]) == ([], [])
    labels, scores = mine.predict("a rose", threshold=2.0)
    assert labels == () and scores.shape == (0,)
    with pytest.raises(ValueError, match="k=0 is out of range"):
        mine.predict("a rose", k=0)


def test_a_certain_label_has_a_little_more_than_one(files):
    model = ours.train_supervised(files["train"], epoch=60, lr=1.0, dim=8, thread=1, verbose=0)
    _, scores = model.predict("bread oven bake flour banana pan")
    assert 1 < scores[0] <= 1.00002


@pytest.mark.parametrize("loss", ["softmax", "ova"])
def test_measures_are_the_packages(theirs, files, tmp_path, loss):
    mine, other = pair(theirs, files, tmp_path, loss=loss, lr=0.05, epoch=1)
    test = files["test"]
    for k, threshold in ((1, 0.0), (2, 0.0), (3, 0.34), (-1, 0.0)):
        answers = [model.test(test, k, threshold) for model in (mine, other)]
        same_type(*answers)
        assert answers[0] == pytest.approx(answers[1], nan_ok=True)
        found, known = (model.test_label(test, k, threshold) for model in (mine, other))
        same_type(found, known)
        true, guessed = gold_and_guesses(mine, test, k, threshold)
        for label in known:
            # fasttext 0.9.2 counts no true labels here, so that its recall is nan (later ones do)
            precision = known[label]["precision"]
            assert found[label]["precision"] == pytest.approx(precision, nan_ok=True)
            hits = sum(label in a and label in b for a, b in zip(true, guessed, strict=True))
            n_true, n_guessed = (sum(label in some for some in each) for each in (true, guessed))
            assert found[label]["recall"] == pytest.approx(hits / n_true)
            assert found[label]["f1score"] == pytest.approx(2 * hits / (n_true + n_guessed))


def gold_and_guesses(model, path, k, threshold):
    """The labels that each line has, and those that are predicted."""
    lines = Path(path).read_text("utf-8").splitlines()
    true = [[word for word in line.split() if word.startswith("__label__")] for line in lines]
    texts = [" ".join(w for w in line.split() if not w.startswith("__label__")) for line in lines]
    return true, model.predict(texts, k, threshold)[0]


def test_meters_are_the_packages(theirs, files, tmp_path):
    mine, other = pair(theirs, files, tmp_path, lr=0.05, epoch=1)
    for k in (-1, 1):
        # its own _Meter does not run with numpy 2
        one, two = mine.get_meter(files["test"], k), other.f.getMeter(files["test"], k)
        for label in [None, *mine.labels]:
            place = other.get_label_id(label) if label else None
            wanted = two.precisionRecallCurveLabel(place) if label else two.precisionRecallCurve()
            precision, recall = one.precision_recall_curve(label)
            np.testing.assert_allclose(precision, [p for p, _ in wanted], atol=1e-9)
            np.testing.assert_allclose(recall, [r for _, r in wanted], atol=1e-9)
            for at in (0.2, 0.5, 0.9):
                if label:
                    pairs = [
                        (one.precision_at_recall(at, label), two.precisionAtRecallLabel(place, at)),
                        (one.recall_at_precision(at, label), two.recallAtPrecisionLabel(place, at)),
                    ]
                else:
                    pairs = [
                        (one.precision_at_recall(at), two.precisionAtRecall(at)),
                        (one.recall_at_precision(at), two.recallAtPrecision(at)),
                    ]
                for found, known in pairs:
                    assert found == pytest.approx(known)
            if label:
                score, true = one.score_vs_true(label)
                known = np.array(two.scoreVsTrue(place))
                np.testing.assert_allclose(score, known[:, 0], atol=3e-6)
                assert true.sum() == known[:, 1].sum()
    with pytest.raises(ValueError, match="no label '__label__none'"):
        one.precision_at_recall(0.5, "__label__none")


def test_texts_are_split_and_counted_as_by_the_package(theirs, tmp_path):
    lines = labelled_lines(50) + [
        "__label__garden rose\u00a0bed \u3000 seed\x1csoil\tmoss\x0blawn\x0croot hedge\rrake",
        "__label__garden \u0440\u043e\u0437\u0430 \u82b1\u5712 __label__harbour \U0001f339",
        "",
        "no label here",
    ]
    path = write(tmp_path / "texts.txt", lines)
    mine, other = (one.train_supervised(path, **QUICK) for one in (ours, theirs))
    for ask in ("get_words", "get_labels"):
        found, known = (
            dict(zip(*getattr(model, ask)(include_freq=True), strict=True))
            for model in (mine, other)
        )
        # a text without a label teaches nothing, but its words are counted
        assert found == known
    assert "rose\u00a0bed" in mine
    one, two = (
        dict(zip(*model.get_words(include_freq=True), strict=True))
        for model in (
            ours.train_unsupervised(path, minCount=1, bucket=10, **QUICK),
            theirs.train_unsupervised(path, minCount=1, bucket=10, **QUICK),
        )
    )
    # a line end is no word of word vectors
    assert one == {word: count for word, count in two.items() if word != "</s>"}


def test_pretrained_vectors(files, tmp_path):
    first = ours.train_unsupervised(files["plain"], **QUICK, maxn=0, minCount=1)
    path = tmp_path / "first.vec"
    first.fitted.vectors.save(path)
    model = ours.train_supervised(
        files["train"], pretrainedVectors=str(path), **{**QUICK, "lr": 0.0}
    )
    np.testing.assert_allclose(model["bread"], first["bread"], atol=1e-5)
    other = ours.train_supervised(files["train"], **{**QUICK, "lr": 0.0})
    assert not np.allclose(other["bread"], first["bread"], atol=1e-5)
    with pytest.raises(ValueError, match="8 numbers each; train with dim=8"):
        ours.train_supervised(files["train"], pretrainedVectors=str(path), dim=9, verbose=0)


def test_other_prefix_of_labels(tmp_path):
    lines = [line.replace("__label__", "@") for line in labelled_lines(200)]
    model = ours.train_supervised(write(tmp_path / "t.txt", lines), label="@", **QUICK)
    assert sorted(model.labels) == ["@garden", "@harbour", "@kitchen"]
    assert model.get_line("@garden a rose") == (["a", "rose", "</s>"], ["@garden"])
    assert model.predict("a rose")[0][0].startswith("@")
    assert not any(word.startswith("@") for word in model.words)


def test_labels_are_no_words_of_word_vectors(theirs, files):
    model = ours.train_unsupervised(files["train"], minCount=1, maxn=0, **QUICK)
    assert not any(word.startswith("__label__") for word in model.words)
    assert model.labels == model.words


def test_arguments_are_attributes(theirs, files):
    mine = ours.train_supervised(
        files["train"], lr=0.3, wordNgrams=2, bucket=100, loss="hs", **QUICK
    )
    other = theirs.train_supervised(
        files["train"], lr=0.3, wordNgrams=2, bucket=100, loss="hs", **QUICK
    )
    for name in arguments.TRAINING:
        if name != "loss":
            assert getattr(mine, name) == getattr(other, name), name
    assert mine.loss.name == other.loss.name == "hs"
    assert int(mine.loss) == int(other.loss)
    assert mine.f.getArgs().model.name == other.f.getArgs().model.name == "supervised"


def test_progress_goes_to_standard_error(files, capfd):
    ours.train_supervised(files["train"], epoch=2, dim=4, thread=1)
    told = capfd.readouterr()
    assert told.out == ""
    assert "Number of labels: 3" in told.err and "Progress: 100.0%" in told.err
    ours.train_supervised(files["train"], epoch=2, dim=4, thread=1, verbose=0)
    assert capfd.readouterr() == ("", "")


def test_programs_that_silence_the_package_run(files, tmp_path, capfd):
    ours.FastText.eprint = lambda *_: None
    model = ours.train_supervised(files["train"], **QUICK)
    model.save_model(str(tmp_path / "m.bin"))
    ours.load_model(str(tmp_path / "m.bin"))
    assert capfd.readouterr().err == ""


def test_set_matrices(theirs, files, tmp_path):
    mine, _ = pair(theirs, files, tmp_path, "unsupervised")
    inputs, outputs = mine.get_input_matrix(), mine.get_output_matrix()
    mine.set_matrices(inputs[:, :5] * 2, outputs[:, :5])
    assert mine.get_dimension() == 5
    np.testing.assert_array_equal(mine.get_input_matrix(), inputs[:, :5] * 2)
    mine.save_model(str(tmp_path / "five.bin"))
    other = theirs.load_model(str(tmp_path / "five.bin"))
    np.testing.assert_allclose(mine["breads"], other["breads"], atol=1e-6)
    with pytest.raises(ValueError, match="The input matrix has the shape"):
        mine.set_matrices(inputs[:3], outputs)
    with pytest.raises(ValueError, match="both must have as many"):
        mine.set_matrices(inputs, outputs[:, :3])


@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_matrices_go_round(files, loss):
    model = ours.train_unsupervised(files["plain"], loss=loss, bucket=100, **QUICK)
    outputs, vector = model.get_output_matrix(), model["bread"]
    model.set_matrices(model.get_input_matrix(), outputs)
    np.testing.assert_array_equal(model.get_output_matrix(), outputs)
    np.testing.assert_allclose(model["bread"], vector, atol=1e-6)


def test_help_tells_the_methods(files):
    model = ours.train_supervised(files["train"], **QUICK)
    text = pydoc.plain(pydoc.render_doc(model))
    for name in ("predict", "get_nearest_neighbors", "quantize"):
        assert name in text
    assert "load_model" in pydoc.plain(pydoc.render_doc(ours.FastText))
