"""The instrument, frames in and hops out, as `Streamer` plays it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ddsp_tf.export.torchscript.contents import ROOM
from ddsp_tf.export.torchscript.modules.decoder import Decoder
from ddsp_tf.export.torchscript.modules.harmonic import Harmonic
from ddsp_tf.export.torchscript.modules.noise import FilteredNoise
from ddsp_tf.export.torchscript.modules.room import Room
from ddsp_tf.export.torchscript.modules.stack import Arrays


class StreamedInstrument(nn.Module):
    """Plays what `Streamer` plays, to -80 dB, later by `lookahead` frames.

    Args:
        facts: As `describe_for_engine` gives.
        arrays: As `gather_arrays` gives; without `ROOM` it plays dry.
        decoder: Of another instrument that is made of the same, so that a file holds it once.
    """

    def __init__(
        self, facts: Mapping[str, Any], arrays: Arrays, decoder: Decoder | None = None
    ) -> None:
        super().__init__()
        synthesis, noise = facts["synthesis"], facts["synthesis"]["noise"]
        self.hop_length: int = facts["hop_length"]
        self.sample_rate: int = facts["sample_rate"]
        self.decoder = decoder or Decoder(facts, arrays)
        self.harmonic = Harmonic(
            synthesis["n_harmonics"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
            window=synthesis["amplitude_crossfade"] == "window",
        )
        self.has_noise = noise is not None
        self.noise = FilteredNoise(
            noise["n_bands"] if noise else 2,
            window_length=noise["window_length"] if noise else 2,
            hop_length=self.hop_length,
            seed=noise["seed"] if noise else 0,
        )
        self.lookahead: int = self.noise.lookahead if self.has_noise else 1
        self.has_room = ROOM in arrays
        self.room = Room(arrays[ROOM] if self.has_room else torch.zeros(1).numpy())
        self.add_dry: bool = not self.has_room or synthesis["reverb"]["add_dry"]
        self.n_frames = 0
        self.n_harmonics: int = synthesis["n_harmonics"]
        for name in ("state", "ahead_hz", "ahead"):
            self.register_buffer(name, torch.zeros(1))
        self.register_buffer("gains", torch.ones(2))
        self.resize(1)

    def resize(self, n_rows: int) -> None:
        """Starts anew from silence, with so many rows."""
        self.state = torch.zeros(n_rows, self.decoder.n_state)
        self.ahead_hz = torch.zeros(n_rows, self.lookahead)
        self.ahead = torch.zeros(n_rows, self.lookahead, self.n_harmonics)
        self.gains.fill_(1.0)
        self.n_frames = 0
        self.harmonic.resize(n_rows)
        self.noise.resize(n_rows)
        self.room.resize(n_rows)

    def forward(
        self, f0_hz: Tensor, loudness_db: Tensor, noise: float = 1.0, room: float = 1.0
    ) -> Tensor:
        """Plays frames.

        Args:
            f0_hz: `[batch, n_frames]`.
            loudness_db: `[batch, n_frames]`.
            noise: Gain of the noise, which it reaches at the end of the block.
            room: Gain of the room, likewise.

        Returns:
            `[batch, n_frames * hop_length]`.
        """
        n_rows, n_frames = f0_hz.size(0), f0_hz.size(1)
        if n_rows != self.state.size(0):
            self.resize(n_rows)
        # What isn't a number would stay in the state for ever.
        f0_hz = torch.nan_to_num(f0_hz, 0.0, 20000.0, 0.0).clamp(0.0, 20000.0)
        loudness_db = torch.nan_to_num(loudness_db, -80.0, 20.0, -80.0).clamp(-1000.0, 20.0)
        amplitudes, magnitudes, after = self.decoder(f0_hz, loudness_db, self.state)
        self.state.copy_(after)
        hz = torch.cat([self.ahead_hz, f0_hz], dim=1)
        partials = torch.cat([self.ahead, amplitudes], dim=1)
        self.ahead_hz.copy_(hz[:, n_frames:])
        self.ahead.copy_(partials[:, n_frames:])
        first = self.n_frames - self.lookahead
        sounds = (first + torch.arange(n_frames) >= 0).float()
        dry = self.harmonic(hz[:, : n_frames + 1], partials[:, : n_frames + 1], sounds)
        now = torch.tensor([noise, room])
        n_samples = n_frames * self.hop_length
        share = torch.arange(n_samples) / float(n_samples)
        ways = self.gains.unsqueeze(1) + (now - self.gains).unsqueeze(1) * share
        if self.has_noise:
            hiss = self.noise(magnitudes, self.n_frames)
            dry = dry + hiss * ways[0].reshape(n_frames, self.hop_length)
        dry = (dry * sounds.unsqueeze(-1)).reshape(n_rows, n_samples)
        self.n_frames += n_frames
        self.gains.copy_(now)
        if not self.has_room:
            return dry
        wet = ways[1] * self.room(dry)
        # Where the dry sound is part of the response, turning the room down brings it back.
        return wet + (dry if self.add_dry else dry * (1.0 - ways[1].clamp(max=1.0)))
