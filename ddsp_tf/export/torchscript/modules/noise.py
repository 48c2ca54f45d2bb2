"""Noise whose spectrum every frame sets."""

import math

import torch
from torch import Tensor, nn

from ddsp_tf.export.torchscript.modules.harmonic import crossfade

_MASK = 0xFFFFFFFF


def scramble(x: Tensor) -> Tensor:
    """Mixes the bits of unsigned 32-bit integers, which int64 holds."""
    x = x ^ (x >> 16)
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x = x ^ (x >> 15)
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    return x ^ (x >> 16)


class FilteredNoise(nn.Module):
    """Filters white noise, which is a function of its place, by each frame's magnitudes.

    Args:
        n_bands: Magnitudes.
        window_length: Taps of the filters, even.
        hop_length: Samples between frames.
        seed: Of the noise; each row has its own.
    """

    def __init__(self, n_bands: int, *, window_length: int, hop_length: int, seed: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.seed = seed & _MASK
        half = window_length // 2
        self.lookahead = 1 + -(-half // hop_length)
        rise = crossfade(hop_length, window=True)
        self.register_buffer("window", torch.cat([rise, 1.0 - rise]).float())
        self.register_buffer("response", _responses(n_bands, window_length).float())
        self.register_buffer("places", torch.arange(2 * hop_length))
        # A frame's noise begins so many samples after a hop does; it lies in `n_parts` hops.
        self.offset = (self.lookahead - 1) * hop_length - half
        length = 2 * hop_length + window_length - 1
        self.n_parts = -(-(self.offset + length) // hop_length)
        self.length = self.n_parts * hop_length - self.offset
        self.fft_length = 1 << (length - 1).bit_length()
        self.register_buffer("key", torch.zeros(1, 1, 1, dtype=torch.int64))
        self.register_buffer("sums", torch.zeros(1, self.n_parts - 1, hop_length))
        self.resize(1)

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        rows = torch.arange(n_rows, dtype=torch.int64)
        self.key = scramble((self.seed + rows * 0x9E3779B9) & 0xFFFFFFFF).reshape(-1, 1, 1)
        self.sums = torch.zeros(n_rows, self.n_parts - 1, self.hop_length)

    def forward(self, magnitudes: Tensor, first: int) -> Tensor:
        """Takes frames in and plays as many hops, older ones by `lookahead`.

        Args:
            magnitudes: `[batch, n_frames, n_bands]`.
            first: Number of the first frame.

        Returns:
            `[batch, n_frames, hop_length]`.
        """
        n_rows, n_frames = magnitudes.size(0), magnitudes.size(1)
        numbers = first - 1 + torch.arange(n_frames)
        places = (numbers * self.hop_length).unsqueeze(-1) + self.places
        mixed = scramble((places & 0xFFFFFFFF) ^ self.key)
        white = (mixed >> 8).float() * 1.1920928955078125e-07 - 1.0
        spectra = torch.fft.rfft(white * self.window, self.fft_length)
        spectra = spectra * torch.fft.rfft(torch.matmul(magnitudes, self.response), self.fft_length)
        filtered = torch.fft.irfft(spectra, self.fft_length)
        kept = min(self.length, self.fft_length)
        padded = torch.nn.functional.pad(
            filtered[..., :kept], [self.offset, self.length - kept]
        ).reshape(n_rows, n_frames, self.n_parts, self.hop_length)
        sums = torch.zeros(n_rows, n_frames + self.n_parts - 1, self.hop_length)
        sums[:, : self.n_parts - 1] = self.sums
        for part in range(self.n_parts):
            sums[:, part : part + n_frames] += padded[:, :, part]
        self.sums.copy_(sums[:, n_frames:])
        return sums[:, :n_frames]


def _responses(n_bands: int, window_length: int) -> Tensor:
    """`[n_bands, window_length]`: the taps that a magnitude of 1 in each band makes."""
    length, half = 2 * (n_bands - 1), window_length // 2
    tap = torch.arange(-half, half, dtype=torch.float64)
    band = torch.arange(n_bands, dtype=torch.float64)[:, None]
    share = torch.full([n_bands, 1], 2.0, dtype=torch.float64)
    share[0] = share[-1] = 1.0
    taper = 0.5 + 0.5 * torch.cos(2.0 * math.pi * tap / window_length)
    return share / length * torch.cos(2.0 * math.pi * band * tap / length) * taper
