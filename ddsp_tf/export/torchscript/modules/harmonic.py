"""The oscillators."""

import math

import torch
from torch import Tensor, nn


def crossfade(hop_length: int, *, window: bool) -> Tensor:
    """The way from one frame to the next, `[hop_length]` from 0 towards 1, float64."""
    position = torch.arange(hop_length, dtype=torch.float64) / hop_length
    return torch.sin(0.5 * math.pi * position).square() if window else position


class Harmonic(nn.Module):
    """Sums partials at multiples of a fundamental whose phase is kept in float64.

    Args:
        n_harmonics: Partials.
        hop_length: Samples between frames.
        sample_rate: In Hz.
        window: Whether amplitudes glide on half a Hann window, else on a line.
    """

    def __init__(
        self, n_harmonics: int, *, hop_length: int, sample_rate: int, window: bool
    ) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.sample_rate = float(sample_rate)
        number = torch.arange(hop_length, dtype=torch.float64)
        self.register_buffer("steps", number + 1.0)
        self.register_buffer("bends", number * (number + 1.0) / (2.0 * hop_length))
        self.register_buffer("weight", crossfade(hop_length, window=window).float())
        self.register_buffer("partials", torch.arange(1, n_harmonics + 1, dtype=torch.float32))
        self.register_buffer("turns", torch.zeros(1, 1, dtype=torch.float64))

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        self.turns = torch.zeros(n_rows, 1, dtype=torch.float64)

    def forward(self, f0_hz: Tensor, amplitudes: Tensor, sounds: Tensor) -> Tensor:
        """Plays hops.

        Args:
            f0_hz: `[batch, n_hops + 1]`.
            amplitudes: Of partials, `[batch, n_hops + 1, n_harmonics]`.
            sounds: 1 for hops that are played, 0 for those before the first, `[n_hops]`.

        Returns:
            `[batch, n_hops, hop_length]`.
        """
        cycles = f0_hz[:, :-1].double() / self.sample_rate
        change = (f0_hz[:, 1:] - f0_hz[:, :-1]).double() / self.sample_rate
        advance = (cycles * self.hop_length + change * (0.5 * (self.hop_length - 1))) * sounds
        ends = self.turns + torch.cumsum(advance, dim=1)
        starts = (ends - advance).unsqueeze(-1)
        last = ends[:, -1:]
        self.turns.copy_(last - torch.floor(last))
        turns = starts + cycles.unsqueeze(-1) * self.steps + change.unsqueeze(-1) * self.bends
        angle = (turns - torch.round(turns)).float() * (2.0 * math.pi)
        sines = torch.sin(angle.unsqueeze(-1) * self.partials)
        highest = torch.maximum(f0_hz[:, :-1], f0_hz[:, 1:]).unsqueeze(-1)
        heard = highest * self.partials < 0.5 * self.sample_rate
        here = amplitudes[:, :-1] * heard
        slope = amplitudes[:, 1:] * heard - here
        ways = torch.stack([here, slope], dim=-1)
        both = torch.matmul(sines, ways)
        return both[..., 0] + self.weight * both[..., 1]
