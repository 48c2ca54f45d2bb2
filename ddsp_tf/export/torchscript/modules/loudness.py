"""Loudness of frames, by the definition that the instrument was trained with."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_tf.dsp.loudness import a_weighting_db


class Loudness(nn.Module):
    """Measures windows, as `measure_loudness_db`.

    Args:
        kind: "a_weighted", "rms" or "magenta".
        window_length: Samples.
        sample_rate: In Hz.
    """

    def __init__(self, kind: str, window_length: int, sample_rate: int) -> None:
        super().__init__()
        self.window_length = window_length
        self.weighs = kind != "rms"
        window = 0.5 - 0.5 * np.cos(2.0 * math.pi * np.arange(window_length) / window_length)
        hz = np.arange(window_length // 2 + 1) * sample_rate / window_length
        weights = 10.0 ** (a_weighting_db(hz) / 10.0)
        if kind == "magenta":
            weights /= len(weights)
        else:
            # Every bin but 0 and Nyquist, which odd lengths don't have, stands for two.
            weights[1 : (window_length + 1) // 2] *= 2.0
            weights /= window_length * np.sum(np.square(window))
        self.register_buffer("window", torch.from_numpy(window.astype(np.float32)))
        self.register_buffer("weights", torch.from_numpy(weights.astype(np.float32)))

    def forward(self, windows: Tensor) -> Tensor:
        """Gives dB, `[batch, n_frames]`, of `[batch, n_frames, window_length]`."""
        if self.weighs:
            spectra = torch.fft.rfft(windows * self.window)
            squares = spectra.real.square() + spectra.imag.square()
            power = torch.matmul(squares, self.weights)
        else:
            power = windows.square().mean(dim=-1)
        return 10.0 * torch.log10(power.clamp(min=1e-8))
