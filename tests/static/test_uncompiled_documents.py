"""The kernels of documents run uncompiled too, and give the same numbers."""

import numpy as np

from static.test_uncompiled import both

SCRIPT = """
import sys
import numpy as np
np.seterr(over="ignore")  # the generator wraps on purpose
from firth.kernels.huffman import huffman
from firth.kernels.hierarchical_softmax import HierarchicalSoftmax
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.negative_sampling import NegativeSampling
from firth.kernels.noise import alias_table
from firth.kernels.paragraphs import Paragraphs
from firth.kernels.rng import seeded
from firth.kernels.windows import Block, Plan
from firth.static import pvdbow, pvdm

counts = np.array([40, 25, 20, 12, 9, 6, 5, 3, 2], np.int64)
V, dim = len(counts), 8
ids = np.random.default_rng(1).choice(V, 120, p=counts / counts.sum()).astype(np.int32)
ends = np.array([7, 8, 50, 120], np.int64)
keep = np.linspace(0.6, 1.2, V).astype(np.float32)
# documents with one id, two, one of the first again, none
lines = np.array([0, 1, 3, 4, 4]), np.array([0, 1, 2, 0], np.int32)
out = {}
for name, module, flags in (
    ("dbow", pvdbow, (False, False, False, False)),
    ("words", pvdbow, (True, False, False, False)),
    ("mean", pvdm, (False, False, False, True)),
    ("sum", pvdm, (False, False, True, False)),
    ("concatenation", pvdm, (False, True, False, False)),
):
    for way in ("fast", "exact", "infer"):
        for objective in ("ns", "hs"):
            parts = 7 if flags[1] else 1
            Q, W = padded_zeros(4, dim), padded_zeros(V + 1, dim)
            U = padded_zeros(V - (objective == "hs"), padded(dim) * parts)
            for M, seed in ((Q, 5), (W, 6)):
                M[:, :dim] = np.random.default_rng(seed).normal(size=(len(M), dim)) / 2
            some = np.random.default_rng(7).normal(size=(len(U), parts, dim)) / 2
            U.reshape(len(U), parts, -1)[:, :, :dim] = some
            if objective == "hs":
                points, codes, offsets = huffman(counts)
                made = HierarchicalSoftmax(U, points, codes, offsets, int(np.diff(offsets).max()))
            else:
                made = NegativeSampling(U, *alias_table(counts ** 0.75), 5, 8)
            given = Paragraphs(Q, *lines, W, *flags, 30, 8, 4, 6, 6, 2)
            plan = Plan(keep, np.arange(V + 1) == 4, 3, True, 16, 4, False, 2)
            if way == "infer":
                own = given._replace(offsets=np.arange(5), rows=np.arange(4, dtype=np.int32))
                still = plan._replace(frozen=np.ones(V + 1, bool))
                rates = np.array([0.05, 0.03, 0.01])
                made = made._replace(learns=False)
                own = own._replace(words=False)
                module.infer_block(made, own, ids, ends, 0, still, rates, 7, 3)
                numbers = 0
            else:
                numbers = getattr(module, way + "_block")(
                    made, given, Block(ids, ends, 0), plan, (0.05, 0.01), seeded(7, 1, 2)
                )
            key = f"{name}.{way}.{objective}"
            out[key + ".Q"], out[key + ".W"], out[key + ".U"] = Q, W, U
            out[key + ".numbers"] = np.array(numbers)
np.savez(sys.argv[1], **out)
"""


def test_compiled_equals_uncompiled(tmp_path):
    found = both(SCRIPT, tmp_path)
    compiled, plain = found["0"], found["1"]
    assert len(compiled) == 5 * 3 * 2 * 4
    for name, value in compiled.items():
        np.testing.assert_allclose(value, plain[name], rtol=2e-4, atol=5e-6, err_msg=name)
    # another way of training gives other numbers: the tolerance is not too wide
    for kind in ("dbow", "mean", "sum", "concatenation"):
        one, other = compiled[f"{kind}.fast.ns.Q"], compiled[f"{kind}.exact.ns.Q"]
        assert np.abs(one - other).max() > 1e-3
