"""The tests share few cores: torch works with one thread."""

import contextlib

with contextlib.suppress(ImportError):  # without torch every test here skips itself
    import torch

    torch.set_num_threads(1)
