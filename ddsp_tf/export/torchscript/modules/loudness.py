"""Loudness of frames, by the definition that the instrument was trained with."""

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_tf.dsp.loudness import a_weighted_power_weights
from ddsp_tf.dsp.spectral import hann_window


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
        window = torch.from_numpy(hann_window(window_length))
        weights = a_weighted_power_weights(
            sample_rate=sample_rate,
            fft_length=window_length,
            mode="magenta" if kind == "magenta" else "normalized",
        )
        self.register_buffer("window", window)
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
