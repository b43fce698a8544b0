"""Documents in chunks: every token once and in order, and no row with too many of them."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.compiled import kernel
from firth.kernels import paragraphs
from firth.kernels.linear import padded_zeros
from firth.kernels.rng import seeded
from firth.kernels.sliding import running_sums, spread_windows, window_sums
from firth.kernels.windows import Block, subsample


def given_of(offsets, rows, length, piece, most, parts, hidden):
    Q = padded_zeros(1, 4)
    return paragraphs.Paragraphs(
        Q, offsets, rows, Q, False, False, False, False, length, piece, most, parts, hidden, 1
    )


@kernel
def chunks_of(given, lines, starts, stops, word, out):
    """All chunks: out[:, i] = (chunk, line, start, stop) of the i-th part; returns the parts."""
    room = paragraphs.empty_chunk(given)
    n = chunk = 0
    p, at = 0, -1
    while p < lines.shape[0]:
        n_parts, n_rows, n_tokens, p, at = paragraphs.next_chunk(
            given, lines, starts, stops, 0, p, at, word, room
        )
        if n_parts == 0 or n_tokens == 0 or n_rows > given.hidden:
            return -1
        for i in range(n_parts):
            out[0, n], out[1, n] = chunk, room.line[i]
            out[2, n], out[3, n] = room.start[i], room.stop[i]
            n += 1
        chunk += 1
    return n


lengths = st.lists(st.integers(0, 40), min_size=1, max_size=12)


# the first example waits for the compiler
@settings(deadline=None)
@given(lengths, st.integers(1, 9))
def test_pieces_tile_every_line_and_are_spread(sizes, length):
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    wanted = np.arange(len(sizes)) % 4 != 3
    lines, starts, stops = paragraphs.pieces(bounds, wanted, length)
    assert (stops - starts).max(initial=0) <= length
    times = []
    for line, size in enumerate(sizes):
        own = np.flatnonzero(lines == line)
        if not wanted[line]:
            assert len(own) == 0
            continue
        # its pieces come in order, one after another
        edges = [*starts[own], *stops[own][-1:]]
        assert edges == sorted(edges)
        assert list(stops[own][:-1]) == edges[1:-1]
        if size:
            assert (edges[0], edges[-1]) == (bounds[line], bounds[line + 1])
        times += [(place, (2 * p + 1) / (2 * len(own))) for p, place in enumerate(own)]
    # in the order of their times, to within one step
    ordered = [time for _, time in sorted(times)]
    assert all(b - a > -1.0001 / max(1, len(lines)) for a, b in itertools.pairwise(ordered))


@settings(deadline=None)
@given(
    lengths, st.integers(1, 60), st.integers(1, 16), st.integers(1, 5), st.integers(1, 6),
    st.integers(1, 3), st.integers(0, 10),
)  # fmt: skip
def test_chunks_hold_every_token_once(sizes, length, piece, most, parts, ids, seed):
    rng = np.random.default_rng(seed)
    piece = min(piece, length)
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    word = rng.integers(0, 6, bounds[-1])
    rows = [rng.choice(5, rng.integers(0, ids + 1), replace=False) for _ in sizes]
    offsets = np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64)
    flat = np.concatenate(rows).astype(np.int32)
    room = given_of(offsets, flat, length, piece, most, parts, max(3, parts))
    every = np.ones(len(sizes), bool)
    cut = paragraphs.pieces(bounds, every, piece)
    out = np.zeros((4, len(word) + 1), np.int64)
    n = chunks_of(room, *cut, word, out)
    assert n >= 0
    chunk, line, start, stop = out[:, :n]
    seen = np.concatenate([np.zeros(0), *map(np.arange, start, stop)])
    assert sorted(seen) == list(range(len(word)))
    for number in range(chunk.max(initial=-1) + 1):
        own = np.flatnonzero(chunk == number)
        tokens = np.concatenate([word[start[i] : stop[i]] for i in own])
        assert len(tokens) <= length
        assert len(own) <= parts
        assert np.bincount(tokens).max() <= most
        taken = np.zeros(5, int)
        for i in own:
            taken[rows[line[i]]] += stop[i] - start[i]
        assert taken.max() <= piece


def test_kept_is_subsample():
    """The same draws, told by line."""
    ids = np.random.default_rng(1).integers(0, 9, 200).astype(np.int32)
    block = Block(ids, np.array([20, 20, 70, 200], np.int64), 3)
    keep = np.linspace(0.2, 1.1, 9).astype(np.float32)
    word, bounds = paragraphs.kept(block, keep, seeded(4, 0, 0))
    expected, first, last = subsample(block, keep, seeded(4, 0, 0))
    np.testing.assert_array_equal(word, expected)
    got = paragraphs.line_bounds(bounds, len(word))
    np.testing.assert_array_equal(got, (first, last))
    assert bounds[1] == bounds[2]


@kernel
def there_and_back(P, W, frozen, word, begin, size, first, n, left, right, x, H, E, Q):
    """The three steps of sliding.py over one segment, as a model takes them."""
    running_sums(P, W, word, begin, size)
    h = np.arange(1, 1 + x.shape[0])
    window_sums(H, h, x, P, left, right, 1, W, word, first, n, Q, 1)
    spread_windows(W, frozen, word, begin, size, first, P, left, right, 1, x, E, h + 1, n, Q, 2)


def test_windows_slide_there_and_back():
    rng = np.random.default_rng(3)
    V, dim = 7, 21
    matrices = [padded_zeros(rows, dim) for rows in (V, 12, 12, 4, 20)]
    for matrix in matrices:
        matrix[:, :dim] = rng.normal(size=(len(matrix), dim))
    W, H, E, Q, P = matrices
    word = np.array([9, 9, 3, 1, 4, 1, 1, 6, 2, 0, 9], np.int64)  # words 2 to 9 are the segment
    begin, size, first, n = 2, 8, 4, 4
    # one place more before, as the arrays of a chunk have
    left = np.array([99, 0, 2, 2, 4])
    right = np.array([99, 4, 5, 8, 7])
    x = rng.normal(size=5).astype(np.float32)
    frozen = np.zeros(10, bool)
    frozen[4] = True
    W0, H0, Q0 = W.astype(float), H.copy(), Q.copy()
    expected_h, expected_w = H.astype(float), W0.copy()
    total = np.zeros(W.shape[1])
    for i in range(n):
        window = [c for c in range(left[1 + i], right[1 + i]) if c + begin != first + i]
        rows = word[begin + np.array(window, int)]
        expected_h[2 + i] = x[1 + i] * (W0[rows].sum(axis=0) + Q0[1])
        error = x[1 + i] * E[3 + i].astype(float)
        for row in rows:
            if not frozen[row]:
                expected_w[row] += error
        total += error
    there_and_back(P, W, frozen, word, begin, size, first, n, left, right, x, H, E, Q)
    np.testing.assert_allclose(H, expected_h, atol=2e-6)
    np.testing.assert_allclose(W, expected_w, atol=4e-6)
    np.testing.assert_allclose(Q[2], total, atol=2e-6)
    np.testing.assert_array_equal(Q[[0, 1, 3]], Q0[[0, 1, 3]])
    np.testing.assert_array_equal(H[[0, 1, *range(6, 12)]], H0[[0, 1, *range(6, 12)]])
