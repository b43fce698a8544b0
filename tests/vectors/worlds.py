"""Small vectors for the tests of this folder."""

import numpy as np

from firth.text.vocabulary import Vocabulary
from firth.vectors.vectors import Vectors


def random_vectors(rows: int, dim: int, seed: int = 0, counts: bool = False) -> Vectors:
    matrix = np.random.default_rng(seed).standard_normal((rows, dim)).astype(np.float32)
    names = [f"w{row}" for row in range(rows)]
    return Vectors(Vocabulary(names, counts=list(range(rows, 0, -1)) if counts else None), matrix)


def named(names: list[str], dim: int = 3, seed: int = 0) -> Vectors:
    matrix = np.random.default_rng(seed).standard_normal((len(names), dim)).astype(np.float32)
    return Vectors(Vocabulary(names), matrix)


def family_vectors(noise: float = 0.05, dim: int = 40, pairs: int = 12, seed: int = 3) -> Vectors:
    """Planted: king0 is to queen0 as king1 is to queen1…, and colours are near each other."""
    random = np.random.default_rng(seed)
    offset = random.standard_normal(dim)
    names, rows = [], []
    for pair in range(pairs):
        place = random.standard_normal(dim)
        names += [f"king{pair}", f"queen{pair}"]
        rows += [place, place + offset]
    centre = random.standard_normal(dim)
    for colour in ("red", "green", "blue", "black"):
        names.append(colour)
        rows.append(centre + 0.3 * random.standard_normal(dim))
    matrix = np.array(rows) + noise * random.standard_normal((len(rows), dim))
    return Vectors(Vocabulary(names), matrix.astype(np.float32))
