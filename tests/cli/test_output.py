"""Tables for a person, plain lines for a program."""

import json

import pytest

from firth.cli import output

ROWS = [("north", 0.12345, 3, "[bold]"), ("south", 0.00001234, 1_000, "東京")]


def test_plain(capsys):
    output.table(ROWS, ["word", "similarity", "n", "text"])
    assert capsys.readouterr().out == ("north\t0.1235\t3\t[bold]\nsouth\t1.234e-05\t1000\t東京\n")


def test_pretty(capsys, monkeypatch):
    monkeypatch.setattr(output, "pretty", lambda: True)
    output.table(ROWS, ["word", "similarity", "n", "text"], title="near")
    out = capsys.readouterr().out
    for piece in ("word", "similarity", "north", "0.1235", "1.234e-05", "[bold]", "東京"):
        assert piece in out
    # numbers stand under one another at their right ends
    assert "     3" in out
    assert "  1000" in out


def test_json_has_no_nan(capsys):
    output.write_json({"a": float("nan"), "b": [1.5, float("inf")], "c": "東京"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": None, "b": [1.5, None], "c": "東京"}
    assert "東京" in out


@pytest.mark.parametrize(("text", "number"), [("1,000", True), ("-2.5e-07", True), ("", False)])
def test_what_a_number_is(text, number):
    assert output._is_number(text) is number
