"""The distribution over the next unit, and what it costs to learn it.

    p(w | h) = exp(u_w . h + b_w) / sum_v exp(u_v . h + b_v)               full
    -log p is estimated: Z ~ exp(u_w . h) + sum of exp(u_v . h) / (S Q(v))      sampled
        over those of S words v ~ Q that are not w
    p(w | h) = p(cluster | h) p(w | cluster, h)                            adaptive

Full: exact. Sampled (Bengio & Senecal 2008; Jean et al. 2015): the same model, learnt by less
work; whatever is reported is the full distribution. Adaptive (Grave et al. 2017): rare words in
clusters with narrower rows, a proper distribution of another model.

h Tensor[N, d]  hidden states         targets int64[N]; those below 0 do not count
U Tensor[V, d]  output rows (the rows of the embedding if they are tied)        b Tensor[V]
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FullSoftmax(nn.Module):
    """U is `weight` if given (tied), else its own."""

    def __init__(self, dim: int, words: int, weight: nn.Parameter | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(words, dim)) if weight is None else weight
        self.bias = nn.Parameter(torch.zeros(words))

    @torch.no_grad()
    def expect(self, counts: np.ndarray) -> None:
        """Begins with how frequent the words are: b_w = log p(w) of counts int64[V], add-one.

        From 0 rare words come down slowly, most of all where they are drawn: of 33,000 words the
        rarest is among 1,024 samples once in 340 steps, and until then as probable as any.
        """
        c = torch.as_tensor(np.asarray(counts, np.float64)) + 1
        self.bias.copy_(torch.log(c / c.sum()))

    def log_probabilities(self, h: Tensor) -> Tensor:
        """log p(. | h): Tensor[N, V]."""
        return F.log_softmax(F.linear(h, self.weight, self.bias).float(), -1)

    def nll(self, h: Tensor, targets: Tensor) -> Tensor:
        """-log p(target | h): Tensor[N], 0 where the target does not count."""
        scores = F.linear(h, self.weight, self.bias).float()
        return F.cross_entropy(scores, targets, ignore_index=-1, reduction="none")

    def loss(self, h: Tensor, targets: Tensor) -> Tensor:
        """The mean of what training makes smaller: here, of -log p."""
        scores = F.linear(h, self.weight, self.bias)
        return F.cross_entropy(scores.float(), targets, ignore_index=-1)


class SampledSoftmax(FullSoftmax):
    """The full softmax, learnt from `samples` drawn words a batch.

    Q(w) = log((w + 2) / (w + 1)) / log(V + 1): log-uniform over words numbered by falling count.
    The target's own term of the sum is exact, that of all others has the right expectation: a drawn
    word that is the target of a row is left out of that row's sum. (Where words are drawn without
    repetition, as in TensorFlow, the target's score is corrected too; with repetition that would
    take the frequent words out of their own sums.)
    """

    def __init__(
        self, dim: int, words: int, samples: int, weight: nn.Parameter | None = None
    ) -> None:
        super().__init__(dim, words, weight)
        self.samples = min(samples, words)

    def loss(self, h: Tensor, targets: Tensor) -> Tensor:
        if not self.training:
            return super().loss(h, targets)
        counted = targets >= 0
        if not bool(counted.all()):
            h, targets = h[counted], targets[counted]
        drawn = self.draw(h.device)
        # taken out together: each time costs a gradient as large as all of U
        words = torch.cat([targets, drawn])
        rows, bias = F.embedding(words, self.weight), self.bias[words]
        rows_own, rows_drawn = rows.split([len(targets), len(drawn)])
        bias_own, bias_drawn = bias.split([len(targets), len(drawn)])
        own = (h * rows_own).sum(-1).float() + bias_own
        others = F.linear(h, rows_drawn, bias_drawn).float()
        others = others - self.log_expected(drawn)
        others = others.masked_fill(drawn == targets[:, None], -math.inf)
        return (torch.logaddexp(others.logsumexp(-1), own) - own).mean()

    def draw(self, device: torch.device) -> Tensor:
        """S words drawn from Q: int64[S], with repetitions."""
        words = self.weight.shape[0]
        # Metal has no float64
        where = device if device.type in ("cpu", "cuda") else torch.device("cpu")
        x = torch.rand(self.samples, device=where, dtype=torch.float64)
        # Q's distribution function is log(w + 2) / log(V + 1); turned round
        drawn = torch.exp(x * math.log(words + 1)).long() - 1
        return drawn.clamp_(0, words - 1).to(device)

    def log_expected(self, words: Tensor) -> Tensor:
        """log(S Q(w)): how often a word is drawn, in expectation."""
        number = words.float()
        q = torch.log1p(1 / (number + 1)) / math.log(self.weight.shape[0] + 1)
        return torch.log(q * self.samples)


class AdaptiveSoftmax(nn.Module):
    """torch's adaptive softmax; cutoffs: where the clusters begin, ids by falling count."""

    def __init__(self, dim: int, words: int, cutoffs: list[int]) -> None:
        super().__init__()
        narrower = 4.0  # each cluster's rows than those of the one before, as in the paper
        while dim // narrower ** len(cutoffs) < 1:
            narrower /= 2
        self.layer = nn.AdaptiveLogSoftmaxWithLoss(dim, words, cutoffs, div_value=narrower)

    def log_probabilities(self, h: Tensor) -> Tensor:
        return self.layer.log_prob(h).float()

    def nll(self, h: Tensor, targets: Tensor) -> Tensor:
        counted = targets >= 0
        found = h.new_zeros(targets.shape, dtype=torch.float32)
        found[counted] = -self.layer(h[counted], targets[counted]).output.float()
        return found

    def loss(self, h: Tensor, targets: Tensor) -> Tensor:
        counted = targets >= 0
        if not bool(counted.all()):
            h, targets = h[counted], targets[counted]
        return self.layer(h, targets).loss


def cutoffs_of(words: int) -> list[int]:
    """Where the clusters of the adaptive softmax begin, for a vocabulary of so many words.

    The first holds what most of a text consists of.
    """
    return [cut for cut in (min(2000, words // 5), words // 2) if 0 < cut < words]
