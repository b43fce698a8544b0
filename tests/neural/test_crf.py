"""The CRF against the sum over all sequences, written out."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.errors import SettingError
from firth.text.tag_schemes import Transitions, transitions

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.neural.crf import CRF  # noqa: E402  (after the check that torch is there)

SCHEME = ["O", "B-X", "I-X", "E-X", "S-X"]


def made(labels, time, batch=3, *, allowed=None, seed=0, size=1.0, dtype=torch.float64):
    torch.manual_seed(seed)
    crf = CRF(labels, allowed).to(dtype)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.normal_(0, size)
    return crf, size * torch.randn(batch, time, labels, dtype=dtype)


def every(crf, e):
    """{y: s(x, y)} of one line e [T, K], of every sequence that the rules allow."""
    start, end, M = (one.detach() for one in (crf.start, crf.end, crf.transitions))
    scores = {}
    for y in itertools.product(range(crf.labels), repeat=len(e)):
        forbidden = [crf.no_pairs[i, j] for i, j in itertools.pairwise(y)]
        if y and any([*forbidden, crf.no_start[y[0]], crf.no_end[y[-1]]]):
            continue
        s = sum(float(e[t, j]) for t, j in enumerate(y))
        s += sum(float(M[i, j]) for i, j in itertools.pairwise(y))
        scores[y] = s + (float(start[y[0]] + end[y[-1]]) if y else 0.0)
    return scores


def log_sum(scores):
    largest = max(scores)
    return largest + math.log(sum(math.exp(s - largest) for s in scores))


def rules(labels, seed):
    """Drawn rules; label 0 may always begin, end, and stand beside itself."""
    draw = np.random.default_rng(seed)
    start, end = draw.random(labels) < 0.6, draw.random(labels) < 0.6
    pairs = draw.random((labels, labels)) < 0.6
    start[0] = end[0] = pairs[0, 0] = True
    return Transitions(start, end, pairs)


CASES = [(K, T, ruled) for K, T in [(1, 3), (2, 1), (2, 6), (3, 4), (4, 3)] for ruled in (0, 1)]


@pytest.mark.parametrize(("labels", "time", "ruled"), CASES)
@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=8, deadline=None)
def test_everything_is_what_enumeration_says(labels, time, ruled, seed, data):
    """log Z, score, loss, best sequences, marginals, of lines of all lengths in one batch."""
    allowed = rules(labels, seed) if ruled else None
    size = data.draw(st.sampled_from([0.1, 1.0, 30.0]))
    crf, e = made(labels, time, allowed=allowed, seed=seed, size=size)
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, time), min_size=3, max_size=3)))
    log_z, n = crf.log_partition(e, lengths).detach(), data.draw(st.integers(1, 12))
    marginals = crf.marginals(e, lengths)
    best, best_score = crf.viterbi(e, lengths)
    many, many_scores = crf.n_best(e, n, lengths)
    for b, length in enumerate(lengths.tolist()):
        scores = every(crf, e[b, :length])
        assert float(log_z[b]) == pytest.approx(log_sum(scores.values()), rel=1e-9, abs=1e-9)
        p = {y: math.exp(s - float(log_z[b])) for y, s in scores.items()}
        wanted = torch.zeros(time, labels, dtype=torch.float64)
        for y, share in p.items():
            for t, j in enumerate(y):
                wanted[t, j] += share
        torch.testing.assert_close(marginals[b], wanted)

        order = sorted(scores, key=scores.get, reverse=True)
        there = min(n, len(order))
        assert many_scores[b, :there].tolist() == pytest.approx([scores[y] for y in order[:there]])
        assert many_scores[b, there:].tolist() == [-math.inf] * (n - there)
        found = [tuple(y[:length]) for y in many[b].tolist()]
        assert found[:there] == order[:there]  # drawn scores are never equal
        assert (many[b, there:] == -1).all() and (many[b, :, length:] == -1).all()
        assert tuple(best[b, :length].tolist()) == order[0] and (best[b, length:] == -1).all()
        assert float(best_score[b]) == pytest.approx(scores[order[0]])

        tags = torch.full((3, time), -7)  # what stands in the other lines, and behind, is wrong
        y = data.draw(st.sampled_from(order))
        tags[b, :length] = torch.tensor(y)
        alone = torch.where(torch.arange(3) == b, lengths, 0)
        assert float(crf.score(e, tags, alone)[b].detach()) == pytest.approx(scores[y])
        nll = float(log_z[b]) - scores[y]
        assert float(crf.nll(e, tags, alone)[b].detach()) == pytest.approx(nll, abs=1e-9)
        chain = crf.conditionals(e, tags, alone)
        assert float(chain[b].sum()) == pytest.approx(-nll, abs=1e-9)
        if length:  # of the first labels, the others summed out
            for t in range(1, length + 1):
                log_p = math.log(sum(share for z, share in p.items() if z[:t] == y[:t]))
                assert float(chain[b, :t].sum()) == pytest.approx(log_p, abs=1e-7)


def test_a_chain_is_not_its_labels_one_by_one():
    """The control: with other changes of label, another sequence is best than label by label."""
    crf, e = made(3, 5, 20, size=2.0)
    best, _ = crf.viterbi(e)
    assert (best != e.argmax(-1)).any()
    torch.nn.init.zeros_(crf.transitions)
    torch.nn.init.zeros_(crf.start)
    torch.nn.init.zeros_(crf.end)
    assert torch.equal(crf.viterbi(e)[0], e.argmax(-1))
    torch.testing.assert_close(crf.marginals(e), e.softmax(-1))
    torch.testing.assert_close(crf.log_partition(e), e.logsumexp(-1).sum(1))


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("lengths", [None, [4, 0, 2, 1]])
def test_gradients_are_the_central_differences(ruled, lengths):
    allowed = transitions(SCHEME, "IOBES") if ruled else None
    crf, e = made(5, 4, 4, allowed=allowed, seed=3)
    e.requires_grad_()
    tags = torch.tensor([[1, 2, 3, 0], [0, 4, 0, 1], [1, 3, 4, 0], [4, 0, 1, 3]])
    tags[1] = torch.tensor([0, 4, 1, 3])
    where = None if lengths is None else torch.tensor(lengths)
    weight = torch.tensor([0.3, 1.0, -2.0, 0.7], dtype=torch.float64)  # each line its own

    def loss():
        return (crf.nll(e, tags, where) * weight).sum()

    inputs = [e, *crf.parameters()]
    found = torch.autograd.grad(loss(), inputs)
    h = 1e-6
    for tensor, gradient in zip(inputs, found, strict=True):
        flat = tensor.detach().view(-1)
        for i in range(flat.numel()):
            middle = float(flat[i])
            flat[i] = middle + h
            above = float(loss().detach())
            flat[i] = middle - h
            below = float(loss().detach())
            flat[i] = middle
            wanted = (above - below) / (2 * h)
            assert float(gradient.view(-1)[i]) == pytest.approx(wanted, abs=1e-7)
    if ruled:
        assert (found[3][crf.no_pairs] == 0).all()


def test_the_gradient_of_many_positions_in_parts_is_the_same(monkeypatch):
    crf, e = made(4, 9, 6)
    lengths = torch.tensor([9, 3, 0, 7, 1, 9])
    (whole,) = torch.autograd.grad(crf.log_partition(e, lengths).sum(), crf.transitions)
    monkeypatch.setattr("firth.neural.chains.HELD", 50)  # three positions at once
    (parts,) = torch.autograd.grad(crf.log_partition(e, lengths).sum(), crf.transitions)
    torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize("rubbish", [9e9, float("nan"), -math.inf])
def test_padding_never_changes_an_answer(rubbish):
    crf, e = made(4, 7, 4, allowed=rules(4, 1), size=2.0)
    lengths = [7, 0, 3, 5]
    where = torch.tensor(lengths)
    tags = crf.viterbi(e, where)[0]
    padded = e.clone()
    for b, length in enumerate(lengths):
        padded[b, length:] = rubbish
    padded.requires_grad_()
    nll = crf.nll(padded, tags, where)
    own = [padded, *crf.parameters()]
    gradients = torch.autograd.grad(nll.sum(), own)
    sums = [torch.zeros_like(one) for one in own]
    many, many_scores = crf.n_best(padded, 3, where)
    for b, length in enumerate(lengths):
        if not length:
            assert float(nll[b].detach()) == 0
            continue
        line = e[b : b + 1, :length].clone().requires_grad_()
        alone = crf.nll(line, tags[b : b + 1, :length])
        torch.testing.assert_close(alone[0], nll[b])
        found = torch.autograd.grad(alone.sum(), [line, *crf.parameters()])
        sums[0][b, :length] += found[0][0]
        for total, one in zip(sums[1:], found[1:], strict=True):
            total += one
        torch.testing.assert_close(crf.marginals(padded, where)[b, :length], crf.marginals(line)[0])
        y, scores = crf.n_best(line, 3)
        assert torch.equal(many[b, :, :length], y[0])
        torch.testing.assert_close(many_scores[b], scores[0])
    for total, one in zip(sums, gradients, strict=True):
        torch.testing.assert_close(one, total)


def test_a_scheme_is_never_broken():
    """Emissions that know nothing of the scheme; without rules they break it."""
    allowed = transitions(SCHEME, "IOBES")

    def breaks(crf, e):
        y, _ = crf.n_best(e, 4)
        first, last = allowed.start[y[..., 0]], allowed.end[y[..., -1]]
        return not (first.all() and last.all() and allowed.pairs[y[..., :-1], y[..., 1:]].all())

    free, e = made(5, 12, 50, size=5.0)
    assert breaks(free, e)
    ruled, e = made(5, 12, 50, size=5.0, allowed=allowed)
    assert not breaks(ruled, e)
    torch.testing.assert_close(ruled.marginals(e).sum(-1), torch.ones(50, 12).double())
    assert set(ruled.state_dict()) == set(free.state_dict())  # rules are no part of the state


def test_a_long_line_keeps_its_precision():
    """5,000 positions in float32: scores near 50,000, of which float32 knows 0.004."""
    crf, e = made(6, 5000, 1, size=4.0, dtype=torch.float32)
    exact, _ = made(6, 1, 1)
    exact.load_state_dict(crf.state_dict())
    tags, score = crf.viterbi(e)
    assert float(score) > 20_000
    found, wanted = crf.nll(e, tags), exact.nll(e.double(), tags)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), wanted, atol=2e-3, rtol=1e-5)
    torch.testing.assert_close(
        crf.marginals(e).double(), exact.marginals(e.double()), atol=1e-4, rtol=0
    )
    assert torch.equal(tags, exact.viterbi(e.double())[0])


def test_halves_are_computed_in_float32():
    crf, e = made(4, 6, dtype=torch.float32)
    for half in (e.bfloat16(), e.half()):
        half.requires_grad_()
        tags = crf.viterbi(half)[0]
        nll = crf.nll(half, tags)
        assert nll.dtype == torch.float32
        torch.testing.assert_close(nll, crf.nll(half.detach().float(), tags))
        nll.sum().backward()
        assert half.grad.dtype == half.dtype and bool(half.grad.any())
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(crf.nll(e, tags), crf.nll(e.clone(), tags))
        assert crf.nll(e, tags).dtype == torch.float32


def test_it_learns_what_single_labels_cannot():
    """A planted world: labels alternate, the emissions tell only the first one."""
    torch.manual_seed(2)
    tags = (torch.arange(8) + torch.randint(0, 2, (40, 1))) % 2
    e = torch.zeros(40, 8, 2)
    e[:, 0] = 4 * torch.nn.functional.one_hot(tags[:, 0], 2).float()
    crf = CRF(2)
    for parameter in crf.parameters():
        torch.nn.init.zeros_(parameter)
    untrained = (crf.viterbi(e)[0] == tags).float().mean()
    assert untrained < 0.8
    optimiser = torch.optim.Adam(crf.parameters(), 0.2)
    for _ in range(40):
        optimiser.zero_grad()
        crf.nll(e, tags).mean().backward()
        optimiser.step()
    assert torch.equal(crf.viterbi(e)[0], tags)


def test_the_start_is_drawn_by_the_generator():
    crf = CRF(3)
    crf.reset(torch.Generator().manual_seed(4))
    other = CRF(3)
    assert not torch.equal(crf.transitions, other.transitions)
    other.reset(torch.Generator().manual_seed(4))
    assert torch.equal(crf.transitions, other.transitions)
    assert float(crf.transitions.detach().abs().max()) <= 0.1
    assert repr(CRF(5, transitions(SCHEME, "IOBES"))) == "CRF(5, forbidden changes=12)"


YES, NO = [True] * 2, [False] * 2


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda crf, e: CRF(0), "labels=0; wanted at least 1"),
        (lambda crf, e: CRF(2, Transitions([True], YES, [YES, YES])), r"start of shape \[1\]"),
        (lambda crf, e: CRF(2, Transitions(YES, NO, [YES, YES])), "allowed.end allows none of 2"),
        (lambda crf, e: crf.nll(e[0], e[0]), r"emissions of shape \[4, 3\]; wanted \[lines"),
        (lambda crf, e: crf.viterbi(e[:, :0]), "none of them 0"),
        (lambda crf, e: crf.viterbi(e, torch.tensor([5, 1])), "A length of 5 in a batch of 4"),
        (lambda crf, e: crf.viterbi(e, torch.tensor([2])), r"lengths of shape \[1\]; wanted \[2\]"),
        (lambda crf, e: crf.n_best(e, 0), "n=0 sequences; wanted at least 1"),
        (lambda crf, e: crf.nll(e, e[:, :3, 0].long()), r"tags of shape \[2, 3\]; wanted \[2, 4\]"),
        (lambda crf, e: crf.nll(e, torch.full((2, 4), 3)), "A tag 3 among 3 labels; wanted 0 to 2"),
        (lambda crf, e: crf.score(e, torch.full((2, 4), -1)), "A tag -1 among 3 labels"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(call, text):
    crf, e = made(3, 4, 2)
    with pytest.raises(SettingError, match=text):
        call(crf, e)


def test_gold_tags_that_break_the_rules_are_named():
    allowed = transitions(SCHEME, "IOBES")
    crf, e = made(5, 3, 2, allowed=allowed)
    lengths = torch.tensor([3, 2])
    for tags, text in [
        ([[1, 3, 0], [2, 3, 9]], "Label 2 may not begin a line but does in line 1 of the batch"),
        ([[1, 3, 2], [0, 0, 9]], "Label 2 may not follow 3 but does at 2 in line 0 of the batch"),
        ([[1, 3, 0], [0, 1, 3]], "Label 1 may not end a line but does in line 1 of the batch"),
    ]:
        tags = torch.tensor(tags)
        with pytest.raises(SettingError, match=text):
            crf.nll(e, tags, lengths)
        score = crf.score(e, tags, lengths)
        assert (score == -math.inf).tolist() == [
            text.endswith(f"line {n} of the batch") for n in (0, 1)
        ]
        log_p = crf.conditionals(e, tags, lengths).sum(1)
        assert torch.equal(log_p == -math.inf, score == -math.inf)


def test_no_sequence_at_all():
    """B and I only: a line of one word has no tags."""
    allowed = Transitions([True, False], [False, True], [[False, True], [False, True]])
    crf, e = made(2, 3, 2, allowed=allowed)
    assert crf.viterbi(e)[0].tolist() == [[0, 1, 1]] * 2
    lengths = torch.tensor([3, 1])
    calls = [crf.log_partition, crf.viterbi, crf.marginals]
    calls.append(lambda e, lengths: crf.conditionals(e, torch.zeros(2, 3).long(), lengths))
    for call in calls:
        with pytest.raises(SettingError, match=r"No sequence of 1 labels is allowed \(line 1 of"):
            call(e, lengths)
    assert float(crf.log_partition(e, torch.tensor([3, 0]))[1].detach()) == 0
