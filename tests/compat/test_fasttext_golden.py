"""Files that the original program wrote answer as it did: every golden model, to its digits."""

import gzip
import json
import shutil

import numpy as np
import pytest

import firth.compat.fasttext as fasttext

CLASSIFIERS = ["sup_softmax.bin", "sup_hs.bin", "sup_ns.bin", "sup_ova.bin"]
QUANTIZED = ["supq_plain.ftz", "supq_cut.ftz"]


@pytest.fixture(scope="module")
def golden(shared, tmp_path_factory):
    """The folder of golden files, the packed ones unpacked."""
    folder = tmp_path_factory.mktemp("golden")
    for path in (shared / "golden").iterdir():
        if path.name.startswith(("ft", "sup")):
            if path.suffix == ".gz":
                with gzip.open(path) as packed, (folder / path.stem).open("wb") as file:
                    shutil.copyfileobj(packed, file)
            else:
                (folder / path.name).write_bytes(path.read_bytes())
    return folder


def printed(line):
    """[(label, probability)] of a line of `fasttext predict-prob`."""
    words = line.split()
    return list(zip(words[::2], map(float, words[1::2]), strict=True))


def lists_of(path):
    """name -> lines under it: sections that begin with "# name"."""
    sections = path.read_text("utf-8").split("# ")[1:]
    return {name: rest.splitlines() for name, _, rest in (s.partition("\n") for s in sections)}


@pytest.mark.parametrize("name", CLASSIFIERS + QUANTIZED)
@pytest.mark.parametrize(("k", "ending"), [(3, "k3"), (-1, "all")])
def test_predictions(golden, name, k, ending):
    model = fasttext.load_model(str(golden / name))
    texts = (golden / "sup_predict.txt").read_text("utf-8").splitlines()
    stem = name.replace(".ftz", "_ftz").removesuffix(".bin")
    wanted = (golden / f"{stem}_{ending}.txt").read_text("utf-8").splitlines()
    labels, scores = model.predict(texts, k=k)
    assert len(labels) == len(wanted) == 100
    for found, p, line in zip(labels, scores, wanted, strict=True):
        known = printed(line)
        assert found == [label for label, _ in known]
        # six digits are printed; sums run in another order, steps of the table may differ by one
        np.testing.assert_allclose(p, [q for _, q in known], atol=3e-5, rtol=2e-5)


@pytest.mark.parametrize("name", CLASSIFIERS + QUANTIZED)
def test_measures(golden, name):
    model = fasttext.load_model(str(golden / name))
    assert model.is_quantized() == (name in QUANTIZED)
    wanted = json.loads((golden / "sup_test_results.json").read_text())[name]["output"]
    n, precision, recall = model.test(str(golden / "sup_test.txt"))
    assert [f"N\t{n}", f"P@1\t{precision:.3g}", f"R@1\t{recall:.3g}"] == wanted


@pytest.mark.parametrize("name", [*CLASSIFIERS, *QUANTIZED, "ft.bin"])
def test_what_is_read_is_written_again(golden, tmp_path, name):
    model = fasttext.load_model(str(golden / name))
    model.save_model(str(tmp_path / name))
    assert (tmp_path / name).read_bytes() == (golden / name).read_bytes()


def test_word_vectors(golden):
    model = fasttext.load_model(str(golden / "ft.bin"))
    queries = (golden / "ft_queries.txt").read_text("utf-8").split()
    lines = (golden / "ft_word_vectors.txt").read_text("utf-8").splitlines()
    assert sum(word in model for word in queries) == 18
    for word, line in zip(queries, lines, strict=True):
        name, *numbers = line.split()
        assert name == word
        # five digits are printed
        np.testing.assert_allclose(model[word], np.array(numbers, float), rtol=5e-5)


def test_subwords(golden):
    model = fasttext.load_model(str(golden / "ft.bin"))
    for word, wanted in lists_of(golden / "ft_ngrams.txt").items():
        names, rows = model.get_subwords(word)
        assert names == wanted and len(rows) == len(names)


def test_neighbours(golden):
    model = fasttext.load_model(str(golden / "ft.bin"))
    for word, lines in lists_of(golden / "ft_nn.txt").items():
        found = [f"{name} {score:.6g}" for score, name in model.get_nearest_neighbors(word, k=10)]
        known = [line.split() for line in lines]
        assert [one.split()[0] for one in found] == [name for name, _ in known]
        scores = [float(one.split()[1]) for one in found]
        np.testing.assert_allclose(scores, [float(score) for _, score in known], atol=2e-6)


def test_a_wrong_model_would_be_noticed(golden, tmp_path):
    """The same file with one number of its output matrix changed predicts something else."""
    data = bytearray((golden / "sup_softmax.bin").read_bytes())
    data[-2:] = b"\x00\x42"  # the last float32 becomes about 32
    (tmp_path / "wrong.bin").write_bytes(data)
    model = fasttext.load_model(str(tmp_path / "wrong.bin"))
    texts = (golden / "sup_predict.txt").read_text("utf-8").splitlines()
    wanted = (golden / "sup_softmax_k3.txt").read_text("utf-8").splitlines()
    labels, _ = model.predict(texts, k=3)
    assert any(
        found != [label for label, _ in printed(line)]
        for found, line in zip(labels, wanted, strict=True)
    )
