"""Steps over rows of matrices: scores, weighted sums, prefetch.

    dot_rows   Z[z, j] = A[a] . B[rows[i, j]]            for j < n
    add_rows   E[e] += sum_j Z[z, j] B[rows[i, j]]       over j < n
    dot_block  Z[z, j] = A[a[z]] . B[b[j]]               many by many
    add_block  E[e[z]] += sum_j Z[z, j] B[b[j]]          many by many
    add_row    E[e] += x A[a]
    mix_rows   E[e] = x A[a] + y B[b] + z C[c]
    copy_row   E[e] = A[a]
    clear_row  E[e] = 0

They take (matrix, row) and are written in LLVM's own vectors of sixteen float32, loops included.
Plain loops would spend their time elsewhere: numba cannot tell LLVM that two arrays do not
overlap, so each loop checks it, and each inlined function with a loop counts references to its
arrays, some 25 ns a call and a line of memory that the threads fight for. Rows are taken in
groups, so that A[a] (or E[e]) is loaded once for four products.

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

from firth.compiled import kernel
from firth.kernels import lanes
from firth.kernels.lanes import BYTES, FLAGS, INT32, INT64, VECTOR, WIDTH


def padded(dim: int) -> int:
    """The row length that holds `dim` numbers: the next multiple of WIDTH."""
    return -(-dim // WIDTH) * WIDTH


def padded_zeros(rows: int, dim: int) -> np.ndarray:
    """float32[rows, padded(dim)] of zeros, each row beginning on a 64-byte line."""
    width = padded(dim)
    flat = np.zeros(rows * width + WIDTH, np.float32)
    first = (-flat.ctypes.data // 4) % WIDTH
    return flat[first : first + rows * width].reshape(rows, width)


def groups(builder, n, sizes, body):
    """body(j, size) for j < n in groups: as many of the first size as there are, then one of each
    smaller one that is left. The sizes are powers of two, falling to 1."""
    first = sizes[0]
    whole = builder.and_(n, ir.Constant(INT64, -first))
    if first == 1:
        whole = n
    step = ir.Constant(INT64, first)
    with cgutils.for_range_slice(builder, ir.Constant(INT64, 0), whole, step, intp=INT64) as (j, _):
        body(j, first)
    for size in sizes[1:]:
        left = builder.and_(n, ir.Constant(INT64, size))
        with builder.if_then(builder.icmp_unsigned("!=", left, ir.Constant(INT64, 0))):
            # what is above this bit is done with
            body(builder.and_(n, ir.Constant(INT64, -2 * size)), size)


def _accumulate(builder, width, e_rows, weights, b_rows):
    """e_i += sum_j weights[i][j] b_j."""
    weights = [[lanes.splat(builder, z) for z in row] for row in weights]
    with lanes.along(builder, width) as (k, _):
        totals = [lanes.load(builder, row, k) for row in e_rows]
        for j, row in enumerate(b_rows):
            y = lanes.load(builder, row, k)
            totals = [
                lanes.multiply_add(builder, weights[i][j], y, total)
                for i, total in enumerate(totals)
            ]
        for row, total in zip(e_rows, totals, strict=True):
            lanes.store(builder, total, row, k)


class _Call:
    """The arguments of an intrinsic while it is built: pointers to rows, entries of rows."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder = context, builder
        self.kinds, self.args = signature.args, args

    def row(self, matrix, row):
        """Pointer to the first entry of a row; `matrix` is the place of the argument."""
        return lanes.row(self.context, self.builder, self.kinds[matrix], self.args[matrix], row)

    def width(self, matrix):
        return lanes.width(self.context, self.builder, self.kinds[matrix], self.args[matrix])

    def entries(self, row, j, n):
        """The n numbers of `row` from place j on."""
        places = [self.builder.add(j, ir.Constant(INT64, q)) for q in range(n)]
        return [self.builder.load(self.builder.gep(row, [place])) for place in places]

    def rows_of(self, matrix, list_, j, n):
        """Pointers to the rows of `matrix` whose numbers stand in `list_` from place j on."""
        numbers = self.entries(list_, j, n)
        if numbers[0].type != INT64:
            numbers = [self.builder.sext(number, INT64) for number in numbers]
        return [self.row(matrix, number) for number in numbers]


def _dot_rows(context, builder, signature, args):
    call = _Call(context, builder, signature, args)  # Z, z, A, a, B, rows, i, n
    z_row, a_row, list_ = call.row(0, args[1]), call.row(2, args[3]), call.row(5, args[6])
    width = call.width(2)

    def some(j, size):
        products = lanes.products(builder, width, [a_row], call.rows_of(4, list_, j, size))[0]
        for q, product in enumerate(products):
            place = builder.add(j, ir.Constant(INT64, q))
            builder.store(product, builder.gep(z_row, [place]))

    groups(builder, args[7], (4, 2, 1), some)
    return context.get_dummy_value()


def _add_rows(context, builder, signature, args):
    call = _Call(context, builder, signature, args)  # E, e, Z, z, B, rows, i, n
    e_row, z_row, list_ = call.row(0, args[1]), call.row(2, args[3]), call.row(5, args[6])
    width = call.width(0)

    def some(j, size):
        weights = call.entries(z_row, j, size)
        _accumulate(builder, width, [e_row], [weights], call.rows_of(4, list_, j, size))

    groups(builder, args[7], (4, 2, 1), some)
    return context.get_dummy_value()


def _dot_block(context, builder, signature, args):
    # Z, A, rows_a, a, n_a, B, rows_b, b, n_b
    call = _Call(context, builder, signature, args)
    list_a, list_b, width = call.row(2, args[3]), call.row(6, args[7]), call.width(1)

    def rows(z, p):
        numbers = [builder.add(z, ir.Constant(INT64, q)) for q in range(p)]
        z_rows = [call.row(0, number) for number in numbers]
        a_rows = call.rows_of(1, list_a, z, p)

        def some(j, q):
            products = lanes.products(builder, width, a_rows, call.rows_of(5, list_b, j, q))
            for z_row, row in zip(z_rows, products, strict=True):
                for r, product in enumerate(row):
                    place = builder.add(j, ir.Constant(INT64, r))
                    builder.store(product, builder.gep(z_row, [place]))

        groups(builder, args[8], (2, 1) if p == 4 else (4, 2, 1), some)

    groups(builder, args[4], (4, 2, 1), rows)
    return context.get_dummy_value()


def _add_block(context, builder, signature, args):
    # E, rows_e, e, n_e, Z, B, rows_b, b, n_b
    call = _Call(context, builder, signature, args)
    list_e, list_b, width = call.row(1, args[2]), call.row(6, args[7]), call.width(0)

    def rows(z, p):
        numbers = [builder.add(z, ir.Constant(INT64, q)) for q in range(p)]
        z_rows = [call.row(4, number) for number in numbers]
        e_rows = call.rows_of(0, list_e, z, p)

        def some(j, q):
            weights = [call.entries(z_row, j, q) for z_row in z_rows]
            _accumulate(builder, width, e_rows, weights, call.rows_of(5, list_b, j, q))

        groups(builder, args[8], (4, 2, 1), some)

    groups(builder, args[3], (2, 1), rows)
    return context.get_dummy_value()


def _dot(context, builder, signature, args):
    call = _Call(context, builder, signature, args)  # A, a, B, b
    rows = [call.row(0, args[1])], [call.row(2, args[3])]
    return lanes.products(builder, call.width(0), *rows)[0][0]


def _add_row(context, builder, signature, args):
    call = _Call(context, builder, signature, args)  # E, e, x, A, a
    e_row, a_row = call.row(0, args[1]), call.row(3, args[4])
    _accumulate(builder, call.width(0), [e_row], [[args[2]]], [a_row])
    return context.get_dummy_value()


def _mix(context, builder, signature, args):
    kinds = signature.args
    target = lanes.row(context, builder, kinds[0], args[0], args[1])
    weights = [lanes.splat(builder, args[i]) for i in (2, 5, 8)]
    rows = [lanes.row(context, builder, kinds[i], args[i], args[i + 1]) for i in (3, 6, 9)]
    with lanes.along(builder, lanes.width(context, builder, kinds[0], args[0])) as (k, _):
        total = builder.fmul(weights[0], lanes.load(builder, rows[0], k), flags=FLAGS)
        for weight, row in zip(weights[1:], rows[1:], strict=True):
            total = lanes.multiply_add(builder, weight, lanes.load(builder, row, k), total)
        lanes.store(builder, total, target, k)
    return context.get_dummy_value()


def _copy(context, builder, signature, args):
    kinds = signature.args
    target = lanes.row(context, builder, kinds[0], args[0], args[1])
    source = lanes.row(context, builder, kinds[2], args[2], args[3])
    with lanes.along(builder, lanes.width(context, builder, kinds[0], args[0])) as (k, _):
        lanes.store(builder, lanes.load(builder, source, k), target, k)
    return context.get_dummy_value()


def _clear(context, builder, signature, args):
    target = lanes.row(context, builder, signature.args[0], args[0], args[1])
    zero = ir.Constant(VECTOR, [0.0] * WIDTH)
    with lanes.along(builder, lanes.width(context, builder, signature.args[0], args[0])) as (k, _):
        lanes.store(builder, zero, target, k)
    return context.get_dummy_value()


def _prefetch(context, builder, signature, args):
    row = lanes.row(context, builder, signature.args[0], args[0], args[1])
    prefetch = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [BYTES, INT32, INT32, INT32]),
        "llvm.prefetch.p0",
    )
    # to be read, keep in all levels, data
    flags = [ir.Constant(INT32, flag) for flag in (0, 3, 1)]
    with lanes.along(builder, lanes.width(context, builder, signature.args[0], args[0])) as (k, _):
        builder.call(prefetch, [builder.bitcast(builder.gep(row, [k]), BYTES), *flags])
    return context.get_dummy_value()


_i, _f = types.int64, types.float32

if numba.config.DISABLE_JIT:

    def dot_rows(Z, z, A, a, B, rows, i, n):
        """Z[z, j] = A[a] . B[rows[i, j]] for j < n."""
        Z[z, :n] = B[rows[i, :n]] @ A[a]

    def add_rows(E, e, Z, z, B, rows, i, n):
        """E[e] += sum over j < n of Z[z, j] B[rows[i, j]]; no row of B is E[e]."""
        E[e] += Z[z, :n] @ B[rows[i, :n]]

    def dot_block(Z, A, rows_a, a, n_a, B, rows_b, b, n_b):
        """Z[z, j] = A[rows_a[a, z]] . B[rows_b[b, j]] for z < n_a, j < n_b."""
        Z[:n_a, :n_b] = A[rows_a[a, :n_a]] @ B[rows_b[b, :n_b]].T

    def add_block(E, rows_e, e, n_e, Z, B, rows_b, b, n_b):
        """E[rows_e[e, z]] += sum over j < n_b of Z[z, j] B[rows_b[b, j]] for z < n_e.

        The rows of E are different ones, and none of them is a row of B.
        """
        E[rows_e[e, :n_e]] += Z[:n_e, :n_b] @ B[rows_b[b, :n_b]]

    def dot(A, a, B, b):
        """A[a] . B[b]."""
        return A[a] @ B[b]

    def add_row(E, e, x, A, a):
        """E[e] += x A[a]."""
        E[e] += np.float32(x) * A[a]

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
    def dot_rows(typing, Z, z, A, a, B, rows, i, n):
        """Z[z, j] = A[a] . B[rows[i, j]] for j < n."""
        return types.void(Z, _i, A, _i, B, rows, _i, _i), _dot_rows

    @intrinsic
    def add_rows(typing, E, e, Z, z, B, rows, i, n):
        """E[e] += sum over j < n of Z[z, j] B[rows[i, j]]; no row of B is E[e]."""
        return types.void(E, _i, Z, _i, B, rows, _i, _i), _add_rows

    @intrinsic
    def dot_block(typing, Z, A, rows_a, a, n_a, B, rows_b, b, n_b):
        """Z[z, j] = A[rows_a[a, z]] . B[rows_b[b, j]] for z < n_a, j < n_b."""
        return types.void(Z, A, rows_a, _i, _i, B, rows_b, _i, _i), _dot_block

    @intrinsic
    def add_block(typing, E, rows_e, e, n_e, Z, B, rows_b, b, n_b):
        """E[rows_e[e, z]] += sum over j < n_b of Z[z, j] B[rows_b[b, j]] for z < n_e.

        The rows of E are different ones, and none of them is a row of B.
        """
        return types.void(E, rows_e, _i, _i, Z, B, rows_b, _i, _i), _add_block

    @intrinsic
    def dot(typing, A, a, B, b):
        """A[a] . B[b]."""
        return _f(A, _i, B, _i), _dot

    @intrinsic
    def add_row(typing, E, e, x, A, a):
        """E[e] += x A[a]."""
        return types.void(E, _i, _f, A, _i), _add_row

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


@kernel
def zero_rows(rows, width):
    """float32[rows, width] of zeros inside a kernel, each row beginning on a 64-byte line."""
    flat = np.zeros(rows * width + WIDTH, np.float32)
    first = (-(flat.ctypes.data // 4)) % WIDTH
    return flat[first : first + rows * width].reshape(rows, width)
