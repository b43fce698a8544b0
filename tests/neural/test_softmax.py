"""The three softmaxes: proper distributions, losses and gradients as written out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

from firth.neural.softmax import (  # noqa: E402  # after importorskip
    AdaptiveSoftmax,
    FullSoftmax,
    SampledSoftmax,
    cutoffs_of,
)

WORDS, DIM, N = 40, 6, 30


@pytest.fixture
def world():
    torch.manual_seed(5)
    h = torch.randn(N, DIM)
    targets = torch.randint(0, WORDS, (N,))
    return h, targets


def drawn(softmax):
    torch.manual_seed(6)
    for one in softmax.parameters():
        torch.nn.init.normal_(one, std=0.5)
    return softmax


def every():
    return [
        drawn(FullSoftmax(DIM, WORDS)),
        drawn(SampledSoftmax(DIM, WORDS, 10)),
        drawn(AdaptiveSoftmax(DIM, WORDS, cutoffs_of(WORDS))),
    ]


@pytest.mark.parametrize("softmax", every(), ids=lambda one: type(one).__name__)
def test_a_distribution_and_its_logarithms(softmax, world):
    h, targets = world
    softmax.eval()
    log_p = softmax.log_probabilities(h)
    assert torch.allclose(log_p.exp().sum(-1), torch.ones(N), atol=1e-5)
    nll = softmax.nll(h, targets)
    assert torch.allclose(nll, -log_p.gather(1, targets[:, None])[:, 0], atol=1e-5)
    assert torch.allclose(softmax.loss(h, targets), nll.mean(), atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("softmax", every(), ids=lambda one: type(one).__name__)
def test_targets_outside_the_text_do_not_count(softmax, world, training):
    """Neither in the loss nor in its gradients, as it is measured and as it is learnt."""
    h, targets = world
    softmax.train(training)
    none = torch.full((5,), -1)
    places = torch.cat([none, targets[:20], none])  # before and after

    def found(h, targets):
        h = h.clone().requires_grad_()
        torch.manual_seed(3)  # the same words are drawn
        loss = softmax.loss(h, targets)
        return loss, torch.autograd.grad(loss, [h, *softmax.parameters()])

    short, slopes = found(h[5:25], targets[:20])
    loss, (of_h, *others) = found(h, places)
    torch.testing.assert_close(loss, short)
    torch.testing.assert_close(of_h[5:25], slopes[0])
    assert not of_h[:5].any() and not of_h[25:].any()
    torch.testing.assert_close(others, list(slopes[1:]))
    # negative control: as other words they do count
    assert not torch.allclose(found(h, places.clamp(min=0))[0], short)
    softmax.eval()
    nll = softmax.nll(h, places)
    assert torch.equal(nll[:5], torch.zeros(5)) and torch.equal(nll[25:], torch.zeros(5))


def test_full_is_the_equation(world):
    h, targets = world
    softmax = drawn(FullSoftmax(DIM, WORDS))
    scores = h @ softmax.weight.T + softmax.bias
    p = scores.exp() / scores.exp().sum(-1, keepdim=True)
    wanted = -p[torch.arange(N), targets].log().mean()
    assert torch.allclose(softmax.loss(h, targets), wanted, atol=1e-5)


def test_words_are_drawn_as_the_distribution_says():
    softmax = SampledSoftmax(DIM, 50, 10)
    softmax.samples = 400_000
    torch.manual_seed(1)
    counts = torch.bincount(softmax.draw(torch.device("cpu")), minlength=50).double()
    expected = softmax.log_expected(torch.arange(50)).double().exp()
    assert torch.allclose(expected.sum(), torch.tensor(400_000.0).double(), rtol=1e-5)
    # 5 standard deviations of a count
    assert ((counts - expected).abs() < 5 * expected.sqrt()).all()
    uniform = torch.full((50,), 8000.0).double()
    assert not ((counts - uniform).abs() < 5 * uniform.sqrt()).all()


def test_where_there_is_no_float64_words_are_drawn_on_the_cpu(monkeypatch):
    """As on Metal; "meta" is another device that is always there."""
    softmax, rand, asked = SampledSoftmax(DIM, WORDS, 10), torch.rand, []

    def noted(*shape, **options):
        asked.append(torch.device(options["device"]).type)
        return rand(*shape, **options)

    monkeypatch.setattr(torch, "rand", noted)
    assert softmax.draw(torch.device("meta")).device.type == "meta"
    assert softmax.draw(torch.device("cpu")).device.type == "cpu"
    assert asked == ["cpu", "cpu"]


@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_the_sampled_gradient_is_the_full_one_on_average(world, spread, monkeypatch):
    """Over many draws of many words, for flat and for steep distributions; without the correction
    by log Q, or with the target's score corrected too, it is another one."""
    h, targets = world

    def gradient(softmax, times):
        with torch.no_grad():
            softmax.weight.mul_(spread / 0.5)
        softmax.zero_grad()
        for _ in range(times):
            (softmax.loss(h, targets) / times).backward()
        return softmax.weight.grad.clone()

    def sampled():
        found = drawn(SampledSoftmax(DIM, WORDS, WORDS))
        found.samples = 4000
        return found

    full = gradient(drawn(FullSoftmax(DIM, WORDS)), 1)

    def distance(one):
        return float((one - full).norm() / full.norm())

    assert distance(gradient(sampled(), 30)) < 0.03
    uncorrected = sampled()
    monkeypatch.setattr(uncorrected, "log_expected", lambda words: torch.zeros(len(words)))
    assert distance(gradient(uncorrected, 30)) > 0.2


def test_frequent_words_stay_in_their_own_sums():
    """A word that is nearly certain learns nearly nothing: its gradient is 1 - p."""
    h = torch.ones(4, 1)
    softmax = SampledSoftmax(1, 100, 50)
    with torch.no_grad():
        softmax.weight.zero_()
        softmax.weight[0] = 9.0  # p = 0.988
    targets = torch.zeros(4, dtype=torch.int64)
    torch.manual_seed(1)
    for _ in range(20):
        (softmax.loss(h, targets) / 20).backward()
    p = float(softmax.log_probabilities(h).detach()[0, 0].exp())
    assert abs(float(softmax.weight.grad[0]) + 1 - p) < 0.004


def test_it_begins_with_how_frequent_words_are():
    softmax = FullSoftmax(2, 4)
    softmax.expect(np.array([5, 3, 0, 0]))
    p = softmax.log_probabilities(torch.zeros(1, 2)).exp()[0]
    assert p.tolist() == pytest.approx([6 / 12, 4 / 12, 1 / 12, 1 / 12])


def test_rare_words_come_down_slowly_without_it():
    """A thousand words of which ten occur, learnt from few samples: loss by the full softmax."""
    words, counts = 1000, np.r_[np.full(10, 100), np.zeros(990, int)]
    losses = {}
    for expected in (False, True):
        torch.manual_seed(7)
        softmax = SampledSoftmax(4, words, 20)
        torch.nn.init.uniform_(softmax.weight, -0.1, 0.1)
        if expected:
            softmax.expect(counts)
        optimiser = torch.optim.Adam(softmax.parameters(), lr=0.002)
        for _ in range(50):
            optimiser.zero_grad()
            softmax.loss(0.1 * torch.randn(64, 4), torch.randint(0, 10, (64,))).backward()
            optimiser.step()
        softmax.eval()
        with torch.no_grad():
            losses[expected] = float(softmax.loss(torch.zeros(10, 4), torch.arange(10)))
    assert losses[True] < 3.1  # log 10 is 2.3; the add-one takes half of p
    assert losses[False] > 5
