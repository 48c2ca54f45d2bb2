"""The room, by a convolution in partitions that adds no delay."""

import torch
from torch import Tensor, nn

from ddsp_tf.types import Float32Array

PART = 1024


class Room(nn.Module):
    """Convolves with a response of any length, blocks of any length, at once.

    The first taps answer by a short convolution with what came last; the others in parts of 1,024
    taps whose answers are ready when they are due.

    Args:
        response: `[n_taps]`.
    """

    def __init__(self, response: Float32Array) -> None:
        super().__init__()
        taps = torch.from_numpy(response.copy()).double()
        self.part = PART
        self.n_parts = max(1, -(-(len(taps) - PART) // PART))
        padded = torch.zeros((self.n_parts + 1) * PART, dtype=torch.float64)
        padded[: len(taps)] = taps
        spectra = torch.fft.rfft(padded.reshape(-1, PART), 2 * PART).to(torch.complex64)
        self.register_buffer("head", spectra[0])
        self.register_buffer("tail", spectra[1:].flip(0).contiguous())
        self.register_buffer("recent", torch.zeros(1, 2 * PART))
        self.register_buffer("spectra", torch.zeros(1, 1, dtype=torch.complex64))
        self.register_buffer("answer", torch.zeros(1, PART))
        self.resize(1)

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        n_bins = self.part + 1
        self.recent = torch.zeros(n_rows, 2 * self.part)
        self.spectra = torch.zeros(n_rows, self.n_parts, n_bins, dtype=torch.complex64)
        self.answer = torch.zeros(n_rows, self.part)
        self.at = 0

    def forward(self, dry: Tensor) -> Tensor:
        """Gives the room's sound, `[batch, n_samples]` for `[batch, n_samples]`."""
        parts: list[Tensor] = []
        start = 0
        while start < dry.size(1):
            end = min(dry.size(1), start + self.part - self.at)
            parts.append(self._within_part(dry[:, start:end]))
            start = end
        return torch.cat(parts, dim=1)

    def _within_part(self, dry: Tensor) -> Tensor:
        """Takes samples that all lie in the part that is being filled."""
        n, at = dry.size(1), self.at
        # The part before lies in the first half, the part so far in the second.
        self.recent[:, self.part + at : self.part + at + n].copy_(dry)
        read = self.recent[:, at + 1 : self.part + at + n]
        spectrum = torch.fft.rfft(read, 2 * self.part)
        heard = torch.fft.irfft(spectrum * self.head, 2 * self.part)
        played = heard[:, self.part - 1 : self.part - 1 + n] + self.answer[:, at : at + n]
        self.at = at + n
        if self.at == self.part:
            self._finish_part()
        return played

    def _finish_part(self) -> None:
        newest = torch.fft.rfft(self.recent, 2 * self.part)
        self.spectra[:, :-1].copy_(self.spectra[:, 1:].clone())
        self.spectra[:, -1].copy_(newest)
        summed = (self.spectra * self.tail).sum(dim=1)
        self.answer.copy_(torch.fft.irfft(summed, 2 * self.part)[:, self.part :])
        self.recent[:, : self.part].copy_(self.recent[:, self.part :].clone())
        self.at = 0
