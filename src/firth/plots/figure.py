"""What every picture shares: how one begins, and how it becomes a file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firth.errors import MissingExtraError, SettingError
from firth.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: endings of files that pictures are written as
ENDINGS = ("png", "svg", "pdf")
#: fonts that are tried one after the other for letters the first does not have, if installed
FONTS = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "Noto Naskh Arabic",
    "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Hebrew", "Arial Unicode MS",
)  # fmt: skip


def need_matplotlib() -> None:
    """
    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401  (whether it is there)
    except ImportError:
        raise MissingExtraError("A picture", "matplotlib", "plots") from None


def must_be_a_picture(path: str | Path) -> None:
    """Checked before long work begins.

    Raises:
        SettingError: another ending than those of pictures.
        MissingExtraError: matplotlib is not installed.
    """
    if ending_of(path) not in ENDINGS:
        raise SettingError(
            f"{path}: pictures are written as .{', .'.join(ENDINGS[:-1])} or .{ENDINGS[-1]}; "
            "let the name end so."
        )
    need_matplotlib()


def ending_of(path: str | Path) -> str:
    return Path(path).suffix.lower().removeprefix(".")


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, in inches: no window, no state of matplotlib is touched."""
    need_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def write(figure: Figure, path: str | Path, *, overwrite: bool = True) -> None:
    """Writes a picture, as its name ends: whole, or not at all. The same figure, the same bytes.

    Letters of an .svg stay text, drawn by whatever shows it in its own fonts.

    Raises:
        SettingError: another ending.  StorageError: it cannot be written.
        ModelExistsError: it is there, and `overwrite` is false.
    """
    must_be_a_picture(path)
    import matplotlib
    from matplotlib import font_manager

    ending = ending_of(path)
    installed = set(font_manager.get_font_names())
    fonts = [font for font in FONTS if font in installed] or ["DejaVu Sans"]
    options: Any = {"svg.fonttype": "none", "svg.hashsalt": "firth", "font.family": fonts}
    for text in figure.findobj(lambda artist: hasattr(artist, "set_fontfamily")):
        text.set_fontfamily(fonts)  # type: ignore[attr-defined]  # it has, as was asked
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending)
    with (
        matplotlib.rc_context(options),
        warnings.catch_warnings(record=True) as heard,
        whole_file(path, overwrite) as partial,
    ):
        warnings.simplefilter("always")
        figure.savefig(partial, format=ending, dpi=150, metadata=date)
    missing = sum("missing from" in str(one.message) for one in heard)
    if missing and ending != "svg":
        warnings.warn(
            f"{path}: no installed font has {missing} of the letters; they are empty boxes. An "
            ".svg is drawn by the browser, in its fonts.",
            stacklevel=2,
        )
