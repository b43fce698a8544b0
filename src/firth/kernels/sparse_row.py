"""One sparse row, summed in a dense line and written out in the order of its columns.

    line = line_of(V)
    line.sums[j] += x; touch(line, j)      for any j, any number of times
    n = emit(line, columns, sums, n)       what is not zero, columns ascending; the line is clear

Two levels of flags say where the line is not zero, so that a row costs what it holds and not V.
They are set with plain stores, without a look at what was there: no branch, no waiting.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from firth.compiled import kernel

#: log2 of the columns a flag stands for: of the first level, of the second
GROUP, REGION = 4, 10
LANES = 1 << GROUP


class Line(NamedTuple):
    """sums int64[n], groups uint8[n >> GROUP], regions uint8[n >> REGION]; n >= V + 1.

    Place V is free for what is to be forgotten.
    """

    sums: np.ndarray
    groups: np.ndarray
    regions: np.ndarray


def line_of(size: int) -> Line:
    """A clear line for columns 0 <= j < size."""
    regions = (size >> REGION) + 1
    return Line(
        np.zeros(regions << REGION, np.int64),
        np.zeros(regions << (REGION - GROUP), np.uint8),
        np.zeros(regions, np.uint8),
    )


_INT64, _BOOL = ir.IntType(64), ir.IntType(1)
_VECTOR = ir.VectorType(_INT64, LANES)
_ZEROS = ir.Constant(_VECTOR, [0] * LANES)


def _group(context, builder, kind, array, at):
    """Pointer to the group of sums that begins at `at`."""
    array = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(array.data, [at]), _VECTOR.as_pointer())


def _filled(context, builder, signature, args):
    group = builder.load(_group(context, builder, signature.args[0], *args), align=8)
    mask = builder.bitcast(builder.icmp_signed("!=", group, _ZEROS), ir.IntType(LANES))
    return builder.zext(mask, _INT64)


def _clear(context, builder, signature, args):
    builder.store(_ZEROS, _group(context, builder, signature.args[0], *args), align=8)
    return context.get_dummy_value()


def _lowest(context, builder, signature, args):
    return builder.cttz(args[0], ir.Constant(_BOOL, 1))


if numba.config.DISABLE_JIT:

    def filled(sums, at):
        """The bits of the places at <= j < at + LANES that are not zero."""
        return sum(1 << j for j in range(LANES) if sums[at + j])

    def clear(sums, at):
        """sums[at : at + LANES] = 0."""
        sums[at : at + LANES] = 0

    def lowest(bits):
        """The number of the lowest bit that is set."""
        return (bits & -bits).bit_length() - 1
else:

    @intrinsic
    def filled(typing, sums, at):
        """The bits of the places at <= j < at + LANES that are not zero."""
        return types.int64(sums, types.int64), _filled

    @intrinsic
    def clear(typing, sums, at):
        """sums[at : at + LANES] = 0."""
        return types.void(sums, types.int64), _clear

    @intrinsic
    def lowest(typing, bits):
        """The number of the lowest bit that is set."""
        return types.int64(types.int64), _lowest


@kernel(inline="always")
def touch(line, j):
    """Notes that place `j` may not be zero."""
    line.groups[j >> GROUP] = 1
    line.regions[j >> REGION] = 1


@kernel
def emit(line, columns, sums, n):
    """Writes the line behind the first n entries of columns and sums; returns the new n."""
    for region in range(line.regions.shape[0]):
        if not line.regions[region]:
            continue
        line.regions[region] = 0
        first = region << (REGION - GROUP)
        for group in range(first, first + (1 << (REGION - GROUP))):
            if not line.groups[group]:
                continue
            line.groups[group] = 0
            at = group << GROUP
            bits = filled(line.sums, at)
            while bits:
                j = at + lowest(bits)
                bits &= bits - 1
                columns[n] = j
                sums[n] = line.sums[j]
                n += 1
            clear(line.sums, at)
    return n
