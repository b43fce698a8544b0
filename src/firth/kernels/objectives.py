"""One name for the four objectives: `pair` and `chunk` of whichever one is given.

The objective is a named tuple; its type chooses the function, when the caller is compiled and so
at no cost later.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from numba import types
from numba.extending import overload

from firth.kernels import hierarchical_softmax, negative_sampling, sampled_softmax, softmax
from firth.kernels.hierarchical_softmax import HierarchicalSoftmax
from firth.kernels.negative_sampling import NegativeSampling
from firth.kernels.sampled_softmax import SampledSoftmax
from firth.kernels.softmax import Softmax

Objective = NegativeSampling | HierarchicalSoftmax | Softmax | SampledSoftmax

MODULES: dict[type, ModuleType] = {
    NegativeSampling: negative_sampling,
    HierarchicalSoftmax: hierarchical_softmax,
    Softmax: softmax,
    SampledSoftmax: sampled_softmax,
}


def pair(objective: Objective, H, h, E, e, o, rate, rng) -> float:
    """Hidden row H[h] predicts word o: see the `pair` of each objective."""
    return MODULES[type(objective)].pair(objective, H, h, E, e, o, rate, rng)


def chunk(objective: Objective, H, m, pairs, n_words, E, rate, measure, rng) -> float:
    """All pairs of a chunk: see the `chunk` of each objective."""
    function = MODULES[type(objective)].chunk
    return function(objective, H, m, pairs, n_words, E, rate, measure, rng)


def _module(objective: Any) -> ModuleType | None:
    if isinstance(objective, types.BaseNamedTuple):
        return MODULES.get(objective.instance_class)
    return None


@overload(pair, jit_options={"nogil": True, "error_model": "numpy"})
def _pair(objective, H, h, E, e, o, rate, rng):
    module = _module(objective)
    if module is None:
        return None
    function = module.pair
    return lambda objective, H, h, E, e, o, rate, rng: function(objective, H, h, E, e, o, rate, rng)


@overload(chunk, jit_options={"nogil": True, "error_model": "numpy"})
def _chunk(objective, H, m, pairs, n_words, E, rate, measure, rng):
    module = _module(objective)
    if module is None:
        return None
    function = module.chunk
    return lambda objective, H, m, pairs, n_words, E, rate, measure, rng: function(
        objective, H, m, pairs, n_words, E, rate, measure, rng
    )
