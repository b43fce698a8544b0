"""A linear-chain conditional random field: labels of a line that are chosen together.

    s(x, y) = start[y_0] + sum_t e[t, y_t] + sum_{t>0} M[y_{t-1}, y_t] + end[y_{T-1}]
    p(y | x) = exp s(x, y) / Z(x)          Z(x) = sum_y' exp s(x, y')
    loss = -log p(y | x) = log Z(x) - s(x, y)

Lafferty, McCallum & Pereira 2001; over a recurrent network Huang et al. 2015, 1508.01991, and
Lample et al. 2016, 1603.01360. Both score any change of label; here changes that the tag scheme
excludes may be forbidden, in training as in prediction: their sequences have the probability 0.

e Tensor[B, T, K] (emissions), any floating type: computed in float32, or float64 if given so.
lengths int[B]: positions of a line that are real, 0 ... T; without them all. What stands behind
changes no answer. Sums over a line are float64[B].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from firth.errors import SettingError
from firth.neural.chains import (
    LogPartition,
    backward_pass,
    best_sequences,
    forward_pass,
    must_exist,
    single,
)
from firth.neural.padding import Padding
from firth.text.tag_schemes import Transitions


class CRF(nn.Module):
    """labels: K.

    allowed: what the scheme of the tags allows (`tag_schemes.transitions`), start bool[K], end
    bool[K] and pairs bool[K, K], from row to column; without it everything. It is no part of the
    state: it follows from the labels.

    Raises:
        SettingError: `allowed` has another shape, or nothing may begin or end.
    """

    start: nn.Parameter
    end: nn.Parameter
    transitions: nn.Parameter
    no_start: Tensor
    no_end: Tensor
    no_pairs: Tensor

    def __init__(self, labels: int, allowed: Transitions | None = None) -> None:
        super().__init__()
        if labels < 1:
            raise SettingError(f"labels={labels}; wanted at least 1.")
        self.labels = labels
        self.start = nn.Parameter(torch.empty(labels))
        self.end = nn.Parameter(torch.empty(labels))
        self.transitions = nn.Parameter(torch.empty(labels, labels))
        for name, shape in (("start", (labels,)), ("end", (labels,)), ("pairs", (labels, labels))):
            forbidden = torch.zeros(shape, dtype=torch.bool)
            if allowed is not None:
                forbidden = _forbidden(name, getattr(allowed, name), shape)
            self.register_buffer(f"no_{name}", forbidden, persistent=False)
        self.reset()

    def reset(self, generator: torch.Generator | None = None) -> None:
        """U(-0.1, 0.1)."""
        with torch.no_grad():
            for parameter in (self.start, self.end, self.transitions):
                parameter.uniform_(-0.1, 0.1, generator=generator)

    def log_partition(self, emissions: Tensor, lengths: Tensor | None = None) -> Tensor:
        """log Z: float64[B]; 0 of an empty line, which has one sequence, of score 0."""
        e, padding = self._given(emissions, lengths)
        return LogPartition.apply(e, *self._scores(e.dtype), padding)

    def score(self, emissions: Tensor, tags: Tensor, lengths: Tensor | None = None) -> Tensor:
        """s(x, y) of tags int64[B, T]: float64[B]; -inf where the rules forbid them."""
        e, padding = self._given(emissions, lengths)
        return self._score(e, self._labels_of(tags, padding), padding)

    def nll(self, emissions: Tensor, tags: Tensor, lengths: Tensor | None = None) -> Tensor:
        """-log p(y | x) of tags int64[B, T]: Tensor[B], float32 (float64 of such emissions).

        Raises:
            SettingError: the rules forbid the tags of a line: none could ever learn them.
        """
        e, padding = self._given(emissions, lengths)
        tags = self._labels_of(tags, padding)
        score = self._score(e, tags, padding)
        if bool((score == -torch.inf).any()):
            raise SettingError(self._what_breaks(tags, padding))
        log_z = LogPartition.apply(e, *self._scores(e.dtype), padding)
        return (log_z - score).to(e.dtype)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The most probable labels int64[B, T], -1 after a line's end, and s(x, y) float64[B]."""
        labels, scores = self.n_best(emissions, 1, lengths)
        return labels[:, 0], scores[:, 0]

    @torch.no_grad()
    def n_best(
        self, emissions: Tensor, n: int, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The n most probable sequences int64[B, n, T], best first, and s(x, y) float64[B, n].

        -1 after a line's end. A line with fewer sequences than n has -1 and -inf in the places
        left. exp(s - log Z) are their probabilities.
        """
        if n < 1:
            raise SettingError(f"n={n} sequences; wanted at least 1.")
        e, padding = self._given(emissions, lengths)
        return best_sequences(e, *self._scores(e.dtype), padding, n)

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor | None = None) -> Tensor:
        """p(y_t = j | x): Tensor[B, T, K]; 0 after a line's end."""
        e, padding = self._given(emissions, lengths)
        start, end, M = self._scores(e.dtype)
        a, _ = forward_pass(e, start, end, M, padding)
        return single(a, backward_pass(e, end, M, padding), padding).transpose(0, 1)

    @torch.no_grad()
    def conditionals(
        self, emissions: Tensor, tags: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """log p(y_t | y_{t-1}, x): Tensor[B, T]; 0 after a line's end.

        Given x the labels are a Markov chain. So a run of labels from r to t, such as a span, has
        the probability p(y_r | x) of `marginals` times exp of the sum of these from r + 1 to t; all
        of a line's add up to log p(y | x).
        """
        e, padding = self._given(emissions, lengths)
        tags = self._labels_of(tags, padding)
        start, end, M = self._scores(e.dtype)
        after = (e + backward_pass(e, end, M, padding)).transpose(0, 1)
        must_exist(torch.logsumexp(start + after[:, 0], -1), padding)
        before = torch.cat([start.expand(len(tags), 1, -1), M[tags[:, :-1]]], 1)
        # behind a label from which nothing goes on: p(y | x) is 0 there already
        scores = before + after
        none = scores.amax(-1, keepdim=True) == -torch.inf
        log_p = torch.log_softmax(scores.masked_fill(none, 0.0), -1).masked_fill(none, -torch.inf)
        return padding.cleared(log_p.gather(-1, tags[..., None])).squeeze(-1)

    def extra_repr(self) -> str:
        forbidden = int(self.no_pairs.sum())
        return f"{self.labels}, forbidden changes={forbidden}"

    def _scores(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """start, end, M with -inf for what is forbidden."""
        return (
            self.start.to(dtype).masked_fill(self.no_start, -torch.inf),
            self.end.to(dtype).masked_fill(self.no_end, -torch.inf),
            self.transitions.to(dtype).masked_fill(self.no_pairs, -torch.inf),
        )

    def _given(self, emissions: Tensor, lengths: Tensor | None) -> tuple[Tensor, Padding]:
        """e Tensor[T, B, K], 0 after the ends of lines."""
        if emissions.dim() != 3 or emissions.shape[2] != self.labels or 0 in emissions.shape:
            raise SettingError(
                f"emissions of shape {list(emissions.shape)}; wanted [lines, positions, "
                f"{self.labels}], none of them 0."
            )
        B, T, _ = emissions.shape
        if lengths is None:
            lengths = torch.full((B,), T)
        elif lengths.shape != (B,):
            raise SettingError(
                f"lengths of shape {list(lengths.shape)}; wanted [{B}], one per line."
            )
        padding = Padding(lengths, T, emissions.device)
        dtype = torch.promote_types(emissions.dtype, torch.float32)
        dtype = torch.promote_types(dtype, self.start.dtype)
        return padding.cleared(emissions.to(dtype)).transpose(0, 1).contiguous(), padding

    def _labels_of(self, tags: Tensor, padding: Padding) -> Tensor:
        """tags with 0 after the ends of lines, whatever stood there."""
        mask = padding.mask.squeeze(-1)
        if tags.shape != mask.shape:
            raise SettingError(
                f"tags of shape {list(tags.shape)}; wanted {list(mask.shape)}, one per position."
            )
        tags = tags.to(mask.device).masked_fill(~mask, 0).long()
        low, high = (int(bound) for bound in torch.aminmax(tags))
        if low < 0 or high >= self.labels:
            raise SettingError(
                f"A tag {low if low < 0 else high} among {self.labels} labels; wanted 0 to "
                f"{self.labels - 1}. Is it one that training did not have?"
            )
        return tags

    def _score(self, e: Tensor, tags: Tensor, padding: Padding) -> Tensor:
        start, end, M = self._scores(e.dtype)
        mask = padding.mask.squeeze(-1)
        own = e.transpose(0, 1).gather(-1, tags[..., None]).squeeze(-1)
        steps = M[tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0.0)
        last = padding.last(tags[..., None], tags[:, :1]).squeeze(-1)
        borders = (start[tags[:, 0]] + end[last]).masked_fill(~mask[:, 0], 0.0)
        # e is 0 after the ends already
        return own.double().sum(1) + steps.double().sum(1) + borders.double()

    def _what_breaks(self, tags: Tensor, padding: Padding) -> str:
        """The first place where a line does what is forbidden, as a sentence."""
        remedy = "bring the tags into the scheme first, or give no rule."
        for line, length in enumerate(padding.lengths_here.tolist()):
            y = tags[line, :length].tolist()
            where = f"line {line} of the batch; {remedy}"
            if y and bool(self.no_start[y[0]]):
                return f"Label {y[0]} may not begin a line but does in {where}"
            for t in range(1, length):
                if bool(self.no_pairs[y[t - 1], y[t]]):
                    return f"Label {y[t]} may not follow {y[t - 1]} but does at {t} in {where}"
            if y and bool(self.no_end[y[-1]]):
                return f"Label {y[-1]} may not end a line but does in {where}"
        return "A parameter or an emission of the CRF is -inf."


def _forbidden(name: str, allowed: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """bool: what is not allowed."""
    rule = torch.as_tensor(allowed).bool()
    if tuple(rule.shape) != shape:
        raise SettingError(
            f"allowed.{name} of shape {list(rule.shape)}; wanted {list(shape)}: {shape[0]} labels."
        )
    if len(shape) == 1 and not bool(rule.any()):
        raise SettingError(f"allowed.{name} allows none of {shape[0]} labels; allow at least one.")
    return ~rule
