"""Text from a language model, unit by unit.

    u_{t+1} ~ p(u | u_1 ... u_t)^(1 / temperature), of which is kept
    top_k    the k most probable units                                    Fan et al. 2018
    top_p    the fewest of them that have so much probability together    Holtzman et al. 2020

The prompt is read from a fresh state, after a line end, as the model met lines in training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from firth.errors import SettingError
from firth.neural.scoring import Scorer
from firth.vectors.fitted import Fitted


def generate(
    model: Scorer | Fitted,
    prompt: str = "",
    *,
    length: int = 100,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int | None = None,
    stop: str | Sequence[str] | None = None,
    unknown: bool = False,
) -> Iterator[str]:
    """What comes after `prompt`, piece by piece: prompt + "".join(pieces) is the text.

    length: units at most, line ends among them.
    temperature: below 1 the probable becomes more so; 0 always takes the most probable unit.
    top_k, top_p: 0 and 1 keep all units.
    seed: of the random numbers; one seed gives one text.  None: another one each time.
    stop: text that ends it, and is itself left out; any of several.
    unknown: whether <unk> may be written.

    Raises:
        SettingError: a value outside its range.
    """
    check(length, temperature, top_k, top_p)
    scorer = model if isinstance(model, Scorer) else Scorer(model)
    stops = [stop] if isinstance(stop, str) else list(stop or [])
    if not all(stops):
        raise SettingError("stop='' would end any text before it begins; give some text.")
    pieces = _pieces(scorer, prompt, length, temperature, top_k, top_p, seed, unknown)
    return until(pieces, stops) if stops else pieces


def check(length: int, temperature: float, top_k: int, top_p: float) -> None:
    """
    Raises:
        SettingError: a value outside its range.
    """
    if length < 0:
        raise SettingError(f"length={length} is out of range; wanted at least 0.")
    if not (math.isfinite(temperature) and temperature >= 0):
        raise SettingError(f"temperature={temperature} is out of range; wanted at least 0.")
    if top_k < 0:
        raise SettingError(f"top_k={top_k} is out of range; wanted at least 1, or 0 for all units.")
    if not 0 < top_p <= 1:
        raise SettingError(f"top_p={top_p} is out of range; wanted above 0, at most 1.")


def _pieces(
    scorer: Scorer,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int | None,
    unknown: bool,
) -> Iterator[str]:
    reader, draw = scorer.reader, np.random.default_rng(seed)
    join = reader.joiner(prompt)
    given: np.ndarray | list[int] = scorer.prompt_ids(prompt)
    state = None
    for _ in range(length):
        log_p, state = scorer.advance(given, state)
        if not unknown:
            log_p[reader.unknown] = -np.inf
        number = drawn(log_p, temperature, top_k, top_p, draw)
        given = [number]
        yield join(reader.vocabulary[number])


def drawn(
    log_p: np.ndarray, temperature: float, top_k: int, top_p: float, draw: np.random.Generator
) -> int:
    """One unit of log p float64[V]; units of -inf are never drawn."""
    if temperature == 0:
        return int(np.argmax(log_p))
    units, p = kept(log_p, temperature, top_k, top_p)
    # the first unit at which the sum of probabilities passes a number from [0, 1)
    place = int(np.searchsorted(np.cumsum(p), draw.random() * p.sum(), side="right"))
    return int(units[min(place, len(units) - 1)])


def kept(
    log_p: np.ndarray, temperature: float, top_k: int, top_p: float
) -> tuple[np.ndarray, np.ndarray]:
    """The units that may be drawn, the most probable first, and their probabilities, sum 1."""
    units = np.argsort(-log_p, kind="stable")
    units = units[: np.count_nonzero(log_p > -np.inf)]
    if top_k:
        units = units[:top_k]
    # relative to the best unit: a low temperature overflows otherwise
    p = np.exp((log_p[units] - log_p[units[0]]) / temperature)
    p /= p.sum()
    if top_p < 1:
        # the unit at which the sum reaches top_p stays
        stay = 1 + int(np.searchsorted(np.cumsum(p), top_p))
        units, p = units[:stay], p[:stay] / p[:stay].sum()
    return units, p


def until(pieces: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """`pieces` up to the first of `stops`, wherever in them it begins and ends."""
    held = ""
    for piece in pieces:
        held += piece
        ends = [place for place in (held.find(stop) for stop in stops) if place >= 0]
        if ends:
            yield held[: min(ends)]
            return
        # what may be the beginning of a stop waits
        wait = max(
            size
            for stop in stops
            for size in range(min(len(stop), len(held) + 1))
            if held.endswith(stop[:size])
        )
        yield held[: len(held) - wait]
        held = held[len(held) - wait :]
    yield held
