"""Pitch and loudness of the sound that comes, as the instrument is to play them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ddsp_tf.export.torchscript.modules.crepe import Crepe
from ddsp_tf.export.torchscript.modules.gate import Gate
from ddsp_tf.export.torchscript.modules.loudness import Loudness
from ddsp_tf.export.torchscript.modules.pitch_path import PitchPath
from ddsp_tf.export.torchscript.modules.refined_pitch import RefinedPitch
from ddsp_tf.export.torchscript.modules.resampler import Resampler
from ddsp_tf.export.torchscript.modules.stack import Arrays
from ddsp_tf.features.live_pitch import N_AHEAD

_TRACKER_RATE, _FRAME_LENGTH, _STEP = 16000, 1024, 160


class FrontEnd(nn.Module):
    """Does the work of `LiveFeatures` and of the gate of `LiveTransfer`.

    Frame i is told `n_late` hops after its place.

    Args:
        facts: As `describe_for_engine` gives.
        arrays: As `gather_arrays` gives.
    """

    def __init__(self, facts: Mapping[str, Any], arrays: Arrays) -> None:
        super().__init__()
        features = facts["features"]
        self.rate: int = facts["sample_rate"]
        self.hop_length: int = facts["hop_length"]
        window: int = features["loudness_fft_length"]
        self.loudness = Loudness(features["loudness"], window, self.rate)
        self.crepe = Crepe(arrays)
        self.path = PitchPath(facts["usual_f0_hz"])
        self.gate = Gate(facts["frame_rate"])
        self.is_refined: bool = features.get("f0_refined", False)
        self.refined = RefinedPitch(N_AHEAD)
        self.resamples = self.rate != _TRACKER_RATE
        self.resampler = Resampler(self.rate, _TRACKER_RATE)
        of_pitch = N_AHEAD
        if self.resamples:
            of_pitch = of_pitch * self.rate // _TRACKER_RATE + self.resampler.reach + 2
        self.n_window: int = window - (0 if features["loudness"] == "rms" else window // 8)
        ahead = max(of_pitch, self.n_window - window // 2)
        self.n_late: int = -(-(ahead - 1) // self.hop_length)
        self.tracker_rate = _TRACKER_RATE
        self.window, self.frame_length, self.step = window, _FRAME_LENGTH, _STEP
        # What is waited for; zeros stand for the rest of a window and of a frame.
        self.n_ahead, self.n_there = N_AHEAD, _FRAME_LENGTH // 2 + N_AHEAD
        self.largest_glide = 100.0 / 1200.0
        # The sound since the oldest window that is still to be measured, and what CREPE hears.
        n_kept = (self.n_late + 2) * self.hop_length + window
        n_tracks = 8 + (self.n_late + 2) * self.hop_length * 100 // self.rate
        n_waiting = (self.n_late + 2) * self.hop_length * _TRACKER_RATE // self.rate
        n_heard = max(_FRAME_LENGTH + _STEP, n_waiting + self.refined.n_before)
        self.sizes = (n_kept, n_heard, n_tracks)
        for name in ("kept", "heard", "tracks"):
            self.register_buffer(name, torch.zeros(1))
        self.n_received, self.n_heard, self.n_tracked, self.n_read = 0, 0, 0, 0
        self.resize(1)

    def resize(self, n_rows: int) -> None:
        """Starts anew with so many rows."""
        n_kept, n_heard, n_tracks = self.sizes
        self.kept = torch.zeros(n_rows, n_kept)
        self.heard = torch.zeros(n_rows, n_heard)
        self.tracks = torch.zeros(n_rows, n_tracks, 2, dtype=torch.float64)
        self.tracks[..., 0] = self.path.usual_octaves
        self.n_received, self.n_heard, self.n_tracked, self.n_read = 0, 0, 0, 0
        self.path.resize(n_rows)
        self.gate.resize(n_rows)
        self.resampler.resize(n_rows)

    def forward(
        self, audio: Tensor, n_frames: int, semitones: float, loudness_db: float
    ) -> tuple[Tensor, Tensor]:
        """Hears a block and tells the frames that are due.

        Args:
            audio: `[batch, n_samples]`.
            n_frames: How many are due.
            semitones: Transposition.
            loudness_db: Change of loudness.

        Returns:
            `f0_hz` and loudness in dB, `[batch, n_frames]`.
        """
        # Far beyond full scale there is nothing to hear, but squares would be no numbers any more.
        audio = torch.nan_to_num(audio, 0.0, 0.0, 0.0).clamp(-100.0, 100.0)
        sound = torch.cat([self.kept, audio], dim=1)
        self.n_received += audio.size(1)
        heard = torch.cat([self.heard, self.resampler(audio) if self.resamples else audio], dim=1)
        tracks = self._track(heard)
        start = self.n_read * self.hop_length - self.window // 2
        start -= self.n_received - sound.size(1)
        self.kept.copy_(sound[:, sound.size(1) - self.kept.size(1) :])
        self.tracks.copy_(tracks[:, tracks.size(1) - self.tracks.size(1) :])
        if n_frames == 0:
            return audio[:, :0], audio[:, :0]
        windows = sound[:, start:].unfold(1, self.n_window, self.hop_length)[:, :n_frames]
        lacking = self.window - self.n_window
        level = self.loudness(nn.functional.pad(windows, [0, lacking]))
        octaves, confidence = self._read_tracks(tracks, n_frames)
        if self.is_refined:
            numbers = torch.arange(self.n_read, self.n_read + n_frames).double()
            at = numbers * self.hop_length * self.tracker_rate / self.rate
            first = self.n_heard - heard.size(1)
            f0_hz = self.refined(heard, first, torch.exp2(octaves), confidence, at)
            octaves = torch.log2(f0_hz)
        self.n_read += n_frames
        midi = 12.0 * octaves - 36.37631656229591 + semitones
        f0_hz = 440.0 * torch.exp2((midi.clamp(0.0, 110.0) - 69.0) / 12.0)
        gain = self.gate(confidence, level)
        played = (level + loudness_db - 60.0 * (1.0 - gain)).clamp(min=-80.0)
        return f0_hz.float(), played

    def _track(self, joined: Tensor) -> Tensor:
        """Gives the tracks of before with those of the frames that are complete now.

        Args:
            joined: `[batch, n_samples]`, what was kept and what came.
        """
        start = self.n_heard - self.heard.size(1)
        self.n_heard = start + joined.size(1)
        self.heard.copy_(joined[:, joined.size(1) - self.heard.size(1) :])
        # Frame c lies around sample 160 c.
        end = (self.n_heard - self.n_ahead) // self.step + 1
        n_new = end - self.n_tracked
        if n_new <= 0:
            return self.tracks
        first = self.n_tracked * self.step - self.frame_length // 2 - start
        self.n_tracked = end
        frames = joined[:, first:].unfold(1, self.n_there, self.step)[:, :n_new]
        frames = nn.functional.pad(frames, [0, self.frame_length - self.n_there])
        salience = self.crepe(frames.reshape(-1, self.frame_length))
        found = self.path(salience.reshape(joined.size(0), n_new, -1))
        return torch.cat([self.tracks, found], dim=1)

    def _read_tracks(self, tracks: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
        """Reads the track 10 ms before each frame, where both pitches around it are known.

        The confidence is that of the newest one, so that a gate opens early.
        """
        numbers = torch.arange(self.n_read, self.n_read + n_frames) * (self.hop_length * 100)
        here = torch.div(numbers, self.rate, rounding_mode="floor")
        weight = (numbers - here * self.rate).double() / self.rate
        places = here - (self.n_tracked - tracks.size(1))
        before, after = tracks[:, places - 1], tracks[:, places]
        change = after[..., 0] - before[..., 0]
        weights = torch.where(change.abs() <= self.largest_glide, weight, torch.ones_like(weight))
        return before[..., 0] + weights * change, after[..., 1]
