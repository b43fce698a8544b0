"""The files of a published ELMo: options as JSON, weights as HDF5; read, checked, written.

    char_embed                            [261, d]       a row a symbol: 256 bytes, then begin and
                                                         end of a sentence, of a word, padding
    CNN/W_cnn_i  CNN/b_cnn_i              [1, w, d, m]  [m]        m filters of width w
    CNN_high_k/W_carry  b_carry           [F, F]  [F]    highway k: sigma(y W + b), the share of
    CNN_high_k/W_transform  b_transform   [F, F]  [F]    relu(y W + b)          F: sum of all m
    CNN_proj/W_proj  b_proj               [F, P]  [P]    not read if F = P
    RNN_j/RNN/MultiRNNCell/Celll/LSTMCell/               j: 0 left to right, 1 right to left
        W_0  B                            [2 P, 4 H]  [4 H]   columns: i, c~, f, o; 1 is added to
                                                         b_f; rows: first of x_t, then of h_{t-1}
        W_P_0                             [H, P]         projection; not read if H = P

Vectors stand before matrices there: y W, where ours are W y.  The files have no row for the
symbol 0 of their programs, which is their mark of padded words, and no softmax.

Source: the programs of Peters et al. 2018, allenai/bilm-tf bilm/model.py and allenai/allennlp
modules/elmo.py, elmo_lstm.py, which agree but for two things: at F = P and H = P the second wants
a projection, which the first does not read.  We write one there that changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError, MissingExtraError
from firth.files import whole_file
from firth.neural.published_options import Options

#: endings of files of weights
ENDINGS = (".hdf5", ".h5")


def read_weights(path: str | Path, options: Options) -> dict[str, np.ndarray]:
    """float32 arrays by name, of the shapes that the options say.

    Raises:
        FormatError: not HDF5, damaged, or of other options.
        MissingExtraError: h5py is not installed.
    """
    path = Path(path)
    h5py = need_h5py("reading .hdf5")
    if not path.is_file():
        raise FormatError(path, "no such file", "weights of an ELMo (.hdf5)")
    idle = options.not_read()
    found: dict[str, np.ndarray] = {}
    try:
        with h5py.File(path, "r") as file:
            for name, shape in options.shapes().items():
                held = file.get(name)
                if held is None and name in idle:
                    continue
                if held is None or getattr(held, "shape", None) != shape:
                    raise FormatError(
                        path,
                        f"{name} of shape {list(getattr(held, 'shape', [])) or 'none'}",
                        f"{list(shape)}, as the options say",
                        "Options and weights belong together; are these of two models?",
                    )
                if not np.issubdtype(held.dtype, np.floating):
                    raise FormatError(path, f"{name} of type {held.dtype}", "float32")
                found[name] = held[...].astype(np.float32)
    except FormatError:
        raise
    except (OSError, RuntimeError, KeyError) as error:
        # what h5py raises for bytes that are no HDF5, cut short or changed
        raise FormatError(path, f"no whole HDF5 file ({error})", "weights of an ELMo") from None
    for name, plain in idle.items():
        if not np.array_equal(found.setdefault(name, plain), plain):
            raise FormatError(
                path,
                f"a {name} that is not the identity, though its two sides are equal",
                "none, or the identity",
                "bilm-tf does not read it and AllenNLP does, so what the model is, is not clear.",
            )
    return found


def write_published(
    weights: str | Path,
    options_file: str | Path,
    options: Options,
    arrays: Mapping[str, np.ndarray],
    overwrite: bool = False,
) -> None:
    """Both files, whole, or neither.

    Raises:
        ModelExistsError, StorageError: as `whole_file`.
        MissingExtraError: h5py is not installed.
    """
    h5py = need_h5py("writing .hdf5")
    arrays = {**arrays, **options.not_read()}
    assert {name: array.shape for name, array in arrays.items()} == options.shapes()
    with whole_file(options_file, overwrite) as text, whole_file(weights, overwrite) as held:
        text.write_text(json.dumps(options.to_json(), indent=1) + "\n", encoding="utf-8")
        with h5py.File(held, "w") as file:
            for name in sorted(arrays):
                file.create_dataset(name, data=arrays[name].astype(np.float32), dtype="float32")


def need_h5py(what: str) -> Any:
    """
    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise MissingExtraError(what, "h5py", "elmo") from None
    return h5py
