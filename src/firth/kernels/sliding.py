"""Sums over windows that slide along a piece of text, and their errors on the way back.

    running_sums     P[0] = 0;  P[c + 1] = P[c] + W[word[first + c]]                          c < n
    window_sums      H[h[i]] = x[i] (P[right[i]] - P[left[i]] - W[word[first + i]] + Q[q])    i < n
    spread_windows   the opposite of both: each row of W in the window of i gets x[i] E[h[i]], but
                     for the row of i itself; Q[q] = sum_i x[i] E[h[i]]

Windows are differences of running sums; their errors go back as a difference array D, whose running
sum at a place is what the row there gets. left and right count from the first place of P and D.

Vector by vector along the rows, and inside that place by place, so that a running sum stays in a
register. Under NUMBA_DISABLE_JIT=1 the same names are plain NumPy; see linear.py.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from firth.kernels import lanes
from firth.kernels.lanes import FLAGS, INT64, VECTOR

_ZERO = ir.Constant(VECTOR, [0.0] * lanes.WIDTH)


class _Call:
    """The arguments of an intrinsic while it is built."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder = context, builder
        self.kinds, self.args = signature.args, args

    def row(self, matrix, number):
        """Pointer to the first number of a row; `matrix` is the place of the argument."""
        return lanes.row(self.context, self.builder, self.kinds[matrix], self.args[matrix], number)

    def entry(self, array, place):
        """One number of an array of one dimension."""
        kind = self.kinds[array]
        made = self.context.make_array(kind)(self.context, self.builder, self.args[array])
        pointer = cgutils.get_item_pointer(
            self.context, self.builder, kind, made, [place], wraparound=False
        )
        return self.builder.load(pointer)

    def along(self, matrix):
        width = lanes.width(self.context, self.builder, self.kinds[matrix], self.args[matrix])
        return lanes.along(self.builder, width)

    def places(self, n):
        return cgutils.for_range_slice(
            self.builder, ir.Constant(INT64, 0), n, ir.Constant(INT64, 1), intp=INT64
        )

    def add(self, a, b):
        return self.builder.add(a, b)

    def sum(self, x, y):
        return self.builder.fadd(x, y, flags=FLAGS)

    def less(self, x, y):
        return self.builder.fsub(x, y, flags=FLAGS)

    def times(self, scalar, y):
        return self.builder.fmul(lanes.splat(self.builder, scalar), y, flags=FLAGS)

    def load(self, row, k):
        return lanes.load(self.builder, row, k)

    def store(self, value, row, k):
        lanes.store(self.builder, value, row, k)

    def register(self):
        """A vector that lives through loops."""
        return cgutils.alloca_once(self.builder, VECTOR)


def _running_sums(context, builder, signature, args):
    call = _Call(context, builder, signature, args)  # P, W, word, first, n
    total = call.register()
    one = ir.Constant(INT64, 1)
    with call.along(0) as (k, _):
        builder.store(_ZERO, total)
        call.store(_ZERO, call.row(0, ir.Constant(INT64, 0)), k)
        with call.places(args[4]) as (c, _):
            number = call.entry(2, call.add(args[3], c))
            now = call.sum(builder.load(total), call.load(call.row(1, number), k))
            builder.store(now, total)
            call.store(now, call.row(0, call.add(c, one)), k)
    return context.get_dummy_value()


def _window_sums(context, builder, signature, args):
    # H, h, x, P, left, right, at, W, word, first, n, Q, q
    call = _Call(context, builder, signature, args)
    q_row = call.row(11, args[12])
    with call.along(0) as (k, _):
        document = call.load(q_row, k)
        with call.places(args[10]) as (i, _):
            place = call.add(args[6], i)
            right = call.load(call.row(3, call.entry(5, place)), k)
            left = call.load(call.row(3, call.entry(4, place)), k)
            own = call.load(call.row(7, call.entry(8, call.add(args[9], i))), k)
            total = call.sum(call.less(right, left), call.less(document, own))
            value = call.times(call.entry(2, place), total)
            call.store(value, call.row(0, call.entry(1, place)), k)
    return context.get_dummy_value()


def _spread_windows(context, builder, signature, args):
    # W, frozen, word, begin, size, first, D, left, right, at, x, E, h, n, Q, q
    call = _Call(context, builder, signature, args)
    total, running = call.register(), call.register()
    q_row = call.row(14, args[15])
    size, n = args[4], args[13]
    one = ir.Constant(INT64, 1)
    before = builder.sub(args[5], args[3])  # places of the segment before the first position
    after = call.add(before, n)
    with call.along(0) as (k, _):
        with call.places(call.add(size, one)) as (c, _):
            call.store(_ZERO, call.row(6, c), k)
        builder.store(_ZERO, total)
        with call.places(n) as (i, _):
            place = call.add(args[9], i)
            error = call.load(call.row(11, call.entry(12, place)), k)
            error = call.times(call.entry(10, place), error)
            builder.store(call.sum(builder.load(total), error), total)
            row = call.row(6, call.entry(7, place))
            call.store(call.sum(call.load(row, k), error), row, k)
            row = call.row(6, call.entry(8, place))
            call.store(call.less(call.load(row, k), error), row, k)
        call.store(builder.load(total), q_row, k)
        builder.store(_ZERO, running)

        def hand_out(start, stop, own):
            """Places start to stop of the segment; `own`: those of the positions themselves, to
            whose rows their own errors do not go."""
            with cgutils.for_range_slice(builder, start, stop, one, intp=INT64) as (c, _):
                now = call.sum(builder.load(running), call.load(call.row(6, c), k))
                builder.store(now, running)
                number = call.entry(2, call.add(args[3], c))
                with builder.if_then(builder.not_(_flag(builder, call.entry(1, number)))):
                    row = call.row(0, number)
                    value = call.sum(call.load(row, k), now)
                    if own:
                        place = call.add(args[9], builder.sub(c, before))
                        error = call.load(call.row(11, call.entry(12, place)), k)
                        error = call.times(call.entry(10, place), error)
                        value = call.less(value, error)
                    call.store(value, row, k)

        hand_out(ir.Constant(INT64, 0), before, False)
        hand_out(before, after, True)
        hand_out(after, size, False)
    return context.get_dummy_value()


def _flag(builder, value):
    """A bool of an array, which is a byte there, as a truth value."""
    return builder.icmp_unsigned("!=", value, ir.Constant(value.type, 0))


_i = types.int64

if numba.config.DISABLE_JIT:

    def running_sums(P, W, word, first, n):
        """P[0] = 0; P[c + 1] = P[c] + W[word[first + c]] for c < n."""
        P[0] = 0
        P[1 : n + 1] = np.cumsum(W[word[first : first + n]], axis=0, dtype=np.float32)

    def window_sums(H, h, x, P, left, right, at, W, word, first, n, Q, q):
        """H[h] = x (P[right] - P[left] - W[word[first + i]] + Q[q]) for i < n; h, x, left and
        right of place at + i."""
        some = slice(at, at + n)
        sums = P[right[some]] - P[left[some]] - W[word[first : first + n]] + Q[q]
        H[h[some]] = x[some, None] * sums

    def spread_windows(W, frozen, word, begin, size, first, D, left, right, at, x, E, h, n, Q, q):
        """The errors x E[h] of n windows, the first around place `first` of `word`, go to
        the rows of the segment word[begin : begin + size], and their sum to Q[q]."""
        D[: size + 1] = 0
        errors = x[at : at + n, None] * E[h[at : at + n]]
        np.add.at(D, left[at : at + n], errors)
        np.subtract.at(D, right[at : at + n], errors)
        Q[q] = errors.sum(axis=0)
        free = ~frozen[word[first : first + n]]
        np.subtract.at(W, word[first : first + n][free], errors[free])
        free = ~frozen[word[begin : begin + size]]
        given = np.cumsum(D[:size], axis=0, dtype=np.float32)
        np.add.at(W, word[begin : begin + size][free], given[free])
else:

    @intrinsic
    def running_sums(typing, P, W, word, first, n):
        """P[0] = 0; P[c + 1] = P[c] + W[word[first + c]] for c < n."""
        return types.void(P, W, word, _i, _i), _running_sums

    @intrinsic
    def window_sums(typing, H, h, x, P, left, right, at, W, word, first, n, Q, q):
        """H[h] = x (P[right] - P[left] - W[word[first + i]] + Q[q]) for i < n; h, x, left and
        right of place at + i."""
        signature = types.void(H, h, x, P, left, right, _i, W, word, _i, _i, Q, _i)
        return signature, _window_sums

    @intrinsic
    def spread_windows(
        typing, W, frozen, word, begin, size, first, D, left, right, at, x, E, h, n, Q, q
    ):
        """The errors x E[h] of n windows, the first around place `first` of `word`, go to
        the rows of the segment word[begin : begin + size], and their sum to Q[q]."""
        signature = types.void(W, frozen, word, _i, _i, _i, D, left, right, _i, x, E, h, _i, Q, _i)
        return signature, _spread_windows
