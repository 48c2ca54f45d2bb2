"""Another sample rate, for the tracker, block by block."""

import math

import numpy as np
import torch
from torch import Tensor, nn

_ZERO_CROSSINGS, _ROLL_OFF, _KAISER_BETA = 32.0, 0.955, 9.0


class Resampler(nn.Module):
    """Gives output n, which stands at input time n / to_rate, once `reach` more inputs have come.

    Args:
        from_rate: In Hz.
        to_rate: In Hz.

    Reference:
        Smith, Digital Audio Resampling Home Page, "Theory of ideal bandlimited interpolation".
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        super().__init__()
        divisor = math.gcd(from_rate, to_rate)
        self.step, self.n_phases = from_rate // divisor, to_rate // divisor
        cutoff = min(1.0, to_rate / from_rate)
        self.reach = math.ceil(_ZERO_CROSSINGS / cutoff)
        self.n_kept = 2 * self.reach + self.step
        phases = np.arange(self.n_phases)[:, np.newaxis] / self.n_phases
        distance = np.arange(1 - self.reach, self.reach + 1) - phases
        shape = np.sqrt(np.maximum(1.0 - np.square(distance / self.reach), 0.0))
        taps = np.sinc(_ROLL_OFF * cutoff * distance) * np.i0(_KAISER_BETA * shape)
        taps /= taps.sum(axis=1, keepdims=True)
        self.register_buffer("taps", torch.from_numpy(taps.astype(np.float32)))
        self.register_buffer("places", torch.arange(1 - self.reach, self.reach + 1))
        self.register_buffer("kept", torch.zeros(1, self.n_kept))
        self.n_received, self.n_given = 0, 0

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        self.kept = torch.zeros(n_rows, self.n_kept)
        self.n_received, self.n_given = 0, 0

    def forward(self, audio: Tensor) -> Tensor:
        """Takes `[batch, n]` in and gives what is complete, `[batch, n_outputs]`."""
        joined = torch.cat([self.kept, audio], dim=1)
        start = self.n_received - self.n_kept  # the place of the first one of `joined`
        self.n_received += audio.size(1)
        self.kept.copy_(joined[:, joined.size(1) - self.n_kept :])
        ready = max(0, self.n_received - self.reach) * self.n_phases
        end = max(self.n_given, (ready + self.step - 1) // self.step)
        numbers = torch.arange(self.n_given, end) * self.step
        self.n_given = end
        whole = torch.div(numbers, self.n_phases, rounding_mode="floor")
        read = joined[:, whole.unsqueeze(-1) - start + self.places]
        return (read * self.taps[numbers - whole * self.n_phases]).sum(dim=-1)
