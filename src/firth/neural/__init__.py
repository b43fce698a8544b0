"""The neural side: cells, encoders, the one training loop, language models.

It needs PyTorch, which the rest of firth does without: `pip install "firth[neural]"`. Classes of
settings (`training.Training`, `settings.LanguageModel`) can be had without it.
"""

from __future__ import annotations

import importlib.util

from firth.errors import MissingExtraError


def need_torch(what: str = "A neural model") -> None:
    """
    what: that needs PyTorch, as the message begins.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError(what, "torch", "neural")
