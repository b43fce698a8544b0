"""An encoder of any settings, and an input for it."""

import torch

from firth.neural.encoders import Encoder, EncoderSettings

B, T, I, H = 4, 6, 5, 4  # noqa: E741  (I: inputs, as in the equations)


def made(dtype=torch.float64, seed=0, **given):
    torch.manual_seed(seed)
    encoder = Encoder(EncoderSettings(**{"inputs": I, "units": H} | given)).to(dtype)
    return encoder, torch.randn(B, T, encoder.settings.inputs, dtype=dtype)
