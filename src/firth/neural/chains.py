"""Sums and maxima over all label sequences of a line, by dynamic programming.

    s(y) = start[y_0] + sum_t e[t, y_t] + sum_t M[y_{t-1}, y_t] + end[y_{T-1}]
    a_t(j) = e[t, j] + log sum_i exp(a_{t-1}(i) + M[i, j])     a_0 = start + e[0]      forward
    b_t(i) = log sum_j exp(M[i, j] + e[t+1, j] + b_{t+1}(j))   b_{T-1} = end           backward
    log Z = log sum_j exp(a_{T-1}(j) + end[j])
    d log Z / d e[t, j]  = p(y_t = j)                 = softmax_j (a_t + b_t)
    d log Z / d M[i, j]  = sum_t p(y_{t-1} = i, y_t = j)
    v_t(j) = e[t, j] + max_i (v_{t-1}(i) + M[i, j])                                    Viterbi

Rabiner 1989; Lafferty, McCallum & Pereira 2001. e Tensor[T, B, K]: T positions, B lines, K labels;
M Tensor[K, K] from row to column; start, end Tensor[K]. What is forbidden is -inf.

Every step takes the largest a_t (b_t, v_t) away and adds it up in float64: in float32 the scores of
a line of 5,000 words would be known to a hundredth only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from firth.errors import SettingError
from firth.neural.padding import Padding

#: numbers [pairs of positions, K, K] held at once for the gradient of M: half a MiB, so that they
#: stay in a processor's own memory
HELD = 2**17


def forward_pass(
    e: Tensor, start: Tensor, end: Tensor, M: Tensor, padding: Padding
) -> tuple[Tensor, Tensor]:
    """a Tensor[T, B, K], each up to its own constant, and log Z float64[B]; of an empty line 0.

    After a line's end a stays what it was.

    Raises:
        SettingError: no sequence at all is allowed for a line.
    """
    into = M.t().contiguous()
    here = padding.mask.transpose(0, 1)
    ragged = padding.useful < 1
    a = torch.empty_like(e)
    log_z = e.new_zeros(e.shape[1], dtype=torch.float64)
    for t in range(len(e)):
        raw = torch.logsumexp(a[t - 1][:, None, :] + into, -1) + e[t] if t else start + e[0]
        shifted, shift = _shifted(raw, -1)
        if ragged and t:
            shifted = torch.where(here[t], shifted, a[t - 1])
            shift = shift.where(here[t, :, 0], shift.new_zeros(()))
        a[t] = shifted
        log_z += shift
    log_z += torch.logsumexp(a[-1] + end, -1)
    log_z = log_z.masked_fill(padding.lengths == 0, 0.0)
    must_exist(log_z, padding)
    return a, log_z


def backward_pass(e: Tensor, end: Tensor, M: Tensor, padding: Padding) -> Tensor:
    """b Tensor[T, B, K], each up to its own constant; `end` at and after a line's last position."""
    here = padding.mask.transpose(0, 1)
    ragged = padding.useful < 1
    b = torch.empty_like(e)
    b[-1] = end
    for t in range(len(e) - 1, 0, -1):
        shifted, _ = _shifted(torch.logsumexp(M + (e[t] + b[t])[:, None, :], -1), -1)
        b[t - 1] = torch.where(here[t], shifted, end) if ragged else shifted
    return b


class LogPartition(torch.autograd.Function):
    """log Z float64[B] of (e, start, end, M, padding).

    Its gradients are the probabilities above: no graph over the positions is kept.
    """

    @staticmethod
    def forward(
        ctx: Any, e: Tensor, start: Tensor, end: Tensor, M: Tensor, padding: Padding
    ) -> Tensor:
        a, log_z = forward_pass(e, start, end, M, padding)
        ctx.save_for_backward(e, end, M, a)
        ctx.padding = padding
        return log_z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        e, end, M, a = ctx.saved_tensors
        g = gradients[0].to(e.dtype)
        b = backward_pass(e, end, M, ctx.padding)
        d_e = single(a, b, ctx.padding) * g[:, None]
        d_M = _pairs(a, e + b, M, ctx.padding, g) if ctx.needs_input_grad[3] else None
        d_end = ctx.padding.last(d_e.transpose(0, 1), torch.zeros_like(d_e[0])).sum(0)
        return d_e, d_e[0].sum(0), d_end, d_M, None


def single(a: Tensor, b: Tensor, padding: Padding) -> Tensor:
    """p(y_t = j): Tensor[T, B, K]; 0 after a line's end."""
    return padding.cleared(torch.softmax(a + b, -1).transpose(0, 1)).transpose(0, 1)


def _pairs(a: Tensor, after: Tensor, M: Tensor, padding: Padding, g: Tensor) -> Tensor:
    """sum over lines and positions of g p(y_{t-1} = i, y_t = j): Tensor[K, K]; after: e + b."""
    K = len(M)
    t, line = padding.mask[:, 1:, 0].t().nonzero(as_tuple=True)
    found = torch.zeros_like(M).view(-1)
    size = max(1, HELD // K**2)
    for some, which in zip(t.split(size), line.split(size), strict=True):
        scores = a[some, which][:, :, None] + M + after[some + 1, which][:, None, :]
        p = torch.softmax(scores.view(-1, K * K), -1)
        found += p.mul_(g[which][:, None]).sum(0)
    return found.view(K, K)


def best_sequences(
    e: Tensor, start: Tensor, end: Tensor, M: Tensor, padding: Padding, n: int
) -> tuple[Tensor, Tensor]:
    """The n sequences of each line with the largest s(y), and s(y).

    -> int64[B, n, T], -1 after a line's end; float64[B, n], falling. Where there are fewer than n
    sequences, -1 throughout and -inf. An empty line has one, with the score 0.

    Raises:
        SettingError: no sequence at all is allowed for a line.
    """
    T, B, K = e.shape
    into = M.t().contiguous()
    here = padding.mask.transpose(0, 1)
    ragged = padding.useful < 1
    # v[b, r, j]: of the sequences that end in j the one of rank r
    v = e.new_full((B, n, K), -torch.inf)
    v[:, 0] = start + e[0]
    total = e.new_zeros(B, dtype=torch.float64)
    # r K + j of the position before
    came = torch.empty(T, B, n, K, dtype=torch.int32, device=e.device)
    stay = torch.arange(n * K, device=e.device).view(n, K)
    for t in range(1, T):
        scores = (v[:, None] + into[:, None, :]).view(B, K, n * K)
        top, place = _top(scores, n)
        new, place = top.transpose(1, 2) + e[t][:, None], place.transpose(1, 2)
        shifted, shift = _shifted(new.reshape(B, n * K), -1)
        new = shifted.view(B, n, K)
        if ragged:
            going = here[t][:, None]
            new, place = torch.where(going, new, v), torch.where(going, place, stay)
            shift = shift.where(here[t, :, 0], shift.new_zeros(()))
        v, came[t] = new, place
        total += shift
    top, place = _top((v + end).view(B, n * K), n)
    scores = top.double() + total[:, None]
    labels = torch.empty(T, B, n, dtype=torch.int64, device=e.device)
    for t in range(T - 1, -1, -1):
        labels[t] = place % K
        if t:
            place = came[t].view(B, n * K).gather(1, place).long()
    empty = padding.lengths == 0
    scores = scores.masked_fill(empty[:, None], -torch.inf)
    scores[:, 0] = scores[:, 0].masked_fill(empty, 0.0)
    must_exist(scores[:, 0], padding)
    there = padding.mask.transpose(1, 2) & (scores != -torch.inf)[..., None]
    return labels.permute(1, 2, 0).masked_fill(~there, -1), scores


def _top(scores: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The n largest along the last axis and their places."""
    if n == 1:
        return scores.max(-1, keepdim=True)
    return scores.topk(n, -1)


def _shifted(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """x less its largest number along the axis, and that; -inf stays -inf."""
    largest = x.amax(axis, keepdim=True).clamp(min=torch.finfo(x.dtype).min)
    return x - largest, largest.squeeze(axis)


def must_exist(score: Tensor, padding: Padding) -> None:
    """Refuses a line that no sequence fits: score -inf."""
    none = score == -torch.inf
    if bool(none.any()):
        line = int(none.nonzero()[0, 0])
        raise SettingError(
            f"No sequence of {int(padding.lengths[line])} labels is allowed (line {line} of the "
            "batch); allow a label that may both begin and end, such as O, or give no rule."
        )
