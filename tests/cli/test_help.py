"""The help of each command: its line of usage, its texts in whole lines."""

import re

import pytest

from firth.cli.main import COMMANDS, USAGE, build
from firth.cli.options import in_whole_lines
from firth.cli.train import DATA, KINDS, _class_of
from firth.static.window_counts import WindowCounts

EVERY = [(name,) for name in COMMANDS if name != "train"] + [("train", kind) for kind in KINDS]


def command(names):
    app = build()
    for name in names:
        app = app[name]
    return app


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_no_line_breaks_inside_a_sentence(names):
    arguments = command(names).assemble_argument_collection(parse_docstring=True)
    # "*" holds options that are arguments too
    told = {one.name: one.parameter.help for one in arguments if one.name != "*"}
    assert all(told.values()), told
    assert not [name for name, text in told.items() if "\n" in text]


def test_a_break_would_be_noticed():
    def broken(one: str) -> None:
        """What it does, in
        two lines.

        Parameters
        ----------
        one
            The first
            of its lines, the second
            and the third.
        """

    app = build()
    app.command(broken, name="broken")
    arguments = app["broken"].assemble_argument_collection(parse_docstring=True)
    assert str(arguments[0].parameter.help).count("\n") == 2
    in_whole_lines(broken)
    arguments = app["broken"].assemble_argument_collection(parse_docstring=True)
    assert arguments[0].parameter.help == "The first of its lines, the second and the third."


def usage(text):
    return next(line for line in text.splitlines() if line.startswith("Usage: "))


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_usage_names_what_may_be_left_out(firth, names):
    assert "ARGS" not in usage(firth(*names, "--help").out)


@pytest.mark.parametrize("name", USAGE)
def test_usage_is_that_of_cyclopts_else(capsys, name):
    app = build()
    written, app[name].usage = app[name].usage, None
    app.help_print([name])
    own = usage(capsys.readouterr().out)
    assert "[ARGS" in own  # without which the line would not be needed
    assert re.sub(r"\[[A-Z]+(\.\.\.)?\]$", r"[ARGS\1]", str(written)) == own


def test_only_the_first_page_says_what_a_model_is(firth):
    epilogue = "MODEL is a model folder"
    assert epilogue in firth("--help").out
    for names in [*EVERY, ("train",)]:
        assert epilogue not in firth(*names, "--help").out


@pytest.mark.parametrize("kind", KINDS)
def test_only_who_takes_counts_says_so(kind):
    assert ("folder of counts" in DATA[kind]) == issubclass(_class_of(kind), WindowCounts)


def test_settings_that_only_turn_on_have_no_opposite(firth):
    assert "--empty" not in firth("quantize", "--help").out


def test_the_number_of_answers_has_a_long_name(firth, vec):
    short = firth("neighbors", vec, "north", "-n", 2)
    assert short.out == firth("neighbors", vec, "north", "--number", 2).out
    assert len(short.out.splitlines()) == 2
