"""Batches of sentences of like length: each sentence once, little padding, the same on resuming."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'firth[neural]'")

from hypothesis import given, settings  # noqa: E402 — after the check for torch
from hypothesis import strategies as st  # noqa: E402

from firth.errors import SettingError  # noqa: E402
from firth.neural.sentences import SentenceBatches, padded  # noqa: E402


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 50), st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_each_sentence_with_words_stands_in_one_batch_which_is_small_enough(lengths, room, epoch):
    batches = SentenceBatches(lengths, room, seed=5)
    found = list(batches.batches(epoch))
    assert len(found) == len(batches) == len(list(batches.in_order()))
    seen = sorted(int(number) for batch in found for number in batch)
    assert seen == [number for number, length in enumerate(lengths) if length]
    for batch in found:
        longest = max(lengths[number] for number in batch)
        assert len(batch) == 1 or longest * len(batch) <= room


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 50), st.integers(0, 12))
@settings(max_examples=50, deadline=None)
def test_skipping_gives_the_batches_that_are_left(lengths, room, skip):
    batches = SentenceBatches(lengths, room, seed=5)
    all_of_them = [batch.tolist() for batch in batches.batches(1)]
    assert [batch.tolist() for batch in batches.batches(1, skip)] == all_of_them[skip:]


def test_a_cut_falls_only_where_the_next_sentence_has_no_room():
    lengths = np.sort(np.random.default_rng(1).integers(1, 30, 500))
    batches = list(SentenceBatches(lengths, 100).in_order())
    for batch, following in itertools.pairwise(batches):
        assert (len(batch) + 1) * lengths[following[0]] > 100


def test_epochs_and_seeds_differ_and_repeat():
    lengths = np.random.default_rng(0).integers(1, 12, 300)

    def order(seed, epoch):
        batches = SentenceBatches(lengths, 60, seed).batches(epoch)
        return [tuple(batch.tolist()) for batch in batches]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)
    # not only the batches change places, but sentences between them
    assert {frozenset(batch) for batch in order(1, 0)} != {frozenset(b) for b in order(1, 1)}


def test_little_of_a_batch_is_padding():
    lengths = np.clip(np.random.default_rng(0).lognormal(3, 0.6, 5000), 1, 100).astype(int)
    at_random = lengths.mean() / np.mean([lengths[i : i + 60].max() for i in range(0, 5000, 60)])
    assert at_random < 0.5
    places = [
        (lengths[batch].sum(), lengths[batch].max() * len(batch))
        for batch in SentenceBatches(lengths, 1500).batches(0)
    ]
    real, all_of_them = np.sum(places, 0)
    assert real / all_of_them > 0.95


def test_processes_share_an_epoch():
    lengths = np.random.default_rng(0).integers(1, 12, 301)
    whole = SentenceBatches(lengths, 60, 3)
    parts = [whole.part(rank, 2) for rank in range(2)]
    assert sum(map(len, parts)) == len(whole)
    mixed = itertools.zip_longest(*(part.batches(4) for part in parts))
    found = [batch.tolist() for pair in mixed for batch in pair if batch is not None]
    assert found == [batch.tolist() for batch in whole.batches(4)]
    left = [batch.tolist() for batch in parts[1].batches(4, 2)]
    assert left == [batch.tolist() for batch in parts[1].batches(4)][2:]
    assert len(left) == len(parts[1]) - 2


def test_bad_input():
    assert len(SentenceBatches([], 10)) == 0
    assert list(SentenceBatches([0, 0], 10).batches(0)) == []
    assert [batch.tolist() for batch in SentenceBatches([5000], 10).batches(0)] == [[0]]
    with pytest.raises(SettingError, match="batch_tokens=0 is out of range; wanted at least 1"):
        SentenceBatches([1], 0)


def test_padded():
    ids = np.arange(10, 20, dtype=np.int32)
    tokens, lengths = padded(ids, np.array([0, 6, 2]), np.array([2, 3, 0]))
    assert tokens.tolist() == [[10, 11, -1], [16, 17, 18], [-1, -1, -1]]
    assert lengths.tolist() == [2, 3, 0]
    assert padded(ids, np.zeros(0, int), np.zeros(0, int))[0].shape == (0, 0)
