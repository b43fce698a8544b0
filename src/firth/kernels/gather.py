"""Sums over long lists of rows that lie scattered in memory.

    gather_rows   E[e] += sum_j W[list[first + j]]     j < n;  asks for rows further on in the list

A text of some hundred features touches as many rows of a matrix of a gigabyte: each would be
waited for, if it were not asked for some rows before. Rows need not be padded here: what is left
beside whole vectors is done number by number, so that matrices mapped from foreign files (also at
odd addresses) serve as they are.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from firth.kernels import lanes
from firth.kernels.lanes import BYTES, FLAGS, INT32, INT64, WIDTH
from firth.kernels.linear import groups


def _prefetch(builder, row, width):
    """Asks for a row, line after line."""
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [BYTES, INT32, INT32, INT32]),
        "llvm.prefetch.p0",
    )
    # to be read, keep in all levels, data
    flags = [ir.Constant(INT32, flag) for flag in (0, 3, 1)]
    with lanes.along(builder, width) as (k, _):
        builder.call(function, [builder.bitcast(builder.gep(row, [k]), BYTES), *flags])


def _gather_rows(context, builder, signature, args):
    kinds = signature.args  # E, e, W, list, first, n, ahead
    target = lanes.row(context, builder, kinds[0], args[0], args[1])
    width = lanes.width(context, builder, kinds[2], args[2])
    whole = builder.and_(width, ir.Constant(INT64, -WIDTH))
    one = ir.Constant(INT64, 1)
    list_ = context.make_array(kinds[3])(context, builder, args[3])

    def row_at(place):
        pointer = cgutils.get_item_pointer(
            context, builder, kinds[3], list_, [place], wraparound=False
        )
        number = builder.sext(builder.load(pointer), INT64)
        return lanes.row(context, builder, kinds[2], args[2], number)

    def some(j, size):
        first = builder.add(args[4], j)
        places = [builder.add(first, ir.Constant(INT64, q)) for q in range(size)]
        for place in places:
            _prefetch(builder, row_at(builder.add(place, args[6])), width)
        rows = [row_at(place) for place in places]
        with lanes.along(builder, whole) as (k, _):
            total = lanes.load(builder, target, k)
            for row in rows:
                total = builder.fadd(total, lanes.load(builder, row, k), flags=FLAGS)
            lanes.store(builder, total, target, k)
        with cgutils.for_range_slice(builder, whole, width, one, intp=INT64) as (k, _):
            place = builder.gep(target, [k])
            total = builder.load(place)
            for row in rows:
                # rows of a mapped file may lie at any byte
                number = builder.load(builder.gep(row, [k]), align=1)
                total = builder.fadd(total, number, flags=FLAGS)
            builder.store(total, place)

    groups(builder, args[5], (8, 4, 2, 1), some)
    return context.get_dummy_value()


if numba.config.DISABLE_JIT:

    def gather_rows(E, e, W, list_, first, n, ahead):
        """E[e] += sum over j < n of W[list_[first + j]]; E is not W."""
        E[e, : W.shape[1]] += W[list_[first : first + n]].sum(axis=0, dtype=np.float32)
else:
    _i = types.int64

    @intrinsic
    def gather_rows(typing, E, e, W, list_, first, n, ahead):
        """E[e] += sum over j < n of W[list_[first + j]]; E is not W.

        list_ int32: rows of W up to place first + n + ahead, exclusive. E is at least as wide as W.
        ahead: how many places further on a row is asked for.
        """
        return types.void(E, _i, W, list_, _i, _i, _i), _gather_rows
