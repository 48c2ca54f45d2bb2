"""The path of the pitch up to the present, from CREPE's salience."""

import torch
from torch import Tensor, nn

from ddsp_tf.features.crepe.viterbi import BAND, N_BINS, log_band, log_row_sums

_N_HELD = 5


class PitchPath(nn.Module):
    """Decodes frame after frame, as `LiveCrepe` and `LivePitch` do.

    Args:
        usual_f0_hz: Pitch before the first sure one.
    """

    def __init__(self, usual_f0_hz: float) -> None:
        super().__init__()
        self.n_bins, self.band = N_BINS, BAND
        self.n_held = _N_HELD
        self.log_leap = -11.512925464970229
        self.lowest_cents = 1997.3794084376191
        self.octaves_of_10_hz = 3.321928094887362
        self.voiced = 0.4
        self.usual_octaves = float(torch.log2(torch.tensor(usual_f0_hz, dtype=torch.float64)))
        self.register_buffer("weights", torch.from_numpy(log_band().copy()))
        self.register_buffer("row_sums", torch.from_numpy(log_row_sums().copy()))
        self.register_buffer("numbers", torch.arange(N_BINS, dtype=torch.float32))
        self.register_buffer("belief", torch.zeros(1, N_BINS))
        self.register_buffer("held", torch.zeros(1, _N_HELD, dtype=torch.float64))
        self.register_buffer("n_sure", torch.zeros(1, dtype=torch.int64))
        self.resize(1)

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        self.belief = torch.zeros(n_rows, self.n_bins)
        self.held = torch.full((n_rows, self.n_held), self.usual_octaves, dtype=torch.float64)
        self.n_sure = torch.ones(n_rows, dtype=torch.int64)

    def forward(self, salience: Tensor) -> Tensor:
        """Gives octaves (log2 of Hz) and confidence of frames.

        Args:
            salience: `[batch, n_frames, 360]`.

        Returns:
            `[batch, n_frames, 2]`, float64.
        """
        path = self._strongest(salience).unsqueeze(-1)
        offsets = self.numbers - path
        weights = torch.where(offsets.abs() <= 4.0, salience, torch.zeros_like(salience))
        offset = (weights * offsets).sum(dim=-1) / weights.sum(dim=-1).clamp(min=1e-9)
        cents = (path[..., 0] + offset) * 20.0 + self.lowest_cents
        octaves = cents.double() / 1200.0 + self.octaves_of_10_hz
        confidence = weights.amax(dim=-1)
        return torch.stack([self._hold_unsure(octaves, confidence), confidence.double()], dim=-1)

    def _strongest(self, salience: Tensor) -> Tensor:
        """Where the best path so far ends, `[batch, n_frames]`."""
        emission = 0.5 * torch.log(salience.clamp(min=1e-3)) - self.row_sums
        belief = self.belief
        bins: list[Tensor] = []
        for frame in range(salience.size(1)):
            padded = torch.nn.functional.pad(belief, [self.band - 1, self.band - 1], value=-1e30)
            glides = padded.unfold(1, 2 * self.band - 1, 1) + self.weights
            belief = glides.amax(dim=-1).clamp(min=self.log_leap) + emission[:, frame]
            largest, strongest = belief.max(dim=-1, keepdim=True)
            belief = belief - largest
            bins.append(strongest)
        self.belief.copy_(belief)
        return torch.cat(bins, dim=1).float()

    def _hold_unsure(self, octaves: Tensor, confidence: Tensor) -> Tensor:
        """Gives unsure frames the median of the last sure ones."""
        n_rows, n_frames = octaves.size(0), octaves.size(1)
        found: list[float] = octaves.reshape(-1).tolist()
        sureness: list[float] = confidence.double().reshape(-1).tolist()
        held: list[float] = self.held.reshape(-1).tolist()
        counts: list[int] = self.n_sure.tolist()
        for row in range(n_rows):
            last = held[row * self.n_held : row * self.n_held + counts[row]]
            for frame in range(row * n_frames, (row + 1) * n_frames):
                if sureness[frame] >= self.voiced:
                    last.append(found[frame])
                    last = last[max(0, len(last) - self.n_held) :]
                else:
                    ordered = sorted(last)
                    middle = len(ordered) // 2
                    lower = ordered[middle if len(ordered) % 2 == 1 else middle - 1]
                    found[frame] = 0.5 * (lower + ordered[middle])
            counts[row] = len(last)
            for i in range(len(last)):
                held[row * self.n_held + i] = last[i]
        self.held.copy_(torch.tensor(held, dtype=torch.float64).reshape(n_rows, self.n_held))
        self.n_sure.copy_(torch.tensor(counts, dtype=torch.int64))
        return torch.tensor(found, dtype=torch.float64).reshape(n_rows, n_frames)
