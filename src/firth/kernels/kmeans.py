"""K-means of points with few coordinates: the steps, for one part of a product quantiser.

    begin    c_0 a point at random; c_j a point x_i with probability ~ min_{l < j} |x_i - c_l|^2
                                                  Arthur & Vassilvitskii 2007 (k-means++)
    assign   code_i = argmin_j |x_i - c_j|^2              ties: the lowest j
    move     c_j = mean of the x_i with code_i = j        Lloyd 1982

Points lie coordinate by coordinate, so that one centroid meets many points at once.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel

#: points that meet one centroid after the other: they and their distances stay in the first cache
TOGETHER = 256


@kernel
def begin(x, c, uniform, distances):
    """Chooses points as the first centroids; equal ones only if there are no others left.

    uniform: float64[256], drawn from [0, 1); the others as in `assign`.
    Departs from fastText, which takes any 256 points: of a matrix with many equal rows (n-grams
    that never occurred) most of those would be the same.
    """
    d, n = x.shape
    blocks = (n + TOGETHER - 1) // TOGETHER
    sums = np.zeros(blocks, np.float64)
    far = np.empty(TOGETHER, np.float32)
    distances[:] = np.inf
    chosen = min(int(uniform[0] * n), n - 1)
    for j in range(c.shape[0]):
        for k in range(d):
            c[j, k] = x[k, chosen]
        total = 0.0
        for b in range(blocks):
            first = b * TOGETHER
            near = distances[first : min(first + TOGETHER, n)]
            far[:] = 0
            for k in range(d):
                row = x[k, first : first + len(near)]
                ck = c[j, k]
                for i in range(len(row)):
                    far[i] += (row[i] - ck) * (row[i] - ck)
            for i in range(len(near)):
                near[i] = min(far[i], near[i])
            sums[b] = np.float64(near.sum())
            total += sums[b]
        if j + 1 < c.shape[0] and total > 0:
            chosen = _drawn(distances, sums, uniform[j + 1] * total)


@kernel
def _drawn(distances, sums, wanted):
    """The point at which the distances, added up, pass `wanted`."""
    b = 0
    while b < len(sums) - 1 and (wanted >= sums[b] or sums[b] == 0):
        wanted -= sums[b]
        b += 1
    first = b * TOGETHER
    last = min(first + TOGETHER, len(distances))
    best = first
    for i in range(first, last):
        if distances[i] > 0:  # rounding may carry the sum past the last of them
            best = i
            wanted -= distances[i]
            if wanted < 0:
                break
    return best


@kernel
def assign(x, c, codes, distances):
    """Writes code and squared distance of each point.

    x: float32[d, n], points by coordinate; c: float32[256, d]; codes: uint8[n];
    distances: float32[n].
    """
    d, n = x.shape
    near = np.empty(TOGETHER, np.float32)
    code = np.empty(TOGETHER, np.int32)
    far = np.empty((4, TOGETHER), np.float32)
    for first in range(0, n, TOGETHER):
        last = min(first + TOGETHER, n)
        near[:] = np.inf
        code[:] = 0
        # a centroid is read once for many points, a point once for four centroids
        for j in range(0, 256, 4):
            if d == 2:
                _distances_2(x[0, first:last], x[1, first:last], c, j, far)
            else:
                _distances(x, first, last, c, j, far)
            _closest(far, j, near[: last - first], code)
        for i in range(last - first):
            codes[first + i] = code[i]
            distances[first + i] = near[i]


@kernel
def _distances(x, first, last, c, j, far):
    """far[m, i] = |x_(first + i) - c_(j + m)|^2 for four m."""
    a, b, e, f = far[0], far[1], far[2], far[3]
    far[:, : last - first] = 0
    for k in range(x.shape[0]):
        row = x[k, first:last]
        ca, cb, ce, cf = c[j, k], c[j + 1, k], c[j + 2, k], c[j + 3, k]
        for i in range(len(row)):
            p = row[i]
            a[i] += (p - ca) * (p - ca)
            b[i] += (p - cb) * (p - cb)
            e[i] += (p - ce) * (p - ce)
            f[i] += (p - cf) * (p - cf)


@kernel
def _distances_2(x0, x1, c, j, far):
    """The same for two coordinates, the usual case."""
    a, b, e, f = far[0], far[1], far[2], far[3]
    ca, cb, ce, cf = c[j], c[j + 1], c[j + 2], c[j + 3]
    ca0, ca1, cb0, cb1 = ca[0], ca[1], cb[0], cb[1]
    ce0, ce1, cf0, cf1 = ce[0], ce[1], cf[0], cf[1]
    for i in range(len(x0)):
        p, q = x0[i], x1[i]
        a[i] = (p - ca0) * (p - ca0) + (q - ca1) * (q - ca1)
        b[i] = (p - cb0) * (p - cb0) + (q - cb1) * (q - cb1)
        e[i] = (p - ce0) * (p - ce0) + (q - ce1) * (q - ce1)
        f[i] = (p - cf0) * (p - cf0) + (q - cf1) * (q - cf1)


@kernel
def _closest(far, j, near, code):
    """Keeps the nearest of four more centroids, the first of equally near ones."""
    a, b, e, f = far[0], far[1], far[2], far[3]
    first = np.int32(j)
    for i in range(len(near)):
        best, found = near[i], code[i]
        found = first if a[i] < best else found
        best = min(a[i], best)
        found = first + np.int32(1) if b[i] < best else found
        best = min(b[i], best)
        found = first + np.int32(2) if e[i] < best else found
        best = min(e[i], best)
        found = first + np.int32(3) if f[i] < best else found
        best = min(f[i], best)
        near[i], code[i] = best, found


@kernel
def move(x, c, codes, distances):
    """Moves each centroid to the mean of its points; one without points to the farthest point.

    Arguments as in `assign`; `distances` of points that became centroids are set to 0.
    Departs from fastText, which splits a random class in two a hair's breadth apart.
    """
    d, n = x.shape
    k = c.shape[0]
    sums = np.zeros((k, d), np.float64)
    sizes = np.zeros(k, np.int64)
    for i in range(n):
        code = codes[i]
        sizes[code] += 1
        for l in range(d):  # noqa: E741  (the coordinate)
            sums[code, l] += x[l, i]
    for j in range(k):
        if sizes[j] == 0:
            i = np.argmax(distances)
            distances[i] = 0
            for l in range(d):  # noqa: E741  (see above)
                c[j, l] = x[l, i]
        else:
            for l in range(d):  # noqa: E741  (see above)
                c[j, l] = sums[j, l] / sizes[j]
