"""GloVe's parameters as a model of kind "glove" that can be trained further, and back.

The model keeps float32, so numbers of GloVe's files are rounded to seven digits on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firth.errors import SettingError
from firth.text.vocabulary import Vocabulary
from firth.vectors.fitted import Fitted
from firth.vectors.formats.glove_binary import GloVeParameters
from firth.vectors.vectors import Vectors

KIND = "glove"
#: fields of GloVeParameters, which are the names in the state; of sums of squares with a prefix
PARTS = ("word", "word_bias", "context", "context_bias")
SQUARES = "gradsq_"


def to_fitted(
    vocabulary: Vocabulary,
    parameters: GloVeParameters,
    squares: GloVeParameters | None = None,
    corpus: dict[str, Any] | None = None,
) -> Fitted:
    """A model whose vectors are word + context.

    squares: as in gradsq.bin; without them training goes on as if it had just begun.

    Raises:
        SettingError: vectors and squares of different shape; numbers beyond float32.
    """
    if squares is not None and squares.word.shape != parameters.word.shape:
        raise SettingError(
            f"The vectors have {parameters.dim} numbers and the sums of squares {squares.dim}; "
            "give the files of one training."
        )
    state = _as_float32(parameters, "")
    if squares is not None:
        state |= _as_float32(squares, SQUARES)
    return Fitted(
        KIND,
        Vectors(vocabulary, state["word"] + state["context"]),
        state=state,
        settings={"dim": parameters.dim},
        corpus=corpus or {},
    )


def _as_float32(parameters: GloVeParameters, prefix: str) -> dict[str, np.ndarray]:
    state = {}
    with np.errstate(over="ignore"):  # looked for below
        for part in PARTS:
            state[prefix + part] = getattr(parameters, part).astype(np.float32, order="C")
    for name, array in state.items():
        if not np.isfinite(array).all():
            raise SettingError(f"A number of '{name}' is beyond float32 (3.4e38); train anew.")
    return state


def of_fitted(fitted: Fitted) -> tuple[GloVeParameters, GloVeParameters | None]:
    """(parameters, sums of squares or None) of a model.

    Raises:
        SettingError: it is no GloVe model, or one without its state.
    """
    if fitted.kind != KIND:
        raise SettingError(
            f"GloVe's files hold word and context vectors with biases, which a model of kind "
            f"'{fitted.kind}' does not have; give one of kind '{KIND}'."
        )
    missing = [part for part in PARTS if part not in fitted.state]
    if missing:
        raise SettingError(
            f"This {KIND} model has no state ({', '.join(missing)}), only vectors; save those as "
            "word2vec text, say."
        )
    parameters = GloVeParameters(*(fitted.state[part] for part in PARTS))
    if any(SQUARES + part not in fitted.state for part in PARTS):
        return parameters, None
    return parameters, GloVeParameters(*(fitted.state[SQUARES + part] for part in PARTS))
