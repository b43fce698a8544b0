"""The kernels of PV-DBOW and PV-DM: against central differences of the written loss, and against
each other."""

import numpy as np
import pytest

from firth.kernels.hierarchical_softmax import HierarchicalSoftmax
from firth.kernels.huffman import huffman
from firth.kernels.linear import padded, padded_zeros
from firth.kernels.negative_sampling import NegativeSampling
from firth.kernels.noise import alias_table
from firth.kernels.paragraphs import Paragraphs
from firth.kernels.rng import seeded
from firth.kernels.softmax import Softmax
from firth.kernels.windows import Block, Plan
from firth.static import pvdbow, pvdm

V, DIM, WINDOW, NEGATIVES = 9, 8, 2, 2
# four lines, of which the third is empty; ids: one, two, one of the first again, none
ENDS = np.array([7, 16, 16, 21], np.int64)
IDS = np.random.default_rng(5).integers(0, V, 21).astype(np.int32)
OFFSETS = np.array([0, 1, 3, 4, 4], np.int64)
ROWS = np.array([0, 1, 2, 0], np.int32)
COUNTS = np.maximum(np.bincount(IDS, minlength=V), 1)
WAYS = [
    pytest.param(pvdbow, {}, id="dbow"),
    pytest.param(pvdbow, {"words": True}, id="dbow-words"),
    pytest.param(pvdm, {}, id="dm-mean-exact"),
    pytest.param(pvdm, {"whole": True}, id="dm-mean-gensim"),
    pytest.param(pvdm, {"summed": True, "whole": True}, id="dm-sum-exact"),
    pytest.param(pvdm, {"summed": True}, id="dm-sum-gensim"),
    pytest.param(pvdm, {"concatenated": True}, id="dm-concatenation"),
]


def world(module, way, seed=2):
    """(given, U) of random rows; chunks take the whole text at once."""
    rng = np.random.default_rng(seed)
    parts = 2 * WINDOW + 1 if way.get("concatenated") else 1
    width = padded(DIM) * parts
    Q, W, U = padded_zeros(3, DIM), padded_zeros(V + 1, DIM), padded_zeros(V, width)
    for matrix in (Q, W):
        matrix[:, :DIM] = rng.normal(size=(len(matrix), DIM)) / 2
    U.reshape(V, parts, -1)[:, :, :DIM] = rng.normal(size=(V, parts, DIM)) / 2
    flags = [way.get(name, False) for name in ("words", "concatenated", "summed", "whole")]
    return Paragraphs(Q, OFFSETS, ROWS, W, *flags, 64, 64, 1000, 8, 8, 1), U


def plan(keep=2.0, measure=1):
    return Plan(
        np.full(V, keep, np.float32), np.zeros(V + 1, bool), WINDOW, False, 64, 1000, False, measure
    )  # fmt: skip


def hidden_rows(module, way, Q, W):
    """(hidden row, target) of every pair by the definition, in the type of Q and W."""
    start = 0
    for line, end in enumerate(ENDS):
        rows = ROWS[OFFSETS[line] : OFFSETS[line + 1]]
        for i in range(start, end):
            around = [
                (j, IDS[j] if start <= j < end else V)
                for j in range(i - WINDOW, i + WINDOW + 1)
                if j != i
            ]
            inside = [w for j, w in around if start <= j < end]
            if module is pvdbow:
                if way.get("words"):
                    yield from ((W[w], IDS[i]) for w in inside)
                yield from ((Q[q], IDS[i]) for q in rows)
            elif way.get("concatenated"):
                document = Q[rows].mean(axis=0) if len(rows) else np.zeros_like(Q[0])
                yield np.concatenate([document, *(W[w] for _, w in around)]), IDS[i]
            elif len(inside) + len(rows):
                total = W[inside].sum(axis=0) + Q[rows].sum(axis=0)
                n = 1 if way.get("summed") else len(inside) + len(rows)
                yield total / n, IDS[i]
        start = end


def loss_of(name, module, way, Q, W, U):
    """The sum over all pairs in float64: full softmax, or negative sampling in expectation."""
    total = 0.0
    noise = COUNTS**0.75 / (COUNTS**0.75).sum()
    for h, o in hidden_rows(module, way, Q, W):
        scores = U @ h
        if name == "softmax":
            total += np.log(np.exp(scores).sum()) - scores[o]
        else:
            total += np.logaddexp(0, -scores[o]) + NEGATIVES * noise @ np.logaddexp(0, scores)
    return total


def gradient(f, x, step=1e-5):
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        found[i] = (f(up) - f(down)) / (2 * step)
    return found


def exact_update(way):
    return way.get("whole", False) == way.get("summed", False)


@pytest.mark.parametrize("name", ["softmax", "ns"])
@pytest.mark.parametrize(("module", "way"), WAYS)
def test_one_chunk_is_the_gradient_of_the_written_loss(module, way, name):
    """All pairs of the text in one chunk: every matrix makes one step of rate dJ."""
    given, U = world(module, way)
    Q0, W0, U0 = (matrix.astype(np.float64) for matrix in (given.Q, given.W, U))
    # all is learnt at the values of the beginning, so that a step may be long; but with words there
    # are two chunks, the second at values that the first has moved
    rate = 1e-3 if way.get("words") else 1.0
    block = Block(IDS, ENDS, 0)
    loss, measured, pairs = module.fast_block(
        objective_of(name, U), given, block, plan(), (rate, rate), seeded(1, 0, 0)
    )
    assert measured == pairs == len(list(hidden_rows(module, way, Q0, W0)))
    rough = way.get("words") or name == "ns"
    tolerance = {"rtol": 0.05, "atol": 0.15} if rough else {"rtol": 5e-3, "atol": 2e-3}
    expected = loss_of(name, module, way, Q0, W0, U0)
    assert loss == pytest.approx(expected, rel=2e-2 if rough else 1e-5)
    by_u = gradient(lambda x: loss_of(name, module, way, Q0, W0, x), U0)
    np.testing.assert_allclose((U - U0) / -rate, by_u, **tolerance)
    if module is pvdm and not way.get("concatenated") and not exact_update(way):
        return  # tested below: what moves is not the gradient
    by_q = gradient(lambda x: loss_of(name, module, way, x, W0, U0), Q0)
    by_w = gradient(lambda x: loss_of(name, module, way, Q0, x, U0), W0)
    np.testing.assert_allclose((given.Q - Q0) / -rate, by_q, **tolerance)
    np.testing.assert_allclose((given.W - W0) / -rate, by_w, **tolerance)
    assert np.abs(by_q).max() > 0.1
    assert (np.abs(by_w).max() > 0.1) == (module is pvdm or way.get("words", False))


@pytest.mark.parametrize("summed", [False, True])
def test_the_error_as_gensim_hands_it_out(summed):
    """Whole to each row of a mean; divided by their number to each of a sum."""
    way = {"summed": summed, "whole": not summed}
    given, U = world(pvdm, way)
    Q0, W0, U0 = (matrix.astype(np.float64) for matrix in (given.Q, given.W, U))
    rate = 1e-3
    pvdm.fast_block(Softmax(U), given, Block(IDS, ENDS, 0), plan(), (rate, rate), seeded(1, 0, 0))
    expected_q, expected_w = Q0.copy(), W0.copy()
    start = 0
    for line, end in enumerate(ENDS):
        rows = ROWS[OFFSETS[line] : OFFSETS[line + 1]]
        for i in range(start, end):
            inside = [
                IDS[j] for j in range(max(start, i - WINDOW), min(end, i + WINDOW + 1)) if j != i
            ]
            n = len(inside) + len(rows)
            h = (W0[inside].sum(axis=0) + Q0[rows].sum(axis=0)) / (1 if summed else n)
            p = np.exp(U0 @ h)
            error = rate * (U0[IDS[i]] - p @ U0 / p.sum()) / (n if summed else 1)
            for w in inside:
                expected_w[w] += error
            expected_q[rows] += error
        start = end
    np.testing.assert_allclose(given.Q, expected_q, atol=1e-6)
    np.testing.assert_allclose(given.W, expected_w, atol=1e-6)


def objective_of(name, U):
    if name == "hs":
        points, codes, offsets = huffman(COUNTS)
        return HierarchicalSoftmax(U[: V - 1], points, codes, offsets, int(np.diff(offsets).max()))
    if name == "softmax":
        return Softmax(U)
    # so many noise words are close to the expectation
    return NegativeSampling(U, *alias_table(COUNTS**0.75), NEGATIVES, 20_000)


@pytest.mark.parametrize("name", ["hs", "softmax"])
@pytest.mark.parametrize(("module", "way"), WAYS)
def test_fast_is_exact_for_a_small_step(module, way, name):
    """Where no value moves far, the order of the pairs does not matter."""
    rate, results = 1e-3, []
    for which in ("fast_block", "exact_block"):
        given, U = world(module, way)
        before = [matrix.copy() for matrix in (given.Q, given.W, U)]
        loss, _, _ = getattr(module, which)(
            objective_of(name, U), given, Block(IDS, ENDS, 0), plan(), (rate, rate),
            seeded(1, 0, 0),
        )  # fmt: skip
        moved = zip((given.Q, given.W, U), before, strict=True)
        results.append((loss, [(now - was) / rate for now, was in moved]))
    (loss, fast), (exact_loss, exact) = results
    assert loss == pytest.approx(exact_loss, rel=0.01)
    for one, other in zip(fast, exact, strict=True):
        np.testing.assert_allclose(one, other, atol=0.03 * max(np.abs(other).max(), 0.1))


@pytest.mark.parametrize(("module", "way"), WAYS)
def test_what_does_not_learn_stays(module, way):
    """With an objective that does not learn and frozen words only documents move."""
    for which in ("fast_block", "exact_block"):
        for name in ("ns", "hs", "softmax"):
            given, U = world(module, way)
            before = [matrix.copy() for matrix in (given.Q, given.W, U)]
            objective = objective_of(name, U)._replace(learns=False)
            if name == "ns":
                objective = objective._replace(shared=8)
            still = plan()._replace(frozen=np.ones(V + 1, bool))
            getattr(module, which)(
                objective, given, Block(IDS, ENDS, 0), still, (0.1, 0.1), seeded(1, 0, 0)
            )
            np.testing.assert_array_equal(given.W, before[1])
            np.testing.assert_array_equal(U, before[2])
            # every row has a document with words
            assert (np.abs(given.Q - before[0]).max(axis=1) > 1e-3).all()
            assert not given.Q[:, DIM:].any()


@pytest.mark.parametrize(("module", "way"), WAYS)
def test_chunks_and_blocks_count_the_same_pairs(module, way):
    """However the text is cut, every pair is there once."""
    counts = set()
    for length, piece, sets in ((64, 64, 1), (5, 2, 1), (1, 1, 1), (12, 4, 3), (10, 10, 4)):
        given, U = world(module, way)
        given = given._replace(length=length, piece=piece, parts=length, sets=sets)
        _, measured, pairs = module.fast_block(
            Softmax(U), given, Block(IDS, ENDS, 0), plan(), (0.01, 0.01), seeded(1, 0, 0)
        )
        assert measured == pairs
        counts.add(pairs)
        assert np.isfinite(given.Q).all()
    given, U = world(module, way)
    counts.add(
        module.exact_block(
            Softmax(U), given, Block(IDS, ENDS, 0), plan(), (0.01, 0.01), seeded(1, 0, 0)
        )[2]
    )
    assert counts == {len(list(hidden_rows(module, way, given.Q, given.W)))}
    # the same lines as two blocks; windows do not cross lines, so nothing is lost
    total = 0
    for first, last, line in ((0, 16, 0), (16, 21, 3)):
        given, U = world(module, way)
        ends = ENDS[(first < ENDS) & (last >= ENDS)] - first
        total += module.fast_block(
            Softmax(U), given, Block(IDS[first:last], ends, line), plan(), (0.01, 0.01),
            seeded(1, 0, 0),
        )[2]  # fmt: skip
    assert total in counts
