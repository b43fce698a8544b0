"""What steps written in LLVM's own vectors are made of: rows of float32, WIDTH at a time."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils

from firth.compiled import FAST

#: numbers a vector holds; rows are padded to a multiple of it
WIDTH = 16
FLOAT = ir.FloatType()
BYTES = ir.IntType(8).as_pointer()
INT32, INT64 = ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, WIDTH)
FLAGS = tuple(sorted(FAST))


def row(context, builder, kind, array, row):
    """Pointer to the first number of a row."""
    array = context.make_array(kind)(context, builder, array)
    first = ir.Constant(INT64, 0)
    return cgutils.get_item_pointer(context, builder, kind, array, [row, first], wraparound=False)


def width(context, builder, kind, array):
    array = context.make_array(kind)(context, builder, array)
    return cgutils.unpack_tuple(builder, array.shape, 2)[1]


def load(builder, row, k):
    return builder.load(builder.bitcast(builder.gep(row, [k]), VECTOR.as_pointer()), align=4)


def store(builder, value, row, k):
    builder.store(value, builder.bitcast(builder.gep(row, [k]), VECTOR.as_pointer()), align=4)


def splat(builder, x):
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, x, ir.Constant(INT32, 0))
    lanes = ir.Constant(ir.VectorType(INT32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, undefined, lanes)


def multiply_add(builder, x, y, z):
    return builder.fadd(builder.fmul(x, y, flags=FLAGS), z, flags=FLAGS)


def along(builder, width):
    step = ir.Constant(INT64, WIDTH)
    return cgutils.for_range_slice(builder, ir.Constant(INT64, 0), width, step, intp=INT64)


def products(builder, width, a_rows, b_rows):
    """The scalars a . b, those of the first a first."""
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    sums = [[cgutils.alloca_once(builder, VECTOR) for _ in b_rows] for _ in a_rows]
    for total in (total for row in sums for total in row):
        builder.store(zero, total)
    with along(builder, width) as (k, _):
        xs = [load(builder, row, k) for row in a_rows]
        for j, row in enumerate(b_rows):
            y = load(builder, row, k)
            for i, x in enumerate(xs):
                total = multiply_add(builder, x, y, builder.load(sums[i][j]))
                builder.store(total, sums[i][j])
    reduce = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(FLOAT, [FLOAT, VECTOR]),
        f"llvm.vector.reduce.fadd.v{WIDTH}f32",
    )
    start = ir.Constant(FLOAT, 0.0)
    return [
        [builder.call(reduce, [start, builder.load(total)], fastmath=FLAGS) for total in row]
        for row in sums
    ]
