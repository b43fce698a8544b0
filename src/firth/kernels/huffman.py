"""The Huffman tree of word2vec: frequent words have short codes (Huffman 1952; HCT).

V words are leaves 0…V-1, the V - 1 inner nodes are numbered as they are made; the root is the
last one. As in word2vec.c, a leaf is preferred to an inner node only when strictly smaller, the
second child gets bit 1, and paths are listed from the root.
"""

from __future__ import annotations

import numpy as np

from firth.compiled import kernel


@kernel
def huffman(counts):
    """(points int32[P], codes uint8[P], offsets int64[V+1]) of counts int64[V], falling.

    The path of word w is points[offsets[w]:offsets[w+1]]: the inner nodes from the root to the
    parent of w, with the bit of the child taken at each. P is the sum of the code lengths.
    """
    V = counts.shape[0]
    weight = np.empty(2 * V - 1, np.int64)
    weight[:V] = counts
    parent = np.zeros(2 * V - 1, np.int64)
    bit = np.zeros(2 * V - 1, np.uint8)
    leaf, inner = V - 1, V
    for node in range(V, 2 * V - 1):
        for second in range(2):
            # inner nodes are made in rising order of weight: the smallest is the oldest
            if leaf >= 0 and (inner >= node or weight[leaf] < weight[inner]):
                child = leaf
                leaf -= 1
            else:
                child = inner
                inner += 1
            parent[child] = node
            bit[child] = second
            weight[node] = weight[child] + (weight[node] if second else 0)
    depth = np.zeros(2 * V - 1, np.int64)
    for node in range(2 * V - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
    offsets = np.zeros(V + 1, np.int64)
    for w in range(V):
        offsets[w + 1] = offsets[w] + depth[w]
    points = np.empty(offsets[V], np.int32)
    codes = np.empty(offsets[V], np.uint8)
    for w in range(V):
        node = w
        for place in range(offsets[w + 1] - 1, offsets[w] - 1, -1):
            codes[place] = bit[node]
            node = parent[node]
            points[place] = node - V
    return points, codes, offsets
