"""A pickle of gensim, opened without running anything it asks for.

Each global a pickle names is looked up in a table of stand-ins that only keep what they are
given; a name outside the table ends the reading with a FormatError that tells it. gensim is
not imported, and numpy is given bytes only after their type and shape were checked.
"""

from __future__ import annotations

import codecs
import collections
import math
import pickle
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from firth.errors import FormatError

DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class Kept:
    """An object of a class we do not have: its arguments and its attributes."""

    def __new__(cls, *arguments: Any) -> Kept:
        return super().__new__(cls)

    def __init__(self, *arguments: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        # (attributes, slots) of classes with __slots__
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.__dict__.update(part)


class KeptType:
    """numpy.dtype: its code, checked before numpy sees it."""

    def __init__(self, code: Any = "", *rest: Any) -> None:
        self.code, self.order = str(code), "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        order = {"|": "=", "=": "="}.get(self.order, self.order)
        if not re.fullmatch(r"[fiu][1248]|b1", self.code) or order not in "<>=":
            raise ValueError(f"an array of type {self.code!r}")
        return np.dtype(f"{order}{self.code}")


class KeptArray:
    """numpy.ndarray: shape, type and bytes."""

    def __init__(self, *arguments: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def array(self) -> np.ndarray:
        """The array, as the machine orders bytes.

        Raises:
            ValueError, TypeError: it is not one of numbers, or its size is not its shape's.
        """
        _, shape, kind, fortran, data = self.state
        if isinstance(data, str):  # of a Python 2 pickle
            data = data.encode("latin-1")
        dtype = kind.dtype()
        shape = tuple(int(number) for number in shape)
        if len(data) != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{len(data)} bytes for an array of shape {shape}")
        array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
        return array.astype(dtype.newbyteorder("="), copy=False)


def _frombuffer(data: Any, kind: KeptType, shape: Any, order: str) -> KeptArray:
    array = KeptArray()
    array.state = (1, shape, kind, order == "F", bytes(data))
    return array


def _scalar(kind: KeptType, data: bytes = b"") -> Any:
    return np.frombuffer(data, kind.dtype(), 1)[0]


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if codecs.lookup(encoding).name not in ("iso8859-1", "utf-8", "ascii"):
        raise ValueError(f"encoding {encoding!r}")
    return text.encode(encoding)


def _reconstructor(kind: Any, *rest: Any) -> Kept:
    return kind() if isinstance(kind, type) and issubclass(kind, Kept) else Kept()


ALLOWED: dict[str, Any] = {
    "numpy.ndarray": KeptArray,
    "numpy.dtype": KeptType,
    "numpy.core.multiarray._reconstruct": KeptArray,
    "numpy._core.multiarray._reconstruct": KeptArray,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _frombuffer,
    "numpy._core.numeric._frombuffer": _frombuffer,
    "numpy.random._pickle.__randomstate_ctor": Kept,
    "numpy.random._pickle.__bit_generator_ctor": Kept,
    "numpy.random._pickle.__generator_ctor": Kept,
    "numpy.random.__RandomState_ctor": Kept,
    "numpy.random._mt19937.MT19937": Kept,
    "numpy.random._mt19937.__pyx_unpickle_MT19937": Kept,
    "numpy.float32": float,
    "numpy.float64": float,
    "numpy.int64": int,
    "numpy.uint32": int,
    "_codecs.encode": _encode,
    "copy_reg._reconstructor": _reconstructor,
    "copyreg._reconstructor": _reconstructor,
    "collections.OrderedDict": collections.OrderedDict,
    "collections.defaultdict": collections.defaultdict,
    **{
        f"{module}.{kind.__name__}": kind
        for module in ("builtins", "__builtin__")
        for kind in (set, frozenset, list, dict, int, float, complex)
    },
    "builtins.object": Kept,
    "__builtin__.object": Kept,
    # Word2Vec keeps its hash function by name; nothing here calls it
    "builtins.hash": Kept,
    "__builtin__.hash": Kept,
}


class Careful(pickle.Unpickler):
    """An unpickler that calls nothing but stand-ins."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1")
        self.path = path

    def find_class(self, module: str, name: str) -> Any:
        whole = f"{module}.{name}"
        if whole in ALLOWED:
            return ALLOWED[whole]
        if module.startswith("gensim.") and name.isidentifier():
            return type(name, (Kept,), {"__module__": module})
        raise FormatError(
            self.path,
            f"a pickle that asks for {whole}",
            "one that names only gensim's and numpy's data",
            "Such a file can run code when gensim opens it; nothing of it was run.",
        )


def unpickle(path: Path, file: BinaryIO) -> Any:
    """What the pickle holds, as stand-ins.

    Raises:
        FormatError: damaged, or it names something outside the table.
    """
    try:
        return Careful(path, file).load()
    except FormatError:
        raise
    except DAMAGE as error:
        raise FormatError(
            path, f"a damaged pickle ({type(error).__name__}: {error})", "a gensim .save file"
        ) from None
