"""The gate between notes, as `LiveGate`."""

import torch
from torch import Tensor, nn

_RELEASE_S, _SURE_S, _HOLD_S = 0.06, 0.02, 0.04


class Gate(nn.Module):
    """Opens when a pitch is sure and loud, and closes when it no longer is.

    Args:
        frame_rate: Frames a second.
    """

    def __init__(self, frame_rate: float) -> None:
        super().__init__()
        self.fall = 1.0 / max(1.0, _RELEASE_S * frame_rate)
        self.n_held = round(_HOLD_S * frame_rate)
        self.n_needed = max(1, round(_SURE_S * frame_rate))
        self.certain, self.sure, self.unsure = 0.8, 0.6, 0.4
        # Gain, whether it sounds, sure and unsure frames in a row.
        self.register_buffer("state", torch.zeros(1, 4, dtype=torch.float64))

    def resize(self, n_rows: int) -> None:
        """Closes, with so many rows."""
        self.state = torch.zeros(n_rows, 4, dtype=torch.float64)

    def forward(self, confidence: Tensor, loudness_db: Tensor) -> Tensor:
        """Gives gains, 0 to 1, `[batch, n_frames]`, of `[batch, n_frames]` each."""
        n_rows, n_frames = confidence.size(0), confidence.size(1)
        sureness: list[float] = confidence.double().reshape(-1).tolist()
        levels: list[float] = loudness_db.double().reshape(-1).tolist()
        state: list[float] = self.state.reshape(-1).tolist()
        gains: list[float] = []
        for row in range(n_rows):
            gain, n_sure, n_unsure = state[4 * row], state[4 * row + 2], state[4 * row + 3]
            sounds = state[4 * row + 1] > 0.5
            for frame in range(row * n_frames, (row + 1) * n_frames):
                is_pitch = False
                if levels[frame] > -60.0:
                    n_sure = n_sure + 1.0 if sureness[frame] >= self.sure else 0.0
                    enough = self.unsure if sounds else self.certain
                    is_pitch = sureness[frame] >= enough or n_sure >= self.n_needed
                if is_pitch:
                    sounds, n_unsure = True, 0.0
                else:
                    n_unsure += 1.0
                    sounds = sounds and n_unsure <= self.n_held
                gain = 1.0 if sounds else max(0.0, gain - self.fall)
                gains.append(gain)
            state[4 * row], state[4 * row + 1] = gain, 1.0 if sounds else 0.0
            state[4 * row + 2], state[4 * row + 3] = n_sure, n_unsure
        self.state.copy_(torch.tensor(state, dtype=torch.float64).reshape(n_rows, 4))
        return torch.tensor(gains).reshape(n_rows, n_frames)
