"""Masks that stay the same over time, and never reach evaluation."""

import math

import pytest

from firth.errors import SettingError

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra 'neural'")

from firth.neural.dropout import (  # noqa: E402  (after the check that torch is there)
    LockedDropout,
    embedded,
    embedding_dropout,
    kept,
    weight_dropout,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(3)


def test_a_locked_mask_is_one_for_all_positions_of_a_line():
    x = torch.ones(4, 9, 50)
    plain = torch.nn.functional.dropout(x, 0.5)
    assert (plain != plain[:, :1]).any()  # the control: plain dropout draws at each position
    dropped = LockedDropout(0.5)(x)
    assert torch.equal(dropped, dropped[:, :1].expand_as(x))
    assert (dropped[0] != dropped[1]).any()  # another line, another mask
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert (LockedDropout(0.5)(x) != dropped).any()  # another call, another mask


def test_the_mean_stays_and_so_does_the_share():
    locked = LockedDropout(0.3)(torch.ones(200, 2, 500))
    # 100,000 draws: the deviation of the mean is sqrt(0.3 / 0.7 / 1e5) = 0.002
    assert locked.mean().item() == pytest.approx(1, abs=0.01)
    assert (locked == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    weights = weight_dropout(torch.ones(300, 300), 0.3, training=True)
    assert (weights == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert weights.mean().item() == pytest.approx(1, abs=0.01)
    # the rows of 20,000 words: whole rows only
    rows = embedding_dropout(torch.ones(20_000, 3), 0.3, training=True)
    assert torch.equal(rows, rows[:, :1].expand_as(rows))
    assert (rows[:, 0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("p", [0.5, 0.1, 0.9, 1e-6, 0.999999])
def test_each_place_of_a_mask_is_drawn_by_itself(p):
    """Four numbers of a mask come out of one random number: none tells of another."""
    n = 40_001  # not a multiple of four
    mask = kept(torch.empty(n), p)
    off = (mask == 0).double()
    cut = min(round(p * 65536), 65535) / 65536
    assert mask[mask > 0].tolist() == pytest.approx([1 / (1 - cut)] * int((mask > 0).sum()))
    spread = math.sqrt(cut * (1 - cut) / (n / 4)) + 1e-9
    for place in range(4):
        assert off[place::4].mean().item() == pytest.approx(cut, abs=5 * spread)
        other = off[place + 1 : n - 4 + place]
        together = (off[: len(other)] * other).mean().item()  # at a distance of 1 to 4
        assert together == pytest.approx(cut * cut, abs=5 * spread)


def test_nothing_is_dropped_in_evaluation_or_with_p_0():
    x, before = torch.rand(2, 3, 4), torch.get_rng_state()
    assert LockedDropout(0.5).eval()(x) is x
    assert LockedDropout(0.0)(x) is x
    rows = x[0]
    assert weight_dropout(rows, 0.5, training=False) is rows
    assert embedding_dropout(rows, 0.5, training=False) is rows
    assert embedding_dropout(rows, 0.0, training=True) is rows
    assert torch.equal(torch.get_rng_state(), before)  # nor drawn


def test_rows_looked_up_are_those_of_the_table_with_rows_dropped():
    table = torch.rand(30, 4)
    ids = torch.tensor([[3, 7, 3], [29, 0, 7]])
    torch.manual_seed(5)
    whole = embedding_dropout(table, 0.4, training=True)[ids]
    torch.manual_seed(5)
    assert torch.equal(embedded(ids, table, 0.4, training=True), whole)
    assert (whole == 0).any()
    assert torch.equal(embedded(ids, table, 0.4, training=False), table[ids])


def test_gradients_reach_what_was_kept():
    weight = torch.ones(40, 40, requires_grad=True)
    for drop in (weight_dropout, embedding_dropout):
        dropped = drop(weight, 0.4, True)
        (found,) = torch.autograd.grad(dropped.sum(), weight)
        torch.testing.assert_close(found, dropped.detach())  # of 1: the mask itself
    x = torch.ones(2, 3, 4, requires_grad=True)
    locked = LockedDropout(0.4)(x)
    (found,) = torch.autograd.grad(locked.sum(), x)
    torch.testing.assert_close(found, locked.detach())


def test_the_seed_decides():
    def draw():
        torch.manual_seed(11)
        return LockedDropout(0.5)(torch.ones(2, 3, 100))

    assert torch.equal(draw(), draw())


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan")])
def test_a_share_that_leaves_nothing_is_refused(p):
    with pytest.raises(SettingError, match="out of range; wanted a share from 0 to below 1"):
        LockedDropout(p)
    with pytest.raises(SettingError, match="out of range"):
        embedding_dropout(torch.ones(2, 2), p, training=True)
    with pytest.raises(SettingError, match="out of range"):
        weight_dropout(torch.ones(2, 2), p, training=True)
