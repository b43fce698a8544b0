"""Small ELMo models with random weights, as if trained: what reads them need not wait for one."""

import numpy as np
import torch

from firth import Fitted
from firth.neural.bilm import BORDERS, BiLM
from firth.neural.elmo_settings import ELMo
from firth.neural.symbols import Symbols
from firth.text.vocabulary import Vocabulary
from firth.vectors.vectors import Vectors

WORDS = ["<unk>", "<s>", "</s>", "bank", "the"]
DIM = 6


def drawn_elmo(seed: int = 1, *, characters: str = "", **settings) -> Fitted:
    """characters: those that words are spelt with; "": bytes."""
    given = {
        "preset": "tiny", "padding": "counted", "longest": 12, "dim": DIM, "character_dim": 3,
        "filters": "1:3,2:4,3:4", "max_size": 4,
    }  # fmt: skip
    chosen = ELMo(**given | settings)
    unit = "character" if characters else "byte"
    symbols = Symbols(unit, "".join(sorted(characters)), chosen.longest, BORDERS)
    net = BiLM(chosen, symbols, words=len(WORDS))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return Fitted(
        kind="elmo",
        vectors=Vectors(Vocabulary(WORDS), np.eye(len(WORDS), chosen.dim, dtype=np.float32)),
        state=net.arrays(),
        settings=chosen.to_json(),
        corpus={"symbols": symbols.to_json(), "tokenizer": "whitespace", "fold_case": False},
    )
