"""Drawings made of letters."""

import numpy as np

from firth.plots.letters import curves, shades


def test_a_falling_and_a_level_curve():
    steps = np.arange(9.0)
    drawn = curves({"falls": 10.0**-steps, "level": np.ones(9)}, width=9, height=9)
    body = [line.split("|")[1].ljust(9) for line in drawn[:9]]
    assert body[0] == "A" + "B" * 8  # where they meet the first is seen
    assert [row[column] for column, row in enumerate(body)] == ["A"] * 9
    assert sum(row.count("A") for row in body) == 9
    assert drawn[9].strip() == "+" + "-" * 9
    assert drawn[10].split() == ["t", "=", "1", "9"]
    assert [line.strip() for line in drawn[11:]] == ["A  falls", "B  level"]


def test_the_scale_beside_it():
    drawn = curves({"falls": np.array([1.0, 1e-4])}, width=10, height=5)
    assert [line.split("|")[0].strip() for line in drawn[:5]] == ["1e+00", "", "1e-02", "", "1e-04"]


def test_what_has_no_logarithm():
    drawn = curves({"gone": np.array([0.0, 1e-3, 1.0]), "odd": np.array([np.nan, np.inf, 1.0])})
    assert any("A" in line for line in drawn)
    assert curves({"zero": np.zeros(3)}) == ["There is nothing above 0 to draw."]
    # a level curve has no span of its own
    assert len(curves({"one": np.ones(5)}, height=4)) == 4 + 2 + 1


def test_it_spans_sixteen_powers_of_ten_at_most():
    drawn = curves({"deep": np.array([1e-60, 1.0])}, height=3)
    assert drawn[2].startswith("   1e-16 |A")


def test_shades():
    assert shades([0, 0.19, 0.21, 0.5, 0.99, 1]) == "  ░▒██"
    assert shades([-1, 2]) == " █"
    assert shades(np.array([])) == ""
