"""The kernels of the classifier run uncompiled too, and give the same numbers."""

import numpy as np
import pytest

from static.test_uncompiled import both

SCRIPT = """
import sys
import numpy as np
np.seterr(over="ignore")  # the generator wraps on purpose
from firth import Classifier, FastTextClassifier
from firth.static.classifier import OBJECTIVES
from firth.vectors.quantized import ProductQuantized

rng = np.random.default_rng(1)
names = ["one", "two", "three", "four"]
examples = []
for i in range(14):
    own = sorted(set(rng.choice(4, 1 + i % 2).tolist()))
    words = [f"w{8 * label + rng.integers(5)}" for label in own] + ["Ü", "x"]
    examples.append(([names[label] for label in own], " ".join(words)))
texts = [text for _, text in examples] + ["", "never seen w1"]
out = {}
for objective in OBJECTIVES:
    for program in ("firth", "fasttext"):
        settings = FastTextClassifier(
            dim=6, epochs=2, rate=0.8, threads=1, objective=objective, word_ngrams=2, min_n=2,
            max_n=3, buckets=40, class_weights="balanced",
        )
        fitted = settings.fit(examples, dev=examples[:5])
        fitted.corpus["program"] = program
        model = Classifier(fitted, threads=1)
        labels, p = model.top(texts, k=2)
        out[f"{objective}.{program}.labels"], out[f"{objective}.{program}.p"] = labels, p
    out[objective + ".output"] = fitted.state["output"]
    out[objective + ".words"] = fitted.state["words"]
    out[objective + ".composed"] = fitted.vectors.matrix
    out[objective + ".ngrams"] = fitted.vectors.subwords.matrix
    out[objective + ".loss"] = np.array([entry["loss"] for entry in fitted.history])
    out[objective + ".f1"] = np.array([entry["held_out_f1"] for entry in fitted.history])
for dsub in (2, 4):
    def coded(matrix):
        n, d = matrix.shape
        codes = np.arange(n * -(-d // dsub)).reshape(n, -1).astype(np.uint8)
        return ProductQuantized(codes, np.linspace(-1, 1, 256 * d, dtype=np.float32), d, dsub)
    fitted.state["words"] = coded(fitted.state["words"])
    fitted.vectors.subwords.matrix = coded(fitted.vectors.subwords.matrix)
    out[f"coded.{dsub}"] = Classifier(fitted, threads=1).document_vectors(texts)
np.savez(sys.argv[1], **out)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return both(SCRIPT, tmp_path_factory.mktemp("uncompiled"))


def test_compiled_equals_uncompiled(results):
    compiled, plain = results["0"], results["1"]
    assert len(compiled) == 4 * 10 + 2
    for name, value in compiled.items():
        if name.endswith("labels"):
            np.testing.assert_array_equal(value, plain[name], err_msg=name)
        else:
            np.testing.assert_allclose(value, plain[name], rtol=2e-4, atol=5e-6, err_msg=name)


def test_the_comparison_would_notice(results):
    one, other = results["0"]["softmax.output"], results["0"]["one-vs-all.output"]
    assert np.abs(one - other).max() > 1e-3
