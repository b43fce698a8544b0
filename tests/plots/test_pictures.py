"""Pictures by matplotlib: what is in them, and how they become files."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from firth.errors import MissingExtraError, ModelExistsError, SettingError, StorageError
from firth.plots import figure as pictures
from firth.plots.figure import must_be_a_picture, need_matplotlib

REASON = "pictures need matplotlib (the extra plots)"


@pytest.fixture
def series():
    return {"rnn": 0.5 ** np.arange(20.0), "irnn": np.ones(20)}


@pytest.fixture
def figure(series):
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.gradients import gradients_figure

    return gradients_figure(series, dashed=frozenset({"irnn"}), title="two cells")


def test_curves_are_those_given(figure, series):
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    for name, values in series.items():
        np.testing.assert_array_equal(lines[name].get_ydata(), values)
        np.testing.assert_array_equal(lines[name].get_xdata(), np.arange(1, 21))
    assert lines["irnn"].get_linestyle() == "--" and lines["rnn"].get_linestyle() == "-"
    assert axes.get_yscale() == "log"


def test_nothing_to_draw():
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.gradients import gradients_figure

    with pytest.raises(SettingError, match="no gradient above 0 to draw"):
        gradients_figure({"zero": np.zeros(4)})


def test_gates_are_sorted_and_words_stand_below():
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.gates import gates_figure

    values = np.array([[0.1, 0.9, 0.5], [0.2, 0.8, 0.5]])
    figure = gates_figure({"forget": values, "input": 1 - values}, ["das", "$5"])
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.images[0].get_array(), values[:, [1, 2, 0]].T)
    np.testing.assert_array_equal(second.images[0].get_array(), 1 - values[:, [0, 2, 1]].T)
    assert [label.get_text() for label in second.get_xticklabels()] == ["das", r"\$5"]
    assert first.get_ylabel() == "forget gate"


@pytest.mark.parametrize(
    ("ending", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_files(figure, tmp_path, ending, begin):
    path = tmp_path / f"curves.{ending}"
    pictures.write(figure, path)
    first = path.read_bytes()
    assert first.startswith(begin)
    pictures.write(figure, path)
    assert path.read_bytes() == first
    with pytest.raises(ModelExistsError, match="exists already"):
        pictures.write(figure, path, overwrite=False)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_words_of_any_script(tmp_path):
    """In an .svg they are text, whatever fonts there are; else it is said what is missing."""
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.gates import gates_figure

    words = ["кот", "我", "喜欢", "دوست"]
    picture = gates_figure({"forget": np.full((4, 3), 0.5)}, words)
    pictures.write(picture, tmp_path / "gates.svg")
    text = (tmp_path / "gates.svg").read_text("utf-8")
    assert all(word in text for word in words)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        pictures.write(picture, tmp_path / "gates.png")
    # on a machine with Chinese fonts there is nothing to say
    for warning in heard:
        assert "no installed font has" in str(warning.message)
    assert len(heard) <= 1


def test_wrong_names(tmp_path):
    with pytest.raises(
        SettingError, match=r"a\.gif: pictures are written as \.png, \.svg or \.pdf"
    ):
        must_be_a_picture("a.gif")
    pytest.importorskip("matplotlib", reason=REASON)
    figure = pictures.new_figure(2, 2)
    with pytest.raises(StorageError):
        pictures.write(figure, tmp_path / "nowhere" / "a.png")


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[plots\]"'):
        need_matplotlib()
    with pytest.raises(MissingExtraError, match="A picture needs the package 'matplotlib'"):
        must_be_a_picture("a.png")


def test_modules_load_without_matplotlib():
    code = (
        "import sys; import firth.plots.figure, firth.plots.gates, firth.plots.gradients, "
        "firth.plots.letters; sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- learning curves ---------------------------------------------------------------------------


def test_learning_curves():
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.learning_curve import Curve, learning_curve_figure

    curves = {
        "scratch": Curve([89, 893, 8936], [0.7, 0.85, 0.94], [0.02, 0.01, 0.0]),
        "untrained": Curve([89], [0.69], [0.03]),
    }
    figure = learning_curve_figure(curves, figure="F1", dashed=frozenset(["untrained"]))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and "F1" in axes.get_ylabel()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["scratch", "untrained"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["89", "893", "8,936"]
    first, other = (container.lines[0] for container in axes.containers)
    assert list(first.get_ydata()) == pytest.approx([70, 85, 94])
    assert first.get_linestyle() == "-" and other.get_linestyle() == "--"


def test_no_learning_curves():
    pytest.importorskip("matplotlib", reason=REASON)
    from firth.plots.learning_curve import learning_curve_figure

    with pytest.raises(SettingError, match="nothing to draw"):
        learning_curve_figure({}, figure="F1")
