"""The options of a published ELMo: the JSON beside its weights, read, checked, written.

    char_cnn   activation, embedding/dim, filters [[width, how many]], n_highway,
               max_characters_per_token, n_characters
    lstm       dim, projection_dim, n_layers, cell_clip, proj_clip, use_skip_connections

The letters are those of `published_layout`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firth.errors import FormatError

#: rows of char_embed
SYMBOLS = 261
#: places of a word in AllenNLP, whatever the options say
READ_BY_ALLENNLP = 50
#: what their programs count, the mark of padded words included
COUNTED = 262


@dataclass(frozen=True)
class Options:
    """What the JSON says.

    dim: d.  filters: (w, m).  units: H.  width: P.  Clips: 0 for none.
    """

    dim: int
    filters: tuple[tuple[int, int], ...]
    activation: str
    highways: int
    longest: int
    units: int
    width: int
    layers: int
    residual: bool
    cell_clip: float
    projection_clip: float

    @property
    def features(self) -> int:
        """F."""
        return sum(many for _, many in self.filters)

    @staticmethod
    def read(path: str | Path) -> Options:
        """
        Raises:
            FormatError: not such options; what is missing or strange is named.
        """
        path = Path(path)
        try:
            given = json.loads(path.read_bytes())
        except OSError as error:
            raise FormatError(path, str(error.strerror).lower(), "options of an ELMo") from None
        except (ValueError, RecursionError) as error:
            raise FormatError(path, f"damaged JSON ({error})", "options of an ELMo") from None
        if not isinstance(given, dict) or "char_cnn" not in given or "lstm" not in given:
            some = ", ".join(given) if isinstance(given, dict) else type(given).__name__
            raise FormatError(
                path,
                f"JSON of {some or 'nothing'}",
                "char_cnn and lstm, as in the options of a published ELMo",
                "A model whose input are tokens has no char_cnn, and cannot be read.",
            )
        found = _Checked(path, given)
        cnn, lstm = "char_cnn", "lstm"
        symbols = found.whole(cnn, "n_characters", least=1)
        if symbols not in (SYMBOLS, COUNTED):
            raise FormatError(path, f"n_characters {symbols}", f"{SYMBOLS} or {COUNTED}")
        options = Options(
            dim=found.whole(cnn, "embedding", "dim", least=1),
            filters=found.filters(),
            activation=found.activation(),
            highways=found.whole(cnn, "n_highway", least=0, default=0),
            longest=found.whole(cnn, "max_characters_per_token", least=6),
            units=found.whole(lstm, "dim", least=1),
            width=found.whole(lstm, "projection_dim", least=1),
            layers=found.whole(lstm, "n_layers", least=1, default=1),
            residual=found.flag(lstm, "use_skip_connections"),
            cell_clip=found.clip(lstm, "cell_clip"),
            projection_clip=found.clip(lstm, "proj_clip"),
        )
        if options.width > options.units:
            raise FormatError(
                path,
                f"lstm/projection_dim {options.width} and lstm/dim {options.units}",
                "a projection to fewer numbers, or to as many (none)",
            )
        return options

    def to_json(self) -> dict[str, Any]:
        return {
            "bidirectional": True,
            "char_cnn": {
                "activation": self.activation,
                "embedding": {"dim": self.dim},
                "filters": [list(pair) for pair in self.filters],
                "max_characters_per_token": self.longest,
                "n_characters": COUNTED,
                "n_highway": self.highways,
            },
            "lstm": {
                "cell_clip": self.cell_clip or None,
                "dim": self.units,
                "n_layers": self.layers,
                "proj_clip": self.projection_clip or None,
                "projection_dim": self.width,
                "use_skip_connections": self.residual,
            },
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every array that the weights hold."""
        F, P, H = self.features, self.width, self.units
        found: dict[str, tuple[int, ...]] = {"char_embed": (SYMBOLS, self.dim)}
        for i, (w, m) in enumerate(self.filters):
            found |= {f"CNN/W_cnn_{i}": (1, w, self.dim, m), f"CNN/b_cnn_{i}": (m,)}
        for k in range(self.highways):
            for part in ("carry", "transform"):
                found |= {f"CNN_high_{k}/W_{part}": (F, F), f"CNN_high_{k}/b_{part}": (F,)}
        found |= {"CNN_proj/W_proj": (F, P), "CNN_proj/b_proj": (P,)}
        for j in range(2):
            for layer in range(self.layers):
                cell = cell_name(j, layer)
                found |= {
                    cell + "W_0": (2 * P, 4 * H),
                    cell + "B": (4 * H,),
                    cell + "W_P_0": (H, P),
                }
        return found

    def not_everywhere(self) -> list[str]:
        """What only one of the two programs makes of such a model, a sentence each."""
        found = []
        if self.width > self.features:
            found.append(
                f"bilm-tf refuses a projection_dim of {self.width} above the {self.features} "
                "filters; AllenNLP reads it. For both give --dim no more than there are --filters."
            )
        if self.longest != READ_BY_ALLENNLP:
            found.append(
                f"AllenNLP spells every word with {READ_BY_ALLENNLP} symbols and this model with "
                f"{self.longest}, so that its vectors differ there. For both train with --longest "
                f"{READ_BY_ALLENNLP}."
            )
        if not self.residual:
            found.append(
                "AllenNLP reads no model without residual connections; bilm-tf does. For both "
                "leave --no-residual out."
            )
        return found

    def not_read(self) -> dict[str, np.ndarray]:
        """Arrays that one of the programs does not read; they must change nothing."""
        found: dict[str, np.ndarray] = {}
        if self.features == self.width:
            found["CNN_proj/W_proj"] = np.eye(self.width, dtype=np.float32)
            found["CNN_proj/b_proj"] = np.zeros(self.width, np.float32)
        if self.units == self.width:
            for j in range(2):
                for layer in range(self.layers):
                    found[cell_name(j, layer) + "W_P_0"] = np.eye(self.width, dtype=np.float32)
        return found


def cell_name(direction: int, layer: int) -> str:
    """Where the arrays of a cell are."""
    return f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell/"


class _Checked:
    """Values of the JSON by their path in it."""

    def __init__(self, path: Path, given: dict[str, Any]) -> None:
        self._path, self._given = path, given

    def _value(self, names: tuple[str, ...], default: Any = None) -> Any:
        value: Any = self._given
        for name in names:
            value = value.get(name, default) if isinstance(value, dict) else default
        return value

    def _wrong(self, names: tuple[str, ...], wanted: str) -> FormatError:
        value = self._value(names)
        found = "none" if value is None else repr(value)
        return FormatError(self._path, f"{found} under {'/'.join(names)}", wanted)

    def whole(self, *names: str, least: int, default: int | None = None) -> int:
        value = self._value(names, default)
        if value is None and default is not None:
            value = default
        if type(value) is not int or value < least:
            raise self._wrong(names, f"a whole number of at least {least}")
        return value

    def flag(self, *names: str) -> bool:
        value = self._value(names)
        if type(value) is not bool:
            raise self._wrong(names, "true or false")
        return value

    def clip(self, *names: str) -> float:
        value = self._value(names)
        if value is None:
            return 0.0
        if type(value) not in (int, float) or not 0 < value < float("inf"):
            raise self._wrong(names, "a number above 0, or null")
        return float(value)

    def activation(self) -> str:
        names = ("char_cnn", "activation")
        value = self._value(names)
        if value not in ("relu", "tanh"):
            raise self._wrong(names, "relu or tanh")
        return value

    def filters(self) -> tuple[tuple[int, int], ...]:
        names = ("char_cnn", "filters")
        value = self._value(names)
        sound = isinstance(value, list) and bool(value)
        sound = sound and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(type(number) is int and number > 0 for number in pair)
            for pair in value
        )
        if not sound:
            raise self._wrong(names, "pairs [width, how many]")
        return tuple((width, many) for width, many in value)
