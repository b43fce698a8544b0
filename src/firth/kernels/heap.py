"""The k best of many in a heap, as C++ programs keep them (the algorithms of libstdc++).

The order of equals, and which of them are left out, is whatever these steps make of it; fastText
answers so, and its files are read here to the same answers. The smallest key is on top.
"""

from __future__ import annotations

from firth.compiled import kernel


@kernel(inline="always")
def _set(keys, items, p, i, key, item, probability):
    keys[i] = key
    items[i] = item
    p[i] = probability


@kernel
def _rise(keys, items, p, hole, top, key, item, probability):
    """Fills the hole, moved up while what is above is greater than the key."""
    while hole > top and keys[(hole - 1) // 2] > key:
        above = (hole - 1) // 2
        _set(keys, items, p, hole, keys[above], items[above], p[above])
        hole = above
    _set(keys, items, p, hole, key, item, probability)


@kernel
def push(keys, items, p, n, key, item, probability):
    """A heap of n gets one more."""
    _rise(keys, items, p, n, 0, key, item, probability)


@kernel
def pop(keys, items, p, n):
    """The top of a heap of n goes to its end, and the others are a heap again."""
    if n < 2:
        return
    last = n - 1
    key, item, probability = keys[last], items[last], p[last]
    _set(keys, items, p, last, keys[0], items[0], p[0])
    hole = child = 0
    while child < (last - 1) // 2:
        child = 2 * (child + 1)
        if keys[child] > keys[child - 1]:
            child -= 1
        _set(keys, items, p, hole, keys[child], items[child], p[child])
        hole = child
    if last % 2 == 0 and child == (last - 2) // 2:
        child = 2 * (child + 1)
        _set(keys, items, p, hole, keys[child - 1], items[child - 1], p[child - 1])
        hole = child - 1
    _rise(keys, items, p, hole, 0, key, item, probability)


@kernel
def offer(keys, items, p, n, k, key, item, probability):
    """One more for the k best, n so far; returns the new n. Arrays have k + 1 places or more."""
    if n == k and key < keys[0]:
        return n
    push(keys, items, p, n, key, item, probability)
    if n < k:
        return n + 1
    pop(keys, items, p, n + 1)
    return n


@kernel
def fall(keys, items, p, n):
    """Sorts a heap of n: the greatest key first."""
    for size in range(n, 1, -1):
        pop(keys, items, p, size)
