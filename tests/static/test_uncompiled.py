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
from firth.static import cbow, skipgram

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
                objective, W, Block(ids, ends), plan, (0.05, 0.01), seeded(7, 1, 2)
            )
            key = f"{module.__name__}.{way}.{name}"
            out[key + ".W"], out[key + ".U"] = W, U
            out[key + ".numbers"] = np.array([loss, measured, pairs])
np.savez(sys.argv[1], **out)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    found = {}
    for disabled in ("0", "1"):
        path = tmp_path_factory.mktemp("uncompiled") / f"{disabled}.npz"
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(path)], check=True, env=environment, timeout=300
        )
        with np.load(path) as stored:
            found[disabled] = dict(stored)
    return found


def test_compiled_equals_uncompiled(results):
    compiled, plain = results["0"], results["1"]
    assert len(compiled) == 48
    for name, value in compiled.items():
        np.testing.assert_allclose(value, plain[name], rtol=2e-4, atol=5e-6, err_msg=name)


def test_the_comparison_would_notice(results):
    """Another way of training gives other numbers: the tolerance is not too wide."""
    one = results["0"]["firth.static.skipgram.fast.ns.W"]
    other = results["0"]["firth.static.skipgram.exact.ns.W"]
    assert np.abs(one - other).max() > 1e-3
