"""A pitch to the cent, from one that is nearly right."""

import math

import torch
from torch import Tensor, nn

_RATE, _FFT_LENGTH = 16000, 2048
_LOWEST_HZ, _MOST_CHANGE, _HALF_A_SEMITONE = 40.0, 0.2, 2.0 ** (0.5 / 12.0) - 1.0


class RefinedPitch(nn.Module):
    """Does the work of `features.refined_pitch` for sound that is being played, at 16 kHz.

    Args:
        n_ahead: Samples after a frame that its window may reach.
    """

    def __init__(self, n_ahead: int) -> None:
        super().__init__()
        self.n_ahead = n_ahead
        self.rate, self.fft_length = _RATE, _FFT_LENGTH
        self.lowest_hz, self.half_a_semitone = _LOWEST_HZ, _HALF_A_SEMITONE
        self.most_change, self.pi = _MOST_CHANGE, math.pi
        self.longest = int(1.5 / _LOWEST_HZ * _RATE) + 1
        self.n_before: int = 2 * self.longest
        """Samples before a frame that it may need."""
        bins_hz = torch.arange(_FFT_LENGTH // 2 + 1, dtype=torch.float64) * (_RATE / _FFT_LENGTH)
        self.register_buffer("bins_hz", bins_hz)

    def forward(self, sound: Tensor, first: int, f0_hz: Tensor, sure: Tensor, at: Tensor) -> Tensor:
        """Refines pitches.

        Args:
            sound: `[batch, n_samples]`.
            first: The position of its first sample.
            f0_hz: `[batch, n_frames]`, float64.
            sure: The confidence, `[batch, n_frames]`.
            at: Positions of the frames, `[n_frames]`, float64.

        Returns:
            As `f0_hz`.
        """
        share = ((sure - 0.5) / 0.2).clamp(0.0, 1.0)
        asked = (share > 0.0) & (f0_hz >= self.lowest_hz) & (f0_hz < self.rate / 12.0)
        half_samples = (1.5 / f0_hz.clamp(min=self.lowest_hz)).clamp(min=0.012) * self.rate
        half = torch.floor(half_samples + 1.0).unsqueeze(-1)
        middle = torch.floor(at - (half_samples - self.n_ahead).clamp(min=0.0) + 0.5).unsqueeze(-1)
        place = torch.arange(2 * self.longest + 1, dtype=torch.float64) - half
        inside = (place.abs() <= half).double()
        turns = place * (self.pi / half)
        window = inside * (0.42 + 0.5 * torch.cos(turns) + 0.08 * torch.cos(2.0 * turns))
        slope = -inside * (0.5 * torch.sin(turns) + 0.16 * torch.sin(2.0 * turns)) * self.pi / half
        index = (middle + place - first).long().clamp(0, sound.size(1) - 1)
        samples = torch.gather(sound, 1, index.flatten(1)).reshape(index.shape).double()
        spectrum = torch.fft.rfft(samples * window, self.fft_length)
        turning = torch.fft.rfft(samples * slope, self.fft_length)
        squared = spectrum.real.square() + spectrum.imag.square() + 1e-30
        cross = turning.imag * spectrum.real - turning.real * spectrum.imag
        is_hz = self.bins_hz - cross / squared * (self.rate / (2.0 * self.pi))
        found = f0_hz
        for count in (2, 6):
            numbers = torch.arange(1, count + 1, dtype=torch.float64)
            bins = torch.floor(found.unsqueeze(-1) * numbers * self.fft_length / self.rate + 0.5)
            bins = bins.long().clamp(0, self.fft_length // 2)
            amplitudes = torch.gather(squared, 2, bins).sqrt()
            moved = (amplitudes * torch.gather(is_hz, 2, bins)).sum(-1)
            moved = moved / (amplitudes * numbers).sum(-1)
            near = (moved - f0_hz).abs() <= self.most_change * f0_hz
            found = torch.where(near, moved, f0_hz)
        near = (found - f0_hz).abs() <= self.half_a_semitone * f0_hz
        return torch.where(asked & near, f0_hz + share * (found - f0_hz), f0_hz)
