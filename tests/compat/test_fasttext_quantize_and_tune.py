"""`quantize`, `fasttext.util` and autotune with the package's arguments."""

import numpy as np
import pytest

import firth.compat.fasttext as fasttext
from compat.fasttext_worlds import labelled_lines, write
from firth.compat.fasttext.tuning import size_of
from static.labelled_worlds import lines, order_matters

QUICK = {"thread": 1, "verbose": 0}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    return {
        "train": write(folder / "train.txt", labelled_lines(500)),
        "test": write(folder / "test.txt", labelled_lines(100, seed=2)),
        "order": write(folder / "order.txt", lines(order_matters(300, seed=1))),
        "valid": write(folder / "valid.txt", lines(order_matters(200, seed=2))),
    }


@pytest.fixture
def theirs():
    package = pytest.importorskip("fasttext", reason="the fasttext package is not installed")
    package.FastText.eprint = lambda *_: None
    return package


def trained(files, **given):
    given = {"lr": 0.5, "epoch": 10, "dim": 10, "wordNgrams": 2, "bucket": 3000, **QUICK, **given}
    return fasttext.train_supervised(files["train"], **given)


# --- quantize ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{}, {"qnorm": True}, {"dsub": 5}, {"cutoff": 400}, {"cutoff": 400, "retrain": True},
     {"cutoff": 400, "qnorm": True, "qout": True}],
)  # fmt: skip
def test_the_package_opens_what_was_quantised(files, theirs, tmp_path, given):
    model = trained(files)
    before = model.test(files["test"])
    if given.get("retrain"):
        given = given | {"input": files["train"]}
    assert model.quantize(**given) is None
    assert model.is_quantized()
    path = str(tmp_path / "model.ftz")
    model.save_model(path)
    other, again = theirs.load_model(path), fasttext.load_model(path)
    assert other.is_quantized() and again.is_quantized()
    assert other.words == model.words == again.words and other.labels == model.labels
    if "cutoff" in given:
        assert len(model.words) <= 400 and model.words[0] == "</s>"
    texts = ["bake the bread", "a rose and a tulip", "nothing"]
    for text in texts:
        wanted = other.f.predict(text + "\n", 3, 0.0, "strict")
        for mine in (model, again):
            labels, scores = mine.predict(text, k=3)
            assert list(labels) == [label for _, label in wanted]
            np.testing.assert_allclose(scores, [score for score, _ in wanted], atol=2e-5)
    assert model.test(files["test"])[1] > before[1] - 0.05
    for ask in (model.get_input_matrix, model.get_output_matrix):
        with pytest.raises(ValueError, match="Can't get quantized Matrix"):
            ask()


def test_quantising_that_cannot_be(files):
    model = trained(files)
    with pytest.raises(ValueError, match="Need input file path if retraining"):
        model.quantize(retrain=True)
    with pytest.raises(ValueError, match=r"no\.txt cannot be opened for training!"):
        model.quantize(input="no.txt", retrain=True, cutoff=300)
    with pytest.raises(ValueError, match="lr=-1"):
        model.quantize(input=files["train"], retrain=True, cutoff=300, lr=-1.0)
    model.quantize()
    with pytest.raises(ValueError, match="quantised already"):
        model.quantize()


# --- util ----------------------------------------------------------------------------------------


def test_reduced_models(files, theirs, tmp_path):
    model = trained(files, epoch=30)
    inputs = model.get_input_matrix()
    assert fasttext.util.reduce_model(model, 4) is model
    assert model.get_dimension() == model.dim == 4
    small = model.get_input_matrix()
    # the largest variances are kept: as much as the four largest singular values hold
    spread = np.linalg.svd(inputs - inputs.mean(axis=0), compute_uv=False) ** 2
    kept = np.linalg.svd(small - small.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(kept, spread[:4], rtol=1e-3)
    assert model.test(files["test"])[1] > 0.9
    model.save_model(str(tmp_path / "small.bin"))
    other = theirs.load_model(str(tmp_path / "small.bin"))
    np.testing.assert_allclose(model["bread"], other["bread"], atol=1e-6)
    with pytest.raises(ValueError, match="target_dim=4 is out of range; wanted 1 to 3"):
        fasttext.util.reduce_model(model, 4)


def test_nearest_rows(theirs):
    import fasttext.util as package

    rng = np.random.default_rng(1)
    rows, query = rng.normal(size=(30, 5)), rng.normal(size=5)
    order = np.argsort(-rows @ query)
    for banned in (set(), {int(order[0])}, set(order[:5].tolist())):
        found = fasttext_util().find_nearest_neighbor(query, rows, banned)
        assert found == package.find_nearest_neighbor(query, rows, banned) == order[len(banned)]
    room = np.empty(30)
    fasttext_util().find_nearest_neighbor(query, rows, set(), room)
    np.testing.assert_allclose(room, rows @ query)
    with pytest.raises(ValueError, match="All 30 rows are banned"):
        fasttext_util().find_nearest_neighbor(query, rows, set(range(30)))


def fasttext_util():
    import firth.compat.fasttext

    return firth.compat.fasttext.util


def test_precision_and_recall_of_lists(theirs):
    import fasttext.util as package

    predicted, labels = [["a", "b"], ["c", "a"]], [["a"], ["b", "c"]]
    assert fasttext_util().test(predicted, labels, k=2) == package.test(predicted, labels, k=2)


# --- autotune ------------------------------------------------------------------------------------


def test_autotune_finds_more(files):
    given = {"epoch": 20, "dim": 8, "lr": 0.5, "bucket": 5000, **QUICK}
    alone = fasttext.train_supervised(files["order"], **given)
    assert alone.test(files["valid"])[1] < 0.7
    model = fasttext.train_supervised(
        files["order"], autotuneValidationFile=files["valid"], autotuneDuration=4, **given
    )
    assert model.test(files["valid"])[1] > 0.95
    assert (model.epoch, model.dim, model.lr) == (20, 8, 0.5)
    assert model.wordNgrams > 1 == alone.wordNgrams
    assert model.f.getArgs().wordNgrams == model.wordNgrams
    assert model.label == "__label__" and model.thread == 1


def test_the_size_that_autotune_is_given(files, tmp_path, theirs):
    model = fasttext.train_supervised(
        files["order"], autotuneValidationFile=files["valid"], autotuneDuration=3,
        autotuneModelSize="30K", autotuneMetric="f1:__label__rising", epoch=20, dim=8, lr=0.5,
        bucket=5000, wordNgrams=3, **QUICK,
    )  # fmt: skip
    path = tmp_path / "model.ftz"
    model.save_model(str(path))
    assert model.is_quantized() and path.stat().st_size <= 30_000
    other = theirs.load_model(str(path))
    assert other.test(files["valid"]) == pytest.approx(model.test(files["valid"]))
    assert model.test(files["valid"])[1] > 0.9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"autotuneValidationFile": "no.txt"}, "Validation file cannot be opened!"),
        ({"autotuneMetric": "f7"}, "metric='f7' is not a metric"),
        ({"autotuneMetric": "f1:none"}, "none of its 200 texts has the label 'none'"),
        ({"autotuneModelSize": "2Q"}, "Unable to parse model size 2Q"),
        ({"autotuneModelSize": 400}, "fitted into 400 bytes"),
        ({"autotuneDuration": 0}, "seconds=0"),
        ({"autotunePredictions": 0}, "predictions=0"),
    ],
)
def test_searches_that_cannot_be(files, given, said):
    given = {"autotuneValidationFile": files["valid"], "autotuneDuration": 1, **given, **QUICK}
    with pytest.raises(ValueError) as caught:
        fasttext.train_supervised(files["order"], epoch=1, dim=4, bucket=1000, **given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "bytes"),
    [("", None), ("500", 500), ("2M", 2_000_000), ("10k", 10_000), ("1g", 1_000_000_000)],
)
def test_sizes(text, bytes):
    assert size_of(text) == bytes


def test_what_was_tried_is_told(files, capfd):
    fasttext.train_supervised(
        files["order"], autotuneValidationFile=files["valid"], autotuneDuration=1, thread=1,
        epoch=2, dim=4, bucket=1000,
    )  # fmt: skip
    told = capfd.readouterr()
    assert told.out == ""
    assert "word n-grams" in told.err and "Best score:" in told.err
