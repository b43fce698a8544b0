"""Features of a line: hashes and n-grams against plain Python, rows against their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firth.kernels import features, hashing, lookup, texts
from firth.kernels.features import Types
from firth.static.examples import types_of
from firth.text.subwords import Subwords, fnv1a
from firth.text.vocabulary import Vocabulary

WORDS = ["eating", "über", "Ёлка", "日本語", "a", "", "🙂x", "</s>", "naïve", "x" * 40]
NONE = np.empty(0, np.int32)


def WordNgrams(longest, buckets, kept):  # noqa: N802  (a tuple, none of whose rows are listed)
    return features.WordNgrams(longest, buckets, kept, NONE, np.empty(0, np.int64))


def spans(words):
    raw = [word.encode("utf-8", "surrogatepass") for word in words]
    stops = np.cumsum([len(one) for one in raw], dtype=np.int64)
    return np.frombuffer(b"".join(raw), np.uint8), np.append(0, stops[:-1]), stops


def word_ngrams(hashes, longest, buckets):
    """The original's rule, written with Python's integers."""
    rows = []
    for i in range(len(hashes)):
        h = hashes[i] % 2**64
        for j in range(i + 1, min(i + longest, len(hashes))):
            h = (h * 116049371 + hashes[j]) % 2**64
            rows.append(h % buckets)
    return rows


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_hashes_are_those_of_subwords(words):
    words = [word.replace("\ud800", "") for word in words]
    hashes = np.empty(len(words), np.int32)
    hashing.hash_all(*spans(words), hashes)
    np.testing.assert_array_equal(hashes.view(np.uint32), fnv1a(words))


@pytest.mark.parametrize(("low", "high"), [(1, 3), (3, 6), (2, 2), (0, 1), (5, 9)])
def test_ngrams_are_those_of_subwords(low, high):
    words = [word for word in WORDS if word != "</s>"]
    for pruned in (None, (np.array([3, 50, 77]), np.array([0, 1, 2]))):
        rule = Subwords(low, high, 101, pruned=pruned)
        offsets, rows = rule.rows(words)
        kept = NONE
        if pruned is not None:
            kept = np.full(101, hashing.PRUNED, np.int32)
            kept[pruned[0]] = pruned[1]
        found, ends = np.empty(4000, np.int32), np.zeros(len(words) + 1, np.int64)
        done = hashing.ngrams_all(*spans(words), low, high, 101, kept, found, ends, 0)
        assert done == len(words)
        np.testing.assert_array_equal(ends, offsets)
        np.testing.assert_array_equal(found[: ends[-1]], rows)


def test_ngrams_stop_where_there_is_no_room():
    words = ["banana"] * 5
    found, ends = np.empty(60, np.int32), np.zeros(6, np.int64)
    first = hashing.ngrams_all(*spans(words), 3, 4, 10, NONE, found, ends, 0)
    assert 0 < first < 5
    larger = np.resize(found, 400)
    assert hashing.ngrams_all(*spans(words), 3, 4, 10, NONE, larger, ends, first) == 5
    assert np.diff(ends).tolist() == [11] * 5


def types(words, known):
    """Types of all words and </s>; `known` have rows in that order."""
    rows = [known.index(word) if word in known else -1 for word in [*words, "</s>"]]
    hashes = fnv1a([*words, "</s>"]).view(np.int32)
    return Types(hashes, np.array(rows, np.int32), np.empty(0, np.int64), NONE)


def lines_of(found_types, ids, ends, runs, order=None, room=(64, 64)):
    """([rows of words], [rows of n-grams], [fresh buckets]) of each line."""
    order = np.arange(len(ends)) if order is None else np.asarray(order)
    rows = features.room(*room)
    found = [], [], []
    first = 0
    with np.errstate(over="ignore"):
        while first < len(order):
            lines, rows = features.rows_of_lines(
                np.asarray(ids, np.int32), np.asarray(ends), order, first, len(order),
                found_types, runs, rows,
            )  # fmt: skip
            for part in range(3):
                begin = 0
                for i in range(lines):
                    end = rows[3][part, i]
                    found[part].append(rows[part][begin:end].tolist())
                    begin = end
                # what is asked for beyond the end is a row
                assert part == 2 or (rows[part][begin : begin + features.AHEAD] == 0).all()
            first += lines
    return found


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
def test_words_and_their_runs(longest):
    words = ["the", "cat", "sat", "naïve"]
    some = types(words, ["</s>", "cat", "the"])
    ids, ends = [0, 1, 2, 3, 1], [3, 3, 5]  # the second line is empty
    own, runs, fresh = lines_of(some, ids, ends, WordNgrams(longest, 1000, NONE))
    assert not any(fresh)
    assert own == [[2, 1, 0], [0], [1, 0]]
    hashes = some.hash.tolist()
    for line, first, last in ((0, 0, 3), (1, 3, 3), (2, 3, 5)):
        text = [hashes[t] for t in ids[first:last]] + [hashes[-1]]
        assert runs[line] == word_ngrams(text, longest, 1000)


def test_unknown_words_and_an_unknown_line_end_still_make_runs():
    some = types(["x", "y"], [])
    own, runs, _ = lines_of(some, [0, 1], [2], WordNgrams(2, 50, NONE))
    assert own == [[]]
    assert len(runs[0]) == 2


def test_pruned_buckets_have_no_row():
    some = types(["x", "y", "z"], ["x"])
    kept = np.full(7, hashing.PRUNED, np.int32)
    _, all_runs, _ = lines_of(some, [0, 1, 2], [3], WordNgrams(3, 7, NONE))
    kept[all_runs[0][0]] = 5
    _, runs, fresh = lines_of(some, [0, 1, 2], [3], WordNgrams(3, 7, kept))
    times = all_runs[0].count(all_runs[0][0])
    assert runs[0] == [5] * times
    assert not fresh[0]
    kept[kept == hashing.PRUNED] = hashing.AT_START
    _, runs, fresh = lines_of(some, [0, 1, 2], [3], WordNgrams(3, 7, kept))
    assert runs[0] == [5] * times
    assert fresh[0] == [bucket for bucket in all_runs[0] if bucket != all_runs[0][0]]


def test_character_ngrams_that_are_not_held():
    words = ["banana", "nab"]
    text = spans(words)
    plain, kept = np.empty(400, np.int32), np.full(31, hashing.AT_START, np.int32)
    ends = np.zeros(3, np.int64)
    hashing.ngrams_all(*text, 2, 3, 31, NONE, plain, ends, 0)
    kept[plain[0]] = 3
    found = np.empty(400, np.int32)
    hashing.ngrams_all(*text, 2, 3, 31, kept, found, ends, 0)
    n = ends[-1]
    there = plain[:n] == plain[0]
    np.testing.assert_array_equal(found[:n][there], 3)
    np.testing.assert_array_equal(-1 - found[:n][~there], plain[:n][~there])
    some = types(words, words)._replace(offsets=np.append(ends, n), ngrams=found[:n])
    _, ngrams, fresh = lines_of(some, [0, 1], [2], WordNgrams(1, 31, kept))
    assert len(ngrams[0]) + len(fresh[0]) == n
    assert set(ngrams[0]) == {3}


def test_runs_that_are_written_down_are_those_worked_out():
    rng = np.random.default_rng(1)
    some = types([f"w{i}" for i in range(20)], [])
    ends = np.cumsum(rng.integers(0, 9, 70))
    ids = rng.integers(0, 20, ends[-1]).astype(np.int32)
    for longest in (2, 3, 4):
        runs = WordNgrams(longest, 1000, NONE)
        mark = np.zeros(1000, np.uint8)
        listed = np.empty(len(ids) * (longest - 1), np.int32)
        listed_ends = np.empty(len(ends), np.int64)
        with np.errstate(over="ignore"):
            features.mark_runs(ids, ends, some, runs, mark)
            features.list_runs(ids, ends, some, runs, listed, listed_ends)
        _, wanted, _ = lines_of(some, ids, ends, runs)
        assert np.flatnonzero(mark).tolist() == sorted({row for line in wanted for row in line})
        assert listed[: listed_ends[-1]].tolist() == [row for line in wanted for row in line]
        order = rng.permutation(70)
        down = runs._replace(listed=listed, listed_ends=listed_ends)
        _, found, _ = lines_of(some, ids, ends, down, order)
        assert found == [wanted[line] for line in order]


def test_lines_in_any_order_and_of_any_length():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(30)]
    some = types(words, words[::2])
    ends = np.cumsum(rng.integers(0, 90, 200))
    ids = rng.integers(0, 30, ends[-1])
    runs = WordNgrams(3, 100, NONE)
    plain = lines_of(some, ids, ends, runs, room=(100_000, 200_000))
    order = rng.permutation(200)
    mixed = lines_of(some, ids, ends, runs, order, room=(10, 10))
    for part in range(3):
        assert [plain[part][line] for line in order] == mixed[part]


def table_of(words):
    text, starts, stops = spans(words)
    hashes = np.empty(len(words), np.int32)
    hashing.hash_all(text, starts, stops, hashes)
    bits = max(4, (2 * len(words)).bit_length())
    slots = np.full(1 << bits, -1, np.int32)
    lookup.enter_words(slots, 32 - bits, hashes)
    return lookup.WordTable(slots, 32 - bits, hashes, text, starts, stops)


def test_words_are_found_by_their_bytes():
    known = [f"word{i}" for i in range(3000)] + WORDS
    table = table_of(known)
    asked = known[::7] + ["word", "word3001", "eatin", "eating ", "日本"]
    text, starts, stops = spans(asked)
    n = len(asked)
    hashes, rows = np.empty(n, np.int32), np.empty(n, np.int32)
    lookup.look_up(
        table, text, starts.astype(np.int32), stops.astype(np.int32), (0, 0, 0), NONE, -1,
        hashes, rows, np.empty(0, np.int64), NONE,
    )  # fmt: skip
    assert rows.tolist() == [known.index(w) if w in known else -1 for w in asked]
    np.testing.assert_array_equal(hashes.view(np.uint32), fnv1a(asked))


def test_words_of_one_hash_are_told_apart():
    # the same 32 bits of FNV-1a
    one, other = "liquid", "costarring"
    assert fnv1a([one]) == fnv1a([other])
    table = table_of([one])
    text, starts, stops = spans([one, other])
    rows = [
        int(lookup.find_word(table, text, starts[i], stops[i], int(fnv1a([one])[0])))
        for i in range(2)
    ]
    assert rows == [0, -1]


def test_tokens_of_texts_are_types_of_their_own():
    known = [word for word in WORDS if word]
    asked = [*known[:2], "unknown", "</s>", "日本"]
    text, starts, stops = spans(asked)
    end = int(fnv1a(["</s>"]).view(np.int32)[0])
    for cut in ((0, 0, 0), (2, 4, 50)):
        runs = WordNgrams(1, 50, NONE)
        reading = texts.Reading(table_of(known), cut, known.index("</s>"), end, runs)
        found = texts.types_of_tokens(
            reading, text, starts.astype(np.int32), stops.astype(np.int32)
        )
        subwords = Subwords(*cut) if cut[1] else None
        wanted = types_of(Vocabulary(asked), Vocabulary(known), subwords)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one[: len(other)], other)
