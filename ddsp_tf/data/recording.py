"""One recording, analysed: its audio, features and what was measured on it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ddsp_tf.data.segments import Segment
from ddsp_tf.features import Features

PCM_SCALE = 32767.0
"""Stored audio is 16-bit: sample = round(audio * 32767), exact to half a step."""


def to_pcm(audio: np.ndarray) -> np.ndarray:
    """Quantises float audio within [-1, 1] to int16."""
    return np.round(np.clip(audio, -1.0, 1.0) * PCM_SCALE).astype(np.int16)


def from_pcm(pcm: np.ndarray) -> np.ndarray:
    """Restores float32 audio from int16."""
    return pcm.astype(np.float32) / np.float32(PCM_SCALE)


def join_features(parts: list[Features]) -> Features:
    """Puts features end to end."""
    return Features(
        f0_hz=np.concatenate([part.f0_hz for part in parts]),
        f0_confidence=np.concatenate([part.f0_confidence for part in parts]),
        loudness_db=np.concatenate([part.loudness_db for part in parts]),
    )


@dataclass(frozen=True)
class Recording:
    """What preparation knows of one file.

    Attributes:
        pcm: int16 `[n_frames * hop_length]`, the mono audio, zero-padded to whole frames.
        features: One value a frame.
        segments: Where it sounds, in frames.
        measures: Plain numbers for the report; see `measure_recording`.
        source: Rate, channels, seconds, format and gain of the file it came from.
    """

    pcm: np.ndarray
    features: Features
    segments: list[Segment]
    measures: dict[str, float]
    source: dict[str, Any]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.features.f0_hz)
