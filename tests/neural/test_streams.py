"""Columns: every unit of a text is predicted once, from what stands before it."""

import pytest

torch = pytest.importorskip("torch", reason="the neural side needs PyTorch")

import numpy as np  # noqa: E402  # after importorskip
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from firth.errors import SettingError  # noqa: E402
from firth.neural.streams import Columns  # noqa: E402


def pairs(columns: Columns, skip: int = 0) -> list[tuple[int, int]]:
    """(input, target) of all places that count, column after column."""
    found = [(window.inputs.tolist(), window.targets.tolist()) for window in columns.windows(skip)]
    return [
        (x, y)
        for column in range(columns.columns)
        for inputs, targets in found
        for x, y in zip(inputs[column], targets[column], strict=True)
        if y >= 0
    ]


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 12))
def test_every_unit_is_predicted_once_from_the_one_before(n, width, length):
    ids = np.arange(100, 100 + n, dtype=np.int32)
    columns = Columns(ids, 7, width, length)
    before = [7, *ids[:-1].tolist()]
    assert pairs(columns) == list(zip(before, ids.tolist(), strict=True))
    assert sum(window.units for window in columns.windows()) == n
    assert len(list(columns.windows())) == len(columns)


def test_windows_can_be_passed_over():
    columns = Columns(np.arange(50, dtype=np.int32), 0, 3, 4)
    whole = list(columns.windows())
    rest = list(columns.windows(2))
    assert len(rest) == len(whole) - 2
    assert torch.equal(rest[0].inputs, whole[2].inputs)


@pytest.mark.parametrize(
    ("columns", "world"), [(4, 1), (4, 2), (5, 2), (5, 3), (7, 4), (3, 3), (20, 8)]
)
def test_processes_share_the_columns(columns, world):
    whole = Columns(np.arange(61, dtype=np.int32), 0, columns, 5)
    parts = [whole.part(rank, world) for rank in range(world)]
    assert sorted(sum(map(pairs, parts), [])) == sorted(pairs(whole))
    assert len(pairs(whole)) == 61
    assert {len(part) for part in parts} == {len(whole)}
    each = [part.columns for part in parts]
    assert sum(each) == columns and max(each) - min(each) <= 1


def test_fewer_columns_than_processes():
    for columns, some in ((3, "3 columns"), (1, "1 column")):
        with pytest.raises(SettingError) as caught:
            Columns(np.arange(48, dtype=np.int32), 0, columns, 5).part(0, 4)
        assert str(caught.value) == (
            f"The text is read in {some}, too few for 4 processes; start fewer, or raise "
            "--batch-size (a short text has few columns)."
        )
