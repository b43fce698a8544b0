"""Published ELMo weights as a model of ours, and ours as files of that layout.

What the files hold is in `published_layout`; here each array finds its place in the net:

    theirs                       ours
    W [in, out]                  W^T
    W_cnn [1, w, d, m]           weight [m, d, w]
    W_0 [I + P, 4 H]             weight_ih [4 H, I], weight_hh [4 H, P]
    columns i, c~, f, o          rows i, f, c~, o
    B [4 H], 1 added to b_f      bias_ih, with that 1; bias_hh is 0

What a model of ours must be, to be written: its words are spelt in bytes, its filters see the
padding.  Else the published programs would make other vectors of the same words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from firth.errors import SettingError
from firth.neural.bilm import BORDERS, BiLM, bilm_of, symbols_of
from firth.neural.elmo_settings import ELMo
from firth.neural.published_layout import read_weights, write_published
from firth.neural.published_options import Options, cell_name
from firth.neural.symbols import Symbols
from firth.neural.weights import PREFIX
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted


def read_published(weights: str | Path, options: str | Path) -> Fitted:
    """The model in the two files. It has no softmax, and so predicts no words.

    Its text is expected cut into words, as in the 1 Billion Word Benchmark: "do n't stop ."

    Raises:
        FormatError: damaged, of another layout, or options and weights of two models.
        MissingExtraError: h5py is not installed.
    """
    given = Options.read(options)
    arrays = read_weights(weights, given)
    settings = settings_of(given)
    symbols = Symbols("byte", "", given.longest, BORDERS)
    net = BiLM(settings, symbols, words=0)
    _fill(net, given, arrays)
    corpus = {
        "sources": [Path(weights).name, Path(options).name],
        "tokenizer": "whitespace",
        "fold_case": False,
        "symbols": symbols.to_json(),
    }
    return Fitted(
        kind="elmo",
        vectors=None,
        state=net.arrays(),
        settings=settings.to_json(),
        corpus=corpus,
        names=Vocabulary([]),
    )


def save_published(
    fitted: Fitted, weights: str | Path, options: str | Path, overwrite: bool = False
) -> list[str]:
    """Writes a model as the two files; its softmax and its words are left out.

    -> sentences about what one of the published programs does not read, or reads otherwise.

    Raises:
        FormatError: it is no ELMo.
        SettingError: it is one that the layout cannot hold.
        ModelExistsError, StorageError: as `whole_file`.
        MissingExtraError: h5py is not installed.
    """
    net, symbols = bilm_of(fitted), symbols_of(fitted)
    given = options_of(net.settings, symbols)
    write_published(weights, options, given, _arrays(net, given), overwrite)
    return given.not_everywhere()


def settings_of(options: Options) -> ELMo:
    """The settings that make the net of the options."""
    return ELMo(
        preset="original",
        characters="byte",
        longest=options.longest,
        character_dim=options.dim,
        filters=",".join(f"{width}:{many}" for width, many in options.filters),
        activation=options.activation,
        padding="counted",
        highways=options.highways,
        dim=options.width,
        units=options.units,
        projection=options.units > options.width,
        layers=options.layers,
        residual=options.residual,
        cell_clip=options.cell_clip,
        projection_clip=options.projection_clip,
    )


def options_of(settings: ELMo, symbols: Symbols) -> Options:
    """
    Raises:
        SettingError: a net that the layout cannot hold.
    """
    if symbols.unit != "byte":
        raise SettingError(
            f"This model spells words with {len(symbols.characters)} characters of its own, and "
            "the published layout with the 256 bytes; train one with --characters byte."
        )
    if settings.padding != "counted":
        raise SettingError(
            "The filters of this model do not see the padding of words, and those of the published "
            "layout do; train one with --padding counted."
        )
    assert settings.units is not None  # the settings have filled it in
    sizes, (cell, projection) = settings.sizes, settings.limits
    return Options(
        dim=sizes.character_dim,
        filters=settings.widths,
        activation=settings.activation,
        highways=sizes.highways,
        longest=symbols.longest,
        units=settings.units,
        width=sizes.dim,
        layers=sizes.layers,
        residual=settings.residual,
        cell_clip=cell,
        projection_clip=projection,
    )


def _fill(net: BiLM, options: Options, arrays: dict[str, np.ndarray]) -> None:
    """Sets the weights of the net to those of the files."""
    state: dict[str, Any] = {}
    for ours, theirs in _names(options).items():
        state[ours] = _ours(theirs, arrays[theirs])
    for name, i, layer in _cells(options):
        cell = cell_name(i, layer)
        kernel = _reordered(arrays[cell + "W_0"].T)
        state[name + "weight_ih"] = kernel[:, : options.width]
        state[name + "weight_hh"] = kernel[:, options.width :]
        bias = _reordered(arrays[cell + "B"])
        bias[options.units : 2 * options.units] += 1
        state[name + "bias_ih"], state[name + "bias_hh"] = bias, np.zeros_like(bias)
        if options.units > options.width:
            state[name + "weight_hr"] = arrays[cell + "W_P_0"].T
    net.take({PREFIX + name: array for name, array in state.items()})


def _arrays(net: BiLM, options: Options) -> dict[str, np.ndarray]:
    """The weights of the net as in the files."""
    with torch.no_grad():
        state = {name: value.float().cpu().numpy() for name, value in net.state_dict().items()}
    found = {theirs: _theirs(theirs, state[ours]) for ours, theirs in _names(options).items()}
    for name, i, layer in _cells(options):
        cell = cell_name(i, layer)
        kernel = np.concatenate([state[name + "weight_ih"], state[name + "weight_hh"]], 1)
        found[cell + "W_0"] = _reordered(kernel).T
        bias = state[name + "bias_ih"] + state[name + "bias_hh"]
        bias[options.units : 2 * options.units] -= 1
        found[cell + "B"] = _reordered(bias)
        if options.units > options.width:
            found[cell + "W_P_0"] = state[name + "weight_hr"].T
    return found


def _names(options: Options) -> dict[str, str]:
    """Ours -> theirs, of all arrays outside the LSTMs that are both there and here."""
    found = {"characters.embedding": "char_embed"}
    for i in range(len(options.filters)):
        own = f"characters.filters.{i}."
        found |= {own + "weight": f"CNN/W_cnn_{i}", own + "bias": f"CNN/b_cnn_{i}"}
    for k in range(options.highways):
        own, theirs = f"characters.highways.{k}.", f"CNN_high_{k}/"
        for part, called in (("transform", "transform"), ("carry.gate", "carry")):
            found |= {
                f"{own}{part}.weight": f"{theirs}W_{called}",
                f"{own}{part}.bias": f"{theirs}b_{called}",
            }
    if options.features != options.width:
        own = "characters.projection."
        found |= {own + "weight": "CNN_proj/W_proj", own + "bias": "CNN_proj/b_proj"}
    return found


def _ours(name: str, array: np.ndarray) -> np.ndarray:
    """An array of theirs as it stands here."""
    if name == "char_embed":
        return array
    return array[0].T if array.ndim == 4 else array.T


def _theirs(name: str, array: np.ndarray) -> np.ndarray:
    """The opposite of `_ours`."""
    if name == "char_embed":
        return array
    return array.T[None] if array.ndim == 3 else array.T


def _reordered(rows: np.ndarray) -> np.ndarray:
    """Four blocks of rows, the second and the third in each other's place: a copy."""
    i, second, third, o = np.split(rows, 4)
    return np.concatenate([i, third, second, o])


def _cells(options: Options) -> list[tuple[str, int, int]]:
    """(where ours begins, direction, layer) of each cell."""
    ways = ("forwards", "backwards")
    return [
        (f"{way}.cells.{layer}.", i, layer)
        for i, way in enumerate(ways)
        for layer in range(options.layers)
    ]
