"""What a task is given beside the words themselves.

    scratch      nothing: all is learnt from the sentences of the task
    vectors      static vectors of words
    top          the top layer of an ELMo
    average      the mean of its layers
    mix          gamma sum_j softmax(s)_j h^j, learnt with the task      Peters et al. 2018, eq. 1
    untrained    such a mix of an ELMo of the same architecture whose weights were drawn afresh

`vectors` goes with any of an ELMo: vectors+mix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firth.errors import SettingError, did_you_mean

VECTORS = "vectors"
#: what is taken of an ELMo's layers
ELMO = {"top": "top", "average": "average", "mix": "mix", "untrained": "mix"}
#: those that can be named
NAMES = ("scratch", VECTORS, *ELMO)
#: those that are compared if none are named, as far as what they need is given
USUAL = ("scratch", VECTORS, "top", "mix", "untrained")


@dataclass(frozen=True)
class Input:
    """vectors: whether they are read.  elmo: which of `ELMO`, if any."""

    vectors: bool = False
    elmo: str | None = None

    @staticmethod
    def named(name: str) -> Input:
        """
        Raises:
            SettingError: it names nothing.
        """
        given = [part.strip() for part in str(name).split("+")]
        for part in given:
            if part not in NAMES:
                raise SettingError(
                    f"inputs: {part!r} is not one of {', '.join(NAMES)}.{did_you_mean(part, NAMES)}"
                )
        elmo = [part for part in given if part in ELMO]
        if len(set(given)) < len(given) or len(elmo) > 1 or ("scratch" in given and given[1:]):
            raise SettingError(
                f"inputs: {name!r} cannot be put together; wanted scratch, vectors, one of "
                f"{', '.join(ELMO)}, or vectors with one of them: vectors+mix."
            )
        return Input(VECTORS in given, elmo[0] if elmo else None)

    @property
    def name(self) -> str:
        parts = [VECTORS] if self.vectors else []
        return "+".join([*parts, *([self.elmo] if self.elmo else [])]) or "scratch"

    @property
    def use(self) -> str | None:
        """What the task does with an ELMo's layers."""
        return None if self.elmo is None else ELMO[self.elmo]

    @property
    def untrained(self) -> bool:
        return self.elmo == "untrained"


def inputs_of(names: Iterable[str] | None, *, vectors: bool, elmo: bool) -> tuple[Input, ...]:
    """The inputs `names`, or the usual ones.

    vectors, elmo: whether they are given.

    Raises:
        SettingError: a name means nothing, comes twice, or needs what is not given.
    """
    if names is None:
        usual = [Input.named(name) for name in USUAL]
        return tuple(
            one for one in usual if one.vectors <= vectors and (one.elmo is not None) <= elmo
        )
    found = [Input.named(name) for name in names]
    for one in found:
        if found.count(one) > 1:
            raise SettingError(f"inputs: {one.name} is named twice.")
        if one.vectors and not vectors:
            raise SettingError(
                f"inputs: {one.name} needs vectors of words; give a model of them (--vectors), or "
                "the text to learn them from (--text)."
            )
        if one.elmo and not elmo:
            raise SettingError(
                f"inputs: {one.name} needs an ELMo (--elmo); train one: firth train elmo."
            )
    if not found:
        raise SettingError(f"There are no inputs to compare; wanted some of {', '.join(NAMES)}.")
    return tuple(found)
