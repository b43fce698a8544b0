"""Words as the rows of their parts: a word's own row and those of its n-grams.

    sum_rows     E[e] = sum_j W[list[first + j]]           j < n
    spread_row   W[list[first + j]] += x E[e]              j < n
    number       which tokens of a stretch are the same word

Word w stands for the rows list[offsets[w]] … list[offsets[w + 1] - 1] of W.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from firth.compiled import kernel
from firth.kernels import lanes
from firth.kernels.lanes import FLAGS, INT64, VECTOR
from firth.kernels.linear import groups


class Parts(NamedTuple):
    """Input rows, and which of them each word stands for."""

    W: np.ndarray  # float32[rows, padded(dim)]
    offsets: np.ndarray  # int64[V + 1]
    list: np.ndarray  # int32[parts]
    group: int  # tokens whose words are made at once, and handed back at once


def _pointers(context, builder, kinds, args, matrix, list_, first, size):
    """Pointers to `size` rows of the matrix from place `first` of the list on."""
    array = context.make_array(kinds[list_])(context, builder, args[list_])
    rows = []
    for q in range(size):
        place = builder.add(first, ir.Constant(INT64, q))
        pointer = cgutils.get_item_pointer(
            context, builder, kinds[list_], array, [place], wraparound=False
        )
        number = builder.load(pointer)
        if number.type != INT64:
            number = builder.sext(number, INT64)
        rows.append(lanes.row(context, builder, kinds[matrix], args[matrix], number))
    return rows


def _sum_rows(context, builder, signature, args):
    kinds = signature.args  # E, e, W, list, first, n
    target = lanes.row(context, builder, kinds[0], args[0], args[1])
    width = lanes.width(context, builder, kinds[0], args[0])
    zero = ir.Constant(VECTOR, [0.0] * lanes.WIDTH)
    with lanes.along(builder, width) as (k, _):
        lanes.store(builder, zero, target, k)

    def some(j, size):
        first = builder.add(args[4], j)
        rows = _pointers(context, builder, kinds, args, 2, 3, first, size)
        with lanes.along(builder, width) as (k, _):
            total = lanes.load(builder, target, k)
            for row in rows:
                total = builder.fadd(total, lanes.load(builder, row, k), flags=FLAGS)
            lanes.store(builder, total, target, k)

    groups(builder, args[5], (8, 4, 2, 1), some)
    return context.get_dummy_value()


def _spread_row(context, builder, signature, args):
    kinds = signature.args  # W, list, first, n, x, E, e
    source = lanes.row(context, builder, kinds[5], args[5], args[6])
    width = lanes.width(context, builder, kinds[5], args[5])
    x = lanes.splat(builder, args[4])

    def some(j, _size):
        first = builder.add(args[2], j)
        (row,) = _pointers(context, builder, kinds, args, 0, 1, first, 1)
        with lanes.along(builder, width) as (k, _):
            moved = lanes.multiply_add(
                builder, x, lanes.load(builder, source, k), lanes.load(builder, row, k)
            )
            lanes.store(builder, moved, row, k)

    # one by one: the same row may stand in the list twice
    groups(builder, args[3], (1,), some)
    return context.get_dummy_value()


if numba.config.DISABLE_JIT:

    def sum_rows(E, e, W, list_, first, n):
        """E[e] = sum over j < n of W[list_[first + j]]; E is not W."""
        E[e] = W[list_[first : first + n]].sum(axis=0)

    def spread_row(W, list_, first, n, x, E, e):
        """W[list_[first + j]] += x E[e] for j < n; E is not W."""
        np.add.at(W, list_[first : first + n], x * E[e])
else:
    _i, _f = types.int64, types.float32

    @intrinsic
    def sum_rows(typing, E, e, W, list_, first, n):
        """E[e] = sum over j < n of W[list_[first + j]]; E is not W."""
        return types.void(E, _i, W, list_, _i, _i), _sum_rows

    @intrinsic
    def spread_row(typing, W, list_, first, n, x, E, e):
        """W[list_[first + j]] += x E[e] for j < n; E is not W."""
        return types.void(W, list_, _i, _i, _f, E, _i), _spread_row


@kernel
def number(word, begin, end, keys, values, slot, words):
    """Numbers the different words among tokens begin … end - 1 in the order they come.

    slot int64[tokens]: the number of each token's word is written there.  words int64[at least as
    many]: the words by number.  keys, values int64[2^k], 2^k at least twice as many: a hash table.
    Returns how many there are.
    """
    mask = keys.shape[0] - 1
    keys[:] = -1
    n = 0
    for i in range(begin, end):
        place = (word[i] * 40503) & mask
        while keys[place] != -1 and keys[place] != word[i]:
            place = (place + 1) & mask
        if keys[place] == -1:
            keys[place] = word[i]
            values[place] = n
            words[n] = word[i]
            n += 1
        slot[i] = values[place]
    return n


@kernel
def means(parts, out, first, last):
    """out[w - first] = mean of the rows of word w, for first <= w < last."""
    W, offsets, list_, _ = parts
    one = np.empty((1, W.shape[1]), np.float32)
    for w in range(first, last):
        n = offsets[w + 1] - offsets[w]
        sum_rows(one, 0, W, list_, offsets[w], n)
        out[w - first] = one[0, : out.shape[1]] * (np.float32(1) / np.float32(n))


@kernel
def shared_load(offsets, list_, rows, share, rounds):
    """How far words move each other: the largest eigenvalue of x -> A x,

        A[u, w] = |G_u and G_w in common| / |G_u| * share[w]

    with G_w the rows of word w: if each token moves its word by 1 in the same direction, words
    move by this times the tokens on average, through the rows they share.

    offsets, list_: see `Parts`; rows: of W.  share float64[V]: of each word among the tokens.
    rounds: of the power method.
    """
    V = share.shape[0]
    x, mass = np.ones(V), np.zeros(rows)
    value = 0.0
    for _ in range(rounds):
        mass[:] = 0
        for w in range(V):
            for j in range(offsets[w], offsets[w + 1]):
                mass[list_[j]] += share[w] * x[w]
        value = 0.0
        for w in range(V):
            total = 0.0
            for j in range(offsets[w], offsets[w + 1]):
                total += mass[list_[j]]
            x[w] = total / (offsets[w + 1] - offsets[w])
            value = max(value, x[w])
        x /= value
    return value
