"""The tests share few cores: torch works with one thread."""

import contextlib

with contextlib.suppress(ImportError):  # without torch the tests that need it skip themselves
    import torch

    torch.set_num_threads(1)
