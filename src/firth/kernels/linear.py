"""Steps over rows of matrices: scores, weighted sums, prefetch.

    dot_rows   Z[z, j] = A[a] . B[rows[i, j]]            for j < n
    add_rows   E[e] += sum_j Z[z, j] B[rows[i, j]]       over j < n
    dot_block  Z[z, j] = A[a[z]] . B[b[j]]               many by many
    add_block  E[e[z]] += sum_j Z[z, j] B[b[j]]          many by many
    add_row    E[e] += x A[a]
    mix_rows   E[e] = x A[a] + y B[b] + z C[c]
    copy_row   E[e] = A[a]
    clear_row  E[e] = 0

They take (matrix, row) and are written in LLVM's own vectors of sixteen float32: numba gives
LLVM no word that two arrays do not overlap, so that plain loops spend their time on checking.
Four rows are taken at a time, so that A[a] (or E[e]) is loaded once for four products.

All matrices are C-contiguous float32 whose width is a multiple of WIDTH: `padded_zeros` makes
them, and the padding stays zero under every step here.

Under NUMBA_DISABLE_JIT=1 the same names are plain NumPy.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from firth.compiled import FAST, kernel

WIDTH = 16


def padded(dim: int) -> int:
    """The row length that holds `dim` numbers: the next multiple of WIDTH."""
    return -(-dim // WIDTH) * WIDTH


def padded_zeros(rows: int, dim: int) -> np.ndarray:
    """float32[rows, padded(dim)] of zeros, each row beginning on a 64-byte line."""
    width = padded(dim)
    flat = np.zeros(rows * width + WIDTH, np.float32)
    first = (-flat.ctypes.data // 4) % WIDTH
    return flat[first : first + rows * width].reshape(rows, width)


FLOAT = ir.FloatType()
BYTES = ir.IntType(8).as_pointer()
INT32, INT64 = ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, WIDTH)
FLAGS = tuple(sorted(FAST))


def _row(context, builder, kind, array, row):
    """Pointer to the first number of a row."""
    array = context.make_array(kind)(context, builder, array)
    first = ir.Constant(INT64, 0)
    return cgutils.get_item_pointer(context, builder, kind, array, [row, first], wraparound=False)


def _width(context, builder, kind, array):
    array = context.make_array(kind)(context, builder, array)
    return cgutils.unpack_tuple(builder, array.shape, 2)[1]


def _load(builder, row, k):
    return builder.load(builder.bitcast(builder.gep(row, [k]), VECTOR.as_pointer()), align=4)


def _store(builder, value, row, k):
    builder.store(value, builder.bitcast(builder.gep(row, [k]), VECTOR.as_pointer()), align=4)


def _splat(builder, x):
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, x, ir.Constant(INT32, 0))
    lanes = ir.Constant(ir.VectorType(INT32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, undefined, lanes)


def _multiply_add(builder, x, y, z):
    return builder.fadd(builder.fmul(x, y, flags=FLAGS), z, flags=FLAGS)


def _along(builder, width):
    step = ir.Constant(INT64, WIDTH)
    return cgutils.for_range_slice(builder, ir.Constant(INT64, 0), width, step, intp=INT64)


def _dots(p, q):
    """dots(A, a_1 … a_p, B, b_1 … b_q) -> the p x q products A[a_i] . B[b_j], a_1's first."""

    def build(context, builder, signature, args):
        kinds, B = signature.args, 1 + p
        a_rows = [_row(context, builder, kinds[0], args[0], a) for a in args[1:B]]
        b_rows = [_row(context, builder, kinds[B], args[B], b) for b in args[B + 1 :]]
        zero = ir.Constant(VECTOR, [0.0] * WIDTH)
        sums = [cgutils.alloca_once_value(builder, zero) for _ in range(p * q)]
        with _along(builder, _width(context, builder, kinds[0], args[0])) as (k, _):
            xs = [_load(builder, row, k) for row in a_rows]
            for j, row in enumerate(b_rows):
                y = _load(builder, row, k)
                for i, x in enumerate(xs):
                    total = sums[i * q + j]
                    builder.store(_multiply_add(builder, x, y, builder.load(total)), total)
        reduce = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(FLOAT, [FLOAT, VECTOR]),
            f"llvm.vector.reduce.fadd.v{WIDTH}f32",
        )
        start = ir.Constant(FLOAT, 0.0)
        products = [builder.call(reduce, [start, builder.load(s)], fastmath=FLAGS) for s in sums]
        return context.make_tuple(builder, signature.return_type, products)

    return build


def _adds(p, q):
    """adds(E, e_1 … e_p, z_11 … z_pq, B, b_1 … b_q): E[e_i] += sum_j z_ij B[b_j]."""

    def build(context, builder, signature, args):
        kinds, B = signature.args, 1 + p + p * q
        e_rows = [_row(context, builder, kinds[0], args[0], e) for e in args[1 : 1 + p]]
        weights = [_splat(builder, z) for z in args[1 + p : B]]
        b_rows = [_row(context, builder, kinds[B], args[B], b) for b in args[B + 1 :]]
        with _along(builder, _width(context, builder, kinds[0], args[0])) as (k, _):
            totals = [_load(builder, row, k) for row in e_rows]
            for j, row in enumerate(b_rows):
                y = _load(builder, row, k)
                totals = [
                    _multiply_add(builder, weights[i * q + j], y, total)
                    for i, total in enumerate(totals)
                ]
            for row, total in zip(e_rows, totals, strict=True):
                _store(builder, total, row, k)
        return context.get_dummy_value()

    return build


def _mix(context, builder, signature, args):
    kinds = signature.args
    target = _row(context, builder, kinds[0], args[0], args[1])
    weights = [_splat(builder, args[i]) for i in (2, 5, 8)]
    rows = [_row(context, builder, kinds[i], args[i], args[i + 1]) for i in (3, 6, 9)]
    with _along(builder, _width(context, builder, kinds[0], args[0])) as (k, _):
        total = builder.fmul(weights[0], _load(builder, rows[0], k), flags=FLAGS)
        for weight, row in zip(weights[1:], rows[1:], strict=True):
            total = _multiply_add(builder, weight, _load(builder, row, k), total)
        _store(builder, total, target, k)
    return context.get_dummy_value()


def _copy(context, builder, signature, args):
    kinds = signature.args
    target = _row(context, builder, kinds[0], args[0], args[1])
    source = _row(context, builder, kinds[2], args[2], args[3])
    with _along(builder, _width(context, builder, kinds[0], args[0])) as (k, _):
        _store(builder, _load(builder, source, k), target, k)
    return context.get_dummy_value()


def _clear(context, builder, signature, args):
    target = _row(context, builder, signature.args[0], args[0], args[1])
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    with _along(builder, _width(context, builder, signature.args[0], args[0])) as (k, _):
        _store(builder, zero, target, k)
    return context.get_dummy_value()


def _prefetch(context, builder, signature, args):
    row = _row(context, builder, signature.args[0], args[0], args[1])
    prefetch = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [BYTES, INT32, INT32, INT32]),
        "llvm.prefetch.p0",
    )
    # to be read, keep in all levels, data
    flags = [ir.Constant(INT32, flag) for flag in (0, 3, 1)]
    with _along(builder, _width(context, builder, signature.args[0], args[0])) as (k, _):
        builder.call(prefetch, [builder.bitcast(builder.gep(row, [k]), BYTES), *flags])
    return context.get_dummy_value()


_i, _f = types.int64, types.float32

if numba.config.DISABLE_JIT:

    def _dot1(A, a, B, b):
        return (A[a] @ B[b],)

    def _dot2(A, a, B, b, c):
        return A[a] @ B[b], A[a] @ B[c]

    def _dot4(A, a, B, b, c, d, e):
        return A[a] @ B[b], A[a] @ B[c], A[a] @ B[d], A[a] @ B[e]

    def _dot4x2(A, a, b, c, d, B, e, f):
        return tuple(A[i] @ B[j] for i in (a, b, c, d) for j in (e, f))

    def _add1(E, e, z, B, b):
        E[e] += np.float32(z) * B[b]

    def _add2(E, e, z, y, B, b, c):
        E[e] += z * B[b] + y * B[c]

    def _add4(E, e, z, y, x, w, B, b, c, d, f):
        E[e] += z * B[b] + y * B[c] + x * B[d] + w * B[f]

    def _add2x4(E, e, f, p, q, r, s, t, u, v, w, B, a, b, c, d):
        _add4(E, e, p, q, r, s, B, a, b, c, d)
        _add4(E, f, t, u, v, w, B, a, b, c, d)

    def mix_rows(E, e, x, A, a, y, B, b, z, C, c):
        """E[e] = x A[a] + y B[b] + z C[c]."""
        E[e] = x * A[a] + y * B[b] + z * C[c]

    def copy_row(E, e, A, a):
        """E[e] = A[a]."""
        E[e] = A[a]

    def clear_row(E, e):
        """E[e] = 0."""
        E[e] = 0

    def prefetch_row(A, a):
        """Nothing to do: there is no cache to warm in plain Python."""
else:

    @intrinsic
    def _dot1(typing, A, a, B, b):
        return types.UniTuple(_f, 1)(A, _i, B, _i), _dots(1, 1)

    @intrinsic
    def _dot2(typing, A, a, B, b, c):
        return types.UniTuple(_f, 2)(A, _i, B, _i, _i), _dots(1, 2)

    @intrinsic
    def _dot4(typing, A, a, B, b, c, d, e):
        return types.UniTuple(_f, 4)(A, _i, B, _i, _i, _i, _i), _dots(1, 4)

    @intrinsic
    def _dot4x2(typing, A, a, b, c, d, B, e, f):
        return types.UniTuple(_f, 8)(A, _i, _i, _i, _i, B, _i, _i), _dots(4, 2)

    @intrinsic
    def _add1(typing, E, e, z, B, b):
        return types.void(E, _i, _f, B, _i), _adds(1, 1)

    @intrinsic
    def _add2(typing, E, e, z, y, B, b, c):
        return types.void(E, _i, _f, _f, B, _i, _i), _adds(1, 2)

    @intrinsic
    def _add4(typing, E, e, z, y, x, w, B, b, c, d, f):
        return types.void(E, _i, _f, _f, _f, _f, B, _i, _i, _i, _i), _adds(1, 4)

    @intrinsic
    def _add2x4(typing, E, e, f, p, q, r, s, t, u, v, w, B, a, b, c, d):
        return types.void(E, _i, _i, *[_f] * 8, B, _i, _i, _i, _i), _adds(2, 4)

    @intrinsic
    def mix_rows(typing, E, e, x, A, a, y, B, b, z, C, c):
        """E[e] = x A[a] + y B[b] + z C[c]."""
        return types.void(E, _i, _f, A, _i, _f, B, _i, _f, C, _i), _mix

    @intrinsic
    def copy_row(typing, E, e, A, a):
        """E[e] = A[a]."""
        return types.void(E, _i, A, _i), _copy

    @intrinsic
    def clear_row(typing, E, e):
        """E[e] = 0."""
        return types.void(E, _i), _clear

    @intrinsic
    def prefetch_row(typing, A, a):
        """Asks for row `a` of `A` before it is needed; changes nothing."""
        return types.void(A, _i), _prefetch


@kernel(inline="always")
def dot_rows(Z, z, A, a, B, rows, i, n):
    """Z[z, j] = A[a] . B[rows[i, j]] for j < n."""
    j = 0
    while j + 4 <= n:
        Z[z, j], Z[z, j + 1], Z[z, j + 2], Z[z, j + 3] = _dot4(
            A, a, B, rows[i, j], rows[i, j + 1], rows[i, j + 2], rows[i, j + 3]
        )
        j += 4
    if j + 2 <= n:
        Z[z, j], Z[z, j + 1] = _dot2(A, a, B, rows[i, j], rows[i, j + 1])
        j += 2
    if j < n:
        Z[z, j] = _dot1(A, a, B, rows[i, j])[0]


@kernel(inline="always")
def add_rows(E, e, Z, z, B, rows, i, n):
    """E[e] += sum over j < n of Z[z, j] B[rows[i, j]]; B is not E, or its rows are not E[e]."""
    j = 0
    while j + 4 <= n:
        _add4(
            E, e, Z[z, j], Z[z, j + 1], Z[z, j + 2], Z[z, j + 3],
            B, rows[i, j], rows[i, j + 1], rows[i, j + 2], rows[i, j + 3],
        )  # fmt: skip
        j += 4
    if j + 2 <= n:
        _add2(E, e, Z[z, j], Z[z, j + 1], B, rows[i, j], rows[i, j + 1])
        j += 2
    if j < n:
        _add1(E, e, Z[z, j], B, rows[i, j])


@kernel(inline="always")
def dot_block(Z, A, rows_a, a, n_a, B, rows_b, b, n_b):
    """Z[z, j] = A[rows_a[a, z]] . B[rows_b[b, j]] for z < n_a, j < n_b."""
    z = 0
    while z + 4 <= n_a:
        j = 0
        while j + 2 <= n_b:
            (
                Z[z, j], Z[z, j + 1], Z[z + 1, j], Z[z + 1, j + 1],
                Z[z + 2, j], Z[z + 2, j + 1], Z[z + 3, j], Z[z + 3, j + 1],
            ) = _dot4x2(
                A, rows_a[a, z], rows_a[a, z + 1], rows_a[a, z + 2], rows_a[a, z + 3],
                B, rows_b[b, j], rows_b[b, j + 1],
            )  # fmt: skip
            j += 2
        if j < n_b:
            for i in range(z, z + 4):
                Z[i, j] = _dot1(A, rows_a[a, i], B, rows_b[b, j])[0]
        z += 4
    while z < n_a:
        dot_rows(Z, z, A, rows_a[a, z], B, rows_b, b, n_b)
        z += 1


@kernel(inline="always")
def add_block(E, rows_e, e, n_e, Z, B, rows_b, b, n_b):
    """E[rows_e[e, z]] += sum over j < n_b of Z[z, j] B[rows_b[b, j]] for z < n_e.

    The rows of E are different ones, and none of them is a row of B.
    """
    z = 0
    while z + 2 <= n_e:
        first, second = rows_e[e, z], rows_e[e, z + 1]
        j = 0
        while j + 4 <= n_b:
            _add2x4(
                E, first, second,
                Z[z, j], Z[z, j + 1], Z[z, j + 2], Z[z, j + 3],
                Z[z + 1, j], Z[z + 1, j + 1], Z[z + 1, j + 2], Z[z + 1, j + 3],
                B, rows_b[b, j], rows_b[b, j + 1], rows_b[b, j + 2], rows_b[b, j + 3],
            )  # fmt: skip
            j += 4
        while j < n_b:
            _add1(E, first, Z[z, j], B, rows_b[b, j])
            _add1(E, second, Z[z + 1, j], B, rows_b[b, j])
            j += 1
        z += 2
    if z < n_e:
        add_rows(E, rows_e[e, z], Z, z, B, rows_b, b, n_b)


@kernel(inline="always")
def add_row(E, e, x, A, a):
    """E[e] += x A[a]."""
    _add1(E, e, x, A, a)


@kernel(inline="always")
def dot(A, a, B, b):
    """A[a] . B[b]."""
    return _dot1(A, a, B, b)[0]
