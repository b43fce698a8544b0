"""The kernels run uncompiled too, and give the same numbers."""

import os
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import sys
import numpy as np
np.seterr(over="ignore")  # the generator wraps on purpose
from firth.kernels import hierarchical_softmax, negative_sampling, sampled_softmax, softmax
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded_zeros
from firth.kernels.noise import alias_table
from firth.kernels.rng import seeded
from firth.kernels.windows import Block, Plan
from firth.kernels.subwords import Parts
from firth.static import cbow, fasttext, skipgram

counts = np.array([40, 25, 20, 12, 9, 6, 5, 3, 2], np.int64)
V, dim = len(counts), 8
rng = np.random.default_rng(1)
ids = rng.choice(V, 120, p=counts / counts.sum()).astype(np.int32)
ends = np.array([7, 8, 50, 120], np.int64)
keep = np.linspace(0.6, 1.2, V).astype(np.float32)
weights = counts ** 0.75
out = {}
for module in (skipgram, cbow):
    for way in ("fast", "exact"):
        for name in ("ns", "hs", "softmax", "sampled"):
            W, U = padded_zeros(V, dim), padded_zeros(V - (name == "hs"), dim)
            W[:, :dim] = np.random.default_rng(2).normal(size=(V, dim))
            U[:, :dim] = np.random.default_rng(3).normal(size=(len(U), dim)) / 2
            if name == "hs":
                points, codes, offsets = huffman(counts)
                deepest = int(np.diff(offsets).max())
                tree = points, codes, offsets, deepest
                objective = hierarchical_softmax.HierarchicalSoftmax(U, *tree)
            elif name == "softmax":
                objective = softmax.Softmax(U)
            elif name == "ns":
                objective = negative_sampling.NegativeSampling(U, *alias_table(weights), 5, 8)
            else:
                expected = np.log(6 * weights / weights.sum()).astype(np.float32)
                objective = sampled_softmax.SampledSoftmax(U, *alias_table(weights), expected, 6)
            frozen = np.arange(V) == 4
            plan = Plan(keep, frozen, 3, True, 16, 4, False, 2)
            block = getattr(module, way + "_block")
            loss, measured, pairs = block(
                objective, W, Block(ids, ends, 0), plan, (0.05, 0.01), seeded(7, 1, 2)
            )
            key = f"{module.__name__}.{way}.{name}"
            out[key + ".W"], out[key + ".U"] = W, U
            out[key + ".numbers"] = np.array([loss, measured, pairs])
# words of four rows each
size = np.arange(V + 1) * 4
ngrams = np.random.default_rng(4).integers(V, V + 20, (V, 3))
rows = np.column_stack([np.arange(V), ngrams]).ravel().astype(np.int32)
for way in ("fast", "exact", "fast_cbow", "exact_cbow"):
    W, U = padded_zeros(V + 20, dim), padded_zeros(V, dim)
    W[:, :dim] = np.random.default_rng(2).normal(size=(V + 20, dim))
    U[:, :dim] = np.random.default_rng(3).normal(size=(V, dim)) / 2
    objective = negative_sampling.NegativeSampling(U, *alias_table(weights), 5, 8)
    plan = Plan(keep, np.zeros(V + 20, bool), 3, True, 16, 4, False, 2)
    loss, measured, pairs = getattr(fasttext, way + "_block")(
        objective, Parts(W, size, rows, 25), Block(ids, ends, 0), plan, (0.05, 0.01),
        seeded(7, 1, 2),
    )
    out[f"fasttext.{way}.W"], out[f"fasttext.{way}.U"] = W, U
    out[f"fasttext.{way}.numbers"] = np.array([loss, measured, pairs])
np.savez(sys.argv[1], **out)
"""


# what is made of counts: no drawn text, as reading text would be slow uncompiled
COUNTS = """
import sys
import numpy as np
np.seterr(over="ignore")  # the generator wraps on purpose
from firth.progress import SILENT
from firth.static import count_windows, fit_glove, tiles
from firth.static.cooccurrence import Cooccurrence
from firth.static.glove import GloVe
from firth.static.ppmi import ppmi
from firth.static import truncated_svd
from firth.static.window_counts import WindowCounts
from firth.text.stream import Encoded, Stream
from firth.text.vocabulary import Vocabulary

V = 40
ids = (V * np.random.default_rng(1).random(600) ** 2).astype(np.int32)
vocabulary = Vocabulary([f"w{i}" for i in range(V)], counts=np.bincount(ids, minlength=V))
stream = Stream(ids, np.array([100, 101, 350, 600], np.int64))
out = {}
for direction in ("both", "left", "right"):
    for tokens in (1000, 170):
        settings = WindowCounts(window=4, direction=direction, threads=1)
        work = count_windows.plan(settings, Encoded(vocabulary, stream, 4, 600, V), 10**8, 1)
        work.tokens = tokens
        counts = Cooccurrence(vocabulary, *work.go(SILENT))
        for name in ("offsets", "columns", "values"):
            out[f"{direction}.{tokens}.{name}"] = getattr(counts, name)
positive = ppmi(counts, 0.75, 1.0)
out["ppmi"] = positive.toarray()
truncated_svd.SMALL = 0
for name, part in zip("usv", truncated_svd.truncated_svd(positive, 5), strict=True):
    out[f"svd.{name}"] = part
tiles.FIELD = 100
for rule in ("original", "published"):
    fitted = GloVe(dim=5, epochs=2, threads=1, bias_update=rule).fit(counts)
    out[f"glove.{rule}.losses"] = np.array([entry["loss"] for entry in fitted.history])
    for name, array in fitted.state.items():
        out[f"glove.{rule}.{name}"] = array
np.savez(sys.argv[1], **out)
"""


def both(script, folder):
    """{"0": what compiled code gives, "1": what the same code gives uncompiled}."""
    found = {}
    for disabled in ("0", "1"):
        path = folder / f"{disabled}.npz"
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        subprocess.run(
            [sys.executable, "-c", script, str(path)], check=True, env=environment, timeout=300
        )
        with np.load(path) as stored:
            found[disabled] = dict(stored)
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return both(SCRIPT, tmp_path_factory.mktemp("uncompiled"))


def test_models_of_counts_too(tmp_path):
    found = both(COUNTS, tmp_path)
    assert len(found["0"]) == 18 + 4 + 2 * 9
    for name, value in found["0"].items():
        exact = name.startswith(("both", "left", "right"))
        rtol, atol = (0, 0) if exact else (2e-4, 5e-5)
        np.testing.assert_allclose(value, found["1"][name], rtol=rtol, atol=atol, err_msg=name)
    one, other = (found["0"][f"glove.{rule}.word"] for rule in ("original", "published"))
    assert np.abs(one - other).max() > 1e-3  # it would notice


def test_compiled_equals_uncompiled(results):
    compiled, plain = results["0"], results["1"]
    assert len(compiled) == 60
    for name, value in compiled.items():
        np.testing.assert_allclose(value, plain[name], rtol=2e-4, atol=5e-6, err_msg=name)


def test_the_comparison_would_notice(results):
    """Another way of training gives other numbers: the tolerance is not too wide."""
    one = results["0"]["firth.static.skipgram.fast.ns.W"]
    other = results["0"]["firth.static.skipgram.exact.ns.W"]
    assert np.abs(one - other).max() > 1e-3
