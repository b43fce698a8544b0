"""GloVe's weighted least squares with AdaGrad.

    J = 1/2 sum_ij f(X_ij) (w_i . c_j + b_i + d_j - log X_ij)^2        Pennington et al. 2014, (8)
    f(x) = min(1, (x / x_max)^alpha)                                                          (9)
    e_ij = w_i . c_j + b_i + d_j - log X_ij

    g = rate clip(f e c_j);  w_i -= g / sqrt(G_i);  G_i += g^2         AdaGrad, Duchi et al. 2011
    and likewise c_j with w_i, both with the old values of the other

W float32[V, 2 m]  a row: w_i, padded with zeros to m numbers, then its G_i, which starts at 1
B float32[V, 2]    a row: the bias b_i, then its sum of squares, which starts at 1
C, D               the same of the contexts

As in the original program the rate is part of g, so also of G. Its biases know neither rate nor
clipping: b_i -= f e / sqrt(G). That is `free_bias`, the default; else they learn as the rest.

The two loops over the row are LLVM vectors (see lanes), plain NumPy under NUMBA_DISABLE_JIT=1.
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
from firth.kernels.lanes import FLAGS, INT64, VECTOR, WIDTH
from firth.kernels.rng import below


class Parameters(NamedTuple):
    """What is learnt, as the docstring of this file has it."""

    W: np.ndarray
    B: np.ndarray
    C: np.ndarray
    D: np.ndarray


class Entries(NamedTuple):
    """The pairs, tile after tile: places in the tile, log X and f(X)."""

    row: np.ndarray
    column: np.ndarray
    log_x: np.ndarray
    f: np.ndarray


def _half(context, builder, kind, array):
    return builder.udiv(lanes.width(context, builder, kind, array), ir.Constant(INT64, 2))


def _product(context, builder, signature, args):
    kinds = signature.args  # W, i, C, j
    rows = [lanes.row(context, builder, kinds[k], args[k], args[k + 1]) for k in (0, 2)]
    width = _half(context, builder, kinds[0], args[0])
    return lanes.products(builder, width, [rows[0]], [rows[1]])[0][0]


def _root(builder, x):
    kind = ir.FunctionType(VECTOR, [VECTOR])
    sqrt = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{WIDTH}f32")
    return builder.call(sqrt, [x])


def _adagrad(context, builder, signature, args):
    kinds = signature.args  # W, i, C, j, fe, rate, most
    width = _half(context, builder, kinds[0], args[0])
    w, c = (lanes.row(context, builder, kinds[k], args[k], args[k + 1]) for k in (0, 2))
    fe, rate, most = (lanes.splat(builder, args[k]) for k in (4, 5, 6))
    least = builder.fsub(ir.Constant(VECTOR, [0.0] * WIDTH), most)

    def step(other):
        g = builder.fmul(fe, other, flags=FLAGS)
        g = builder.select(builder.fcmp_ordered(">", g, most), most, g)
        g = builder.select(builder.fcmp_ordered("<", g, least), least, g)
        return builder.fmul(rate, g, flags=FLAGS)

    with lanes.along(builder, width) as (k, _):
        old = [lanes.load(builder, row, k) for row in (w, c)]
        for row, value, other in ((w, *old), (c, *old[::-1])):
            g, squares = step(other), builder.gep(row, [width])
            G = lanes.load(builder, squares, k)
            change = builder.fdiv(g, _root(builder, G), flags=FLAGS)
            lanes.store(builder, builder.fsub(value, change, flags=FLAGS), row, k)
            lanes.store(builder, lanes.multiply_add(builder, g, g, G), squares, k)
    return context.get_dummy_value()


_i, _f = types.int64, types.float32

if numba.config.DISABLE_JIT:

    def product(W, i, C, j):
        """w_i . c_j."""
        m = W.shape[1] // 2
        return W[i, :m] @ C[j, :m]

    def adagrad(W, i, C, j, fe, rate, most):
        """The step of w_i and c_j; fe = f e, |f e c| <= most."""
        m = W.shape[1] // 2
        old = W[i, :m].copy(), C[j, :m].copy()
        for row, other in ((W[i], old[1]), (C[j], old[0])):
            g = rate * np.clip(fe * other, -most, most)
            row[:m] -= g / np.sqrt(row[m:])
            row[m:] += g * g
else:

    @intrinsic
    def product(typing, W, i, C, j):
        """w_i . c_j."""
        return _f(W, _i, C, _i), _product

    @intrinsic
    def adagrad(typing, W, i, C, j, fe, rate, most):
        """The step of w_i and c_j; fe = f e, |f e c| <= most."""
        return types.void(W, _i, C, _i, _f, _f, _f), _adagrad


@kernel
def order_of(first, part, parts, rng):
    """int32[n]: in which order the entries of some tiles are visited.

    first int64[tiles + 1]: tile t has entries first[t] <= e < first[t + 1].
    part: of each tile come the entries part, part + parts, part + 2 parts…
    Tiles in random order, and the entries of each in random order; counted from first[0].
    """
    tiles = first.shape[0] - 1
    turn = np.arange(tiles)
    for k in range(tiles - 1, 0, -1):
        other = below(rng, k + 1)
        turn[k], turn[other] = turn[other], turn[k]
    order = np.empty(first[tiles] - first[0], np.int32)
    n = 0
    for tile in turn:
        start = first[tile] - first[0] + part
        these = (first[tile + 1] - first[tile] - part + parts - 1) // parts
        for k in range(these):
            # the new entry goes to a random place, what was there to the end
            other = below(rng, k + 1)
            order[n + k] = order[n + other]
            order[n + other] = start + parts * k
        n += these
    return order[:n]


@kernel
def train(parameters, entries, start, corner, order, rate, most, free_bias):
    """One visit to each entry start + order[k].

    corner: (word, context) that row and column 0 stand for.
    Returns the sum of f e^2 / 2, each at the values before its step, in float64.
    """
    W, B, C, D = parameters
    loss = 0.0
    for k in range(order.shape[0]):
        at = start + np.int64(order[k])
        i = corner[0] + np.int64(entries.row[at])
        j = corner[1] + np.int64(entries.column[at])
        e = product(W, i, C, j) + B[i, 0] + D[j, 0] - entries.log_x[at]
        fe = entries.f[at] * e
        loss += 0.5 * np.float64(fe) * np.float64(e)
        adagrad(W, i, C, j, fe, rate, most)
        g = fe if free_bias else rate * min(max(fe, -most), most)
        B[i, 0] -= g / np.sqrt(B[i, 1])
        D[j, 0] -= g / np.sqrt(D[j, 1])
        B[i, 1] += g * g
        D[j, 1] += g * g
    return loss
